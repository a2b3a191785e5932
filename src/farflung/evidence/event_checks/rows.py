"""What is compared: a measured figure, what the closed form says of it, and what the event engine says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

from farflung.catalog.event_runs import EventRow as MeasuredRow
from farflung.catalog.runs import Case
from farflung.scenario import Scenario

BELIEVED = str(Scenario.model_fields["assumptions"].default)
"""The assumption set that stands in for what is not stated: the default."""
ALIKE = {"assumptions.compute_spread": 0.0, "assumptions.link_spread": 0.0}
"""Coefficients of the closed form where times and rates are stated as those of the slowest node and link."""
STEADY_LINKS = {**ALIKE, "assumptions.link_variation": 0.0}
"""The same where exchanges do not differ either."""
Role = Literal["point", "in sample", "bound", "input"]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a quantity is told and its error taken: a difference, or a ratio less one."""

    unit: str
    difference: bool = False


BETWEEN = "utilisation, 10 to 90 %"
"""The rows of utilisation in which being right is hardest."""
_SHARE = Kind("1", difference=True)
KINDS: Mapping[str, Kind] = {
    "utilisation": _SHARE,
    BETWEEN: _SHARE,
    "goodput": _SHARE,
    "goodput from elastic": _SHARE,
    "committed share": _SHARE,
    "efficiency": _SHARE,
    "throughput share": _SHARE,
    "synchronisation time": Kind("s"),
    "step time": Kind("s"),
    "spread of exchange times": Kind("1"),
    "participants": Kind("replicas"),
    "alive": Kind("replicas"),
    "loss from delay": Kind("nats", difference=True),
}
"""Everything that is compared, by name. The spread is the 95th over the 5th percentile."""


@dataclass(frozen=True, slots=True)
class SourceRef:
    """How a figure is known, and where it is stated."""

    evidence_level: str
    source: str
    locator: str
    date: str


def source_ref(row: MeasuredRow | Case) -> SourceRef:
    """Return where a row of the catalog comes from, and how it is known."""
    return SourceRef(row.evidence_level, row.source, row.locator, row.date.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """A figure of a run and what both engines say of it.

    Attributes
    ----------
    group, what, quantity, measured
        The figure.
    role
        ``point``: predicted. ``in sample``: a coefficient was fitted to it. ``bound``: an input is not
        stated, and taken at one end or in one reading. ``input``: what decides it is taken from the run.
    closed_form
        Of the closed form, or None where it has no such thing.
    events
        Of the event engine: the median over seeds.
    note
        What to know.
    source_ref
        Where the figure is stated, and whether it is measured, derived from what was, or simulated by its
        authors.
    """

    group: str
    what: str
    quantity: str
    measured: float
    role: Role
    closed_form: float | None = None
    events: float
    note: str = ""
    source_ref: SourceRef

    @property
    def error(self) -> float:
        """Return by how much the event engine is off."""
        return _error(self.quantity, self.events, self.measured)

    @property
    def closed_form_error(self) -> float | None:
        """Return by how much the closed form is off."""
        return None if self.closed_form is None else _error(self.quantity, self.closed_form, self.measured)

    def as_table(self) -> dict[str, Any]:
        """Return the row and its errors as plain data."""
        own = asdict(self)
        found = {**own, **own.pop("source_ref")}
        errors = {"error": self.error, "closed_form_error": self.closed_form_error}
        return {name: value for name, value in found.items() if name != "source_ref"} | errors


@dataclass(frozen=True, slots=True)
class EventSummary:
    """How far off both engines are on the rows of one quantity and role.

    ``closed_form`` is over the rows for which there is one, and None where there are none.
    """

    group: str
    quantity: str
    role: Role
    rows: int
    closed_form: float | None
    events: float
    median_error: float
    largest: float


@dataclass(frozen=True, slots=True)
class Study:
    """Runs of one kind: what they are, what was taken from them, and what does not fit.

    Attributes
    ----------
    name, title
        The group.
    taken
        What stands in for inputs, and which of them come from the runs.
    misfit
        What does not fit, and why.
    rows
        Makes the rows, given a seed.
    """

    name: str
    title: str
    taken: str
    misfit: str
    rows: Callable[[int], tuple[EventRow, ...]]


def summaries(rows: Iterable[EventRow]) -> tuple[EventSummary, ...]:
    """Return how far off each quantity of each group is, by role."""
    found: dict[tuple[str, str, Role], list[EventRow]] = {}
    for row in rows:
        found.setdefault((row.group, row.quantity, row.role), []).append(row)
    kept = {}
    for key, own in found.items():
        kept[key] = _summary(key, own)
        between = [row for row in own if _LEAST <= row.measured <= _MOST]
        if key[1] == "utilisation" and _FEW < len(between) < len(own):
            group, _, role = key
            kept[group, BETWEEN, role] = _summary((group, BETWEEN, role), between)
    return tuple(kept.values())


_LEAST, _MOST, _FEW = 0.1, 0.9, 4


def _summary(key: tuple[str, str, Role], rows: list[EventRow]) -> EventSummary:
    closed = [abs(error) for row in rows if (error := row.closed_form_error) is not None]
    return EventSummary(
        *key,
        rows=len(rows),
        closed_form=median(closed) if closed else None,
        events=median(abs(row.error) for row in rows),
        median_error=median(row.error for row in rows),
        largest=max(abs(row.error) for row in rows),
    )


def _error(quantity: str, said: float, measured: float) -> float:
    return said - measured if KINDS[quantity].difference else said / measured - 1.0
