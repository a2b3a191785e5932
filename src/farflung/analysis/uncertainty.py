"""Uncertainty: the spread of every output when all that is uncertain is drawn at once.

Only what the assumption set states a standard error or a range for is drawn. What a scenario says, its
MFU and its outlook on compression included, holds as said: no sourced range of them is in the catalog.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.distributions import (
    Coefficient,
    ScalingLaw,
    distributions,
    drawn_fields,
    power_of_two,
    uniforms,
    whole_seed,
)
from farflung.base.errors import InputError
from farflung.base.fields import fields_of
from farflung.base.provenance import Provenance
from farflung.base.units import parse
from farflung.catalog import Record, table
from farflung.outcome import OUTPUTS, Outcome, evaluate
from farflung.outcome.batch import evaluate_batch
from farflung.outcome.outputs import output_named
from farflung.outcome.run import as_scenario
from farflung.scenario import Scenario, load_assumptions

if TYPE_CHECKING:
    import xarray as xr

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles that are given of every output."""
FEWEST_DRAWS, MOST_DRAWS = 16, 2**18
_ROUNDING = 1e-12
"""Relative difference up to which two numbers are the same one, rounded differently."""
_ASIDE = 0.1
"""How far a median may lie from the point value before the result says so."""
_LIMITED = ("quality_adjusted_flop", "local_equivalent_flop")
"""Outputs that the training limits of rules are held against unless other limits are asked for."""
HELD = tuple(path for path, field in fields_of(Scenario).items() if field.role == "uncertainty")
"""Fields of a scenario that the world decides, and that are nevertheless not drawn."""

Asked = Scenario | str | Path | Mapping[str, Any]
Limits = Mapping[str, float | str | Sequence[float | str]]


@dataclass(frozen=True, slots=True)
class Spread:
    """One output: its point value, and its distribution over the feasible draws."""

    name: str
    unit: str
    meaning: str
    point: float | None
    mean: float
    quantiles: Mapping[float, float]
    varies: bool
    """Whether any of what is drawn moves the output."""

    @property
    def point_is_inside(self) -> bool:
        """Return whether the point value is within the 5 to 95 % of the draws."""
        return self.point is None or self.quantiles[0.05] <= self.point <= self.quantiles[0.95]


@dataclass(frozen=True, slots=True)
class Chance:
    """The probability that an output is above a limit; a draw that is not feasible is not above it."""

    output: str
    limit: float
    unit: str
    rules: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Pair:
    """One output of two scenarios on the same draws; quantiles over the draws feasible for both."""

    name: str
    unit: str
    ratio: Mapping[float, float] | None
    """First over second; ``None`` where the second can be 0."""
    difference: Mapping[float, float]
    """First less second."""
    first_greater: float
    second_greater: float


