"""Tables of measured steps: the forms in which they are published, read row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from farflung.analysis.node.clusters import Excluded, MeasuredStep, Row
from farflung.analysis.node.forms import FORMS
from farflung.base.errors import InputError

_ROOT = resources.files("farflung.catalog") / "measured" / "step_time"
_HEADER = "# GPUs,"
"""A header that begins like a comment."""


@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """The rows of a file that can be predicted, and how many cannot, by reason."""

    name: str
    steps: tuple[MeasuredStep, ...]
    excluded: Mapping[str, int]


def read_steps(file: Path | Traversable) -> MeasuredTable:
    """Return the measured steps of a file of one of the known forms.

    Raises
    ------
    InputError
        If the file cannot be read, is of no known form, or a cell is not what its column holds.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(file.name, f"cannot be read ({error})"[:200]) from error
    lines = [
        line for line in text.splitlines() if line and (not line.startswith("#") or line.startswith(_HEADER))
    ]
    reader = csv.DictReader(io.StringIO("\n".join(lines)))
    columns = set(reader.fieldnames or ())
    for form, (needed, read) in FORMS.items():
        if needed <= columns:
            return _table(file.name, form, reader, read)
    raise InputError(file.name, "is no form of step times that is known", nearest=", ".join(FORMS))


def _table(name: str, form: str, reader: Iterator[Any], read: Callable[[Row], MeasuredStep]) -> MeasuredTable:
    steps: list[MeasuredStep] = []
    excluded: dict[str, int] = {}
    for at, row in enumerate(reader, 2):
        try:
            steps.append(read(row))
        except Excluded as reason:
            excluded[str(reason)] = excluded.get(str(reason), 0) + 1
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(name, f"row {at} is no row of {form} ({error})"[:200]) from error
    return MeasuredTable(form, tuple(steps), excluded)


def packaged(name: str) -> MeasuredTable:
    """Return a table of measured steps of the catalog."""
    return read_steps(_ROOT / f"{name}.csv")
