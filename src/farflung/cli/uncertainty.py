"""``farflung uncertainty``: how sure every output is, and how likely limits are passed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from farflung.analysis import uncertainty as analysis
from farflung.base.errors import InputError
from farflung.cli.answer import answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions


@answers(plot=True)
def uncertainty(
    scenario: ScenarioName,
    *,
    draws: Annotated[
        int, typer.Option("--draws", help="Draws, rounded up to a power of 2.")
    ] = analysis.DRAWS,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same result.")] = 0,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="PRESET|FILE",
            help="Compare with a second scenario on the same draws.",
            show_default=False,
        ),
    ] = None,
    limits: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="OUTPUT=VALUE",
            help="Probability of passing this limit, instead of the rules' limits on training; repeatable.",
            show_default=False,
        ),
    ] = None,
    changes: ScenarioOptions,
) -> analysis.UncertaintyResult:
    """Show how sure every output is, all that is uncertain drawn at once, and how likely limits are passed.

    Changes apply to both scenarios where there are two.

    [bold]farflung uncertainty headline --against paper-headline[/bold]
    """
    return analysis.uncertainty(
        scenario, draws, seed, against=against, limits=_limits(limits or ()), **changes.by_path()
    )


def _limits(texts: Iterable[str]) -> dict[str, list[str]] | None:
    limits: dict[str, list[str]] = {}
    for text in texts:
        output, equals, value = (part.strip() for part in text.partition("="))
        if not (output and equals and value):
            nearest = "--limit quality_adjusted_flop=1e25"
            raise InputError("limits", f"'{text}' is not OUTPUT=VALUE", nearest=nearest)
        limits.setdefault(output, []).append(value)
    return limits or None
