"""The review of the evidence: every factor of an assumption set, and its law on held-out measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from farflung.analysis.calibrate.cross_validation import (
    CALIBRATED,
    CrossValidation,
    check_bounds,
    cross_validate,
)
from farflung.analysis.calibrate.forms import FORMS
from farflung.evidence.factors import Factor, factors
from farflung.scenario import load_assumptions


@dataclass(frozen=True, slots=True)
class EvidenceReview:
    """All factors of an assumption set, and how its law does on measurements that no fit has seen.

    Attributes
    ----------
    assumptions
        Name of the set.
    cross_validation
        Of the calibrated set, whichever set this is.
    draws, seed
        Of the cross-validation.
    bounds
        What the law says where a study only bounds the cost.
    factors
        In the order of the page.
    """

    assumptions: str
    cross_validation: CrossValidation
    draws: int
    seed: int
    bounds: tuple[Mapping[str, Any], ...]
    factors: tuple[Factor, ...]

    def errors(self, factor: Factor) -> Mapping[str, float]:
        """Return by prediction how far off it is on held-out data [nats]; nothing for a prior."""
        if factor.held_out:
            return factor.held_out.rmse
        return self.cross_validation.held_out_rmse() if factor.judged_by == "cross_validation" else {}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "assumptions": self.assumptions,
            "factors": [factor.to_dict() for factor in self.factors],
            "cross_validation": self.cross_validation.to_dict(),
            "bounds": list(self.bounds),
        }


def review(assumptions: str = CALIBRATED, *, draws: int = 100, seed: int = 0) -> EvidenceReview:
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
        draws=draws,
        seed=seed,
        bounds=tuple(check_bounds()),
        factors=factors(assumptions),
    )
