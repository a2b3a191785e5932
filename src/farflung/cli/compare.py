"""``farflung compare``: two scenarios side by side, where they differ."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.cli.asked import AssumptionsName, Changes, ScenarioName, changed
from farflung.cli.show import Told, put, put_json


def compare(
    first: ScenarioName,
    second: ScenarioName,
    *,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    how: Annotated[Told, typer.Option("--format", help="How to show it.")] = Told.table,
) -> None:
    """Show two scenarios side by side: the inputs and outputs that differ, with the ratio.

    What is set applies to both scenarios.

    [bold]farflung compare paper-headline paper-1gbps[/bold]
    """
    from farflung.analysis.compare import compare as answer

    result = answer(first, second, **changed(changes, assumptions))
    if how is Told.json:
        put_json(result.to_dict())
    else:
        put(str(result))
