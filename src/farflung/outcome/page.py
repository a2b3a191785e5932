"""The page of an outcome: what the money buys, what is left of the compute, and what to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from farflung.base.format import format_quantity
from farflung.base.pages import Page, Span, Table
from farflung.base.units import factor
from farflung.outcome.flags import Flag
from farflung.outcome.outputs import OUTPUTS
from farflung.outcome.state import OutcomeState
from farflung.scenario import load_assumptions
from farflung.scenario.nodes import exceeded_limits

_GROUPS = {
    "answer": "Answer", "cost": "Cost and energy", "time": "Time", "traffic": "Traffic",
    "hardware": "Hardware",
}  # fmt: skip
_TOTALS = ("efficiency", "chinchilla_efficiency")
"""Shares that stand below those they are made of."""
_NAMED = 4
"""Rules broken for one reason that are named; of more, their number is given."""


def outcome_page(outcome: OutcomeState) -> Page:
    """Return the outcome on a screen."""
    scenario = outcome.scenario
    lines = [_subject(outcome), *_obstacle(outcome), _worth(outcome), *_pace(outcome), *_loss(outcome)]
    return Page(
        title=scenario.name or "Unnamed scenario",
        lines=(*lines, _rules(outcome)),
        tables=tuple(_efficiency(outcome)),
        notes=tuple(_notes(flag for flag in outcome.flags if flag.kind != "infeasible")),
    )


def _notes(flags: Iterable[Flag]) -> Iterator[str]:
    """Yield flags in words, those of one kind and subject in one sentence."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for flag in flags:
        grouped.setdefault((flag.kind, flag.subject), []).append(flag.message)
    for (kind, subject), messages in grouped.items():
        yield f"{kind}: {subject}: {'; '.join(messages)}"


def full_page(outcome: OutcomeState) -> Page:
    """Return the outcome with every output, everything taken by default, and the sources."""
    page = outcome_page(outcome)
    groups = [
        Table(
            ("", "Symbol", "Value"),
            tuple((one.label, one.symbol, outcome.format(one.name)) for one in outputs),
            frozenset({2}),
            title,
        )
        for group, title in _GROUPS.items()
        if (outputs := [one for one in OUTPUTS.values() if one.group == group and _has(outcome, one.name)])
    ]
    defaulted = tuple((one.field, one.value, one.why) for one in outcome.defaulted)
    sources = tuple((source.key, str(source)) for source in outcome.sources())
    return Page(
        page.title,
        (*filter(None, [outcome.scenario.description]), *page.lines),
        (
            *page.tables,
            *groups,
            Table(("Field", "Value", "On whose word"), defaulted, title="Left open by the scenario"),
            Table(("Key", "Source"), sources, title="Sources of C_quality and capital cost"),
        ),
        page.notes,
    )


def _has(outcome: OutcomeState, *names: str) -> bool:
    return all(getattr(outcome, name) is not None for name in names)


def _subject(outcome: OutcomeState) -> str:
    nodes = outcome.scenario.nodes
    node = nodes.hardware or f"{outcome.format('node_peak_flops')} and {outcome.format('node_memory_bytes')}"
    return f"Assumptions {outcome.scenario.assumptions} · {outcome.mode} · {nodes.count:,} nodes of {node}"


def _obstacle(outcome: OutcomeState) -> Iterator[str]:
    for flag in outcome.flags:
        if flag.kind == "infeasible":
            yield f"Infeasible as described. Binding constraint: {flag.subject}: {flag.message}"
            if flag.nearest:
                yield f"Nearest feasible: {flag.nearest}"


