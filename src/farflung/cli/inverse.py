"""``farflung inverse``: the search turned round: most compute, fewest nodes, least bandwidth, a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli import search_options as ask
from farflung.cli.asked import AssumptionsName, Changes, ScenarioName, changed
from farflung.cli.show import Told, put, put_json

if TYPE_CHECKING:
    from farflung.base.results import Result

inverse = typer.Typer(no_args_is_help=True, help="The search turned round: most compute, least bandwidth, …")
How = Annotated[Told, typer.Option("--format", help="How to show it.")]


@inverse.command()
@ask.with_options
def compute(
    budget: Annotated[str, typer.Argument(help="Greatest capital cost, as '50e6 USD'.")],
    *,
    searched: ask.Asked,
    designs: ask.Designs,
    how: How = Told.table,
) -> None:
    """Find the most compute that a budget buys below a rule."""
    from farflung.analysis.search import most_compute

    with ask.naming_options():
        result = most_compute(budget, **searched.options(), **designs.options())
    _show(result, how)


@inverse.command()
def nodes(
    scenario: ScenarioName,
    *,
    target: ask.Target = 1e25,
    output: Annotated[
        str, typer.Option("--output", help="Output that is to reach it.")
    ] = "quality_adjusted_flop",
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    how: How = Told.table,
) -> None:
    """Find the fewest nodes with which an output of a scenario reaches a target."""
    from farflung.analysis.search import nodes_for_target

    _show(nodes_for_target(scenario, output, target, **changed(changes, assumptions)), how)


@inverse.command()
def bandwidth(
    scenario: ScenarioName,
    *,
    utilisation: Annotated[
        float, typer.Option("--utilisation", help="Share of the compute to be used.")
    ] = 0.9,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    how: How = Told.table,
) -> None:
    """Find the least bandwidth that gives a utilisation, at a fixed number of inner steps."""
    from farflung.analysis.search import least_bandwidth

    _show(least_bandwidth(scenario, utilisation, **changed(changes, assumptions)), how)


@inverse.command()
@ask.with_options
def threshold(
    *,
    target: ask.Target = 1e25,
    searched: ask.Asked,
    budget: ask.Budget = None,
    designs: ask.Designs,
    how: How = Told.table,
) -> None:
    """Find the compute limit of a node that pushes a target past a duration, within a budget or node cap."""
    from farflung.analysis.search import threshold_for_duration

    with ask.naming_options():
        options = {**searched.options(), **designs.options(), "budget": budget}
        result = threshold_for_duration(target, **options)
    _show(result, how)


def _show(result: Result, how: Told) -> None:
    if how is Told.json:
        put_json(result.to_dict())
    else:
        put(str(result))
