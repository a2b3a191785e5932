"""Sensitivity: what moves an output, one input at a time (tornado) and all at once (Sobol)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

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
from farflung.base.errors import InputError, unknown
from farflung.base.fields import BARE_UNITS, fields_of
from farflung.base.provenance import Provenance
from farflung.outcome import OUTPUTS, Outcome, evaluate
from farflung.outcome.batch import evaluate_batch
from farflung.outcome.outputs import output_named
from farflung.outcome.run import as_scenario
from farflung.scenario import Scenario, load_assumptions
from farflung.scenario.scenario import Outlook

Kind = Literal["coefficient", "law", "lever", "outlook"]
Levers = Mapping[str, tuple[float | str, float | str]]
_OUTLOOK = "protocol.compression_scenario"
_OUTLOOKS = tuple(reversed(get_args(Outlook)))
NUMERIC_FIELDS = {path: field.unit for path, field in fields_of(Scenario).items() if field.numeric}
_WHOLE = {path for path, field in fields_of(Scenario).items() if field.kind == "count"}
FEWEST_DRAWS, MOST_DRAWS = 64, 2**14
_ROUNDING = 1e-9
"""Relative change of an output below which nothing has moved it."""


@dataclass(frozen=True, slots=True)
class Lever:
    """A numeric field of a scenario that someone chooses, between two values.

    It is spread evenly in its logarithm where both ends are positive, else evenly; whole-number fields
    are rounded.
    """

    name: str
    low: float
    high: float
    unit: str
    evidence_level: str = "lever"

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
        # The ends are what was asked for, not what rounding makes of them.
        values = np.where(share == 0.0, self.low, np.where(share == 1.0, self.high, values))
        return {self.name: np.rint(values) if self.name in _WHOLE else values}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a tornado: the output at either end of one input, all others at their point values.

    Attributes
    ----------
    name, kind, evidence_level
        What is varied, and how its spread is known.
    low_input, high_input, unit
        Its ends: 5 and 95 % of a coefficient's distribution, in the unit of its source; both ends of a
        lever; the last and the first column of the quality tables; ``None`` for the law, which is no
        single number.
    low, high
        The output there; for the law the 5 and 95 % of the output over its draws. ``None`` where the run
        is not feasible.
    """

    name: str
    kind: Kind
    evidence_level: str
    low_input: float | str | None
    high_input: float | str | None
    unit: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Index:
    """Share of an output's variance that one input causes alone, and with all it acts together with."""

    name: str
    first: float
    first_error: float
    total: float
    total_error: float


@dataclass(frozen=True, slots=True)
class SensitivityResult:
    """Which inputs move one output of a scenario.

    Attributes
    ----------
    outcome
        The outcome at the point values.
    output, point, unit
        The output, its value there, and its unit.
    scale
        ``log10`` where the variance is that of the logarithm (compute), else ``linear``.
    bars
        The tornado, widest first; inputs that move nothing are in ``without_effect``.
    indices
        Sobol indices, greatest total first; empty where the variance is not defined, and a note says why.
    runs, draws, seed
        Model runs behind the indices, their base sample, and the seed that gives them again.
    """

    outcome: Outcome
    output: str
    point: float | None
    unit: str
    scale: Literal["log10", "linear"]
    bars: tuple[Bar, ...]
    without_effect: tuple[str, ...]
    indices: tuple[Index, ...]
    notes: tuple[str, ...]
    runs: int
    draws: int
    seed: int
    command: str | None

    @property
    def scenario(self) -> Scenario:
        """Return the scenario."""
        return self.outcome.scenario

    @property
    def provenance(self) -> Provenance:
        """Return how to obtain the same answer again."""
        return self.outcome.provenance.model_copy(update={"seed": self.seed, "command": self.command})

    def as_table(self) -> dict[str, Any]:
        """Return the result as plain tables, for JSON."""
        return {
            "scenario": self.scenario.name,
            "output": self.output,
            "point": self.point,
            "unit": self.unit,
            "scale": self.scale,
            "tornado": [asdict(one) for one in self.bars],
            "without_effect": list(self.without_effect),
            "sobol": [asdict(one) for one in self.indices],
            "runs": self.runs,
            "draws": self.draws,
            "notes": list(self.notes),
            "provenance": self.provenance.model_dump(mode="json"),
        }