def _worth(outcome: OutcomeState) -> str:
    """Return what the capital buys: a cost is never shown without the metric it pays for."""
    cost, known = outcome.format("capital_cost_usd"), outcome.capital_cost_usd is not None
    if outcome.quality_adjusted_flop is None:
        return (
            f"{f'{cost} of hardware' if known else 'Hardware of unknown price'} trains nothing as described."
        )
    buys = "buys" if outcome.feasible else "would buy"
    hardware = (
        f"{cost} of hardware {buys}" if known else "Capital cost unknown: no price is given. It is worth"
    )
    run_cost = outcome.format("run_cost_usd")
    on_top = f"; running it costs {run_cost} on top" if _has(outcome, "run_cost_usd") else ""
    parameters = format_quantity(outcome.scenario.model.parameters, "parameters")
    return (
        f"{hardware} C_quality {outcome.format('quality_adjusted_flop')} "
        f"(C_local {outcome.format('local_equivalent_flop')}) in {outcome.format('duration_s')}{on_top}. "
        f"{outcome.format('tokens')} for {parameters}, {outcome.format('overtraining_ratio')} times the "
        f"reference allocation."
    )


def _pace(outcome: OutcomeState) -> Iterator[str]:
    if not _has(outcome, "utilisation"):
        return
    parts = [f"Waits for {outcome.bottleneck} most: utilisation {outcome.format('utilisation')}"]
    if _has(outcome, "inner_steps", "outer_round_time_s"):
        parts.append(
            f"{outcome.format('inner_steps')} steps and {outcome.format('outer_round_time_s')} a round"
        )
    if outcome.sync_payload_bits is not None:
        size = format_quantity(outcome.sync_payload_bits * factor("bit", "byte"), "byte")
        parts.append(f"{size} up and down each time, {outcome.format('mean_upload_bps')} on average")
    yield f"{', '.join(parts)}."


def _loss(outcome: OutcomeState) -> Iterator[str]:
    if _has(outcome, "distributed_loss", "loss", "run_to_run_noise"):
        penalties = (("averaging", "divergence_penalty"), ("compression", "compression_penalty"))
        parts = [f"{what} adds {outcome.format(name)}" for what, name in penalties if _has(outcome, name)]
        added = f" ({', '.join(parts)})" if parts else ""
        yield (
            f"Loss {outcome.format('distributed_loss')}, on one cluster {outcome.format('loss')}{added}; "
            f"two runs alike differ by {outcome.format('run_to_run_noise')}."
        )


def _rules(outcome: OutcomeState) -> str:
    """Return which rules' limits a node exceeds, each for its first reason, loosest first."""
    preferred = load_assumptions(outcome.scenario.assumptions).hardware_sources
    first = {limit.rule: limit for limit in reversed(exceeded_limits(outcome.scenario.nodes, preferred))}
    if not first:
        return "A node stays below the limits of every rule of the catalog."
    reasons: dict[str, list[str]] = {}
    for limit in reversed(first.values()):
        counted = f"{limit.counted} ({format_quantity(limit.value, limit.unit)})"
        reasons.setdefault(counted, []).append(limit.rule)
    exceeded = "; by ".join(f"{why}: {_named(rules)}" for why, rules in reasons.items())
    return f"A node exceeds limits of rules, by {exceeded}."


def _named(rules: list[str]) -> str:
    more = f" and {len(rules) - _NAMED} more" if len(rules) > _NAMED else ""
    return f"{', '.join(rules[:_NAMED])}{more}"


def _efficiency(outcome: OutcomeState) -> Iterable[Table]:
    factors = [
        (output, value)
        for name, output in OUTPUTS.items()
        if output.group == "efficiency" and (value := getattr(outcome, name)) is not None
    ]
    # A share that leaves everything has nothing to say, the product of all aside.
    factors.sort(key=lambda one: _TOTALS.index(one[0].name) if one[0].name in _TOTALS else -1)
    told = [(output, value) for output, value in factors if value != 1.0 or output.name == "efficiency"]
    if told:
        yield Table(
            ("What is left of the compute", "", "Share"),
            tuple((output.label, output.symbol, output.format(value)) for output, value in told),
            frozenset({2}),
            spans=tuple(Span(0.0, value) for _, value in told),
        )
