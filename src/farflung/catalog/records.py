"""A number that says where it comes from."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from farflung.base.units import factor


@dataclass(frozen=True, slots=True)
class Record:
    """A value with unit, source, place in the source, date, and a range where it is known.

    Parameters
    ----------
    value
        The number, in ``unit``.
    unit
        Unit as the source prints it.
    source
        Key in ``sources.bib``.
    locator
        Where in the source.
    date
        Day of publication or observation.
    low, high
        Range, in ``unit``.
    standard_error
        Standard error of a fit, in ``unit``.
    evidence_level
        ``measured``, ``fitted``, ``stated``, ``convention`` or ``prior``; empty for plain facts.
    includes
        What a price buys: ``chip``, or ``server`` for a chip with its share of host and network cards; empty
        for what is no price.
    note
        What a careful reader should know.
    """

    value: float
    unit: str
    source: str
    locator: str
    date: datetime.date | None = None
    low: float | None = None
    high: float | None = None
    standard_error: float | None = None
    evidence_level: str = ""
    includes: str = ""
    note: str = ""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Record:
        """Return the record written as a TOML table."""
        return cls(**raw)

    @property
    def includes_server(self) -> bool:
        """Return whether this is a price to which no server cost may be added."""
        return self.includes == "server"

    def in_unit(self, unit: str) -> float:
        """Return the value in another unit of the same kind."""
        return self.value * factor(self.unit, unit)


def select(records: Sequence[Record], preferred: Iterable[str] = ()) -> Record:
    """Return the first record from a preferred source, else the first of all."""
    for key in preferred:
        for record in records:
            if record.source == key:
                return record
    return records[0]
