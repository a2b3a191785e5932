"""Outages: when the link of each worker is cut. They come whatever it does, so they are drawn ahead."""

from __future__ import annotations

import math

import numpy as np

from farflung.outcome.events.draws import Draws

_MOST_OUTAGES = 1_000
"""Outages of one transfer before it is given up."""


class Outages:
    """The outages of every link, by run and worker, as far ahead as they have been asked for.

    Parameters
    ----------
    draws
        Where times come from.
    runs, workers
        How many there are.
    """

    def __init__(self, draws: Draws, runs: int, workers: int) -> None:
        self._draws = draws
        self._known: list[list[list[tuple[float, float]]]] = [
            [[] for _ in range(workers)] for _ in range(runs)
        ]
        self.begin, self.end = np.empty((runs, workers)), np.empty((runs, workers))
        """The first outage of each link that is not forgotten (runs, workers) [s]."""
        for run, worker in np.ndindex(runs, workers):
            self._draw(run, worker, 0.0)
            self.begin[run, worker], self.end[run, worker] = self._known[run][worker][0]

    def through(self, run: int, worker: int, begun: float, end: float) -> float:
        """Return when a transfer ends that waits while its link is cut.

        Parameters
        ----------
        run, worker
            Whose link.
        begun, end
            When the transfer begins, and when it would end [s].
        """
        known = self._known[run][worker]
        for place in range(_MOST_OUTAGES):
            if place == len(known):
                self._draw(run, worker, known[-1][1])
            since, until = known[place]
            if not since < end < math.inf:
                return end
            if until > begun:
                end += until - max(since, begun)
        return math.inf

    def forget(self, run: int, worker: int, until: float) -> None:
        """Forget the outages over by then, before which nothing more passes the link."""
        known = self._known[run][worker]
        while known[0][1] <= until < math.inf:
            if len(known) == 1:
                self._draw(run, worker, known[0][1])
            known.pop(0)
        self.begin[run, worker], self.end[run, worker] = known[0]

    def _draw(self, run: int, worker: int, after: float) -> None:
        """Draw one outage more."""
        begin = after + self._draws.until_outage(run, worker)
        self._known[run][worker].append((begin, begin + self._draws.outage(run, worker)))
