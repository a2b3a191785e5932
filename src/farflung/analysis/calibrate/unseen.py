"""Unseen: how the smaller fits do on measurements that were left out of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from farflung.analysis.calibrate.compressed import EXPONENT, LOSSLESS_BITS, fit_compression
from farflung.analysis.calibrate.scaling_law import PUBLISHED, refit
from farflung.catalog.measured import Measured, measured
from farflung.learning import distributed_loss, scaling_law

LARGEST_FROM = 3e20
"""Compute from which a run is left out; the largest of the Chinchilla study took forty times that [FLOP]."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """Predictions of measurements by fits that have not seen them.

    Attributes
    ----------
    said
        What was left out.
    points
        How many measurements were predicted.
    rmse
        Root mean squared error by what predicts them [nats].
    """

    said: str
    points: int
    rmse: Mapping[str, float]


def largest_runs() -> Unseen:
    """Return how the scaling law does on the runs of most compute when it is fitted to the others.

    The published laws have seen those runs; they stand beside it to tell how much of its error is the law's.
    """
    rows = measured("chinchilla_points").rows
    law = refit(draws=1, seed=0, table=_some(rows, lambda row: row["flop"] < LARGEST_FROM))
    left = [row for row in rows if row["flop"] >= LARGEST_FROM]
    laws = {"fitted without them": law.estimates, PUBLISHED: law.published, **law.alternatives}
    return Unseen(
        f"runs from {LARGEST_FROM:g} FLOP on, beside published laws that have seen them",
        len(left),
        {
            name: _rmse(_loss(left, one) - np.array([row["loss"] for row in left]))
            for name, one in laws.items()
        },
    )


def dropped_shares() -> Unseen:
    """Return how the cost of dropping values does on each share that was measured, fitted to the others."""
    rows = measured("compression").rows
    left = [row for row in rows if row["density"] < 1 and row["error_feedback"] == "no"]
    found = [_dropped(out["density"], _some(rows, lambda row, out=out: row is not out)) for out in left]
    cost = np.log1p([row["change"] for row in left])
    return Unseen(
        "shares of the values sent without error feedback, one left out at a time",
        len(left),
        {"fitted without it": _rmse(found - cost), "none": _rmse(cost)},
    )


def _dropped(density: float, table: Measured) -> float:
    """Return what sending a share of the values costs, by a fit to a table [nats]."""
    fitted = fit_compression(table)
    return float(
        distributed_loss.compression_penalty(
            loss=0.0,
            replicas=2.0,
            value_bits=32.0,
            sent_share=density,
            error_feedback=0.0,
            dropping_coefficient_plain=fitted.plain,
            dropping_coefficient_feedback=fitted.feedback,
            dropping_exponent=EXPONENT,
            rounding_coefficient=fitted.rounding,
            rounding_exponent=fitted.rounding_exponent,
            lossless_value_bits_plain=LOSSLESS_BITS["no"],
            lossless_value_bits_feedback=LOSSLESS_BITS["yes"],
        )
    )


def _some(rows: Sequence[Mapping[str, object]], chosen: Callable[..., bool]) -> Measured:
    return Measured("some", tuple(row for row in rows if chosen(row)))


def _loss(rows: Sequence[Mapping[str, float]], law: Mapping[str, float]) -> np.ndarray:
    size = np.array([row["parameters"] for row in rows])
    return np.asarray(
        scaling_law.loss(
            parameters=size,
            tokens=np.array([row["flop"] for row in rows]) / (6.0 * size),
            loss_irreducible=law["E"],
            loss_parameter_coefficient=law["A"],
            loss_parameter_exponent=law["alpha"],
            loss_token_coefficient=law["B"],
            loss_token_exponent=law["beta"],
        )
    )


def _rmse(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
