"""How sure the answer is: what the draws came to, against the limits that rules set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.outcome import OUTPUTS
from farflung.report.figures import frame, words
from farflung.report.figures.ranges import LEFT, RIGHT, Chart, Group, Row, draw_charts, limit_name, near

if TYPE_CHECKING:
    from farflung.analysis.uncertainty import Spread, UncertaintyResult

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
    results = [result] if result.against is None else [result, result.against]
    charts = [*_charts(results), *_ratios(result)]
    footer = list(_footer(results, charts))
    if not charts:
        field = result.outcome.binding_constraint
        why = f"{words.lower_first(words.input_label(field))} ({field})" if field else "no draw is feasible"
        return frame.blank(
            title="No draw is feasible: the run cannot take place as described",
            subtitle=_name(result, 90),
            footer=footer,
            message=f"What stands in the way: {words.escaped(why)}",
        )
    figure = go.Figure()
    height = draw_charts(figure, charts)
    return frame.framed(
        figure, title=_title(result), subtitle=_subtitle(result), footer=footer, plot=height, left=LEFT,
        right=RIGHT, above=14, narrowest=680,
    )  # fmt: skip


def _name(result: UncertaintyResult, width: int) -> str:
    return words.scenario_label(result.scenario.name, width)


def _charts(results: Sequence[UncertaintyResult]) -> Iterator[Chart]:
    """Yield one chart for compute and one for each other output that has limits."""
    limited = dict.fromkeys(chance.output for chance in results[0].chances)
    wanted = [name for name in dict.fromkeys((*_HEADLINE, *limited)) if name in OUTPUTS][:_MOST_OUTPUTS]
    by_axis: dict[str, list[str]] = {}
    for name in wanted:
        by_axis.setdefault("FLOP" if OUTPUTS[name].unit == "FLOP" else name, []).append(name)
    for axis, names in by_axis.items():
        groups = [group for name in names for group in _groups(results, name)]
        if groups:
            rows = [row for group in groups for row in group.rows]
            limits = {
                passed.limit: limit_name(passed.rules, words.quantity(passed.limit, passed.unit), 26)
                for passed in results[0].chances
                if passed.output in names and near(passed.limit, rows, _FARTHEST)
            }
            title = "Compute" if axis == "FLOP" else OUTPUTS[names[0]].label
            yield Chart(title, OUTPUTS[names[0]].unit, groups, limits)


def _groups(results: Sequence[UncertaintyResult], output: str) -> Iterator[Group]:
    for result, colour in zip(results, (frame.BLUE, frame.VERMILION), strict=False):
        spread = _spread(result, output)
        if spread is not None:
            name = words.symbol(output) if OUTPUTS[output].symbol else ""
            row = Row(
                words.symbol(output),
                spread.unit,
                colour,
                spread.quantiles,
                spread.point,
                result.samples[output][result.samples["feasible"].astype(bool)],
                {c.limit: words.percent(c.probability) for c in result.chances if c.output == output},
            )
            yield _group(row, name, (result.scenario.name or "Unnamed") if len(results) > 1 else "")


def _group(row: Row, name: str, scenario: str) -> Group:
    """Return a row with its label: what it is, its scenario, its median and its 5 to 95 %."""
    low, median, high = (row.text(row.quantiles[share]) for share in (0.05, 0.5, 0.95))
    lines = words.wrapped(scenario, 26, 2) if scenario else []
    label = [
        f"<b>{name}</b>" if name else "",
        *(f'<span style="color:{row.colour}">{words.escaped(line)}</span>' for line in lines),
        f"median {median}",
        f"5\u00a0%: {low}",
        f"95\u00a0%: {high}",
    ]
    return Group("<br>".join(filter(None, label)), [row])


def _spread(result: UncertaintyResult, output: str) -> Spread | None:
    return next((spread for spread in result.spreads if spread.name == output), None)


def _ratios(result: UncertaintyResult) -> Iterator[Chart]:
    """Yield the chart with the ratio of two scenarios, draw by draw."""
    if result.against is None:
        return
    both = result.samples["feasible"].astype(bool) & result.against.samples["feasible"].astype(bool)
    groups = []
    for pair in result.pairs or ():
        if pair.name in _HEADLINE and pair.ratio is not None:
            values = result.samples[pair.name][both] / result.against.samples[pair.name][both]
            passing = {1.0: f"first higher in {words.percent(pair.first_greater)}"}
            name = f"{words.symbol(pair.name)} ratio"
            groups.append(_group(Row(name, "", frame.GREEN, pair.ratio, None, values, passing), name, ""))
    if groups:
        yield Chart("First over second, draw by draw", "1", groups, {1.0: "equal"})


def _title(result: UncertaintyResult) -> str:
    """Return the finding: the range of the first output, and the chances of passing limits."""
    limited = [passed.output for passed in result.chances]
    names = sorted(_HEADLINE, key=lambda name: name not in limited)
    first = names[:1] if names[0] in limited else limited
    every = (spread.name for spread in result.spreads)
    spread = next(spread for name in (*first, *names, *every) if (spread := _spread(result, name)))
    name = words.symbol(spread.name)
    pair = next((pair for pair in result.pairs or () if pair.name == spread.name), None)
    if pair is not None and pair.ratio is not None:
        ends = f"{pair.ratio[0.05]:.3g} to {pair.ratio[0.95]:.3g}"
        often = f"higher in {words.percent(pair.first_greater)} of draws"
        return (
            f"{name} of the first scenario is {ends} times that of the second in 90\u00a0% of draws, {often}"
        )
    low, high = (
        words.unitless(spread.quantiles[0.05], spread.unit),
        words.quantity(spread.quantiles[0.95], spread.unit),
    )
    return f"{name} is {low} to {high} in 90\u00a0% of draws{_passing(result, spread)}"


def _passing(result: UncertaintyResult, spread: Spread) -> str:
    """Return the chances of passing limits that are in doubt, or which limits all pass and which none."""
    chances = sorted((c for c in result.chances if c.output == spread.name), key=lambda passed: passed.limit)
    doubtful = [c for c in chances if 0 < c.probability < 1][:3]
    if doubtful:
        texts = [
            f"{words.chance(c.probability)} of passing {words.unitless(c.limit, c.unit)}"
            for c in doubtful[:-1]
        ]
        last = doubtful[-1]
        texts.append(f"{words.chance(last.probability)} of passing {words.quantity(last.limit, last.unit)}")
        return f", with {words.enumerated(texts)}"
    sure = [f"all pass {words.quantity(c.limit, c.unit)}" for c in chances if c.probability == 1][-1:]
    never = [f"none passes {words.quantity(c.limit, c.unit)}" for c in chances if c.probability == 0][:1]
    return f"; {words.enumerated([*sure, *never])}" if sure or never else ""


def _subtitle(result: UncertaintyResult) -> str:
    if result.against is not None:
        parts = [f"First: {_name(result, 60)}. Second: {_name(result.against, 60)}."]
    else:
        parts = [f"{_name(result, 70)}."]
    parts += [f"{words.symbol_and_meaning(name)}." for name in _HEADLINE if _spread(result, name)]
    return " ".join([*parts, *(["At limits: the chance of passing."] if result.chances else [])])


def _footer(results: Sequence[UncertaintyResult], charts: Sequence[Chart]) -> Iterator[str]:
    first = results[0]
    drawn = {limit for chart in charts for limit in chart.limits}
    hidden = [
        f"{words.symbol(passed.output)} passes {words.quantity(passed.limit, passed.unit)} "
        f"({', '.join(map(words.rule_label, passed.rules)) or 'limit'}) in "
        f"{words.percent(passed.probability)} of draws"
        for passed in first.chances
        if charts and passed.limit not in drawn
    ]
    if hidden:
        yield f"Off the axis: {'; '.join(hidden)}."
    for result in results:
        if result.feasible_share < 1.0:
            name = f"{words.escaped(result.scenario.name)}: feasible" if len(results) > 1 else "Feasible"
            yield (
                f"{name} in {words.percent(result.feasible_share)} of draws; a draw that is not feasible "
                "passes no limit, and is not in the distribution."
            )
    yield f"Note: {'; '.join(map(words.escaped, first.notes))}." if first.notes else ""
    for result in results:
        yield frame.origin(result.scenario.name, result.provenance, f"{result.draws:,} draws")
    yield from frame.closing(first)
