"""``farflung waterfall``: why two scenarios differ, term by term."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.cli.asked import AssumptionsName, Changes, ScenarioName, changed
from farflung.cli.show import (
    ABSENT,
    PLOT_HELP,
    Listed,
    grid,
    kept_whole,
    put,
    put_csv,
    put_json,
    quantity,
    room_for_bars,
    segment,
    short,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from farflung.analysis.waterfall import Term, Waterfall

_BAR = 22
_DEFAULT = "quality_adjusted_flop"


class By(StrEnum):
    """What a difference is taken apart into."""

    factor = "factor"
    input = "input"


def waterfall(
    first: ScenarioName,
    second: ScenarioName,
    *,
    output: Annotated[str, typer.Option("--output", help="Output whose difference is looked at.")] = _DEFAULT,
    by: Annotated[
        By, typer.Option("--by", help="What the output is made of, or what the scenarios say differently.")
    ] = By.factor,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    how: Annotated[Listed, typer.Option("--format", help="How to show it.")] = Listed.table,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help=PLOT_HELP, show_default=False)
    ] = None,
) -> None:
    """Show why two scenarios differ: the difference of an output, term by term, adding up to all of it.

    What is set applies to both scenarios.

    [bold]farflung waterfall paper-headline paper-1gbps --by input[/bold]
    """
    from farflung.analysis.waterfall import waterfall as answer

    result = answer(first, second, output, by=by.value, **changed(changes, assumptions))
    if plot is not None:
        from farflung.report.figures import waterfall_figure, write_figure

        write_figure(waterfall_figure(result), plot)
    if how is Listed.json:
        put_json(result.to_dict())
    elif how is Listed.csv:
        header = ("name", "first", "second", "ratio", "amount", "unit")
        put_csv(header, [(t.name, t.first, t.second, t.ratio, t.amount, result.unit) for t in result.terms])
    else:
        put(*_page(result))


def _page(result: Waterfall) -> Iterator[RenderableType]:
    from rich.text import Text

    names = [outcome.scenario.name or "unnamed" for outcome in result.outcomes]
    yield Text(f"\n{result.output}: from {names[0]} to {names[1]}", style="bold")
    yield _terms(result)
    if not result.exact:
        yield Text.assemble(("Note: ", "yellow"), "many inputs differ: averaged over random orders")
    for outcome in result.outcomes:
        if not outcome.feasible:
            text = f"{outcome.scenario.name} is not feasible ({outcome.binding_constraint})"
            yield Text.assemble(("Note: ", "yellow"), text)
    yield f"\n$ {result.command}"


def _terms(result: Waterfall) -> RenderableType:
    """Return the table: the first value, every term that changes it, the second value."""
    width = room_for_bars(_BAR)
    table = kept_whole(
        grid("", "first", "second", "factor", "adds", *[""][: bool(width)], right=(1, 2, 3, 4)), 0
    )
    levels = list(_levels(result))
    reach = [0.0, result.first, result.second, *(end for level in levels for end in level)]
    axis = (min(reach), max(reach))
    start, end = (
        segment(min(0.0, v), max(0.0, v), axis=axis, width=width) for v in (result.first, result.second)
    )
    table.add_row("first", short(result.first, result.unit), "", "", "", *[start][: bool(width)])
    same = []
    for term, (a, b) in zip(result.terms, levels, strict=True):
        if _unchanged(term, result):
            same.append(term.name)
            continue
        bar = segment(min(a, b), max(a, b), axis=axis, width=width)
        table.add_row(
            _worded(term.name),
            _said(term, 0),
            _said(term, 1),
            _times(term.ratio),
            _added(term.amount, result.unit),
            *[bar][: bool(width)],
        )
    table.add_row(
        "second", "", short(result.second, result.unit), _times(result.ratio), "", *[end][: bool(width)]
    )
    if same:
        table.caption = f"{'Unchanged' if result.by == 'factor' else 'Without effect'}: {', '.join(same)}"
        table.caption_justify = "left"
    return table


def _worded(name: str) -> str:
    """Return a quantity's name in words, and fields one below the other."""
    return name.replace(" + ", "\n") if "." in name else name.replace("_", " ")


def _levels(result: Waterfall) -> Iterator[tuple[float, float]]:
    """Yield where the running total stands before and after every term."""
    level = result.first
    for term in result.terms:
        yield level, level + term.amount
        level += term.amount


def _unchanged(term: Term, result: Waterfall) -> bool:
    return abs(term.amount) <= 1e-12 * max(abs(result.first), abs(result.second))


def _said(term: Term, place: int) -> str:
    value: Any = (term.first, term.second)[place]
    units = _units(term.name)
    values = value if isinstance(value, list) else [value]
    return "\n".join(short(one, unit) for one, unit in zip(values, units, strict=True))


def _units(name: str) -> list[str]:
    """Return the units of a term's values: of a quantity, or of fields of a scenario."""
    from farflung.base.fields import fields_of
    from farflung.outcome import OUTPUTS
    from farflung.scenario import Scenario

    fields = {path: field.unit for path, field in fields_of(Scenario).items()}
    units = {**{one.quantity: one.unit for one in OUTPUTS.values()}, **fields}
    return [units.get(one, "1") for one in name.split(" + ")]


def _times(ratio: float | None) -> str:
    return ABSENT if ratio is None or not math.isfinite(ratio) else f"× {quantity(ratio, '1')}"


def _added(amount: float, unit: str) -> str:
    return f"{'+' if amount > 0 else '−'} {short(abs(amount), unit)}"
