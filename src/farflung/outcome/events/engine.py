"""The event engine: synchronisation after synchronisation, for all runs and units at once.

Between two synchronisations nothing that one unit does touches another, so that the events of all units can
be taken together, as arrays over runs and units; only what is rare (a node that fails, a link that is cut)
is followed one by one. What a unit does is told by when it is ready to send:

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
from farflung.outcome.events.course import Course, Stop, Synchronisation, Tally
from farflung.outcome.events.draws import Draws
from farflung.outcome.events.outages import Outages
from farflung.outcome.events.policies import Waiting
from farflung.outcome.events.stops import Stops

_MOST_TRIES = 1_000
"""Times a unit begins the same work anew, or rounds without any work merged, before a run is stalled."""
_NO_TIME = 1e-300


@dataclass(slots=True)
class _Attempt:
    """The work each unit has in hand (runs, units)."""

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
    """Runs a course.

    Parameters
    ----------
    course
        What the runs do.
    draws
        Where chance comes from.
    watch
        Called with every synchronisation.
    """

    def __init__(
        self, course: Course, draws: Draws, watch: Callable[[Synchronisation], None] | None = None
    ) -> None:
        runs, units, _ = course.shape
        self._course, self._draws, self._watch = course, draws, watch
        self._slowness = draws.slowness()
        self._sending, self._receiving = draws.links()
        self._stops = Stops(draws, course.shape, course.recovery)
        self._outages = Outages(draws, runs, units) if course.outages else None
        self._tally = Tally.empty(runs)
        self._idle = np.zeros(runs)
        self._round = 0
        self._close, self._opened = np.zeros(runs), np.zeros(runs)
        # When each unit last stopped, and when it is or was back; regions never stop.
        self._since, self._back = np.full((runs, units), -np.inf), np.full((runs, units), -np.inf)
        # What stops before the close cost: work, and time down but for the last stop of each unit [s].
        self._lost, self._down = [0.0] * runs, [0.0] * runs
        self._stopped: list[Stop] = []
        self._merged = np.ones((runs, units), dtype=bool)
        self._applied = course.transport.receive(course.line, self._receiving, self._merged)
        nothing = np.zeros((runs, units))
        sending = course.transport.send(course.line, self._sending)
        self._attempt = _Attempt(
            begun=nothing,
            work=nothing,
            share=1.0,
            ready=-sending,
            sending=sending,
            arrival=np.full((runs, units), np.inf),
            base=nothing,
        )

    def run(self, progress: Callable[[float], None] | None = None) -> Tally:
        """Return what the runs add up to; ``progress`` is told the share that is done."""
        active = np.ones(self._course.shape[0], dtype=bool)
        while active.any():
            arrival_before = self._attempt.arrival
            away = self._work()
            active = self._count(self._synchronise(arrival_before), away, active)
            self._round += 1
            if progress is not None:
                progress(self._done())
        self._tally.stops = np.asarray(self._stops.count, dtype=float)
        return self._tally

    def _work(self) -> Array | float:
        """Let every unit without work in hand do its next; return the time that members were away."""
        course, before = self._course, self._attempt
        late = None if self._merged.all() else ~self._merged
        begun = before.ready if course.overlap > 0.0 or not course.policy.waits else self._applied
        if late is not None:
            anew = before.begun if course.merges_late else np.maximum(self._applied, self._back)
            begun = np.where(late, anew, begun)
        done = course.units.work(begun, self._draws, self._slowness, self._stops)
        ready = self._ready(begun, done.duration, self._applied)
        if not course.policy.waits:  # a line carries one update at a time
            ready = np.maximum(ready, np.where(np.isfinite(before.arrival), before.arrival, -np.inf))
        sending = course.transport.send(course.line, self._sending * self._draws.sending())
        attempt = _Attempt(
            begun=begun,
            work=done.duration,
            share=done.share,
            ready=ready,
            sending=sending,
            arrival=ready + sending,
            base=np.full(begun.shape, float(self._round)),
        )
        carried_on = late if course.merges_late else None
        if carried_on is None:
            self._attempt, away = attempt, done.away
        else:
            self._attempt = _carried_on(before, attempt, carried_on)
            away = np.where(carried_on, 0.0, done.away)
        if self._outages is not None:
            cut = self._outages.begin < self._attempt.arrival
            for run, unit in np.argwhere(cut if carried_on is None else cut & ~carried_on).tolist():
                self._outages.forget(run, unit, min(ready.item(run, unit), self._close.item(run)))
                self._send(run, unit)
        return away

    def _ready(
        self, begun: Array, work: Array, applied: Array, later: Callable[..., Array] = np.maximum
    ) -> Array:
        """Return when work is ready to be sent, of many units or, with ``later`` as ``max``, of one."""
        overlap, gate = self._course.overlap, applied if self._course.policy.waits else begun
        return later(begun + overlap * work, gate) + (1.0 - overlap) * work

    def _send(self, run: int, unit: int) -> None:
        """Let a unit send what is ready, and wait while its link is cut."""
        attempt = self._attempt
        ready = attempt.ready.item(run, unit)
        arrival = ready + attempt.sending.item(run, unit)
        if self._outages is not None and self._outages.begin.item(run, unit) < arrival:
            arrival = self._outages.through(run, unit, ready, arrival)
        attempt.arrival[run, unit] = arrival

    def _met(self, arrival_before: Array) -> Array:
        """Let units stop; return when the synchronisation closes (runs, 1), or pairs meet (runs, units)."""
        course, stops, attempt = self._course, self._stops, self._attempt
        close_before = self._close[:, None]
        self._lost, self._down = [0.0] * course.shape[0], [0.0] * course.shape[0]
        self._stopped = []
        while self._stop_before(close_before):  # after the last update had arrived
            pass
        noticed = np.where(self._back > close_before, self._since, stops.of_units) + course.recovery.notice
        if self._outages is not None:
            # An outage matters that holds up the new weights or what is sent, and not one in between.
            begin, end = self._outages.begin, self._outages.end
            cut = (end > attempt.ready) | ((begin <= close_before) & (end > close_before))
            noticed = np.minimum(noticed, np.where(cut, begin + course.recovery.notice, np.inf))
        waiting = Waiting(attempt.arrival, noticed, self._close, self._opened, arrival_before)
        pairs = self._draws.partners() if course.transport.pairs else None

        def closes() -> Array:
            return course.policy.close(waiting)[:, None] if pairs is None else _pairs_meet(waiting, pairs)

        for _ in range(_MOST_TRIES):
            met = closes()
            if not self._stop_before(np.minimum(attempt.arrival, np.minimum(met, course.duration))):
                return met
        attempt.arrival[stops.of_units < attempt.arrival] = np.inf
        return closes()

    def _stop_before(self, limit: Array) -> bool:
        """Let every unit stop that does so next before a time; return whether any does."""
        if not self._course.units.stops_whole:
            return False
        stopping = self._stops.of_units < limit
        if not stopping.any():
            return False
        self._attempt.begun = self._attempt.begun.copy()  # it may be what was ready, or applied, before
        for run, unit in np.argwhere(stopping)[self._stops.of_units[stopping].argsort()].tolist():
            self._stop(run, unit)
        return True

    def _stop(self, run: int, unit: int) -> None:
        """Let a unit stop, lose its work, come back and begin it again."""
        attempt, at = self._attempt, (run, unit)
        begun, work = attempt.begun.item(at), attempt.work.item(at)
        close, back_before = self._close.item(run), self._back.item(at)
        stop, back = self._stops.happen(run, unit)
        if self._watch is not None:
            self._stopped.append(Stop(run, unit, begun, stop, back))
        self._lost[run] += min(max(stop - begun, 0.0), work)
        if stop >= back_before:
            self._down[run] += max(back_before - max(self._since.item(at), close), 0.0)
            self._down[run] += max(min(back, close) - stop, 0.0)  # which had closed without it
            self._since[at] = stop
        back = max(back, back_before)
        begun = max(begun, back)
        self._back[at], attempt.begun[at], attempt.base[at] = back, begun, self._round
        attempt.ready[at] = self._ready(begun, work, self._applied.item(at), max)
        self._send(run, unit)

    def _synchronise(self, arrival_before: Array) -> Array:
        """Return when the synchronisation closes in every run, and let the new weights go out."""
        course, attempt = self._course, self._attempt
        met = self._met(arrival_before)
        self._merged = (attempt.arrival <= met) & np.isfinite(met)
        # A unit that never meets anybody again keeps nobody else from going on.
        close = met[:, 0] if met.shape[1] == 1 else np.where(self._merged, met, -np.inf).max(axis=1)
        close = np.where(np.isfinite(close), close, np.inf)
        factor = self._receiving * self._draws.receiving()
        self._applied = met + course.transport.receive(course.line, factor, self._merged)
        if self._outages is not None:
            cut = (self._outages.begin < self._applied) & (self._outages.end > met)
            for run, unit in np.argwhere(cut).tolist():
                begun, applied = float(met[run, min(unit, met.shape[1] - 1)]), float(self._applied[run, unit])
                self._applied[run, unit] = self._outages.through(run, unit, begun, applied)
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
        """Add a synchronisation to the tally; return which runs go on."""
        course, tally, attempt, merged = self._course, self._tally, self._attempt, self._merged
        shares = np.where(merged, attempt.share, 0.0)
        periods = shares.sum(axis=1)
        self._idle = np.where(periods > 0.0, 0, self._idle + 1)
        stalled = active & (np.isinf(close) | (self._idle > _MOST_TRIES))
        goes_on = active & ~stalled
        close = np.where(goes_on, np.maximum(close, self._close), self._close)  # of pairs, who may drop out
        lasted = close - self._close
        with np.errstate(invalid="ignore", divide="ignore"):  # of runs that are over
            by_time = (course.duration - self._close) / lasted
            by_work = (course.periods - tally.periods) / periods
        part = np.where(goes_on, np.fmin(np.fmin(by_time, by_work), 1.0), 0.0)
        tally.stalled_at[stalled] = close[stalled]
        tally.duration += part * lasted
        tally.longest = np.maximum(tally.longest, part * lasted)
        tally.synchronisations += part
        tally.periods += part * periods
        tally.updates += part * merged.sum(axis=1)
        tally.useful += part * (shares * attempt.work).sum(axis=1)
        until = close[:, None]
        tally.up += part * (~self._unreachable(until)).sum(axis=1)
        begun = np.clip(until - attempt.begun, 0.0, attempt.work)
        if not course.merges_late:  # members are away from what was begun of a work that is given up
            away = np.where(merged, away, away * begun / np.maximum(attempt.work, _NO_TIME))
        down = np.minimum(self._back, until) - np.maximum(self._since, self._close[:, None])
        tally.down += part * (np.asarray(self._down) + np.sum(np.maximum(down, 0.0) + away, axis=1))
        tally.lost += part * np.asarray(self._lost)
        if course.merges_late:
            tally.staleness += part * np.where(merged, self._round - attempt.base, 0.0).sum(axis=1)
        else:
            tally.lost += part * np.where(merged, 0.0, begun * attempt.share).sum(axis=1)
        if np.isfinite(course.duration):  # the nodes of a stalled run stand idle to the end
            tally.duration[stalled] = course.duration
        goes_on &= (part == 1.0) & (tally.periods < course.periods)
        self._opened, self._close = self._close, close
        over = active & ~goes_on
        if over.any():  # nothing is followed in a run that is over
            self._stops.of_units[over] = np.inf
            if self._outages is not None:
                self._outages.begin[over] = np.inf
        return goes_on

    def _unreachable(self, at: Array) -> Array:
        """Return which units are down, or cut off, at a time."""
        gone = self._back > at
        if self._outages is not None:
            gone |= (self._outages.begin <= at) & (self._outages.end > at)
        return gone

    def _done(self) -> float:
        """Return the share of the course that the slowest run has behind it."""
        by_time = self._tally.duration / self._course.duration
        by_work = self._tally.periods / self._course.periods
        return float(np.maximum(by_time, by_work).min())


def _carried_on(before: _Attempt, new: _Attempt, late: Array) -> _Attempt:
    """Return new work, but for those who still have theirs in hand."""
    kept = {
        name: np.where(late, getattr(before, name), getattr(new, name))
        for name in ("begun", "work", "share", "ready", "sending", "arrival", "base")
    }
    return _Attempt(**kept)


def _pairs_meet(waiting: Waiting, order: Array) -> Array:
    """Return when each unit and its random partner have exchanged, or it knows that the partner is down."""
    arrival, noticed = waiting.arrival, waiting.noticed
    met = arrival.copy()
    pairs = order.shape[1] // 2
    one, other = order[:, 0 : 2 * pairs : 2], order[:, 1 : 2 * pairs : 2]
    rows = np.arange(len(order))[:, None]
    for mine, partner in ((one, other), (other, one)):
        its = np.minimum(arrival[rows, partner], noticed[rows, partner])
        met[rows, mine] = np.maximum(arrival[rows, mine], its)
    return met
