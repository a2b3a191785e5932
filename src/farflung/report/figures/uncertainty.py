"""How sure the answer is: what the draws came to, against the limits that rules set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.outcome import OUTPUTS
from farflung.report.figures.distributions import GAP, LEFT, RIGHT, ROW, Panel, Row, draw, legend
from farflung.report.figures.frame import BLUE, GREEN, VERMILION, again, blank, cited, framed, origin
from farflung.report.figures.words import (
    bare,
    explained,
    in_sentence,
    input_named,
    listed,
    percent,
    plain,
    rule_named,
    shortened,
    shown,
    symbol,
    wrapped,
)

if TYPE_CHECKING:
    from farflung.analysis.uncertainty import Chance, Pair, Spread, UncertaintyResult

_HEADLINE = ("quality_adjusted_flop", "local_equivalent_flop")
_MOST_OUTPUTS = 4
_FARTHEST = 100.0
"""Limits further than this factor from every draw are told and not drawn."""


def uncertainty_figure(result: UncertaintyResult) -> go.Figure:
    """Return the distribution of the compute reached, with the limits of rules and the chance to pass them.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.uncertainty.uncertainty` returns; with a second scenario both are
        drawn, and the ratio of the two on the same draws.
    """
    results = [one for one in (result, result.against) if one is not None]
    panels = [*_panels(results), *_ratios(result)]
    footer = [*_footer(results, panels), again(result.command)]
    if not panels:
        field = result.outcome.binding_constraint
        why = f"{in_sentence(input_named(field))} ({field})" if field else "no draw is feasible"
        return blank(
            title="No draw is feasible: the run cannot take place as described",
            subtitle=plain(result.scenario.name or "Unnamed scenario"),
            footer=footer,
            message=f"What stands in the way: {plain(why)}",
        )
    figure = go.Figure()
    gaps = GAP * (len(panels) - 1)
    total = sum(panel.height for panel in panels) + gaps
    bottom = total
    for number, panel in enumerate(panels, start=1):
        top = bottom
        bottom = top - panel.height
        draw(figure, panel, number, (bottom / total, (bottom + ROW * len(panel.rows)) / total))
        bottom -= GAP
    legend(figure)
    return framed(
        figure,
        title=_title(result),
        subtitle=_subtitle(result),
        footer=footer,
        plot=total,
        left=LEFT,
        right=RIGHT,
        above=14,
    )


def _panels(results: Sequence[UncertaintyResult]) -> Iterator[Panel]:
    """Yield one panel for compute and one for each other output that has limits."""
    limited = dict.fromkeys(chance.output for chance in results[0].chances)
    wanted = [name for name in dict.fromkeys((*_HEADLINE, *limited)) if name in OUTPUTS][:_MOST_OUTPUTS]
    by_axis: dict[str, list[str]] = {}
    for name in wanted:
        by_axis.setdefault("FLOP" if OUTPUTS[name].unit == "FLOP" else name, []).append(name)
    for axis, names in by_axis.items():
        rows = [row for name in names for row in _rows(results, name)]
        if not rows:
            continue
        limits = {
            chance.limit: _limit(chance)
            for chance in results[0].chances
            if chance.output in names and _within(chance.limit, rows)
        }
        title = "Compute, on a logarithmic axis" if axis == "FLOP" else OUTPUTS[names[0]].meaning
        yield Panel(title, OUTPUTS[names[0]].unit, tuple(rows), dict(sorted(limits.items())))


def _rows(results: Sequence[UncertaintyResult], output: str) -> Iterator[Row]:
    for result, colour in zip(results, (BLUE, VERMILION), strict=False):
        spread = _spread(result, output)
        if spread is None:
            continue
        named = (result.scenario.name or "Unnamed") if len(results) > 1 else ""
        passing = {c.limit: percent(c.probability) for c in result.chances if c.output == output}
        values = result.samples[output][result.samples["feasible"].astype(bool)]
        yield Row(
            symbol(output) if OUTPUTS[output].symbol else "",
            named,
            spread.unit,
            colour,
            values,
            spread.quantiles,
            spread.point,
            passing,
        )


def _spread(result: UncertaintyResult, output: str) -> Spread | None:
    return next((one for one in result.spreads if one.name == output), None)


def _ratios(result: UncertaintyResult) -> Iterator[Panel]:
    """Yield the panel with the ratio of two scenarios, draw by draw."""
    if result.against is None or not result.pairs:
        return
    other = result.against
    both = result.samples["feasible"].astype(bool) & other.samples["feasible"].astype(bool)
    rows = []
    for pair in result.pairs:
        if pair.name in _HEADLINE and pair.ratio is not None:
            values = result.samples[pair.name][both] / other.samples[pair.name][both]
            passing = {1.0: f"first higher in {percent(pair.first_greater)}"}
            name = f"{symbol(pair.name)} ratio"
            rows.append(Row(name, "", "", GREEN, values, pair.ratio, None, passing))
    if rows:
        yield Panel("First over second, draw by draw", "1", tuple(rows), {1.0: "equal"})


def _limit(chance: Chance) -> str:
    rules = ", ".join(rule_named(name) for name in chance.rules)
    lines = wrapped(rules, 26, 2) if rules else []
    return "<br>".join([*lines, f"<b>{shown(chance.limit, chance.unit)}</b>"])


def _within(limit: float, rows: Sequence[Row]) -> bool:
    """Return whether a limit is near enough to the draws to be drawn."""
    least, most = min(float(row.values.min()) for row in rows), max(float(row.values.max()) for row in rows)
    if least <= 0 or limit <= 0:
        span = most - least
        return least - span <= limit <= most + span
    return least / _FARTHEST <= limit <= most * _FARTHEST


def _title(result: UncertaintyResult) -> str:
    """Return the finding: the range of the first output, and the chances that are in doubt."""
    limited = [chance.output for chance in result.chances]
    names = sorted(_HEADLINE, key=lambda name: name not in limited)
    first = names[:1] if names[0] in limited else limited
    every = (one.name for one in result.spreads)
    spread = next(one for name in (*first, *names, *every) if (one := _spread(result, name)))
    low, high = spread.quantiles[0.05], spread.quantiles[0.95]
    name = symbol(spread.name)
    pair = _pair(result, spread.name)
    if pair is not None and pair.ratio is not None:
        ends = f"{pair.ratio[0.05]:.3g} to {pair.ratio[0.95]:.3g}"
        often = f"higher in {percent(pair.first_greater)} of the draws"
        return f"{name}: the first scenario is {ends} times the second (5–95 %), and {often}"
    title = f"{name}: 5–95 % from {bare(low, spread.unit)} to {shown(high, spread.unit)}"
    open_ones = [c for c in result.chances if c.output == spread.name and 0 < c.probability < 1]
    if open_ones:
        passed = (f"{bare(c.limit, c.unit)} with {percent(c.probability)}" for c in open_ones[:3])
        return f"{title}; passes {listed(passed)}"
    certain = [c for c in result.chances if c.output == spread.name and c.probability == 1]
    never = [c for c in result.chances if c.output == spread.name and c.probability == 0]
    if certain:
        title += f"; passes {bare(certain[-1].limit, spread.unit)} in every draw"
    if never:
        title += f"; passes {bare(never[0].limit, spread.unit)} in none"
    return title


def _pair(result: UncertaintyResult, output: str) -> Pair | None:
    return next((one for one in result.pairs or () if one.name == output), None)


def _subtitle(result: UncertaintyResult) -> str:
    parts = []
    if result.against is not None:
        first, second = (
            plain(shortened(one.scenario.name or "unnamed", 60)) for one in (result, result.against)
        )
        parts.append(f"First: {first}. Second: {second}.")
    else:
        parts.append(f"{plain(shortened(result.scenario.name or 'Unnamed scenario', 70))}.")
    names = [name for name in _HEADLINE if _spread(result, name)]
    parts += [f"{explained(name)}." for name in names]
    parts += ["At each limit: the chance to pass."] if result.chances else []
    return " ".join(parts)


def _footer(results: Sequence[UncertaintyResult], panels: Sequence[Panel]) -> Iterator[str]:
    first = results[0]
    drawn = {limit for panel in panels for limit in panel.limits}
    hidden = [
        f"{symbol(one.output)} passes {shown(one.limit, one.unit)} "
        f"({', '.join(map(rule_named, one.rules)) or 'limit'}) with {percent(one.probability)}"
        for one in first.chances
        if panels and one.limit not in drawn
    ]
    if hidden:
        yield f"Off the axis: {'; '.join(hidden)}."
    for result in results:
        if result.feasible_share < 1.0:
            name = f"{plain(result.scenario.name)}: feasible" if len(results) > 1 else "Feasible"
            yield (
                f"{name} in {percent(result.feasible_share)} of the draws; a draw that is not feasible "
                "passes no limit, and is not in the distribution."
            )
    yield f"Note: {'; '.join(map(plain, first.notes))}." if first.notes else ""
    for result in results:
        yield origin(result.scenario.name, result.provenance, f"{result.draws:,} draws")
    yield cited(first.outcome.citations(*_HEADLINE))
