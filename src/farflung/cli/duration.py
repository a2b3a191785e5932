"""``farflung duration``: the longest run worth starting."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from farflung.base.errors import InputError
from farflung.base.format import format_quantity
from farflung.cli.answer import answers
from farflung.cli.listing import Statement

_SOURCE = "sevilla2022longest"
_METAVAR = "PERCENT"
_NEAREST = "rates that together grow, such as --hardware 6% --software 50% --investment 3%"


@answers
def duration(
    *,
    hardware: Annotated[
        str, typer.Option(metavar=_METAVAR, help="Growth of hardware per dollar in a year: 6% or 0.06.")
    ],
    software: Annotated[
        str, typer.Option(metavar=_METAVAR, help="Growth of algorithmic efficiency in a year.")
    ],
    investment: Annotated[
        str, typer.Option(metavar=_METAVAR, help="Growth of the money spent on a run in a year.")
    ],
) -> Statement:
    """Show the longest run worth starting: beyond it, a later and shorter run overtakes it.

    [bold]farflung duration --hardware 6% --software 50% --investment 3%[/bold]
    """
    from farflung.physics.time_limit import longest_run

    written = {"hardware": hardware, "software": software, "investment": investment}
    growth = {f"{name}_growth": _factor(name, text) for name, text in written.items()}
    if math.prod(growth.values()) <= 1.0:
        raise InputError("growth", "the three together do not grow, so no run is too long", nearest=_NEAREST)
    longest = float(longest_run(**growth))
    rates = ", ".join(f"{name} {text}" for name, text in written.items())
    return Statement(
        f"Longest sensible run: {format_quantity(longest, 's')} (growth a year: {rates})",
        {"longest_run_s": longest, **growth, "source": _SOURCE},
        notes=(f"source {_SOURCE} (farflung catalog sources {_SOURCE})",),
    )


def _factor(name: str, text: str) -> float:
    """Return the yearly factor that a growth rate means: 1.06 for '6%' and for '0.06'."""
    option, number = f"--{name}", text.strip()
    try:
        growth = float(number.removesuffix("%").replace("_", "x"))
    except ValueError:
        raise InputError(option, f"'{text}' is not a growth rate", nearest="6% or 0.06") from None
    if not math.isfinite(growth):
        raise InputError(option, f"{text} is not a finite number", nearest="6% or 0.06")
    if number.endswith("%"):
        growth /= 100.0
    elif growth >= 1.0:  # 1.06 may mean 6 % or 106 %: asking costs less than a wrong answer
        raise InputError(option, f"'{text}' could be a factor or a fraction", nearest="6% or 0.06")
    if growth <= -1.0:
        raise InputError(option, f"{text} leaves nothing after a year", nearest="above -100%")
    return 1.0 + growth
