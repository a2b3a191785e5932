"""Adaptive deadline: as long as workers took the last time, and so many deviations more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.policies.policy import Policy, Waiting, nth_arrival


@dataclass(frozen=True)
class Adaptive(Policy):
    """Close at the median of the last round's times plus ``deviations`` median absolute deviations.

    Medians hold as long as fewer than half of the workers misbehave. The first round, which has no history,
    waits for all, and so does any round before the first arrival.
    """

    deviations: float

    def close(self, waiting: Waiting) -> Array:
        """Return the deadline that the last round suggests."""
        last = nth_arrival(waiting.arrival, waiting.arrival.shape[1])
        lasted = waiting.lasted
        known = np.isfinite(lasted).all(axis=1)
        lasted[~known] = 0.0
        middle = np.median(lasted, axis=1)
        deviation = np.median(np.abs(lasted - middle[:, None]), axis=1)
        due = waiting.opened + middle + self.deviations * deviation
        return np.where(known, np.minimum(np.maximum(due, nth_arrival(waiting.arrival, 1)), last), last)
