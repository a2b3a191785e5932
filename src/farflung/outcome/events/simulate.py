"""From a scenario and a fault model to the outcomes of seeded runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from farflung.base.arrays import Array
from farflung.base.errors import InputError
from farflung.base.format import format_quantity
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
from farflung.outcome.events.outputs import UNMEASURED
from farflung.outcome.events.run_spec import RunSpec, Synchronisation, Totals
from farflung.outcome.events.simulation import RUNS, Simulation
from farflung.outcome.events.timeline import Timeline
from farflung.outcome.flags import Flag
from farflung.outcome.outcome import Outcome, outcome_of
from farflung.outcome.outputs import OUTPUTS
from farflung.outcome.run import Run, ScenarioLike, as_scenario, prepare
from farflung.scenario.fault_model import FaultModel

MOST_RUNS = 100_000


def simulate(
    scenario: ScenarioLike,
    fault_model: FaultModel | None = None,
    *,
    runs: int = RUNS,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    watch: Callable[[Synchronisation], None] | None = None,
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
