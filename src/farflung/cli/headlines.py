"""``farflung headlines``: what is asked first, under every assumption set, and how sure the answers are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.show import PLOT_HELP, Written, grid, progress_bar, put, put_json

if TYPE_CHECKING:
    from farflung.base.pages import Page


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
        put_json(found.to_dict())
    elif how is Written.markdown:
        from farflung.report.headlines_page import headlines_page

        sys.stdout.write(headlines_page(found))
    else:
        _put(found.page())


def _put(page: Page) -> None:
    from rich.text import Text

    put(Text(page.title, "bold"))
    for table in page.tables:
        shown = grid(*table.headers, right=table.numeric)
        for row in table.rows:
            shown.add_row(*row)
        put(Text(table.title, "bold"), shown)
    put(*page.notes)
