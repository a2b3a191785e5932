"""``farflung run``: what a scenario achieves: compute, cost, time, efficiency."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.asked import AssumptionsName, Changes, ScenarioName, asked, command_line
from farflung.cli.show import put_csv, put_json

if TYPE_CHECKING:
    from farflung.outcome import Outcome


class Shown(StrEnum):
    """How an outcome is shown."""

    table = "table"
    json = "json"
    csv = "csv"
    svg = "svg"


def run(
    scenario: ScenarioName,
    *,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    how: Annotated[Shown, typer.Option("--format", help="How to show it.")] = Shown.table,
) -> None:
    """Show what a scenario achieves: compute, cost, time, efficiency, traffic.

    A run that cannot take place as described is an answer too: it names what stands in the way and the
    nearest scenario that is feasible.

    [bold]farflung run paper-headline --set nodes.count=72 --set 'network.upload=10 Mbps'[/bold]
    """
    from farflung.outcome import evaluate

    more = () if how is Shown.table else ("--format", how.value)
    command = command_line("run", scenario, changes, assumptions, *more)
    outcome = evaluate(asked(scenario, changes, assumptions), command=command)
    if how is Shown.json:
        put_json(outcome.model_dump(mode="json"))
    elif how is Shown.csv:
        _put_rows(outcome)
    else:
        from farflung.cli.run_page import put_page, put_picture

        (put_picture if how is Shown.svg else put_page)(outcome)


def _put_rows(outcome: Outcome) -> None:
    """Write one row for the run's state and each output."""
    from farflung.outcome import OUTPUTS

    state = [
        ("mode", outcome.mode, ""),
        ("feasible", str(outcome.feasible).lower(), ""),
        ("binding_constraint", outcome.binding_constraint, ""),
        ("bottleneck", outcome.bottleneck, ""),
    ]
    values = outcome.values()
    outputs = [(name, values[name], output.unit) for name, output in OUTPUTS.items()]
    put_csv(("name", "value", "unit"), [*state, *outputs])
