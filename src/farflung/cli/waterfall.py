"""``farflung waterfall``: why two scenarios differ, term by term."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from farflung.analysis.waterfall import Waterfall
from farflung.analysis.waterfall import waterfall as taken_apart
from farflung.analysis.waterfall_result import OUTPUT
from farflung.cli.answer import answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions


class By(StrEnum):
    """What a difference is taken apart into."""

    factor = "factor"
    input = "input"


@answers(plot=True)
def waterfall(
    first: ScenarioName,
    second: ScenarioName,
    *,
    output: Annotated[str, typer.Option("--output", help="Output whose difference is looked at.")] = OUTPUT,
    by: Annotated[
        By, typer.Option("--by", help="What the output is made of, or what the scenarios say differently.")
    ] = By.factor,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the orders, where many inputs differ.")] = 0,
    changes: ScenarioOptions,
) -> Waterfall:
    """Show why two scenarios differ: the difference of an output, term by term, adding up to all of it.

    Changes apply to both scenarios.

    [bold]farflung waterfall headline paper-headline --by input[/bold]
    """
    return taken_apart(first, second, output, by=by.value, seed=seed, **changes.by_path())
