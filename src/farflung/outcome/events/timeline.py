"""What every worker did in one run: when it computed, waited, sent, received and was down.

A timeline is passed to :func:`simulate` as ``watch``. It records one run, for so many workers and
synchronisations. A worker has three lanes, since an exchange may run beside computing, and sending beside
receiving: what it does, what it sends, what it receives.
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
from farflung.outcome.events.run_spec import Interruption, RunSpec, Synchronisation

Activity = Literal["computing", "waiting", "down", "sending", "receiving"]
Update = Literal["merged", "late", "lost"]
LANES: tuple[tuple[str, frozenset[Activity]], ...] = (
    ("", frozenset({"computing", "waiting", "down"})),
    ("sends", frozenset({"sending"})),
    ("receives", frozenset({"receiving"})),
)
"""What a worker does one after the other, and beside what it does otherwise."""
_FIELDS = tuple(field.name for field in fields(Synchronisation) if field.name != "stops")


@dataclass(frozen=True, slots=True)
class Interval:
    """What one worker did from one time to another.

    Attributes
    ----------
    worker, synchronisation
        Which worker, and for which synchronisation, both counted from 0.
    activity
        What it did.
    begin, end
        From the start of the run [s].
    update
        What became of the update that was made or sent: ``merged``, ``late`` (in a later synchronisation
        than its own) or ``lost``; nothing where none was in hand.
    bits
        What passed the worker's link, at an even rate [bit].
    """

    worker: int
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
    """What an observer of each worker's link sees.

    Attributes
    ----------
    edges
        Ends of the bins of time (bins + 1,) [s].
    sent, received
        Mean rates within each (workers, bins) [bit/s].
    """

    edges: Array
    sent: Array
    received: Array

    def write(self, file: str | Path) -> None:
        """Write one row for each worker and bin as CSV."""
        with Path(file).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("worker", "begin_s", "end_s", "sent_bps", "received_bps"))
            for worker, (sent, received) in enumerate(zip(self.sent, self.received, strict=True)):
                ends = (self.edges[:-1], self.edges[1:], sent, received)
                writer.writerows(
                    (worker, *row) for row in zip(*(column.tolist() for column in ends), strict=True)
                )


class Timeline:
    """What the workers of one run did.

    Parameters
    ----------
    spec
        What the runs do.
    run
        Which of them.
    workers, synchronisations
        How many of each are recorded, from the first.
    """

    def __init__(self, spec: RunSpec, *, run: int = 0, workers: int = 64, synchronisations: int = 20) -> None:
        self.spec, self.run, self.most = spec, run, synchronisations
        self.workers = min(workers, spec.shape[1])
        self._records: list[Mapping[str, Array]] = []
        self._interruptions: list[tuple[Interruption, ...]] = []
        self._periods, self._over = 0.0, False

    def __call__(self, happened: Synchronisation) -> None:
        """Record one synchronisation, while there is room and the run goes on."""
        if self._over or len(self._records) > self.most:  # one more, to know what was begun meanwhile
            return
        rows = {name: getattr(happened, name)[self.run] for name in _FIELDS}
        close = np.broadcast_to(rows["close"], rows["ready"].shape)
        self._records.append(
            {name: row[: self.workers].copy() for name, row in {**rows, "close": close}.items()}
        )
        self._interruptions.append(tuple(stop for stop in happened.stops if stop.run == self.run))
        self._periods += float(rows["merged"].sum())
        # Other runs may go on after this one has ended.
        self._over = not close.max() < self.spec.duration or self._periods >= self.spec.periods
        self.__dict__.pop("intervals", None)

    @property
    def synchronisations(self) -> int:
        """Return how many synchronisations are kept."""
        return min(len(self._records), self.most)

    @property
    def end(self) -> float:
        """Return the time until which is known what the workers did [s]."""
        if not self._records:
            return 0.0
        if len(self._records) > self.most:
            return min(float(self._records[self.most - 1]["close"].max()), self.spec.duration)
        last = self._records[-1]
        known = np.concatenate(
            [last[name][np.isfinite(last[name])] for name in ("ready", "close", "applied")]
        )
        reached = last["applied"] if np.isfinite(last["applied"]).all() else known
        return min(float(reached.max(initial=0.0)), self.spec.duration)

    @property
    def covered(self) -> str:
        """Return in words what is kept."""
        of_workers = f" of {self.spec.shape[1]:,}" if self.spec.shape[1] > self.workers else ""
        covered = f"run {self.run}, first {self.synchronisations:,} synchronisations"
        name = f"{self.spec.workers.name}{'s' if self.workers > 1 else ''}"
        return f"{covered}, {self.workers:,}{of_workers} {name}"

    @property
    def fine_step(self) -> float:
        """Return a width of bins that shows each exchange [s]."""
        begin = min((interval.begin for interval in self.intervals), default=0.0)
        return (self.end - begin) / (_BINS * max(self.synchronisations, 1)) or 1.0

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """Return what all workers did, worker by worker; within a lane one thing after the other."""
        end = self.end
        cut = (each.until(end) for worker in range(self.workers) for each in self._of_worker(worker))
        return tuple(interval for interval in cut if interval.end > interval.begin)

    def traffic(self, step: float) -> Traffic:
        """Return the rates at which each worker sent and received, over bins of time.

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
        begin = min((interval.begin for interval in self.intervals), default=0.0)
        bins = math.ceil((self.end - begin) / step) if step > 0.0 else math.inf
        if not bins * self.workers <= _MOST_RATES:
            least = (self.end - begin) * self.workers / _MOST_RATES
            raise InputError("step", f"{step:g} s is too short a bin", nearest=f"above {least:.3g} s")
        edges = begin + step * np.arange(bins + 1)
        sent, received = (
            np.stack(
                [
                    np.diff(
                        _passed(
                            [interval for interval in self._transfers[worker] if interval.lane == lane], edges
                        )
                    )
                    / step
                    for worker in range(self.workers)
                ]
            )
            for lane in (1, 2)
        )
        return Traffic(edges, sent, received)

    def chrome_trace(self) -> dict[str, Any]:
        """Return the timeline as a Chrome trace-event object, for ``chrome://tracing`` or Perfetto.

        The run is a process, each lane of a worker a thread, since transfers may overlap
        with computing. Times count from the first event [µs].
        """
        begin = min((interval.begin for interval in self.intervals), default=0.0)
        micro = factor("s", "us")
        events = [
            {
                "name": interval.activity
                if interval.update in {None, "merged"}
                else f"{interval.activity}, {interval.update}",
                "cat": interval.activity,
                "ph": "X",
                "pid": self.run,
                "tid": self._thread(interval.worker, interval.lane),
                "ts": (interval.begin - begin) * micro,
                "dur": (interval.end - interval.begin) * micro,
                "args": {
                    "synchronisation": interval.synchronisation,
                    "update": interval.update,
                    "bits": interval.bits,
                },
            }
            for interval in self.intervals
        ]
        return {"traceEvents": [*self._named(), *events], "displayTimeUnit": "ms"}

    def _named(self) -> Iterator[dict[str, Any]]:
        """Yield the names of the process and its threads."""
        yield {"name": "process_name", "ph": "M", "pid": self.run, "args": {"name": f"run {self.run}"}}
        for worker in range(self.workers):
            for lane, (words, _) in enumerate(LANES):
                thread = {"ph": "M", "pid": self.run, "tid": self._thread(worker, lane)}
                name = f"{self.spec.workers.name} {worker} {words}".rstrip()
                yield {"name": "thread_name", **thread, "args": {"name": name}}
                yield {"name": "thread_sort_index", **thread, "args": {"sort_index": thread["tid"]}}

    def _thread(self, worker: int, lane: int) -> int:
        return len(LANES) * worker + lane

    @cached_property
    def _transfers(self) -> Sequence[Sequence[Interval]]:
        """Return what passed each worker's link."""
        transfers: list[list[Interval]] = [[] for _ in range(self.workers)]
        for interval in self.intervals:
            if interval.bits:
                transfers[interval.worker].append(interval)
        return transfers

    def _of_worker(self, worker: int) -> Iterator[Interval]:
        rows = [
            _Row(
                **{name: rows[name][worker].item() for name in _FIELDS},
                stops=tuple(stop for stop in stops if stop.worker == worker),
            )
            for rows, stops in zip(self._records, self._interruptions, strict=True)
        ]
        yield from _worked(self.spec, worker, rows)
        yield from _exchanged(self.spec, worker, rows)


