"""``farflung validate``: predictions beside runs that took place."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.show import ABSENT, PLOT_HELP, Written, grid, progress_bar, put, put_json

if TYPE_CHECKING:
    from farflung.evidence.event_checks.rows import EventRow
    from farflung.evidence.event_validation import EventValidation
    from farflung.evidence.validation import Validation

_EVENTS = "events"


def validate(
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="NAME", help="Only this group, row by row.", show_default=False),
    ] = None,
    how: Annotated[Written, typer.Option("--format", help="How to show it.")] = Written.table,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help=f"{PLOT_HELP} Of the events.", show_default=False),
    ] = None,
) -> None:
    """Predict runs that took place from their stated inputs, under every assumption set.

    Shares are off by a difference in percentage points, everything else by predicted over measured less one.
    The group 'events' holds runs over time, beside the event engine.
    """
    found = None if group == _EVENTS else _predicted(group)
    events = _simulated() if group in {None, _EVENTS} or plot is not None else None
    if plot is not None and events is not None:
        from farflung.report.figures import engines_figure, write_figure

        write_figure(engines_figure(events), plot)
    if how is Written.json:
        put_json(
            ({} if found is None else found.as_table())
            | ({} if events is None else {_EVENTS: events.as_table()})
        )
    elif how is Written.markdown:
        _write_pages(found, events)
    else:
        _put(found, events, rows=group is not None)


def _predicted(group: str | None) -> Validation:
    from farflung.base.errors import unknown
    from farflung.catalog.runs import GROUPS
    from farflung.evidence import validation

    if group is not None and group not in GROUPS:
        raise unknown("group", "group", group, (*GROUPS, _EVENTS))
    with progress_bar("Predicting runs") as progress:
        return validation.validate(group, progress=progress)


def _simulated() -> EventValidation:
    from farflung.evidence.event_validation import validate_events

    with progress_bar("Simulating runs") as progress:
        return validate_events(progress=progress)


def _write_pages(found: Validation | None, events: EventValidation | None) -> None:
    from farflung.report.event_validation_page import events_section
    from farflung.report.validation_page import validation_page

    pages = [] if found is None else [validation_page(found)]
    pages += [] if events is None else [events_section(events)]
    sys.stdout.write("\n".join(pages))


def _put(found: Validation | None, events: EventValidation | None, *, rows: bool) -> None:
    if found is not None:
        (_put_rows if rows else _put_groups)(found)
    elif events is not None:
        _put_event_rows(events.rows)
    if found is not None and not rows and events is not None:
        _put_event_groups(events)


def _put_groups(found: Validation) -> None:
    from farflung.report.validation_page import told

    put("Median absolute error of points in no fit; in brackets the median error with its sign.")
    heads = _heads(found)
    table = grid(
        "Group", "Quantity", "Evidence", "No.", *heads, right=range(3, 4 + len(heads)), shares={0: 1, 1: 1}
    )
    for one in found.groups:
        values = (told(one, name).replace(" points", "") for name in found.sets)
        table.add_row(one.group, one.quantity, one.evidence_level, str(one.rows), *values)
    put(table)
    for name in found.sets:
        error = found.median_absolute_error[name].get("utilisation")
        between = found.median_absolute_error_in_between[name].get("utilisation")
        said = [ABSENT if value is None else f"{100 * value:.1f}" for value in (error, between)]
        put(
            f"{name}: utilisation off by {said[0]} points at the median of measured runs, "
            f"{said[1]} in 10–90 %"
        )
    put(f"{len(found.not_predicted)} runs and tables are not predicted; --group and --format json say why.")


def _heads(found: Validation) -> list[str]:
    """Return the names of the sets in two lines each."""
    return [name.replace("-", "\n", 1) for name in found.sets]


def _put_rows(found: Validation) -> None:
    from rich.text import Text

    from farflung.report.validation_page import evidence_level, figure, off

    kinds = dict.fromkeys((row.quantity, evidence_level(row)) for row in found.rows)
    for quantity, known in kinds:
        heads = _heads(found)
        table = grid("Run", "Measured", *heads, right=range(1, 2 + len(heads)), shares={0: 1})
        for row in found.rows:
            if (row.quantity, evidence_level(row)) == (quantity, known):
                values = (
                    f"{figure(row, row.predicted[name])} {off(quantity, row.error[name])}"
                    for name in found.sets
                )
                shown = (text.replace(" points", "") for text in values)
                table.add_row(row.run, figure(row, row.measured), *shown)
        put(Text(f"{quantity.capitalize() if quantity[1:].islower() else quantity} ({known})", style="bold"))
        put(table)
    for one in found.not_predicted:
        put(Text(f"Not predicted: {one.run}: {one.missing}"))


def _put_event_groups(events: EventValidation) -> None:
    from farflung.report.event_validation_page import told

    put("\nRuns over time, beside the event engine (--group events shows every row).")
    table = grid(
        "Group", "Quantity", "Role", "No.", "Closed form", "Event engine", right=(3, 4, 5),
        shares={0: 1, 1: 1},
    )  # fmt: skip
    for one in events.groups:
        table.add_row(one.group, one.quantity, one.role, str(one.rows), *told(one))
    put(table)


def _put_event_rows(rows: Sequence[EventRow]) -> None:
    from rich.text import Text

    from farflung.report.event_validation_page import beside, figure

    for group, quantity in dict.fromkeys((row.group, row.quantity) for row in rows):
        table = grid(
            "What", "Role", "Measured", "Closed form", "Event engine", right=(2, 3, 4), shares={0: 1}
        )
        for row in rows:
            if (row.group, row.quantity) == (group, quantity):
                answers = (
                    beside(quantity, row.closed_form, row.closed_form_error),
                    beside(quantity, row.events, row.error),
                )
                table.add_row(row.what, row.role, figure(quantity, row.measured), *answers)
        put(Text(f"{group}: {quantity}", style="bold"), table)
