"""Held out: the forms, the published sets and no penalty at all, on points that no fit has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.calibrate.fit import Fit, bootstrap, fit
from farflung.analysis.calibrate.forms import FORMS, JOINT, Form, Law
from farflung.analysis.calibrate.points import STUDIES, TEST_FROM, Points, points
from farflung.analysis.calibrate.published import PUBLISHED, published_change
from farflung.analysis.distributions import law_rows
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.measured import GrowingTokensRow, LossRow
from farflung.catalog.rows import stored
from farflung.catalog.sources import Source, cited
from farflung.scenario import load_assumptions

if TYPE_CHECKING:
    import pandas as pd

CALIBRATED, NONE = "calibrated-2026-11", "none"
NAMED = (CALIBRATED, *PUBLISHED, NONE)
"""What is compared: the calibrated set, the published ones, and no penalty at all."""
COVERED, DRAWS = 0.9, 100
_NOISES = 200
"""Draws of noise for every draw of the law."""


def central_law() -> Law:
    """Return the published scaling law, by the letters of its source."""
    values = load_assumptions("miri-2026-04").values
    return {letter: values[name][0] for name, letter in _LETTERS.items()}


_LETTERS = {
    "loss_parameter_coefficient": "A",
    "loss_token_coefficient": "B",
    "loss_irreducible": "E",
    "loss_parameter_exponent": "alpha",
    "loss_token_exponent": "beta",
}


def laws(count: int) -> list[Law]:
    """Return scaling laws of the catalog's bootstrap, evenly spread over it."""
    rows = {letter: law_rows()[name] for name, letter in _LETTERS.items()}
    total = len(rows["A"])
    picked = (np.arange(count) * total) // count if count <= total else np.arange(count) % total
    return [{letter: float(column[at]) for letter, column in rows.items()} for at in picked]


@dataclass(frozen=True, slots=True)
class Bound:
    """What the law says where a study only bounds the cost.

    Attributes
    ----------
    study, parameters, tokens, replicas, inner_steps
        The run.
    at_most_nats, expected_nats
        The bound, and what the law expects.
    satisfied
        Whether the law keeps to the bound, within twice the noise.
    """

    study: str
    parameters: float
    tokens: float
    replicas: float
    inner_steps: float
    at_most_nats: float
    expected_nats: float
    satisfied: bool


