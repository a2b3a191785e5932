"""Assumptions: how the world behaves. Every coefficient with its source and its uncertainty."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from farflung.base.errors import InputError, unknown
from farflung.base.fields import fields_of
from farflung.base.provenance import content_hash
from farflung.base.units import factor
from farflung.catalog.records import Record
from farflung.catalog.tables import assumption_names, assumption_table, loadable_names
from farflung.scenario.forms import Forms
from farflung.scenario.scenario import Scenario

_HELD_IN = {"USD/(kW*h)": "USD/J"}
"""Units in which coefficients are printed, and those in which the model holds them."""
_MOST_BYTES = 1_000_000


class QualityTable(BaseModel):
    """Quality by compression ratio, in three outlooks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    locator: str
    evidence_level: str
    rows: tuple[tuple[float, float, float, float], ...]

    @cached_property
    def columns(self) -> Mapping[str, tuple[tuple[float, float], ...]]:
        """Return the pairs of ratio and quality of each outlook."""
        outlooks = ("optimistic", "expected", "conservative")
        return {name: tuple((row[0], row[1 + i]) for row in self.rows) for i, name in enumerate(outlooks)}


class Assumptions(BaseModel):
    """A named set of beliefs about how the world behaves.

    Attributes
    ----------
    coefficients
        By name, each a record with unit, source, place, evidence level and range or standard error.
    conditions
        How nodes and links behave from day to day, for the event engine; records of the same kind. Spreads
        are coefficients too: the closed form asks for them where stragglers follow order statistics.
    forms
        Which functional forms the coefficients belong to.
    defaults
        What a scenario that leaves these fields out is taken to mean.
    tables
        Quality tables for compression.
    limits
        For each factor, the ranges in which it was fitted or measured.
    hardware_sources
        Source keys preferred where the catalog knows several figures for a chip.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    description: str
    source: str
    hardware_sources: tuple[str, ...] = ()
    forms: Forms
    defaults: Mapping[str, Any]
    coefficients: Mapping[str, Record]
    conditions: Mapping[str, Record]
    tables: Mapping[str, QualityTable]
    limits: Mapping[str, Mapping[str, Any]]

    @cached_property
    def values(self) -> Mapping[str, tuple[float, str]]:
        """Return every coefficient's value and unit, as the model holds them."""
        return {
            name: (
                record.value * (factor(record.unit, _HELD_IN[record.unit]) if record.unit in _HELD_IN else 1),
                _HELD_IN.get(record.unit, record.unit),
            )
            for name, record in self.coefficients.items()
        }

    @cached_property
    def hash(self) -> str:
        """Return a hash of the set's content."""
        return content_hash(self.model_dump(mode="json"))


@cache
def load_assumptions(name: str) -> Assumptions:
    """Return an assumption set by name, or from a TOML file of the same form.

    Raises
    ------
    InputError
        If there is no such set or file, or it is not a valid set.
    """
    if name in loadable_names():
        return _build(assumption_table(name))
    if not name.endswith(".toml"):
        raise unknown("assumptions", "assumption set", name, loadable_names())
    path = Path(name)
    try:
        if not path.is_file():
            raise InputError("assumptions", f"there is no file '{name}'", nearest=", ".join(loadable_names()))
        if path.stat().st_size > _MOST_BYTES:
            raise InputError("assumptions", f"'{name}' is larger than 1 MB and no assumption set")
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("assumptions", f"'{name[:80]}' cannot be read ({error})"[:300]) from error
    return _build(raw)


_MERGED = ("forms", "defaults", "coefficients", "conditions", "tables", "limits")
"""Sections in which a set adds to, or replaces, what the set it extends says."""
_RECORDS = {"coefficients": "coefficient", "conditions": "condition"}
"""Sections that hold records, and what one of them is called."""
_IN_BOTH_ENGINES = (
    "compute_spread", "link_spread", "link_variation", "order_statistics_growth", "order_statistics_exponent",
)  # fmt: skip
"""Conditions that the closed form asks for too; coefficients that come last, so that others draw as ever."""


def _merged(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a set with everything it inherits."""
    own = dict(raw)
    parent = own.pop("extends", None)
    if parent is None:
        return own
    if not isinstance(parent, str):
        raise InputError("assumptions", "extends is not the name of a set", nearest="'conventions'")
    if parent != "conventions" and parent not in loadable_names():
        raise unknown("assumptions", "assumption set", parent, loadable_names())
    inherited = _merged(assumption_table(parent))
    for section in _MERGED:
        mine = own.get(section, {})
        if not isinstance(mine, Mapping):
            raise InputError("assumptions", f"[{section}] is not a table")
        own[section] = {**inherited.get(section, {}), **mine}
    return {**{"hardware_sources": inherited.get("hardware_sources", ())}, **own}


@cache
def _known() -> tuple[Mapping[str, Mapping[str, str]], frozenset[str]]:
    """Return the units of all coefficients and conditions, and the names of all tables, that are known."""
    raw = [assumption_table(name) for name in ("conventions", *assumption_names())]
    units = {
        section: {key: one["unit"] for table in raw for key, one in table.get(section, {}).items()}
        for section in _RECORDS
    }
    return units, frozenset(key for table in raw for key in table.get("tables", {}))


def _build(raw: Mapping[str, Any]) -> Assumptions:
    own = _merged(raw)
    try:
        for section, kind in _RECORDS.items():
            units = _known()[0][section]
            records = own.get(section, {}).items()
            own[section] = {name: _record(kind, name, record, units) for name, record in records}
        shared = {name: own["conditions"][name] for name in _IN_BOTH_ENGINES if name in own["conditions"]}
        own["coefficients"] |= shared
        own["defaults"] = _checked_defaults(own.get("defaults", {}))
        for name in own.get("tables", {}):
            if name not in _known()[1]:
                raise unknown("assumptions", "table", name, _known()[1])
        return Assumptions.model_validate(own)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError("assumptions", f"{where}: {first['msg']}") from error


def _record(kind: str, name: str, raw: Any, units: Mapping[str, str]) -> Record:
    if name not in units:
        raise unknown("assumptions", kind, name, units)
    try:
        record = Record.of(raw)
    except TypeError as error:
        raise InputError(
            "assumptions",
            f"{kind} {name} is no record ({error})",
            nearest="value, unit, source, locator",
        ) from error
    if isinstance(record.value, bool) or not isinstance(record.value, int | float):
        raise InputError("assumptions", f"{kind} {name} is not a number")
    if not math.isfinite(record.value):
        raise InputError("assumptions", f"{kind} {name} is not finite")
    if record.unit != units[name]:
        raise InputError("assumptions", f"{kind} {name} is in '{record.unit}'", nearest=f"'{units[name]}'")
    return record


def _checked_defaults(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the defaults as the fields of a scenario hold them, validated as those are."""
    probe = Scenario.read(_PROBE).with_(raw)
    return {path: fields_of(Scenario)[path].get(probe) for path in raw}


_PROBE = {
    "model": {"parameters": 1e9},
    "nodes": {"count": 2, "peak": "1 PFLOP/s", "memory": "1 TB"},
    "network": {"upload": "100 Mbps"},
}
"""The least a scenario needs, to try defaults on."""
