"""From a scenario and a fault model to the outcomes of seeded runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from farflung.base.arrays import Array
from farflung.base.errors import InputError
from farflung.base.fields import fields_of
from farflung.base.format import format_quantity
from farflung.base.provenance import Provenance
from farflung.catalog.records import Record
from farflung.learning.sync_interval import stale_inner_steps
from farflung.outcome.events.draws import RandomDraws
from farflung.outcome.events.engine import Engine
from farflung.outcome.events.from_scenario import (
    failure_model_of,
    is_grouped,
    run_spec_of,
    steps_of,
    tokens_of_period,
)
from farflung.outcome.events.run_spec import RunSpec, Synchronisation, Totals
from farflung.outcome.events.timeline import Timeline
from farflung.outcome.flags import Flag
from farflung.outcome.outcome import Outcome, outcome_of
from farflung.outcome.outputs import OUTPUTS, Group, Output
from farflung.outcome.run import Run, ScenarioLike, as_scenario, prepare
from farflung.scenario import Scenario, load_assumptions
from farflung.scenario.fault_model import CONDITIONS, FaultModel

MOST_RUNS = 100_000
QUANTILES = (0.05, 0.5, 0.95)
"""Quantiles over runs that are given of every output."""
SHARES = ("goodput", "waiting", "lost_work", "down")
"""Where the time of all replicas went: in every run these add up to 1."""
_TIME: Group = "time"
_TRAFFIC: Group = "traffic"
EVENT_OUTPUTS: Mapping[str, Output] = {
    name: Output(name, label, name, unit, "", group, meaning)
    for name, label, unit, group, meaning in (
        ("goodput", "Goodput", "1", _TIME, "Share of the time of all replicas that became training"),
        ("waiting", "Waiting", "1", _TIME, "Share spent waiting for others or for links"),
        ("lost_work", "Lost work", "1", _TIME, "Share spent on work that was never merged"),
        ("down", "Down", "1", _TIME, "Share of the time that replicas were down"),
        ("effective_replicas", "Effective replicas", "1", _TIME, "Replicas in a merge, on average"),
        ("replicas_up", "Replicas up", "1", _TIME, "Replicas that were up at a merge, on average"),
        ("staleness", "Staleness", "1", _TIME, "Merges that an update missed while it was made, on average"),
        ("stops", "Interruptions", "1", _TIME, "Failures and withdrawals of nodes"),
        ("longest_round_s", "Longest round", "s", _TIME, "Longest time between two merges"),
        ("sent_bits", "Sent by a participant", "bit", _TRAFFIC, "Bits a participant sent"),
        ("received_bits", "Received by a participant", "bit", _TRAFFIC, "Bits a participant received"),
    )
}
"""What the event engine answers beside the outputs of both engines."""

_DRAWN = "every exchange of a run is as long as its links and its slowest replica make it, and none is kept"
UNMEASURED: Mapping[str, str] = {
    "straggler_factor": "a run draws how slow each replica is; the factor is the plan's allowance for it",
    "synchronisation_time_s": _DRAWN,
    "regional_synchronisation_time_s": _DRAWN,
    "latency_share": _DRAWN,
}
"""Outputs of the closed form that no run has, each with the reason; every other one it has keeps the plan's
value where it is not measured."""


@dataclass(frozen=True)
class Simulation:
    """The outcomes of seeded runs of one scenario.

    Attributes
    ----------
    scenario, fault_model
        What was run, and how it was kept going.
    seed
        The seed; run ``i`` of a seed is the same however many runs are made.
    values
        Every output of both engines, and those of :data:`EVENT_OUTPUTS`, by name (runs,). NaN where a run
        has no such quantity.
    planned
        The closed form's outcome of the same scenario.
    flags
        What a reader of the numbers must know.
    command
        The command that asked.
    """

    scenario: Scenario
    fault_model: FaultModel
    seed: int
    values: Mapping[str, Array]
    planned: Outcome
    flags: tuple[Flag, ...]
    command: str | None = None

    @property
    def runs(self) -> int:
        """Return the number of runs."""
        return len(self.values["goodput"])

    @cached_property
    def median(self) -> Outcome:
        """Return the outcome whose every output is the median over runs."""
        return self._outcome({name: _median(self.values[name]) for name in OUTPUTS})

    def outcome(self, run: int) -> Outcome:
        """Return the outcome of one run."""
        return self._outcome({name: float(self.values[name][run]) for name in OUTPUTS})

    @property
    def provenance(self) -> Provenance:
        """Return how to obtain the same answer again."""
        provenance: Provenance = self.planned.provenance
        return provenance.model_copy(update={"seed": self.seed, "command": self.command})

    @property
    def defaulted(self) -> Mapping[str, Record]:
        """Return what the assumption set says where the fault model says nothing."""
        return self.fault_model.defaulted(load_assumptions(self.scenario.assumptions))

    def mean(self, name: str) -> float:
        """Return the mean over runs of an output, NaN where it has none."""
        known = self.values[name][np.isfinite(self.values[name])]
        return float(known.mean()) if known.size else math.nan

    def quantiles(self, name: str, shares: tuple[float, ...] = QUANTILES) -> tuple[float, ...]:
        """Return quantiles over runs of an output, NaN where it has none."""
        known = self.values[name][np.isfinite(self.values[name])]
        return tuple(float(np.quantile(known, share)) if known.size else math.nan for share in shares)

    def as_table(self) -> dict[str, Any]:
        """Return the result as plain tables, for JSON, every run included."""
        return {
            "scenario": self.scenario.name,
            "runs": self.runs,
            "feasible": self.median.feasible,
            "flags": [asdict(one) for one in self.median.flags],
            "outputs": [self._output_table(one) for one in {**OUTPUTS, **EVENT_OUTPUTS}.values()],
            "fault_model": self.fault_model.model_dump(mode="json", exclude=set(CONDITIONS)),
            "conditions": self._conditions_table(),
            "defaulted": [asdict(one) for one in self.planned.defaulted],
            "provenance": self.provenance.model_dump(mode="json"),
        }

    def _output_table(self, output: Output) -> dict[str, Any]:
        named = dict(
            zip((f"{100 * share:g}%" for share in QUANTILES), self.quantiles(output.name), strict=True)
        )
        return {
            "name": output.name,
            "unit": output.unit,
            "meaning": output.meaning,
            "planned": getattr(self.planned, output.name, None),
            "mean": self.mean(output.name),
            "quantiles": named,
            "values": self.values[output.name].tolist(),
            "why_absent": UNMEASURED.get(output.name),
        }

    def _conditions_table(self) -> list[dict[str, Any]]:
        """Return every condition of the world, and on whose word."""
        values = self.fault_model.conditions(load_assumptions(self.scenario.assumptions))
        words = ("evidence_level", "source", "locator", "note")
        told: dict[str, dict[str, str | None]] = {
            name: {word: getattr(record, word) or None for word in words}
            for name, record in self.defaulted.items()
        }
        given = {**dict.fromkeys(words), "evidence_level": "given"}
        units = {path: field.unit for path, field in fields_of(FaultModel).items()}
        return [
            {"name": name, "value": value, "unit": units[name], **told.get(name, given)}
            for name, value in values.items()
        ]

    def _outcome(self, values: Mapping[str, float]) -> Outcome:
        known = {name: None if math.isnan(value) else value for name, value in values.items()}
        stalled = any(flag.kind == "infeasible" for flag in self.flags)
        return self.planned.model_copy(
            update={**known, "flags": (*self.planned.flags, *self.flags), "feasible": not stalled}
        )


def simulate(
    scenario: ScenarioLike,
    fault_model: FaultModel | None = None,
    *,
    runs: int = 32,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    watch: Callable[[Synchronisation], None] | None = None,
    command: str | None = None,
) -> Simulation:
    """Return the outcomes of seeded runs of a scenario, event by event.

    Parameters
    ----------
    scenario
        As for :func:`farflung.evaluate`.
    fault_model
        How the run is kept going, and how its nodes and links behave; what it leaves out comes from the
        assumption set.
    runs
        Seeded runs.
    seed
        Seed of all of them.
    progress
        Called after every synchronisation with the share that is done.
    watch
        Called with every synchronisation, as a :class:`Timeline` wants to be.
    command
        The command that asked, for the provenance.

    Returns
    -------
    Simulation
        Distributions over runs of everything that an outcome holds, and of goodput, waiting, lost work,
        effective replicas, staleness and traffic.

    Raises
    ------
    InputError
        If the scenario or fault model is not valid, or the model does not fit.

    Examples
    --------
    >>> found = simulate("paper-headline", runs=2, seed=7)
    >>> bool(0.0 < found.quantiles("goodput")[1] < 1.0)
    True
    """
    run = prepare(as_scenario(scenario))
    planned = outcome_of(run)
    fault_model = fault_model or FaultModel()
    _check(planned, runs, seed)
    spec = run_spec_of(run, fault_model, runs)
    draws = RandomDraws(failure_model_of(run, fault_model), spec.shape, steps_of(run, fault_model), seed)
    totals = Engine(spec, draws, watch).run(progress)
    return Simulation(
        scenario=run.scenario,
        fault_model=fault_model,
        seed=seed,
        values=_answers(run, fault_model, spec, totals),
        planned=planned,
        flags=_findings(totals),
        command=command,
    )


def timeline(
    scenario: ScenarioLike,
    fault_model: FaultModel | None = None,
    *,
    run: int = 0,
    workers: int = 64,
    synchronisations: int = 20,
) -> Timeline:
    """Return an empty timeline of one run, to be passed as ``watch`` to :func:`simulate`.

    Parameters
    ----------
    scenario, fault_model
        As for :func:`simulate`, and the same.
    run
        Which run is kept, counted from 0.
    workers, synchronisations
        How many of each are kept, from the first.

    Raises
    ------
    InputError
        If the scenario or fault model is not valid, or nothing is to be kept.

    Examples
    --------
    >>> kept = timeline("paper-headline", synchronisations=3)
    >>> _ = simulate("paper-headline", runs=1, watch=kept)
    >>> sorted({one.activity for one in kept.intervals})
    ['computing', 'receiving', 'sending', 'waiting']
    """
    for name, value, least in (
        ("run", run, 0),
        ("workers", workers, 1),
        ("synchronisations", synchronisations, 1),
    ):
        if value < least:
            raise InputError(name, f"{value} is below {least}", nearest=str(least))
    spec = run_spec_of(prepare(as_scenario(scenario)), fault_model or FaultModel(), run + 1)
    return Timeline(spec, run=run, workers=workers, synchronisations=synchronisations)


def _check(planned: Outcome, runs: int, seed: int) -> None:
    if not 1 <= runs <= MOST_RUNS:
        raise InputError(
            "runs", f"{runs} is not from 1 to {MOST_RUNS}", nearest="1" if runs < 1 else str(MOST_RUNS)
        )
    if seed < 0:
        raise InputError("seed", f"{seed} is below 0", nearest="0")
    if not planned.feasible and planned.binding_constraint != "duration":
        obstacle = next(flag for flag in planned.flags if flag.kind == "infeasible")
        raise InputError(obstacle.subject, obstacle.message, obstacle.nearest)


def _answers(run: Run, fault_model: FaultModel, spec: RunSpec, totals: Totals) -> dict[str, Array]:
    """Return every output (runs,), NaN where there is none."""
    _, workers, _ = spec.shape
    with np.errstate(invalid="ignore", divide="ignore"):  # a run that stalls at once has no rounds
        measured = _measured(spec, totals)
        rounds = totals.synchronisations / fault_model.fragments
        duration, tokens = totals.duration, totals.periods * tokens_of_period(run, fault_model)
        per_worker = float(run.values["nodes"]) / workers if is_grouped(run) else 1.0
        merged = measured["effective_replicas"] * per_worker
        changed = {
            "duration": duration,
            "tokens": tokens,
            "outer_rounds": rounds,
            "outer_round_time": duration / rounds,
            "contributing_replicas": merged,
            "averaged_replicas": merged,
            "effective_inner_steps": stale_inner_steps(
                effective_inner_steps=run.values["effective_inner_steps"], staleness=measured["staleness"]
            ),
            "mean_rate": measured["sent_bits"] / duration,
        }
        values = run.plan.execute_from(run.values, changed)
    measured |= {"effective_replicas": merged, "replicas_up": measured["replicas_up"] * per_worker}
    asked = {name: values.get(output.quantity) for name, output in OUTPUTS.items() if name not in UNMEASURED}
    asked |= dict.fromkeys(UNMEASURED) | measured
    shape = duration.shape
    return {
        name: np.broadcast_to(np.nan if value is None else np.asarray(value, dtype=np.float64), shape)
        for name, value in asked.items()
    }


_NO_TIME = 1e-300


def _measured(spec: RunSpec, totals: Totals) -> dict[str, Array]:
    """Return the outputs that only events have, in workers rather than replicas."""
    _, workers, _ = spec.shape
    # A run that stalls at once has no time. One begins in its steady state, its first work under way: of a
    # unit that is away at the end, that work is more than the run has time for.
    total = np.maximum(workers * totals.duration, totals.useful + totals.lost + totals.down)
    total = np.maximum(total, _NO_TIME)
    useful, lost, down = totals.useful / total, totals.lost / total, totals.down / total
    updates = totals.updates / workers
    taken_up = totals.updates if spec.merges_late else totals.up  # the late carry on with old weights
    return {
        "goodput": useful,
        "waiting": np.clip(1.0 - useful - lost - down, 0.0, 1.0),
        "lost_work": lost,
        "down": down,
        "effective_replicas": totals.periods / np.maximum(totals.synchronisations, _NO_TIME),
        "replicas_up": totals.up / np.maximum(totals.synchronisations, _NO_TIME),
        "staleness": totals.staleness / np.maximum(totals.updates, 1.0),
        "stops": totals.stops,
        "longest_round_s": totals.longest,
        "sent_bits": spec.transport.bits_sent(spec.link) * updates,
        "received_bits": spec.transport.bits_received(spec.link) * taken_up / workers,
    }


def _findings(totals: Totals) -> tuple[Flag, ...]:
    """Return what kept runs from going on."""
    runs, at = len(totals.stalled_at), totals.stalled_at[np.isfinite(totals.stalled_at)]
    stalled, empty = len(at), int((totals.synchronisations < 1.0).sum())
    if stalled:
        after = format_quantity(float(np.median(at)), "s")
        return (
            Flag(
                "infeasible",
                "fault_model.policy",
                f"{stalled} of {runs} runs cannot go on: after {after} (median) too few replicas are left, "
                "or none finishes its work before it stops again",
                nearest="policy = 'elastic', a smaller quorum, fewer inner steps, or spares",
            ),
        )
    if empty:
        return (
            Flag(
                "infeasible",
                "duration",
                f"{empty} of {runs} runs end before their first synchronisation",
                nearest=format_quantity(float(totals.longest.max()), "s"),
            ),
        )
    return ()


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan
