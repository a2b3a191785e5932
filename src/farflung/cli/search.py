"""``farflung search``: the cheapest design that reaches a target under a rule."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli import search_options as ask
from farflung.cli.show import WIDTH, Told, console, progress_bar, put, put_json

if TYPE_CHECKING:
    from farflung.analysis.search import SearchResult


@ask.with_options
def search(
    *,
    target: ask.Target = 1e25,
    asked: ask.Asked,
    budget: ask.Budget = None,
    designs: ask.Designs,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save", metavar="FILE", help="Write the best design as a scenario.", show_default=False
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw the Pareto front (.html, .png, .svg).", show_default=False
        ),
    ] = None,
    how: Annotated[Told, typer.Option("--format", help="How to show it.")] = Told.table,
) -> None:
    """Find the cheapest design that reaches a target below a rule, and what else comes near.

    Every design of a declared grid is evaluated: chip, chips of a node, number format, protocol, group size,
    pipeline stages, model size, inner steps, compression, nodes.

    [bold]farflung search --target 1e25 --metric quality --rule miri-2025 --links 100Mbps[/bold]
    """
    from farflung.analysis.search import search as answer

    with progress_bar("Searching") as progress, ask.naming_options():
        options = {**asked.options(), **designs.options(), "budget": budget}
        result = answer(target, progress=progress, **options)
    if save is not None:
        _save(result, save)
    if plot is not None:
        from farflung.report.figures import pareto_figure, write_figure

        write_figure(pareto_figure(result), plot)
    if how is Told.json:
        put_json(result.to_dict())
    else:
        put_search(result)


def _save(result: SearchResult, file: Path) -> None:

    if result.best is None:
        sys.stderr.write(f"nothing was found, and {file} is not written\n")
    else:
        file.write_text(result.best.outcome.scenario.to_toml(), encoding="utf-8")


def put_search(result: SearchResult) -> None:
    """Print the page of a search."""
    from rich.text import Text

    put(Text(f"\n{result.page().to_text(min(WIDTH, console().width))}"))
