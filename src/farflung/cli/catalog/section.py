"""One kind of fact: how all of them are listed, and how one entry is shown in full."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from farflung.base.errors import unknown
from farflung.base.format import format_value
from farflung.base.pages import Page, Table
from farflung.catalog import Record, records
from farflung.cli.answer import Answer, Answerable
from farflung.cli.listing import Listing

if TYPE_CHECKING:
    import pandas as pd

BOUGHT = {"chip": "the chip alone", "server": "its server included"}
"""What a price buys, in words."""


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of fact."""

    summary: str
    listing: Callable[[], Listing]
    entry: Callable[[str], Answerable | Answer]

    def look_up(self, name: str | None) -> Answerable | Answer:
        """Return all entries, or one in full.

        Raises
        ------
        InputError
            If there is no entry of that name.
        """
        return self.listing() if name is None else self.entry(name)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes
    ----------
    name
        Its name.
    words
        What is said of it.
    records
        Its sourced figures.
    tables
        Further tables for people.
    content
        What programs are given instead of the words and records.
    """

    name: str
    words: Mapping[str, Any]
    records: tuple[tuple[str, Record], ...]
    tables: tuple[Table, ...] = ()
    content: Mapping[str, Any] | None = None

    def page(self) -> Page:
        """Return the words, and every record with its source."""
        lines = (f"{key.replace('_', ' ')}: {_as_words(value)}" for key, value in self.words.items())
        rows = tuple((name, as_value(record), _source(record)) for name, record in self.records)
        table = Table(("Quantity", "Value", "Source, place, and what to know"), rows)
        return Page(self.name, tuple(lines), (*([table] if rows else []), *self.tables))

    def to_dict(self) -> dict[str, Any]:
        """Return the words and the records, or what stands for them."""
        if self.content is not None:
            return dict(self.content)
        return {"name": self.name, **self.words, "records": self._rows()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each record."""
        import pandas as pd

        columns = ["quantity", *Record.__dataclass_fields__]
        return pd.DataFrame(self._rows(), columns=columns, dtype=object)

    def _rows(self) -> list[dict[str, Any]]:
        return [{"quantity": name, **asdict(record)} for name, record in self.records]


def _source(record: Record) -> str:
    dated = f", {record.date}" if record.date else ""
    remarks = (record.evidence_level, BOUGHT.get(record.includes), record.note)
    return " · ".join([f"{record.source}: {record.locator}{dated}", *(text for text in remarks if text)])


def _as_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_as_words(part)}" for key, part in value.items())
    return ", ".join(_as_words(part) for part in value) if isinstance(value, list | tuple) else str(value)


def as_value(record: Record) -> str:
    """Return a record's value with its range or standard error, as a person reads it."""
    text = format_value(record.value, record.unit)
    if record.low is not None and record.high is not None:
        text += f" ({format_value(record.low, '1')} to {format_value(record.high, '1')})"
    if record.standard_error is not None:
        text += f" ± {format_value(record.standard_error, '1')}"
    return text


def entry_of(kind: str, read: Callable[[], Mapping[str, Any]]) -> Callable[[str], Entry]:
    """Return what shows one entry of a table: its words, and its records wherever they stand."""

    def entry(name: str) -> Entry:
        table = read()
        if name not in table:
            raise unknown("", kind, name, table)
        raw = table[name]
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
