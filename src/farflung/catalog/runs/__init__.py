"""Runs that took place, and tables of other simulators: what was measured, and from which inputs.

One CSV file for each group. A file begins with lines of ``#``; a row that is missing something, or holds what
it cannot, is an error that names file, line and column. An empty cell is what the source does not state.
"""

from __future__ import annotations

import csv
import datetime
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from farflung.base.errors import InputError, unknown

_ROOT = resources.files("farflung.catalog") / "runs"
_MOST_BYTES = 5_000_000
GROUPS = (
    "deployments", "consumer", "shaped-links", "training-runs", "clusters", "charles-table-6",
    "streaming-table-4", "eager-table-5",
)  # fmt: skip
"""Groups of runs, each in a file of that name with underscores."""
Standing = Literal["measured", "derived", "model"]
Role = Literal["point", "bound", "repeat"]


@dataclass(frozen=True, slots=True)
class Case:
    """One measured quantity of a run, and what the run's source states of its inputs.

    Attributes
    ----------
    group, run, quantity, measured
        Which, and how much, in the unit of the quantity.
    standing
        ``measured``; ``derived`` by arithmetic from what was; or ``model``, another simulator's answer.
    role
        ``point`` counts in medians. ``bound``: an input is not stated and taken at one end of its range, or
        in one of two readings. ``repeat``: the same run or figure stands elsewhere too.
    used_in_fit
        Whether a coefficient of some assumption set was fitted to this figure.
    parameters, tokens, nodes, mode, inner_steps, overlap
        The run; ``overlap`` says whether exchanges run beside the steps.
    bits
        Bits sent for every parameter [bit].
    upload, download, latency
        Links [bit/s, bit/s, s].
    step_seconds, local_batch, hardware, mfu
        What a node does: the time of a step [s] and its tokens, or its chips and model FLOP utilisation.
    utilisation
        Utilisation for which a bandwidth is given.
    source, locator, date, note
        Where it is stated, and what to know of it.
    """

    group: str
    run: str
    quantity: str
    measured: float
    standing: Standing
    role: Role
    used_in_fit: bool
    parameters: float
    tokens: float | None
    nodes: int
    mode: str
    inner_steps: int | None
    bits: float | None
    upload: float | None
    download: float | None
    latency: float | None
    step_seconds: float | None
    local_batch: float | None
    hardware: str | None
    mfu: float | None
    overlap: bool
    utilisation: float | None
    source: str
    locator: str
    date: datetime.date
    note: str


@dataclass(frozen=True, slots=True)
class NotStated:
    """A run or table of which no prediction can be made, and what is missing."""

    group: str
    run: str
    missing: str
    source: str
    locator: str
    date: datetime.date


def _positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError
    return value


def _share(text: str) -> float:
    value = _positive(text)
    if value > 1.0:
        raise ValueError
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value >= 0.0):
        raise ValueError
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _word(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError
        return text

    return read


def _yes(text: str) -> bool:
    return _one_of("yes", "no")(text) == "yes"


Reader = tuple[Callable[[str], Any], str, Any]
"""What reads a cell, what it holds in words, and what an empty cell means; ``...`` where it must not be."""
_QUANTITIES = (
    "utilisation", "MFU", "synchronisation time", "step time", "round time", "outer rounds", "days",
    "training FLOP", "bandwidth",
)  # fmt: skip
_STATED: Mapping[str, Reader] = {
    "source": (_word, "a key of sources.bib", ...),
    "locator": (_word, "where in the source", ...),
    "date": (datetime.date.fromisoformat, "a date such as 2026-11-20", ...),
}
_CASE: Mapping[str, Reader] = {
    "run": (_word, "the name of a run", ...),
    "quantity": (_one_of(*_QUANTITIES), "one of " + ", ".join(_QUANTITIES), ...),
    "measured": (_positive, "a number above 0", ...),
    "standing": (_one_of("measured", "derived", "model"), "measured, derived or model", ...),
    "role": (_one_of("point", "bound", "repeat"), "point, bound or repeat", ...),
    "used_in_fit": (_yes, "yes or no", ...),
    "parameters": (_positive, "a number above 0", ...),
    "tokens": (_positive, "a number above 0, or nothing", None),
    "nodes": (_count, "a whole number from 1", ...),
    "mode": (_one_of("flat", "data_parallel"), "flat, data_parallel or nothing", "flat"),
    "inner_steps": (_count, "a whole number from 1, or nothing", None),
    "bits": (_positive, "a number above 0, or nothing", None),
    "upload": (_positive, "a number above 0, or nothing", None),
    "download": (_positive, "a number above 0, or nothing", None),
    "latency": (_not_negative, "a number from 0, or nothing", None),
    "step_seconds": (_positive, "a number above 0, or nothing", None),
    "local_batch": (_positive, "a number above 0, or nothing", None),
    "hardware": (_word, "chips such as '8x H100 SXM', or nothing", None),
    "mfu": (_share, "a share, or nothing", None),
    "overlap": (_yes, "yes, no or nothing", False),
    "utilisation": (_share, "a share, or nothing", None),
    **_STATED,
    "note": (_word, "a note, or nothing", ""),
}
_EXCHANGED = ("bits", "upload", "step_seconds")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "utilisation": _EXCHANGED,
    "synchronisation time": _EXCHANGED,
    "round time": _EXCHANGED,
    "bandwidth": ("bits", "step_seconds", "utilisation"),
    "outer rounds": ("tokens", "inner_steps", "local_batch"),
    "days": ("tokens",),
    "training FLOP": ("tokens",),
    "step time": ("local_batch", "hardware"),
}
"""Columns that a prediction of a quantity cannot do without."""
_NOT_STATED: Mapping[str, Reader] = {
    "group": (_one_of(*GROUPS), "one of " + ", ".join(GROUPS), ...),
    "run": (_word, "the name of a run or table", ...),
    "missing": (_word, "what is missing", ...),
    **_STATED,
}


