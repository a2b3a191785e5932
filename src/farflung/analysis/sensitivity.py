"""Sensitivity: what moves an output, one input at a time (tornado) and all at once (Sobol)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from farflung.analysis.distributions import (
    Coefficient,
    Drawn,
    ScalingLaw,
    distributions,
    drawn_fields,
    power_of_two,
    whole_seed,
)
from farflung.analysis.sensitivity_result import DRAWS, OUTPUT, Bar, Index, Kind, Levers, SensitivityResult
from farflung.base.errors import InputError, unknown
from farflung.base.fields import Field, fields_of
from farflung.outcome import OUTPUTS, evaluate
from farflung.outcome.batch import evaluate_batch
from farflung.outcome.outputs import output_named
from farflung.outcome.run import ScenarioLike
from farflung.scenario import Scenario, load_assumptions

__all__ = [
    "FEWEST_DRAWS", "MOST_DRAWS", "Bar", "Index", "Kind", "Lever", "Levers", "SensitivityResult",
    "sensitivity", "sobol_indices",
]  # fmt: skip

_OUTLOOK = fields_of(Scenario)["protocol.compression_scenario"]
FEWEST_DRAWS, MOST_DRAWS = 64, 2**14
_ROUNDING = 1e-9
"""Relative change of an output below which nothing has moved it."""


@dataclass(frozen=True, slots=True)
class Lever:
    """A numeric field of a scenario that someone chooses, between two values.

    It is spread evenly in its logarithm where both ends are positive, else evenly; whole-number fields
    are rounded.
    """

    field: Field
    low: float
    high: float
    evidence_level: str = "lever"

    @property
    def name(self) -> str:
        """Return the path of the field."""
        return self.field.path

    @property
    def ends(self) -> tuple[float, float]:
        """Return the quantiles between which it is varied on its own: all of it."""
        return 0.0, 1.0

    def fields(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return the field's values at these shares of its range."""
        share = np.asarray(uniform, dtype=np.float64)
        if self.low > 0 and self.high > 0:
            values = np.exp((1.0 - share) * math.log(self.low) + share * math.log(self.high))
        else:
            values = (1.0 - share) * self.low + share * self.high
        # The ends are those given, not what rounding makes of them.
        values = np.where(share == 0.0, self.low, np.where(share == 1.0, self.high, values))
        return {self.name: np.rint(values) if self.field.kind == "count" else values}


def sensitivity(
    scenario: ScenarioLike,
    output: str = OUTPUT,
    *,
    levers: Levers | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    **changes: Any,
) -> SensitivityResult:
    """Return which coefficients and levers move an output.

    Parameters
    ----------
    scenario
        As for :func:`farflung.evaluate`.
    output
        Name of an output.
    levers
        Numeric fields of the scenario and their two ends [SI, or text with a unit].
    draws
        Base sample of the Sobol indices, rounded up to a power of 2; (inputs + 2) times as many runs.
    seed
        Seed of the sample and of the bootstrap behind the errors.
    changes
        Fields of the scenario to change, as for :func:`farflung.evaluate`.

    Raises
    ------
    InputError
        If the scenario, the output, a lever or the number of draws cannot be used.

    Examples
    --------
    >>> result = sensitivity("paper-headline", "local_equivalent_flop", draws=64)
    >>> result.bars[0].name
    'replica_size_exponent'
    """
    draws, seed = power_of_two(draws, FEWEST_DRAWS, MOST_DRAWS), whole_seed(seed)
    outcome, name = evaluate(scenario, **changes), output_named(output).name
    base = outcome.scenario
    point = getattr(outcome, name)
    if point is None and outcome.feasible:
        raise InputError(output, "does not exist for this run")
    chosen, lowest = _levers(base, levers or {})
    drawn: list[Drawn] = [*distributions(load_assumptions(base.assumptions)), *chosen]
    bars = [*(_bar(base, lowest, one, name) for one in drawn), _outlook(base, name)]
    moving = [bar for bar in bars if _moves(bar, point)]
    scale: Literal["log10", "linear"] = "log10" if OUTPUTS[name].unit == "FLOP" else "linear"
    indices, notes = _indices(lowest, drawn, name, scale, draws=draws, seed=seed)
    effective = {bar.name for bar in moving} | {index.name for index in indices}
    return SensitivityResult(
        outcome=outcome,
        output=name,
        scale=scale,
        levers=levers or {},
        bars=tuple(sorted(moving, key=lambda bar: _width(bar, point, scale), reverse=True)),
        without_effect=tuple(bar.name for bar in bars if bar.name not in effective),
        indices=indices,
        notes=(*notes, *_notes(drawn, effective, bool(indices))),
        runs=draws * (len(drawn) + 2) if indices else 0,
        draws=draws,
        seed=seed,
    )


