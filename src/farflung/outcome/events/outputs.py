"""What a simulated run answers beside the closed form, and how totals of the engine become outputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from farflung.base.arrays import Array
from farflung.learning.sync_interval import stale_inner_steps
from farflung.outcome.events.from_scenario import is_grouped, tokens_of_period
from farflung.outcome.events.run_spec import RunSpec, Totals
from farflung.outcome.outputs import OUTPUTS, Group, Output
from farflung.outcome.run import Run
from farflung.scenario.fault_model import FaultModel

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
        ("stops", "Stops", "1", _TIME, "Failures and withdrawals of nodes"),
        ("longest_round_s", "Longest round", "s", _TIME, "Longest time between two merges"),
        ("sent_bits", "Sent by a participant", "bit", _TRAFFIC, "Bits a participant sent"),
        ("received_bits", "Received by a participant", "bit", _TRAFFIC, "Bits a participant received"),
    )
}
"""Outputs of the event engine alone."""

_DRAWN = "every exchange of a run is as long as its links and its slowest replica make it; none is recorded"
UNMEASURED: Mapping[str, str] = {
    "straggler_factor": "a run draws how slow each replica is; the factor is the plan's allowance for it",
    "synchronisation_time_s": _DRAWN,
    "regional_synchronisation_time_s": _DRAWN,
    "latency_share": _DRAWN,
}
"""Outputs of the closed form that no run has, each with the reason; every other one it has keeps the plan's
value where it is not measured."""

_NO_TIME = 1e-300


def outputs_of(run: Run, fault_model: FaultModel, spec: RunSpec, totals: Totals) -> dict[str, Array]:
    """Return every output of both engines (runs,), NaN where there is none."""
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
    outputs = {
        name: None if name in UNMEASURED else values.get(output.quantity) for name, output in OUTPUTS.items()
    }
    shape = duration.shape
    return {
        name: np.broadcast_to(np.nan if value is None else np.asarray(value, dtype=np.float64), shape)
        for name, value in {**outputs, **measured}.items()
    }


def no_outputs(runs: int) -> dict[str, Array]:
    """Return the outputs of runs that cannot take place."""
    return dict.fromkeys((*OUTPUTS, *EVENT_OUTPUTS), np.full(runs, np.nan))


def planned_shares(run: Run) -> dict[str, float]:
    """Return where the plan has the time of all replicas go: to steps or to waiting, and never elsewhere.

    Steps are those of the slowest replica, by which all go in the closed form.
    """
    goodput = 1.0
    for level in run.choices.protocol.rounds:
        goodput *= float(run.values[level.work] / run.values[level.duration])
    return {"goodput": goodput, "waiting": 1.0 - goodput, "lost_work": 0.0, "down": 0.0}


def _measured(spec: RunSpec, totals: Totals) -> dict[str, Array]:
    """Return the outputs that only events have, in workers rather than replicas."""
    _, workers, _ = spec.shape
    # A run that stalls at once has no time. One begins in its steady state, its first work under way: of a
    # worker that is away at the end, that work is more than the run has time for.
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
