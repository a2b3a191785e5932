"""``farflung validate``: predictions beside runs that took place."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.cli.answer import Answer, answers
from farflung.cli.terminal import progress_bar
from farflung.evidence import validation
from farflung.report.validation_page import validation_document


@answers(plot=True)
def validate(
    *,
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="NAME", help="Only this group, row by row.", show_default=False),
    ] = None,
) -> Answer:
    """Predict runs that took place from their stated inputs, under every assumption set.

    Shares are off by a difference in percentage points, everything else by predicted over measured less one.
    The group 'events' holds runs over time, beside the event engine.
    """
    with progress_bar("Validating") as progress:
        result = validation.validate(group, progress=progress)
    return Answer(result=result, document=lambda: validation_document(result))
