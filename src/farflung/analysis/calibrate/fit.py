"""Fit: the likelihood of a form, its maximum, and its posterior by a weighted bootstrap.

Points with tuned hyperparameters err on both sides. Points that are upper bounds carry an excess, half-normal
with a spread of their study that is fitted too: a law above them is punished by the noise, a law below them
only as far as that excess is unlikely.

The posterior is a Bayesian bootstrap: every cluster of points (one size of one study) gets a random weight,
and the law is fitted again. It needs no package beyond SciPy, keeps the misfit of the form in the spread,
which a likelihood that trusts the form would not, and unlike resampling never drops a whole size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from farflung.analysis.calibrate.forms import Form, Law
from farflung.analysis.calibrate.points import STUDIES, Points

_UNTUNED = tuple(range(1, len(STUDIES)))
"""Studies with an excess, by place."""
_EXCESS = {"streaming": 0.01, "streaming-dolma": 0.01, "noloco-reddit": 0.05, "noloco-c4": 0.05,
           "growing-tokens": 0.02}  # fmt: skip
"""What the excess of a study is about, before the points are looked at; e-fold uncertain [nats]."""
_PRIOR = np.log([_EXCESS[STUDIES[place]] for place in _UNTUNED])
_STARTS = 3
_FAR = 1e9
_WEAK = 3.0
_STEP = 1e-6
_TIGHT = {"ftol": 1e-10, "maxiter": 500}


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted form.

    Attributes
    ----------
    form
        The form.
    fitted
        Its coefficients as logarithms, then the logarithms of the studies' excess.
    misfit
        Negative log posterior density there, without constants.
    """

    form: Form
    fitted: np.ndarray
    misfit: float

    def penalty(self, at: Points, law: Law) -> np.ndarray:
        """Return the loss changes of the law, without noise or excess [nats]."""
        return self.form.penalty(at, self.fitted[: len(self.form.start)], law)

    def excess(self, at: Points) -> np.ndarray:
        """Return the spread of the excess at points, 0 where hyperparameters were tuned [nats]."""
        return _excess(self.fitted[len(self.form.start) :], at)


def _excess(logarithms: np.ndarray, at: Points) -> np.ndarray:
    by_study = np.concatenate([np.zeros_like(logarithms[:1]), np.exp(logarithms)])
    of_points = by_study[at.study.astype(int)]
    if logarithms.ndim > 1:  # points come last, where there are several columns of coefficients
        of_points = of_points[..., 0].T
    return np.where(at.upper_bound, of_points, 0.0)


def _misfit(fitted: np.ndarray, form: Form, at: Points, law: Law, weights: np.ndarray) -> np.ndarray:
    """Return the misfit, for one column of coefficients after another.

    ``fitted`` has a first axis of coefficients, and may have a second one of columns and a third of length 1.
    """
    from scipy.special import log_ndtr  # noqa: PLC0415 - SciPy is slow to import

    own, logarithms = fitted[: len(form.start)], fitted[len(form.start) :]
    excess = _excess(logarithms, at)
    spread = np.hypot(at.noise, excess)
    residual = (at.change - form.penalty(at, own, law)) / spread
    skew = np.where(at.upper_bound, log_ndtr(excess / at.noise * residual), 0.0)
    total = (weights * (0.5 * residual**2 + np.log(spread) - skew)).sum(axis=-1)
    prior = _squares(logarithms, _PRIOR, 1.0)
    # Weak: only keeps a coefficient that the points say nothing about from running off.
    return np.asarray(total + prior + _squares(own, np.array(form.start), _WEAK))


def _squares(values: np.ndarray, expected: np.ndarray, spread: float) -> np.ndarray:
    columns = values.reshape(len(expected), -1) - expected[:, None]
    return np.asarray(0.5 * ((columns / spread) ** 2).sum(axis=0))


def _with_gradient(fitted: np.ndarray, *about: Any) -> tuple[float, np.ndarray]:
    """Return the misfit and its gradient by differences, all of them in one pass."""
    columns = np.column_stack([fitted, fitted[:, None] + _STEP * np.eye(len(fitted))])
    with np.errstate(all="ignore"):  # a line search may try what no law allows, and gets a large misfit
        misfit = _misfit(columns[:, :, None], *about)
    misfit = np.minimum(np.where(np.isfinite(misfit), misfit, _FAR), _FAR)
    return float(misfit[0]), (misfit[1:] - misfit[0]) / _STEP


def fit(
    form: Form, at: Points, law: Law, *, weights: np.ndarray | None = None, start: np.ndarray | None = None
) -> Fit:
    """Return the likeliest coefficients of a form.

    Parameters
    ----------
    form
        The form.
    at
        Points to fit to.
    law
        The scaling law.
    weights
        Weight of every point, 1 if left out.
    start
        Where to begin; a few starts around the form's own if left out.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - SciPy is slow to import

    own = np.concatenate([form.start, _PRIOR])
    generator = np.random.default_rng(0)
    jumps = [np.zeros_like(own), *(generator.normal(0.0, 0.3, len(own)) for _ in range(_STARTS - 1))]
    starts = [start] if start is not None else [own + jump for jump in jumps]
    used = np.ones(len(at)) if weights is None else weights
    best: Fit | None = None
    for initial in starts:
        # SLSQP: L-BFGS-B hands its small matrices to threads, which is ten times slower on a busy machine.
        solution = minimize(_with_gradient, initial, (form, at, law, used), "SLSQP", jac=True, options=_TIGHT)
        if best is None or solution.fun < best.misfit:
            best = Fit(form, np.asarray(solution.x), float(solution.fun))
    assert best is not None
    return best


def bootstrap(
    best: Fit, under: Callable[[Law], Points], laws: Sequence[Law], generator: np.random.Generator
) -> list[Fit]:
    """Return one refit for every scaling law, each with random weights of its clusters of points.

    Parameters
    ----------
    best
        The fit to all points, where the refits start.
    under
        The points to fit to, some of which lie where a scaling law puts them.
    laws
        The scaling laws.
    generator
        Draws the weights.
    """
    draws = []
    for law in laws:
        at = under(law)
        draws.append(fit(best.form, at, law, weights=cluster_weights(at, generator), start=best.fitted))
    return draws


def cluster_weights(at: Points, generator: np.random.Generator) -> np.ndarray:
    """Return random weights, even over the clusters of every study and 1 on average in each."""
    weights = np.ones(len(at))
    for study in np.unique(at.study):
        bands, place = np.unique(at.band[at.study == study], return_inverse=True)
        drawn = generator.exponential(size=len(bands))
        weights[at.study == study] = (drawn / drawn.mean())[place]
    return weights
