"""CSV tables of the catalog, read into typed rows.

A file begins with lines of ``#`` that say what its numbers are; they are in SI units. pydantic reads every
cell as the annotations of a frozen dataclass say, and an empty one is that field's default. What does not fit
is an error that names file, line and column.
"""

from __future__ import annotations

import csv
import datetime
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import Field, FiniteFloat, PositiveInt, StringConstraints, TypeAdapter, ValidationError

from farflung.base.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)
    StoredRow = TypeVar("StoredRow", bound="Stored")

Number = FiniteFloat
Positive = Annotated[FiniteFloat, Field(gt=0)]
NotNegative = Annotated[FiniteFloat, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Count = PositiveInt
Word = Annotated[str, StringConstraints(pattern=r"\S")]
Day = datetime.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A row of a file of the catalog."""

    FILE: ClassVar[str]
    """Path of the file below the catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced(Stored):
    """A row that says where it is stated: key of the source, and where in it."""

    source: Word
    locator: Word


def stored(row: type[StoredRow]) -> tuple[StoredRow, ...]:
    """Return the rows of the catalog's own file of a kind."""
    rows: tuple[StoredRow, ...] = _stored(row)  # type: ignore[arg-type]  # a class is hashable
    return rows


@cache
def _stored(row: Any) -> Any:
    return read_rows(resources.files("farflung.catalog") / row.FILE, row)


def read_rows(file: Path | Traversable, row: type[Row], **constants: Any) -> tuple[Row, ...]:
    """Return every row of a file.

    Parameters
    ----------
    file
        The file.
    row
        Dataclass of a row, whose fields are the columns.
    constants
        Fields that are no columns, the same in every row.

    Raises
    ------
    InputError
        If the file cannot be read, or a cell is missing or does not fit.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, ValueError) as error:
        raise InputError(file.name, f"cannot be read ({error})"[:200]) from error
    head = sum(1 for _ in takewhile(lambda line: line.startswith("#"), lines))
    reader = csv.DictReader(lines[head:], restkey="", restval="")
    columns = [field.name for field in fields(row) if field.name not in constants]
    if sorted(reader.fieldnames or ()) != sorted(columns):
        raise InputError(file.name, f"line {head + 1} is not its columns", nearest=",".join(columns))
    places, cells = [], []
    for read in reader:
        places.append(f"line {head + reader.line_num}")
        if "" in read:
            raise InputError(file.name, f"{places[-1]} has more than {len(columns)} cells")
        cells.append(constants | {column: cell for column, cell in read.items() if cell})
    if not cells:
        raise InputError(file.name, f"line {head + 1} has no rows below it")
    try:
        return _reader(row).validate_python(cells)
    except ValidationError as error:
        raise _first_error(file.name, places, error) from None


@cache
def _reader(row: Any) -> TypeAdapter[tuple[Any, ...]]:
    return TypeAdapter(tuple[row, ...])


def _first_error(file: str, places: list[str], error: ValidationError) -> InputError:
    first = error.errors()[0]
    place, *columns = first["loc"]
    where = ", column ".join([places[int(place)], *map(str, columns[:1])])
    expected = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if not columns or first["type"] == "missing":
        return InputError(file, f"{where}: {'missing' if columns else expected}")
    return InputError(file, f"{where}: '{str(first['input'])[:40]}' is not valid", nearest=expected)