def _notes(drawn: Sequence[Drawn], effective: set[str], has_indices: bool) -> Iterator[str]:
    """Yield what the bars and shares do not say of themselves."""
    if _OUTLOOK.path in effective:
        yield f"{_OUTLOOK.path} is no number, and has no share in the variance"
    for one in drawn:
        if has_indices and isinstance(one, ScalingLaw) and one.name in effective:
            yield f"{one.name} is {len(one.coefficients)} coefficients drawn together from one fit"


def _levers(scenario: Scenario, given: Levers) -> tuple[list[Lever], Scenario]:
    """Return the levers, and the scenario with every lever at its low end, both ends validated."""
    numeric = {path: field for path, field in fields_of(Scenario).items() if field.numeric}
    for path in given:
        if path not in numeric:
            raise unknown(path, "numeric field", path, numeric)
    ends = [
        scenario.with_({path: _written(numeric[path], pair[end]) for path, pair in given.items()})
        for end in (0, 1)
    ]
    levers = []
    for path in given:
        low, high = (numeric[path].get(end) for end in ends)
        if low is None or high is None or low == high:
            raise InputError(path, "a lever needs two different ends", nearest=f"{path}=LOW..HIGH")
        levers.append(Lever(numeric[path], float(low), float(high)))
    return levers, ends[0]


def _written(field: Field, value: float | str) -> Any:
    """Return an end of a lever as a scenario writes it."""
    return value if isinstance(value, str) else field.to_toml(value)


def _bar(scenario: Scenario, lowest: Scenario, one: Drawn, output: str) -> Bar:
    """Return the bar of one input."""
    ends = np.array(one.ends)
    if isinstance(one, ScalingLaw):
        values = evaluate_batch(scenario, one.all_rows(), (output,))[output]
        values = values[np.isfinite(values)]
        at_ends = np.quantile(values, ends) if len(values) else np.full(2, np.nan)
        return Bar(one.name, "law", one.evidence_level, None, None, "", *_plain(at_ends))
    if isinstance(one, Lever) and one.field.get(scenario) is None:
        # It varies a field that the scenario leaves open; the other levers stay as the scenario has them.
        scenario = scenario.with_({one.name: one.field.to_toml(one.field.get(lowest))})
    (path, inputs), *_ = one.fields(ends).items()
    low, high = _plain(evaluate_batch(scenario, {path: inputs}, (output,))[output])
    ends_in = float(inputs[0]), float(inputs[1])
    if isinstance(one, Coefficient):
        printed = one.printed(ends_in[0]), one.printed(ends_in[1])
        return Bar(one.name, "coefficient", one.evidence_level, *printed, one.printed_unit, low, high)
    unit = fields_of(Scenario)[path].unit
    return Bar(one.name, "lever", one.evidence_level, *ends_in, unit, low, high)


def _outlook(scenario: Scenario, output: str) -> Bar:
    """Return the bar of the quality tables' outlook, from the conservative to the optimistic column."""
    ends = _OUTLOOK.choices[-1], _OUTLOOK.choices[0]
    low, high = (getattr(evaluate(scenario.with_({_OUTLOOK.path: end})), output) for end in ends)
    return Bar(_OUTLOOK.path, "outlook", "prior", *ends, "", low, high)


