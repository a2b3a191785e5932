"""The options in which a search is asked for, shared by the search and the questions turned round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from farflung.analysis.search import Constraints, Grid, Question

Target = Annotated[float, typer.Option("--target", help="Compute to be reached, in FLOP: 1e25.")]
MetricName = Annotated[
    str,
    typer.Option("--metric", help="quality (quality-adjusted), local (local-equivalent) or raw compute."),
]
RuleName = Annotated[
    str, typer.Option("--rule", help="Rule whose limits no node may exceed; see [bold]catalog rules[/bold].")
]
Length = Annotated[str, typer.Option("--duration", help="Length of the run.")]
Links = Annotated[
    str, typer.Option("--links", help="Bandwidth of every node: '100Mbps', or '57Mbps/310Mbps' up and down.")
]
Latency = Annotated[str, typer.Option("--latency", help="Round-trip time.")]
SetName = Annotated[str, typer.Option("--assumptions", help="Assumption set.")]
ReadingName = Annotated[
    str, typer.Option("--by", help="How the rule counts compute: fp16, or tpp (rate times bits).")
]
GridName = Annotated[str, typer.Option("--grid", help="full, or published (what the paper searched).")]
Names = list[str] | None
ChipNames = Annotated[Names, typer.Option("--chip", help="Only this chip; repeatable.", show_default=False)]
Makers = Annotated[Names, typer.Option("--maker", help="Only this maker; repeatable.", show_default=False)]
Jurisdictions = Annotated[
    Names, typer.Option("--jurisdiction", help="Only chips designed here; repeatable.", show_default=False)
]
Modes = Annotated[Names, typer.Option("--mode", help="Only this protocol; repeatable.", show_default=False)]
Precisions = Annotated[
    Names, typer.Option("--precision", help="Only this number format; repeatable.", show_default=False)
]
Before = Annotated[
    str | None,
    typer.Option(
        "--released-before",
        metavar="DAY",
        help="Only chips released before this day, as 2024-06-30.",
        show_default=False,
    ),
]
Budget = Annotated[
    str | None, typer.Option("--budget", help="Greatest capital cost, as '50e6 USD'.", show_default=False)
]
MostNodes = Annotated[
    int | None, typer.Option("--max-nodes", help="Greatest number of nodes.", show_default=False)
]
MostOvertraining = Annotated[
    float | None,
    typer.Option("--max-overtraining", help="Greatest ratio of tokens to those of the reference allocation.",
                 show_default=False),
]  # fmt: skip
AnyMemory = Annotated[
    bool,
    typer.Option(
        "--any-memory", help="Also use cards without high-bandwidth memory, at the same MFU as the others."
    ),
]
LeastChinchilla = Annotated[
    float | None,
    typer.Option(
        "--min-chinchilla",
        help="Least χ, the share that over-training leaves, from 0 to 1.",
        show_default=False,
    ),
]

_OPTION = {
    "most_nodes": "--max-nodes",
    "most_overtraining": "--max-overtraining",
    "least_chinchilla": "--min-chinchilla",
}
"""Options by the constraints they set."""


def question(
    *,
    target: float,
    metric: str,
    rule: str,
    duration: str,
    links: str,
    latency: str,
    assumptions: str,
    by: str,
) -> Question:
    """Return the question that the options ask.

    Raises
    ------
    InputError
        If a quantity cannot be read.
    """
    from farflung.analysis.search import Question
    from farflung.base.errors import InputError

    up, slash, down = links.partition("/")
    if by not in {"fp16", "tpp"}:
        raise InputError("--by", f"'{by}' is no way to count", nearest="fp16 or tpp")
    return Question(
        target=target,
        metric=metric,  # type: ignore[arg-type] # the question checks it
        rule=rule,
        duration=amount("--duration", duration, "s"),
        upload=amount("--links", up, "bit/s"),
        download=amount("--links", down if slash else up, "bit/s"),
        latency=amount("--latency", latency, "s", may_be_zero=True, shown="100 ms"),
        assumptions=assumptions,
        reading="fp16" if by == "fp16" else "tpp",
    )


def amount(
    option: str, text: str, unit: str, *, may_be_zero: bool = False, shown: str | None = None
) -> float:
    """Return a quantity, naming the option where it cannot be read or is not above 0.

    Parameters
    ----------
    option
        Name of the option or argument.
    text, unit
        What was written, and the unit of the answer.
    may_be_zero
        Whether 0 will do.
    shown
        Example of what would do, instead of that of the unit.

    Raises
    ------
    InputError
        If it cannot be read, or is not above 0.
    """
    import math

    from farflung.base.errors import InputError
    from farflung.base.units import example, parse

    shown = shown or example(unit)
    try:
        value = parse(text.strip(), unit)
    except InputError as error:
        raise InputError(option, error.problem, f"for example '{shown}'") from error
    if not math.isfinite(value):
        raise InputError(option, f"'{text}' is not a finite number", nearest=f"for example '{shown}'")
    if value < 0 or (value == 0 and not may_be_zero):
        least = "0 or more" if may_be_zero else "above 0"
        raise InputError(option, f"'{text}' is not {least}", nearest=f"for example '{shown}'")
    return value


def constraints(
    *,
    chips: Names = None,
    makers: Names = None,
    jurisdictions: Names = None,
    modes: Names = None,
    before: str | None = None,
    budget: str | None = None,
    most_nodes: int | None = None,
    most_overtraining: float | None = None,
    least_chinchilla: float | None = None,
    any_memory: bool = False,
) -> Constraints:
    """Return the constraints that the options set.

    Raises
    ------
    InputError
        If a name is unknown or a day or quantity cannot be read.
    """
    import datetime

    from farflung.analysis.search import Constraints
    from farflung.base.errors import InputError, unknown
    from farflung.catalog import chip
    from farflung.catalog import chips as known
    from farflung.outcome.protocols import PROTOCOLS

    everything = known().values()
    for given, words, kind in (
        (makers, {one.manufacturer for one in everything}, "maker"),
        (jurisdictions, {one.jurisdiction for one in everything}, "jurisdiction"),
        (modes, set(PROTOCOLS), "protocol"),
    ):
        for word in given or ():
            if word not in words:
                raise unknown(f"--{'mode' if kind == 'protocol' else kind}", kind, word, words)
    try:
        day = None if before is None else datetime.date.fromisoformat(before)
    except ValueError as error:
        raise InputError("--released-before", f"'{before}' is no day", nearest="2024-06-30") from error
    try:
        return Constraints(
            most_nodes=most_nodes,
            budget=None if budget is None else amount("--budget", budget, "USD", shown="50e6 USD"),
            most_overtraining=most_overtraining,
            least_chinchilla=least_chinchilla,
            any_memory=any_memory,
            makers=tuple(makers or ()),
            jurisdictions=tuple(jurisdictions or ()),
            chip_names=tuple(chip(name, "--chip").name for name in chips or ()),
            released_before=day,
            modes=tuple(modes or ()),
        )
    except InputError as error:
        raise InputError(_OPTION.get(error.field, error.field), error.problem, error.nearest) from error


def grid_named(name: str, precisions: Names) -> Grid:
    """Return a grid by name, limited to some number formats where they are given."""
    from dataclasses import replace

    from farflung.analysis.search import GRIDS
    from farflung.base.errors import unknown
    from farflung.catalog.chips import FORMAT_OF_PRECISION

    if name not in GRIDS:
        raise unknown("--grid", "grid", name, GRIDS)
    for one in precisions or ():
        if one not in FORMAT_OF_PRECISION:
            raise unknown("--precision", "number format", one, FORMAT_OF_PRECISION)
    chosen = GRIDS[name]()
    return replace(chosen, precisions=tuple(precisions)) if precisions else chosen
