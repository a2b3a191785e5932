"""Quorum: so many workers are enough, as with backup workers; those within a grace window still count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.policies.policy import Policy, Waiting, nth_arrival


@dataclass(frozen=True)
class Quorum(Policy):
    """Close a grace window after ``count`` updates have arrived, or at once when all have."""

    count: int
    grace: float = 0.0

    def close(self, waiting: Waiting) -> Array:
        """Return the arrival that makes the quorum, plus the window."""
        enough = nth_arrival(waiting.arrival, self.count)
        if self.grace == 0.0:
            return enough
        last = nth_arrival(waiting.arrival, waiting.arrival.shape[1])
        return np.minimum(enough + self.grace, last)