@dataclass(frozen=True, slots=True)
class UncertaintyResult:
    """The spread of every output of a scenario.

    Attributes
    ----------
    outcome
        The outcome at the point values.
    draws, seed
        Number of draws, and the seed that gives the same ones again.
    feasible_share
        Share of the draws in which the run can take place.
    drawn
        What was drawn, and from which distribution.
    spreads, chances
        Every output, and the probability of passing each limit.
    pairs, against
        The comparison with another scenario, and that scenario's own result, where one was asked for.
    samples
        Every output, every coefficient drawn (``assumptions.``…) and ``feasible``, by draw.
    """

    outcome: Outcome
    draws: int
    seed: int
    feasible_share: float
    drawn: tuple[Coefficient | ScalingLaw, ...]
    spreads: tuple[Spread, ...]
    chances: tuple[Chance, ...]
    pairs: tuple[Pair, ...] | None
    against: UncertaintyResult | None
    command: str | None
    samples: Mapping[str, np.ndarray] = field(repr=False)

    @property
    def scenario(self) -> Scenario:
        """Return the scenario."""
        return self.outcome.scenario

    @property
    def provenance(self) -> Provenance:
        """Return how to obtain the same answer again."""
        return self.outcome.provenance.model_copy(update={"seed": self.seed, "command": self.command})

    def spread(self, output: str) -> Spread:
        """Return the spread of one output.

        Raises
        ------
        InputError
            If there is no such output, or the run has none.
        """
        output_named(output)
        for one in self.spreads:
            if one.name == output:
                return one
        raise InputError(output, "does not exist for this run")

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the numbers must know."""
        notes = [f"{' and '.join(HELD)} are not drawn: no sourced range of them is in the catalog"]
        for one in (one for one in self.spreads if one.name in _LIMITED and one.point and one.quantiles[0.5]):
            aside = 1.0 - (one.point or 0.0) / one.quantiles[0.5]
            if abs(aside) > _ASIDE:
                outside = "" if one.point_is_inside else " and outside the 5 to 95 % of the draws"
                notes.append(
                    f"the point value of {one.name} lies {-aside:+.0%} from the median of the draws{outside},"
                    " since some ranges reach further to one side"
                )
        if not self.outcome.feasible:
            notes.append(f"infeasible at the point values: {self.outcome.binding_constraint}")
        return tuple(notes)

    def dataset(self) -> xr.Dataset:
        """Return all samples as an xarray Dataset over ``draw``, with units and meanings."""
        import xarray as xr  # noqa: PLC0415 - xarray is slow to import

        def described(name: str) -> dict[str, str]:
            if name in OUTPUTS:
                return {"units": OUTPUTS[name].unit, "long_name": OUTPUTS[name].meaning}
            return {}

        provenance = self.provenance.model_dump(mode="json", exclude_none=True)
        return xr.Dataset(
            {name: ("draw", values, described(name)) for name, values in self.samples.items()},
            coords={"draw": np.arange(self.draws)},
            attrs=provenance,
        )

    def as_table(self) -> dict[str, Any]:
        """Return the result as plain tables, for JSON; without the samples."""
        return {
            "scenario": self.scenario.name,
            "draws": self.draws,
            "feasible_share": self.feasible_share,
            "notes": list(self.notes),
            "drawn": [_drawn_table(one) for one in self.drawn],
            "outputs": [{**asdict(one), "quantiles": _labelled(one.quantiles)} for one in self.spreads],
            "limits": [asdict(one) for one in self.chances],
            "pairs": None if self.pairs is None else [_pair_table(one) for one in self.pairs],
            "against": self.against.as_table() if self.against else None,
            "provenance": self.provenance.model_dump(mode="json"),
        }


def _labelled(quantiles: Mapping[float, float]) -> dict[str, float]:
    return {f"{100 * share:g}%": value for share, value in quantiles.items()}


def _pair_table(pair: Pair) -> dict[str, Any]:
    ratio = None if pair.ratio is None else _labelled(pair.ratio)
    return {**asdict(pair), "ratio": ratio, "difference": _labelled(pair.difference)}


def _drawn_table(one: Coefficient | ScalingLaw) -> dict[str, Any]:
    told: dict[str, Any] = {key: getattr(one, key) for key in ("name", "kind", "evidence_level", "source")}
    if isinstance(one, Coefficient):
        told |= {key: getattr(one, key) for key in ("value", "low", "high", "unit")}
    return told


def uncertainty(
    scenario: Asked,
    draws: int = 4096,
    seed: int = 0,
    *,
    against: Asked | None = None,
    limits: Limits | None = None,
    command: str | None = None,
) -> UncertaintyResult:
    """Return the spread of every output, everything uncertain drawn at once.

    Parameters
    ----------
    scenario
        As for :func:`farflung.evaluate`.
    draws
        Number of draws of a scrambled Sobol sequence; rounded up to a power of 2, where such a sequence
        is balanced.
    seed
        Seed of the scrambling; the same seed gives the same result.
    against
        A second scenario, compared draw by draw: coefficients of one name take the same uniform number
        for both, also where their assumption sets differ.
    limits
        Outputs and the limits to hold them against [unit of the output, or text with a unit]; the
        training limits of all rules that are not revoked if left out.
    command
        The command that asked, for the provenance.

    Raises
    ------
    InputError
        If a scenario is not valid or its model fits on no arrangement of its nodes, if the number of
        draws or the seed cannot be used, or if a limit is of no output or no number.

    Examples
    --------
    >>> result = uncertainty("paper-headline", draws=256)
    >>> spread = result.spread("local_equivalent_flop")
    >>> spread.quantiles[0.05] < spread.quantiles[0.95]
    True
    """
    draws, seed = power_of_two(draws, FEWEST_DRAWS, MOST_DRAWS), whole_seed(seed)
    outcomes = [evaluate(as_scenario(one)) for one in (scenario, against) if one is not None]
    held_against = [_limit(*one) for one in (_given(limits) if limits else _training_limits())]
    drawn = [distributions(load_assumptions(one.scenario.assumptions)) for one in outcomes]
    names = tuple(dict.fromkeys(one.name for several in drawn for one in several))
    uniform = uniforms(names, draws, seed)
    results = [
        _of_one(
            outcome, own, draws, uniform, held_against, asked_for=bool(limits), seed=seed, command=command
        )
        for outcome, own in zip(outcomes, drawn, strict=True)
    ]
    if len(results) == 1:
        return results[0]
    first, second = results
    return replace(first, against=second, pairs=tuple(_pairs(first, second)))


def _given(limits: Limits) -> Iterator[tuple[str, float | str, tuple[str, ...]]]:
    for output, values in limits.items():
        several = [values] if isinstance(values, str | int | float) else values
        if not several:
            raise InputError(f"limit on {output}", "there is none", nearest="a number")
        for value in several:
            yield output, value, ()


def _training_limits() -> Iterator[tuple[str, float, tuple[str, ...]]]:
    """Yield the limits on training of rules that are not revoked, with the rules that state each."""
    stated: dict[float, list[str]] = {}
    for name, rule in table("rules").items():
        if "training_limit" in rule and rule.get("status") != "revoked":
            stated.setdefault(Record.of(rule["training_limit"]).in_unit("FLOP"), []).append(name)
    for output in _LIMITED:
        for limit in sorted(stated):
            yield output, limit, tuple(stated[limit])


def _limit(output: str, value: float | str, rules: tuple[str, ...]) -> tuple[str, float, tuple[str, ...]]:
    unit, field = OUTPUTS[output_named(output).name].unit, f"limit on {output}"
    if isinstance(value, str):
        try:
            value = float(value.replace(",", ""))
        except ValueError:
            value = _parsed(field, str(value), unit)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(field, f"{value} is not a finite number", nearest=f"a number of {unit}")
    return output, float(value), rules


def _parsed(field: str, text: str, unit: str) -> float:
    try:
        return parse(text, "1" if unit == "parameters" else unit)
    except InputError as error:
        raise InputError(field, error.problem, error.nearest) from None


def _of_one(
    outcome: Outcome,
    drawn: tuple[Coefficient | ScalingLaw, ...],
    draws: int,
    uniform: Mapping[str, np.ndarray],
    limits: Sequence[tuple[str, float, tuple[str, ...]]],
    *,
    asked_for: bool,
    seed: int,
    command: str | None,
) -> UncertaintyResult:
    fields = drawn_fields(drawn, uniform)
    found = evaluate_batch(outcome.scenario, fields, OUTPUTS)
    samples = {name: np.broadcast_to(values, (draws,)) for name, values in found.items()}
    feasible = samples["feasible"]
    kept = {name: values for name, values in samples.items() if not np.isnan(values).all()}
    if asked_for and feasible.any():
        for output, *_ in limits:
            if output not in kept:
                raise InputError(f"limit on {output}", "this run has no such quantity")
    chances = [
        Chance(output, limit, OUTPUTS[output].unit, rules, float(np.mean(kept.get(output, np.nan) > limit)))
        for output, limit, rules in limits
    ]
    return UncertaintyResult(
        outcome=outcome,
        draws=draws,
        seed=seed,
        feasible_share=float(feasible.mean()),
        drawn=drawn,
        spreads=tuple(_spreads(outcome, kept, feasible)),
        chances=tuple(chances),
        pairs=None,
        against=None,
        command=command,
        samples={**kept, **fields},
    )


def _spreads(outcome: Outcome, samples: Mapping[str, np.ndarray], feasible: np.ndarray) -> Iterator[Spread]:
    for name, output in OUTPUTS.items():
        if name in samples and feasible.any():
            values = samples[name][feasible]
            yield Spread(
                name=name,
                unit=output.unit,
                meaning=output.meaning,
                point=getattr(outcome, name),
                mean=float(values.mean()),
                quantiles=_quantiles(values),
                varies=bool(np.ptp(values) > _ROUNDING * np.abs(values).max()),
            )


def _quantiles(values: np.ndarray) -> dict[float, float]:
    found = np.quantile(values, QUANTILES)
    return {share: float(value) for share, value in zip(QUANTILES, found, strict=True)}


def _pairs(first: UncertaintyResult, second: UncertaintyResult) -> Iterator[Pair]:
    """Yield every output that both runs have, compared draw by draw."""
    both = first.samples["feasible"] & second.samples["feasible"]
    if not both.any():
        return
    for name, output in OUTPUTS.items():
        if name not in first.samples or name not in second.samples:
            continue
        one, other = first.samples[name][both], second.samples[name][both]
        if np.isnan(one).any() or np.isnan(other).any():
            continue
        least = _ROUNDING * np.maximum(np.abs(one), np.abs(other))
        yield Pair(
            name=name,
            unit=output.unit,
            ratio=_quantiles(one / other) if other.all() else None,
            difference=_quantiles(one - other),
            first_greater=float(np.mean(one - other > least)),
            second_greater=float(np.mean(other - one > least)),
        )
