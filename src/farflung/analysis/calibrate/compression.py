"""Compression: the loss added by dropping values of pseudo-gradients, from the few figures there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from farflung.analysis.calibrate.points import NOISE
from farflung.base.errors import InputError
from farflung.catalog.measured import CompressionRow
from farflung.catalog.rows import stored

EXPONENT = 2.0
"""How the cost of dropping grows with halvings; the three shares that were measured agree with it [1]."""
_MEDIAN = 0.6744897501960817
"""Median of a half-normal distribution of spread 1."""


@dataclass(frozen=True, slots=True)
class CompressionFit:
    """Coefficients of the compression penalty.

    Attributes
    ----------
    plain, plain_error
        Cost of sending half of the values without error feedback, and its standard error [nats].
    feedback_spread
        Spread of the half-normal that the same cost with error feedback follows: no loss was seen, so it is
        at most about the noise [nats].
    """

    plain: float
    plain_error: float
    feedback_spread: float

    @property
    def feedback(self) -> float:
        """Return the median cost with error feedback [nats]."""
        return _MEDIAN * self.feedback_spread


def fit_compression(table: Sequence[CompressionRow] | None = None) -> CompressionFit:
    """Return the coefficients of the compression penalty.

    Least squares without error feedback, whose error is the noise of runs; a bound with it.

    Parameters
    ----------
    table
        The measurements; the catalog's unless given.
    """
    rows = stored(CompressionRow) if table is None else table
    dropped = [r for r in rows if r.density < 1 and not r.error_feedback]
    bounds = [r for r in rows if r.quantity == "bound" and r.error_feedback]
    if not dropped or not bounds:
        raise InputError("compression.csv", "needs values dropped without error feedback, and bounds with it")
    lever = np.array([_halvings(r.density) for r in dropped])
    cost = np.log1p([r.change for r in dropped])
    weight = float(lever @ lever)
    far = float(np.mean([_halvings(r.density) ** 2 for r in bounds]))
    return CompressionFit(
        plain=float(lever @ cost) / weight,
        plain_error=NOISE / math.sqrt(weight),
        feedback_spread=NOISE / math.sqrt(far),
    )


def _halvings(density: float) -> float:
    return math.pow(-math.log2(density), EXPONENT)
