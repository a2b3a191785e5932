"""Factors: what each part of the learning model claims, what that rests on, and how sure of it we are.

A factor is read off the model itself: its formulas, the coefficients of the assumption set in them, and the
measurements behind those. ``data/factors.toml`` only says which of them belong together, and what would
change our mind; a formula of the learning model whose coefficients it forgets is a factor of its own.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from inspect import signature
from typing import Any, get_args

import numpy as np

from farflung.analysis.calibrate.cross_validation import CALIBRATED
from farflung.analysis.calibrate.held_out import HeldOut, dropped_shares, largest_runs
from farflung.analysis.distributions import Coefficient, ScalingLaw, distributions
from farflung.base.format import format_value
from farflung.base.graph import Step, Steps
from farflung.catalog.measured import TABLES
from farflung.catalog.rows import stored
from farflung.learning.distributed_loss import divergence_penalty
from farflung.outcome import Flag, evaluate
from farflung.outcome.explain import Said, said_of
from farflung.outcome.model import Choices, assemble
from farflung.scenario import Assumptions, load_assumptions, preset
from farflung.scenario.forms import Forms, JointLaw

HEADLINE = "paper-headline"
"""Scenario that is held against the limits of every factor."""
_IGNORED = "ignored"
"""Form with which a set leaves a factor out."""
_LEARNING, _CONVENTION = "farflung.learning", "convention"
SHARES = (0.05, 0.5, 0.95)
"""Quantiles that are given of every coefficient."""
_HELD_OUT: Mapping[str, Callable[[], HeldOut]] = {
    "largest_runs": largest_runs,
    "dropped_shares": dropped_shares,
}
_PLACES = ("source", "locator", "study", "method", "rounding")
"""Columns of a table of measurements that say where a row is from, and how it was printed."""


@dataclass(frozen=True, slots=True)
class CoefficientSummary:
    """A coefficient and how sure it is.

    Attributes
    ----------
    name, value, unit, source, locator, note
        As in the assumption set.
    evidence_level
        How its spread is known where it has one, else its value.
    quantiles
        Of its distribution, by share [``unit``]; empty for a constant.
    joint
        Whether it is drawn jointly with others, from a posterior.
    """

    name: str
    value: float
    unit: str
    evidence_level: str
    source: str
    locator: str
    note: str
    quantiles: Mapping[float, float]
    joint: bool


@dataclass(frozen=True, slots=True)
class QualityTable:
    """A table of qualities that stands in for a law, by ratio, in three outlooks."""

    name: str
    evidence_level: str
    source: str
    locator: str
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class DataSummary:
    """Measurements from one source.

    Attributes
    ----------
    table, source, locators
        Where they stand, and where in the source they were printed.
    rows
        How many.
    ranges
        Least and greatest of every column of numbers.
    kinds
        How many of each kind, where a column tells kinds apart.
    """

    table: str
    source: str
    locators: tuple[str, ...]
    rows: int
    ranges: Mapping[str, tuple[float, float]]
    kinds: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of the learning model.

    Attributes
    ----------
    name, title
        What it is called.
    claims
        Its formulas, by the quantity that each answers.
    off
        Whether the set leaves it out.
    coefficients, tables
        What is in them.
    data, rests_on
        What they rest on: measurements, or words; nothing, for a prior.
    judged_by, held_out
        Which held-out data judge it, and the errors where those are not the cross-validation's.
    limits
        By quantity and input, the range in which it was fitted or measured.
    beyond
        What of the headline scenario lies outside them.
    change
        What would change our mind; empty where nobody has said.
    """

    name: str
    title: str
    claims: Mapping[str, Said]
    off: bool
    coefficients: tuple[CoefficientSummary, ...]
    tables: tuple[QualityTable, ...]
    data: tuple[DataSummary, ...]
    rests_on: str
    judged_by: str
    held_out: HeldOut | None
    limits: Mapping[str, Mapping[str, Any]]
    beyond: tuple[str, ...]
    change: str

    @property
    def measurements(self) -> int:
        """Return how many measurements are behind it."""
        return sum(one.rows for one in self.data)

    @property
    def uncertain(self) -> int:
        """Return how many of its coefficients are drawn."""
        return sum(bool(one.quantiles) for one in self.coefficients)

    @property
    def evidence_levels(self) -> tuple[str, ...]:
        """Return how it is known: what is uncertain in it, or else all that is no convention."""
        drawn = [one.evidence_level for one in self.coefficients if one.quantiles]
        drawn += [one.evidence_level for one in self.tables]
        every = (one.evidence_level for one in self.coefficients if one.evidence_level != _CONVENTION)
        return tuple(dict.fromkeys(drawn or every))

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the keys of the sources of its formulas, coefficients, tables and data."""
        keys = [key for claim in self.claims.values() for key in claim.sources]
        keys += [one.source for one in self.coefficients]
        keys += [*(one.source for one in self.tables), *(one.source for one in self.data)]
        return tuple(dict.fromkeys(keys))

    def to_dict(self) -> dict[str, Any]:
        """Return the factor as plain data."""
        claims = {name: asdict(one) for name, one in self.claims.items()}
        coefficients = [
            asdict(one) | {"quantiles": {f"{share:.0%}": value for share, value in one.quantiles.items()}}
            for one in self.coefficients
        ]
        keys = ("name", "title", "off", "rests_on", "judged_by", "limits", "beyond", "change")
        plain = {key: getattr(self, key) for key in keys}
        others = {key: [asdict(one) for one in getattr(self, key)] for key in ("tables", "data")}
        held_out = asdict(self.held_out) if self.held_out else None
        return {**plain, **others, "claims": claims, "coefficients": coefficients, "held_out": held_out}


def factors(name: str = CALIBRATED) -> tuple[Factor, ...]:
    """Return the factors of the learning model under an assumption set, in the order of the page."""
    assumptions = load_assumptions(name)
    steps, on = _steps(assumptions, _with_all(assumptions.forms)), _steps(assumptions, assumptions.forms)
    entries = {name: entry for name, entry in _declared().items() if steps.keys() & {*entry["quantities"]}}
    described = {name for entry in entries.values() for name in _names(entry, steps, assumptions)}
    entries |= _undescribed(steps, assumptions, described)
    headline = preset(HEADLINE).with_({"assumptions": name})
    beyond = [flag for flag in evaluate(headline).flags if flag.kind == "extrapolated"]
    return tuple(_factor(name, entry, assumptions, (steps, on), beyond) for name, entry in entries.items())


@cache
def _declared() -> Mapping[str, Mapping[str, Any]]:
    file = resources.files("farflung.evidence") / "data" / "factors.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _steps(assumptions: Assumptions, forms: Forms) -> Steps:
    return assemble(
        Choices(
            mode="flat",
            stragglers=assumptions.defaults.get("protocol.stragglers", "synchronous"),
            fixed_tokens=False,
            limited_data=True,
            forms=forms,
        )
    )


def _with_all(forms: Forms) -> Forms:
    """Return the forms with every factor that is left out in the first form that leaves it in."""
    left_out = [name for name in Forms.model_fields if getattr(forms, name) == _IGNORED]
    others = {name: get_args(Forms.model_fields[name].annotation) for name in left_out}
    return forms.model_copy(
        update={name: next(word for word in words if word != _IGNORED) for name, words in others.items()}
    )


def _undescribed(steps: Steps, assumptions: Assumptions, described: set[str]) -> dict[str, Mapping[str, Any]]:
    """Return an entry for every formula of the learning model with a coefficient that no entry has."""

    def own(step: Step) -> set[str]:
        levels = {name: assumptions.coefficients[name].evidence_level
                  for name in _coefficients(step, assumptions)}  # fmt: skip
        return {name for name, level in levels.items() if level != _CONVENTION}

    return {
        name: {"title": name.replace("_", " ").capitalize(), "quantities": [name]}
        for name, step in steps.items()
        if step.function.__module__.startswith(_LEARNING) and own(step) - described
    }


def _coefficients(one: Step, assumptions: Assumptions) -> list[str]:
    return [quantity for _, quantity in one.inputs if quantity in assumptions.coefficients]


def _names(entry: Mapping[str, Any], steps: Steps, assumptions: Assumptions) -> Iterator[str]:
    """Yield the coefficients of a factor: those in its formulas, and those whose names begin as it says."""
    for quantity in entry["quantities"]:
        if quantity in steps:
            yield from _coefficients(steps[quantity], assumptions)
    if start := entry.get("coefficients"):
        yield from (name for name in assumptions.coefficients if name.startswith(start))


def _factor(
    name: str,
    entry: Mapping[str, Any],
    assumptions: Assumptions,
    possible: tuple[Steps, Steps],
    beyond: Sequence[Flag],
) -> Factor:
    steps, on = possible
    claims = {one: said_of(steps[one].function) for one in entry["quantities"] if one in steps}
    inputs = [name for one in claims for _, name in steps[one].inputs]
    source = next(iter(claims.values())).sources[0]
    judged_by = entry.get("judged_by", "")
    limited = (*entry["quantities"], *entry.get("limits", ()))
    return Factor(
        name=name,
        title=entry["title"],
        claims=claims,
        off=any(one not in on or on[one] != steps[one] for one in claims),
        coefficients=tuple(_summaries(assumptions, dict.fromkeys(_names(entry, steps, assumptions)))),
        tables=tuple(_tables(inputs, assumptions)),
        data=tuple(one for table in entry.get("measured", ()) for one in data_summaries(table, source)),
        rests_on=entry.get("rests_on", "").strip(),
        judged_by=judged_by,
        held_out=_HELD_OUT[judged_by]() if judged_by in _HELD_OUT else None,
        limits={one: assumptions.limits[one] for one in limited if one in assumptions.limits},
        beyond=tuple(one.message for one in beyond if one.subject in limited),
        change=entry.get("change", "").format(**_expected(entry, assumptions)).strip(),
    )


def _summaries(assumptions: Assumptions, names: Iterable[str]) -> Iterator[CoefficientSummary]:
    spreads = _spreads(assumptions)
    for name in names:
        record = assumptions.coefficients[name]
        quantiles, evidence_level, joint = spreads.get(name, ({}, record.evidence_level, False))
        yield CoefficientSummary(
            name, record.value, record.unit, evidence_level, record.source, record.locator, record.note,
            quantiles, joint,
        )  # fmt: skip


def _spreads(assumptions: Assumptions) -> dict[str, tuple[Mapping[float, float], str, bool]]:
    """Return quantiles of what is drawn, how they are known, and whether it is drawn with others."""
    spreads: dict[str, tuple[Mapping[float, float], str, bool]] = {}
    for one in distributions(assumptions):
        if isinstance(one, Coefficient):
            values = {share: one.printed(float(one.quantile(np.array(share)))) for share in SHARES}
            spreads[one.name] = values, one.evidence_level, False
        else:
            for field, column in one.all_rows().items():
                quantiles = dict(zip(SHARES, map(float, np.quantile(column, SHARES)), strict=True))
                spreads[field.removeprefix("assumptions.")] = quantiles, one.evidence_level, True
    return spreads


def _tables(inputs: Iterable[str], assumptions: Assumptions) -> Iterator[QualityTable]:
    for name in (part.removesuffix("_table") for part in inputs if part.endswith("_table")):
        if name in assumptions.tables:
            one = assumptions.tables[name]
            yield QualityTable(name, one.evidence_level, one.source, one.locator, one.rows)


def data_summaries(table: str, source: str) -> Iterator[DataSummary]:
    """Yield what a table of measurements holds, source by source.

    Parameters
    ----------
    table
        Name of the table.
    source
        Key of its source, where its rows do not say theirs.
    """
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in map(asdict, stored(TABLES[table])):
        by_source.setdefault(row.get("source", source), []).append(row)
    for key, rows in by_source.items():
        columns = {name: [row[name] for row in rows] for name in rows[0] if name not in _PLACES}
        kinds = {name: values for name, values in columns.items() if isinstance(values[0], str | bool)}
        yield DataSummary(
            table=table,
            source=key,
            locators=tuple(dict.fromkeys(row["locator"] for row in rows if "locator" in row)),
            rows=len(rows),
            ranges={
                name: (min(values), max(values)) for name, values in columns.items() if name not in kinds
            },
            kinds={name: dict(Counter(map(format_value, values))) for name, values in kinds.items()},
        )


def _expected(entry: Mapping[str, Any], assumptions: Assumptions) -> dict[str, str]:
    """Return the ends of what the joint law expects of the run that would change our mind [nats]."""
    if "expects" not in entry or not isinstance(assumptions.forms.distribution, JointLaw):
        return {"low": "the law's 5 %", "high": "its 95 %"}
    values: dict[str, Any] = {name: value for name, (value, _) in assumptions.values.items()}
    for one in distributions(assumptions):
        if isinstance(one, ScalingLaw):
            values |= {name.removeprefix("assumptions."): rows for name, rows in one.all_rows().items()}
    arguments = signature(divergence_penalty).parameters
    known = {name: value for name, value in (values | entry["expects"]).items() if name in arguments}
    low, high = np.quantile(divergence_penalty(**known), (SHARES[0], SHARES[-1]))
    return {"low": f"{low:.2g}", "high": f"{high:.2g}"}
