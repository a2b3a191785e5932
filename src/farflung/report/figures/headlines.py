"""Headline answers as ranges: every question a group, every assumption set a row of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.analysis.headlines import DESIGN_DRAWS
from farflung.outcome import OUTPUTS
from farflung.report.figures import words
from farflung.report.figures.frame import SERIES, closing, framed, legend_entry, made_by
from farflung.report.figures.ranges import LEFT, RIGHT, Chart, Group, Row, draw_charts, limit_name, near

if TYPE_CHECKING:
    from farflung.analysis.headlines import Headlines

_QUALITY, _LOCAL, _COST = "quality_adjusted_flop", "local_equivalent_flop", "capital_cost_usd"
_FARTHEST = 3.0
"""How many times beyond all ranges a limit is still drawn."""


def headlines_figure(result: Headlines) -> go.Figure:
    """Return compute and least cost under every set, with 5 to 95 % of the draws.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.headlines.headlines` returns.
    """
    figure = go.Figure()
    for place, name in enumerate(result.sets):
        line = {"color": SERIES[place % len(SERIES)], "width": 6}
        legend_entry(figure, name, mode="lines", line=line)
    height = draw_charts(figure, (_compute(result), _cost(result)))
    return framed(
        figure,
        title=_title(result),
        subtitle=(
            "Above, published scenarios. Below, the cheapest design found for a target under a rule, and "
            "what it costs with as many nodes as it needs in other draws; an arrow: more do not help."
        ),
        footer=[
            made_by("", "", f"{result.draws:,} draws, {DESIGN_DRAWS:,} for designs", f"seed {result.seed}"),
            *closing(result),
        ],
        plot=height,
        left=LEFT,
        right=RIGHT,
        above=14,
        below=62,
    )


def _title(result: Headlines) -> str:
    (name, assumptions), uncertainty = next(iter(result.results.items()))
    quantiles = uncertainty.spread(_QUALITY).quantiles
    ends = f"{words.unitless(quantiles[0.05], 'FLOP')} to {words.quantity(quantiles[0.95], 'FLOP')}"
    draws = f"the draws of {words.escaped(assumptions)}"
    return f"{name} reaches {ends} of {words.symbol(_QUALITY)} in 90\u00a0% of {draws}"


def _compute(result: Headlines) -> Chart:
    groups: dict[str, list[Row]] = {}
    first = next(iter(result.results))
    for (name, assumptions), uncertainty in result.results.items():
        for output in (_QUALITY, _LOCAL) if name == first[0] else (_QUALITY,):
            spread = uncertainty.spread(output)
            row = Row(assumptions, "FLOP", _colour(result, assumptions), spread.quantiles, spread.point)
            groups.setdefault(f"{words.escaped(name)}<br><b>{words.symbol(output)}</b>", []).append(row)
    rows = [row for group in groups.values() for row in group]
    limits = {
        chance.limit: limit_name(chance.rules, words.scientific(chance.limit), 24)
        for chance in result.results[first].chances
        if chance.output == _QUALITY and near(chance.limit, rows, _FARTHEST)
    }
    return _chart("Compute", "FLOP", groups, limits)


def _cost(result: Headlines) -> Chart:
    groups: dict[str, list[Row]] = {}
    for answer in result.designs:
        if answer.evaluated is not None:
            need = answer.need(_COST)
            target = f"{words.scientific(answer.target)} FLOP of <b>{words.symbol(_QUALITY)}</b>"
            colour = _colour(result, answer.assumptions)
            row = Row(answer.assumptions, "USD", colour, need.quantiles, need.point)
            groups.setdefault(f"{target}<br>under {words.rule_label(answer.question.rule)}", []).append(row)
    return _chart(f"{OUTPUTS[_COST].meaning} of the cheapest design", "USD", groups, {})


def _chart(title: str, unit: str, groups: dict[str, list[Row]], limits: dict[float, str]) -> Chart:
    return Chart(title, unit, [Group(label, rows) for label, rows in groups.items()], limits)


def _colour(result: Headlines, assumptions: str) -> str:
    return SERIES[result.sets.index(assumptions) % len(SERIES)]
