"""Fixed deadline: a synchronisation closes so long after the one before, with those who are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.policies.policy import Policy, Waiting, nth_arrival


@dataclass(frozen=True)
class Deadline(Policy):
    """Close at the deadline, or at once when all have arrived; with nobody there, wait for the first."""

    after: float

    def close(self, waiting: Waiting) -> Array:
        """Return the deadline, unless all come sooner or nobody has come by then."""
        first = nth_arrival(waiting.arrival, 1)
        last = nth_arrival(waiting.arrival, waiting.arrival.shape[1])
        return np.minimum(np.maximum(waiting.opened + self.after, first), last)
