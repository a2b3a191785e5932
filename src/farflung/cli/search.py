"""``farflung search``: the cheapest design that reaches a target under a rule."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli import search_options as ask
from farflung.cli.show import (
    ABSENT,
    WIDTH,
    Told,
    console,
    grid,
    kept_whole,
    progress_bar,
    put,
    put_json,
    quantity,
    short,
)

if TYPE_CHECKING:
    from farflung.analysis.search import Found, SearchResult


@ask.with_options
def search(
    *,
    target: ask.Target = 1e25,
    asked: ask.Asked,
    budget: ask.Budget = None,
    designs: ask.Designs,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save", metavar="FILE", help="Write the best design as a scenario.", show_default=False
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw the Pareto front (.html, .png, .svg).", show_default=False
        ),
    ] = None,
    how: Annotated[Told, typer.Option("--format", help="How to show it.")] = Told.table,
) -> None:
    """Find the cheapest design that reaches a target below a rule, and what else comes near.

    Every design of a declared grid is evaluated: chip, chips of a node, number format, protocol, group size,
    pipeline stages, model size, inner steps, compression, nodes.

    [bold]farflung search --target 1e25 --metric quality --rule miri-2025 --links 100Mbps[/bold]
    """
    from farflung.analysis.search import search as answer

    question, limits = asked.question(target), designs.constraints(budget)
    with progress_bar("Searching") as progress:
        result = answer(question, limits, designs.grid(), progress=progress)
    if save is not None:
        _save(result, save)
    if plot is not None:
        from farflung.report.figures import pareto_figure, write_figure

        write_figure(pareto_figure(result), plot)
    if how is Told.json:
        put_json(result.as_table())
    else:
        put_search(result)


def _save(result: SearchResult, file: Path) -> None:
    from farflung.scenario import to_toml

    if result.best is None:
        sys.stderr.write(f"nothing was found, and {file} is not written\n")
    else:
        file.write_text(to_toml(result.best.outcome.scenario), encoding="utf-8")


_METRIC = {"quality": "quality-adjusted", "local": "local-equivalent", "raw": "raw"}
_NAMED = 8
"""Chips left out for one reason that are named; of more, their number is given."""


def put_search(result: SearchResult) -> None:
    """Print the page of a search."""
    from rich.text import Text

    asked = result.question
    put(
        Text.assemble(
            (
                f"\n{short(asked.target, 'FLOP')} FLOP of {_METRIC[asked.metric]} compute below {asked.rule}",
                "bold",
            ),
            (
                f"\n{quantity(asked.duration, 's')} · {quantity(asked.upload, 'bit/s')} up, "
                f"{quantity(asked.download, 'bit/s')} down · assumptions {asked.assumptions} · "
                f"{result.grid} grid",
                "dim",
            ),
        )
    )
    if result.best is None:
        put(Text.assemble(("Nothing reaches it: ", "bold red"), result.why_not or ""))
    else:
        outcome = result.best.outcome
        put(
            Text.assemble(
                ("\nCheapest: ", "bold"),
                (quantity(outcome.capital_cost_usd, "USD"), "bold green"),
                f" of hardware buys C_quality {quantity(outcome.quality_adjusted_flop, 'FLOP')} "
                f"(C_local {quantity(outcome.local_equivalent_flop, 'FLOP')})",
            )
        )
        _put_designs("Best, and the runners-up of other kind", (result.best, *result.runners_up))
        _put_published(result)
        _put_front(result.pareto)
    _put_tally(result)
    for note in result.notes:
        put(Text.assemble(("Note: ", "yellow"), note))


def _put_designs(title: str, found: Sequence[Found]) -> None:
    from rich.text import Text

    # A narrow terminal has no room for all of them; JSON holds every number.
    columns = [name for name in _COLUMNS if console().width >= WIDTH or name not in {"C_r", "C_local"}]
    words = {"Node", "Format", "Protocol"}
    table = grid(*columns, right=(place for place, name in enumerate(columns) if name not in words))
    for one in found:
        row = _row(one)
        table.add_row(*(row[name] for name in columns))
    put(Text(f"\n{title}", style="bold"), kept_whole(table, 0, 3))


_COLUMNS = (
    "Node", "Format", "Nodes", "Protocol", "Model", "H", "C_r", "χ", "C_quality", "C_local", "Cost",
)  # fmt: skip


def _row(found: Found) -> dict[str, str]:
    outcome, design = found.outcome, found.design
    steps, share = outcome.inner_steps, outcome.chinchilla_efficiency
    return {
        "Node": f"{design.chips_per_node}x {design.chip}",
        "Format": design.precision,
        "Nodes": f"{design.nodes:,}",
        "Protocol": design.variant.mode.replace("_", " "),
        "Model": f"{design.parameters / 1e9:.3g}B",
        "H": ABSENT if steps is None else f"{steps:.0f}",
        "C_r": f"{design.compression:.0f}",
        "χ": ABSENT if share is None else f"{share:.2f}",
        "C_quality": _compute(outcome.quality_adjusted_flop),
        "C_local": _compute(outcome.local_equivalent_flop),
        "Cost": short(outcome.capital_cost_usd, "USD"),
    }


def _compute(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.2e}".replace("e+", "e")


def _put_published(result: SearchResult) -> None:
    from rich.text import Text

    published, best = result.published, result.best
    if published is None or best is None:
        return
    cost, least = published.capital_cost_usd, best.outcome.capital_cost_usd
    if cost and least:
        text = (
            "Cheapest published scenario that reaches it in this time over these links: "
            f"{quantity(cost, 'USD')} ({published.scenario.name}), {cost / least:.2f} times the best here"
        )
        put(Text(text))


def _put_front(front: Sequence[Found]) -> None:
    from rich.text import Text

    if not front:
        return
    span = [one.outcome.capital_cost_usd or 0.0 for one in front]
    text = (
        f"Pareto front over cost, nodes, duration and quality: {len(front)} designs from "
        f"{quantity(min(span), 'USD')} to {quantity(max(span), 'USD')} (--format json lists them)"
    )
    put(Text(text))


def _put_tally(result: SearchResult) -> None:
    from rich.text import Text

    put(f"\nDesigns examined: {result.examined:,}")
    for reason, count in sorted(result.removed_by.items(), key=lambda item: -item[1]):
        put(f"  removed, {reason}: {count:,}")
    for reason, names in result.chips_left_out.items():
        named = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} chips"
        put(Text(f"  left out, {reason}: {named}"))
