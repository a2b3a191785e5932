"""The page of a simulation: what is left of the plan, and where the time went."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from farflung.base.format import ABSENT, format_share, format_short
from farflung.base.pages import Page, Span, Table
from farflung.outcome.events.outputs import EVENT_OUTPUTS, SHARES
from farflung.outcome.outputs import OUTPUTS

if TYPE_CHECKING:
    from farflung.outcome.events.simulation import Simulation

_ANSWERS = (
    "quality_adjusted_flop", "local_equivalent_flop", "throughput_flop", "duration_s", "tokens",
    "outer_rounds", "outer_round_time_s", "effective_inner_steps", "total_cost_usd",
)  # fmt: skip
"""Outputs of both engines in the table; JSON holds all."""
_EVIDENCE_LEVELS = ("measured", "fitted", "stated", "convention", "prior")


def simulation_page(result: Simulation) -> Page:
    """Return what is left of the plan, where the time went, and what is taken for granted."""
    runs, levers = f"{result.runs:,} {'run' if result.runs == 1 else 'runs'}", result.fault_model
    flags = [
        f"{flag.kind}: {flag.subject}: {flag.message}"
        for flag in result.median.flags
        if flag.kind != "infeasible"
    ]
    return Page(
        result.scenario.name or "Unnamed scenario",
        (
            f"{runs} · seed {result.seed} · policy {levers.policy} · transport {levers.transport} "
            f"· assumptions {result.scenario.assumptions}",
            *_obstacle(result),
        ),
        (_answers(result), _shares(result), _events(result)),
        (*_defaults(result), *flags),
    )


def _obstacle(result: Simulation) -> Iterator[str]:
    for flag in result.median.flags:
        if flag.kind == "infeasible":
            yield f"Infeasible as described: {flag.subject}: {flag.message}"
            if flag.nearest:
                yield f"Nearest feasible: {flag.nearest}"


def _quantities(values: tuple[float | None, ...], unit: str) -> list[str]:
    return [format_short(None if one is None or math.isnan(one) else one, unit) for one in values]


def _answers(result: Simulation) -> Table:
    rows = [
        (name, *_quantities((getattr(result.planned, name), *result.quantiles(name)), OUTPUTS[name].unit))
        for name in _ANSWERS
    ]
    return Table(("Output", "Plan", "5 %", "Median", "95 %"), tuple(rows), frozenset({1, 2, 3, 4}))


def _shares(result: Simulation) -> Table:
    means = {name: result.mean(name) for name in SHARES}
    rows = [(name, *map(_share, (mean, *result.quantiles(name)))) for name, mean in means.items()]
    return Table(
        ("Share", "Mean", "5 %", "Median", "95 %"),
        (*rows, ("in all", _share(math.fsum(means.values())), "", "", "")),
        frozenset({1, 2, 3, 4}),
        title="Where the time of all replicas went",
        spans=(*(Span(0.0, mean) if mean > 0.0 else None for mean in means.values()), None),
        span_title="Mean",
    )


def _share(part: float) -> str:
    return ABSENT if math.isnan(part) else format_share(part)


def _events(result: Simulation) -> Table:
    rows = [
        (name, *_quantities(result.quantiles(name), output.unit), output.meaning)
        for name, output in EVENT_OUTPUTS.items()
        if name not in SHARES
    ]
    headers = ("Output", "5 %", "Median", "95 %", "Meaning")
    return Table(headers, tuple(rows), frozenset({1, 2, 3}), title="How it went")


def _defaults(result: Simulation) -> Iterator[str]:
    """Yield what the assumption set says of nodes and links, by how well it is known."""
    records = result.defaulted
    for level in _EVIDENCE_LEVELS:
        values = [
            f"{name} {format_short(record.value, record.unit)} ({record.source})"
            for name, record in records.items()
            if record.evidence_level == level
        ]
        if values:
            yield f"taken from {result.scenario.assumptions}, {level}: {'; '.join(values)}"
