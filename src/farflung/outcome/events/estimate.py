"""How long a simulation will take, and what would be quicker, before any of it is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from farflung.base.format import format_quantity
from farflung.outcome.events.from_scenario import failure_model_of, run_spec_of
from farflung.outcome.events.simulate import check_runs, takes_place
from farflung.outcome.events.simulation import DEFAULT_RUNS
from farflung.outcome.run import ScenarioLike, changed_scenario, prepare
from farflung.scenario.fault_model import FaultModel

NODE_ROUNDS_PER_SECOND = 4e6
"""Nodes times synchronisations that one core simulates in a second under the slower policies: rounded from
short runs on a busy machine of two cores, so that quiet ones take less."""
SECONDS_PER_ROUND = 1e-4
"""Time of a synchronisation beside that of its nodes, from the same runs [s]."""
SECONDS_PER_STOP = 2e-5
"""Time to follow one failure or withdrawal [s]."""
_FEW_RUNS = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a simulation will take.

    Attributes
    ----------
    runs
        Seeded runs.
    rounds
        Synchronisations of each, as planned.
    nodes
        Nodes that synchronise or belong to what does.
    stops
        Expected failures and withdrawals of all runs.
    """

    runs: int
    rounds: float
    nodes: int
    stops: float

    @property
    def seconds(self) -> float:
        """Return the expected time on one core, at the rates measured once [s]."""
        of_nodes = self.runs * self.rounds * self.nodes / NODE_ROUNDS_PER_SECOND
        return self.rounds * SECONDS_PER_ROUND + of_nodes + self.stops * SECONDS_PER_STOP

    @property
    def quicker(self) -> tuple[str, ...]:
        """Return what would be quicker, with the time that it would take."""
        return tuple(self._quicker())

    def __str__(self) -> str:
        runs = f"{self.runs:,} {'run' if self.runs == 1 else 'runs'} of {self.rounds:,.0f} synchronisations"
        return f"{runs}: about {format_quantity(self.seconds, 's')}; quicker: {', '.join(self.quicker)}"

    def _quicker(self) -> Iterator[str]:
        if self.runs > _FEW_RUNS:
            few = Estimate(_FEW_RUNS, self.rounds, self.nodes, self.stops * _FEW_RUNS / self.runs)
            yield f"{_FEW_RUNS} runs ({format_quantity(few.seconds, 's')})"
        tenth = format_quantity(self.seconds / 10.0, "s")
        yield f"a tenth of the duration ({tenth})"
        fewer = Estimate(self.runs, self.rounds / 10.0, self.nodes, self.stops)
        yield f"ten times the inner steps ({format_quantity(fewer.seconds, 's')})"


def estimate(
    scenario: ScenarioLike,
    fault_model: FaultModel | None = None,
    *,
    runs: int = DEFAULT_RUNS,
    assumptions: str | None = None,
    links: str | None = None,
    **changes: Any,
) -> Estimate:
    """Return how long :func:`farflung.simulate` will take with the same arguments.

    Parameters
    ----------
    scenario, fault_model, runs, assumptions, links, **changes
        As for :func:`farflung.simulate`.

    Raises
    ------
    InputError
        If scenario, fault model or number of runs are not valid.

    Examples
    --------
    >>> estimate("paper-headline", runs=4).runs
    4
    """
    check_runs(runs)
    run = prepare(changed_scenario(scenario, assumptions=assumptions, links=links, **changes))
    if not takes_place(run):
        return Estimate(runs, 0.0, 0, 0.0)
    model = fault_model or FaultModel()
    spec, failures = run_spec_of(run, model, runs), failure_model_of(run, model)
    _, workers, members = spec.shape
    rounds = float(run.values["outer_rounds"]) * model.fragments * spec.policy.closes_per_period(workers)
    per_node = 1.0 / failures.time_between_failures + 1.0 / failures.stay_time
    stops = runs * workers * members * float(run.values["duration"]) * per_node
    return Estimate(runs, rounds, workers * members, stops)