@dataclass(frozen=True, repr=False)
class CrossValidation(Result):
    """Predictions at every scored point by fits that left out its size.

    Attributes
    ----------
    at
        The points.
    expected
        Loss change by set or form [nats].
    covered
        Whether the measured change lies in the 90 % interval of the law, seen from a fit without it.
    draws, seed
        Refits for every size behind the intervals, and the seed of weights and noise.
    bounds
        What the law says where a study only bounds the cost.
    """

    at: Points
    expected: dict[str, np.ndarray]
    covered: np.ndarray
    draws: int
    seed: int
    bounds: tuple[Bound, ...]

    def error(self, name: str) -> np.ndarray:
        """Return by how much a set or form is above what was measured [nats]."""
        return np.asarray(self.expected[name] - self.at.change)

    def rmse(self, name: str, chosen: np.ndarray | None = None) -> float:
        """Return the root mean squared error of a set or form over some points [nats]."""
        error = self.error(name)
        return float(np.sqrt(np.mean(np.square(error if chosen is None else error[chosen]))))

    def held_out_rmse(self, chosen: np.ndarray | None = None) -> dict[str, float]:
        """Return the root mean squared error of every set over some points [nats]."""
        return {name: self.rmse(name, chosen) for name in NAMED}

    @property
    def forms_rmse(self) -> dict[str, float]:
        """Return that of every form over sizes outside of the test, which decides between forms [nats]."""
        fitted = self.at.parameters < TEST_FROM
        return {form: self.rmse(form, fitted) for form in FORMS if form in self.expected}

    def groups(self) -> dict[str, np.ndarray]:
        """Return which points are in which group, for groups that have any."""
        size = self.at.parameters
        groups = {
            "fitted_sizes": size < TEST_FROM,
            "test_sizes": size >= TEST_FROM,
            "4B": (size > 3.9e9) & (size < 4.1e9),
            "10B": (size > 9.9e9) & (size < 10.1e9),
            **{f"study {study}": self.at.study == place for place, study in enumerate(STUDIES)},
        }
        return {label: chosen for label, chosen in groups.items() if chosen.any()}

    def _errors(self, chosen: np.ndarray) -> dict[str, Any]:
        return {
            "held_out_rmse_nats": self.held_out_rmse(chosen),
            "coverage_90": float(self.covered[chosen].mean()),
            "points": int(chosen.sum()),
        }

    def page(self) -> Page:
        """Return the held-out errors of every set by group, those of the forms, and the bounds."""
        everything = {"all points": np.ones(len(self.at), dtype=bool)}
        errors = [
            (label.replace("_", " "), str(int(chosen.sum())),
             *(_milli(error) for error in self.held_out_rmse(chosen).values()),
             f"{self.covered[chosen].mean():.0%}")
            for label, chosen in (everything | self.groups()).items()
        ]  # fmt: skip
        forms = sorted(self.forms_rmse.items(), key=lambda pair: pair[1])
        numbers = frozenset(range(1, len(NAMED) + 3))
        satisfied = sum(bound.satisfied for bound in self.bounds)
        return Page(
            title="What distribution adds to the loss: held-out errors [0.001 nats]",
            tables=(
                Table(("Points", "No.", *NAMED, "In 90 %"), tuple(errors), numbers),
                Table(
                    ("Form of the law", "Error"), tuple((form, _milli(error)) for form, error in forms),
                    frozenset({1}), "Forms, without the sizes of the test",
                ),
            ),
            notes=(
                "Every point is predicted by a fit without its size; sizes from 3 billion on are in no fit.",
                f"The law satisfies {satisfied} of {len(self.bounds)} upper bounds, up to 64 replicas, "
                "within twice the noise.",
            ),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            **self._errors(np.ones(len(self.at), dtype=bool)),
            "forms_rmse_nats": self.forms_rmse,
            "by_group": {label: self._errors(chosen) for label, chosen in self.groups().items()},
            "bounds": [asdict(bound) for bound in self.bounds],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each scored point: the run, what was measured, and what each set expects."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        run = {name: getattr(self.at, name) for name in ("parameters", "tokens", "replicas", "inner_steps")}
        studies = [STUDIES[int(place)] for place in self.at.study]
        expected = {f"expected {name}": self.expected[name] for name in NAMED}
        return pd.DataFrame({"study": studies, **run, "measured": self.at.change, **expected})

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        options = changed_options({"draws": (self.draws, DRAWS), "seed": (self.seed, 0)})
        function = f"{cross_validate.__module__}.{cross_validate.__name__}"
        return Call("calibrate loss", function, options=options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of the measurements."""
        rows = (*stored(LossRow), *stored(GrowingTokensRow))
        return cited(dict.fromkeys(row.source for row in rows))


def _milli(nats: float) -> str:
    return f"{1000 * nats:.1f}"


def _without(band: int | None) -> Callable[[Law], Points]:
    """Return what gives the points of a fit: none of the test's, and none of a band."""

    def under(law: Law) -> Points:
        at = points(law)
        return at.where(~at.test & ((at.band != band) if band is not None else True))

    return under


def fit_all(form: Form) -> Fit:
    """Return a form fitted to all points except those of the test."""
    law = central_law()
    return fit(form, _without(None)(law), law)


def posterior(draws: int, seed: int) -> tuple[Fit, list[Fit], list[Law]]:
    """Return the joint law's fit, its posterior draws, and the scaling law of each."""
    best, own = fit_all(FORMS[JOINT]), laws(draws)
    return best, bootstrap(best, _without(None), own, np.random.default_rng(seed)), own


def check_bounds() -> tuple[Bound, ...]:
    """Return what the law says where a study only bounds the cost, and is in no score.

    Such a study did not tune hyperparameters anew, or its baseline on as many tokens is not measured: it
    bounds large M from above, and is fitted as a bound.
    """
    law = central_law()
    at = points(law)
    at = at.where(~at.scored)
    expected = fit_all(FORMS[JOINT]).penalty(at, law)
    return tuple(
        Bound(
            study=STUDIES[int(at.study[place])],
            parameters=float(at.parameters[place]),
            tokens=float(at.tokens[place]),
            replicas=float(at.replicas[place]),
            inner_steps=float(at.inner_steps[place]),
            at_most_nats=float(at.change[place]),
            expected_nats=float(expected[place]),
            satisfied=bool(expected[place] <= at.change[place] + 2.0 * at.noise[place]),
        )
        for place in range(len(at))
    )


def cross_validate(
    *, draws: int = DRAWS, seed: int = 0, forms: Sequence[str] = tuple(FORMS)
) -> CrossValidation:
    """Return how forms and sets do on points that no fit has seen, one size left out at a time.

    Parameters
    ----------
    draws
        Refits for every size behind the intervals of ours.
    seed
        Seed of weights and noise.
    forms
        Which forms compete; the joint law always does.
    """
    law, generator = central_law(), np.random.default_rng(seed)
    every = points(law)
    at = every.where(every.scored)
    expected = {name: np.zeros(len(at)) for name in {JOINT: 0, **dict.fromkeys(forms, 0)}}
    covered = np.zeros(len(at), dtype=bool)
    for band in np.unique(at.band):
        out = at.band == band
        under, here = _without(int(band)), at.where(out)
        for name, change in expected.items():
            best = fit(FORMS[name], under(law), law)
            change[out] = best.penalty(here, law)
            if name == JOINT:
                own = laws(draws)
                covered[out] = _covered(bootstrap(best, under, own, generator), own, here, generator)
    expected |= {CALIBRATED: expected[JOINT], NONE: np.zeros(len(at))}
    expected |= {name: published_change(name, at) for name in PUBLISHED}
    return CrossValidation(at, expected, covered, draws, seed, check_bounds())


def _covered(
    fits: Sequence[Fit], own: Sequence[Law], at: Points, generator: np.random.Generator
) -> np.ndarray:
    """Return whether measured changes lie in their 90 % intervals: law, noise, and excess where untuned."""
    simulated = []
    for one, law in zip(fits, own, strict=True):
        noise = at.noise * generator.standard_normal((_NOISES, len(at)))
        excess = one.excess(at) * np.abs(generator.standard_normal((_NOISES, len(at))))
        simulated.append(one.penalty(at, law) + noise + excess)
    tail = (1.0 - COVERED) / 2.0
    low, high = np.quantile(np.concatenate(simulated), (tail, 1.0 - tail), axis=0)
    return np.asarray((low <= at.change) & (at.change <= high))
