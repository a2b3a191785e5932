"""``farflung reproduce``: every published claim, rerun and judged."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.show import Written, grid, progress_bar, put, put_json

if TYPE_CHECKING:
    from farflung.evidence.ledger import Ledger

_FAILED = 1


def reproduce(
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
    how: Annotated[Written, typer.Option("--format", help="How to show it.")] = Written.table,
) -> None:
    """Rerun every published claim and say which are reproduced; exit with 1 if one drifted.

    A claim has drifted when it no longer has the status on record.
    """
    if file is not None:
        _check_vectors(file, how)
        return
    from farflung.evidence import ledger

    with progress_bar("Rerunning claims") as progress:
        judged = ledger.reproduce(document, progress=progress)
    if how is Written.json:
        put_json(judged.to_dict())
    elif how is Written.markdown:
        from farflung.report import ledger_page

        sys.stdout.write(ledger_page(judged))
    else:
        _put_ledger(judged)
    if judged.drifted:
        raise typer.Exit(_FAILED)


def _put_ledger(judged: Ledger) -> None:
    from rich.text import Text

    page = judged.page()
    put(Text(page.title, style="bold"), *page.lines)
    for table in page.tables:
        # The last columns of claims are words: what is claimed, and why it differs.
        shown = grid(*table.headers, right=table.numeric, shares={} if table.numeric else {1: 1, 4: 2})
        for row in table.rows:
            shown.add_row(*row)
        put(Text(table.title, style="bold"), shown)


def _check_vectors(file: Path, how: Written) -> None:
    from farflung.evidence import vectors

    report = vectors.check(file)
    if how is Written.json:
        put_json(
            {
                "cases": report.cases,
                "largest_relative_error": report.largest_relative_error,
                "worst": asdict(report.worst) if report.worst else None,
                "passed": report.passed,
            }
        )
    else:
        verdict = "agree" if report.passed else "DO NOT agree"
        worst = report.worst
        where = f", in {worst.field} of case {worst.case}" if worst else ""
        put(
            f"{report.cases} cases {verdict} to 1e-9: the largest relative error is "
            f"{report.largest_relative_error:.3g}{where}"
        )
    if not report.passed:
        raise typer.Exit(_FAILED)
