"""``farflung validate``: predictions beside runs that took place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.show import PLOT_HELP, Written, grid, progress_bar, put, put_json

if TYPE_CHECKING:
    from farflung.base.pages import Page


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
    from farflung.evidence import validation
    from farflung.evidence.event_validation import validate_events

    with progress_bar("Validating") as progress:
        result = validation.validate(group, progress=progress)
    if plot is not None:
        from farflung.report.figures import engines_figure, write_figure

        write_figure(engines_figure(result.events or validate_events()), plot)
    if how is Written.json:
        put_json(result.to_dict())
    elif how is Written.markdown:
        from farflung.report.validation_page import validation_document

        sys.stdout.write(validation_document(result))
    else:
        _put(result.page())


def _put(page: Page) -> None:
    from rich.text import Text

    put(Text(page.title, style="bold"), *page.lines)
    for table in page.tables:
        # Names of sets in two lines each, so that a table fits a hundred columns.
        heads = [head.replace("-", "\n", 1) for head in table.headers]
        shown = grid(*heads, right=table.numeric, shares={0: 1} if 1 in table.numeric else {0: 1, 1: 1})
        for row in table.rows:
            shown.add_row(*row)
        put(Text(table.title, style="bold"), shown)
    put(*(Text(note) for note in page.notes))
