"""How far computed steps are from measured ones: a table at a time, with the coefficients of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

from farflung.analysis.node.calibration import sample_of
from farflung.analysis.node.coefficients import Coefficients, fitted_coefficients
from farflung.analysis.node.measured import read_steps
from farflung.analysis.node.memory import step_memory
from farflung.base.errors import InputError


@dataclass(frozen=True, slots=True)
class ErrorSummary:
    """Relative errors of a group of rows, in per cent.

    Attributes
    ----------
    rows
        Rows.
    mape, median_ape
        Mean and median of the absolute error [%].
    bias
        Mean of the error; below 0 where computed steps are shorter than measured [%].
    worst
        Largest absolute error [%].
    """

    rows: int
    mape: float
    median_ape: float
    bias: float
    worst: float

    @classmethod
    def of(cls, errors: np.ndarray) -> ErrorSummary:
        """Return the summary of relative errors."""
        size = 100.0 * np.abs(errors)
        return cls(
            len(errors),
            float(size.mean()),
            float(np.median(size)),
            float(100.0 * errors.mean()),
            float(size.max()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return {name: getattr(self, name) for name in ("rows", "mape", "median_ape", "bias", "worst")}


@dataclass(frozen=True, slots=True)
class StepTimeValidation:
    """Errors of a table.

    Attributes
    ----------
    table
        Form of the table.
    all
        Errors of all rows.
    groups
        Errors by part of the table.
    memory
        Errors of peak memory, where it was measured.
    excluded
        Rows that cannot be predicted, by reason.
    rows
        Label, measured and computed seconds of every row.
    """

    table: str
    all: ErrorSummary
    groups: Mapping[str, ErrorSummary]
    memory: ErrorSummary | None
    excluded: Mapping[str, int]
    rows: tuple[tuple[str, float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "table": self.table, **self.all.to_dict(), "excluded": dict(self.excluded),
            "groups": {name: errors.to_dict() for name, errors in self.groups.items()},
            "memory": self.memory.to_dict() if self.memory else None,
        }  # fmt: skip


def validate_step_time(
    path: Path | Traversable, coefficients: Coefficients | None = None
) -> StepTimeValidation:
    """Return the errors of computed steps on a table of measured ones.

    Parameters
    ----------
    path
        File of one of the forms that published tables have.
    coefficients
        By default those of the catalog.

    Raises
    ------
    InputError
        If the file cannot be read, is of no known form, or has no row that can be predicted.
    """
    found = read_steps(path)
    if not found.steps:
        reasons = "; ".join(f"{count} rows: {reason}" for reason, count in found.excluded.items())
        raise InputError(path.name, f"has no row that can be predicted ({reasons or 'no rows'})"[:200])
    sample = sample_of((found.name, step) for step in found.steps)
    errors = sample.errors(coefficients or fitted_coefficients())
    groups = np.array([step.group for step in found.steps])
    measured = np.array([step.memory or np.nan for step in found.steps])
    has = np.isfinite(measured)
    memory = step_memory(sample.inputs).total / np.where(has, measured, 1.0) - 1.0
    computed = sample.seconds * (1.0 + errors)
    return StepTimeValidation(
        found.name, ErrorSummary.of(errors),
        {str(name): ErrorSummary.of(errors[groups == name]) for name in dict.fromkeys(groups)},
        ErrorSummary.of(memory[has]) if has.any() else None, found.excluded,
        tuple((s.label, s.seconds, float(c)) for s, c in zip(found.steps, computed, strict=True)),
    )  # fmt: skip
