"""``farflung reproduce``: every published claim, rerun and judged."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.cli.show import Written, grid, progress_bar, put, put_json, quantity

if TYPE_CHECKING:
    from rich.console import RenderableType

    from farflung.evidence.ledger import Claim, Ledger

_FAILED = 1
_DIFFERS = "differs"


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
        judged = ledger.judge(document, progress=progress)
    if how is Written.json:
        drifted = [claim.id for claim in judged.drifted]
        put_json({"counts": judged.counts, "documents": judged.documents, "drifted": drifted})
    elif how is Written.markdown:
        from farflung.report import ledger_page

        sys.stdout.write(ledger_page(judged))
    else:
        _put_ledger(judged)
    if judged.drifted:
        raise typer.Exit(_FAILED)


def _put_ledger(judged: Ledger) -> None:
    statuses = list(judged.counts)
    table = grid("Document", *statuses, right=range(1, len(statuses) + 1))
    for document, counts in judged.documents.items():
        table.add_row(document, *(str(counts.get(status, 0)) for status in statuses))
    table.add_section()
    table.add_row("all", *(str(judged.counts[status]) for status in statuses))
    put(table)
    _put_claims("Differs", [claim for claim in judged.claims if claim.status == _DIFFERS])
    _put_claims("Drifted from the record", judged.drifted)
    if not judged.drifted:
        put("No claim has drifted from the status on record.")


def _put_claims(title: str, claims: Sequence[Claim]) -> None:
    from rich.text import Text

    if claims:
        put(Text(f"{title}: {len(claims)}\n", style="bold"), *(_told(claim) for claim in claims))


def _told(claim: Claim) -> RenderableType:
    """Return what is published, what comes out, and why they differ."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    drift = f" (on record: {claim.recorded_status})" if claim.status != claim.recorded_status else ""
    place = Text.assemble((claim.id, "cyan"), (f"  {claim.document}, {claim.place}{drift}", "dim"))
    published = f"{claim.published} {claim.unit}".rstrip()
    values = Text.assemble("published ", (published, "yellow"), ", ours ", (_number(claim.ours), "green"))
    said = [Text(claim.claim), values, *([Text(claim.reason)] if claim.reason else [])]
    return Group(place, Padding(Group(*said), (0, 0, 1, 2)))


def _number(ours: Any) -> str:
    if isinstance(ours, tuple | list):
        return " to ".join(_number(one) for one in ours)
    return quantity(ours, "1")


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
