"""The page that ``farflung run`` shows a person: the answer first, then what it is made of."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from farflung.base.format import format_quantity
from farflung.base.units import factor
from farflung.catalog import Source
from farflung.cli.show import WIDTH, console, put, quantity
from farflung.outcome import OUTPUTS, Flag, Outcome
from farflung.scenario import load_assumptions

_COMPUTE = ("quality_adjusted_flop", "local_equivalent_flop", "throughput_flop")
_COMPUTE_LABELS = ("Quality-adjusted compute", "Local-equivalent compute", "Throughput")
_FACTORS = {
    "efficiency_sync_interval": "Synchronising rarely",
    "efficiency_compression": "Compressed exchanges",
    "efficiency_activation": "Compressed activations",
    "efficiency_replica": "Averaging replicas",
    "efficiency": "All of these: C_local / C",
    "chinchilla_efficiency": "Model size against tokens",
}
_TIME = {
    "utilisation": "Utilisation",
    "inner_steps": "Steps per exchange",
    "inner_steps_compute_bound": "  fewest that hide one",
    "step_time_s": "Inner step",
    "expert_parallel_time_s": "  of it expert exchange",
    "synchronisation_time_s": "Wide-area exchange",
    "regional_synchronisation_time_s": "Regional exchange",
    "activation_transfer_time_s": "Activations, per step",
    "outer_round_time_s": "Round",
    "outer_rounds": "Rounds",
    "straggler_factor": "Slowed by stragglers ×",
}
_TRAFFIC = {
    "mean_upload_bps": "Up, mean of a node",
    "mean_download_bps": "Down, mean of a node",
    "mean_activation_bps": "Activations, each way",
    "latency_share": "Latency, share of it",
}
_HARDWARE = {
    "nodes": "Nodes",
    "working_nodes": "  that take part",
    "chips": "Accelerators",
    "replicas": "Replicas",
    "groups": "Groups",
    "pipeline_stages": "Nodes per replica",
    "node_peak_flops": "Peak of a node",
    "node_memory_bytes": "Memory of a node",
    "required_memory_bytes": "Memory of a replica",
    "node_h100_equivalents": "H100e of a node",
    "largest_parameters": "Largest dense model",
}
_RUN_COST = {
    "run_cost_usd": "Run cost",
    "energy_cost_usd": "  electricity",
    "bandwidth_cost_usd": "  links",
    "staff_cost_usd": "  staff",
    "power_w": "Mean power",
}
_WHERE_ANY = frozenset({"expert_parallel_time_s"})
"""Outputs that are left out where they are nothing."""
_WHERE_OTHER = {"working_nodes": "nodes", "inner_steps_compute_bound": "inner_steps"}
"""Outputs that are left out where they are the same as another."""
_FLAG_STYLE = {"extrapolated": "yellow", "choice": "cyan", "ignored": "yellow"}


def put_page(outcome: Outcome) -> None:
    """Print the page of an outcome."""
    put(*_page(outcome))


def put_picture(outcome: Outcome) -> None:
    """Print the page of an outcome as an SVG picture that needs no font from elsewhere."""
    canvas = Console(
        file=io.StringIO(), record=True, width=WIDTH, markup=False, highlight=False, emoji=False,
        force_terminal=True, color_system="truecolor",
    )  # fmt: skip
    for one in _page(outcome):
        canvas.print(one)
    name = outcome.scenario.name or "farflung"
    picture = canvas.export_svg(title=name, unique_id="farflung")
    # The standard frame loads its font from the network; the fonts it falls back to serve.
    sys.stdout.write(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL))


def _page(outcome: Outcome) -> Iterator[RenderableType]:
    yield _title(outcome)
    if not outcome.feasible:
        yield obstacle(outcome)
    yield _indented(_headline(outcome))
    if outcome.efficiency is not None:
        yield _section("Efficiency: what is left of the compute, by cause")
        yield _indented(_efficiency(outcome))
    blocks = (_time(outcome), _traffic(outcome), _hardware(outcome), _energy(outcome))
    yield _two_abreast([block for block in blocks if block is not None])
    notes = [flag for flag in outcome.flags if flag.kind != "infeasible"]
    if notes:
        yield _section("What to know")
        yield _indented(flag_table(notes))
    yield _section("Filled in, because the scenario leaves it open")
    yield _indented(_filled_in(outcome))
    yield _section("Sources of C_quality and capital cost")
    yield _indented(_sources(outcome.citations()))
    if outcome.command:
        yield f"\n$ {outcome.command}"


def _section(title: str) -> RenderableType:
    return Group(Text(), Rule(Text(title, style="bold"), align="left", style="dim"))


def _indented(what: RenderableType) -> RenderableType:
    return Padding(what, (0, 0, 0, 2))


def _title(outcome: Outcome) -> RenderableType:
    scenario, believed = outcome.scenario, load_assumptions(outcome.scenario.assumptions)
    lines = [Text(scenario.name or "Unnamed scenario", style="bold")]
    if scenario.description:
        lines.append(Text(scenario.description, style="dim"))
    lines.append(
        Text.assemble(
            ("Assumptions ", "dim"), believed.name, (f" · {believed.title}", "dim"),
            (" · protocol ", "dim"), outcome.mode,
        )
    )  # fmt: skip
    return Group(Text(), *lines, Text())


def obstacle(outcome: Outcome) -> RenderableType:
    """Return what stands in the way of a run, and the nearest that is feasible."""
    flag = next(flag for flag in outcome.flags if flag.kind == "infeasible")
    text = Text.assemble(("Binding constraint: ", "bold"), f"{flag.subject}\n", f"{flag.message}\n")
    if flag.nearest:
        text.append_text(Text.assemble(("Nearest feasible: ", "bold"), flag.nearest))
    return Group(Panel(text, title="Infeasible as described", title_align="left", border_style="red"), Text())


def _headline(outcome: Outcome) -> RenderableType:
    if outcome.quality_adjusted_flop is None:
        return _bought(outcome)
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(style="bold")
    table.add_column(style="dim")
    for name, label in zip(_COMPUTE, _COMPUTE_LABELS, strict=True):
        output = OUTPUTS[name]
        table.add_row(label, _value(outcome, name), f"{output.symbol}: {_lowered(output.meaning)}")
    parameters = format_quantity(outcome.scenario.model.parameters, "parameters")
    table.add_row("Duration", _value(outcome, "duration_s"), f"{_value(outcome, 'tokens')} for {parameters}")
    table.add_row(
        "Over-training",
        f"× {_value(outcome, 'overtraining_ratio')}",
        f"of the {_value(outcome, 'reference_tokens')} in the reference allocation",
    )
    table.add_row(
        "Equivalent central model",
        _value(outcome, "equivalent_parameters"),
        _lowered(OUTPUTS["equivalent_parameters"].meaning),
    )
    return Group(_bought(outcome), Text(), table)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _bought(outcome: Outcome) -> Text:
    """Return what the capital buys: a cost is never shown without the metric it pays for."""
    cost, run_cost = outcome.capital_cost_usd, outcome.run_cost_usd
    text = Text()
    if cost is None:
        text.append("Capital cost unknown", style="bold").append(" (no price of this hardware is given); ")
    else:
        text.append(format_quantity(cost, "USD"), style="bold green").append(" of hardware ")
    if outcome.quality_adjusted_flop is None:
        text.append("trains nothing as described")
    else:
        text.append("the run is worth " if cost is None else "buys ")
        text.append(f"C_quality {_value(outcome, 'quality_adjusted_flop')}", style="bold green")
        text.append(f" (C_local {_value(outcome, 'local_equivalent_flop')})")
    if run_cost is not None:
        text.append(f"; running it costs {format_quantity(run_cost, 'USD')} on top")
    return text


def _value(outcome: Outcome, name: str) -> str:
    return quantity(getattr(outcome, name), OUTPUTS[name].unit)


def _efficiency(outcome: Outcome) -> RenderableType:
    table = Table.grid(padding=(0, 2), expand=True)
    for style, ratio in (("", None), ("dim", None), ("", 1), ("bold", None)):
        table.add_column(style=style, ratio=ratio)
    for name, label in _FACTORS.items():
        share, output = getattr(outcome, name), OUTPUTS[name]
        bar: RenderableType = "" if share is None else ProgressBar(total=1.0, completed=share)
        table.add_row(label, output.symbol, bar, quantity(share, "1"))
    return table


def _rows(outcome: Outcome, labels: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield label and value of those outputs that the run has, and that say something here."""
    for name, label in labels.items():
        value = getattr(outcome, name)
        if value is None or (name in _WHERE_ANY and not value):
            continue
        if name in _WHERE_OTHER and value == getattr(outcome, _WHERE_OTHER[name]):
            continue
        yield label, _value(outcome, name)


