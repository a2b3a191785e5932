"""What is compared: a measured figure, what the closed form says of it, and what the event engine says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

from farflung.base.format import ABSENT
from farflung.catalog.event_runs import EventMeasurement
from farflung.catalog.runs import Case
from farflung.evidence.quantities import BETWEEN, QUANTITIES

ALIKE = {"assumptions.compute_spread": 0.0, "assumptions.link_spread": 0.0}
"""Coefficients of the closed form where times and rates are stated as those of the slowest node and link."""
STEADY_LINKS = {**ALIKE, "assumptions.link_variation": 0.0}
"""The same where exchanges do not differ either."""
Role = Literal["point", "in sample", "bound", "input"]


@dataclass(frozen=True, slots=True)
class SourceRef:
    """How a figure is known, and where it is stated."""

    evidence_level: str
    source: str
    locator: str
    date: str


def source_ref(row: EventMeasurement | Case) -> SourceRef:
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
        return QUANTITIES[self.quantity].error(self.events, self.measured)

    @property
    def closed_form_error(self) -> float | None:
        """Return by how much the closed form is off."""
        if self.closed_form is None:
            return None
        return QUANTITIES[self.quantity].error(self.closed_form, self.measured)

    @property
    def formatted(self) -> tuple[str, str, str]:
        """Return the figure, and what both engines say of it with by how much it is off."""
        quantity, measured = QUANTITIES[self.quantity], self.measured
        closed = self.closed_form
        return (
            quantity.format(measured),
            ABSENT if closed is None else quantity.format_with_error(closed, measured),
            quantity.format_with_error(self.events, measured),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the row and its errors as plain data."""
        own = asdict(self)
        reference = own.pop("source_ref")
        return {**own, **reference, "error": self.error, "closed_form_error": self.closed_form_error}


@dataclass(frozen=True, slots=True)
class EventErrors:
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

    @classmethod
    def of(cls, key: tuple[str, str, Role], rows: Sequence[EventRow]) -> EventErrors:
        """Return the errors of rows of one kind."""
        closed = [abs(error) for row in rows if (error := row.closed_form_error) is not None]
        return cls(
            *key,
            rows=len(rows),
            closed_form=median(closed) if closed else None,
            events=median(abs(row.error) for row in rows),
            median_error=median(row.error for row in rows),
            largest=max(abs(row.error) for row in rows),
        )

    @property
    def formatted(self) -> tuple[str, str]:
        """Return the median absolute errors of both engines, the second with its median error."""
        quantity = QUANTITIES[self.quantity]
        closed = ABSENT if self.closed_form is None else quantity.format_size(self.closed_form)
        signed = quantity.format_error(self.median_error).removesuffix(" points").removesuffix(" nats")
        return closed, f"{quantity.format_size(self.events)} ({signed})"


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


def errors_by_group(rows: Iterable[EventRow]) -> tuple[EventErrors, ...]:
    """Return how far off each quantity of each group is, by role."""
    groups: dict[tuple[str, str, Role], list[EventRow]] = {}
    for row in rows:
        groups.setdefault((row.group, row.quantity, row.role), []).append(row)
    errors = {}
    for key, own in groups.items():
        errors[key] = EventErrors.of(key, own)
        between = [row for row in own if _LEAST <= row.measured <= _MOST]
        if key[1] == "utilisation" and _FEW < len(between) < len(own):
            group, _, role = key
            errors[group, BETWEEN, role] = EventErrors.of((group, BETWEEN, role), between)
    return tuple(errors.values())


_LEAST, _MOST, _FEW = 0.1, 0.9, 4
