"""Assumptions: how the world behaves. Every coefficient with its source and its uncertainty."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from farflung.base.errors import InputError
from farflung.base.fields import Section, quantity
from farflung.base.provenance import content_hash
from farflung.base.units import factor
from farflung.catalog.records import Record
from farflung.catalog.tables import assumption_names, assumption_table

_HELD_IN = {"USD/(kW*h)": "USD/J"}
"""Units in which coefficients are printed, and those in which the model holds them."""
_MOST_BYTES = 1_000_000


class Forms(Section):
    """Which functional form each part of the learning model takes."""

    sync_interval: Literal["logarithmic"] = quantity("Loss from synchronising rarely", unit="")
    compression: Literal["tabulated", "lossless"] = quantity("Loss from compressing", unit="")
    activation: Literal["tabulated"] = quantity("Loss from compressing activations", unit="")
    replica_divergence: Literal["power_law", "none"] = quantity("Loss from many replicas", unit="")
    single_node: Literal["unpenalised", "as_others"] = quantity("χ of a single node", unit="")


class QualityTable(BaseModel):
    """Quality by compression ratio, in three outlooks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    locator: str
    standing: str
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
        By name, each a record with unit, source, place, standing and range or standard error.
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
    if name in assumption_names() or not name.endswith(".toml"):
        return _build(assumption_table(name))
    path = Path(name)
    if not path.is_file():
        raise InputError("assumptions", f"there is no file '{name}'", nearest=", ".join(assumption_names()))
    if path.stat().st_size > _MOST_BYTES:
        raise InputError("assumptions", f"'{name}' is larger than 1 MB and no assumption set")
    try:
        return _build(tomllib.loads(path.read_text(encoding="utf-8")))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise InputError("assumptions", f"'{name}' is not a valid assumption set ({error})") from error


def _build(raw: Mapping[str, Any]) -> Assumptions:
    own = dict(raw)
    parent = own.pop("extends", None)
    inherited = dict(assumption_table(parent)) if parent else {}
    own["coefficients"] = {
        name: Record.of(record)
        for name, record in {**inherited.get("coefficients", {}), **own.get("coefficients", {})}.items()
    }
    own.setdefault("tables", {})
    own.setdefault("limits", {})
    return Assumptions.model_validate(own)
