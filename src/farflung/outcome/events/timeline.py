"""What every unit did in one run: when it computed, waited, sent, received and was down.

A timeline is passed to :func:`simulate` as ``watch``. It keeps what the engine tells of one run, for so many
units and synchronisations, and takes it apart when it is asked. A unit has three lanes, since an exchange may
run beside computing, and sending beside receiving: what it does, what it sends, what it receives.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from farflung.base.arrays import Array
from farflung.base.errors import InputError
from farflung.base.units import factor
from farflung.outcome.events.course import Course, Stop, Synchronisation

Activity = Literal["computing", "waiting", "down", "sending", "receiving"]
Update = Literal["merged", "late", "lost"]
LANES: tuple[tuple[str, frozenset[Activity]], ...] = (
    ("", frozenset({"computing", "waiting", "down"})),
    ("sends", frozenset({"sending"})),
    ("receives", frozenset({"receiving"})),
)
"""What a unit does one after the other, and beside what it does otherwise."""
_FIELDS = tuple(one.name for one in fields(Synchronisation) if one.name != "stops")


@dataclass(frozen=True, slots=True)
class Interval:
    """What one unit did from one time to another.

    Attributes
    ----------
    unit, synchronisation
        Which unit, and for which synchronisation, both counted from 0.
    activity
        What it did.
    begin, end
        From the start of the run [s].
    update
        What became of the update that was made or sent: ``merged``, ``late`` (in a later synchronisation
        than its own) or ``lost``; nothing where none was in hand.
    bits
        What passed the unit's link, at an even rate [bit].
    """

    unit: int
    activity: Activity
    begin: float
    end: float
    synchronisation: int
    update: Update | None = None
    bits: float = 0.0

    @property
    def lane(self) -> int:
        """Return in which of the :data:`LANES` it lies."""
        return next(place for place, (_, held) in enumerate(LANES) if self.activity in held)

    def until(self, end: float) -> Interval:
        """Return what there is of it until a time, with the bits that have passed by then."""
        if self.end <= max(end, self.begin):
            return self
        share = max(end - self.begin, 0.0) / (self.end - self.begin)
        return replace(self, end=max(end, self.begin), bits=self.bits * share)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What an observer of each unit's line sees.

    Attributes
    ----------
    edges
        Ends of the bins of time (bins + 1,) [s].
    sent, received
        Mean rates within each (units, bins) [bit/s].
    """

    edges: Array
    sent: Array
    received: Array

    def write(self, file: str | Path) -> None:
        """Write one row for each unit and bin as CSV."""
        with Path(file).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("unit", "begin_s", "end_s", "sent_bps", "received_bps"))
            for unit, (sent, received) in enumerate(zip(self.sent, self.received, strict=True)):
                ends = (self.edges[:-1], self.edges[1:], sent, received)
                writer.writerows((unit, *row) for row in zip(*(one.tolist() for one in ends), strict=True))


