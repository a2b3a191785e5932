"""What draws of all that is uncertain come to: the spread of every output, and the chances to pass limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.calls import call_about
from farflung.analysis.distributions import Coefficient, ScalingLaw
from farflung.base.errors import InputError
from farflung.base.fields import fields_of
from farflung.base.format import format_quantity, format_share, format_short
from farflung.base.pages import Page, Span, Table, span_on
from farflung.base.provenance import Provenance
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.sources import Source, cited
from farflung.outcome import OUTPUTS, Outcome
from farflung.outcome.outputs import output_named
from farflung.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles that are given of every output."""
DRAWS = 4096
"""Draws unless given."""
LIMITED = ("quality_adjusted_flop", "local_equivalent_flop")
"""Outputs that the training limits of rules are held against unless other limits are given."""
_SHOWN = (
    *LIMITED, "distributed_loss", "capital_cost_usd", "run_cost_usd", "total_cost_usd", "duration_s",
    "tokens",
)  # fmt: skip
"""Outputs of a page; :meth:`UncertaintyResult.to_frame` holds all."""
_WIDEST = 10.0
"""Greatest ratio to the point value that bars show."""
_ASIDE = 0.1
"""How far a median may lie from the point value before the result says so."""
HELD = (
    *(path for path, field in fields_of(Scenario).items() if field.role == "uncertainty"), "nodes.price",
)  # fmt: skip
"""Fields of a scenario that the world decides, and that are nevertheless not drawn."""

Limits = Mapping[str, float | str | Sequence[float | str]]


def limits_of(limits: Limits) -> Iterator[tuple[str, Sequence[float | str]]]:
    """Yield each output with all limits on it."""
    for output, values in limits.items():
        yield output, [values] if isinstance(values, str | int | float) else values


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


