"""Backup workers: more units run than are waited for, and the slowest are dropped."""

from __future__ import annotations

from dataclasses import dataclass

from farflung.base.arrays import Array
from farflung.outcome.events.policies.policy import Policy, Waiting, nth_arrival


@dataclass(frozen=True)
class Backup(Policy):
    """Close when all but ``backups`` updates have arrived."""

    backups: int

    def close(self, waiting: Waiting) -> Array:
        """Return the arrival of the last that is waited for."""
        return nth_arrival(waiting.arrival, waiting.arrival.shape[1] - self.backups)
