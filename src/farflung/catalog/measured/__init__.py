"""Measured losses that the learning model is fitted to, one CSV file each, read row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from farflung.catalog.rows import NUMBER, POSITIVE, WORD, Cell, one_of, rows

_ROOT = resources.files("farflung.catalog") / "measured"
_SOURCED = {"source": WORD, "locator": WORD}
TABLES: Mapping[str, Mapping[str, Cell]] = {
    "losses": {
        "study": WORD, **_SOURCED, "method": WORD, "parameters": POSITIVE, "tokens": POSITIVE,
        "replicas": POSITIVE, "inner_steps": POSITIVE, "bits": POSITIVE, "loss_data_parallel": POSITIVE,
        "loss": POSITIVE, "rounding": POSITIVE, "role": one_of("tuned", "untuned", "one_replica"),
    },
    "growing_tokens": {
        **_SOURCED, "kind": one_of("cluster", "distributed"), "parameters": POSITIVE, "tokens": POSITIVE,
        "replicas": POSITIVE, "inner_steps": POSITIVE, "perplexity": POSITIVE,
    },
    "compression": {
        **_SOURCED, "bits": POSITIVE, "density": POSITIVE, "error_feedback": one_of("yes", "no"),
        "quantity": one_of("perplexity", "loss", "bound"), "change": NUMBER,
    },
    "chinchilla_points": {"parameters": POSITIVE, "flop": POSITIVE, "loss": POSITIVE},
    "scaling_laws": {
        "law": WORD, **_SOURCED, "parameter": one_of("A", "B", "E", "alpha", "beta"), "value": POSITIVE,
        "standard_error": NUMBER.or_nothing(),
    },
}  # fmt: skip
"""For every file its columns, and what their cells hold."""


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
    """Return the table in a file of the form of the catalog's table of that name, or raise an error."""
    return Measured(name, tuple(row for _, row in rows(file, TABLES[name])))
