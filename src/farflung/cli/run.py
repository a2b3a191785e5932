"""``farflung run``: what a scenario achieves: compute, cost, time, efficiency."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.cli.answer import Answer, answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions
from farflung.cli.terminal import render
from farflung.outcome import evaluate
from farflung.outcome.page import full_page


@answers(plot=True)
def run(
    scenario: ScenarioName,
    *,
    changes: ScenarioOptions,
    full: Annotated[
        bool, typer.Option("--full", help="Show every output, what is taken by default, and the sources.")
    ] = False,
) -> Answer:
    """Show what a scenario achieves: compute, cost, time, efficiency, and the rules its nodes break.

    A run that cannot take place as described is an answer too: it names what stands in the way and the
    nearest scenario that is feasible.

    [bold]farflung run headline --set nodes.count=72 --links '10 Mbps'[/bold]
    """
    outcome = evaluate(changes.load(scenario))
    if full:
        return Answer(result=outcome, renderables=lambda: render(full_page(outcome)))
    return Answer(result=outcome, renderables=lambda: [*render(outcome.page()), _more(scenario)])


def _more(scenario: str) -> str:
    return f"\nMore: --full, or farflung explain {scenario} OUTPUT"
