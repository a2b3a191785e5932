"""What it costs: the designs that no other beats, the cheapest that reaches the target, the published one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from farflung.outcome import Outcome
from farflung.report.figures import frame, words
from farflung.report.figures.marks import DASHED, WHITE, Panel, disc
from farflung.report.figures.scales import numeric_axis, scale_of, ticks, widened

if TYPE_CHECKING:
    from farflung.analysis.search import EvaluatedDesign, SearchResult

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "pentagon", "hexagon", "cross", "triangle-down")
_SMALLEST, _LARGEST = 8.0, 15.0
"""Sizes of marks, for the shortest and the longest run [px]."""
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
    if result.best is None:
        return frame.blank(
            title=f"No design reaches {_target(result)} below {words.rule_label(result.question.rule)}",
            subtitle=_question(result),
            footer=_footer(result),
            message=words.escaped(result.why_not or "nothing in the grid comes near"),
        )
    designs = [design for design in result.pareto if _has_place(design.outcome)]
    figure = go.Figure()
    panel = Panel(figure)
    _axes(panel, result, designs)
    _front(panel, designs)
    others = [design for design in result.runners_up if _has_place(design.outcome)]
    if others:
        look = {"symbol": "x-thin", "size": 8, "line": {"color": frame.QUIET, "width": 1.6}}
        _points(panel, others, look, "runners-up", name="cheapest of other kinds", showlegend=True)
    _singled_out(panel, result)
    return frame.framed(
        figure, title=_title(result), subtitle=_question(result), footer=_footer(result), plot=440, left=106,
        right=110, narrowest=640,
    )  # fmt: skip


def _has_place(outcome: Outcome) -> bool:
    return bool(outcome.capital_cost_usd) and bool(outcome.quality_adjusted_flop)


def _target(result: SearchResult) -> str:
    metric = words.symbol(_METRICS[result.question.metric])
    return f"{words.quantity(result.question.target, 'FLOP')} of {metric}"


def _question(result: SearchResult) -> str:
    question = result.question
    return (
        f"{_target(result)} in {words.quantity(question.duration, 's')} over links of {question.links_text}, "
        f"every node below the limits of {words.rule_label(question.rule)}. Shown: designs that no other "
        f"beats in cost, nodes, length of the run and {words.symbol(_QUALITY)} at once."
    )


def _title(result: SearchResult) -> str:
    assert result.best is not None
    cost = words.quantity(result.best.outcome.capital_cost_usd, "USD")
    title = f"The cheapest design found that reaches {_target(result)} costs {cost} of hardware"
    title += f": {_node(result.best)}"
    published = result.published.capital_cost_usd if result.published is not None else None
    return f"{title}; published: {words.quantity(published, 'USD')}" if published else title


def _node(design: EvaluatedDesign) -> str:
    choice = design.design
    node = f"{choice.chips_per_node}x {words.escaped(choice.chip)}"
    return f"{choice.nodes:,} nodes of {node}, {_protocol(choice.variant.mode)}"


def _protocol(mode: str) -> str:
    return words.escaped(mode.replace("_", " "))


def _hover(design: EvaluatedDesign) -> str:
    """Return a design in words."""
    choice = design.design
    settings = (
        f"{choice.precision}, {words.quantity(choice.parameters, 'parameters')}, "
        f"compression {choice.compression:g}×, H {words.quantity(design.outcome.inner_steps, '1')}"
    )
    return "<br>".join([f"<b>{_node(design)}</b>", settings, *_measures(design.outcome)])


def _measures(outcome: Outcome) -> list[str]:
    cost, length = words.quantity(outcome.capital_cost_usd, "USD"), words.quantity(outcome.duration_s, "s")
    shares = (outcome.chinchilla_efficiency, outcome.efficiency)
    return [
        f"{cost} of hardware, {length}",
        f"{words.symbol(_QUALITY)} {words.quantity(outcome.quality_adjusted_flop, 'FLOP')}",
        f"{words.symbol('local_equivalent_flop')} {words.quantity(outcome.local_equivalent_flop, 'FLOP')}",
        "χ {}, η {}".format(*(words.quantity(share, "1") for share in shares)),
    ]


def _points(
    panel: Panel, designs: Sequence[EvaluatedDesign], look: dict[str, Any], meta: str, **more: Any
) -> None:
    panel.points(
        [design.outcome.capital_cost_usd for design in designs],
        [design.outcome.quality_adjusted_flop for design in designs],
        look, meta, hover=map(_hover, designs), **more,
    )  # fmt: skip


def _front(panel: Panel, designs: Sequence[EvaluatedDesign]) -> None:
    """Draw the front: one trace for each protocol, and what colours, forms and sizes mean."""
    figure = panel.figure
    longest = max((design.outcome.duration_s or 0.0 for design in designs), default=1.0) or 1.0
    modes = dict.fromkeys(design.design.variant.mode for design in designs)
    edge = {"color": frame.INK, "width": 0.8}
    for shape, mode in zip(_SYMBOLS * 2, modes, strict=False):
        own = [design for design in designs if design.design.variant.mode == mode]
        look = {
            "symbol": shape,
            "color": [math.log10(design.design.nodes) for design in own],
            "coloraxis": "coloraxis",
            "line": edge,
            "opacity": 0.95,
            "size": [_size((design.outcome.duration_s or longest) / longest) for design in own],
        }
        _points(panel, own, look, "front", name=_protocol(mode))
        look = {"symbol": shape, "size": 11, "color": frame.LINE, "line": edge}
        frame.legend_entry(figure, _protocol(mode), mode="markers", marker=look)
    lengths = sorted({design.outcome.duration_s or longest for design in designs}, reverse=True)
    for length in lengths[:4] if len(lengths) > 1 else ():
        look = disc("white", size=_size(length / longest))
        frame.legend_entry(figure, words.quantity(length, "s"), mode="markers", marker=look)
    _colours(figure, [design.design.nodes for design in designs] or [1])


def _colours(figure: go.Figure, nodes: Sequence[int]) -> None:
    """Colour by the number of nodes, darker for more."""
    low, high = min(nodes), max(nodes)
    at = [number for number in ticks(low, high, log=True, most=7) if number >= 1]
    bar = {
        "title": {"text": "Nodes"},
        "tickvals": [math.log10(number) for number in at],
        "ticktext": [f"{number:,.0f}" for number in at],
        "thickness": 14,
        "outlinewidth": 0,
        "len": 0.8,
        "x": 1.02,
    }
    ends = {"cmin": math.log10(low), "cmax": math.log10(high if high > low else 2 * high)}
    figure.update_layout(
        coloraxis={"colorscale": frame.COLOURS, "reversescale": True, **ends, "colorbar": bar}
    )


def _size(share: float) -> float:
    return _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(max(share, 0.0))


def _singled_out(panel: Panel, result: SearchResult) -> None:
    """Mark the cheapest design, the published one, and the target."""
    best, published = result.best, result.published
    assert best is not None
    same = published is not None and _are_alike(published, best.outcome)
    said = f"cheapest{', as published' if same else ''}: {_node(best)}"
    _mark(panel, best.outcome, said, _hover(best), look=("star", frame.VERMILION), aside=(44, 48))
    if published is not None and _has_place(published) and not same:
        name = words.escaped(words.shortened(published.scenario.name, 60))
        hover = "<br>".join([f"<b>{name}</b>", *_measures(published)])
        look, aside = ("diamond-tall", frame.PURPLE), _aside(result, published)
        _mark(panel, published, f"published: {name}", hover, look=look, aside=aside)
    if result.question.metric == "quality":
        panel.figure.add_hline(y=result.question.target, line=DASHED)
        name = f"target, {words.quantity(result.question.target, 'FLOP')}"
        frame.legend_entry(panel.figure, name, mode="lines", line=DASHED)


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
    furthest = max((design.outcome.capital_cost_usd or 0.0 for design in result.pareto), default=0.0)
    share = math.log(theirs / ours) / math.log(max(furthest, theirs, 1.01 * ours) / ours)
    return -44 if share > _NEAR_EDGE else 44, 44 if theirs > _APART * ours else -70


def _mark(
    panel: Panel, outcome: Outcome, said: str, hover: str, *, look: tuple[str, str], aside: tuple[int, int]
) -> None:
    """Mark one design, and name it at the end of a line from its mark."""
    cost, quality = outcome.capital_cost_usd, outcome.quality_adjusted_flop
    if not cost or not quality:
        return
    name = said.partition(":")[0].partition(",")[0]
    marker = {"symbol": look[0], "color": look[1], "size": 18, "line": {"color": "white", "width": 1.2}}
    panel.points([cost], [quality], marker, name, hover=[hover], name=name)
    panel.label(
        "<br>".join([*words.wrapped(said, 34, 3), f"<b>{words.quantity(cost, 'USD')}</b>"]), cost, quality,
        name=name, ax=aside[0], ay=aside[1], xanchor="right" if aside[0] < 0 else "left", align="left",
        showarrow=True,
        arrowcolor=look[1], arrowwidth=1.2, arrowhead=0, bgcolor=WHITE,
    )  # fmt: skip


def _axes(panel: Panel, result: SearchResult, designs: Sequence[EvaluatedDesign]) -> None:
    outcomes = [design.outcome for design in (*designs, *result.runners_up)]
    outcomes += [other for other in (result.best and result.best.outcome, result.published) if other]
    costs = [outcome.capital_cost_usd for outcome in outcomes if outcome.capital_cost_usd]
    reached = [outcome.quality_adjusted_flop for outcome in outcomes if outcome.quality_adjusted_flop]
    if result.question.metric == "quality":
        reached.append(result.question.target)
    sides = (
        (costs, "USD", "Purchase cost of all nodes", 0.06),
        (reached, "FLOP", words.symbol(_QUALITY), 0.22),  # the cheapest and the published are named below
    )
    panel.axes(
        *(
            numeric_axis(
                widened(min(values), max(values), log=True, before=before, after=0.06),
                scale_of(values, unit), log=True, title=title,
            )
            for values, unit, title, before in sides
        )
    )  # fmt: skip


def _footer(result: SearchResult) -> Iterator[str]:
    best = result.best
    if best is not None:
        mfu = words.percent(best.outcome.scenario.nodes.mfu) if best.outcome.scenario.nodes.mfu else ""
        yield f"Every chip is given the same MFU ({mfu}); consumer cards without fast links reach less."
        metric = _METRICS[result.question.metric]
        if metric != _QUALITY:
            reached = words.unitless(getattr(best.outcome, metric), "FLOP")
            yield f"The cheapest reaches {reached} FLOP of {words.symbol(metric)}."
    tally = [f"{result.grid.name} grid, {result.evaluated:,} designs evaluated"]
    tally += [f"{count:,} rejected: {words.escaped(reason)}" for reason, count in result.rejected_by.items()]
    yield words.capitalised("; ".join(tally)) + "."
    for reason, chips in result.chips_left_out.items():
        yield f"Chips left out ({words.escaped(reason)}): {', '.join(map(words.escaped, chips))}."
    if best is not None:
        yield frame.origin(f"Best: {best.outcome.scenario.name}", best.outcome.provenance)
    else:
        yield frame.made_by(result.question.assumptions, "")
    yield from frame.closing(result)
