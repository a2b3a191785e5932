"""Forms: the laws that compete, each with as few coefficients as it can do with.

All are zero for one replica, rise with replicas and with the interval, and charge the interval once. Their
coefficients are fitted as logarithms, so that no fit and no draw leaves the signs that the form promises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from farflung.analysis.calibrate.points import Points
from farflung.learning.distributed_loss import divergence_penalty

UNITS = {
    "divergence_size_unit": 1e9,
    "divergence_token_unit": 20.0,
    "divergence_interval_unit": 30.0,
    "divergence_fitted_replicas": 8.0,
    "divergence_fitted_parameters": 10e9,
}
"""Units of the law, and where what was measured ends; as in the assumption set."""
FITTED = (
    "divergence_coefficient",
    "divergence_size_exponent",
    "divergence_token_exponent",
    "divergence_replica_exponent",
    "divergence_interval_exponent",
)
BEYOND = ("divergence_replica_exponent_beyond", "divergence_size_exponent_beyond")
Law = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Form:
    """A law in competition.

    Attributes
    ----------
    name, equation
        What it is called, and what it says.
    start
        Where a fit of its coefficients begins, as logarithms.
    penalty
        Loss change at points, from the coefficients and the scaling law [nats].
    """

    name: str
    equation: str
    start: tuple[float, ...]
    penalty: Callable[[Points, np.ndarray, Law], np.ndarray]


def coefficients(fitted: np.ndarray) -> dict[str, Any]:
    """Return the coefficients of the joint law from what is fitted; the exponent of replicas is above 1."""
    values = dict(zip(FITTED, np.exp(fitted), strict=True))
    return values | {"divergence_replica_exponent": 1.0 + values["divergence_replica_exponent"]}


def _joint(at: Points, fitted: np.ndarray, _: Law) -> np.ndarray:
    return np.asarray(
        divergence_penalty(
            parameters=at.parameters,
            tokens=at.tokens,
            replicas=at.replicas,
            effective_inner_steps=at.inner_steps,
            **coefficients(fitted),
            **UNITS,
            **dict.fromkeys(BEYOND, 0.0),
        )
    )


def _size(at: Points) -> np.ndarray:
    return at.parameters / UNITS["divergence_size_unit"]


def _data(at: Points) -> np.ndarray:
    return at.tokens / (at.parameters * UNITS["divergence_token_unit"])


def _interval(at: Points) -> np.ndarray:
    return np.asarray(np.log(at.inner_steps) / np.log(UNITS["divergence_interval_unit"]))


def _power_of_replicas(at: Points, fitted: np.ndarray, _: Law) -> np.ndarray:
    a, k, q, g, p = np.exp(fitted)
    return np.asarray(a * _size(at) ** -k * _data(at) ** -q * (at.replicas**g - 1.0) * _interval(at) ** p)


def _power_of_interval(at: Points, fitted: np.ndarray, _: Law) -> np.ndarray:
    a, k, q, g, p = np.exp(fitted)
    steps = at.inner_steps / UNITS["divergence_interval_unit"]
    several = np.log2(at.replicas) ** (1.0 + g)
    return np.asarray(a * _size(at) ** -k * _data(at) ** -q * several * steps**p)


def _share_of_loss(at: Points, fitted: np.ndarray, _: Law) -> np.ndarray:
    a, k, q, g, p = np.exp(fitted)
    several = np.log2(at.replicas) ** (1.0 + g)
    exponent = a * _size(at) ** -k * _data(at) ** -q * several * _interval(at) ** p
    return np.asarray(at.baseline * np.expm1(np.minimum(exponent, 30.0)))


def _lost_tokens(at: Points, fitted: np.ndarray, law: Law) -> np.ndarray:
    a, g, p = np.exp(fitted)
    lost = a * np.log2(at.replicas) ** (1.0 + g) * _interval(at) ** p
    return np.asarray(law["B"] * at.tokens ** -law["beta"] * np.expm1(np.minimum(lost, 30.0)))


def _share_of_reducible(at: Points, fitted: np.ndarray, law: Law) -> np.ndarray:
    a, g, p = np.exp(fitted)
    share = a * np.log2(at.replicas) ** (1.0 + g) * _interval(at) ** p
    above = law["A"] * at.parameters ** -law["alpha"] + law["B"] * at.tokens ** -law["beta"]
    return np.asarray(above * share)


JOINT = "joint"
FORMS = {
    form.name: form
    for form in (
        Form(JOINT, "a n^-k d^-q (log2 M)^(1+g) h^p", (-5.2, -0.8, -0.7, -0.5, 0.6), _joint),
        Form("power of M", "a n^-k d^-q (M^g - 1) h^p", (-4.6, -0.8, -0.8, -0.4, 0.6), _power_of_replicas),
        Form(
            "power of H", "a n^-k d^-q (log2 M)^(1+g) (H/30)^p", (-5.2, -0.8, -0.6, -0.5, -0.8),
            _power_of_interval,
        ),
        Form(
            "share of the loss", "L (exp(a n^-k d^-q (log2 M)^(1+g) h^p) - 1)", (-6.2, -1.0, -0.8, -0.6, 0.5),
            _share_of_loss,
        ),
        Form("lost tokens", "B D^-b (exp(a (log2 M)^(1+g) h^p) - 1)", (-3.9, -0.8, 0.3), _lost_tokens),
        Form("share of what can be learnt", "(L - E) a (log2 M)^(1+g) h^p", (-4.9, -0.2, -0.5),
             _share_of_reducible),
    )
}  # fmt: skip
"""By name; n = N/1e9, d = D/20N, h = ln H/ln 30. The first became the law of the calibrated set."""
