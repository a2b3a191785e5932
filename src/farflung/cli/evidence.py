"""``farflung evidence``: what every factor of the learning model rests on."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.cli.answer import Answer, answers
from farflung.evidence.review import review
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
    return Answer(result=result, document=lambda: evidence_page(result))
