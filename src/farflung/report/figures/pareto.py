"""What it costs: the designs that no other beats, the cheapest that reaches the target, the published one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from farflung.base.provenance import version
from farflung.outcome import Outcome
from farflung.report.figures.frame import (
    COLOURS,
    INK,
    LINE,
    PURPLE,
    QUIET,
    VERMILION,
    blank,
    cited,
    framed,
    key,
    origin,
)
from farflung.report.figures.words import (
    axis_of,
    bare,
    capitalised,
    percent,
    plain,
    rule_named,
    scale_of,
    shortened,
    shown,
    symbol,
    ticks,
    wrapped,
)

if TYPE_CHECKING:
    from farflung.analysis.search import EvaluatedDesign, SearchResult

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "pentagon", "hexagon", "cross", "triangle-down")
_SMALLEST, _LARGEST = 8.0, 15.0
"""Sizes of marks, for the shortest and the longest run [px]."""
_TARGET = {"color": QUIET, "width": 1.3, "dash": "dash"}
_ALIKE = 0.02
_NEAR_EDGE = 0.68
_APART = 8.0
"""Ratio of costs above which two designs can be named side by side."""
_METRICS = {
    "quality": "quality_adjusted_flop",
    "local": "local_equivalent_flop",
    "raw": "throughput_flop",
}
_QUALITY = "quality_adjusted_flop"


def pareto_figure(result: SearchResult) -> go.Figure:
    """Return cost against quality-adjusted compute for the designs that no other beats.

    Colour is the number of nodes, the form of a mark the protocol, its size the length of the run, since a
    design on the front may be beaten in cost and compute by one of more nodes or of longer.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.search.search` returns.
    """
    subtitle = _question(result)
    if result.best is None:
        return blank(
            title=f"No design reaches {_target(result)} below {rule_named(result.question.rule)}",
            subtitle=subtitle,
            footer=_footer(result),
            message=plain(result.why_not or "nothing in the grid comes near"),
        )
    designs = [one for one in result.pareto if _is_placed(one.outcome)]
    figure = go.Figure()
    _front(figure, designs)
    _runners_up(figure, result)
    _marked(figure, result)
    _axes(figure, result, designs)
    return framed(
        figure,
        title=_title(result),
        subtitle=subtitle,
        footer=_footer(result),
        plot=440,
        left=96,
        right=110,
    )


def _is_placed(outcome: Outcome) -> bool:
    return bool(outcome.capital_cost_usd) and bool(outcome.quality_adjusted_flop)


def _target(result: SearchResult) -> str:
    return f"{shown(result.question.target, 'FLOP')} of {symbol(_METRICS[result.question.metric])}"


def _question(result: SearchResult) -> str:
    question = result.question
    return (
        f"{_target(result)} in {shown(question.duration, 's')} over links of {question.links_text}, every "
        f"node below the limits of {rule_named(question.rule)}. Shown: designs that no other beats in cost, "
        f"nodes, length of the run and {symbol(_QUALITY)} at once."
    )


def _title(result: SearchResult) -> str:
    assert result.best is not None
    best = result.best.outcome
    cost = f"{_target(result)} costs at least {shown(best.capital_cost_usd, 'USD')} of hardware"
    title = f"{cost}: {_node(result.best)}"
    if result.published is not None and result.published.capital_cost_usd:
        title += f"; published: {shown(result.published.capital_cost_usd, 'USD')}"
    return title


def _node(found: EvaluatedDesign) -> str:
    design = found.design
    node = f"{design.chips_per_node}x {plain(design.chip)}"
    return f"{design.nodes:,} nodes of {node}, {_protocol(design.variant.mode)}"


def _protocol(mode: str) -> str:
    return plain(mode.replace("_", " "))


def _hover(found: EvaluatedDesign) -> str:
    """Return the design in words."""
    design, outcome = found.design, found.outcome
    lines = [
        f"<b>{_node(found)}</b>",
        f"{design.precision}, {shown(design.parameters, 'parameters')}, compression {design.compression:g}×, "
        f"H {shown(outcome.inner_steps, '1')}",
        *_measured(outcome),
    ]
    return "<br>".join(lines)


def _measured(outcome: Outcome) -> list[str]:
    return [
        f"{shown(outcome.capital_cost_usd, 'USD')} of hardware, {shown(outcome.duration_s, 's')}",
        f"{symbol(_QUALITY)} {shown(outcome.quality_adjusted_flop, 'FLOP')}",
        f"{symbol('local_equivalent_flop')} {shown(outcome.local_equivalent_flop, 'FLOP')}",
        f"χ {shown(outcome.chinchilla_efficiency, '1')}, η {shown(outcome.efficiency, '1')}",
    ]


def _front(figure: go.Figure, designs: Sequence[EvaluatedDesign]) -> None:
    """Draw the front: one trace for each protocol."""
    longest = max((one.outcome.duration_s or 0.0 for one in designs), default=1.0) or 1.0
    nodes = [one.design.nodes for one in designs] or [1]
    span = math.log10(min(nodes)), math.log10(max(nodes) * (1.0 if max(nodes) > min(nodes) else 2.0))
    modes = dict.fromkeys(one.design.variant.mode for one in designs)
    for shape, mode in zip(_SYMBOLS * 2, modes, strict=False):
        some = [one for one in designs if one.design.variant.mode == mode]
        figure.add_trace(
            go.Scatter(
                x=[one.outcome.capital_cost_usd for one in some],
                y=[one.outcome.quality_adjusted_flop for one in some],
                mode="markers",
                name=_protocol(mode),
                showlegend=False,
                meta="front",
                marker={
                    "symbol": shape,
                    "color": [math.log10(one.design.nodes) for one in some],
                    "coloraxis": "coloraxis",
                    "line": {"color": INK, "width": 0.8},
                    "opacity": 0.95,
                    "size": [_size((one.outcome.duration_s or longest) / longest) for one in some],
                },
                customdata=[_hover(one) for one in some],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
        look = {"symbol": shape, "size": 11, "color": LINE, "line": {"color": INK, "width": 0.8}}
        key(figure, _protocol(mode), mode="markers", marker=look)
    lengths = sorted({one.outcome.duration_s or longest for one in designs}, reverse=True)
    for length in lengths[:4] if len(lengths) > 1 else ():
        look = {"symbol": "circle", "size": _size(length / longest), "color": "white"}
        key(figure, shown(length, "s"), mode="markers", marker={**look, "line": {"color": INK, "width": 1.2}})
    at = [one for one in ticks(min(nodes), max(nodes), log=True, most=7) if one >= 1]
    figure.update_layout(
        coloraxis={
            "colorscale": COLOURS,
            "reversescale": True,
            "cmin": span[0],
            "cmax": span[1],
            "colorbar": {
                "title": {"text": "Nodes"},
                "tickvals": [math.log10(one) for one in at],
                "ticktext": [f"{one:,.0f}" for one in at],
                "thickness": 14,
                "outlinewidth": 0,
                "len": 0.8,
                "x": 1.02,
            },
        }
    )


def _size(share: float) -> float:
    return _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(max(share, 0.0))


def _runners_up(figure: go.Figure, result: SearchResult) -> None:
    some = [one for one in result.runners_up if _is_placed(one.outcome)]
    if some:
        figure.add_trace(
            go.Scatter(
                x=[one.outcome.capital_cost_usd for one in some],
                y=[one.outcome.quality_adjusted_flop for one in some],
                mode="markers",
                name="cheapest of other kinds",
                meta="runners-up",
                showlegend=True,
                marker={"symbol": "x-thin", "size": 8, "line": {"color": QUIET, "width": 1.6}},
                customdata=[_hover(one) for one in some],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )


def _marked(figure: go.Figure, result: SearchResult) -> None:
    """Mark the cheapest design, the published one, and the target."""
    assert result.best is not None
    best = result.best
    published = result.published
    same = published is not None and _are_alike(published, best.outcome)
    said = f"cheapest{', as published' if same else ''}: {_node(best)}"
    look = {"symbol": "star", "color": VERMILION}
    _mark(figure, best.outcome, said, _hover(best), looks=look, aside=(44, 48))
    if published is not None and _is_placed(published) and not same:
        name = plain(shortened(published.scenario.name, 60))
        hover = "<br>".join([f"<b>{name}</b>", *_measured(published)])
        look = {"symbol": "diamond-tall", "color": PURPLE}
        _mark(figure, published, f"published: {name}", hover, looks=look, aside=_aside(result, published))
    if result.question.metric == "quality":
        figure.add_hline(y=result.question.target, line=_TARGET)
        key(figure, f"target, {shown(result.question.target, 'FLOP')}", mode="lines", line=_TARGET)


def _are_alike(published: Outcome, best: Outcome) -> bool:
    """Return whether two designs come to one point of the figure."""
    pairs = (
        (published.capital_cost_usd, best.capital_cost_usd),
        (published.quality_adjusted_flop, best.quality_adjusted_flop),
    )
    return all(a and b and math.isclose(a, b, rel_tol=_ALIKE) for a, b in pairs)


def _aside(result: SearchResult, published: Outcome) -> tuple[int, int]:
    """Return where the published design is named: away from the cheapest, and from the edge it is near."""
    assert result.best is not None
    ours, theirs = result.best.outcome.capital_cost_usd or 1.0, published.capital_cost_usd or 1.0
    furthest = max((one.outcome.capital_cost_usd or 0.0 for one in result.pareto), default=0.0)
    share = math.log(theirs / ours) / math.log(max(furthest, theirs, 1.01 * ours) / ours)
    return -44 if share > _NEAR_EDGE else 44, 44 if theirs > _APART * ours else -70


def _mark(
    figure: go.Figure,
    outcome: Outcome,
    said: str,
    hover: str,
    *,
    looks: dict[str, str],
    aside: tuple[int, int],
) -> None:
    """Mark one design, and name it beside its mark."""
    cost, quality = outcome.capital_cost_usd, outcome.quality_adjusted_flop
    if not cost or not quality:
        return
    name = said.partition(":")[0].partition(",")[0]
    figure.add_trace(
        go.Scatter(
            x=[cost],
            y=[quality],
            mode="markers",
            name=name,
            meta=name,
            showlegend=False,
            marker={**looks, "size": 18, "line": {"color": "white", "width": 1.2}},
            customdata=[hover],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    figure.add_annotation(
        name=name,
        text="<br>".join([*wrapped(said, 34, 3), f"<b>{shown(cost, 'USD')}</b>"]),
        x=math.log10(cost),
        y=math.log10(quality),
        ax=aside[0],
        ay=aside[1],
        xanchor="right" if aside[0] < 0 else "left",
        align="left",
        showarrow=True,
        arrowcolor=looks["color"],
        arrowwidth=1.2,
        arrowhead=0,
        font={"size": 11.5},
        bgcolor="rgba(255,255,255,0.85)",
    )


def _axes(figure: go.Figure, result: SearchResult, designs: Sequence[EvaluatedDesign]) -> None:
    outcomes = [one.outcome for one in (*designs, *result.runners_up)]
    outcomes += [one for one in (result.best.outcome if result.best else None, result.published) if one]
    costs = [one.capital_cost_usd for one in outcomes if one.capital_cost_usd]
    reached = [one.quality_adjusted_flop for one in outcomes if one.quality_adjusted_flop]
    if result.question.metric == "quality":
        reached.append(result.question.target)
    looks: list[dict[str, Any]] = []
    for values, unit, title in (
        (costs, "USD", "Purchase cost of all nodes"),
        (reached, "FLOP", symbol(_QUALITY)),
    ):
        scale = scale_of(values, unit)
        low, high = math.log10(min(values)), math.log10(max(values))
        room = max(0.06 * (high - low), 0.04)
        below = room if unit == "USD" else max(0.22 * (high - low), 0.12)  # the marked ones are named there
        looks.append(
            {
                **axis_of((10 ** (low - below), 10 ** (high + room)), scale, log=True),
                "range": [low - below, high + room],
                "title": {"text": f"{scale.titled(title)}, logarithmic"},
            }
        )
    figure.update_layout(xaxis=looks[0], yaxis=looks[1])


def _footer(result: SearchResult) -> list[str]:
    best = result.best
    outcome = best.outcome if best else None
    lines = []
    if outcome is not None:
        mfu = percent(outcome.scenario.nodes.mfu) if outcome.scenario.nodes.mfu else ""
        lines.append(
            f"Every chip is given the same MFU ({mfu}); consumer cards without fast links reach less."
        )
    if result.question.metric != "quality" and best:
        reached = bare(getattr(best.outcome, _METRICS[result.question.metric]), "FLOP")
        lines.append(f"The cheapest reaches {reached} FLOP of {symbol(_METRICS[result.question.metric])}.")
    tally = [f"{result.grid.name} grid, {result.evaluated:,} designs evaluated"]
    tally += [f"{count:,} rejected: {plain(reason)}" for reason, count in result.rejected_by.items()]
    lines.append(capitalised("; ".join(tally)) + ".")
    for reason, chips in result.chips_left_out.items():
        lines.append(f"Chips left out ({plain(reason)}): {', '.join(map(plain, chips))}.")
    if outcome is not None:
        lines.append(origin(f"Best: {outcome.scenario.name}", outcome.provenance))
        lines.append(cited(outcome.citations()))
    else:
        lines.append(f"assumptions {plain(result.question.assumptions)} · farflung {version()}")
    return lines
