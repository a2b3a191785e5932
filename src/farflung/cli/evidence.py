"""``farflung evidence``: what every factor of the learning model rests on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.show import ABSENT, PLOT_HELP, Written, grid, put, put_json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from farflung.evidence.factors import Factor
    from farflung.evidence.review import EvidenceReview


def evidence(
    *,
    draws: Annotated[
        int, typer.Option("--draws", min=10, max=5000, help="Refits for every size that is left out.")
    ] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same result.")] = 0,
    how: Annotated[Written, typer.Option("--format", help="How to show it.")] = Written.table,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help=PLOT_HELP, show_default=False)
    ] = None,
) -> None:
    """Show what every factor of the learning model rests on, how sure it is, and what would change it.

    [bold]farflung evidence --plot evidence.svg[/bold]
    """
    from farflung.evidence.review import review

    found = review(draws=draws, seed=seed)
    if plot is not None:
        from farflung.report.figures import held_out_figure, write_figure

        write_figure(held_out_figure(found), plot)
    if how is Written.json:
        put_json(found.to_dict())
    elif how is Written.markdown:
        from farflung.report.evidence_page import evidence_page

        sys.stdout.write(evidence_page(found))
    else:
        put(*_page(found))


def _page(found: EvidenceReview) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"\nWhat every factor of {found.assumptions} rests on", "bold")
    overview = grid(
        "Factor", "Measured", "Uncertain", "Evidence", "Held-out error [0.001 nats]", right=(1, 2)
    )
    for factor in found.factors:
        evidence_levels = ", ".join(factor.evidence_levels) or ABSENT
        errors = ", ".join(f"{1000 * error:.1f} {name}" for name, error in found.errors(factor).items())
        overview.add_row(
            factor.title, str(factor.measurements), str(factor.uncertain), evidence_levels, errors or ABSENT
        )
    yield overview
    for factor in found.factors:
        yield _change(factor)
    yield "\n--format markdown gives formulas, measurements, coefficients and limits."


def _change(factor: Factor) -> RenderableType:
    from rich.text import Text

    return Text.assemble((f"{factor.title}, what would change our mind: ", "cyan"), factor.change or ABSENT)
