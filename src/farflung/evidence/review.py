"""The review of the evidence: every factor of an assumption set, and its law on held-out measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farflung.analysis.calibrate.cross_validation import (
    CALIBRATED,
    DRAWS,
    CrossValidation,
    cross_validate,
)
from farflung.analysis.calibrate.forms import FORMS
from farflung.base.format import ABSENT
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.sources import Source, cited
from farflung.evidence.factors import Factor, factors
from farflung.scenario import load_assumptions

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class EvidenceReview(Result):
    """All factors of an assumption set, and how its law does on measurements that no fit has seen.

    Attributes
    ----------
    assumptions
        Name of the set.
    cross_validation
        Of the calibrated set, whichever set this is.
    factors
        In the order of the page.
    """

    assumptions: str
    cross_validation: CrossValidation
    factors: tuple[Factor, ...]

    @property
    def seed(self) -> int:
        """Return the seed of the cross-validation."""
        return self.cross_validation.seed

    def errors(self, factor: Factor) -> Mapping[str, float]:
        """Return by prediction how far off it is on held-out data [nats]; nothing for a prior."""
        if factor.held_out:
            return factor.held_out.rmse
        return self.cross_validation.held_out_rmse() if factor.judged_by == "cross_validation" else {}

    def page(self) -> Page:
        """Return what every factor rests on, how sure it is, and what would change it."""
        rows = [
            (factor.title, str(factor.measurements), str(factor.uncertain),
             ", ".join(factor.evidence_levels) or ABSENT,
             ", ".join(f"{1000 * error:.1f} {name}" for name, error in self.errors(factor).items()) or ABSENT)
            for factor in self.factors
        ]  # fmt: skip
        headers = ("Factor", "Data", "Uncertain", "Evidence", "Held-out error [0.001 nats]")
        changes = tuple((factor.title, factor.change or ABSENT) for factor in self.factors)
        return Page(
            title=f"The evidence behind every factor of {self.assumptions}",
            tables=(
                Table(headers, tuple(rows), frozenset((1, 2))),
                Table(("Factor", "What would change our mind"), changes),
            ),
            notes=("--format markdown gives formulas, data, coefficients and limits.",),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "assumptions": self.assumptions,
            "factors": [factor.to_dict() for factor in self.factors],
            "cross_validation": self.cross_validation.to_dict(),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each coefficient of each factor."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame(
            {"factor": factor.name, **row}
            for factor in self.factors
            for row in factor.to_dict()["coefficients"]
        )

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        draws, seed = self.cross_validation.draws, self.seed
        options = changed_options({"draws": (draws, DRAWS), "seed": (seed, 0)})
        function = f"{review.__module__}.{review.__name__}"
        if self.assumptions == CALIBRATED:
            return Call("evidence", function, options=options)
        return Call("evidence", function, None, (repr(self.assumptions),), options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of formulas, coefficients and data."""
        return cited(sorted({key for factor in self.factors for key in factor.sources}))


def review(assumptions: str = CALIBRATED, *, draws: int = DRAWS, seed: int = 0) -> EvidenceReview:
    """Return the factors of an assumption set, and how its law does on what it has not seen.

    Parameters
    ----------
    assumptions
        Name or file of the set.
    draws, seed
        As for :func:`farflung.analysis.calibrate.cross_validation.cross_validate`.
    """
    return EvidenceReview(
        assumptions=load_assumptions(assumptions).name,
        cross_validation=cross_validate(draws=draws, seed=seed, forms=tuple(FORMS)),
        factors=factors(assumptions),
    )
