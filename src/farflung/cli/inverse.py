"""``farflung inverse``: the search turned round: most compute, fewest nodes, least bandwidth, a threshold."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.analysis import search
from farflung.cli.answer import answers
from farflung.cli.command import command_group
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions
from farflung.cli.search_options import Asked, Budget, Limits, Range, Target


@answers(plot=True)
def compute(
    budget: Annotated[str, typer.Argument(help="Greatest capital cost, as '$30M'.")],
    *,
    question: Asked,
    ranged: Range,
    limits: Limits,
) -> search.MostCompute:
    """Find the most compute that a budget buys below a rule."""
    return search.most_compute(budget, **ranged.options(), **question, **limits)


@answers
def nodes(
    scenario: ScenarioName,
    *,
    target: Annotated[float, typer.Option("--target", help="Least value of the output.")] = 1e25,
    output: Annotated[
        str, typer.Option("--output", help="Output that is to reach it.")
    ] = "quality_adjusted_flop",
    changes: ScenarioOptions,
) -> search.NodesForTarget:
    """Find the fewest nodes with which an output of a scenario reaches a target."""
    return search.nodes_for_target(scenario, output, target, **changes.by_path())


@answers
def bandwidth(
    scenario: ScenarioName,
    *,
    utilisation: Annotated[
        float, typer.Option("--utilisation", help="Share of the compute to be used.")
    ] = 0.9,
    changes: ScenarioOptions,
) -> search.LeastBandwidth:
    """Find the least bandwidth that gives a utilisation, at a fixed number of inner steps."""
    return search.least_bandwidth(scenario, utilisation, **changes.by_path())


@answers
def threshold(
    *, target: Target = "1e25", budget: Budget, question: Asked, ranged: Range, limits: Limits
) -> search.Threshold:
    """Find the compute limit of a node that pushes a target past a duration, within a budget or node cap."""
    return search.threshold_for_duration(target, **ranged.options(), **question, **limits, **budget)


inverse = command_group(
    "The search turned round: most compute, fewest nodes, least bandwidth, a threshold.",
    {"compute": compute, "nodes": nodes, "bandwidth": bandwidth, "threshold": threshold},
)
