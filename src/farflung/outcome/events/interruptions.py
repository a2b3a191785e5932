"""Interruptions: when nodes fail or are withdrawn, and when they, or spares in their place, are back."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from farflung.outcome.events.draws import Draws


@dataclass(frozen=True, slots=True)
class Recovery:
    """What follows a stop. Times in seconds.

    Parameters
    ----------
    detection_time
        Time until the others know.
    restart
        Time to start the training process.
    fetch
        Time to fetch the weights over the node's own link and the donor's.
    spares
        Nodes that stand by.
    """

    detection_time: float
    restart: float
    fetch: float
    spares: int


class Interruptions:
    """The next stop of every node, by run, worker and member of the worker.

    Parameters
    ----------
    draws
        Where times come from.
    shape
        Runs, workers, and nodes of a worker.
    recovery
        What follows a stop.
    """

    def __init__(self, draws: Draws, shape: tuple[int, int, int], recovery: Recovery) -> None:
        self._draws, self._recovery = draws, recovery
        self._fails, self._leaves = np.empty(shape), np.empty(shape)
        for at in np.ndindex(shape):
            self._fails[at] = draws.until_failure(*at)
            self._leaves[at] = draws.until_withdrawal(*at)
        self.of_members = np.minimum(self._fails, self._leaves)
        """When each node stops next (runs, workers, members) [s]."""
        self.of_workers = self.of_members.min(axis=2)
        """When the first node of each worker stops next (runs, workers) [s]."""
        self.since, self.back = np.full(shape, -math.inf), np.full(shape, -math.inf)
        """When each node last stopped, and when it is, or was, back (runs, workers, members) [s]."""
        self.count = [0] * shape[0]
        """Interruptions so far in each run."""
        self._spares = [[-math.inf] * recovery.spares for _ in range(shape[0])]

    def happen(self, run: int, worker: int) -> tuple[float, float]:
        """Let the worker's next stop happen; return when it is, and when its node is back at work."""
        members = self.of_members[run, worker]
        member = int(members.argmin()) if len(members) > 1 else 0
        at = (run, worker, member)
        stop = members.item(member)
        failed = stop == self._fails.item(at)
        away = self._draws.repair(*at) if failed else self._draws.absence(*at)
        back = self._start(run, stop, stop + away) + self._recovery.restart + self._recovery.fetch
        self._fails[at] = fails = back + self._draws.until_failure(*at)
        if not failed:
            self._leaves[at] = back + self._draws.until_withdrawal(*at)
        members[member] = min(fails, self._leaves.item(at))
        self.of_workers[run, worker] = members.min() if len(members) > 1 else members.item(0)
        self.since[at], self.back[at] = stop, back
        self.count[run] += 1
        return stop, back

    def _start(self, run: int, stop: float, repaired: float) -> float:
        """Return when the node, or a spare in its place, can start; the node then stands by itself."""
        standing_by = self._spares[run]
        detected = stop + self._recovery.detection_time
        if not standing_by or max(standing_by[0], detected) >= repaired:
            return max(repaired, detected)
        return max(heapq.heapreplace(standing_by, repaired), detected)
