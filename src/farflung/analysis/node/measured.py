"""Tables of measured steps: the forms in which they are published, read row by row."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
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
    try:
        reader = csv.DictReader(io.StringIO("\n".join(lines)))
        columns, rows = set(reader.fieldnames or ()), list(reader)
    except csv.Error as error:
        raise InputError(file.name, f"is no table of comma-separated values ({error})") from error
    for form, (needed, read) in FORMS.items():
        if needed <= columns:
            return _table(file.name, form, rows, read)
    raise InputError(file.name, "is no form of step times that is known", nearest=", ".join(FORMS))


def _table(name: str, form: str, rows: Sequence[Any], read: Callable[[Row], MeasuredStep]) -> MeasuredTable:
    steps: list[MeasuredStep] = []
    excluded: dict[str, int] = {}
    for at, row in enumerate(rows, 2):
        try:
            steps.append(_usable(read(row)))
        except Excluded as reason:
            excluded[str(reason)] = excluded.get(str(reason), 0) + 1
        except (ValueError, TypeError, LookupError, ArithmeticError) as error:
            raise InputError(name, f"row {at} is no row of {form} ({error})"[:200]) from error
    return MeasuredTable(form, tuple(steps), excluded)


def _usable(step: MeasuredStep) -> MeasuredStep:
    """Return a step all of whose numbers mean something, or raise an error that says which does not."""
    plan, shape = step.inputs.plan, step.inputs.architecture
    whole = (plan.tensor, plan.pipeline, plan.data, plan.context, plan.expert, plan.interleaving)
    if not 0.0 < step.seconds < math.inf:
        raise ValueError(f"a step of {step.seconds:g} s")
    sizes = (shape.layers, shape.hidden_width, shape.heads, shape.sequence_length)
    if min(*whole, plan.micro_batches, *sizes) < 1.0 or plan.micro_batch <= 0.0:
        raise ValueError("a number below 1 where there is one at least")
    if not all(math.isfinite(number) for part in (plan, shape) for number in astuple(part)):
        raise ValueError("a number that is not finite")
    return step


def packaged(name: str) -> MeasuredTable:
    """Return a table of measured steps of the catalog."""
    return read_steps(_ROOT / f"{name}.csv")
