"""``farflung search``: the cheapest design that reaches a target under a rule."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli import search_options as ask
from farflung.cli.show import Told, console, grid, put, put_json, quantity

if TYPE_CHECKING:
    from farflung.analysis.search import Found, SearchResult


def search(
    *,
    target: ask.Target = 1e25,
    metric: ask.MetricName = "quality",
    rule: ask.RuleName = "miri-2025",
    duration: ask.Length = "740 days",
    links: ask.Links = "100 Mbps",
    latency: ask.Latency = "100 ms",
    assumptions: ask.SetName = "miri-2026-04",
    by: ask.ReadingName = "fp16",
    ranged: ask.GridName = "full",
    chips: ask.ChipNames = None,
    makers: ask.Makers = None,
    jurisdictions: ask.Jurisdictions = None,
    modes: ask.Modes = None,
    precisions: ask.Precisions = None,
    before: ask.Before = None,
    budget: ask.Budget = None,
    most_nodes: ask.MostNodes = None,
    most_overtraining: ask.MostOvertraining = None,
    least_chinchilla: ask.LeastChinchilla = None,
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

    asked = ask.question(
        target=target, metric=metric, rule=rule, duration=duration, links=links, latency=latency,
        assumptions=assumptions, by=by,
    )  # fmt: skip
    limits = ask.constraints(
        chips=chips, makers=makers, jurisdictions=jurisdictions, modes=modes, before=before, budget=budget,
        most_nodes=most_nodes, most_overtraining=most_overtraining, least_chinchilla=least_chinchilla,
    )  # fmt: skip
    with progress_bar("Searching") as progress:
        result = answer(asked, limits, ask.grid_named(ranged, precisions), progress=progress)
    if save is not None and result.best is not None:
        from farflung.scenario import to_toml

        save.write_text(to_toml(result.best.outcome.scenario), encoding="utf-8")
    if plot is not None:
        from farflung.report.figures import pareto_figure, write_figure

        write_figure(pareto_figure(result), plot)
    if how is Told.json:
        put_json(result.as_table())
    else:
        put_search(result)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give a callback that draws a bar on stderr, where somebody is there to see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def put_search(result: SearchResult) -> None:
    """Print the page of a search."""
    from rich.text import Text

    asked = result.question
    put(
        Text.assemble(
            (f"\n{quantity(asked.target, 'FLOP')} of {asked.metric} compute below {asked.rule}", "bold"),
            f"\n{quantity(asked.duration, 's')}, {quantity(asked.upload, 'bit/s')} up, "
            f"{quantity(asked.download, 'bit/s')} down, {asked.assumptions}, {result.grid} grid",
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


def _put_designs(title: str, found: Sequence[Found]) -> None:
    from rich.text import Text

    table = grid("Node", "Format", "Nodes", "Protocol", "Parameters", "H", "C_r", "χ", "C_quality", "C_local",
                 "Cost", right=(2, 4, 5, 6, 7, 8, 9, 10))  # fmt: skip
    for one in found:
        outcome, design = one.outcome, one.design
        table.add_row(
            f"{design.chips_per_node}x {design.chip}",
            design.precision,
            f"{design.nodes:,}",
            design.variant.mode.replace("_", " "),
            f"{design.parameters / 1e9:.3g}B",
            f"{outcome.inner_steps or 0:.0f}",
            f"{design.compression:.0f}",
            f"{outcome.chinchilla_efficiency or 0:.2f}",
            f"{outcome.quality_adjusted_flop or 0:.2e}".replace("e+", "e"),
            f"{outcome.local_equivalent_flop or 0:.2e}".replace("e+", "e"),
            quantity(outcome.capital_cost_usd, "USD").replace(" million", "M").replace(" billion", "B"),
        )
    put(Text(f"\n{title}", style="bold"), table)


def _put_published(result: SearchResult) -> None:
    published, best = result.published, result.best
    if (
        published is None
        or best is None
        or not published.capital_cost_usd
        or not best.outcome.capital_cost_usd
    ):
        return
    ratio = published.capital_cost_usd / best.outcome.capital_cost_usd
    put(
        f"Published for the same question: {quantity(published.capital_cost_usd, 'USD')} "
        f"({published.scenario.name}), {ratio:.2f} times the best found here"
    )


def _put_front(front: Sequence[Found]) -> None:
    if not front:
        return
    span = [one.outcome.capital_cost_usd or 0.0 for one in front]
    put(
        f"Pareto front over cost, nodes, duration and quality: {len(front)} designs from "
        f"{quantity(min(span), 'USD')} to {quantity(max(span), 'USD')} (--format json lists them)"
    )


def _put_tally(result: SearchResult) -> None:
    put(f"Designs examined: {result.examined:,}")
    for reason, count in sorted(result.removed_by.items(), key=lambda item: -item[1]):
        put(f"  removed, {reason}: {count:,}")
    for reason, names in result.chips_left_out.items():
        put(f"  left out, {reason}: {', '.join(names)}")
    put("Every chip is given the same MFU of 0.4; consumer cards without fast links between them reach less.")
