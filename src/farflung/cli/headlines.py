"""``farflung headlines``: what is asked first, under every assumption set, and how sure the answers are."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.analysis import headlines as analysis
from farflung.cli.answer import Answer, answers
from farflung.cli.terminal import progress_bar
from farflung.report.headlines_page import headlines_page


@answers(plot=True)
def headlines(
    *,
    draws: Annotated[
        int, typer.Option("--draws", help="Draws, rounded up to a power of 2.")
    ] = analysis.DRAWS,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same result.")] = 0,
) -> Answer:
    """Answer the questions that are asked first under every assumption set, with how sure each answer is.

    [bold]farflung headlines --plot headlines.svg[/bold]
    """
    with progress_bar("Answering") as progress:
        result = analysis.headlines(draws, seed, progress=progress)
    return Answer(result=result, document=lambda: headlines_page(result))
