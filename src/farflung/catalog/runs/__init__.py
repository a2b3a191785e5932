"""Runs that took place, and tables of other simulators: what was measured, and from which inputs.

One CSV file for each group. An empty cell is what the source does not state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from farflung.base.errors import InputError, unknown
from farflung.catalog.rows import (
    Count,
    Day,
    NotNegative,
    Positive,
    Share,
    Word,
    Yes,
    columns,
    one_of,
    read_table,
    rows,
)

_ROOT = resources.files("farflung.catalog") / "runs"
GROUPS = (
    "deployments", "consumer", "shaped-links", "training-runs", "clusters", "charles-table-6",
    "streaming-table-4", "eager-table-5",
)  # fmt: skip
"""Groups of runs, each in a file of that name with underscores."""
EvidenceLevel = Literal["measured", "derived", "model"]
Role = Literal["point", "bound", "repeat"]
_QUANTITIES = (
    "utilisation", "MFU", "synchronisation time", "step time", "round time", "outer rounds", "days",
    "training FLOP", "bandwidth",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One measured quantity of a run, and what the run's source states of its inputs.

    Attributes
    ----------
    group, run, quantity, measured
        Which, and how much, in the unit of the quantity.
    evidence_level
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
    run: Word
    quantity: Annotated[str, one_of(*_QUANTITIES)]
    measured: Positive
    evidence_level: Annotated[EvidenceLevel, one_of(*get_args(EvidenceLevel))]
    role: Annotated[Role, one_of(*get_args(Role))]
    used_in_fit: Yes
    parameters: Positive
    tokens: Positive | None = None
    nodes: Count
    mode: Annotated[str, one_of("flat", "data_parallel")] = "flat"
    inner_steps: Count | None = None
    bits: Positive | None = None
    upload: Positive | None = None
    download: Positive | None = None
    latency: NotNegative | None = None
    step_seconds: Positive | None = None
    local_batch: Positive | None = None
    hardware: Word | None = None
    mfu: Share | None = None
    overlap: Yes = False
    utilisation: Share | None = None
    source: Word
    locator: Word
    date: Day
    note: Word = ""


@dataclass(frozen=True, slots=True)
class NotStated:
    """A run or table of which no prediction can be made, and what is missing."""

    group: Annotated[str, one_of(*GROUPS)]
    run: Word
    missing: Word
    source: Word
    locator: Word
    date: Day


_COLUMNS = columns(Case)
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
    return tuple(Case(group=group, **_whole(file.name, at, row)) for at, row in rows(file, _COLUMNS))


def _whole(file: str, at: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row, or raise an error if it lacks what its quantity is predicted from."""
    needed = _NEEDED.get(row["quantity"], ())
    if "step_seconds" in needed and row["mode"] == "flat":
        needed += ("inner_steps",)
    for column in needed:
        if row[column] is None:
            raise InputError(
                file, f"line {at}, column {column}: missing, and {row['quantity']} needs it",
                nearest=_COLUMNS[column].meaning.removesuffix(", or nothing"),
            )  # fmt: skip
    return row


@cache
def not_stated() -> tuple[NotStated, ...]:
    """Return the runs and tables that state too little for a prediction."""
    return read_table(_ROOT / "not_predicted.csv", NotStated)
