"""``farflung compare``: scenarios side by side, where they differ."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.analysis import compare as analysis
from farflung.cli.answer import answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions


@answers(plot=True)
def compare(
    first: ScenarioName,
    second: ScenarioName,
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PRESET|FILE]...", help="Further scenarios.", show_default=False),
    ] = None,
    *,
    changes: ScenarioOptions,
) -> analysis.Comparison:
    """Show scenarios side by side: the inputs and outputs that differ, with the ratio.

    Changes apply to all of them.

    [bold]farflung compare headline paper-headline[/bold]
    """
    return analysis.compare(first, second, *(more or ()), **changes.by_path())
