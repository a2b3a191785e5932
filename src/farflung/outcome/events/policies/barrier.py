"""Full barrier: every worker is waited for, one under repair too."""

from __future__ import annotations

from dataclasses import dataclass

from farflung.base.arrays import Array
from farflung.outcome.events.policies.policy import Policy, Waiting, nth_arrival


@dataclass(frozen=True)
class Barrier(Policy):
    """Close when every worker's update has arrived."""

    def close(self, waiting: Waiting) -> Array:
        """Return the last arrival."""
        return nth_arrival(waiting.arrival, waiting.arrival.shape[1])
