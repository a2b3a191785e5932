"""``farflung uncertainty``: how sure every output is, and how likely limits are passed."""

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
    share,
    short,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from farflung.analysis.uncertainty import Spread, UncertaintyResult

_SHOWN = frozenset({"answer", "cost", "efficiency"})
"""Groups of outputs in the table; JSON and CSV hold all."""
_BAR = 22
_WIDEST = 10.0
"""Greatest ratio to the point value that the bars show."""


def uncertainty(
    scenario: ScenarioName,
    *,
    draws: Annotated[int, typer.Option("--draws", help="Draws, rounded up to a power of 2.")] = 4096,
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
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="OUTPUT=VALUE",
            help="Probability of passing this limit, instead of the rules' limits on training; repeatable.",
            show_default=False,
        ),
    ] = None,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    how: Annotated[Listed, typer.Option("--format", help="How to show it.")] = Listed.table,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help=PLOT_HELP, show_default=False)
    ] = None,
) -> None:
    """Show how sure every output is, all that is uncertain drawn at once, and how likely limits are passed.

    What is set applies to both scenarios where there are two.

    [bold]farflung uncertainty paper-headline --against paper-1gbps[/bold]
    """
    from farflung.analysis.uncertainty import uncertainty as answer

    limits = _limits(limit or ())
    result = answer(scenario, draws, seed, against=against, limits=limits, **changed(changes, assumptions))
    if plot is not None:
        from farflung.report.figures import uncertainty_figure, write_figure

        write_figure(uncertainty_figure(result), plot)
    if how is Listed.json:
        put_json(result.to_dict())
    elif how is Listed.csv:
        _put_rows(result)
    else:
        put(*_page(result))


def _limits(texts: Iterable[str]) -> dict[str, list[str]] | None:
    found: dict[str, list[str]] = {}
    for text in texts:
        output, equals, value = text.partition("=")
        if not equals or not output.strip() or not value.strip():
            raise InputError(
                "--limit", f"'{text}' is not OUTPUT=VALUE", nearest="--limit quality_adjusted_flop=1e25"
            )
        found.setdefault(output.strip(), []).append(value.strip())
    return found or None


def _put_rows(result: UncertaintyResult) -> None:
    """Write one row for each output."""
    from farflung.analysis.uncertainty import QUANTILES

    header = ("name", "unit", "point", "mean", *(f"{100 * share:g}%" for share in QUANTILES))
    put_csv(
        header,
        [(one.name, one.unit, one.point, one.mean, *one.quantiles.values()) for one in result.spreads],
    )


def _page(result: UncertaintyResult) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"\n{result.scenario.name or 'Unnamed scenario'}", style="bold")
    yield Text(
        f"{result.draws:,} draws · seed {result.seed} · assumptions {result.provenance.assumptions} · "
        f"feasible in {share(result.feasible_share)} of them",
        style="dim",
    )
    yield _spreads(result)
    if result.feasible_share and room_for_bars(_BAR):
        yield Text("Bars: 5 to 95 % of the draws, as multiples of the point value (the stroke).", "dim")
    yield _chances(result)
    if result.against is not None and result.pairs is not None:
        yield Text(f"Against {result.against.scenario.name or 'the other scenario'}, draw by draw", "bold")
        yield _pairs(result)
    yield from _footer(result)


def _spreads(result: UncertaintyResult) -> RenderableType:
    from farflung.outcome import OUTPUTS

    shown = [one for one in result.spreads if one.varies and OUTPUTS[one.name].group in _SHOWN]
    if not shown:
        return "No feasible draw." if not result.feasible_share else "Nothing that is drawn moves an output."
    spans = [span for one in shown if (span := _span(one)) is not None]
    reach = min(max((max(abs(a), abs(b)) for a, b in spans), default=1.0), math.log(_WIDEST))
    width = room_for_bars(_BAR)
    title = f"× {math.exp(-reach):.2g}".ljust(width - 5) + f"× {math.exp(reach):.2g}"
    table = kept_whole(
        grid("Output", "Point", "5 %", "Median", "95 %", *[title][: bool(width)], right=(1, 2, 3, 4))
    )
    for one in shown:
        span = _span(one)
        bar = ABSENT if span is None else segment(*span, axis=(-reach, reach), width=width, mark=0.0)
        ends = [short(one.quantiles[share], one.unit) for share in (0.05, 0.5, 0.95)]
        table.add_row(one.name, short(one.point, one.unit), *ends, *[bar][: bool(width)])
    return table


def _span(one: Spread) -> tuple[float, float] | None:
    """Return the 5 and 95 % as logarithms of the ratio to the point value."""
    low, high = one.quantiles[0.05], one.quantiles[0.95]
    if one.point is None or one.point <= 0 or high <= 0:
        return None
    return math.log(max(low, 1e-9 * one.point) / one.point), math.log(high / one.point)


def _chances(result: UncertaintyResult) -> RenderableType:
    results = [one for one in (result, result.against) if one is not None]
    titles = ("Probability", "of the second")[: len(results)]
    table = grid("Above", "Limit", "Rules", *titles, right=(1, 3, 4))
    for chances in zip(*(one.chances for one in results), strict=True):
        one = chances[0]
        limit, rules = quantity(one.limit, one.unit), ", ".join(one.rules) or ABSENT
        table.add_row(one.output, limit, rules, *(share(chance.probability) for chance in chances))
    return table


def _pairs(result: UncertaintyResult) -> RenderableType:
    from farflung.outcome import OUTPUTS

    table = grid("First / second", "5 %", "Median", "95 %", "First higher", right=(1, 2, 3, 4))
    for one in result.pairs or ():
        differs = one.first_greater + one.second_greater > 0
        if OUTPUTS[one.name].group in _SHOWN and one.ratio is not None and differs:
            ends = [f"× {quantity(one.ratio[share], '1')}" for share in (0.05, 0.5, 0.95)]
            table.add_row(one.name, *ends, share(one.first_greater))
    return table if table.row_count else "No output differs."


def _footer(result: UncertaintyResult) -> Iterator[RenderableType]:
    from rich.text import Text

    by_level: dict[str, list[str]] = {}
    for one in result.drawn:
        by_level.setdefault(one.evidence_level, []).append(one.name)
    for evidence_level, names in by_level.items():
        yield Text.assemble((f"Drawn, {evidence_level}: ", "cyan"), ", ".join(names))
    for note in result.notes:
        yield Text.assemble(("Note: ", "yellow"), note)
    yield f"\n$ {result.command}"
