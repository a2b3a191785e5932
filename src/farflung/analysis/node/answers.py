"""Answers about measured steps: how far computed ones are off, and one cluster's own factors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farflung.analysis.node.coefficients import coefficient_records
from farflung.analysis.node.own_runs import ClusterFit, fit_own_runs
from farflung.analysis.node.validation import ErrorSummary, StepTimeValidation
from farflung.analysis.node.validation import validate_step_time as errors_of
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog.sources import Source, cited

if TYPE_CHECKING:
    import pandas as pd

_WORST = 5
_ERRORS = ("Rows", "Mean", "Median", "Bias", "Worst")
_MEANING = {
    "matmul_share": "share of the sustained rate that matrix products reach",
    "kernel_launch_time": "host time of a kernel",
    "network_efficiency": "share of the network's bandwidth that collectives reach",
}


@dataclass(frozen=True, repr=False)
class StepTimeErrors(Result):
    """How far computed steps are off those that a file holds.

    Attributes
    ----------
    path
        The file, as it was given.
    validation
        Its errors.
    """

    path: str
    validation: StepTimeValidation

    def page(self) -> Page:
        """Return the errors of all rows and of each part, what was left out, and the rows furthest off."""
        errors = self.validation
        parts = [("all rows", errors.all), *(errors.groups.items() if len(errors.groups) > 1 else ())]
        if errors.memory:
            parts.append(("peak memory", errors.memory))
        off = sorted(errors.rows, key=lambda row: -abs(row[2] / row[1] - 1.0))[:_WORST]
        worst = tuple((label, f"{s:.4g}", f"{c:.4g}", f"{c / s - 1.0:+.1%}") for label, s, c in off)
        return Page(
            title=f"{errors.all.rows} steps of {self.path}: off by {errors.all.mape:.1f} % on average",
            lines=(
                f"Form '{errors.table}'. Computed over measured, less one; no factor is fitted to the file.",
            ),
            tables=(
                Table(("Errors [%]", *_ERRORS), tuple(_row(*part) for part in parts), frozenset(range(1, 6))),
                Table(("Furthest off", "Measured [s]", "Computed [s]", "Off"), worst, frozenset({1, 2, 3})),
            ),
            notes=tuple(_exclusions(errors)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the errors, and every row that was predicted."""
        steps = [
            {"label": label, "measured_s": seconds, "computed_s": computed, "error": computed / seconds - 1.0}
            for label, seconds, computed in self.validation.rows
        ]
        return {
            **self.validation.to_dict(), "steps": steps, "unit": "%", "command": self.command,
            "python": self.python,
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each step."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame(self.to_dict()["steps"])

    def call(self) -> Call:
        """Return the question again."""
        function = f"{validate_step_time.__module__}.{validate_step_time.__name__}"
        return Call("validate step-time", function, (self.path,), (repr(self.path),))

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of the coefficients."""
        return _sources()


@dataclass(frozen=True, repr=False)
class ClusterFactors(Result):
    """What a cluster's own measured steps say of it, beside the coefficients of the catalog.

    Attributes
    ----------
    path
        The file of its steps, as it was given.
    fit
        The factors, and errors before and after.
    """

    path: str
    fit: ClusterFit

    @property
    def gain(self) -> float:
        """Return by how much steps left out are nearer with factors than without, in percentage points."""
        return self.fit.before.mape - self.fit.after.mape

    def page(self) -> Page:
        """Return the factors and what they gain on steps left out."""
        fit = self.fit
        factors = tuple((name, f"{value:.3f}", _MEANING[name]) for name, value in fit.factors.items())
        rows = (_row("coefficients of the catalog", fit.before), _row("own factors, row left out", fit.after))
        verdict = (
            f"Own factors take {self.gain:.1f} points off the mean error of steps left out"
            if self.gain > 0.0
            else "Own factors gain nothing on steps left out: keep the coefficients of the catalog"
        )
        return Page(
            title=verdict,
            lines=(f"Fitted to {fit.before.rows} steps of {self.path}; each row predicted without itself.",),
            tables=(
                Table(("Errors [%]", *_ERRORS), rows, frozenset(range(1, 6))),
                Table(("Coefficient", "Factor", "What it is"), factors, frozenset({1})),
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return factors and errors."""
        return {
            "rows": self.fit.before.rows,
            "factors": self.fit.factors,
            "before": self.fit.before.to_dict(),
            "cross_validated": self.fit.after.to_dict(),
            "gain_mape": self.gain,
            "command": self.command,
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each factor."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame(self.fit.factors.items(), columns=["coefficient", "factor"])

    def call(self) -> Call:
        """Return the question again."""
        function = f"{calibrate_node.__module__}.{calibrate_node.__name__}"
        return Call("calibrate node", function, (self.path,), (repr(self.path),))

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of the coefficients that the factors multiply."""
        return _sources()


def validate_step_time(path: str | Path) -> StepTimeErrors:
    """Return how far computed steps are off those of a file, with the coefficients of the catalog.

    Parameters
    ----------
    path
        File of one of the forms that published tables have.

    Raises
    ------
    InputError
        If the file cannot be read, is of no known form, or has no row that can be predicted.
    """
    return StepTimeErrors(str(path), errors_of(Path(path)))


def calibrate_node(path: str | Path) -> ClusterFactors:
    """Return the factors of the cluster that a file's steps were measured on.

    Parameters
    ----------
    path
        File of one of the forms that published tables have; the usual one for own runs is ``runs``.

    Raises
    ------
    InputError
        If the file cannot be read, or has fewer than three rows that can be predicted.
    """
    return ClusterFactors(str(path), fit_own_runs(Path(path)))


def _row(name: str, errors: ErrorSummary) -> tuple[str, ...]:
    off = (f"{errors.mape:.1f}", f"{errors.median_ape:.1f}", f"{errors.bias:+.1f}", f"{errors.worst:.1f}")
    return (name, f"{errors.rows}", *off)


def _exclusions(errors: StepTimeValidation) -> Iterator[str]:
    if errors.excluded:
        reasons = "; ".join(f"{rows} {reason}" for reason, rows in errors.excluded.items())
        count = sum(errors.excluded.values())
        yield f"{count} {'row' if count == 1 else 'rows'} cannot be predicted: {reasons}"


def _sources() -> tuple[Source, ...]:
    records = [*coefficient_records().values(), *coefficient_records("node_priors").values()]
    return cited(dict.fromkeys(record.source for record in records))