_BINS = 60
"""Bins of time for each synchronisation, unless the width is given."""
_MOST_RATES = 20_000_000
"""Numbers that a series of rates may hold."""
_ROUNDING = 1e-12
"""Relative difference up to which two times are the same one, rounded differently."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One worker in one synchronisation; as in :class:`Synchronisation`."""

    begun: float
    work: float
    ready: float
    arrival: float
    close: float
    applied: float
    merged: bool
    since: float
    back: float
    stops: tuple[Interruption, ...]

    @property
    def is_there(self) -> bool:
        """Return whether the worker is up when the new weights come."""
        return not self.since <= self.applied < self.back


def _attempts(spec: RunSpec, rows: Sequence[_Row]) -> Iterator[tuple[int, int, Update]]:
    """Yield every piece of work once: for which synchronisation it was begun, in which it ended, and how.

    Where late updates are merged, a worker that is late carries its work on into the next synchronisation.
    """
    first = 0
    for at, row in enumerate(rows):
        carried = spec.merges_late and not row.merged
        if carried and at + 1 < len(rows):
            continue
        on_time = row.merged and first == at
        yield first, at, "merged" if on_time else "late" if row.merged or carried else "lost"
        first = at + 1


def _worked(spec: RunSpec, worker: int, rows: Sequence[_Row]) -> Iterator[Interval]:
    """Yield what a worker did, one after the other: computed, waited, was down."""
    free = min(rows[0].begun, 0.0) if rows else 0.0
    for first, at, update in _attempts(spec, rows):
        stops = [stop for row in rows[first : at + 1] for stop in row.stops]
        for interval in _tried(spec, worker, at, rows[at], update, stops=stops):
            begin = max(interval.begin, free)
            if interval.end <= begin:
                continue
            if begin > free:
                yield Interval(worker, "waiting", free, begin, at)
            yield replace(interval, begin=begin)
            free = interval.end
    known = (rows[-1].applied if _blocks(spec) else rows[-1].ready) if rows else free
    if known > free:
        yield Interval(worker, "waiting", free, known, len(rows) - 1)


