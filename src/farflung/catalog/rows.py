"""Tables in CSV files: every row read cell by cell, as the fields of a record or a list of columns say.

A file begins with lines of ``#`` that say what its numbers are. A row that is missing something, or holds
what it cannot, is an error that names file, line and column.
"""

from __future__ import annotations

import csv
import datetime
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, get_args, get_type_hints

from farflung.base.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)

_MOST_BYTES = 5_000_000


class Cell(NamedTuple):
    """What reads a cell, what it holds in words, and what an empty one means; ``...`` if it may not be."""

    read: Callable[[str], Any]
    meaning: str
    empty: Any = ...

    def or_nothing(self, empty: Any = None) -> Cell:
        """Return the same for a cell that may be empty."""
        return Cell(self.read, f"{self.meaning}, or nothing", empty)


def _number(right: Callable[[float], bool]) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and right(value)):
            raise ValueError
        return value

    return read


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _word(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text


def one_of(*choices: str) -> Cell:
    """Return a cell that holds one of some words."""
    return Cell({word: word for word in choices}.__getitem__, f"one of {', '.join(choices)}")


NUMBER = Cell(_number(lambda _: True), "a number")
POSITIVE = Cell(_number(lambda x: x > 0.0), "a number above 0")
WORD = Cell(_word, "a word")
Positive = Annotated[float, POSITIVE]
NotNegative = Annotated[float, Cell(_number(lambda x: x >= 0.0), "a number from 0")]
Share = Annotated[float, Cell(_number(lambda x: 0.0 < x <= 1.0), "a share")]
Count = Annotated[int, Cell(_count, "a whole number from 1")]
Word = Annotated[str, WORD]
Day = Annotated[datetime.date, Cell(datetime.date.fromisoformat, "a date such as 2026-11-20")]
Yes = Annotated[bool, Cell({"yes": True, "no": False}.__getitem__, "yes or no")]


def columns(record: type[DataclassInstance]) -> dict[str, Cell]:
    """Return the columns of a record: its annotated fields, of which those with a default may be empty."""
    hints = get_type_hints(record, include_extras=True)
    found = {}
    for field in fields(record):
        kind = hints[field.name]
        # 'Positive | None' holds the annotated type among its arguments.
        notes = [note for part in (kind, *get_args(kind)) for note in getattr(part, "__metadata__", ())]
        for cell in notes:
            found[field.name] = cell if field.default is MISSING else cell.or_nothing(field.default)
    return found


def read_table(file: Path | Traversable, record: type[Row], **given: Any) -> tuple[Row, ...]:
    """Return every row of a file as a record, with what is given for fields that are no columns."""
    return tuple(record(**given, **row) for _, row in rows(file, columns(record)))


def rows(file: Path | Traversable, kinds: Mapping[str, Cell]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield every row of a file by column, with the number of its line.

    Raises
    ------
    InputError
        If the file cannot be read, or a row lacks a cell or holds one that is not what its column holds;
        the message names file, line and column.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(file.name, f"cannot be read ({error})"[:200]) from error
    if len(text) > _MOST_BYTES:
        raise InputError(file.name, "is larger than 5 MB and no table of measurements")
    lines = [(at, line) for at, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    if not lines or lines[0][1].split(",") != list(kinds):
        at = lines[0][0] if lines else 1
        raise InputError(file.name, f"line {at} is not its columns", nearest=",".join(kinds))
    if len(lines) == 1:
        raise InputError(file.name, f"line {lines[0][0]} has no rows below it")
    for at, line in lines[1:]:
        yield at, _row(file.name, at, line, kinds)


def _row(file: str, at: int, line: str, kinds: Mapping[str, Cell]) -> dict[str, Any]:
    cells = next(csv.reader([line]))
    if len(cells) > len(kinds):
        raise InputError(file, f"line {at} has {len(cells)} cells for {len(kinds)} columns")
    row = {}
    for place, (column, kind) in enumerate(kinds.items()):
        if place >= len(cells):
            raise InputError(file, f"line {at}, column {column}: missing", nearest=kind.meaning)
        if not cells[place] and kind.empty is not ...:
            row[column] = kind.empty
            continue
        try:
            row[column] = kind.read(cells[place])
        except (KeyError, ValueError):
            said = f"'{cells[place][:40]}'" if cells[place] else "an empty cell"
            raise InputError(
                file, f"line {at}, column {column}: {said} is not valid", nearest=kind.meaning
            ) from None
    return row
