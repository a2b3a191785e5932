"""One kind of fact: how all of them are listed, and how one entry is shown in full."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from farflung.base.errors import unknown
from farflung.catalog import Record, records
from farflung.cli.show import Listed, Listing, grid, put, put_csv, put_json, quantity

BOUGHT = {"chip": "the chip alone", "server": "its server included"}
"""What a price buys, in words."""
_RECORD_KEYS = ("quantity", *Record.__dataclass_fields__)


class Shown(Protocol):
    """Anything that can be put on stdout in the three formats of a listing."""

    def put(self, how: Listed) -> None:
        """Show it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of fact."""

    listing: Callable[[], Listing]
    entry: Callable[[str], Shown]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what is said of it in words, and its records."""

    name: str
    words: Mapping[str, Any]
    records: tuple[tuple[str, Record], ...]

    def put(self, how: Listed) -> None:
        """Show the entry."""
        if how is Listed.json:
            rows = [{"quantity": name, **asdict(record)} for name, record in self.records]
            put_json({"name": self.name, **self.words, "records": rows})
        elif how is Listed.csv:
            put_csv(_RECORD_KEYS, [(name, *asdict(record).values()) for name, record in self.records])
        else:
            self._put_table()

    def _put_table(self) -> None:
        from rich.table import Table
        from rich.text import Text

        words = Table.grid(padding=(0, 2))
        for key, value in self.words.items():
            words.add_row(Text(key.replace("_", " "), style="dim"), _as_words(value))
        table = grid("Quantity", "Value", "Source, place, and what to know", shares={1: 2, 2: 4})
        for name, record in self.records:
            source = Text.assemble((record.source, "cyan"), f": {record.locator}")
            source.append(f", {record.date}" if record.date else "")
            for remark in (record.evidence_level, BOUGHT.get(record.includes), record.note):
                source.append(f" · {remark}" if remark else "", style="dim")
            table.add_row(name, as_value(record), source)
        put(Text(f"\n{self.name}", style="bold"), words, *([table] if self.records else []))


def _as_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_as_words(one)}" for key, one in value.items())
    return ", ".join(_as_words(one) for one in value) if isinstance(value, list | tuple) else str(value)


def as_value(record: Record) -> str:
    """Return a record's value with its range or standard error, as a person reads it."""
    text = quantity(record.value, record.unit)
    if record.low is not None and record.high is not None:
        text += f" ({quantity(record.low, '1')} to {quantity(record.high, '1')})"
    if record.standard_error is not None:
        text += f" ± {quantity(record.standard_error, '1')}"
    return text


def entry_of(kind: str, read: Callable[[], Mapping[str, Any]]) -> Callable[[str], Entry]:
    """Return what shows one entry of a table: its words, and its records wherever they stand."""

    def entry(name: str) -> Entry:
        found = read()
        if name not in found:
            raise unknown("", kind, name, found)
        raw = found[name]
        if isinstance(raw, Record):
            return Entry(name, {}, (("value", raw),))
        words = {key: value for key, value in raw.items() if not _holds_records(value)}
        return Entry(name, words, tuple(_every_record(raw)))

    return entry


def _every_record(raw: Mapping[str, Any]) -> Iterable[tuple[str, Record]]:
    for key, value in raw.items():
        if isinstance(value, Record):
            yield key, value
        else:
            # Records of one quantity from several sources stand in a list: 'dense.fp16[0]'.
            yield from ((re.sub(r"\[\d+\]$", "", path), record) for path, record in records(value, key))


def _holds_records(value: Any) -> bool:
    return isinstance(value, Record) or any(True for _ in records(value))
