"""Elastic barrier: every worker is waited for until it is known to be down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.policies.policy import Policy, Waiting, nth_arrival


@dataclass(frozen=True)
class Elastic(Policy):
    """Close when every worker has sent its update or is known to be down; at least one must have."""

    def close(self, waiting: Waiting) -> Array:
        """Return the last of arrivals and notices, but no sooner than the first arrival."""
        done = np.minimum(waiting.arrival, waiting.detected).max(axis=1)
        return np.maximum(done, nth_arrival(waiting.arrival, 1))
