"""``farflung sensitivity``: which assumptions and levers move an output."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.base.errors import InputError
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

    from farflung.analysis.sensitivity import Bar, SensitivityResult

_BAR = 16
_SHARE_BAR = 10
_LONGEST = 22
"""Characters of a field's name on one line."""
_DEFAULT = "quality_adjusted_flop"


def sensitivity(
    scenario: ScenarioName,
    *,
    output: Annotated[str, typer.Option("--output", help="Output that is looked at.")] = _DEFAULT,
    lever: Annotated[
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
    ] = 1024,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same result.")] = 0,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    how: Annotated[Listed, typer.Option("--format", help="How to show it.")] = Listed.table,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help=PLOT_HELP, show_default=False)
    ] = None,
) -> None:
    """Show which assumptions and levers move an output, one at a time and all together.

    [bold]farflung sensitivity paper-headline --lever 'network.upload=50 Mbps..200 Mbps'[/bold]
    """
    from farflung.analysis.sensitivity import sensitivity as answer

    levers = _levers(lever or ())
    result = answer(scenario, output, levers=levers, draws=draws, seed=seed, **changed(changes, assumptions))
    if plot is not None:
        from farflung.report.figures import sensitivity_figure, write_figure

        write_figure(sensitivity_figure(result), plot)
    if how is Listed.json:
        put_json(result.to_dict())
    elif how is Listed.csv:
        _put_rows(result)
    else:
        put(*_page(result))


def _levers(texts: Iterable[str]) -> dict[str, tuple[str, str]]:
    found = {}
    for text in texts:
        field, _, ends = text.partition("=")
        low, dots, high = ends.partition("..")
        if not (field.strip() and low.strip() and dots and high.strip()):
            raise InputError(
                "--lever",
                f"'{text}' is not FIELD=LOW..HIGH",
                nearest="--lever 'network.upload=50 Mbps..200 Mbps'",
            )
        found[field.strip()] = (low.strip(), high.strip())
    return found


def _put_rows(result: SensitivityResult) -> None:
    """Write one row for each input that has an effect."""
    indices = {one.name: one for one in result.indices}
    header = ("name", "kind", "evidence_level", "low_input", "high_input", "input_unit", "low", "high",
              "unit", "first", "first_error", "total", "total_error")  # fmt: skip
    rows = []
    for bar in result.bars:
        index = indices.get(bar.name)
        shares = (index.first, index.first_error, index.total, index.total_error) if index else (None,) * 4
        rows.append(
            (bar.name, bar.kind, bar.evidence_level, bar.low_input, bar.high_input, bar.unit, bar.low,
             bar.high, result.unit, *shares)
        )  # fmt: skip
    put_csv(header, rows)


def _page(result: SensitivityResult) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"\n{result.scenario.name or 'Unnamed scenario'}", style="bold")
    yield Text.assemble(
        (f"{result.output} ", ""), (quantity(result.point, result.unit), "bold"),
        (f" · assumptions {result.provenance.assumptions}", "dim"),
    )  # fmt: skip
    yield _tornado(result) if result.bars else "Nothing that is uncertain moves this output."
    if result.indices:
        scale = "its logarithm" if result.scale == "log10" else "it"
        yield Text(f"Share of the variance of {scale}, all varied at once ({result.runs:,} runs)", "bold")
        yield _shares(result)
    if result.without_effect:
        yield Text.assemble(("Without effect: ", "cyan"), ", ".join(result.without_effect))
    for note in result.notes:
        yield Text.assemble(("Note: ", "yellow"), note)
    yield f"\n$ {result.command}"


def _tornado(result: SensitivityResult) -> RenderableType:
    values = [v for bar in result.bars for v in (bar.low, bar.high) if v is not None]
    values += [] if result.point is None else [result.point]
    axis = (_placed(result, min(values)), _placed(result, max(values))) if values else (0.0, 1.0)
    width = room_for_bars(_BAR)
    table = kept_whole(grid("Input", "known", "from … to", f"{result.output}", *[""][: bool(width)]), 0)
    for bar in result.bars:
        reach = [v for v in (bar.low, bar.high, result.point) if v is not None]
        drawn = ABSENT
        if reach:
            mark = None if result.point is None else _placed(result, result.point)
            ends = _placed(result, min(reach)), _placed(result, max(reach))
            drawn = segment(*ends, axis=axis, width=width, mark=mark)
        outputs = f"{short(bar.low, result.unit)} … {short(bar.high, result.unit)}"
        table.add_row(_worded(bar.name), bar.evidence_level, _ends(bar), outputs, *[drawn][: bool(width)])
    return table


def _worded(name: str) -> str:
    """Return a coefficient's name in words, which may wrap; a field's breaks at its dots where it is long."""
    if "." in name:
        return name.replace(".", ".\n") if len(name) > _LONGEST else name
    return name.replace("_", " ")


def _placed(result: SensitivityResult, value: float) -> float:
    return math.log10(value) if result.scale == "log10" and value > 0 else value


def _ends(bar: Bar) -> str:
    if bar.kind == "law":
        return "5 % … 95 % of its draws"
    low, high = quantity(bar.low_input, bar.unit), quantity(bar.high_input, bar.unit)
    number, _, unit = high.partition(" ")
    # The unit once: '600 … 12,000 USD/yr'.
    low = low.removesuffix(f" {unit}") if unit else low
    return f"{low} … {number} {unit}".rstrip()


def _shares(result: SensitivityResult) -> RenderableType:
    table = grid("Input", "alone", "± 95 %", "with all others", "± 95 %", "", right=(1, 2, 3, 4))
    for one in result.indices:
        filled = "█" * round(min(max(one.total, 0.0), 1.0) * _SHARE_BAR)
        numbers = [f"{value:.1%}" for value in (one.first, one.first_error, one.total, one.total_error)]
        table.add_row(_worded(one.name), *numbers, filled)
    return table
