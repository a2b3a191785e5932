"""Learners that wait for nobody: what unequal speeds cost in time, and what delay costs in loss."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from farflung.base.arrays import Array
from farflung.catalog.event_runs import AsynchronousRun, Goodput
from farflung.catalog.rows import stored
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.evidence.event_checks.rows import EventRow, Role, Study, source_ref
from farflung.evidence.event_checks.run_specs import STEADY, play, spec
from farflung.learning.sync_interval import stale_inner_steps
from farflung.outcome.events.draws import RandomDraws
from farflung.outcome.events.policies import policy_from
from farflung.outcome.events.policies.asynchronous import Asynchronous
from farflung.outcome.events.run_spec import Synchronisation
from farflung.outcome.run import prepare
from farflung.scenario import Scenario

_NAME = "asynchronous"
_RUNS, _PERIODS = 4, 200.0
_TOKENS = (20.0, 200.0)
"""Tokens for each parameter, not stated: at the optimum, and ten times more."""
_UNEQUAL = 0.5
"""Spread of the speeds of very unequal workers, which are in a figure that was not reached [1]."""


class _OneSlow(RandomDraws):
    """Learners of one speed, but for the last, which takes longer by a gap."""

    gap = 0.0

    def slowness(self) -> Array:
        """Return 1 for all but the last learner."""
        times = super().slowness()
        times[:, -1] = 1.0 + self.gap
        return times


def busy_share(row: Goodput, seed: int, *, variation: float = 0.0) -> float:
    """Return the share of its time in which a learner of the faster kind computes."""
    assert row.speed_gap is not None
    assert row.inner_steps is not None
    policy = "barrier" if row.quorum == row.learners else f"asynchronous:{row.quorum}"
    work = float(row.inner_steps)
    made = spec(
        runs=_RUNS, workers=row.learners, work=work, periods=row.learners * _PERIODS,
        policy=policy_from(policy, row.learners),
    )  # fmt: skip
    draws = _OneSlow(replace(STEADY, step_variation=variation), made.shape, work, seed)
    draws.gap = row.speed_gap
    busy = np.zeros(_RUNS)

    def watch(one: Synchronisation) -> None:
        busy[:] += np.where(one.merged, one.work, 0.0)[:, 0]

    totals = play(made, seed, draws=draws, watch=watch)
    return float(np.median(busy / totals.duration))


def staleness(workers: int, seed: int, *, spread: float = 0.0) -> float:
    """Return the merges that an update misses on average, where each is merged by itself."""
    made = spec(runs=_RUNS, workers=workers, work=1.0, duration=_PERIODS, policy=Asynchronous(1))
    totals = play(made, seed, compute_spread=max(spread, _HARDLY))
    return float(np.median(totals.staleness / totals.updates))


_HARDLY = 1e-3
"""Speeds of like workers differ at least so much, or all would arrive at once and merge together [1]."""


def loss_from_delay(row: AsynchronousRun, tokens_per_parameter: float, staleness: float) -> float:
    """Return by how much the default set's loss grows where updates miss merges [nats per token]."""
    assert row.inner_steps is not None
    run = prepare(
        Scenario.read(
            {
                "assumptions": DEFAULT_ASSUMPTIONS,
                "model": {"parameters": row.parameters},
                "nodes": {"count": row.workers, "peak": "1e15 FLOP/s", "memory": "1e18 byte"},
                "network": {"upload": "1 Gbit/s"},
                "protocol": {"mode": "flat", "inner_steps": row.inner_steps},
                "tokens": tokens_per_parameter * row.parameters,
            }
        )
    )
    interval = run.values["effective_inner_steps"]
    stale = stale_inner_steps(effective_inner_steps=interval, staleness=staleness)
    changed = run.plan.execute_from(run.values, {"effective_inner_steps": stale})
    return float(changed["divergence_penalty"] - run.values["divergence_penalty"])


def _rows(seed: int) -> tuple[EventRow, ...]:
    return (*_speeds(seed), *_losses(seed), *_unequal(seed))


