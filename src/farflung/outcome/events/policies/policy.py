"""What a policy is: when a synchronisation closes, and what becomes of those who are late."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from farflung.base.arrays import Array


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is known of a synchronisation, for every run and worker. Times from the start of the run [s]."""

    arrival: Array
    """When the update of each worker arrives, infinite where it never does (runs, workers)."""
    detected: Array
    """When the others learn that a worker is down or cut off, now or next time (runs, workers)."""
    opened: Array
    """When the synchronisation before closed (runs,)."""
    opened_before: Array
    """When that one was opened (runs,)."""
    arrival_before: Array
    """When the update of each worker arrived for that one; infinite before the first (runs, workers)."""

    @property
    def lasted(self) -> Array:
        """Return how long each worker took for the synchronisation before, at most until it closed."""
        until = np.minimum(self.arrival_before, self.opened[:, None])
        took = until - self.opened_before[:, None]
        return np.where(self.opened[:, None] > self.opened_before[:, None], took, np.inf)


class Policy(ABC):
    """When a synchronisation closes.

    Attributes
    ----------
    late
        What becomes of late updates unless a fault model says otherwise.
    waits
        Whether a worker waits for the new weights before it continues beyond its overlap; if not, it computes
        on and takes them up when they come.
    """

    late: Literal["drop", "merge"] = "drop"
    waits = True

    @abstractmethod
    def close(self, waiting: Waiting) -> Array:
        """Return when the synchronisation closes, infinite if it never does (runs,) [s]."""

    def closes_per_period(self, workers: int) -> float:
        """Return how many synchronisations close while each worker does the work for one."""
        return 1.0


def nth_arrival(arrival: Array, count: int) -> Array:
    """Return when ``count`` updates have arrived (runs,) [s]."""
    if count == arrival.shape[1]:
        return arrival.max(axis=1)
    return np.partition(arrival, count - 1, axis=1)[:, count - 1]
