"""Lists of the catalog, and answers of one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farflung.base.format import format_value
from farflung.base.pages import Page, Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a listing.

    Attributes
    ----------
    key
        Its name in JSON and CSV; empty for what is only put together for people.
    title
        Its title in a table; empty for what is only for programs.
    unit
        Unit of its numbers; empty for words.
    """

    key: str
    title: str = ""
    unit: str = ""

    def format(self, value: Any) -> str:
        """Return a value of this column as a person reads it under its title."""
        text = format_value(value, self.unit)
        # Under 'Tokens' a number need not say '… tokens'.
        return text.removesuffix(f" {self.title.lower()}") if self.unit else text


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows under columns, the same in every format; the note is for people."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""

    def page(self) -> Page:
        """Return the columns that have a title."""
        places = [place for place, column in enumerate(self.columns) if column.title]
        shown = [self.columns[place] for place in places]
        table = Table(
            headers=tuple(column.title for column in shown),
            rows=tuple(
                tuple(self.columns[place].format(row[place]) for place in places) for row in self.rows
            ),
            numeric=frozenset(at for at, column in enumerate(shown) if column.unit),
        )
        return Page(self.title, tables=(table,), notes=(self.note,) if self.note else ())

    def to_dict(self) -> list[dict[str, Any]]:
        """Return one object for each row, of the columns that have a key."""
        places = [place for place, column in enumerate(self.columns) if column.key]
        return [{self.columns[place].key: row[place] for place in places} for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """Return the same as a table."""
        import pandas as pd

        keys = [column.key for column in self.columns if column.key]
        return pd.DataFrame(self.to_dict(), columns=keys, dtype=object)


@dataclass(frozen=True, slots=True)
class Statement:
    """An answer of a sentence or a few tables, and its values by name.

    Attributes
    ----------
    text, lines, tables, notes
        What people read, as in :class:`~farflung.base.pages.Page`.
    values
        What programs read.
    rows
        What is written as CSV; the values in one row unless given.
    """

    text: str
    values: Mapping[str, Any]
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()

    def page(self) -> Page:
        """Return what people read."""
        return Page(self.text, self.lines, self.tables, self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the values."""
        return dict(self.values)

    def to_frame(self) -> pd.DataFrame:
        """Return the rows."""
        import pandas as pd

        return pd.DataFrame([dict(row) for row in self.rows or (self.values,)])
