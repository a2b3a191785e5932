"""``farflung validate``: predictions beside runs that took place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.show import ABSENT, Written, grid, progress_bar, put, put_json

if TYPE_CHECKING:
    from farflung.evidence.validation import Validation


def validate(
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="NAME", help="Only this group, row by row.", show_default=False),
    ] = None,
    how: Annotated[Written, typer.Option("--format", help="How to show it.")] = Written.table,
) -> None:
    """Predict runs that took place from their stated inputs, under every assumption set.

    Shares are off by a difference in percentage points, everything else by predicted over measured less one.
    """
    from farflung.evidence import validation

    with progress_bar("Predicting runs") as progress:
        found = validation.validate(group, progress=progress)
    if how is Written.json:
        put_json(found.as_table())
    elif how is Written.markdown:
        from farflung.report.validation_page import validation_page

        sys.stdout.write(validation_page(found))
    elif group is None:
        _put_groups(found)
    else:
        _put_rows(found)


def _put_groups(found: Validation) -> None:
    from farflung.report.validation_page import told

    put("Median absolute error of points in no fit; in brackets the median error with its sign.")
    heads = _heads(found)
    table = grid(
        "Group", "Quantity", "Standing", "No.", *heads, right=range(3, 4 + len(heads)), shares={0: 1, 1: 1}
    )
    for one in found.groups:
        values = (told(one, name).replace(" points", "") for name in found.sets)
        table.add_row(one.group, one.quantity, one.standing, str(one.rows), *values)
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

    from farflung.report.validation_page import figure, off, standing

    kinds = dict.fromkeys((row.quantity, standing(row)) for row in found.rows)
    for quantity, known in kinds:
        heads = _heads(found)
        table = grid("Run", "Measured", *heads, right=range(1, 2 + len(heads)), shares={0: 1})
        for row in found.rows:
            if (row.quantity, standing(row)) == (quantity, known):
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
