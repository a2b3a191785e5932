"""``farflung headlines``: what is asked first, under every assumption set, and how sure the answers are."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.show import ABSENT, PLOT_HELP, Written, grid, progress_bar, put, put_json, short

if TYPE_CHECKING:
    from rich.console import RenderableType

    from farflung.analysis.headlines import Headlines

_ENDS = (0.05, 0.5, 0.95)


def headlines(
    *,
    draws: Annotated[int, typer.Option("--draws", help="Draws, rounded up to a power of 2.")] = 4096,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same result.")] = 0,
    how: Annotated[Written, typer.Option("--format", help="How to show it.")] = Written.table,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help=PLOT_HELP, show_default=False)
    ] = None,
) -> None:
    """Answer the questions that are asked first under every assumption set, with how sure each answer is.

    [bold]farflung headlines --plot headlines.svg[/bold]
    """
    from farflung.analysis.headlines import headlines as answer

    with progress_bar("Answering") as progress:
        found = answer(draws, seed, progress=progress)
    if plot is not None:
        from farflung.report.figures import headlines_figure, write_figure

        write_figure(headlines_figure(found), plot)
    if how is Written.json:
        put_json(found.as_table())
    elif how is Written.markdown:
        from farflung.report.headlines_page import headlines_page

        sys.stdout.write(headlines_page(found))
    else:
        put(*_page(found))


def _page(found: Headlines) -> Iterator[RenderableType]:
    from rich.text import Text

    from farflung.analysis.headlines import ASKED, SCENARIOS
    from farflung.outcome import OUTPUTS

    for name in SCENARIOS:
        yield Text(f"\n{name}", "bold")
        answers = grid("Answer", "Set", "Point", "5 %", "Median", "95 %", right=range(2, 6))
        for output in ASKED:
            for believed in found.sets:
                spread = found.results[name, believed].spread(output)
                ends = (spread.quantiles[share] for share in _ENDS)
                values = (short(value, spread.unit) for value in (spread.point, *ends))
                answers.add_row(OUTPUTS[output].symbol or output, believed, *values)
        yield answers
    yield Text("\nThe cheapest design, and what it needs in other draws", "bold")
    yield _cheapest(found)
    yield f"{found.draws:,} draws, seed {found.seed}; never: more of it does not help."


def _cheapest(found: Headlines) -> RenderableType:
    table = grid("Target", "Needs", "Set", "Found", "5 %", "Median", "95 %", right=range(3, 7))
    for one in found.cheapest:
        for need in one.needs:
            values = (need.point, *(need.quantiles[share] for share in _ENDS))
            told = (short(value, need.unit) if math.isfinite(value) else "never" for value in values)
            rows = (text.removesuffix(" day") for text in told)
            table.add_row(f"{one.target:g}", need.name, one.assumptions, *rows)
        if one.found is None:
            table.add_row(f"{one.target:g}", ABSENT, one.assumptions, *(ABSENT,) * 4)
    return table
