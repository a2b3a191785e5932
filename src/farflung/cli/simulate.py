"""``farflung simulate``: a scenario event by event, with failures, stragglers and churn."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer

from farflung.base.format import format_quantity
from farflung.cli.answer import Answer, answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions, load_scenario
from farflung.cli.simulate_options import FaultModelFile, Files, Levers, load_levers
from farflung.cli.terminal import progress_bar, render
from farflung.outcome import evaluate
from farflung.outcome.events import simulate as simulated
from farflung.outcome.events import timeline
from farflung.outcome.events.simulate import MOST_RUNS
from farflung.outcome.events.simulation import RUNS
from farflung.scenario import Scenario
from farflung.scenario.fault_model import FaultModel

_FAULT_MODEL = "fault_model."
_FEW_RUNS = 8
_MANY_ROUNDS = 20_000
"""Rounds of a run beyond which few runs are made unless their number is given."""
_TRIED_ROUNDS = (50, 550)
"""Rounds that are timed before a long simulation."""
_PATIENCE_S = 10.0
"""What takes longer is announced."""


@answers(plot=True)
def simulate(
    scenario: ScenarioName,
    *,
    runs: Annotated[
        int | None,
        typer.Option(
            "--runs",
            help=f"Seeded runs; {RUNS} unless given, {_FEW_RUNS} of more than {_MANY_ROUNDS:,} rounds.",
            show_default=False,
        ),
    ] = None,
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
    rounds = evaluate(plan).outer_rounds or 0.0
    runs = runs if runs is not None else _FEW_RUNS if rounds > _MANY_ROUNDS else RUNS
    _announce(plan, fault_model, runs, rounds)
    first_run = timeline(plan, fault_model, synchronisations=files.rounds)
    with progress_bar("Simulating, %") as bar:
        result = simulated(
            plan,
            fault_model,
            runs=runs,
            seed=seed,
            progress=None if bar is None else in_percent(bar),
            watch=first_run,
        )

    def figure() -> object:
        from farflung.report.figures import gantt_figure

        return gantt_figure(result, first_run)

    written = files.write(first_run)
    return Answer(result=result, renderables=lambda: [*render(result.page()), *written], figure=figure)


def _announce(plan: Scenario, fault_model: FaultModel, runs: int, rounds: float) -> None:
    """Say on stderr how long a long simulation will take, and what would be quicker.

    A short and a longer beginning are simulated to know: their difference is free of what every run costs.
    """
    short, longer = _TRIED_ROUNDS
    if rounds <= 2 * longer or not 1 <= runs <= MOST_RUNS:
        return
    tried = min(runs, _FEW_RUNS)
    first, second = (_timed(plan, fault_model, tried, part / rounds) for part in _TRIED_ROUNDS)
    expected = max(second - first, 0.0) / (longer - short) * rounds * runs / tried
    if expected > _PATIENCE_S:
        quicker = f"--runs {max(1, runs // 4)}" if runs > 1 else "a shorter --set duration=… or fewer nodes"
        sys.stderr.write(
            f"{runs} {'run' if runs == 1 else 'runs'} of {rounds:,.0f} rounds: about "
            f"{format_quantity(expected, 's')} here; quicker: {quicker}\n"
        )


def _timed(plan: Scenario, fault_model: FaultModel, runs: int, share: float) -> float:
    """Return how long the first part of some runs takes [s]."""
    duration = (evaluate(plan).duration_s or 0.0) * share
    beginning = plan.with_({"duration": f"{duration!r} s"}).model_copy(update={"tokens": None})
    started = time.perf_counter()
    simulated(beginning, fault_model, runs=runs)
    return time.perf_counter() - started


def in_percent(bar: Callable[[int, int], None]) -> Callable[[float], None]:
    """Return what tells a bar of every percent that is done, and no more often."""
    drawn = -1

    def report(share: float) -> None:
        nonlocal drawn
        if int(100 * share) != drawn:
            drawn = int(100 * share)
            bar(drawn, 100)

    return report
