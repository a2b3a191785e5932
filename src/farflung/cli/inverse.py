"""``farflung inverse``: the search turned round: most compute, fewest nodes, least bandwidth, a threshold."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.cli import search_options as ask
from farflung.cli.asked import AssumptionsName, Changes, ScenarioName, asked
from farflung.cli.show import Told, put, put_json, quantity

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
    from farflung.cli.run_page import put_page

    money = ask.amount("BUDGET", budget, "USD", shown="50e6 USD")
    found = most_compute(searched.question(), money, designs.constraints(), designs.grid())
    if how is Told.json:
        put_json(found.as_table())
    else:
        put_page(found.outcome)


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

    count = nodes_for_target(asked(scenario, changes, assumptions), output, target)
    if how is Told.json:
        put_json({"nodes": count, "output": output, "target": target})
    else:
        fewer = "" if count == 1 else f": with fewer, {output} stays below {target:.4g}"
        put(f"{count:,} {'node' if count == 1 else 'nodes'}{fewer}")


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

    rate = least_bandwidth(asked(scenario, changes, assumptions), utilisation)
    if how is Told.json:
        put_json({"bandwidth_bps": rate, "utilisation": utilisation})
    else:
        put(f"{quantity(rate, 'bit/s')} up and down give a utilisation of {utilisation:g}")


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
    from rich.text import Text

    from farflung.analysis.search import threshold_for_duration

    question, limits = searched.question(target), designs.constraints(budget)
    found = threshold_for_duration(question, limits, designs.grid())
    if how is Told.json:
        put_json(
            {
                "h100_equivalents": found.h100_equivalents,
                "reachable_at_rule": found.at_rule.best is not None,
                "why_not": found.at_threshold.why_not if found.at_threshold else found.at_rule.why_not,
            }
        )
    elif found.at_rule.best is None:
        put(Text(f"The rule's own limit already does: {found.at_rule.why_not}"))
    elif found.h100_equivalents is None:
        put("No whole limit does: nodes of one H100-equivalent still reach the target.")
    else:
        limit = found.h100_equivalents
        put(f"A limit of {limit} H100-equivalents a node puts the target out of reach; {limit + 1} do not.")
