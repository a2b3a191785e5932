"""Compressed: what dropping and rounding pseudo-gradients costs, from the few figures there are."""

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
LOSSLESS_BITS = {False: 4.0, True: 2.0}
"""Fewest bits of a value that cost nothing, by error feedback [bit]."""
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
    rounding, rounding_exponent
        Relative cost of one missing bit, and how it grows with missing bits [1].
    """

    plain: float
    plain_error: float
    feedback_spread: float
    rounding: float
    rounding_exponent: float

    @property
    def feedback(self) -> float:
        """Return the median cost with error feedback [nats]."""
        return _MEDIAN * self.feedback_spread


def fit_compression(table: Sequence[CompressionRow] | None = None) -> CompressionFit:
    """Return the coefficients of the compression penalty.

    Least squares for dropping, whose error is the noise of runs; exactly two figures for rounding below the
    bits that are free; a bound for dropping with error feedback.

    Parameters
    ----------
    table
        The measurements; the catalog's unless given.
    """
    rows = stored(CompressionRow) if table is None else table
    dropped = [r for r in rows if r.density < 1 and not r.error_feedback]
    bounds = [r for r in rows if r.quantity == "bound" and r.error_feedback]
    rounded = [r for r in rows if r.bits < LOSSLESS_BITS[False] and r.density == 1 and not r.error_feedback]
    if not dropped or not bounds or len(rounded) != 2:
        raise InputError(
            "compression.csv",
            "needs values dropped without error feedback, bounds with it, and two roundings below 4 bits",
        )
    lever = np.array([_halvings(r.density) for r in dropped])
    cost = np.log1p([r.change for r in dropped])
    weight = float(lever @ lever)
    far = float(np.mean([_halvings(r.density) ** 2 for r in bounds]))
    (few, dear), (more, cheap) = sorted((r.bits, r.change) for r in rounded)
    missing = LOSSLESS_BITS[False] - few, LOSSLESS_BITS[False] - more
    exponent = math.log(dear / cheap) / math.log(missing[0] / missing[1])
    return CompressionFit(
        plain=float(lever @ cost) / weight,
        plain_error=NOISE / math.sqrt(weight),
        feedback_spread=NOISE / math.sqrt(far),
        rounding=cheap / missing[1] ** exponent,
        rounding_exponent=exponent,
    )


def _halvings(density: float) -> float:
    return math.pow(-math.log2(density), EXPONENT)