def _block(title: str, rows: Iterable[tuple[str, str]]) -> RenderableType | None:
    """Return a titled block of labels and values; nothing where there are no values."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(style="bold")
    for row in rows:
        table.add_row(*row)
    return Group(_section(title), _indented(table)) if table.row_count else None


def _two_abreast(blocks: Sequence[RenderableType]) -> RenderableType:
    if console().width < WIDTH:
        return Group(*blocks)
    table = Table.grid(padding=(0, 2), expand=True, pad_edge=False)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    for left, right in zip_longest(blocks[::2], blocks[1::2], fillvalue=""):
        table.add_row(left, right)
    return table


def _time(outcome: Outcome) -> RenderableType | None:
    rows = list(_rows(outcome, _TIME))
    return _block("Time", [("Waits for", outcome.bottleneck), *rows] if rows else [])


def _traffic(outcome: Outcome) -> RenderableType | None:
    rows = []
    if outcome.sync_payload_bits is not None:
        size = format_quantity(outcome.sync_payload_bits * factor("bit", "byte"), "byte")
        rows.append(("Each exchange", f"{size} up, and down"))
    if outcome.outer_round_time_s is not None and outcome.sync_payload_bits:
        rows.append(("Cadence", f"every {_value(outcome, 'outer_round_time_s')}"))
    return _block("Traffic", [*rows, *_rows(outcome, _TRAFFIC)])


def _hardware(outcome: Outcome) -> RenderableType | None:
    return _block("Hardware", _rows(outcome, _HARDWARE))


def _energy(outcome: Outcome) -> RenderableType | None:
    rows = list(_rows(outcome, _RUN_COST))
    if outcome.energy_j is not None:
        energy = f"{outcome.energy_j * factor('J', 'GW*h'):,.4g} GWh"
        rows.append(("Energy", f"{energy} ({_value(outcome, 'energy_j')})"))
    return _block("Running it: cost and energy", rows)


def flag_table(flags: Iterable[Flag]) -> RenderableType:
    """Return what a reader of the numbers must know."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column()
    for flag in flags:
        table.add_row(Text(flag.kind, style=_FLAG_STYLE[flag.kind]), f"{flag.subject}: {flag.message}")
    return table


def _filled_in(outcome: Outcome) -> RenderableType:
    by_reason: dict[str, list[str]] = {}
    for one in outcome.defaulted:
        by_reason.setdefault(one.why, []).append(f"{one.field} = {one.value}")
    lines = [Text.assemble((f"{why}: ", "cyan"), ", ".join(values)) for why, values in by_reason.items()]
    return Group(*lines) if lines else Text("nothing")


def _sources(found: Iterable[Source]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", overflow="fold")
    table.add_column(overflow="fold")
    for one in found:
        table.add_row(one.key, str(one))
    return table
