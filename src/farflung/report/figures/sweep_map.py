"""A sweep as a map: colours and contours, hatched where no run can take place."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures.frame import COLOURS, INK, LINE, QUIET
from farflung.report.figures.marks import Panel, filled
from farflung.report.figures.scales import Scale, scale_of, scaled_ticks
from farflung.report.figures.sweep_view import FEASIBLE, Axis, View

BAR_ROOM = 122
"""Room right of a map for its colour bar [px]."""
_FEWEST_FOR_CONTOURS = 4
_CAN, _CANNOT = "#9FCBE6", "#E3E3E3"
"""Where a run can take place, on a map of nothing else, and where it cannot."""
_DARK = 0.45
"""Share of the colour scale that is dark."""


def draw_map(figure: go.Figure, sweep: View) -> None:
    """Draw the output as colours, with contours at the labels of the colour bar, hatched where none runs."""
    assert sweep.y is not None
    low, high = sweep.reach
    scale = scale_of([low, high], sweep.unit, power=True)
    levels = [at for at in scaled_ticks((low, high), scale, log=sweep.log, most=7) if low <= at <= high]
    fine = min(sweep.x.size, sweep.y.size) >= _FEWEST_FOR_CONTOURS and low < high
    for number, values, feasible in sweep.panels():
        panel = Panel(figure, number)
        bare = {"showgrid": False}
        panel.axes({**sweep.x.layout(), **bare}, {**sweep.y.layout(), **bare})
        panel.add(
            go.Heatmap, x=sweep.x.edges, y=sweep.y.edges, z=np.log10(values) if sweep.log else values,
            coloraxis="coloraxis", hover=_hover(sweep, sweep.y, values), hoverongaps=False, name=sweep.name,
            meta="map", showlegend=None,
        )  # fmt: skip
        for level in levels if fine and sweep.output != FEASIBLE else ():
            share = (
                math.log(level / low) / math.log(high / low) if sweep.log else (level - low) / (high - low)
            )
            colour = "white" if share < _DARK else INK
            _contour(
                panel, sweep, sweep.y, values / scale.divisor, level=level / scale.divisor, colour=colour
            )
        if not feasible.all():
            _hatch(panel, sweep.x.edges, sweep.y.edges, feasible)
    if (~sweep.feasible).any():
        look = filled(QUIET, "/", behind=_CANNOT, solidity=0.2) | {"line": {"color": LINE, "width": 1}}
        figure.add_trace(go.Bar(x=[None], y=[None], name="not feasible", showlegend=True, marker=look))
    if sweep.output == FEASIBLE:
        figure.update_layout(coloraxis={"colorscale": [[0, _CAN], [1, _CAN]], "showscale": False})
    else:
        _colours(figure, sweep, scale, levels)


def _hover(sweep: View, y: Axis, values: np.ndarray) -> list[list[str]]:
    """Return what is said of each cell; nothing where no run can take place."""
    return [
        [
            f"{sweep.x.title}: {across}<br>{y.title}: {up}<br>{sweep.in_words(value)}"
            if np.isfinite(value)
            else ""
            for across, value in zip(sweep.x.labels, row, strict=True)
        ]
        for up, row in zip(y.labels, values, strict=True)
    ]


def _colours(figure: go.Figure, sweep: View, scale: Scale, levels: list[float]) -> None:
    """Lay out the colours, their bar, and its title along it."""
    low, high = (math.log10(end) for end in sweep.reach) if sweep.log else sweep.reach
    if not low < high:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    bar = {
        "tickvals": [math.log10(level) if sweep.log else level for level in levels],
        "ticktext": [scale.text(level) for level in levels],
        "thickness": 14,
        "outlinewidth": 0,
        "x": 1.02,
        "len": 0.9,
    }
    figure.update_layout(coloraxis={"colorscale": COLOURS, "cmin": low, "cmax": high, "colorbar": bar})
    Panel(figure).label(
        scale.titled(sweep.name, log=sweep.log), 1, 0.5, size=12.5, name="colour title", textangle=90,
        xref="paper", yref="paper", xanchor="right", xshift=BAR_ROOM - 12,
    )  # fmt: skip


def _contour(panel: Panel, sweep: View, y: Axis, values: np.ndarray, *, level: float, colour: str) -> None:
    """Draw the line along which the output has one value: white on the dark colours, black on the pale."""
    panel.add(
        go.Contour,
        x=sweep.x.values,
        y=y.values,
        z=values,
        showscale=False,
        connectgaps=False,
        contours={
            "coloring": "none",
            "start": level,
            "end": level,
            "size": max(abs(level), 1e-9),
            "showlabels": True,
            "labelfont": {"size": 11, "color": colour},
            "labelformat": ".6~g",
        },
        line={"color": colour, "width": 1.2},
        meta="contour",
    )


def _hatch(panel: Panel, across: np.ndarray, up: np.ndarray, feasible: np.ndarray) -> None:
    """Hatch the cells in which no run can take place: each row's neighbours as one rectangle."""
    x: list[float | None] = []
    y: list[float | None] = []
    for runs, (low, high) in zip(feasible, pairwise(up.tolist()), strict=True):
        changes = np.flatnonzero(np.diff(np.concatenate([[True], runs, [True]]).astype(np.int8)))
        for left, right in across[changes.reshape(-1, 2)].tolist():
            x += [left, right, right, left, left, None]
            y += [low, low, high, high, low, None]
    pattern = {"shape": "/", "fgcolor": LINE, "bgcolor": _CANNOT, "size": 7, "solidity": 0.2}
    panel.area(x, y, _CANNOT, "infeasible", fillpattern=pattern, name="not feasible")
