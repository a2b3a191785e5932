"""Storms: torchft and ft-diloco runs whose replicas were killed every few seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from farflung.base.arrays import Array
from farflung.catalog.event_runs import Churn, Kill, Recovery
from farflung.catalog.rows import stored
from farflung.catalog.runs import cases
from farflung.evidence.event_checks.rows import EventRow, Role, Study, source_ref
from farflung.evidence.event_checks.run_specs import play, spec
from farflung.outcome.events.policies.torchft import TorchFT
from farflung.outcome.events.run_spec import Totals

_NAME = "storms"
_TORCHFT = ("torchft, a failure every 60 s", "torchft, a failure every 15 s")
_PAIRS = ("ft-diloco, 69 faults an hour", "ft-diloco, 85 faults an hour")
_MANY = "ft-diloco, 125 faults an hour"
_RUNS, _STEPS = 8, 1_000
_JOIN_TIMEOUT = 60.0
"""That of torchft's lighthouse, unless it is set otherwise."""
_STORM = 2_700.0
"""Length of the storm whose kills were followed one by one [s]."""
_NOT_ALL_KILL = "faults that are kills: as many as in the storm followed to the end"


@dataclass(frozen=True, slots=True)
class _Storm:
    """Totals of runs under failures, one number for each run."""

    workers: int
    totals: Totals

    def up(self) -> float:
        """Return the replicas that were up at a merge."""
        return _median(self.totals.up / self.totals.synchronisations)

    def participants(self) -> float:
        """Return the replicas in a merge."""
        return _median(self.totals.updates / self.totals.synchronisations)

    def useful(self) -> float:
        """Return the share of the time of all replicas that was merged work."""
        return _median(self.totals.useful / (self.workers * self.totals.duration))

    def committed(self) -> float:
        """Return the share of steps that were merged, where a stop undoes the step of the unit."""
        return _median(self.totals.synchronisations / self._begun())

    def step_time(self) -> float:
        """Return the time for each step begun [s]."""
        return _median(self.totals.duration / self._begun())

    def _begun(self) -> Array:
        begun: Array = self.totals.synchronisations + self.totals.stops
        return begun


def _median(values: Array) -> float:
    return float(np.median(values))


def _apart(
    row: Churn, seed: int, *, step: float, detection_time: float, away: float, interval: float
) -> _Storm:
    """Return a storm in which the others go on without a replica that is down: the policy torchft."""
    assert row.replicas is not None
    made = spec(
        runs=_RUNS, workers=row.replicas, work=step, duration=step * _STEPS,
        policy=TorchFT(_JOIN_TIMEOUT, 1), detection_time=detection_time, restart=away - detection_time,
    )  # fmt: skip
    return _Storm(row.replicas, play(made, seed, between_failures=row.replicas * interval))


def _together(row: Churn, seed: int, *, step: float, stall: float, interval: float) -> _Storm:
    """Return a storm in which a failure of any replica undoes the step of all: one unit of many members."""
    assert row.replicas is not None
    made = spec(runs=_RUNS, workers=1, members=row.replicas, work=step, duration=step * _STEPS, restart=stall)
    return _Storm(1, play(made, seed, between_failures=row.replicas * interval))


def _churned(run: str) -> Mapping[str, Churn]:
    return {row.quantity: row for row in stored(Churn) if row.run == run}


def _recovers(system: str, stage: str) -> float:
    """Return how long a stage takes, at its most where only that is stated [s]."""
    (row,) = (one for one in stored(Recovery) if (one.system, one.stage) == (system, stage))
    seconds = row.seconds or row.high
    assert seconds is not None
    return seconds


def _row(row: Churn, role: Role, events: float, note: str) -> EventRow:
    return EventRow(
        group=_NAME, what=row.run, quantity=row.quantity, measured=row.measured, role=role, events=events,
        note=note, source_ref=source_ref(row),
    )  # fmt: skip


