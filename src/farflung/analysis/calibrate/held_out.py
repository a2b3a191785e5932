"""Held out: how the smaller fits do on measurements that were left out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from farflung.analysis.calibrate.compression import EXPONENT, fit_compression
from farflung.analysis.calibrate.scaling_law import PUBLISHED, refit
from farflung.catalog.measured import ChinchillaRow, CompressionRow
from farflung.catalog.rows import stored
from farflung.learning import distributed_loss, scaling_law

LARGEST_FROM = 3e20
"""Compute from which a run is left out; the largest of the Chinchilla study took forty times that [FLOP]."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions of measurements that were left out of the fit.

    Attributes
    ----------
    description
        What was left out.
    points
        How many measurements were predicted.
    rmse
        Root mean squared error by what predicts them [nats].
    """

    description: str
    points: int
    rmse: Mapping[str, float]


def largest_runs() -> HeldOut:
    """Return how the scaling law does on the runs of most compute when it is fitted to the others.

    The published laws have seen those runs; they stand beside it to tell how much of its error is the law's.
    """
    rows = stored(ChinchillaRow)
    law = refit(draws=1, seed=0, rows=[row for row in rows if row.flop < LARGEST_FROM])
    left = [row for row in rows if row.flop >= LARGEST_FROM]
    laws = {"fitted without them": law.estimates, PUBLISHED: law.published, **law.alternatives}
    return HeldOut(
        f"runs from {LARGEST_FROM:g} FLOP on, beside published laws that have seen them",
        len(left),
        {name: _rmse(_loss(left, one) - np.array([row.loss for row in left])) for name, one in laws.items()},
    )


def dropped_shares() -> HeldOut:
    """Return how the cost of dropping values does on each share that was measured, fitted to the others."""
    rows = stored(CompressionRow)
    left = [row for row in rows if row.density < 1 and not row.error_feedback]
    predicted = [_dropped(out.density, [row for row in rows if row is not out]) for out in left]
    cost = np.log1p([row.change for row in left])
    return HeldOut(
        "shares of the values sent without error feedback, one left out at a time",
        len(left),
        {"fitted without it": _rmse(predicted - cost), "none": _rmse(cost)},
    )


def _dropped(density: float, rows: Sequence[CompressionRow]) -> float:
    """Return what sending a share of the values costs, by a fit to a table [nats]."""
    fitted = fit_compression(rows)
    return float(
        distributed_loss.compression_penalty(
            replicas=2.0,
            sent_share=density,
            error_feedback=0.0,
            dropping_coefficient_plain=fitted.plain,
            dropping_coefficient_feedback=fitted.feedback,
            dropping_exponent=EXPONENT,
        )
    )


def _loss(rows: Sequence[ChinchillaRow], law: Mapping[str, float]) -> np.ndarray:
    size = np.array([row.parameters for row in rows])
    return np.asarray(
        scaling_law.loss(
            parameters=size,
            tokens=np.array([row.flop for row in rows]) / (6.0 * size),
            loss_irreducible=law["E"],
            loss_parameter_coefficient=law["A"],
            loss_parameter_exponent=law["alpha"],
            loss_token_coefficient=law["B"],
            loss_token_exponent=law["beta"],
        )
    )


def _rmse(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
