"""Scaling law: the refit of its five coefficients to the Chinchilla study's runs, after its re-estimate.

The method is Besiroglu's: ln L as the log-sum-exp of three terms, a Huber loss of 1e-3 on its residuals, and
the best of quasi-Newton searches from a grid of starts. Standard errors come from resampling the runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.measured import ChinchillaRow, ScalingLawRow
from farflung.catalog.rows import stored
from farflung.catalog.sources import Source, cited
from farflung.learning.allocation import parameters_for_flop

if TYPE_CHECKING:
    import pandas as pd

LETTERS = ("A", "B", "E", "alpha", "beta")
PUBLISHED = "besiroglu"
DRAWS = 200
DROPPED = 5
"""Runs of fewest tokens per parameter that are left out, as in the source."""
_HUBER = 1e-3
_STARTS = 40
"""Searches, from the best points of the grid."""
_GRID = tuple(
    product((0.0, 5.0, 10.0, 15.0, 20.0, 25.0), (0.0, 5.0, 10.0, 15.0, 20.0, 25.0),
            (-1.0, -0.5, 0.0, 0.5, 1.0), (0.0, 0.5, 1.0, 1.5, 2.0), (0.0, 0.5, 1.0, 1.5, 2.0))
)  # fmt: skip
"""Starts for ln A, ln B, ln E and the exponents, those of Hoffmann's approach 3."""
_SCALE = 1e4
"""What the misfit is multiplied by, so that searches do not stop at their tolerance."""
COMPUTES = (1e21, 5.76e23, 1e24, 1e25, 1e26)
"""Where the law's own optimum is shown [FLOP]."""


