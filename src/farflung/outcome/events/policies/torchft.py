"""The quorum rule of torchft's lighthouse: all healthy workers, or after a timeout more than half of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.policies.policy import Policy, Waiting, nth_arrival


@dataclass(frozen=True)
class TorchFT(Policy):
    """Close when every healthy worker has joined or, ``join_timeout`` after the first, with a majority.

    A worker is healthy until its heartbeat is missed. The majority is of the healthy, so that two halves of
    a divided network cannot both go on, and never fewer than ``least`` workers.
    """

    join_timeout: float
    least: int

    def close(self, waiting: Waiting) -> Array:
        """Return the sooner of the two ways to close."""
        all_healthy = np.minimum(waiting.arrival, waiting.detected).max(axis=1)
        enough = nth_arrival(waiting.arrival, self.least)
        due = nth_arrival(waiting.arrival, 1) + self.join_timeout
        healthy = (waiting.detected > due[:, None]).sum(axis=1)
        needed = np.clip(healthy // 2 + 1, self.least, waiting.arrival.shape[1])
        ordered = np.sort(waiting.arrival, axis=1)
        majority = np.take_along_axis(ordered, needed[:, None] - 1, axis=1)[:, 0]
        return np.minimum(np.maximum(all_healthy, enough), np.maximum(due, majority))