@cache
def cases(group: str) -> tuple[Case, ...]:
    """Return the measured quantities of a group of runs.

    Raises
    ------
    InputError
        If there is no such group, or a row of its file is malformed.
    """
    if group not in GROUPS:
        raise unknown("group", "group", group, GROUPS)
    return read_cases(_ROOT / f"{group.replace('-', '_')}.csv", group)


def read_cases(file: Path | Traversable, group: str) -> tuple[Case, ...]:
    """Return the measured quantities in a file of the form of the catalog's.

    Raises
    ------
    InputError
        If the file cannot be read, or a row lacks a cell or holds one that is not what its column holds;
        the message names file, line and column.
    """
    return tuple(Case(group=group, **_whole(file.name, at, row)) for at, row in _rows(file, _CASE))


def _whole(file: str, at: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row, or raise an error if it lacks what its quantity is predicted from."""
    needed = _NEEDED.get(row["quantity"], ())
    if "step_seconds" in needed and row["mode"] == "flat":
        needed += ("inner_steps",)
    for column in needed:
        if row[column] is None:
            raise InputError(
                file, f"line {at}, column {column}: missing, and {row['quantity']} needs it",
                nearest=_CASE[column][1].removesuffix(", or nothing"),
            )  # fmt: skip
    return row


@cache
def not_stated() -> tuple[NotStated, ...]:
    """Return the runs and tables that state too little for a prediction."""
    return tuple(NotStated(**row) for _, row in _rows(_ROOT / "not_predicted.csv", _NOT_STATED))


def _rows(file: Path | Traversable, columns: Mapping[str, Reader]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(file.name, f"cannot be read ({error})"[:200]) from error
    if len(text) > _MOST_BYTES:
        raise InputError(file.name, "is larger than 5 MB and no table of runs")
    lines = [(at, line) for at, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    if not lines or lines[0][1].split(",") != list(columns):
        at = lines[0][0] if lines else 1
        raise InputError(file.name, f"line {at} is not its columns", nearest=",".join(columns))
    if len(lines) == 1:
        raise InputError(file.name, f"line {lines[0][0]} has no rows below it")
    for at, line in lines[1:]:
        yield at, _row(file.name, at, line, columns)


def _row(file: str, at: int, line: str, columns: Mapping[str, Reader]) -> dict[str, Any]:
    cells = next(csv.reader([line]))
    if len(cells) > len(columns):
        raise InputError(file, f"line {at} has {len(cells)} cells for {len(columns)} columns")
    row = {}
    for place, (column, (read, meaning, empty)) in enumerate(columns.items()):
        if place >= len(cells):
            raise InputError(file, f"line {at}, column {column}: missing", nearest=meaning)
        if not cells[place] and empty is not ...:
            row[column] = empty
            continue
        try:
            row[column] = read(cells[place])
        except ValueError:
            said = f"'{cells[place][:40]}'" if cells[place] else "an empty cell"
            raise InputError(
                file, f"line {at}, column {column}: {said} is not valid", nearest=meaning
            ) from None
    return row
