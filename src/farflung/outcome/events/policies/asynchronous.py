"""Asynchronous learners: an update is made whenever so many have arrived, and nobody waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.policies.policy import Policy, Waiting, nth_arrival


@dataclass(frozen=True)
class Asynchronous(Policy):
    """Merge when ``count`` updates have arrived, plus a grace window; learners compute on meanwhile.

    Updates are weighted by the tokens behind them, so that every token counts once.
    """

    count: int
    grace: float = 0.0
    late: Literal["drop", "merge"] = "merge"
    waits = False

    def close(self, waiting: Waiting) -> Array:
        """Return the arrival that completes a merge, plus the window."""
        enough = np.maximum(nth_arrival(waiting.arrival, self.count), waiting.opened)
        if self.grace == 0.0:
            return enough
        last = nth_arrival(waiting.arrival, waiting.arrival.shape[1])
        return np.minimum(enough + self.grace, np.maximum(last, waiting.opened))

    def closes_per_period(self, workers: int) -> float:
        """Return one for every ``count`` updates; a grace window makes them fewer."""
        return workers / self.count
