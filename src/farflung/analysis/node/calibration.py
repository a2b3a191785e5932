"""Calibration of a step's coefficients to published steps, and their errors on steps left out.

One value for every chip, cluster and stack. Residuals are of the logarithm, with a robust loss; a table
counts as at most sixty rows, so that the largest does not rule; every coefficient has a prior from counted
passes or published micro-benchmarks. Rows of one configuration stay together when rows are left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from farflung.analysis.node.clusters import MeasuredStep
from farflung.analysis.node.coefficients import NAMES, Coefficients, coefficient_records
from farflung.analysis.node.inputs import StepInputs, stack_inputs
from farflung.analysis.node.measured import packaged
from farflung.analysis.node.step import step_time

TABLES = ("foundry", "vtrain_multi", "vtrain_single", "simumax", "megatron", "sailor", "vendors")
"""Tables of measured steps in the catalog."""
_MOST_ROWS = 60.0
_ERROR = 0.07
"""Misfit that is expected of a row, of its logarithm: tables leave out inputs, and the form is not exact."""
_ROBUST = 1.5
_FAR = 6.0
_MOST_EVALUATIONS = 40
_FOLDS = 3
_FITTED = 'locator = "farflung calibrate node", date = 2026-11-24, evidence_level = "fitted"'


_NEVER, _FAST = 1e-9, 1e9
EFFECTS: Mapping[str, Mapping[str, float]] = {
    "partly filled waves": {"wave_coefficient": _NEVER},
    "operand traffic": {"operand_coefficient": _NEVER},
    "elementwise traffic": {"elementwise_coefficient": _NEVER, "cast_bytes": _NEVER},
    "written scores": {"score_bytes": _NEVER},
    "launches": {"kernel_launch_time": _NEVER, "kernel_gap": _NEVER},
    "communication": {
        "domain_efficiency": _FAST, "network_efficiency": _FAST, "domain_latency": _NEVER,
        "network_latency": _NEVER,
    },
    "loss traffic": {"loss_bytes": _NEVER, "fused_loss_bytes": _NEVER},
    "optimiser": {"optimiser_bytes": _NEVER, "step_overhead": _NEVER},
    "laggards": {"lag": _NEVER},
    "progress of software": {"launch_progress": _NEVER, "expert_progress": _NEVER},
}  # fmt: skip
"""What the fit without an effect holds its coefficients at."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Measured steps, ready to be computed together.

    Attributes
    ----------
    steps
        The rows.
    tables
        Name of each row's table; dense models and experts of vendors are two.
    inputs, seconds
        What they are computed from, and what was measured [s].
    """

    steps: tuple[MeasuredStep, ...]
    tables: np.ndarray
    inputs: StepInputs
    seconds: np.ndarray

    def where(self, chosen: np.ndarray) -> Sample:
        """Return the rows of a mask."""
        steps = tuple(step for step, take in zip(self.steps, chosen, strict=True) if take)
        return Sample(steps, self.tables[chosen], _rows(self.inputs, chosen), self.seconds[chosen])

    def errors(self, coefficients: Coefficients) -> np.ndarray:
        """Return the relative error of every row."""
        return np.asarray(step_time(self.inputs, coefficients).total / self.seconds - 1.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted coefficients, and the standard error of the logarithm of each."""

    coefficients: Coefficients
    log_errors: Mapping[str, float]


def _rows(inputs: StepInputs, chosen: np.ndarray) -> StepInputs:
    def part(name: str) -> object:
        whole = getattr(inputs, name)
        return type(whole)(**{f.name: getattr(whole, f.name)[chosen] for f in fields(whole)})

    return StepInputs(**{f.name: part(f.name) for f in fields(inputs)})  # type: ignore[arg-type]


def sample_of(steps: Iterable[tuple[str, MeasuredStep]]) -> Sample:
    """Return measured steps, each with the name of its table, as one sample."""
    named = list(steps)
    rows = tuple(step for _, step in named)
    return Sample(
        rows, np.array([name for name, _ in named]), stack_inputs([step.inputs for step in rows]),
        np.array([step.seconds for step in rows]),
    )  # fmt: skip


@cache
def published_sample() -> Sample:
    """Return all measured steps of the catalog."""
    named = []
    for name in TABLES:
        steps = packaged(name).steps
        named += [(f"{name} {step.group}" if name == "vendors" else name, step) for step in steps]
    return sample_of(named)


