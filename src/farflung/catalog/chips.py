"""Accelerators and the standard pods that makers sell them in."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from farflung.base.errors import InputError, unknown
from farflung.catalog.records import Record, select
from farflung.catalog.tables import table

UNITS = {"memory": "byte", "memory_bandwidth": "byte/s", "power": "W", "price": "USD"}
"""Unit in which each field of a chip is answered; dense rates are in FLOP/s."""
FORMAT_OF_PRECISION = {"fp16": "fp16", "bf16": "fp16", "fp8": "fp8", "fp4": "fp4"}
"""Hardware number format that a training precision runs in."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a chip is taken to cost, beside the newest range that the catalog has.

    Attributes
    ----------
    record
        The price; ``includes`` says what it buys.
    range
        The newest record with a range of prices; ``None`` where no source gives one.
    """

    record: Record
    range: Record | None

    @property
    def beside_range(self) -> Literal["within", "below", "above", ""]:
        """Return where the price lies beside the range; empty where there is none."""
        if self.range is None or self.range.low is None or self.range.high is None:
            return ""
        if self.record.value < self.range.low:
            return "below"
        return "above" if self.record.value > self.range.high else "within"


@dataclass(frozen=True, slots=True)
class Chip:
    """An accelerator: for every quantity the records of all sources, the default first."""

    name: str
    manufacturer: str
    jurisdiction: str
    released: datetime.date | None
    memory_kind: str
    dense: Mapping[str, tuple[Record, ...]]
    fields: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)

    def rate(self, precision: str, preferred: Iterable[str] = ()) -> Record:
        """Return the record of the dense rate at a training precision.

        Raises
        ------
        InputError
            If the chip has no such format.
        """
        number_format = FORMAT_OF_PRECISION.get(precision, precision)
        if number_format not in self.dense:
            usable = [p for p, f in FORMAT_OF_PRECISION.items() if f in self.dense]
            raise InputError(
                "nodes.precision", f"{self.name} has no {precision} rate", nearest=" or ".join(usable)
            )
        return select(self.dense[number_format], preferred)

    def get(self, quantity: str, preferred: Iterable[str] = ()) -> Record | None:
        """Return the record of ``memory``, ``memory_bandwidth``, ``power`` or ``price``, if there is one."""
        records = self.fields.get(quantity, ())
        return select(records, preferred) if records else None

    def price(self, preferred: Iterable[str] = ()) -> Price | None:
        """Return what the chip is taken to cost where these sources are preferred, if a price is known."""
        record = self.get("price", preferred)
        ranged = [one for one in self.fields.get("price", ()) if one.low is not None and one.date is not None]
        newest = max(ranged, key=lambda one: one.date or datetime.date.min, default=None)
        return Price(record, newest) if record else None

    def dense_rates(self, preferred: Iterable[str] = ()) -> dict[str, float]:
        """Return the dense rate of every number format [FLOP/s]."""
        keys = tuple(preferred)
        return {name: select(records, keys).in_unit("FLOP/s") for name, records in self.dense.items()}


@dataclass(frozen=True, slots=True)
class Pod:
    """A standard commercial pod: so many of one chip."""

    name: str
    chip: str
    chips: int
    description: str
    record: Record


def _records(raw: Any) -> tuple[Record, ...]:
    return tuple(Record.of(item) for item in raw)


@cache
def chips() -> Mapping[str, Chip]:
    """Return every accelerator by name."""
    return {name: _chip(name, raw) for name, raw in table("chips").items()}


def _chip(name: str, raw: Mapping[str, Any]) -> Chip:
    return Chip(
        name=name,
        manufacturer=raw["manufacturer"],
        jurisdiction=raw["jurisdiction"],
        released=raw.get("released"),
        memory_kind=raw.get("memory_kind", ""),
        dense={key: _records(value) for key, value in raw["dense"].items()},
        fields={key: _records(raw[key]) for key in UNITS if key in raw},
    )


@cache
def pods() -> Mapping[str, Pod]:
    """Return every standard pod by name."""
    return {
        name: Pod(name, raw["chip"], int(raw["chips"]["value"]), raw.get("description", ""),
                  Record.of(raw["chips"]))
        for name, raw in table("pods").items()
    }  # fmt: skip


def chip(name: str, field: str = "chip") -> Chip:
    """Return one accelerator, or raise an error that names the likeliest meant one."""
    if name not in chips():
        raise unknown(field, "chip", name, chips())
    return chips()[name]


def pod(name: str) -> Pod:
    """Return one standard pod, or raise an error that names the likeliest meant one."""
    if name not in pods():
        raise unknown("pod", "pod", name, pods())
    return pods()[name]