def _plain(values: np.ndarray) -> tuple[float | None, float | None]:
    low, high = (float(value) if np.isfinite(value) else None for value in values)
    return low, high


def _moves(bar: Bar, point: float | None) -> bool:
    """Return whether a bar has a width, or an end that is not feasible."""
    if (bar.low is None or bar.high is None) and not (bar.low is bar.high is point):
        return True
    least, most = bar.reach(point)
    return most - least > _ROUNDING * max(abs(least), abs(most))


def _width(bar: Bar, point: float | None, scale: str) -> float:
    least, most = bar.reach(point)
    if bar.low is None or bar.high is None or (scale == "log10" and least <= 0.0):
        return math.inf
    return math.log10(most / least) if scale == "log10" else most - least


def _indices(
    base: Scenario, drawn: Sequence[Drawn], output: str, scale: str, *, draws: int, seed: int
) -> tuple[tuple[Index, ...], tuple[str, ...]]:
    """Return the Sobol indices of an output, or why there are none."""
    notes: list[str] = []

    def model(uniform: np.ndarray) -> np.ndarray:
        columns = {one.name: uniform[:, place] for place, one in enumerate(drawn)}
        values = evaluate_batch(base, drawn_fields(drawn, columns), (output,))[output]
        missing = float(np.mean(~np.isfinite(values)))
        if missing:
            notes.append(f"no Sobol indices: {missing:.1%} of the runs are not feasible")
        elif scale == "log10" and (values <= 0.0).any():
            notes.append("no Sobol indices: in some runs it is 0, and has no logarithm")
        with np.errstate(all="ignore"):
            return np.log10(values) if scale == "log10" else values

    names = [one.name for one in drawn]
    every = sobol_indices(model, names, draws=draws, seed=seed) if names else ()
    indices = tuple(index for index in every if index.total > 0.0)
    if not indices and not notes:
        notes.append("no Sobol indices: nothing that is drawn moves this output")
    return indices, tuple(notes)


def sobol_indices(
    model: Callable[[np.ndarray], np.ndarray], names: Sequence[str], *, draws: int, seed: int
) -> tuple[Index, ...]:
    """Return first-order and total Sobol indices of a function of independent uniforms.

    Parameters
    ----------
    model
        Takes uniforms of shape (runs, inputs) and answers with shape (runs,).
    names
        Names of the inputs.
    draws
        Base sample, a power of 2.
    seed
        Seed of the sample and of the bootstrap behind the errors.

    Returns
    -------
    tuple of Index
        Greatest total first; empty where the function is constant or not finite everywhere.

    Notes
    -----
    Equation: S_i = Var(E[y | x_i]) / Var(y), T_i = E[Var(y | all but x_i)] / Var(y)
    Assumption: the inputs are independent; what is not is drawn as one input.
    Evidence: Saltelli and others 2010, doi:10.1016/j.cpc.2009.09.018, as SALib computes it
    Limits: errors are half-widths of a 95 % interval; small indices may come out slightly negative.
    """
    from SALib.analyze import sobol as analysis  # noqa: PLC0415 - SALib is slow to import
    from SALib.sample import sobol as sampling  # noqa: PLC0415

    problem = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    sample = sampling.sample(problem, draws, calc_second_order=False, seed=seed)
    values = np.asarray(model(sample), dtype=np.float64)
    if not np.isfinite(values).all() or np.ptp(values) <= _ROUNDING * np.abs(values).max():
        return ()
    # A generator, since SALib takes a seed of 0 for none.
    generator = np.random.default_rng(seed)
    analysed = analysis.analyze(problem, values, calc_second_order=False, seed=generator)
    rows = zip(names, *(analysed[key] for key in ("S1", "S1_conf", "ST", "ST_conf")), strict=True)
    indices = (Index(name, *(float(number) for number in numbers)) for name, *numbers in rows)
    return tuple(sorted(indices, key=lambda index: index.total, reverse=True))
