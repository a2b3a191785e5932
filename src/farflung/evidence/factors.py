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

from farflung.analysis.calibrate.forms import FORMS
from farflung.analysis.calibrate.held_out import OURS, Contest, bounds, contest
from farflung.analysis.calibrate.unseen import Unseen, dropped_shares, largest_runs
from farflung.analysis.distributions import Coefficient, ScalingLaw, distributions
from farflung.catalog.measured import measured
from farflung.learning.distributed_loss import divergence_penalty
from farflung.outcome import Flag, evaluate
from farflung.outcome.explain import Said, said_of
from farflung.outcome.graph import Step, Steps
from farflung.outcome.wiring import steps_of
from farflung.scenario import Assumptions, Scenario, load_assumptions, preset, with_changes
from farflung.scenario.assumptions import Forms

HEADLINE = "paper-headline"
"""Scenario that is held against the limits of every factor."""
_IGNORED = "ignored"
"""Form with which a set leaves a factor out."""
_LEARNING, _CONVENTION = "farflung.learning", "convention"
SHARES = (0.05, 0.5, 0.95)
"""Quantiles that are given of every coefficient."""
_UNSEEN: Mapping[str, Callable[[], Unseen]] = {
    "largest_runs": largest_runs,
    "dropped_shares": dropped_shares,
}
_PLACES = ("source", "locator", "study", "method", "rounding")
"""Columns of a table of measurements that say where a row is from, and how it was printed."""


@dataclass(frozen=True, slots=True)
class Known:
    """A coefficient and how sure it is.

    Attributes
    ----------
    name, value, unit, source, locator, note
        As in the assumption set.
    evidence_level
        How its spread is known where it has one, else its value.
    quantiles
        Of its distribution, by share [``unit``]; empty for a constant.
    together
        Whether it is drawn together with others, from a posterior.
    """

    name: str
    value: float
    unit: str
    evidence_level: str
    source: str
    locator: str
    note: str
    quantiles: Mapping[float, float]
    together: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table of qualities that stands in for a law, by ratio, in three outlooks."""

    name: str
    evidence_level: str
    source: str
    locator: str
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Behind:
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
    behind, rests_on
        What they rest on: measurements, or words; nothing, for a prior.
    judged_by, unseen
        Name of the contest on what no fit has seen, and its result where it is not the main one.
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
    coefficients: tuple[Known, ...]
    tables: tuple[Table, ...]
    behind: tuple[Behind, ...]
    rests_on: str
    judged_by: str
    unseen: Unseen | None
    limits: Mapping[str, Mapping[str, Any]]
    beyond: tuple[str, ...]
    change: str

    @property
    def measurements(self) -> int:
        """Return how many measurements are behind it."""
        return sum(one.rows for one in self.behind)

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

    def as_table(self) -> dict[str, Any]:
        """Return the factor as plain tables, for JSON."""
        claims = {name: asdict(one) for name, one in self.claims.items()}
        known = [
            asdict(one) | {"quantiles": {f"{share:.0%}": value for share, value in one.quantiles.items()}}
            for one in self.coefficients
        ]
        told = ("name", "title", "off", "rests_on", "judged_by", "limits", "beyond", "change")
        plain = {key: getattr(self, key) for key in told}
        others = {key: [asdict(one) for one in getattr(self, key)] for key in ("tables", "behind")}
        unseen = asdict(self.unseen) if self.unseen else None
        return {**plain, **others, "claims": claims, "coefficients": known, "unseen": unseen}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All factors of an assumption set, and the contest on measurements that no fit has seen."""

    assumptions: str
    contest: Contest
    draws: int
    seed: int
    bounds: tuple[Mapping[str, Any], ...]
    factors: tuple[Factor, ...]

    def errors(self, factor: Factor) -> Mapping[str, float]:
        """Return by prediction how far off it is on what no fit has seen [nats]; nothing for a prior."""
        if factor.unseen:
            return factor.unseen.rmse
        found: Mapping[str, float] = self.contest.as_table()["held_out_rmse_nats"]
        return found if factor.judged_by == "contest" else {}

    def as_table(self) -> dict[str, Any]:
        """Return everything as plain tables, for JSON."""
        return {
            "assumptions": self.assumptions,
            "factors": [one.as_table() for one in self.factors],
            "contest": self.contest.as_table(),
            "bounds": list(self.bounds),
        }


