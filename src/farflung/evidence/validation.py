"""Validation: runs that took place predicted from their stated inputs, and how far off each set is.

Every prediction is the model's own answer to a scenario built from what the run's source states; nothing is
tuned to the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

from farflung.base.errors import unknown
from farflung.base.format import ABSENT
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog.rows import stored
from farflung.catalog.runs import GROUPS, Case, EvidenceLevel, NotPredicted, Role, cases
from farflung.catalog.sources import Source, cited
from farflung.catalog.tables import assumption_names
from farflung.evidence.event_validation import EVENTS, EventValidation, validate_events
from farflung.evidence.predictions import predict
from farflung.evidence.quantities import QUANTITIES

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

Progress = Callable[[int, int], None]
_MIDDLE = (0.1, 0.9)
"""Utilisations in which being right is hardest; most of the others are near 0 or 1."""


@dataclass(frozen=True, slots=True)
class ValidationRow:
    """A figure of a run, and what each assumption set predicts for it.

    Attributes
    ----------
    group, run, quantity, unit, measured
        The figure.
    predicted
        By assumption set; ``None`` where the model has no answer.
    error
        By assumption set: predicted less measured for shares, predicted over measured less 1 otherwise.
    evidence_level, role, used_in_fit
        How the figure is known, whether it counts in medians, and whether any set was fitted to it.
    note, source, locator, date
        What to know, and where it is stated.
    """

    group: str
    run: str
    quantity: str
    unit: str
    measured: float
    predicted: Mapping[str, float | None]
    error: Mapping[str, float | None]
    evidence_level: EvidenceLevel
    role: Role
    used_in_fit: bool
    note: str
    source: str
    locator: str
    date: str

    @property
    def counts(self) -> bool:
        """Return whether the row counts in medians: a point, in no fit."""
        return self.role == "point" and not self.used_in_fit

    @property
    def evidence(self) -> str:
        """Return how the figure is known and whether it counts, in words."""
        role = "" if self.role == "point" else self.role
        return ", ".join(filter(None, (self.evidence_level, role, "in a fit" if self.used_in_fit else "")))


@dataclass(frozen=True, slots=True)
class GroupErrors:
    """How far off the predictions of a quantity are in a group of runs.

    Attributes
    ----------
    group, quantity, evidence_level
        Of which rows; only points that are in no fit.
    rows
        How many.
    median_absolute_error, median_error, largest_absolute_error
        By assumption set.
    """

    group: str
    quantity: str
    evidence_level: EvidenceLevel
    rows: int
    median_absolute_error: Mapping[str, float]
    median_error: Mapping[str, float]
    largest_absolute_error: Mapping[str, float]

    @classmethod
    def of(cls, rows: Sequence[ValidationRow], sets: Sequence[str]) -> GroupErrors:
        """Return the errors of rows of one kind."""
        first = rows[0]
        errors = {name: own for name in sets if (own := _errors(rows, name))}
        sizes = {name: [abs(error) for error in own] for name, own in errors.items()}
        return cls(
            first.group,
            first.quantity,
            first.evidence_level,
            rows=len(rows),
            median_absolute_error={name: median(own) for name, own in sizes.items()},
            median_error={name: median(own) for name, own in errors.items()},
            largest_absolute_error={name: max(own) for name, own in sizes.items()},
        )

    def format(self, name: str) -> str:
        """Return the median absolute error under a set, and the median with its sign."""
        if name not in self.median_absolute_error:
            return "none"
        quantity = QUANTITIES[self.quantity]
        signed = quantity.format_error(self.median_error[name]).removesuffix(" points")
        return f"{quantity.format_size(self.median_absolute_error[name])} ({signed})"


@dataclass(frozen=True, repr=False)
class Validation(Result):
    """Predictions beside what was measured, of all groups of runs or of one.

    Attributes
    ----------
    sets
        Names of the assumption sets.
    rows
        Figures of runs.
    not_predicted
        Runs and tables that state too little.
    events
        Runs over time beside the event engine, where they are part of it.
    group
        Name of the one group; ``None`` for all.
    """

    sets: tuple[str, ...]
    rows: tuple[ValidationRow, ...]
    not_predicted: tuple[NotPredicted, ...]
    events: EventValidation | None = None
    group: str | None = None

    @cached_property
    def groups(self) -> tuple[GroupErrors, ...]:
        """Return how far off each quantity is in each group."""
        kinds: dict[tuple[str, str, str], list[ValidationRow]] = {}
        for row in self.rows:
            if row.counts:
                kinds.setdefault((row.group, row.quantity, row.evidence_level), []).append(row)
        return tuple(GroupErrors.of(rows, self.sets) for rows in kinds.values())

    @cached_property
    def median_absolute_error(self) -> Mapping[str, Mapping[str, float]]:
        """Return by set and quantity the median absolute error over measured points that are in no fit."""
        return self._medians("measured")

    @cached_property
    def median_absolute_error_of_models(self) -> Mapping[str, Mapping[str, float]]:
        """Return the same over the tables that other simulators computed."""
        return self._medians("model")

    @cached_property
    def median_absolute_error_in_between(self) -> Mapping[str, Mapping[str, float]]:
        """Return that of utilisations measured from 10 to 90 %, where being right is hardest."""
        low, high = _MIDDLE
        return self._medians("measured", lambda r: r.quantity == "utilisation" and low <= r.measured <= high)

    def _medians(
        self, level: EvidenceLevel, chosen: Callable[[ValidationRow], bool] = lambda _: True
    ) -> Mapping[str, Mapping[str, float]]:
        rows = [row for row in self.rows if row.counts and row.evidence_level == level and chosen(row)]
        by_quantity = {name: [row for row in rows if row.quantity == name] for name in QUANTITIES}
        return {
            name: {
                quantity: median(map(abs, errors))
                for quantity, own in by_quantity.items()
                if (errors := _errors(own, name))
            }
            for name in self.sets
        }

    def page(self) -> Page:
        """Return the errors of each group; of one group every figure."""
        if self.events is not None and not self.rows:
            return self.events.page()
        tables = self._group_table() if self.group is None else self._row_tables()
        events = self.events.page().tables[:1] if self.events else ()
        return Page(
            title="Predictions of runs that took place, from their stated inputs",
            lines=tuple(self._utilisation(name) for name in self.sets),
            tables=(*tables, *events),
            notes=(
                "Shares are off by a difference in percentage points, everything else by predicted over "
                "measured, less one. Medians are over points in no fit; in brackets with their sign.",
                *(f"Not predicted: {one.run}: {one.missing}" for one in self.not_predicted if self.group),
                *([] if self.group else [f"{len(self.not_predicted)} runs and tables are not predicted."]),
            ),
        )

    def _utilisation(self, name: str) -> str:
        medians = (self.median_absolute_error, self.median_absolute_error_in_between)
        every, between = (
            f"{100 * of[name]['utilisation']:.1f}" if "utilisation" in of[name] else ABSENT for of in medians
        )
        return (
            f"{name}: utilisation off by {every} points at the median of measured runs, {between} in 10–90 %."
        )

    def _group_table(self) -> tuple[Table, ...]:
        rows = [
            (one.group, one.quantity, one.evidence_level, str(one.rows),
             *(one.format(name).replace(" points", "") for name in self.sets))
            for one in self.groups
        ]  # fmt: skip
        headers = ("Group", "Quantity", "Evidence", "No.", *self.sets)
        title = "Median absolute error"
        return (Table(headers, tuple(rows), frozenset(range(3, len(headers))), title),)

    def _row_tables(self) -> tuple[Table, ...]:
        kinds: dict[tuple[str, str], list[ValidationRow]] = {}
        for row in self.rows:
            kinds.setdefault((row.quantity, row.evidence), []).append(row)
        headers = ("Run", "Measured", *self.sets)
        return tuple(
            Table(
                headers, tuple(self._cells(row) for row in rows), frozenset(range(1, len(headers))),
                title=f"{quantity} ({evidence})",
            )
            for (quantity, evidence), rows in kinds.items()
        )  # fmt: skip

    def _cells(self, row: ValidationRow) -> tuple[str, ...]:
        quantity = QUANTITIES[row.quantity]
        predictions = (format_prediction(row, name).replace(" points", "") for name in self.sets)
        return row.run, quantity.format(row.measured), *predictions

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        events = {EVENTS: self.events.to_dict()} if self.events else {}
        if self.group == EVENTS:
            return events
        return {
            "rows": [asdict(row) for row in self.rows],
            "median_absolute_error": self.median_absolute_error,
            "median_absolute_error_in_between": self.median_absolute_error_in_between,
            "median_absolute_error_of_models": self.median_absolute_error_of_models,
            "groups": [asdict(one) for one in self.groups],
            "not_predicted": [{**asdict(one), "date": one.date.isoformat()} for one in self.not_predicted],
            **events,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each figure and assumption set; of the group of events, one for each figure."""
        if self.group == EVENTS and self.events:
            return self.events.to_frame()
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame(
            {
                **{key: value for key, value in asdict(row).items() if key not in {"predicted", "error"}},
                "assumptions": name,
                "predicted": row.predicted[name],
                "error": row.error[name],
            }
            for row in self.rows
            for name in self.sets
        )

    def figure(self) -> go.Figure:
        """Return the errors of predictions; of the group of events, both engines beside measured shares."""
        return self.events.figure() if self.events and self.group == EVENTS else super().figure()

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        options = {} if self.group is None else {"group": self.group}
        return Call("validate", "farflung.validate", options=options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of the measurements."""
        events = self.events.citations() if self.events else ()
        keys = [*(row.source for row in self.rows), *(one.source for one in self.not_predicted)]
        return tuple(dict.fromkeys((*cited(dict.fromkeys(keys)), *events)))


def format_prediction(row: ValidationRow, name: str) -> str:
    """Return the prediction of a set and by how much it is off."""
    predicted = row.predicted[name]
    if predicted is None:
        return "none"
    return QUANTITIES[row.quantity].format_with_error(predicted, row.measured)


def validate(group: str | None = None, progress: Progress | None = None) -> Validation:
    """Return predictions beside measurements under every assumption set.

    Parameters
    ----------
    group
        Name of one group of runs, or ``events`` for runs over time beside the event engine; all unless given.
    progress
        Called with the number of figures done and of all figures, first of the predictions, then of the
        simulations.

    Raises
    ------
    InputError
        If there is no such group, or a row of its file is malformed.
    """
    if group not in {None, EVENTS, *GROUPS}:
        raise unknown("group", "group", str(group), (*GROUPS, EVENTS))
    sets = assumption_names()
    chosen = [case for name in GROUPS if group in {None, name} for case in cases(name)]
    rows = []
    for done, case in enumerate(chosen, start=1):
        rows.append(compare(case, sets))
        if progress is not None:
            progress(done, len(chosen))
    left_out = tuple(one for one in stored(NotPredicted) if group in {None, one.group})
    events = validate_events(progress=progress) if group in {None, EVENTS} else None
    return Validation(sets, tuple(rows), left_out, events, group)


def compare(case: Case, sets: Sequence[str]) -> ValidationRow:
    """Return a measured figure with the prediction of each assumption set beside it."""
    quantity = QUANTITIES[case.quantity]
    predicted = {name: predict(case, name) for name in sets}
    return ValidationRow(
        group=case.group,
        run=case.run,
        quantity=case.quantity,
        unit=quantity.unit,
        measured=case.measured,
        predicted=predicted,
        error={
            name: None if value is None else quantity.error(value, case.measured)
            for name, value in predicted.items()
        },
        evidence_level=case.evidence_level,
        role=case.role,
        used_in_fit=case.used_in_fit,
        note=case.note,
        source=case.source,
        locator=case.locator,
        date=case.date.isoformat(),
    )


def _errors(rows: Iterable[ValidationRow], name: str) -> list[float]:
    return [error for row in rows if (error := row.error[name]) is not None]