class Timeline:
    """What the units of one run did.

    Parameters
    ----------
    course
        What the runs do.
    run
        Which of them.
    units, synchronisations
        How many of each are kept, from the first.
    """

    def __init__(self, course: Course, *, run: int = 0, units: int = 64, synchronisations: int = 20) -> None:
        self.course, self.run, self.most = course, run, synchronisations
        self.units = min(units, course.shape[1])
        self._kept: list[Mapping[str, Array]] = []
        self._stops: list[tuple[Stop, ...]] = []
        self._periods, self._over = 0.0, False

    def __call__(self, happened: Synchronisation) -> None:
        """Keep one synchronisation, while there is room and the run goes on."""
        if self._over or len(self._kept) > self.most:  # one more, to know what was begun meanwhile
            return
        one = {name: getattr(happened, name)[self.run] for name in _FIELDS}
        close = np.broadcast_to(one["close"], one["ready"].shape)
        self._kept.append({name: row[: self.units].copy() for name, row in {**one, "close": close}.items()})
        self._stops.append(tuple(stop for stop in happened.stops if stop.run == self.run))
        self._periods += float(one["merged"].sum())
        # Other runs may go on after this one has ended.
        self._over = not close.max() < self.course.duration or self._periods >= self.course.periods
        self.__dict__.pop("intervals", None)

    @property
    def synchronisations(self) -> int:
        """Return how many synchronisations are kept."""
        return min(len(self._kept), self.most)

    @property
    def end(self) -> float:
        """Return the time until which is known what the units did [s]."""
        if not self._kept:
            return 0.0
        if len(self._kept) > self.most:
            return min(float(self._kept[self.most - 1]["close"].max()), self.course.duration)
        last = self._kept[-1]
        known = np.concatenate(
            [last[name][np.isfinite(last[name])] for name in ("ready", "close", "applied")]
        )
        reached = last["applied"] if np.isfinite(last["applied"]).all() else known
        return min(float(reached.max(initial=0.0)), self.course.duration)

    @property
    def covered(self) -> str:
        """Return in words what is kept."""
        of_units = f" of {self.course.shape[1]:,}" if self.course.shape[1] > self.units else ""
        kept = f"run {self.run}, first {self.synchronisations:,} synchronisations"
        return f"{kept}, {self.units:,}{of_units} {self.course.units.name}{'s' if self.units > 1 else ''}"

    @property
    def fine_step(self) -> float:
        """Return a width of bins that shows each exchange [s]."""
        begin = min((one.begin for one in self.intervals), default=0.0)
        return (self.end - begin) / (_BINS * max(self.synchronisations, 1)) or 1.0

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """Return what all units did, unit by unit; within a lane one thing after the other."""
        end = self.end
        found = (one.until(end) for unit in range(self.units) for one in self._of_unit(unit))
        return tuple(one for one in found if one.end > one.begin)

    def traffic(self, step: float) -> Traffic:
        """Return the rates at which each unit sent and received, over bins of time.

        Bits are spread evenly over the time that their transfer took, latency included, and what an update
        given up had sent by then counts too, so that rates times bins add up to the bits of the intervals.

        Parameters
        ----------
        step
            Width of the bins [s].

        Raises
        ------
        InputError
            If the width is not above 0, or the bins are too many.
        """
        begin = min((one.begin for one in self.intervals), default=0.0)
        bins = math.ceil((self.end - begin) / step) if step > 0.0 else math.inf
        if not bins * self.units <= _MOST_RATES:
            least = (self.end - begin) * self.units / _MOST_RATES
            raise InputError("step", f"{step:g} s is too short a bin", nearest=f"above {least:.3g} s")
        edges = begin + step * np.arange(bins + 1)
        sent, received = (
            np.stack(
                [
                    np.diff(_passed([one for one in self._transfers[unit] if one.lane == lane], edges)) / step
                    for unit in range(self.units)
                ]
            )
            for lane in (1, 2)
        )
        return Traffic(edges, sent, received)

    def chrome_trace(self) -> dict[str, Any]:
        """Return the timeline as a Chrome trace-event object, for ``chrome://tracing`` or Perfetto.

        A process is the run. Each lane of a unit is a thread, since what passes a link may overlap with what
        is computed. Times count from the first event [µs].
        """
        begin = min((one.begin for one in self.intervals), default=0.0)
        micro = factor("s", "us")
        events = [
            {
                "name": one.activity if one.update in {None, "merged"} else f"{one.activity}, {one.update}",
                "cat": one.activity,
                "ph": "X",
                "pid": self.run,
                "tid": self._thread(one.unit, one.lane),
                "ts": (one.begin - begin) * micro,
                "dur": (one.end - one.begin) * micro,
                "args": {"synchronisation": one.synchronisation, "update": one.update, "bits": one.bits},
            }
            for one in self.intervals
        ]
        return {"traceEvents": [*self._named(), *events], "displayTimeUnit": "ms"}

    def _named(self) -> Iterator[dict[str, Any]]:
        """Yield the names of the process and its threads."""
        yield {"name": "process_name", "ph": "M", "pid": self.run, "args": {"name": f"run {self.run}"}}
        for unit in range(self.units):
            for lane, (words, _) in enumerate(LANES):
                thread = {"ph": "M", "pid": self.run, "tid": self._thread(unit, lane)}
                name = f"{self.course.units.name} {unit} {words}".rstrip()
                yield {"name": "thread_name", **thread, "args": {"name": name}}
                yield {"name": "thread_sort_index", **thread, "args": {"sort_index": thread["tid"]}}

    def _thread(self, unit: int, lane: int) -> int:
        return len(LANES) * unit + lane

    @cached_property
    def _transfers(self) -> Sequence[Sequence[Interval]]:
        """Return what passed each unit's link."""
        found: list[list[Interval]] = [[] for _ in range(self.units)]
        for one in self.intervals:
            if one.bits:
                found[one.unit].append(one)
        return found

    def _of_unit(self, unit: int) -> Iterator[Interval]:
        rows = [
            _Row(
                **{name: one[name][unit].item() for name in _FIELDS},
                stops=tuple(stop for stop in stops if stop.unit == unit),
            )
            for one, stops in zip(self._kept, self._stops, strict=True)
        ]
        yield from _worked(self.course, unit, rows)
        yield from _exchanged(self.course, unit, rows)