def examine(assumptions: str = OURS, *, draws: int = 100, seed: int = 0) -> Evidence:
    """Return the factors of an assumption set, and how its law does on what it has not seen.

    Parameters
    ----------
    assumptions
        Name or file of the set; the contest is that of the calibrated set, whichever this is.
    draws, seed
        As for :func:`farflung.analysis.calibrate.held_out.contest`.
    """
    return Evidence(
        assumptions=load_assumptions(assumptions).name,
        contest=contest(draws=draws, seed=seed, forms=tuple(FORMS)),
        draws=draws,
        seed=seed,
        bounds=tuple(bounds()),
        factors=factors(assumptions),
    )


def factors(assumptions: str = OURS) -> tuple[Factor, ...]:
    """Return the factors of the learning model under an assumption set, in the order of the page."""
    believed = load_assumptions(assumptions)
    steps, on = _steps(believed, _with_all(believed.forms)), _steps(believed, believed.forms)
    entries = [(name, entry) for name, entry in _declared().items() if steps.keys() & {*entry["quantities"]}]
    entries += _forgotten(
        steps, believed, {name for entry in entries for name in _names(entry[1], steps, believed)}
    )
    beyond = [one for one in evaluate(_headline(assumptions)).flags if one.kind == "extrapolated"]
    return tuple(_factor(name, entry, believed, (steps, on), beyond) for name, entry in entries)


@cache
def _declared() -> Mapping[str, Mapping[str, Any]]:
    file = resources.files("farflung.evidence") / "data" / "factors.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _headline(assumptions: str) -> Scenario:
    return with_changes(preset(HEADLINE), {"assumptions": assumptions})


def _steps(believed: Assumptions, forms: Forms) -> Steps:
    return steps_of(
        mode="flat",
        streaming=True,
        stragglers=believed.defaults.get("protocol.stragglers", "synchronous"),
        fixed_tokens=False,
        forms=forms,
        limited_data=True,
    )


def _with_all(forms: Forms) -> Forms:
    """Return the forms with every factor that is left out in the first form that leaves it in."""
    left_out = [name for name in Forms.model_fields if getattr(forms, name) == _IGNORED]
    others = {name: get_args(Forms.model_fields[name].annotation) for name in left_out}
    return forms.model_copy(
        update={name: next(word for word in words if word != _IGNORED) for name, words in others.items()}
    )


