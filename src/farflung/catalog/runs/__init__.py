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
from typing import ClassVar, Literal, get_args

from farflung.base.errors import unknown
from farflung.catalog.rows import Count, Day, NotNegative, Positive, Share, Sourced, Word, read_rows

_ROOT = resources.files("farflung.catalog") / "runs"
Group = Literal[
    "deployments", "consumer", "shaped-links", "training-runs", "clusters", "charles-table-6",
    "streaming-table-4", "eager-table-5",
]  # fmt: skip
GROUPS: tuple[Group, ...] = get_args(Group)
"""Groups of runs, each in a file of that name with underscores."""
EvidenceLevel = Literal["measured", "derived", "model"]
Role = Literal["point", "bound", "repeat"]
Quantity = Literal[
    "utilisation", "MFU", "synchronisation time", "step time", "round time", "outer rounds", "days",
    "training FLOP", "bandwidth",
]  # fmt: skip
_EXCHANGED = ("bits", "upload", "step_seconds")
_NEEDED: Mapping[Quantity, tuple[str, ...]] = {
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Sourced):
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

    group: Group
    run: Word
    quantity: Quantity
    measured: Positive
    evidence_level: EvidenceLevel
    role: Role
    used_in_fit: bool
    parameters: Positive
    tokens: Positive | None = None
    nodes: Count
    mode: Literal["flat", "data_parallel"] = "flat"
    inner_steps: Count | None = None
    bits: Positive | None = None
    upload: Positive | None = None
    download: Positive | None = None
    latency: NotNegative | None = None
    step_seconds: Positive | None = None
    local_batch: Positive | None = None
    hardware: Word | None = None
    mfu: Share | None = None
    overlap: bool = False
    utilisation: Share | None = None
    date: Day
    note: Word = ""

    def __post_init__(self) -> None:
        """Refuse a row that lacks what its quantity is predicted from."""
        needed = _NEEDED.get(self.quantity, ())
        if "step_seconds" in needed and self.mode == "flat":
            needed += ("inner_steps",)
        for column in needed:
            if getattr(self, column) is None:
                raise ValueError(f"column {column}: missing, and {self.quantity} needs it")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPredicted(Sourced):
    """A run or table of which no prediction can be made, and what is missing."""

    FILE: ClassVar[str] = "runs/not_predicted.csv"
    group: Group
    run: Word
    missing: Word
    date: Day


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
    """Return the measured quantities in a file of the form of the catalog's, as :func:`read_rows` does."""
    return read_rows(file, Case, group=group)
