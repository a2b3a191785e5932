"""Fit of one cluster's own factors to its own measured steps, and what that gains on steps left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from farflung.analysis.node.calibration import Sample, sample_of
from farflung.analysis.node.coefficients import Coefficients, fitted_coefficients
from farflung.analysis.node.measured import read_steps
from farflung.analysis.node.validation import ErrorSummary
from farflung.base.errors import InputError

FACTORS = ("matmul_share", "kernel_launch_time", "network_efficiency")
"""Coefficients that differ most between clusters: rate of the chips, speed of the hosts, the network."""
_SPREAD = 0.2
_ERROR = 0.05
_LEAST_ROWS = 3


@dataclass(frozen=True, slots=True)
class ClusterFit:
    """Factors of a cluster, and errors before and after.

    Attributes
    ----------
    coefficients
        The coefficients of the catalog times the factors.
    factors
        Each factor by the coefficient it multiplies [1].
    before, after
        Errors with the coefficients of the catalog, and with factors fitted to the other rows.
    """

    coefficients: Coefficients
    factors: dict[str, float]
    before: ErrorSummary
    after: ErrorSummary


def fit_own_runs(path: Path | Traversable, coefficients: Coefficients | None = None) -> ClusterFit:
    """Return the factors of the cluster that a file's steps were measured on.

    Parameters
    ----------
    path
        File of one of the forms that published tables have; the usual one for own runs is ``runs``.
    coefficients
        By default those of the catalog.

    Raises
    ------
    InputError
        If the file cannot be read, or has fewer than three rows that can be predicted.
    """
    found = read_steps(path)
    if len(found.steps) < _LEAST_ROWS:
        raise InputError(path.name, f"has {len(found.steps)} rows to fit to", nearest="three or more")
    usual = coefficients or fitted_coefficients()
    sample = sample_of((found.name, step) for step in found.steps)
    left_out = np.empty(len(found.steps))
    for row in range(len(found.steps)):
        out = np.arange(len(found.steps)) == row
        left_out[out] = sample.where(out).errors(_scaled(usual, _factors(sample.where(~out), usual)))
    factors = _factors(sample, usual)
    return ClusterFit(
        _scaled(usual, factors), factors, ErrorSummary.of(sample.errors(usual)), ErrorSummary.of(left_out)
    )


def _factors(sample: Sample, usual: Coefficients) -> dict[str, float]:
    from scipy.optimize import least_squares  # noqa: PLC0415 - SciPy is slow to import

    def residuals(logarithms: np.ndarray) -> np.ndarray:
        scaled = _scaled(usual, dict(zip(FACTORS, np.exp(logarithms), strict=True)))
        return np.concatenate([np.log1p(sample.errors(scaled)) / _ERROR, logarithms / _SPREAD])

    best = least_squares(residuals, np.zeros(len(FACTORS)), loss="soft_l1")
    return {name: float(value) for name, value in zip(FACTORS, np.exp(best.x), strict=True)}


def _scaled(usual: Coefficients, factors: dict[str, float]) -> Coefficients:
    return replace(usual, **{name: getattr(usual, name) * factor for name, factor in factors.items()})
