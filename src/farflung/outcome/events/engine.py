"""The event engine: synchronisation after synchronisation, for all runs and units at once.

Between two synchronisations nothing that one unit does touches another, so that the events of all units can
be taken together, as arrays over runs and units; only what is rare (a node that fails, a link that is cut)
is followed one by one. What a unit does is told by when it is ready to send:

    ready = max(begun + θ work, weights there) + (1 − θ) work

where θ is the share of its steps that it may take before what it sent last comes back: 0 where exchanges
block, 1 where they run beside all the steps. It begins when it was last ready, or, if it was not in the last
synchronisation or may not run on, when the weights are there. A run begins in its steady state, with the
weights on their way to all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.course import Course, Synchronisation, Tally
from farflung.outcome.events.draws import Draws
from farflung.outcome.events.policies import Waiting
from farflung.outcome.events.stops import Stops

_MOST_TRIES = 1_000
"""Times a unit begins the same work anew, or rounds without any work merged, before a run is stalled."""


@dataclass(slots=True)
class _Attempt:
    """The work each unit has in hand (runs, units)."""

    begun: Array
    work: Array
    share: Array | float
    ready: Array
    arrival: Array
    base: Array
    """Which synchronisation the work began after."""
    since: Array
    """When the unit stopped in it, infinite if it did not."""
    back: Array


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
        self._outages = _first_outages(draws, runs, units) if course.outages else None
        self._never = np.full((runs, units), np.inf)
        self._tally = Tally.empty(runs)
        self._idle = np.zeros(runs)
        self._end = np.full(runs, course.duration)
        self._round = 0
        self._close, self._opened = np.zeros(runs), np.zeros(runs)
        self._merged = np.ones((runs, units), dtype=bool)
        self._applied = course.transport.receive(course.line, self._receiving, self._merged)
        nothing = np.zeros((runs, units))
        self._attempt = _Attempt(
            begun=nothing,
            work=nothing,
            share=1.0,
            ready=-course.transport.send(course.line, self._sending),
            arrival=self._never,
            base=nothing,
            since=self._never,
            back=-self._never,
        )

    def run(self, progress: Callable[[float], None] | None = None) -> Tally:
        """Return what the runs add up to; ``progress`` is told the share that is done."""
        active = np.ones(self._course.shape[0], dtype=bool)
        while active.any():
            arrival_before = self._attempt.arrival
            away = self._work()
            close = self._synchronise(arrival_before)
            active = self._count(close, away, active)
            self._opened, self._close = self._close, close
            self._round += 1
            if progress is not None:
                progress(self._done())
        self._tally.stops = self._stops.count
        return self._tally

    def _work(self) -> Array | float:
        """Let every unit without work in hand do its next; return the time that members were away."""
        course, before = self._course, self._attempt
        runs_on = course.overlap > 0.0 or not course.policy.waits
        begun = before.ready if runs_on else self._applied
        late = None if self._merged.all() else ~self._merged
        if late is not None:
            begun = np.where(late, np.maximum(self._applied, before.back), begun)
        done = course.units.work(begun, self._draws, self._slowness, self._stops)
        gate = self._applied if course.policy.waits else begun
        ready = np.maximum(begun + course.overlap * done.duration, gate)
        ready += (1.0 - course.overlap) * done.duration
        still_away = before.back > self._close[:, None]
        attempt = _Attempt(
            begun=begun,
            work=done.duration,
            share=done.share,
            ready=ready,
            arrival=ready + course.transport.send(course.line, self._sending * self._draws.sending()),
            base=np.full(begun.shape, float(self._round)),
            since=np.where(still_away, before.since, np.inf) if still_away.any() else self._never,
            back=before.back,
        )
        fresh = None
        if late is not None and course.merges_late:
            attempt, fresh = _carried_on(before, attempt, late), ~late
        self._interrupt(attempt, fresh)
        self._attempt = attempt
        return done.away

    def _interrupt(self, attempt: _Attempt, fresh: Array | None) -> None:
        """Follow the units that stop, or whose link is cut, before a new update has arrived."""
        if self._course.units.stops_whole:
            stopping = self._stops.of_units < attempt.arrival
            if fresh is not None:
                stopping &= fresh
            if stopping.any():
                for name in ("begun", "ready", "since", "back"):
                    setattr(attempt, name, getattr(attempt, name).copy())
                for run, unit in np.argwhere(stopping):
                    self._begin_anew(attempt, run, unit)
        if self._outages is not None:
            cut = self._outages < attempt.arrival
            for run, unit in np.argwhere(cut if fresh is None else cut & fresh):
                self._wait_for_link(attempt, run, unit)

    def _begin_anew(self, attempt: _Attempt, run: int, unit: int) -> None:
        """Let a unit stop, lose its work, come back and do it again, as often as it stops."""
        at, work = (run, unit), float(attempt.work[run, unit])
        sending = attempt.arrival[at] - attempt.ready[at]
        for _ in range(_MOST_TRIES):
            if not self._stops.of_units[at] < attempt.arrival[at]:
                return
            stop, back = self._stops.happen(run, unit)
            if stop < self._end[run]:
                self._tally.lost[run] += min(max(stop - attempt.begun[at], 0.0), work)
            attempt.since[at], attempt.back[at] = stop, back
            attempt.begun[at] = max(attempt.begun[at], back)
            attempt.ready[at] = attempt.begun[at] + work
            attempt.arrival[at] = attempt.ready[at] + sending
            if attempt.begun[at] >= self._course.duration:
                return
        attempt.arrival[at] = np.inf

    def _wait_for_link(self, attempt: _Attempt, run: int, unit: int) -> None:
        """Let a sending wait while its link is cut."""
        assert self._outages is not None
        at = (run, unit)
        while self._outages[at] < attempt.arrival[at] < np.inf:
            begun = float(self._outages[at])
            over = begun + self._draws.outage(run, unit)
            attempt.arrival[at] += _overlap(begun, over, float(attempt.ready[at]), np.inf)
            self._outages[at] = over + self._draws.until_outage(run, unit)

    def _synchronise(self, arrival_before: Array) -> Array:
        """Return when the synchronisation closes in every run, and let the new weights go out."""
        course, attempt = self._course, self._attempt
        noticed = attempt.since
        if noticed is not self._never:
            noticed = np.where(attempt.back > self._close[:, None], noticed + course.recovery.notice, np.inf)
        if course.transport.pairs:
            met = _pairs_meet(attempt.arrival, noticed, self._draws.partners())
            close = met.max(axis=1)
            self._merged = np.isfinite(met)
        else:
            waiting = Waiting(attempt.arrival, noticed, self._close, self._opened, arrival_before)
            close = course.policy.close(waiting)
            met = close[:, None]
            self._merged = attempt.arrival <= met
        factor = self._receiving * self._draws.receiving()
        self._applied = met + course.transport.receive(course.line, factor, self._merged)
        if self._watch is not None:
            self._watch(
                Synchronisation(
                    begun=attempt.begun,
                    work=attempt.work,
                    ready=attempt.ready,
                    arrival=attempt.arrival,
                    close=met,
                    applied=self._applied,
                    merged=self._merged,
                    since=attempt.since,
                    back=attempt.back,
                )
            )
        return close

    def _count(self, close: Array, away: Array | float, active: Array) -> Array:
        """Add a synchronisation to the tally; return which runs go on."""
        course, tally, attempt, merged = self._course, self._tally, self._attempt, self._merged
        work = attempt.work * attempt.share
        periods = np.where(merged, attempt.share, 0.0).sum(axis=1)
        lasted = close - self._close
        with np.errstate(invalid="ignore", divide="ignore"):  # what a stalled run would have done is masked
            by_time = (course.duration - self._close) / lasted
            by_work = (course.periods - tally.periods) / periods
        part = np.where(active, np.fmin(np.fmin(by_time, by_work), 1.0), 0.0)
        self._idle = np.where(periods > 0.0, 0, self._idle + 1)
        stalled = active & (np.isinf(close) | (self._idle > _MOST_TRIES))
        part[stalled] = 0.0
        counted = merged.sum(axis=1)
        tally.stalled[stalled] = 1.0
        tally.synchronisations += part
        tally.periods += part * periods
        tally.updates += part * counted
        tally.up += part * (attempt.back <= close[:, None]).sum(axis=1)
        tally.useful += part * np.where(merged, work, 0.0).sum(axis=1)
        tally.down += part * np.sum(away + self._down(close), axis=1)
        if course.merges_late:
            tally.staleness += part * np.where(merged, self._round - attempt.base, 0.0).sum(axis=1)
        elif not merged.all():
            given_up = np.where(merged | np.isfinite(attempt.since), 0.0, close[:, None] - attempt.begun)
            tally.lost += part * np.clip(given_up, 0.0, work).sum(axis=1)
        moved = np.where(active & ~stalled, part * np.where(np.isinf(lasted), 0.0, lasted), 0.0)
        tally.duration += moved
        tally.longest = np.maximum(tally.longest, moved)
        goes_on = active & ~stalled & (part == 1.0) & (tally.periods < course.periods)
        self._end[active & ~goes_on] = tally.duration[active & ~goes_on]
        return goes_on

    def _down(self, close: Array) -> Array:
        """Return how long each unit was down since the last close."""
        attempt = self._attempt
        if attempt.since is self._never:
            return np.zeros_like(attempt.work)
        until = np.minimum(attempt.back, close[:, None])
        return np.maximum(until - np.maximum(attempt.since, self._close[:, None]), 0.0)

    def _done(self) -> float:
        """Return the share of the course that the slowest run has behind it."""
        by_time = self._tally.duration / self._course.duration
        by_work = self._tally.periods / self._course.periods
        return float(np.maximum(by_time, by_work).min())


def _overlap(begin: float, end: float, least: float, most: float) -> float:
    """Return how much of an interval lies within another."""
    return max(min(end, most) - max(begin, least), 0.0)


def _first_outages(draws: Draws, runs: int, units: int) -> Array:
    """Return when each link is cut first (runs, units) [s]."""
    return np.array([[draws.until_outage(run, unit) for unit in range(units)] for run in range(runs)])


def _carried_on(before: _Attempt, new: _Attempt, late: Array) -> _Attempt:
    """Return new work, but for those who still have theirs in hand."""
    kept = {
        name: np.where(late, getattr(before, name), getattr(new, name))
        for name in ("begun", "work", "share", "ready", "arrival", "base", "since", "back")
    }
    return _Attempt(**kept)


def _pairs_meet(arrival: Array, noticed: Array, order: Array) -> Array:
    """Return when each unit and its random partner have exchanged, or it knows that the partner is down."""
    met = arrival.copy()
    pairs = order.shape[1] // 2
    one, other = order[:, 0 : 2 * pairs : 2], order[:, 1 : 2 * pairs : 2]
    rows = np.arange(len(order))[:, None]
    for mine, partner in ((one, other), (other, one)):
        its = np.minimum(arrival[rows, partner], noticed[rows, partner])
        met[rows, mine] = np.maximum(arrival[rows, mine], its)
    return met
