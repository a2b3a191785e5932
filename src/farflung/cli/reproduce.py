"""``farflung reproduce``: every published claim, computed anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farflung.cli.answer import Answer, answers
from farflung.cli.terminal import progress_bar
from farflung.evidence import ledger
from farflung.evidence import vectors as reference
from farflung.report import ledger_page


@answers(plot=True)
def reproduce(
    *,
    document: Annotated[
        str | None,
        typer.Option("--document", metavar="NAME", help="Only this document's claims.", show_default=False),
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(
            "--vectors",
            metavar="FILE",
            help="Check a file of reference inputs and outputs instead of the claims.",
            show_default=False,
        ),
    ] = None,
) -> Answer:
    """Rerun every published claim and say which are reproduced; exit with 1 if one drifted.

    A claim has drifted when it no longer has the status on record.
    """
    if vectors is not None:
        report = reference.check(vectors)
        return Answer(result=report, failed=not report.passed)
    with progress_bar("Rerunning claims") as progress:
        result = ledger.reproduce(document, progress=progress)
    return Answer(result=result, document=lambda: ledger_page(result), failed=bool(result.drifted))
