"""Stragglers: forms of how much longer the slowest of many takes, fitted to what the event engine shows.

Errors are those of the factor's logarithm, which are shares of the factor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.calibrate.straggler_runs import Factors, Progress, Setting, measure
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.sources import Source, cited
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.physics.stragglers import exchange_straggler_factor, order_statistics_factor, straggler_factor
from farflung.scenario import load_assumptions

if TYPE_CHECKING:
    import pandas as pd

MODEL_FORM = "(1 + c log2 n)^(k ln(1 + s))"
"""The form that the model has: what ``order_statistics`` stands for."""
GROWTH, EXPONENT = "order_statistics_growth", "order_statistics_exponent"
LARGEST_FROM = 1024
"""Participants from which points are left out, to see how a form does beyond those it was fitted to."""
COMPARED_AT = (8, 34, 72, 500, 4096)
"""Participants for which published slopes are turned into the spread that would give them."""
_PUBLISHED = ("straggler_slope_synchronous", "straggler_slope_relay")


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the factor.

    Attributes
    ----------
    factor
        The factor, from participants, spread and coefficients.
    start
        Coefficients by name, where a fit begins.
    """

    factor: Callable[..., np.ndarray]
    start: Mapping[str, float]

    def fit(self, at: Factors) -> dict[str, float]:
        """Return the coefficients with the least squared error over some points."""
        from scipy.optimize import least_squares  # noqa: PLC0415 - SciPy is slow to import

        solution = least_squares(
            lambda tried: self.error(at, dict(zip(self.start, tried, strict=True))),
            list(self.start.values()),
            bounds=(0.0, np.inf),
        )
        return dict(zip(self.start, map(float, solution.x), strict=True))

    def error(self, at: Factors, coefficients: Mapping[str, float]) -> np.ndarray:
        """Return by which share the form is above what was measured [1]."""
        said = exchange_straggler_factor(
            payload=1.0,
            upload_bandwidth=1.0,
            download_bandwidth=at.download,
            latency=0.0,
            one_way_factor=self.factor(at.peers, at.one_way, **coefficients),
            both_ways_factor=self.factor(at.peers, at.spread, **coefficients),
        )
        return np.asarray(np.log(said / at.factor))


def _sigma(spread: np.ndarray) -> np.ndarray:
    """Return the spread of the logarithm of a lognormal number."""
    return np.asarray(np.sqrt(np.log1p(spread**2)))


def _extreme(peers: np.ndarray) -> np.ndarray:
    """Return about where the largest of many normal numbers lies, in the limit."""
    return np.asarray(np.sqrt(2.0 * np.log(peers)))


def _model_form(
    peers: np.ndarray, spread: np.ndarray, order_statistics_growth: float, order_statistics_exponent: float
) -> np.ndarray:
    factor = order_statistics_factor(
        peers=peers,
        spread=spread,
        order_statistics_growth=order_statistics_growth,
        order_statistics_exponent=order_statistics_exponent,
    )
    return np.asarray(factor)


FORMS: Mapping[str, Form] = {
    MODEL_FORM: Form(_model_form, {GROWTH: 0.2, EXPONENT: 3.0}),
    "(1 + c log2 n)^(k σ)": Form(
        lambda n, s, c, k: (1.0 + c * np.log2(n)) ** (k * _sigma(s)), {"c": 0.2, "k": 3.0}
    ),
    "exp(a σ (log2 n)^b)": Form(
        lambda n, s, a, b: np.exp(a * _sigma(s) * np.log2(n) ** b), {"a": 0.6, "b": 0.7}
    ),
    "exp(a σ sqrt(2 ln n))": Form(lambda n, s, a: np.exp(a * _sigma(s) * _extreme(n)), {"a": 0.8}),
    "1 + a s (log2 n)^b": Form(lambda n, s, a, b: 1.0 + a * s * np.log2(n) ** b, {"a": 0.6, "b": 1.0}),
    "1 + a s sqrt(2 ln n)": Form(lambda n, s, a: 1.0 + a * s * _extreme(n), {"a": 0.8}),
    "1 + c log2 n, as published": Form(
        lambda n, _, c: np.asarray(straggler_factor(peers=n, straggler_slope=c)), {"c": 0.05}
    ),
}
"""Forms that compete. s is the coefficient of variation, σ² = ln(1 + s²)."""


