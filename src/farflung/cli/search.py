"""``farflung search``: the cheapest design that reaches a target under a rule."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from farflung.analysis.search import SearchResult
from farflung.analysis.search import search as cheapest
from farflung.cli.answer import answers
from farflung.cli.search_options import Asked, Budget, Limits, NodeLimit, Range, Target
from farflung.cli.terminal import progress_bar


@answers(plot=True)
def search(
    *,
    target: Target = "1e25",
    budget: Budget,
    question: Asked,
    node_limit: NodeLimit,
    ranged: Range,
    limits: Limits,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save", metavar="FILE", help="Write the best design as a scenario.", show_default=False
        ),
    ] = None,
) -> SearchResult:
    """Find the cheapest design that reaches a target below a rule, and what else comes near.

    Every design of a declared grid is evaluated: chip, chips of a node, number format, protocol, group size,
    pipeline stages, model size, inner steps, compression, nodes.

    [bold]farflung search --target 1e25 --rule miri-2025 --links 100Mbps --budget 50M[/bold]
    """
    with progress_bar("Searching") as progress:
        options = {**ranged.options(), **question, **node_limit, **limits, **budget}
        result = cheapest(target, progress=progress, **options)
    if save is not None:
        _save(result, save)
    return result


def _save(result: SearchResult, file: Path) -> None:
    if result.best is None:
        sys.stderr.write(f"nothing was found, and {file} is not written\n")
    else:
        file.write_text(result.best.outcome.scenario.to_toml(), encoding="utf-8")