def _speeds(seed: int) -> Iterator[EventRow]:
    for row in stored(Goodput):
        if row.speed_gap is None or row.grace:
            continue
        what = f"{row.learners} learners, one {100 * row.speed_gap:.0f} % slower, K = {row.quorum}"
        yield _speed(row, what, "point", busy_share(row, seed), "the gap alone")
        assert row.speed_variation is not None
        varied = busy_share(row, seed, variation=row.speed_variation)
        note = (
            f"steps that vary by {100 * row.speed_variation:.0f} % beside it; which times vary is not stated"
        )
        yield _speed(row, what, "bound", varied, note)


def _speed(row: Goodput, what: str, role: Role, events: float, note: str) -> EventRow:
    return EventRow(
        group=_NAME, what=what, quantity="goodput", measured=row.goodput, role=role, events=events, note=note,
        source_ref=source_ref(row),
    )  # fmt: skip


def _losses(seed: int) -> Iterator[EventRow]:
    for row, synchronous in _pairs():
        missed = staleness(row.workers, seed)
        for tokens in _TOKENS:
            note = f"{missed:.1f} merges missed; at {tokens:g} tokens for each parameter, which is not stated"
            yield _loss(row, synchronous, "bound", loss_from_delay(row, tokens, missed), note)


def _pairs() -> Iterator[tuple[AsynchronousRun, AsynchronousRun]]:
    """Return naive asynchronous runs, one for each size and number of workers, with the synchronous one."""
    rows = stored(AsynchronousRun)
    synchronous = {(row.parameters, row.workers): row for row in rows if row.method == "diloco"}
    naive = {(row.parameters, row.workers): row for row in rows if row.method == "async_diloco"}
    for size, row in naive.items():
        yield row, synchronous[size]


def _unequal(seed: int) -> Iterator[EventRow]:
    """Return what unequal speeds add to the loss, update for update: nothing, by the engine's count."""
    named = {
        row.heterogeneity: row
        for row in stored(AsynchronousRun)
        if (row.method, row.parameters, row.workers) == ("async_diloco", 2e7, 4)
    }
    like, unlike = named["none"], named["very"]
    even, uneven = staleness(like.workers, seed), staleness(like.workers, seed, spread=_UNEQUAL)
    events = loss_from_delay(unlike, _TOKENS[0], uneven) - loss_from_delay(like, _TOKENS[0], even)
    note = f"{uneven:.2f} merges missed where speeds spread by {_UNEQUAL:g}, {even:.2f} where they are alike"
    row = _loss(unlike, like, "point", events, note)
    yield replace(row, what=f"{_told(unlike)}, very unequal beside alike")


def _loss(row: AsynchronousRun, beside: AsynchronousRun, role: Role, events: float, note: str) -> EventRow:
    return EventRow(
        group=_NAME, what=f"{_told(row)}, naive beside synchronous", quantity="loss from delay",
        measured=math.log(row.perplexity / beside.perplexity), role=role, events=events, note=note,
        source_ref=replace(source_ref(row), evidence_level="derived"),
    )  # fmt: skip


def _told(row: AsynchronousRun) -> str:
    return f"{row.parameters / 1e6:.0f} million, {row.workers} workers"


ASYNCHRONOUS = Study(
    name=_NAME,
    title="Learners that wait for nobody (asynchronous local SGD, Decoupled DiLoCo)",
    taken=(
        "Speeds: eight learners, one of them 18 % slower; goodput is the share of its time in which a "
        "learner of the faster kind computes. How many were slow is not stated. Loss: an update that missed "
        "s merges counts as if made over 1 + s times the steps (the default set); tokens are not stated, and "
        "taken at 20 and at 200 for each parameter. Speeds of the workers were not reached: nothing here "
        "times a run."
    ),
    misfit=(
        "Measured delay costs as much with 16 workers as with 4, where the charge grows with the "
        "merges missed; that it is of the right size at four workers hangs on tokens that are not stated; "
        "and a momentum that allows for delay (DN + DyLU) loses nothing, which the engine does not know."
    ),
    rows=_rows,
)
