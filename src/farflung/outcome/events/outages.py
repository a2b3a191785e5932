"""Outages: when the link of each unit is cut. They come whatever it does, so they are drawn ahead."""

from __future__ import annotations

import math

import numpy as np

from farflung.outcome.events.draws import Draws

_MOST_OUTAGES = 1_000
"""Outages of one transfer before it is given up."""


class Outages:
    """The outages of every link, by run and unit, as far ahead as they have been asked for.

    Parameters
    ----------
    draws
        Where times come from.
    runs, units
        How many there are.
    """

    def __init__(self, draws: Draws, runs: int, units: int) -> None:
        self._draws = draws
        self._known: list[list[list[tuple[float, float]]]] = [[[] for _ in range(units)] for _ in range(runs)]
        self.begin, self.end = np.empty((runs, units)), np.empty((runs, units))
        """The first outage of each link that is not forgotten (runs, units) [s]."""
        for run, unit in np.ndindex(runs, units):
            self._draw(run, unit, 0.0)
            self.begin[run, unit], self.end[run, unit] = self._known[run][unit][0]

    def through(self, run: int, unit: int, begun: float, end: float) -> float:
        """Return when a transfer ends that waits while its link is cut.

        Parameters
        ----------
        run, unit
            Whose link.
        begun, end
            When the transfer begins, and when it would end [s].
        """
        known = self._known[run][unit]
        for place in range(_MOST_OUTAGES):
            if place == len(known):
                self._draw(run, unit, known[-1][1])
            since, until = known[place]
            if not since < end < math.inf:
                return end
            if until > begun:
                end += until - max(since, begun)
        return math.inf

    def forget(self, run: int, unit: int, until: float) -> None:
        """Forget the outages over by then, before which nothing more passes the link."""
        known = self._known[run][unit]
        while known[0][1] <= until < math.inf:
            if len(known) == 1:
                self._draw(run, unit, known[0][1])
            known.pop(0)
        self.begin[run, unit], self.end[run, unit] = known[0]

    def _draw(self, run: int, unit: int, after: float) -> None:
        """Draw one outage more."""
        begin = after + self._draws.until_outage(run, unit)
        self._known[run][unit].append((begin, begin + self._draws.outage(run, unit)))
