"""``farflung simulate``: a scenario event by event, with failures, stragglers and churn."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.answer import Answer, answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions, load_scenario
from farflung.cli.simulate_options import FaultModelFile, Files, Levers, load_levers
from farflung.cli.terminal import progress_bar, render
from farflung.outcome.events import estimate, timeline
from farflung.outcome.events import simulate as simulated
from farflung.outcome.events.simulation import DEFAULT_RUNS

if TYPE_CHECKING:
    import plotly.graph_objects as go

_FAULT_MODEL = "fault_model."
_PATIENCE_S = 2.0
"""What takes longer is announced."""


@answers(plot=True)
def simulate(
    scenario: ScenarioName,
    *,
    runs: Annotated[int, typer.Option("--runs", help="Seeded runs.")] = DEFAULT_RUNS,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same runs.")] = 0,
    levers: Levers,
    file: FaultModelFile = None,
    changes: ScenarioOptions,
    files: Files,
) -> Answer:
    """Run a scenario event by event, many times: what failures, stragglers and slow links leave of the plan.

    How nodes and links behave comes from the assumption set, unless the fault model says so
    ([bold]--set 'fault_model.repair_time=1 day'[/bold]). A run that cannot continue is an answer too: it says
    why.

    [bold]farflung simulate governance-72-nodes --policy quorum:0.9 --late merge[/bold]
    """
    files.check()
    every = changes.by_path()
    conditions = {
        key.partition(".")[2]: every.pop(key) for key in list(every) if key.startswith(_FAULT_MODEL)
    }
    plan, fault_model = load_scenario(scenario, every), load_levers(file, {**levers, **conditions})
    expected = estimate(plan, fault_model, runs=runs)
    if expected.seconds > _PATIENCE_S:
        sys.stderr.write(f"{expected}\n")
    first_run = timeline(plan, fault_model, synchronisations=files.rounds) if expected.rounds else None
    with progress_bar("Simulating, %") as bar:
        result = simulated(
            plan,
            fault_model,
            runs=runs,
            seed=seed,
            progress=None if bar is None else in_percent(bar),
            watch=first_run,
        )
    written = files.write(first_run)

    def figure() -> go.Figure:
        from farflung.report.figures import gantt_figure

        return gantt_figure(result, first_run)

    return Answer(result=result, renderables=lambda: [*render(result.page()), *written], figure=figure)


def in_percent(bar: Callable[[int, int], None]) -> Callable[[float], None]:
    """Return what tells a bar of every percent that is done, and no more often."""
    drawn = -1

    def report(share: float) -> None:
        nonlocal drawn
        if int(100 * share) != drawn:
            drawn = int(100 * share)
            bar(drawn, 100)

    return report