_BINS = 60
"""Bins of time for each synchronisation, unless the width is given."""
_MOST_RATES = 20_000_000
"""Numbers that a series of rates may hold."""
_ROUNDING = 1e-12
"""Relative difference up to which two times are the same one, rounded differently."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One unit in one synchronisation; as in :class:`Synchronisation`."""

    begun: float
    work: float
    ready: float
    arrival: float
    close: float
    applied: float
    merged: bool
    since: float
    back: float
    stops: tuple[Stop, ...]

    @property
    def is_there(self) -> bool:
        """Return whether the unit is up when the new weights come."""
        return not self.since <= self.applied < self.back


def _attempts(course: Course, rows: Sequence[_Row]) -> Iterator[tuple[int, int, Update]]:
    """Yield every piece of work once: for which synchronisation it was begun, in which it ended, and how.

    Where late updates are merged, a unit that is late carries its work on into the next synchronisation.
    """
    first = 0
    for at, row in enumerate(rows):
        carried = course.merges_late and not row.merged
        if carried and at + 1 < len(rows):
            continue
        on_time = row.merged and first == at
        yield first, at, "merged" if on_time else "late" if row.merged or carried else "lost"
        first = at + 1


def _worked(course: Course, unit: int, rows: Sequence[_Row]) -> Iterator[Interval]:
    """Yield what a unit did, one after the other: computed, waited, was down."""
    free = min(rows[0].begun, 0.0) if rows else 0.0
    for first, at, update in _attempts(course, rows):
        stops = [stop for row in rows[first : at + 1] for stop in row.stops]
        for one in _tried(course, unit, at, rows[at], update, stops=stops):
            begin = max(one.begin, free)
            if one.end <= begin:
                continue
            if begin > free:
                yield Interval(unit, "waiting", free, begin, at)
            yield replace(one, begin=begin)
            free = one.end
    known = (rows[-1].applied if _blocks(course) else rows[-1].ready) if rows else free
    if known > free:
        yield Interval(unit, "waiting", free, known, len(rows) - 1)


def _blocks(course: Course) -> bool:
    return course.overlap == 0.0 and course.policy.waits


def _tried(
    course: Course, unit: int, at: int, row: _Row, update: Update, *, stops: Sequence[Stop]
) -> Iterator[Interval]:
    """Yield what one piece of work took: what was lost with each stop, the time down, and the work."""
    for stop in stops:
        yield Interval(unit, "computing", stop.begun, min(stop.begun + row.work, stop.since), at, "lost")
        yield Interval(unit, "down", stop.since, stop.back, at)
    given_up = row.close if update == "lost" else math.inf
    for begin, end in _computed(course, row):
        yield Interval(unit, "computing", begin, min(end, given_up), at, update)


def _computed(course: Course, row: _Row) -> tuple[tuple[float, float], ...]:
    """Return when a unit took its steps: at one go, or up to its overlap and after the weights had come."""
    if row.ready - row.begun - row.work <= _ROUNDING * abs(row.ready):
        return ((row.begun, row.ready),)
    rest = (1.0 - course.overlap) * row.work
    return (row.begun, row.begun + course.overlap * row.work), (row.ready - rest, row.ready)


def _exchanged(course: Course, unit: int, rows: Sequence[_Row]) -> Iterator[Interval]:
    """Yield what passed a unit's link."""
    transport, line = course.transport, course.line
    sent, received = transport.bits_sent(line), transport.bits_received(line)
    for _, at, update in _attempts(course, rows):
        row = rows[at]
        if not transport.sends_after_close and math.isfinite(row.arrival):
            sending = Interval(unit, "sending", row.ready, row.arrival, at, update, sent)
            yield sending.until(row.close) if update == "lost" else sending
    for at, row in enumerate(rows):
        if (not row.merged and (course.merges_late or not row.is_there)) or math.isinf(row.applied):
            continue
        if transport.sends_after_close and row.merged:
            yield Interval(unit, "sending", row.close, row.applied, at, "merged", sent)
        begin = min(row.ready, row.close) if transport.receives_before_close else row.close
        yield Interval(unit, "receiving", begin, row.applied, at, None, received)


def _passed(transfers: Sequence[Interval], edges: Array) -> Array:
    """Return how many bits have passed by each of some times (times,) [bit]."""
    if not transfers:
        return np.zeros_like(edges)
    begin, end, bits = np.array([(one.begin, one.end, one.bits) for one in transfers]).T
    rates = bits / (end - begin)
    turns, changes = np.concatenate([begin, end]), np.concatenate([rates, -rates])
    order = np.argsort(turns)
    at, rate = turns[order], np.cumsum(changes[order])
    total = np.concatenate([[0.0], np.cumsum(rate[:-1] * np.diff(at))])
    return np.interp(edges, at, total)