def _torchft(seed: int) -> Iterator[EventRow]:
    detection_time = _recovers("torchft", "detection")
    restart = median(kill.restarted for kill in stored(Kill))
    first_step = 0.0
    for run in _TORCHFT:
        churn = _churned(run)
        committed = churn["committed share"]
        assert committed.step_seconds is not None
        assert committed.failure_interval is not None
        step, interval = committed.step_seconds, committed.failure_interval
        apart = _apart(
            committed,
            seed,
            step=step,
            detection_time=detection_time,
            away=detection_time + restart,
            interval=interval,
        )
        stall = detection_time + _recovers("torchft", "resume")
        together = _together(committed, seed, step=step, stall=stall, interval=interval)
        taken = churn["step time"].measured
        as_timed = _together(committed, seed, step=taken, stall=0.0, interval=interval)
        first_step = first_step or together.step_time()
        undone = "a failure undoes the step of all"
        yield _row(committed, "point", together.committed(), f"{undone}; steps of {step:g} s")
        yield _row(committed, "input", as_timed.committed(), f"{undone}; steps of {taken:g} s, as in the run")
        back = (
            f"policy torchft; a replica is back after {detection_time + restart:.0f} s (ft-diloco's restart)"
        )
        yield _row(churn["participants"], "point", apart.participants(), back)
        yield _row(churn["step time"], "point", together.step_time(), f"{undone}, and {stall:g} s are lost")
        share = together.committed() * apart.participants() / apart.workers
        note = "committed share times participants, over the step time of the first run: the source's own"
        yield _row(churn["efficiency"], "point", share * first_step / together.step_time(), note)


def _pairs(seed: int) -> Iterator[EventRow]:
    """Return storms of two replicas, where neither what counts as efficient nor how many kill is stated."""
    for run in _PAIRS:
        row = _churned(run)["efficiency"]
        assert row.failure_interval is not None
        for share, said in ((1.0, "every fault kills"), (_killing(), _NOT_ALL_KILL)):
            storm = _apart(
                row, seed, step=_step(), detection_time=_recovers(run, "resume"),
                away=_recovers(run, "return"), interval=row.failure_interval / share,
            )  # fmt: skip
            yield _row(row, "bound", storm.useful(), f"useful time; {said}")


def _many(seed: int) -> Iterator[EventRow]:
    churn = _churned(_MANY)
    alive = churn["alive"]
    assert alive.failure_interval is not None
    storm = _apart(
        alive, seed, step=_step(), detection_time=_recovers("ft-diloco, one kill", "resume"),
        away=_recovers(_MANY, "return"), interval=alive.failure_interval / _killing(),
    )  # fmt: skip
    yield _row(alive, "point", storm.up(), _NOT_ALL_KILL)
    yield _row(
        churn["participants"], "point", storm.participants(), "policy torchft: all who are up take part"
    )
    together = _together(
        alive, seed, step=_step(), stall=_recovers("ft-diloco, one kill", "resume"),
        interval=alive.failure_interval / _killing(),
    )  # fmt: skip
    note = "a failure undoes the step of all; steps between exchanges not stated, taken as one"
    yield _row(churn["committed share"], "bound", together.committed(), note)
    yield _row(churn["throughput share"], "point", storm.useful(), "useful time")


def _killing() -> float:
    """Return the share of faults that killed a replica, in the storm of which every kill is known."""
    interval = _churned(_PAIRS[0])["efficiency"].failure_interval
    assert interval is not None
    return len(stored(Kill)) * interval / _STORM


def _step() -> float:
    """Return ft-diloco's step; how many there are between exchanges is not stated, and taken as one [s]."""
    (step, *_) = (case.step_seconds for case in cases("consumer") if case.step_seconds)
    return step


def _rows(seed: int) -> tuple[EventRow, ...]:
    return (*_torchft(seed), *_pairs(seed), *_many(seed))


STORMS = Study(
    name=_NAME,
    title="Storms of failures (torchft, ft-diloco)",
    taken=(
        "Replicas fail independently, one somewhere every 60 or 15 s. Two readings of torchft: the "
        "policy of that name, which leaves a replica that is down out of the step, and a single unit of 30 "
        "members, where any failure undoes the step of all. Notice and reconnecting are torchft's settings; "
        "its time to restart is not stated, and is that of ft-diloco. ft-diloco's faults are kills, stalls "
        "and partitions; how many are kills is known of one storm."
    ),
    misfit=(
        "Every 60 s fits, but for the step time: a step that has failed runs on to its time limit there, and "
        "ends at once in the engine. Every 15 s the engine is far too hopeful: restarts that are killed "
        "again, and replicas that can only join in a step that commits, are not in it. Nor are soft "
        "barriers: in ft-diloco's large storm half of the live replicas commit apart. The policy torchft by "
        "itself never undoes the step of the others, as torchft does; and what ft-diloco's efficiency counts "
        "is not stated."
    ),
    rows=_rows,
)