def _blocks(spec: RunSpec) -> bool:
    return spec.overlap == 0.0 and spec.policy.waits


def _tried(
    spec: RunSpec, worker: int, at: int, row: _Row, update: Update, *, stops: Sequence[Interruption]
) -> Iterator[Interval]:
    """Yield what one piece of work took: what was lost with each stop, the time down, and the work."""
    for stop in stops:
        yield Interval(worker, "computing", stop.begun, min(stop.begun + row.work, stop.since), at, "lost")
        yield Interval(worker, "down", stop.since, stop.back, at)
    given_up = row.close if update == "lost" else math.inf
    for begin, end in _computed(spec, row):
        yield Interval(worker, "computing", begin, min(end, given_up), at, update)


def _computed(spec: RunSpec, row: _Row) -> tuple[tuple[float, float], ...]:
    """Return when a worker took its steps: at one go, or up to its overlap and after the weights had come."""
    if row.ready - row.begun - row.work <= _ROUNDING * abs(row.ready):
        return ((row.begun, row.ready),)
    rest = (1.0 - spec.overlap) * row.work
    return (row.begun, row.begun + spec.overlap * row.work), (row.ready - rest, row.ready)


def _exchanged(spec: RunSpec, worker: int, rows: Sequence[_Row]) -> Iterator[Interval]:
    """Yield what passed a worker's link."""
    transport, link = spec.transport, spec.link
    sent, received = transport.bits_sent(link), transport.bits_received(link)
    for _, at, update in _attempts(spec, rows):
        row = rows[at]
        if not transport.sends_after_close and math.isfinite(row.arrival):
            sending = Interval(worker, "sending", row.ready, row.arrival, at, update, sent)
            yield sending.until(row.close) if update == "lost" else sending
    for at, row in enumerate(rows):
        if (not row.merged and (spec.merges_late or not row.is_there)) or math.isinf(row.applied):
            continue
        if transport.sends_after_close and row.merged:
            yield Interval(worker, "sending", row.close, row.applied, at, "merged", sent)
        begin = min(row.ready, row.close) if transport.receives_before_close else row.close
        yield Interval(worker, "receiving", begin, row.applied, at, None, received)


def _passed(transfers: Sequence[Interval], edges: Array) -> Array:
    """Return how many bits have passed by each of some times (times,) [bit]."""
    if not transfers:
        return np.zeros_like(edges)
    begin, end, bits = np.array([(interval.begin, interval.end, interval.bits) for interval in transfers]).T
    rates = bits / (end - begin)
    turns, changes = np.concatenate([begin, end]), np.concatenate([rates, -rates])
    order = np.argsort(turns)
    at, rate = turns[order], np.cumsum(changes[order])
    total = np.concatenate([[0.0], np.cumsum(rate[:-1] * np.diff(at))])
    return np.interp(edges, at, total)
