"""A node's best plan: where the time of its step and the memory of its fullest chip go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.analysis.node.node_plan import chips_used, largest_causes, layout_text
from farflung.base.errors import InputError
from farflung.base.format import format_quantity, format_share
from farflung.report.figures import frame, words
from farflung.report.figures.grouped_bars import Rows
from farflung.report.figures.marks import Panel, filled
from farflung.report.figures.scales import scale_of

if TYPE_CHECKING:
    from farflung.analysis.node.node_plan import NodePlan

_CAUSES = 10
_BETWEEN = 76
"""Room between the two panels, for the axis of the upper one [px]."""


def node_plan_figure(result: NodePlan) -> go.Figure:
    """Return time and memory of a node's best plan by cause, the largest on top.

    Parameters
    ----------
    result
        What :func:`farflung.node` returns.

    Raises
    ------
    InputError
        If no plan fits.
    """
    best = result.best
    if best is None:
        raise InputError("node", "has nothing to draw: no plan fits its memory")
    times = _rows(best.time_by_cause(), "time", best.seconds, "s", filled(frame.BLUE))
    sizes = _rows(best.memory_by_cause(), "memory", best.memory, "byte", filled(frame.ORANGE, "/"))
    height = times.height + _BETWEEN + sizes.height
    figure = go.Figure()
    panels = (
        (times, "s", "Time of a step", (1.0 - times.height / height, 1.0)),
        (sizes, "byte", "Memory of the fullest chip", (0.0, sizes.height / height)),
    )
    for number, (rows, unit, title, domain) in enumerate(panels, 1):
        (amounts,) = rows.series.values()
        rows.draw(Panel(figure, number), scale_of(amounts, unit), title, domain)
    low, high = map(format_share, result.mfu_range or (best.utilisation, best.utilisation))
    request, node = result.request, result.request.node
    size, step = format_quantity(request.parameters, "parameters"), format_quantity(best.seconds, "s")
    return frame.framed(
        figure,
        title=(
            f"{size} on {words.escaped(request.hardware)} train at an MFU of "
            f"{format_share(best.utilisation)}: a step takes {step}"
        ),
        subtitle=(
            f"Best of {result.search.evaluated:,} plans: {layout_text(best)} on {chips_used(best)} of "
            f"{node.chips} chips, {request.precision}, {request.batch:,.0f} tokens a step. On clusters that "
            f"nothing was fitted to, nine of ten have an MFU of {low} to {high}."
        ),
        footer=[*map(words.escaped, result.notes), frame.made_by("", ""), *frame.closing(result)],
        plot=height,
        left=150,
        right=60,
    )


def _rows(
    amounts: Mapping[str, float], name: str, whole: float, unit: str, look: Mapping[str, object]
) -> Rows:
    """Return the bars of one panel, each with its amount and its share."""
    causes = largest_causes(amounts, _CAUSES)

    def text(value: float) -> str:
        return f"{format_quantity(value, unit)}, {format_share(value / whole)}"

    return Rows([cause for cause, _ in causes], {name: [value for _, value in causes]}, (look,), text)
