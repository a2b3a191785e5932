"""Where the compute of one run goes: from what is applied, over every loss, to what it is worth."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.outcome.outputs import OUTPUTS
from farflung.report.figures import frame, words
from farflung.report.figures.marks import WHITE, Panel, filled
from farflung.report.figures.scales import numeric_axis, scale_of, widened

if TYPE_CHECKING:
    from farflung.outcome import Outcome

_APPLIED, _QUALITY = "throughput_flop", "quality_adjusted_flop"
_FACTORS = (
    "efficiency_sync_interval",
    "efficiency_compression",
    "efficiency_activation",
    "efficiency_replica",
    "chinchilla_efficiency",
)
_LOST = 1e-6
"""Share above which a loss has a row."""
_ROW, _LEFT, _ROOM = 46, 250, 0.3
"""Height of a row, room for its label [px], and room for what is said of it, as a share of the axis."""


def outcome_figure(result: Outcome) -> go.Figure:
    """Return the compute applied, every factor that it loses by, and the quality-adjusted compute.

    Parameters
    ----------
    result
        What :func:`farflung.evaluate` returns.
    """
    applied, reached = result.throughput_flop, result.quality_adjusted_flop
    name = words.scenario_label(result.scenario.name, 80)
    if not result.feasible or not applied or not reached:
        field = str(result.binding_constraint or "nothing is trained")
        return frame.blank(
            title="The run cannot take place as described",
            subtitle=name,
            footer=_footer(result),
            message=f"What stands in the way: {words.escaped(field)}",
        )
    factors = {factor: value for factor in _FACTORS if (value := getattr(result, factor)) is not None}
    losses = {factor: value for factor, value in factors.items() if abs(value - 1.0) > _LOST}
    levels = list(accumulate(losses.values(), lambda level, share: level * share, initial=applied))
    figure = go.Figure()
    panel = Panel(figure)
    _axes(panel, losses, levels)
    _bars(panel, losses, levels, reached)
    share = words.percent(min(reached / applied, 1.0))
    return frame.framed(
        figure,
        title=f"Of {words.quantity(applied, 'FLOP')} applied to training, {share} counts: "
        f"{words.symbol(_QUALITY)} is {words.quantity(reached, 'FLOP')}",
        subtitle=f"{name}. {words.symbol_and_meaning(_QUALITY)}. Equal factors are equally long.",
        footer=_footer(result),
        plot=_ROW * (len(losses) + 2),
        left=_LEFT,
        right=30,
        above=10,
    )


def _axes(panel: Panel, losses: dict[str, float], levels: list[float]) -> None:
    ends = widened(min(levels), max(levels), log=True, before=_ROOM, after=0.1)
    rows = [f"Applied to training ({words.symbol(_APPLIED)})", *map(_label, losses), _label(_QUALITY)]
    panel.axes(
        numeric_axis(ends, scale_of(ends, "FLOP"), log=True, title="Compute"),
        {"range": [len(rows) - 0.4, -0.6], "tickvals": list(range(len(rows))), "ticktext": rows,
         "showgrid": False, "ticks": ""},
    )  # fmt: skip


def _label(output: str) -> str:
    return f"{OUTPUTS[output].label} ({words.symbol(output)})"


def _bars(panel: Panel, losses: dict[str, float], levels: list[float], reached: float) -> None:
    """Draw what is applied and what is reached as marks, and every loss between them as a bar."""
    for row, (factor, (before, after)) in enumerate(zip(losses, pairwise(levels), strict=True), start=1):
        colour = frame.VERMILION if after < before else frame.BLUE
        said = words.multiple(losses[factor])
        panel.bars([row], [(before, after)], filled(colour), "loss", hover=[f"{_label(factor)}: {said}"])
        panel.label(said, min(before, after), row, xanchor="right", xshift=-9, bgcolor=WHITE, name="value")
    for row, level in enumerate(levels):
        panel.line([level, level], [row + 0.25, row + 0.75], frame.LINE, 1, "connector")
    for row, value in ((0, levels[0]), (len(levels), reached)):
        panel.points([value], [row], {"symbol": "diamond", "size": 12, "color": frame.QUIET}, "compute")
        panel.label(
            f"<b>{words.quantity(value, 'FLOP')}</b>", value, row, xanchor="right", xshift=-11, bgcolor=WHITE,
            name="value",
        )  # fmt: skip


def _footer(result: Outcome) -> Iterator[str]:
    outside = dict.fromkeys(flag.message for flag in result.flags if flag.kind == "extrapolated")
    yield f"Beyond what was measured: {words.escaped('; '.join(outside))}." if outside else ""
    yield frame.origin(result.scenario.name, result.provenance)
    yield from frame.closing(result)