@dataclass(frozen=True, repr=False)
class StragglerFit(Result):
    """Forms of the straggler factor fitted to the event engine, and their errors on what fits left out.

    Attributes
    ----------
    at
        The points.
    spread_out, largest_out
        By form, its errors where a setting, or the largest numbers of participants, were not fitted [1].
    fits
        By form, its coefficients fitted to all points.
    seed
        Seed of the simulations.
    """

    at: Factors
    spread_out: Mapping[str, np.ndarray]
    largest_out: Mapping[str, np.ndarray]
    fits: Mapping[str, Mapping[str, float]]
    seed: int

    def held_out(self, form: str) -> float:
        """Return the root mean squared error of a form over all that its fits have not seen [1]."""
        return _root_mean_square(np.concatenate([self.spread_out[form], self.largest_out[form]]))

    @property
    def chosen(self) -> str:
        """Return the form with the least error on what its fits have not seen."""
        return min(self.fits, key=self.held_out)

    @property
    def exponent_error(self) -> float:
        """Return how far the exponents of the settings are apart, the growth being the same for all [1]."""
        ours = partial(FORMS[MODEL_FORM].factor, order_statistics_growth=self.fits[MODEL_FORM][GROWTH])
        form = Form(ours, {EXPONENT: self.fits[MODEL_FORM][EXPONENT]})
        of_settings = [
            form.fit(self.at.where(self.at.setting == place))[EXPONENT]
            for place in np.unique(self.at.setting)
        ]
        return float(np.std(of_settings, ddof=1))

    def errors(self, form: str) -> tuple[float, float, float]:
        """Return a form's errors where anything, a setting, and the largest numbers were left out [1]."""
        apart = (_root_mean_square(self.spread_out[form]), _root_mean_square(self.largest_out[form]))
        return self.held_out(form), *apart

    def page(self) -> Page:
        """Return the forms by their held-out errors, the coefficients, and the published slopes."""
        forms = [
            (form, *(f"{100 * error:.1f}" for error in self.errors(form)))
            for form in sorted(self.fits, key=self.held_out)
        ]
        slopes = [
            (f"{row['peers']:.0f}", *(f"{row[name]:.{digits}f}" for name, digits in _COMPARED.items()))
            for row in published(self.fits[MODEL_FORM])
        ]
        peers, spread = self.at.peers, self.at.spread
        return Page(
            title="How much longer the slowest of n takes: held-out errors of its forms [%]",
            lines=tuple(
                f"{name} = {value:.4g}" + (f" ± {self.exponent_error:.2g}" if name == EXPONENT else "")
                for name, value in self.fits[self.chosen].items()
            ),
            tables=(
                Table(
                    ("Form; s is the spread, σ² = ln(1 + s²)", "All", "Spread", "Largest n"), tuple(forms),
                    frozenset((1, 2, 3)),
                ),
                Table(
                    ("n", "synchronous", "right at s =", "relay", "right at s =", "exchanges", "steps"),
                    tuple(slopes), frozenset(range(7)),
                    "Published factors, the spreads for which they are right, and the factors here",
                ),
            ),
            notes=(
                f"{len(self.at.factor)} points, n from {peers.min():.0f} to {peers.max():.0f}, s from "
                f"{spread.min():.2g} to {spread.max():.2g}; errors where one spread, or the largest n, were "
                "left out. Here: at the spreads of links and nodes of the calibrated set.",
            ),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "forms": {
                form: {
                    **dict(zip(_ERRORS, self.errors(form), strict=True)),
                    "coefficients": dict(self.fits[form]),
                }
                for form in self.fits
            },
            "chosen": self.chosen,
            "coefficients": dict(self.fits[self.chosen]),
            "standard_errors": {EXPONENT: self.exponent_error},
            "points": len(self.at.factor),
            "range": {
                "peers": [self.at.peers.min(), self.at.peers.max()],
                "spread": [self.at.spread.min(), self.at.spread.max()],
            },
            "seed": self.seed,
            "published": list(published(self.fits[MODEL_FORM])),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each form."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame(
            {"form": form, **dict(zip(_ERRORS, self.errors(form), strict=True))} for form in self.fits
        )

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        function = f"{calibrate_stragglers.__module__}.{calibrate_stragglers.__name__}"
        return Call("calibrate stragglers", function, options=changed_options({"seed": (self.seed, 0)}))

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of the published slopes."""
        coefficients = load_assumptions("miri-2026-04").coefficients
        return cited(dict.fromkeys(coefficients[name].source for name in _PUBLISHED))


_ERRORS = ("held_out_rmse", "spread_left_out_rmse", "largest_left_out_rmse")
_COMPARED = {
    "synchronous": 2, "synchronous_spread": 3, "relay": 2, "relay_spread": 3, "exchanges": 2, "steps": 2,
}  # fmt: skip
"""Columns that are shown of the published slopes, and their decimals."""


def calibrate_stragglers(*, seed: int = 0, progress: Progress | None = None) -> StragglerFit:
    """Return forms of the straggler factor, fitted to a fresh simulation of the slowest of many.

    Parameters
    ----------
    seed
        Same seed, same answer.
    progress
        Called with the number of points simulated and of all points.
    """
    return compare_forms(measure(seed=seed, progress=progress), seed=seed)


def compare_forms(at: Factors, *, seed: int = 0) -> StragglerFit:
    """Return how the forms do on what their fits left out.

    Parameters
    ----------
    at
        What the event engine shows.
    seed
        Seed with which it was simulated.
    """
    largest = at.peers >= LARGEST_FROM
    spread_out, largest_out = {}, {}
    for name, form in FORMS.items():
        spread_out[name] = np.zeros(len(at.factor))
        for place in np.unique(at.setting):
            out = at.setting == place
            spread_out[name][out] = form.error(at.where(out), form.fit(at.where(~out)))
        largest_out[name] = form.error(at.where(largest), form.fit(at.where(~largest)))
    fits = {name: form.fit(at) for name, form in FORMS.items()}
    return StragglerFit(at, spread_out, largest_out, fits, seed)


def published(coefficients: Mapping[str, float]) -> list[dict[str, float]]:
    """Return for numbers of participants the published factors, and the spreads that would give them.

    Parameters
    ----------
    coefficients
        Those of the model's form.
    """
    slopes = {name: load_assumptions("miri-2026-04").coefficients[name].value for name in _PUBLISHED}
    assumptions = load_assumptions(DEFAULT_ASSUMPTIONS).coefficients
    spreads = {
        "exchanges": Setting(assumptions["link_spread"].value, assumptions["link_variation"].value).spread,
        "steps": assumptions["compute_spread"].value,
    }
    rows = []
    for peers in COMPARED_AT:
        row = {"peers": float(peers)}
        for name, slope in slopes.items():
            strategy = name.rpartition("_")[2]
            row[strategy] = float(straggler_factor(peers=peers, straggler_slope=slope))
            row[f"{strategy}_spread"] = _spread_for(row[strategy], peers, coefficients)
        row |= {what: _factor(spread, peers, coefficients) for what, spread in spreads.items()}
        rows.append(row)
    return rows


def _factor(spread: float, peers: int, coefficients: Mapping[str, float]) -> float:
    return float(order_statistics_factor(peers=peers, spread=spread, **coefficients))


def _spread_for(factor: float, peers: int, coefficients: Mapping[str, float]) -> float:
    """Return the spread for which our form gives a factor."""
    from scipy.optimize import brentq  # noqa: PLC0415 - SciPy is slow to import

    most = 10.0
    return float(brentq(lambda spread: _factor(spread, peers, coefficients) - factor, 0.0, most))


def _root_mean_square(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