@dataclass(frozen=True, repr=False)
class ScalingLawFit(Result):
    """Estimates, their spread, and what was published.

    Attributes
    ----------
    estimates, standard_errors
        By letter [nats, nats, nats, 1, 1].
    published, published_errors
        The source's.
    points, draws, seed
        Runs that were fitted, bootstrap draws, and the seed of the resampling.
    alternatives
        Coefficients of other published laws by name.
    """

    estimates: Mapping[str, float]
    standard_errors: Mapping[str, float]
    published: Mapping[str, float]
    published_errors: Mapping[str, float]
    points: int
    draws: int
    seed: int
    alternatives: Mapping[str, Mapping[str, float]]

    @property
    def within(self) -> dict[str, bool]:
        """Return whether every estimate is within one published standard error of the published one."""
        return {
            letter: abs(self.estimates[letter] - self.published[letter]) <= self.published_errors[letter]
            for letter in LETTERS
        }

    @property
    def laws(self) -> dict[str, Mapping[str, float]]:
        """Return the coefficients of every law by name."""
        return {"refit": self.estimates, PUBLISHED: self.published, **self.alternatives}

    def page(self) -> Page:
        """Return the estimates beside what is published, and the best allocation of every law."""
        estimates = [
            (letter, f"{value:.5g}", f"{self.standard_errors[letter]:.5g}", f"{self.published[letter]:.5g}",
             f"{self.published_errors[letter]:.5g}", "yes" if self.within[letter] else "no")
            for letter, value in self.estimates.items()
        ]  # fmt: skip
        ratios = [
            (name, *(f"{optimal_ratio(law, flop):.1f}" for flop in COMPUTES))
            for name, law in self.laws.items()
        ]
        headers = ("Coefficient", "Here", "Error", "Published", "Error", "Within one error")
        computes = tuple(f"{flop:g} FLOP" for flop in COMPUTES)
        return Page(
            title=f"The scaling law fitted to {self.points} runs, {self.draws} bootstrap draws",
            tables=(
                Table(headers, tuple(estimates), frozenset(range(1, 5))),
                Table(
                    ("Law", *computes), tuple(ratios), frozenset(range(1, len(computes) + 1)),
                    "Best tokens per parameter",
                ),
            ),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "estimates": dict(self.estimates),
            "standard_errors": dict(self.standard_errors),
            "published": dict(self.published),
            "published_standard_errors": dict(self.published_errors),
            "within_one_standard_error": self.within,
            "all_within_one_standard_error": all(self.within.values()),
            "points": self.points,
            "draws": self.draws,
            "tokens_per_parameter": {
                name: {f"{flop:g}": optimal_ratio(law, flop) for flop in COMPUTES}
                for name, law in self.laws.items()
            },
            "alternatives": {name: dict(law) for name, law in self.alternatives.items()},
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each coefficient and law."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        errors = {"refit": self.standard_errors, PUBLISHED: self.published_errors}
        return pd.DataFrame(
            {"law": name, "coefficient": letter, "value": value, "error": errors.get(name, {}).get(letter)}
            for name, law in self.laws.items()
            for letter, value in law.items()
        )

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        options = changed_options({"draws": (self.draws, DRAWS), "seed": (self.seed, 0)})
        return Call("calibrate scaling-law", f"{refit.__module__}.{refit.__name__}", options=options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of the published laws, one of which gives the runs too."""
        return cited(dict.fromkeys(row.source for row in stored(ScalingLawRow)))


def optimal_ratio(law: Mapping[str, float], flop: float) -> float:
    """Return the tokens per parameter at which a law's loss is lowest for some compute [tokens].

    Parameters
    ----------
    law
        Coefficients by letter.
    flop
        Compute [FLOP].
    """
    parameters = parameters_for_flop(
        flop=flop,
        loss_parameter_coefficient=law["A"],
        loss_parameter_exponent=law["alpha"],
        loss_token_coefficient=law["B"],
        loss_token_exponent=law["beta"],
    )
    return float(flop / (6.0 * parameters * parameters))


def refit(*, draws: int = DRAWS, seed: int = 0, rows: Sequence[ChinchillaRow] | None = None) -> ScalingLawFit:
    """Return the refit of the scaling law.

    Parameters
    ----------
    draws
        Bootstrap draws behind the standard errors.
    seed
        Seed of the resampling.
    rows
        The runs; the catalog's unless given.
    """
    size, data, loss = _runs(stored(ChinchillaRow) if rows is None else rows)
    best = _search(size, data, loss)
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        at = generator.integers(0, len(loss), len(loss))
        drawn.append(_natural(_descend(best, size[at], data[at], loss[at])[0]))
    errors = np.std(np.array(drawn), axis=0, ddof=1) if draws > 1 else np.full(5, np.nan)
    laws, spreads = published_laws()
    return ScalingLawFit(
        estimates=_by_letter(_natural(best)),
        standard_errors=_by_letter(errors),
        published=laws[PUBLISHED],
        published_errors=spreads,
        points=len(loss),
        draws=draws,
        seed=seed,
        alternatives={name: law for name, law in laws.items() if name != PUBLISHED},
    )


def published_laws() -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Return the published laws by name, and the standard errors of the one that the product takes."""
    laws: dict[str, dict[str, float]] = {}
    errors: dict[str, float] = {}
    for row in stored(ScalingLawRow):
        laws.setdefault(row.law, {})[row.parameter] = row.value
        if row.law == PUBLISHED and row.standard_error is not None:
            errors[row.parameter] = row.standard_error
    return laws, errors


def _by_letter(values: np.ndarray) -> dict[str, float]:
    return dict(zip(LETTERS, map(float, values), strict=True))


def _natural(logarithms: np.ndarray) -> np.ndarray:
    return np.append(np.exp(logarithms[:3]), logarithms[3:])


def _runs(rows: Sequence[ChinchillaRow]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logarithms of size, tokens and loss of the runs that are fitted."""
    size, flop, loss = np.array([(row.parameters, row.flop, row.loss) for row in rows]).T
    tokens = flop / (6.0 * size)
    fitted = np.sort(np.argsort(tokens / size, kind="stable")[DROPPED:])
    return np.log(size[fitted]), np.log(tokens[fitted]), np.log(loss[fitted])


def _terms(law: np.ndarray, size: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Return the logarithms of the law's three terms at every run."""
    a, b, e, alpha, beta = (law[..., place, None] for place in range(5))
    return np.stack([a - alpha * size, b - beta * data, e + 0.0 * size])


def _misfit(law: np.ndarray, size: np.ndarray, data: np.ndarray, loss: np.ndarray) -> tuple[Any, np.ndarray]:
    """Return the Huber loss of a law, and its gradient."""
    terms = _terms(law, size, data)
    largest = terms.max(axis=0)
    parts = np.exp(terms - largest)
    total = parts.sum(axis=0)
    residual = largest + np.log(total) - loss
    near = np.abs(residual) <= _HUBER
    huber = np.where(near, 0.5 * residual**2, _HUBER * (np.abs(residual) - 0.5 * _HUBER))
    slope = np.clip(residual, -_HUBER, _HUBER) * parts / total
    by_size, by_data, fixed = (slope[place].sum(axis=-1) for place in range(3))
    gradient = [by_size, by_data, fixed, -(slope[0] * size).sum(axis=-1), -(slope[1] * data).sum(axis=-1)]
    return _SCALE * huber.sum(axis=-1), _SCALE * np.stack(gradient, axis=-1)


def _descend(
    start: np.ndarray, size: np.ndarray, data: np.ndarray, loss: np.ndarray
) -> tuple[np.ndarray, float]:
    from scipy.optimize import minimize  # noqa: PLC0415 - SciPy is slow to import

    tight = {"gtol": 1e-6, "maxiter": 2000}
    with np.errstate(over="ignore", invalid="ignore"):
        solution = minimize(_misfit, start, (size, data, loss), "BFGS", jac=True, options=tight)
    return np.asarray(solution.x), float(solution.fun)


def _search(size: np.ndarray, data: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Return the best law that searches from the most promising points of the grid find."""
    grid = np.array(_GRID)
    misfit = np.concatenate([np.atleast_1d(_misfit(part, size, data, loss)[0]) for part in np.split(grid, 9)])
    best, lowest = np.asarray(grid[0]), np.inf
    for start in grid[np.argsort(misfit, kind="stable")[:_STARTS]]:
        law, value = _descend(start, size, data, loss)
        if value < lowest:
            best, lowest = law, value
    return best
