"""Uncertainty: the spread of every output when all that is uncertain is drawn at once.

Only what the assumption set states a standard error or a range for is drawn. What a scenario says, its
MFU, its prices and its outlook on compression included, is held: no sourced range of them is in the catalog.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

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
from farflung.analysis.uncertainty_result import (
    DRAWS,
    HELD,
    LIMITED,
    QUANTILES,
    Chance,
    Limits,
    Pair,
    Spread,
    UncertaintyResult,
    limits_of,
)
from farflung.base.errors import InputError
from farflung.base.units import parse
from farflung.catalog import Record, table
from farflung.outcome import OUTPUTS, Outcome, evaluate
from farflung.outcome.batch import evaluate_batch
from farflung.outcome.outputs import output_named
from farflung.outcome.run import ScenarioLike
from farflung.scenario import load_assumptions

__all__ = [
    "DRAWS", "FEWEST_DRAWS", "HELD", "MOST_DRAWS", "QUANTILES", "Chance", "Pair", "Spread",
    "UncertaintyResult", "uncertainty",
]  # fmt: skip

FEWEST_DRAWS, MOST_DRAWS = 16, 2**18
_ROUNDING = 1e-12
"""Relative difference up to which two numbers are the same one, rounded differently."""


def uncertainty(
    scenario: ScenarioLike,
    draws: int = DRAWS,
    seed: int = 0,
    *,
    against: ScenarioLike | None = None,
    limits: Limits | None = None,
    **changes: Any,
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
        training limits of all rules that are not revoked unless given.
    changes
        Fields of both scenarios to change, as for :func:`farflung.evaluate`.

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
    outcomes = [evaluate(one, **changes) for one in (scenario, against) if one is not None]
    thresholds = list(_given_limits(limits) if limits else _training_limits())
    drawn = [distributions(load_assumptions(outcome.scenario.assumptions)) for outcome in outcomes]
    names = tuple(dict.fromkeys(one.name for several in drawn for one in several))
    uniform = uniforms(names, draws, seed)
    results = [
        _spread_of(outcome, own, uniform, thresholds, draws=draws, limits=limits, seed=seed)
        for outcome, own in zip(outcomes, drawn, strict=True)
    ]
    if len(results) == 1:
        return results[0]
    first, second = results
    return replace(first, against=second, pairs=tuple(_pairs(first, second)))


Threshold = tuple[str, float, tuple[str, ...]]
"""An output, a limit in its unit, and the rules that set it."""


def _given_limits(limits: Limits) -> Iterator[Threshold]:
    for output, values in limits_of(limits):
        if not values:
            raise InputError(f"limit on {output}", "there is none", nearest="a number")
        for value in values:
            yield output, _limit(output, value), ()


def _training_limits() -> Iterator[Threshold]:
    """Yield the limits on training of rules that are not revoked, with the rules that state each."""
    stated: dict[float, list[str]] = {}
    for name, rule in table("rules").items():
        if "training_limit" in rule and rule.get("status") != "revoked":
            stated.setdefault(Record.of(rule["training_limit"]).in_unit("FLOP"), []).append(name)
    for output in LIMITED:
        for limit in sorted(stated):
            yield output, limit, tuple(stated[limit])


def _limit(output: str, value: float | str) -> float:
    """Return a limit on an output in its unit."""
    unit, field = output_named(output).unit, f"limit on {output}"
    if isinstance(value, str):
        try:
            value = float(value.replace(",", ""))
        except ValueError:
            value = _parsed(field, str(value), unit)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(field, f"{value} is not a finite number", nearest=f"a number of {unit}")
    return float(value)


def _parsed(field: str, text: str, unit: str) -> float:
    try:
        return parse(text, "1" if unit == "parameters" else unit)
    except InputError as error:
        raise InputError(field, error.problem, error.nearest) from None


def _spread_of(
    outcome: Outcome,
    drawn: tuple[Coefficient | ScalingLaw, ...],
    uniform: Mapping[str, np.ndarray],
    thresholds: Sequence[Threshold],
    *,
    draws: int,
    limits: Limits | None,
    seed: int,
) -> UncertaintyResult:
    """Return the result for one scenario on given uniform numbers."""
    fields = drawn_fields(drawn, uniform)
    values = evaluate_batch(outcome.scenario, fields, OUTPUTS)
    samples = {name: np.broadcast_to(values, (draws,)) for name, values in values.items()}
    feasible = samples["feasible"]
    existing = {name: values for name, values in samples.items() if not np.isnan(values).all()}
    if limits and feasible.any():
        for output, *_ in thresholds:
            if output not in existing:
                raise InputError(f"limit on {output}", "this run has no such quantity")
    chances = (
        Chance(
            output, limit, OUTPUTS[output].unit, rules, float(np.mean(existing.get(output, np.nan) > limit))
        )
        for output, limit, rules in thresholds
    )
    return UncertaintyResult(
        outcome=outcome,
        draws=draws,
        seed=seed,
        feasible_share=float(feasible.mean()),
        drawn=drawn,
        spreads=tuple(_spreads(outcome, existing, feasible)),
        chances=tuple(chances),
        limits=limits,
        pairs=None,
        against=None,
        samples={**existing, **fields},
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
    return dict(zip(QUANTILES, map(float, np.quantile(values, QUANTILES)), strict=True))


def _pairs(first: UncertaintyResult, second: UncertaintyResult) -> Iterator[Pair]:
    """Yield every output that both runs have, compared draw by draw."""
    both = first.samples["feasible"] & second.samples["feasible"]
    if not both.any():
        return
    for name, output in OUTPUTS.items():
        if name not in first.samples or name not in second.samples:
            continue
        ours, theirs = first.samples[name][both], second.samples[name][both]
        if np.isnan(ours).any() or np.isnan(theirs).any():
            continue
        least = _ROUNDING * np.maximum(np.abs(ours), np.abs(theirs))
        yield Pair(
            name=name,
            unit=output.unit,
            ratio=_quantiles(ours / theirs) if theirs.all() else None,
            difference=_quantiles(ours - theirs),
            first_greater=float(np.mean(ours - theirs > least)),
            second_greater=float(np.mean(theirs - ours > least)),
        )
