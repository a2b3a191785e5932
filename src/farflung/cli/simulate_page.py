"""The page that ``farflung simulate`` shows a person: what is left of the plan, and where the time went."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from farflung.cli.run_page import flag_table, obstacle
from farflung.cli.show import grid, kept_whole, room_for_bars, segment, share, short
from farflung.outcome import OUTPUTS
from farflung.outcome.events import EVENT_OUTPUTS
from farflung.outcome.events.simulate import SHARES

if TYPE_CHECKING:
    from farflung.outcome.events import Simulation

_ANSWERS = (
    "quality_adjusted_flop", "local_equivalent_flop", "throughput_flop", "duration_s", "tokens",
    "outer_rounds", "outer_round_time_s", "effective_inner_steps", "total_cost_usd",
)  # fmt: skip
"""Outputs of both engines in the table; JSON holds all."""
_BAR = 22
_EVIDENCE_LEVELS = ("measured", "fitted", "stated", "convention", "prior")


def page(result: Simulation, notes: Iterable[str] = ()) -> Iterator[RenderableType]:
    """Yield the page of a simulation, and notes on what was written beside it."""
    runs, operation = f"{result.runs:,} {'run' if result.runs == 1 else 'runs'}", result.operation
    yield Text(f"\n{result.scenario.name or 'Unnamed scenario'}", style="bold")
    yield Text(
        f"{runs} · seed {result.seed} · policy {operation.policy} · transport {operation.transport} · "
        f"assumptions {result.provenance.assumptions}",
        style="dim",
    )
    if not result.median.feasible:
        yield obstacle(result.median)
    yield _answers(result)
    yield Text("Where the time of all replicas went", style="bold")
    yield _shares(result)
    yield Text("How it went", style="bold")
    yield _events(result)
    yield from _filled_in(result)
    flags = [flag for flag in result.median.flags if flag.kind != "infeasible"]
    if flags:
        yield Text("\nWhat to know", style="bold")
        yield flag_table(flags)
    for note in notes:
        yield Text.assemble(("Written: ", "cyan"), note)
    yield f"\n$ {result.command}"


def _quantities(values: Sequence[float | None], unit: str) -> list[str]:
    return [short(None if one is None or math.isnan(one) else one, unit) for one in values]


def _answers(result: Simulation) -> RenderableType:
    table = kept_whole(grid("Output", "Plan", "5 %", "Median", "95 %", right=(1, 2, 3, 4)))
    for name in _ANSWERS:
        values = (getattr(result.planned, name), *result.quantiles(name))
        table.add_row(name, *_quantities(values, OUTPUTS[name].unit))
    return table


def _shares(result: Simulation) -> RenderableType:
    width = room_for_bars(_BAR)
    table = kept_whole(
        grid("Share", "Mean", "5 %", "Median", "95 %", *["Mean"][: bool(width)], right=(1, 2, 3, 4))
    )
    means = {name: result.mean(name) for name in SHARES}
    for name, mean in means.items():
        bar = segment(0.0, mean, axis=(0.0, 1.0), width=width) if mean > 0.0 else ""
        table.add_row(name, *(_share(one) for one in (mean, *result.quantiles(name))), *[bar][: bool(width)])
    table.add_row("in all", _share(math.fsum(means.values())))
    return table


def _share(part: float) -> str:
    return short(None, "1") if math.isnan(part) else share(part)


def _events(result: Simulation) -> RenderableType:
    table = kept_whole(grid("Output", "5 %", "Median", "95 %", "", right=(1, 2, 3)), 4)
    for name, output in EVENT_OUTPUTS.items():
        if name not in SHARES:
            table.add_row(
                name, *_quantities(result.quantiles(name), output.unit), Text(output.meaning, "dim")
            )
    return table


def _filled_in(result: Simulation) -> Iterator[RenderableType]:
    """Yield what the assumption set says of nodes and links, by how well it is known."""
    records = result.defaulted
    if records:
        yield Text(
            f"Filled in from {result.provenance.assumptions}, because the operation leaves it open", "bold"
        )
    for evidence_level in _EVIDENCE_LEVELS:
        told = [
            f"{name} {short(one.value, one.unit)} ({one.source})"
            for name, one in records.items()
            if one.evidence_level == evidence_level
        ]
        if told:
            yield Text.assemble(
                (f"{evidence_level}: ", "yellow" if evidence_level == "prior" else "cyan"), "; ".join(told)
            )
