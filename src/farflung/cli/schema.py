"""``farflung schema``: JSON Schema of what goes in and what comes out."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from farflung.cli.terminal import print_json


class Described(StrEnum):
    """What has a schema."""

    scenario = "scenario"
    outcome = "outcome"


def schema(
    what: Annotated[Described, typer.Argument(help="Which schema.")] = Described.scenario,
) -> None:
    """Print the JSON Schema of a scenario, or of an outcome as [bold]run --format json[/bold] writes it."""
    if what is Described.scenario:
        from farflung.scenario import Scenario

        print_json(Scenario.model_json_schema())
    else:
        from farflung.outcome import Outcome

        print_json(Outcome.model_json_schema(mode="serialization"))
