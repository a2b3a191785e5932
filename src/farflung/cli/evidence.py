"""``farflung evidence``: what every factor of the learning model rests on."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.base.format import ABSENT
from farflung.base.pages import Table
from farflung.cli.answer import Answer, answers
from farflung.cli.listing import Statement
from farflung.evidence.factors import Factor
from farflung.evidence.review import EvidenceReview, review
from farflung.report.evidence_page import evidence_page


@answers(plot=True)
def evidence(
    *,
    draws: Annotated[
        int, typer.Option("--draws", min=10, max=5000, help="Refits for every size that is left out.")
    ] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same result.")] = 0,
) -> Answer:
    """Show what every factor of the learning model rests on, how sure it is, and what would change it.

    [bold]farflung evidence --plot evidence.svg[/bold]
    """
    result = review(draws=draws, seed=seed)

    def figure() -> object:
        from farflung.report.figures import figure_of

        return figure_of(result)

    return Answer(result=_statement(result), document=lambda: evidence_page(result), figure=figure)


def _statement(result: EvidenceReview) -> Statement:
    rows = tuple(_row(result, factor) for factor in result.factors)
    changes = (
        f"{factor.title}, what would change our mind: {factor.change or ABSENT}" for factor in result.factors
    )
    headers = ("Factor", "Measured", "Uncertain", "Evidence", "Held-out error [0.001 nats]")
    return Statement(
        f"What every factor of {result.assumptions} rests on",
        result.to_dict(),
        tables=(Table(headers, rows, frozenset({1, 2})),),
        notes=(*changes, "--format markdown gives formulas, measurements, coefficients and limits"),
        rows=tuple(dict(zip(_COLUMNS, row, strict=True)) for row in rows),
    )


_COLUMNS = ("factor", "measured", "uncertain", "evidence", "held_out_error")


def _row(result: EvidenceReview, factor: Factor) -> tuple[str, ...]:
    errors = (f"{1000 * error:.1f} {name}" for name, error in result.errors(factor).items())
    return (
        factor.title,
        str(factor.measurements),
        str(factor.uncertain),
        ", ".join(factor.evidence_levels) or ABSENT,
        ", ".join(errors) or ABSENT,
    )
