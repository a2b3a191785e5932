"""``farflung validate``: predictions beside runs that took place, and computed steps beside measured ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farflung.analysis.node.answers import StepTimeErrors, validate_step_time
from farflung.cli.answer import Answer, answers
from farflung.cli.command import command_group
from farflung.cli.terminal import progress_bar
from farflung.evidence import validation
from farflung.report.validation_page import validation_document


@answers(plot=True)
def runs(
    *,
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="NAME", help="Only this group, row by row.", show_default=False),
    ] = None,
) -> Answer:
    """Predict runs that took place from their stated inputs, under every assumption set (the default).

    Shares are off by a difference in percentage points, everything else by predicted over measured less one.
    The group 'events' holds runs over time, beside the event engine.
    """
    with progress_bar("Validating") as progress:
        result = validation.validate(group, progress=progress)
    return Answer(result=result, document=lambda: validation_document(result))


@answers
def step_time(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV of measured steps.")],
) -> StepTimeErrors:
    """Compute the steps of a table of measured ones, and say how far off they are.

    The coefficients are those of the catalog: nothing is fitted to the file. Its form is told by its columns:
    LLM Foundry's, vTrain's, Megatron's, Sailor's, SimuMax's or the vendors' table, or the form of own runs.

    [bold]farflung validate step-time my_steps.csv --format json[/bold]
    """
    return validate_step_time(file)


validate = command_group(
    "Predictions beside runs that took place ([bold]runs[/bold], unless said), and computed steps beside "
    "measured ones.",
    {"runs": runs, "step-time": step_time},
    default="runs",
)