@dataclass(frozen=True, repr=False)
class UncertaintyResult(Result):
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
    limits
        The limits given instead of those of rules.
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
    limits: Limits | None
    pairs: tuple[Pair, ...] | None
    against: UncertaintyResult | None
    samples: Mapping[str, np.ndarray]

    @property
    def scenario(self) -> Scenario:
        """Return the scenario."""
        return self.outcome.scenario

    @property
    def provenance(self) -> Provenance:
        """Return how to obtain the same answer again."""
        return self.outcome.provenance.model_copy(update={"seed": self.seed, "command": self.command})

    @property
    def held(self) -> Mapping[str, str]:
        """Return what the world decides and is nevertheless held fixed, with its value."""
        values = {path: fields_of(Scenario)[path].get(self.scenario) for path in HELD}
        return {
            path: "as in the catalog" if value is None else fields_of(Scenario)[path].format(value)
            for path, value in values.items()
        }

    def spread(self, output: str) -> Spread:
        """Return the spread of one output.

        Raises
        ------
        InputError
            If there is no such output, or the run has none.
        """
        name = output_named(output).name
        spread = next((spread for spread in self.spreads if spread.name == name), None)
        if spread is None:
            raise InputError(output, "does not exist for this run")
        return spread

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the numbers must know."""
        held = ", ".join(f"{path} ({value})" for path, value in self.held.items())
        notes = [f"held fixed, not drawn: {held}"]
        for spread in self.spreads:
            median = spread.quantiles[0.5]
            if spread.name not in LIMITED or not spread.point or not median:
                continue
            aside = spread.point / median - 1.0
            if abs(aside) > _ASIDE:
                outside = "" if spread.point_is_inside else " and outside the 5 to 95 % of the draws"
                notes.append(
                    f"the point value of {spread.name} lies {aside:+.0%} from the median of the draws"
                    f"{outside}, since some ranges reach further to one side"
                )
        if not self.outcome.feasible:
            notes.append(f"infeasible at the point values: {self.outcome.binding_constraint}")
        return tuple(notes)

    def page(self) -> Page:
        """Return the spread of the main outputs, and the chances to pass the limits."""
        name = self.scenario.name or "Unnamed scenario"
        against = f", against {self.against.scenario.name or 'the other scenario'}" if self.against else ""
        drawn = sum(1 if isinstance(drawn, Coefficient) else len(drawn.coefficients) for drawn in self.drawn)
        return Page(
            title=f"{name}{against}: how sure the outputs are",
            lines=(
                f"{self.draws:,} draws of {drawn} coefficients of {self.provenance.assumptions}; feasible in "
                f"{format_share(self.feasible_share)}.",
                *_chances_said(self.chances),
            ),
            tables=tuple(_tables(self)),
            notes=self.notes,
        )

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

    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer, apart from the samples."""
        return {
            "scenario": self.scenario.name,
            "draws": self.draws,
            "seed": self.seed,
            "feasible_share": self.feasible_share,
            "held": dict(self.held),
            "notes": list(self.notes),
            "drawn": [_drawn_row(drawn) for drawn in self.drawn],
            "outputs": [
                {**asdict(spread), "quantiles": _labelled(spread.quantiles)} for spread in self.spreads
            ],
            "limits": [asdict(chance) for chance in self.chances],
            "pairs": None if self.pairs is None else [_pair_row(pair) for pair in self.pairs],
            "against": self.against.to_dict() if self.against else None,
            "provenance": self.provenance.model_dump(mode="json"),
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each output: its point value, mean and quantiles."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame(
            [
                {
                    "name": spread.name,
                    "unit": spread.unit,
                    "point": spread.point,
                    "mean": spread.mean,
                    **_labelled(spread.quantiles),
                }
                for spread in self.spreads
            ]
        )

    def call(self) -> Call:
        """Return the question again."""
        options = changed_options({"draws": (self.draws, DRAWS), "seed": (self.seed, 0)})
        words: list[str] = []
        keywords: list[str] = []
        for output, values in limits_of(self.limits or {}):
            words += [word for value in values for word in ("--limit", f"{output}={value}")]
        if self.limits:
            keywords.append(f"limits={dict(self.limits)!r}")
        verb, function = "uncertainty", "farflung.uncertainty"
        if self.against is None:
            return call_about(verb, function, (self.scenario,), options, words=words, keywords=keywords)
        both = call_about(verb, function, (self.scenario, self.against.scenario), options, words=words)
        first, second = both.arguments
        if both.subject is not None:
            name, other, *more = both.subject
            both = replace(both, subject=(name, "--against", other, *more))
        return replace(both, arguments=(first, f"against={second}", *keywords))

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the limited outputs, and behind what was drawn."""
        keys = {source.key for source in self.outcome.citations(*LIMITED)}
        return cited(sorted(keys | {drawn.source for drawn in self.drawn}))


def _chances_said(chances: Sequence[Chance]) -> Iterator[str]:
    """Yield a sentence for each limited output."""
    for output in dict.fromkeys(chance.output for chance in chances):
        passed = [
            f"{format_quantity(chance.limit, chance.unit)}"
            f"{f' ({chance.rules[0]})' if chance.rules else ''} in {format_share(chance.probability)}"
            for chance in chances
            if chance.output == output
        ]
        yield f"{OUTPUTS[output].symbol or output} passes {', '.join(passed)} of the draws."


def _tables(result: UncertaintyResult) -> Iterator[Table]:
    spreads = [spread for spread in result.spreads if spread.varies and spread.name in _SHOWN]
    spreads.sort(key=lambda spread: _SHOWN.index(spread.name))
    ends = (0.05, 0.5, 0.95)
    shown = spreads[:3] if result.against else spreads
    if shown:
        yield Table(
            spans=tuple(_ratio_spans(shown)),
            span_title="5 to 95 %",
            headers=("Output", "Point", "5 %", "Median", "95 %"),
            rows=tuple(
                (
                    OUTPUTS[spread.name].label,
                    format_short(spread.point, spread.unit),
                    *(format_short(spread.quantiles[share], spread.unit) for share in ends),
                )
                for spread in shown
            ),
            numeric=frozenset({1, 2, 3, 4}),
        )
    pairs = [pair for pair in result.pairs or () if pair.name in _SHOWN and pair.ratio is not None]
    pairs = [pair for pair in pairs if pair.first_greater + pair.second_greater > 0]
    pairs.sort(key=lambda pair: _SHOWN.index(pair.name))
    if pairs:
        yield Table(
            headers=("First over second, draw by draw", "5 %", "Median", "95 %", "First greater"),
            rows=tuple(
                (
                    OUTPUTS[pair.name].label,
                    *(format_quantity((pair.ratio or {})[share], "1") for share in ends),
                    format_share(pair.first_greater),
                )
                for pair in pairs[:4]
            ),
            numeric=frozenset({1, 2, 3, 4}),
        )


def _ratio_spans(spreads: Sequence[Spread]) -> Iterator[Span | None]:
    """Yield where 5 and 95 % of the draws lie, as logarithms of their ratio to the point value."""
    ratios = [
        (math.log(max(low, 1e-9 * spread.point) / spread.point), math.log(high / spread.point))
        if spread.point is not None and spread.point > 0 and high > 0
        else None
        for spread in spreads
        for low, high in [(spread.quantiles[0.05], spread.quantiles[0.95])]
    ]
    reach = min(max((max(map(abs, ends)) for ends in ratios if ends), default=1.0), math.log(_WIDEST))
    yield from (span_on((-reach, reach), *ends, mark=0.0) if ends else None for ends in ratios)


def _labelled(quantiles: Mapping[float, float]) -> dict[str, float]:
    return {f"{100 * share:g}%": value for share, value in quantiles.items()}


def _pair_row(pair: Pair) -> dict[str, Any]:
    ratio = None if pair.ratio is None else _labelled(pair.ratio)
    return {**asdict(pair), "ratio": ratio, "difference": _labelled(pair.difference)}


def _drawn_row(drawn: Coefficient | ScalingLaw) -> dict[str, Any]:
    common = ("name", "kind", "evidence_level", "source")
    if isinstance(drawn, Coefficient):
        return {key: getattr(drawn, key) for key in (*common, "value", "low", "high", "unit")}
    return {key: getattr(drawn, key) for key in common} | {"coefficients": list(drawn.coefficients)}
