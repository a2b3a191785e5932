"""``farflung sensitivity``: which assumptions and levers move an output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from farflung.analysis.sensitivity import SensitivityResult
from farflung.analysis.sensitivity import sensitivity as variance_and_tornado
from farflung.analysis.sensitivity_result import DRAWS, OUTPUT
from farflung.base.errors import InputError
from farflung.cli.answer import answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions


@answers(plot=True)
def sensitivity(
    scenario: ScenarioName,
    *,
    output: Annotated[str, typer.Option("--output", help="Output that is looked at.")] = OUTPUT,
    levers: Annotated[
        list[str] | None,
        typer.Option(
            "--lever",
            metavar="FIELD=LOW..HIGH",
            help="Vary a field too, as [bold]--lever 'network.upload=50 Mbps..200 Mbps'[/bold]; repeatable.",
            show_default=False,
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", help="Base sample of the variance shares, rounded up to a power of 2.")
    ] = DRAWS,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same result.")] = 0,
    changes: ScenarioOptions,
) -> SensitivityResult:
    """Show which assumptions and levers move an output, one at a time and all together.

    [bold]farflung sensitivity headline --lever 'network.upload=50 Mbps..200 Mbps'[/bold]
    """
    return variance_and_tornado(
        scenario, output, levers=_levers(levers or ()), draws=draws, seed=seed, **changes.by_path()
    )


def _levers(texts: Iterable[str]) -> dict[str, tuple[str, str]]:
    levers = {}
    for text in texts:
        path, _, ends = (part.strip() for part in text.partition("="))
        low, dots, high = (part.strip() for part in ends.partition(".."))
        if not (path and low and dots and high):
            nearest = "--lever 'network.upload=50 Mbps..200 Mbps'"
            raise InputError("levers", f"'{text}' is not FIELD=LOW..HIGH", nearest=nearest)
        levers[path] = (low, high)
    return levers
