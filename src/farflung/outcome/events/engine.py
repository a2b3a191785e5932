"""The event engine: synchronisation after synchronisation, for all runs and workers at once.

Between two synchronisations no worker affects another, so the events of all workers are taken together, as
arrays over runs and workers; only rare events (a node fails, a link is cut) are followed one by one. What a
worker does follows from when it is ready to send:

    ready = max(begun + θ work, weights there) + (1 − θ) work

where θ is the share of its steps that it may take before what it sent last comes back: 0 where exchanges
block, 1 where they run beside all the steps. It begins when it was last ready, or, if it was not in the last
synchronisation or may not run on, when the weights are there. A run begins in its steady state, with the
weights on their way to all.

A stop after a synchronisation has closed cannot touch it, and one before can move its close. So the close is
asked for again until no stop before it is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.draws import Draws
from farflung.outcome.events.interruptions import Interruptions
from farflung.outcome.events.outages import Outages
from farflung.outcome.events.policies import Waiting
from farflung.outcome.events.run_spec import Interruption, RunSpec, Synchronisation, Totals

_MOST_TRIES = 1_000
"""Times a worker begins the same work anew, or rounds without any work merged, before a run is stalled."""
_NO_TIME = 1e-300


@dataclass(slots=True)
class _Attempt:
    """The work each worker has in hand (runs, workers)."""

    begun: Array
    work: Array
    share: Array | float
    ready: Array
    sending: Array
    """How long the update travels while the link works."""
    arrival: Array
    base: Array
    """Which synchronisation the work began after."""


class Engine:
    """Simulates all runs of a specification.

    Parameters
    ----------
    spec
        What the runs do.
    draws
        Where chance comes from.
    watch
        Called with every synchronisation.
    """

    def __init__(
        self, spec: RunSpec, draws: Draws, watch: Callable[[Synchronisation], None] | None = None
    ) -> None:
        runs, workers, _ = spec.shape
        self._spec, self._draws, self._watch = spec, draws, watch
        self._slowness = draws.slowness()
        self._sending, self._receiving = draws.links()
        self._interruptions = Interruptions(draws, spec.shape, spec.recovery)
        self._outages = Outages(draws, runs, workers) if spec.outages else None
        self._totals = Totals.empty(runs)
        self._idle = np.zeros(runs)
        self._round = 0
        self._close, self._opened = np.zeros(runs), np.zeros(runs)
        # When each worker last stopped, and when it is or was back; regions never stop.
        self._since, self._back = np.full((runs, workers), -np.inf), np.full((runs, workers), -np.inf)
        # What stops before the close cost: work, and time down but for the last stop of each worker [s].
        self._lost, self._down = [0.0] * runs, [0.0] * runs
        self._stopped: list[Interruption] = []
        self._merged = np.ones((runs, workers), dtype=bool)
        self._applied = spec.transport.receive(spec.link, self._receiving, self._merged)
        nothing = np.zeros((runs, workers))
        sending = spec.transport.send(spec.link, self._sending)
        self._attempt = _Attempt(
            begun=nothing,
            work=nothing,
            share=1.0,
            ready=-sending,
            sending=sending,
            arrival=np.full((runs, workers), np.inf),
            base=nothing,
        )

    def run(self, progress: Callable[[float], None] | None = None) -> Totals:
        """Return what the runs add up to; ``progress`` is told the share that is done."""
        active = np.ones(self._spec.shape[0], dtype=bool)
        while active.any():
            arrival_before = self._attempt.arrival
            away = self._work()
            active = self._count(self._synchronise(arrival_before), away, active)
            self._round += 1
            if progress is not None:
                progress(self._done())
        self._totals.stops = np.asarray(self._interruptions.count, dtype=float)
        return self._totals

    def _work(self) -> Array | float:
        """Let every worker without work in hand do its next; return the time that members were away."""
        spec, before = self._spec, self._attempt
        late = None if self._merged.all() else ~self._merged
        begun = before.ready if spec.overlap > 0.0 or not spec.policy.waits else self._applied
        if late is not None:
            anew = before.begun if spec.merges_late else np.maximum(self._applied, self._back)
            begun = np.where(late, anew, begun)
        done = spec.workers.work(begun, self._draws, self._slowness, self._interruptions)
        ready = self._ready(begun, done.duration, self._applied)
        if not spec.policy.waits:  # a link carries one update at a time
            ready = np.maximum(ready, np.where(np.isfinite(before.arrival), before.arrival, -np.inf))
        sending = spec.transport.send(spec.link, self._sending * self._draws.sending())
        attempt = _Attempt(
            begun=begun,
            work=done.duration,
            share=done.share,
            ready=ready,
            sending=sending,
            arrival=ready + sending,
            base=np.full(begun.shape, float(self._round)),
        )
        carried_on = late if spec.merges_late else None
        if carried_on is None:
            self._attempt, away = attempt, done.away
        else:
            self._attempt = _carried_on(before, attempt, carried_on)
            away = np.where(carried_on, 0.0, done.away)
        if self._outages is not None:
            cut = self._outages.begin < self._attempt.arrival
            for run, worker in np.argwhere(cut if carried_on is None else cut & ~carried_on).tolist():
                self._outages.forget(run, worker, min(ready.item(run, worker), self._close.item(run)))
                self._send(run, worker)
        return away

    def _ready(
        self, begun: Array, work: Array, applied: Array, later: Callable[..., Array] = np.maximum
    ) -> Array:
        """Return when work is ready to be sent, of many workers or, with ``later`` as ``max``, of one."""
        overlap, gate = self._spec.overlap, applied if self._spec.policy.waits else begun
        return later(begun + overlap * work, gate) + (1.0 - overlap) * work

    def _send(self, run: int, worker: int) -> None:
        """Let a worker send what is ready, and wait while its link is cut."""
        attempt = self._attempt
        ready = attempt.ready.item(run, worker)
        arrival = ready + attempt.sending.item(run, worker)
        if self._outages is not None and self._outages.begin.item(run, worker) < arrival:
            arrival = self._outages.through(run, worker, ready, arrival)
        attempt.arrival[run, worker] = arrival

    def _met(self, arrival_before: Array) -> Array:
        """Let workers stop; return when all close (runs, 1), or when pairs meet (runs, workers)."""
        spec, interruptions, attempt = self._spec, self._interruptions, self._attempt
        close_before = self._close[:, None]
        self._lost, self._down = [0.0] * spec.shape[0], [0.0] * spec.shape[0]
        self._stopped = []
        while self._stop_before(close_before):  # after the last update had arrived
            pass
        detected = (
            np.where(self._back > close_before, self._since, interruptions.of_workers)
            + spec.recovery.detection_time
        )
        if self._outages is not None:
            # An outage matters that holds up the new weights or what is sent, and not one in between.
            begin, end = self._outages.begin, self._outages.end
            cut = (end > attempt.ready) | ((begin <= close_before) & (end > close_before))
            detected = np.minimum(detected, np.where(cut, begin + spec.recovery.detection_time, np.inf))
        waiting = Waiting(attempt.arrival, detected, self._close, self._opened, arrival_before)
        pairs = self._draws.partners() if spec.transport.pairs else None

        def closes() -> Array:
            return spec.policy.close(waiting)[:, None] if pairs is None else _pairs_meet(waiting, pairs)

        for _ in range(_MOST_TRIES):
            met = closes()
            if not self._stop_before(np.minimum(attempt.arrival, np.minimum(met, spec.duration))):
                return met
        attempt.arrival[interruptions.of_workers < attempt.arrival] = np.inf
        return closes()

    def _stop_before(self, limit: Array) -> bool:
        """Let every worker stop that does so next before a time; return whether any does."""
        if not self._spec.workers.stops_whole:
            return False
        stopping = self._interruptions.of_workers < limit
        if not stopping.any():
            return False
        self._attempt.begun = self._attempt.begun.copy()  # it may be what was ready, or applied, before
        for run, worker in np.argwhere(stopping)[self._interruptions.of_workers[stopping].argsort()].tolist():
            self._stop(run, worker)
        return True

    def _stop(self, run: int, worker: int) -> None:
        """Let a worker stop, lose its work, come back and begin it again."""
        attempt, at = self._attempt, (run, worker)
        begun, work = attempt.begun.item(at), attempt.work.item(at)
        close, back_before = self._close.item(run), self._back.item(at)
        stop, back = self._interruptions.happen(run, worker)
        if self._watch is not None:
            self._stopped.append(Interruption(run, worker, begun, stop, back))
        self._lost[run] += min(max(stop - begun, 0.0), work)
        if stop >= back_before:
            self._down[run] += max(back_before - max(self._since.item(at), close), 0.0)
            self._down[run] += max(min(back, close) - stop, 0.0)  # which had closed without it
            self._since[at] = stop
        back = max(back, back_before)
        begun = max(begun, back)
        self._back[at], attempt.begun[at], attempt.base[at] = back, begun, self._round
        attempt.ready[at] = self._ready(begun, work, self._applied.item(at), max)
        self._send(run, worker)

    def _synchronise(self, arrival_before: Array) -> Array:
        """Return when the synchronisation closes in every run, and let the new weights go out."""
        spec, attempt = self._spec, self._attempt
        met = self._met(arrival_before)
        self._merged = (attempt.arrival <= met) & np.isfinite(met)
        # A worker that never meets anybody again keeps nobody else from going on.
        close = met[:, 0] if met.shape[1] == 1 else np.where(self._merged, met, -np.inf).max(axis=1)
        close = np.where(np.isfinite(close), close, np.inf)
        factor = self._receiving * self._draws.receiving()
        self._applied = met + spec.transport.receive(spec.link, factor, self._merged)
        if self._outages is not None:
            cut = (self._outages.begin < self._applied) & (self._outages.end > met)
            for run, worker in np.argwhere(cut).tolist():
                begun, applied = (
                    float(met[run, min(worker, met.shape[1] - 1)]),
                    float(self._applied[run, worker]),
                )
                self._applied[run, worker] = self._outages.through(run, worker, begun, applied)
        if self._watch is not None:
            stopped = self._back > self._close[:, None]
            self._watch(
                Synchronisation(
                    begun=attempt.begun,
                    work=attempt.work,
                    ready=attempt.ready,
                    arrival=attempt.arrival,
                    close=met,
                    applied=self._applied,
                    merged=self._merged,
                    since=np.where(stopped, self._since, np.inf),
                    back=self._back.copy(),
                    stops=tuple(self._stopped),
                )
            )
        return close

    def _count(self, close: Array, away: Array | float, active: Array) -> Array:
        """Add a synchronisation to the totals; return which runs go on."""
        spec, totals, attempt, merged = self._spec, self._totals, self._attempt, self._merged
        shares = np.where(merged, attempt.share, 0.0)
        periods = shares.sum(axis=1)
        self._idle = np.where(periods > 0.0, 0, self._idle + 1)
        stalled = active & (np.isinf(close) | (self._idle > _MOST_TRIES))
        goes_on = active & ~stalled
        close = np.where(goes_on, np.maximum(close, self._close), self._close)  # of pairs, who may drop out
        lasted = close - self._close
        with np.errstate(invalid="ignore", divide="ignore"):  # of runs that are over
            by_time = (spec.duration - self._close) / lasted
            by_work = (spec.periods - totals.periods) / periods
        part = np.where(goes_on, np.fmin(np.fmin(by_time, by_work), 1.0), 0.0)
        totals.stalled_at[stalled] = close[stalled]
        totals.duration += part * lasted
        totals.longest = np.maximum(totals.longest, part * lasted)
        totals.synchronisations += part
        totals.periods += part * periods
        totals.updates += part * merged.sum(axis=1)
        totals.useful += part * (shares * attempt.work).sum(axis=1)
        until = close[:, None]
        totals.up += part * (~self._unreachable(until)).sum(axis=1)
        begun = np.clip(until - attempt.begun, 0.0, attempt.work)
        if not spec.merges_late:  # members are away from what was begun of a work that is given up
            away = np.where(merged, away, away * begun / np.maximum(attempt.work, _NO_TIME))
        down = np.minimum(self._back, until) - np.maximum(self._since, self._close[:, None])
        totals.down += part * (np.asarray(self._down) + np.sum(np.maximum(down, 0.0) + away, axis=1))
        totals.lost += part * np.asarray(self._lost)
        if spec.merges_late:
            totals.staleness += part * np.where(merged, self._round - attempt.base, 0.0).sum(axis=1)
        else:
            totals.lost += part * np.where(merged, 0.0, begun * attempt.share).sum(axis=1)
        if np.isfinite(spec.duration):  # the nodes of a stalled run stand idle to the end
            totals.duration[stalled] = spec.duration
        goes_on &= (part == 1.0) & (totals.periods < spec.periods)
        self._opened, self._close = self._close, close
        over = active & ~goes_on
        if over.any():  # nothing is followed in a run that is over
            self._interruptions.of_workers[over] = np.inf
            if self._outages is not None:
                self._outages.begin[over] = np.inf
        return goes_on

    def _unreachable(self, at: Array) -> Array:
        """Return which workers are down, or cut off, at a time."""
        gone = self._back > at
        if self._outages is not None:
            gone |= (self._outages.begin <= at) & (self._outages.end > at)
        return gone

    def _done(self) -> float:
        """Return the share of its work that the slowest run has done."""
        by_time = self._totals.duration / self._spec.duration
        by_work = self._totals.periods / self._spec.periods
        return float(np.maximum(by_time, by_work).min())


def _carried_on(before: _Attempt, new: _Attempt, late: Array) -> _Attempt:
    """Return new work, but for those who still have theirs in hand."""
    merged = {
        name: np.where(late, getattr(before, name), getattr(new, name))
        for name in ("begun", "work", "share", "ready", "sending", "arrival", "base")
    }
    return _Attempt(**merged)


def _pairs_meet(waiting: Waiting, order: Array) -> Array:
    """Return when each worker and its random partner have exchanged, or it knows that the partner is down."""
    arrival, detected = waiting.arrival, waiting.detected
    met = arrival.copy()
    pairs = order.shape[1] // 2
    first, second = order[:, 0 : 2 * pairs : 2], order[:, 1 : 2 * pairs : 2]
    rows = np.arange(len(order))[:, None]
    for mine, partner in ((first, second), (second, first)):
        its = np.minimum(arrival[rows, partner], detected[rows, partner])
        met[rows, mine] = np.maximum(arrival[rows, mine], its)
    return met
