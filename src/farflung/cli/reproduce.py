"""``farflung reproduce``: every published claim, rerun and judged."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from farflung.base.format import format_digits
from farflung.cli.answer import Answer, answers
from farflung.cli.listing import Statement
from farflung.cli.terminal import progress_bar
from farflung.evidence import ledger, vectors
from farflung.report import ledger_page


@answers
def reproduce(
    *,
    document: Annotated[
        str | None,
        typer.Option("--document", metavar="NAME", help="Only this document's claims.", show_default=False),
    ] = None,
    file: Annotated[
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
    if file is not None:
        return _vectors(file)
    with progress_bar("Rerunning claims") as progress:
        claims = ledger.reproduce(document, progress=progress)
    return Answer(result=claims, document=lambda: ledger_page(claims), failed=bool(claims.drifted))


def _vectors(file: Path) -> Answer:
    """Return how far answers are from those of a file."""
    report = vectors.check(file)
    worst = report.worst
    where = f", in {worst.field} of case {worst.case}" if worst else ""
    statement = Statement(
        f"{report.cases} cases {'agree' if report.passed else 'DO NOT agree'} to {vectors.TOLERANCE:g}: the "
        f"largest relative error is {format_digits(report.largest_relative_error)}{where}",
        {
            "cases": report.cases,
            "largest_relative_error": report.largest_relative_error,
            "worst": asdict(worst) if worst else None,
            "passed": report.passed,
        },
    )
    return Answer(result=statement, failed=not report.passed)
