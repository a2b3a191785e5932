"""Measured losses that the learning model is fitted to, one CSV file each, read row by row.

A file begins with lines of ``#`` that give units, sources and dates. A row that is missing something, or
holds what it cannot, is an error that names file, line and column.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from farflung.base.errors import InputError

_ROOT = resources.files("farflung.catalog") / "measured"
_MOST_BYTES = 5_000_000


def _positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError
    return value


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def _number_or_none(text: str) -> float | None:
    return _number(text) if text else None


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError
        return text

    read.__doc__ = f"one of {', '.join(choices)}"
    return read


_positive.__doc__ = "a number above 0"
_number.__doc__ = "a number"
_number_or_none.__doc__ = "a number, or nothing"
_text.__doc__ = "a word"

Reader = Callable[[str], Any]
_SOURCED: dict[str, Reader] = {"source": _text, "locator": _text}
TABLES: Mapping[str, Mapping[str, Reader]] = {
    "losses": {
        "study": _text, **_SOURCED, "method": _text, "parameters": _positive, "tokens": _positive,
        "replicas": _positive, "inner_steps": _positive, "bits": _positive, "loss_data_parallel": _positive,
        "loss": _positive, "rounding": _positive, "role": _one_of("tuned", "untuned", "one_replica"),
    },
    "growing_tokens": {
        **_SOURCED, "kind": _one_of("cluster", "distributed"), "parameters": _positive, "tokens": _positive,
        "replicas": _positive, "inner_steps": _positive, "perplexity": _positive,
    },
    "compression": {
        **_SOURCED, "bits": _positive, "density": _positive, "error_feedback": _one_of("yes", "no"),
        "quantity": _one_of("perplexity", "loss", "bound"), "change": _number,
    },
    "chinchilla_points": {"parameters": _positive, "flop": _positive, "loss": _positive},
    "scaling_laws": {
        "law": _text, **_SOURCED, "parameter": _one_of("A", "B", "E", "alpha", "beta"), "value": _positive,
        "standard_error": _number_or_none,
    },
}  # fmt: skip
"""For every file its columns, and what reads their cells."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The rows of a file.

    Attributes
    ----------
    name
        Name of the file, without ending.
    rows
        Each row by column.
    """

    name: str
    rows: tuple[Mapping[str, Any], ...]

    def column(self, name: str) -> list[Any]:
        """Return a column."""
        return [row[name] for row in self.rows]


@cache
def measured(name: str) -> Measured:
    """Return a table of measurements of the catalog."""
    return read_measured(_ROOT / f"{name}.csv", name)


def read_measured(file: Path | Traversable, name: str) -> Measured:
    """Return the table in a file of the form of the catalog's table of that name.

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
    columns = TABLES[name]
    lines = [(at, line) for at, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    if not lines or lines[0][1].split(",") != list(columns):
        at = lines[0][0] if lines else 1
        raise InputError(file.name, f"line {at} is not its columns", nearest=",".join(columns))
    rows = tuple(_row(file.name, at, line, columns) for at, line in lines[1:])
    if not rows:
        raise InputError(file.name, f"line {lines[0][0]} has no rows below it")
    return Measured(name, rows)


def _row(file: str, at: int, line: str, columns: Mapping[str, Reader]) -> Mapping[str, Any]:
    cells = next(csv.reader([line]))
    if len(cells) > len(columns):
        raise InputError(file, f"line {at} has {len(cells)} cells for {len(columns)} columns")
    row = {}
    for place, (column, read) in enumerate(columns.items()):
        if place >= len(cells):
            raise InputError(file, f"line {at}, column {column}: missing", nearest=read.__doc__)
        try:
            row[column] = read(cells[place])
        except ValueError:
            said = f"'{cells[place][:40]}'" if cells[place] else "an empty cell"
            raise InputError(
                file, f"line {at}, column {column}: {said} is not valid", nearest=read.__doc__
            ) from None
    return row
