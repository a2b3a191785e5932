"""What an event run is given, what can be seen of it, and what it adds up to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.interruptions import Recovery
from farflung.outcome.events.policies import Policy
from farflung.outcome.events.transports import Link, Transport
from farflung.outcome.events.workers import Workers


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What a run does and how long it goes on.

    Parameters
    ----------
    shape
        Runs, workers, and nodes of a worker.
    workers
        What synchronises.
    link, transport, policy
        What is exchanged, how, and when an exchange closes.
    merges_late
        Whether an update that comes too late is merged into the synchronisation in which it arrives. If
        not, its worker gives it up when the synchronisation closes, and begins the next with all others.
    overlap
        Share of a period's steps that go on while an exchange runs, θ [1].
    recovery
        What follows a stop.
    outages
        Whether links are cut at all.
    duration
        How long the run goes on, infinite where it goes on until it has its work done [s].
    periods
        Periods of work to be merged, over all workers, infinite where the duration decides [1].
    """

    shape: tuple[int, int, int]
    workers: Workers
    link: Link
    transport: Transport
    policy: Policy
    merges_late: bool
    overlap: float
    recovery: Recovery
    outages: bool
    duration: float
    periods: float


@dataclass(frozen=True, slots=True)
class Interruption:
    """A stop of a whole worker: when it had begun its work, when it stopped and when it was back [s]."""

    run: int
    worker: int
    begun: float
    since: float
    back: float


@dataclass(frozen=True, slots=True)
class Synchronisation:
    """One synchronisation as it went. Times from the start of the run [s]; arrays (runs, workers)."""

    begun: Array
    """When each worker began the work that it sends."""
    work: Array
    """How long that work takes."""
    ready: Array
    """When it was ready to send."""
    arrival: Array
    """When its update arrived."""
    close: Array
    """When the synchronisation closed (runs, 1), or each pair met (runs, workers)."""
    applied: Array
    """When the new weights were there."""
    merged: Array
    """Whether the update was in."""
    since: Array
    """When the worker stopped, infinite if it did not."""
    back: Array
    """When it was back."""
    stops: tuple[Interruption, ...] = ()
    """Every stop of a worker since the synchronisation before."""


@dataclass(slots=True)
class Totals:
    """What the runs add up to, one number for each; times in seconds, summed over workers."""

    duration: Array
    synchronisations: Array
    periods: Array
    """Periods of work merged."""
    updates: Array
    """Updates merged."""
    up: Array
    """Workers that were up at the close, summed over synchronisations."""
    staleness: Array
    """Synchronisations that closed while a merged update was made, beyond its own; summed over updates."""
    useful: Array
    """Time spent on work that was merged."""
    lost: Array
    """Time spent on work that was not."""
    down: Array
    stops: Array
    longest: Array
    """Longest time between two closes."""
    stalled_at: Array
    """When the run could not go on, infinite if it could."""

    @classmethod
    def empty(cls, runs: int) -> Totals:
        """Return a totals of nothing."""
        totals = cls(*(np.zeros(runs) for _ in cls.__dataclass_fields__))
        totals.stalled_at += np.inf
        return totals