def _forgotten(
    steps: Steps, believed: Assumptions, known: set[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield an entry for every formula of the learning model with a coefficient that no entry has."""
    for name, one in steps.items():
        own = {
            part
            for part in _coefficients(one, believed)
            if believed.coefficients[part].evidence_level != _CONVENTION
        }
        if one.function.__module__.startswith(_LEARNING) and own - known:
            yield name, {"title": name.replace("_", " ").capitalize(), "quantities": [name]}


def _coefficients(one: Step, believed: Assumptions) -> list[str]:
    return [asked for asked in one.asks.values() if asked in believed.coefficients]


def _names(entry: Mapping[str, Any], steps: Steps, believed: Assumptions) -> Iterator[str]:
    """Yield the coefficients of a factor: those in its formulas, and those whose names begin as it says."""
    for quantity in entry["quantities"]:
        if quantity in steps:
            yield from _coefficients(steps[quantity], believed)
    if start := entry.get("coefficients"):
        yield from (name for name in believed.coefficients if name.startswith(start))


def _factor(
    name: str,
    entry: Mapping[str, Any],
    believed: Assumptions,
    possible: tuple[Steps, Steps],
    beyond: Sequence[Flag],
) -> Factor:
    steps, on = possible
    claims = {one: said_of(steps[one].function) for one in entry["quantities"] if one in steps}
    asked = [asked for one in claims for asked in steps[one].asks.values()]
    source = next(iter(claims.values())).sources[0]
    judged_by = entry.get("judged_by", "")
    limited = (*entry["quantities"], *entry.get("limits", ()))
    return Factor(
        name=name,
        title=entry["title"],
        claims=claims,
        off=any(one not in on or on[one] != steps[one] for one in claims),
        coefficients=tuple(_known(believed, dict.fromkeys(_names(entry, steps, believed)))),
        tables=tuple(_tables(asked, believed)),
        behind=tuple(one for table in entry.get("measured", ()) for one in behind(table, source)),
        rests_on=entry.get("rests_on", "").strip(),
        judged_by=judged_by,
        unseen=_UNSEEN[judged_by]() if judged_by in _UNSEEN else None,
        limits={one: believed.limits[one] for one in limited if one in believed.limits},
        beyond=tuple(one.message for one in beyond if one.subject in limited),
        change=entry.get("change", "").format(**_expected(entry, believed)).strip(),
    )


def _known(believed: Assumptions, names: Iterable[str]) -> Iterator[Known]:
    spreads = _spreads(believed)
    for name in names:
        record = believed.coefficients[name]
        quantiles, evidence_level, together = spreads.get(name, ({}, record.evidence_level, False))
        yield Known(
            name, record.value, record.unit, evidence_level, record.source, record.locator, record.note,
            quantiles, together,
        )  # fmt: skip


def _spreads(believed: Assumptions) -> dict[str, tuple[Mapping[float, float], str, bool]]:
    """Return quantiles of what is drawn, how they are known, and whether it is drawn with others."""
    found: dict[str, tuple[Mapping[float, float], str, bool]] = {}
    for one in distributions(believed):
        if isinstance(one, Coefficient):
            values = {share: one.printed(float(one.quantile(np.array(share)))) for share in SHARES}
            found[one.name] = values, one.evidence_level, False
        else:
            for field, column in one.all_rows().items():
                quantiles = dict(zip(SHARES, map(float, np.quantile(column, SHARES)), strict=True))
                found[field.removeprefix("assumptions.")] = quantiles, one.evidence_level, True
    return found


def _tables(asked: Iterable[str], believed: Assumptions) -> Iterator[Table]:
    for name in (part.removesuffix("_table") for part in asked if part.endswith("_table")):
        if name in believed.tables:
            one = believed.tables[name]
            yield Table(name, one.evidence_level, one.source, one.locator, one.rows)


def behind(table: str, source: str) -> Iterator[Behind]:
    """Yield what a table of measurements holds, source by source.

    Parameters
    ----------
    table
        Name of the table.
    source
        Key of its source, where its rows do not say theirs.
    """
    rows = measured(table).rows
    for key in dict.fromkeys(row.get("source", source) for row in rows):
        own = [row for row in rows if row.get("source", source) == key]
        columns = {name: [row[name] for row in own] for name in own[0] if name not in _PLACES}
        yield Behind(
            table=table,
            source=key,
            locators=tuple(dict.fromkeys(row["locator"] for row in own if "locator" in row)),
            rows=len(own),
            ranges={n: (min(c), max(c)) for n, c in columns.items() if not isinstance(c[0], str)},
            kinds={n: dict(Counter(c)) for n, c in columns.items() if isinstance(c[0], str)},
        )


def _expected(entry: Mapping[str, Any], believed: Assumptions) -> dict[str, str]:
    """Return the ends of what the joint law expects of the run that would change our mind [nats]."""
    if "expects" not in entry or believed.forms.replica_divergence != "joint":
        return {"low": "the law's 5 %", "high": "its 95 %"}
    values: dict[str, Any] = {name: value for name, (value, _) in believed.values.items()}
    for one in distributions(believed):
        if isinstance(one, ScalingLaw):
            values |= {name.removeprefix("assumptions."): rows for name, rows in one.all_rows().items()}
    asked = signature(divergence_penalty).parameters
    known = {name: value for name, value in (values | entry["expects"]).items() if name in asked}
    low, high = np.quantile(divergence_penalty(**known), (SHARES[0], SHARES[-1]))
    return {"low": f"{low:.2g}", "high": f"{high:.2g}"}