def sensitivity(
    scenario: Any,
    output: str = "quality_adjusted_flop",
    *,
    levers: Levers | None = None,
    draws: int = 1024,
    seed: int = 0,
    command: str | None = None,
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
    command
        The command that asked, for the provenance.

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
    asked, name = as_scenario(scenario), output_named(output).name
    outcome = evaluate(asked)
    point = getattr(outcome, name)
    if point is None and outcome.feasible:
        raise InputError(output, "does not exist for this run")
    chosen, base = _levers(asked, levers or {})
    drawn: list[Drawn] = [*distributions(load_assumptions(asked.assumptions)), *chosen]
    bars = [*(_bar(asked, base, one, name) for one in drawn), _outlook(asked, name)]
    moving = [bar for bar in bars if _moves(bar, point)]
    scale: Literal["log10", "linear"] = "log10" if OUTPUTS[name].unit == "FLOP" else "linear"
    indices, notes = _indices(base, drawn, name, scale, draws=draws, seed=seed)
    if _OUTLOOK in {bar.name for bar in moving}:
        notes = (*notes, f"{_OUTLOOK} is no number, and has no share in the variance")
    effective = {bar.name for bar in moving} | {index.name for index in indices}
    return SensitivityResult(
        outcome=outcome,
        output=name,
        point=point,
        unit=OUTPUTS[name].unit,
        scale=scale,
        bars=tuple(sorted(moving, key=lambda bar: _width(bar, point, scale), reverse=True)),
        without_effect=tuple(bar.name for bar in bars if bar.name not in effective),
        indices=indices,
        notes=notes,
        runs=draws * (len(drawn) + 2) if indices else 0,
        draws=draws,
        seed=seed,
        command=command,
    )


def _levers(scenario: Scenario, asked: Levers) -> tuple[list[Lever], Scenario]:
    """Return the levers, and the scenario with every lever at its low end, both ends validated."""
    for name in asked:
        if name not in NUMERIC_FIELDS:
            raise unknown(name, "numeric field", name, NUMERIC_FIELDS)
    ends = [
        scenario.with_({name: _written(name, pair[end]) for name, pair in asked.items()}) for end in (0, 1)
    ]
    found = []
    for name in asked:
        low, high = (_at(end, name) for end in ends)
        if low is None or high is None or low == high:
            raise InputError(name, "a lever needs two different ends", nearest=f"{name}=LOW..HIGH")
        found.append(Lever(name, float(low), float(high), NUMERIC_FIELDS[name]))
    return found, ends[0]


def _written(name: str, value: float | str) -> float | str:
    """Return an end of a lever as a scenario writes it."""
    unit = NUMERIC_FIELDS[name]
    if isinstance(value, str):
        return value
    if name in _WHOLE and float(value).is_integer():
        return int(value)
    return value if unit in BARE_UNITS else f"{float(value)!r} {unit}"


def _at(scenario: Scenario, name: str) -> Any:
    found: Any = scenario
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _bar(scenario: Scenario, base: Scenario, one: Drawn, output: str) -> Bar:
    """Return the bar of one input."""
    ends = np.array(one.ends)
    if isinstance(one, ScalingLaw):
        values = evaluate_batch(scenario, one.all_rows(), (output,))[output]
        values = values[np.isfinite(values)]
        at_ends = np.quantile(values, ends) if len(values) else np.full(2, np.nan)
        return Bar(one.name, "law", one.evidence_level, None, None, "", *_plain(at_ends))
    (field, inputs), *_ = one.fields(ends).items()
    # The other levers stay as the scenario has them; this one may need a field that it leaves out.
    low, high = _plain(evaluate_batch(_with_field(scenario, base, one), {field: inputs}, (output,))[output])
    ends_in = float(inputs[0]), float(inputs[1])
    if isinstance(one, Coefficient):
        printed = one.printed(ends_in[0]), one.printed(ends_in[1])
        return Bar(one.name, "coefficient", one.evidence_level, *printed, one.printed_unit, low, high)
    return Bar(one.name, "lever", one.evidence_level, *ends_in, NUMERIC_FIELDS[field], low, high)


def _with_field(scenario: Scenario, base: Scenario, one: Drawn) -> Scenario:
    if not isinstance(one, Lever) or _at(scenario, one.name) is not None:
        return scenario
    return scenario.with_({one.name: _written(one.name, _at(base, one.name))})


def _outlook(scenario: Scenario, output: str) -> Bar:
    """Return the bar of the quality tables' outlook, from the conservative to the optimistic column."""
    ends = _OUTLOOKS[0], _OUTLOOKS[-1]
    low, high = (getattr(evaluate(scenario.with_({_OUTLOOK: end})), output) for end in ends)
    return Bar(_OUTLOOK, "outlook", "prior", *ends, "", low, high)


def _plain(values: np.ndarray) -> tuple[float | None, float | None]:
    low, high = (float(value) if np.isfinite(value) else None for value in values)
    return low, high


def _reach(bar: Bar, point: float | None) -> tuple[float, float]:
    """Return the least and the greatest output at the ends and between them."""
    values = [value for value in (bar.low, bar.high, point) if value is not None]
    return min(values, default=0.0), max(values, default=0.0)


def _moves(bar: Bar, point: float | None) -> bool:
    """Return whether a bar has a width, or an end that is not feasible."""
    if (bar.low is None or bar.high is None) and not (bar.low is bar.high is point):
        return True
    least, most = _reach(bar, point)
    return most - least > _ROUNDING * max(abs(least), abs(most))


def _width(bar: Bar, point: float | None, scale: str) -> float:
    least, most = _reach(bar, point)
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
    found = sobol_indices(model, names, draws=draws, seed=seed) if names else ()
    found = tuple(one for one in found if one.total > 0.0)
    if not found and not notes:
        notes.append("no Sobol indices: nothing that is drawn moves this output")
    return found, tuple(notes)


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
    found = analysis.analyze(problem, values, calc_second_order=False, seed=generator)
    rows = zip(names, *(found[key] for key in ("S1", "S1_conf", "ST", "ST_conf")), strict=True)
    indices = (Index(name, *(float(number) for number in numbers)) for name, *numbers in rows)
    return tuple(sorted(indices, key=lambda one: one.total, reverse=True))