def calibrate(sample: Sample, fixed: Mapping[str, float] | None = None) -> Calibration:
    """Return the coefficients that fit a sample best, given what is expected of them.

    Parameters
    ----------
    sample
        Measured steps.
    fixed
        Coefficients that are held at a value instead of being fitted.
    """
    from scipy.optimize import least_squares  # noqa: PLC0415 - SciPy is slow to import

    held = dict(fixed or {})
    free = [name for name in NAMES if name not in held]
    prior = coefficient_records("node_priors")
    middle = np.array([prior[name].value for name in free])
    spread = np.array([np.log(prior[name].high / prior[name].low) / 2.0 for name in free])  # type: ignore[operator]
    weight, measured = _weights(sample), np.log(sample.seconds)

    def at(deviations: np.ndarray) -> Coefficients:
        return Coefficients(**dict(zip(free, middle * np.exp(deviations * spread), strict=True)), **held)

    def residuals(deviations: np.ndarray) -> np.ndarray:
        misfit = (np.log(step_time(sample.inputs, at(deviations)).total) - measured) / _ERROR
        return np.concatenate([weight * _robust(misfit), deviations])

    most = np.array([_largest(name, m, s) for name, m, s in zip(free, middle, spread, strict=True)])
    best = least_squares(residuals, np.zeros(len(free)), bounds=(-_FAR, most), max_nfev=_MOST_EVALUATIONS)
    errors = spread * np.sqrt(np.diag(np.linalg.inv(best.jac.T @ best.jac)))
    return Calibration(at(best.x), dict(zip(free, errors, strict=True)))


def _largest(name: str, middle: float, spread: float) -> float:
    share = name.endswith(("overlap", "efficiency", "share")) and name != "attention_share"
    return max(float(np.log(1.0 / middle) / spread), 1e-3) if share else _FAR


def _robust(residual: np.ndarray) -> np.ndarray:
    scaled = residual / _ROBUST
    return np.asarray(np.sign(residual) * _ROBUST * np.sqrt(2.0 * (np.sqrt(1.0 + scaled * scaled) - 1.0)))


def _weights(sample: Sample) -> np.ndarray:
    rows = {name: float((sample.tables == name).sum()) for name in set(sample.tables)}
    return np.array([np.sqrt(min(1.0, _MOST_ROWS / rows[name])) for name in sample.tables])


def _folds(sample: Sample) -> np.ndarray:
    def configuration(step: MeasuredStep) -> str:
        return step.label.rsplit(" ", 1)[0] if step.cluster.startswith(("nemo", "maxtext")) else step.label

    return np.array([zlib.crc32(configuration(step).encode()) % _FOLDS for step in sample.steps])


def _left_out(sample: Sample, parts: np.ndarray, fixed: Mapping[str, float] | None = None) -> np.ndarray:
    errors = np.empty(len(sample.seconds))
    for part in sorted(set(parts)):
        out = parts == part
        errors[out] = sample.where(out).errors(calibrate(sample.where(~out), fixed).coefficients)
    return errors


def cross_validated(sample: Sample, fixed: Mapping[str, float] | None = None) -> np.ndarray:
    """Return the error of every row when its third of the rows, by configuration, was left out of the fit."""
    return _left_out(sample, _folds(sample), fixed)


def tables_left_out(sample: Sample) -> np.ndarray:
    """Return the error of every row when its whole table was left out of the fit."""
    return _left_out(sample, sample.tables)


def clusters_left_out(sample: Sample) -> np.ndarray:
    """Return the error of every row when all rows of its cluster were left out of the fit."""
    return _left_out(sample, np.array([step.cluster for step in sample.steps]))


def by_table(sample: Sample, errors: np.ndarray, of: Callable[[np.ndarray], float]) -> Mapping[str, float]:
    """Return a figure of the errors of every table."""
    return {str(name): of(errors[sample.tables == name]) for name in dict.fromkeys(sample.tables)}


def coefficients_text(calibration: Calibration) -> str:
    """Return the file of fitted coefficients."""
    units = {name: record.unit for name, record in coefficient_records("node_priors").items()}
    lines = [
        "# The coefficients of a step's time, one value for every chip, cluster and stack.",
        "# Fitted to the tables in measured/step_time; what was expected of them stands in node_priors.toml.",
        "",
    ]
    for name in NAMES:
        value = getattr(calibration.coefficients, name)
        error = value * calibration.log_errors[name]
        lines.append(
            f'{name} = {{ value = {value:.4g}, unit = "{units[name]}", standard_error = {error:.2g}, '
            f'source = "farflung2026", {_FITTED} }}'
        )
    return "\n".join(lines) + "\n"
