"""A sweep as lines: one for each category, with crosses where no run can take place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures.frame import QUIET, SERIES, legend_entry
from farflung.report.figures.marks import Panel
from farflung.report.figures.scales import numeric_axis, scale_of
from farflung.report.figures.sweep_view import FEASIBLE, View

_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "pentagon")
_MARKED = 30
"""Points up to which each is marked on its line."""
_WIDER, _WIDEST = 1.4, 3
"""How much wider each line is than the one drawn over it [px], and for how many lines."""
_ROOM_FOR_FAILURES, _ROOM = 0.14, 0.05
"""Room below the lines, with marks of failure and without, as a share of what the lines span."""


def draw_lines(figure: go.Figure, sweep: View) -> None:
    """Draw a line for each category, marks at its points, and crosses where no run can take place."""
    failed = bool((~sweep.feasible).any())
    room = _ROOM_FOR_FAILURES if failed else _ROOM
    bottom, top = _span(sweep, room if failed or sweep.log else 0.0)
    for number, values, feasible in sweep.panels():
        panel = Panel(figure, number)
        panel.axes(sweep.x.layout(), _upward(sweep, bottom, top))
        lines = list(zip(np.atleast_2d(values), np.atleast_2d(feasible), strict=True))
        for place, (line, runs) in enumerate(lines):
            _line(panel, sweep, place, line, len(lines) - 1 - place)
            failures = sweep.x.values[~runs]
            if failures.size:
                level = bottom + (top - bottom) * room * (0.15 + 0.6 * (place + 0.5) / len(lines))
                look = _cross(SERIES[place % len(SERIES)])
                heights = np.full(failures.size, 10**level if sweep.log else level)
                panel.points(failures, heights, look, "infeasible", hover=["not feasible"] * failures.size)
    if failed:
        legend_entry(figure, "not feasible", mode="markers", marker=_cross(QUIET))


def _cross(colour: str) -> dict[str, Any]:
    return {"symbol": "x-thin", "size": 7, "line": {"color": colour, "width": 1.5}}


def _span(sweep: View, room: float) -> tuple[float, float]:
    """Return the ends of the axis upward; it begins at 0 where the values come near it."""
    low, high = sweep.reach
    if sweep.log:
        bottom, top = math.log10(low), math.log10(high)
    else:
        bottom, top = (0.0 if 0 <= low < high / 2 else low), high
        room = room or (_ROOM if bottom else 0.0)
    span = (top - bottom) or abs(top) or 1.0
    return bottom - room * span, top + 0.06 * span


def _upward(sweep: View, bottom: float, top: float) -> dict[str, Any]:
    if sweep.output == FEASIBLE:
        return {
            "range": [-0.2, 1.2], "tickvals": [0, 1], "ticktext": ["no", "yes"], "title": {"text": "Feasible"}
        }  # fmt: skip
    ends = (10**bottom, 10**top) if sweep.log else (bottom, top)
    scale = scale_of(sweep.reach, sweep.unit, power=True)
    return numeric_axis(ends, scale, log=sweep.log, most=7, title=sweep.name)


def _line(panel: Panel, sweep: View, place: int, values: np.ndarray, above: int) -> None:
    """Draw one line; earlier ones are wider, so that they are seen below others that run along them."""
    wider = _WIDER * min(above, _WIDEST)
    colour = SERIES[place % len(SERIES)]
    name = sweep.series.labels[place] if sweep.series is not None else sweep.name
    said = f"{sweep.series.title}: {name}<br>" if sweep.series is not None else ""
    with_lines = "lines+markers" if sweep.x.size <= _MARKED else "lines"
    panel.add(
        go.Scatter,
        x=sweep.x.values,
        y=values,
        mode=with_lines if sweep.x.numeric else "markers",
        name=name,
        line={"color": colour, "width": 2 + wider, "dash": _DASHES[place // 2 % len(_DASHES)]},
        marker={
            "symbol": _SYMBOLS[place % len(_SYMBOLS)],
            "size": (6 if sweep.x.numeric else 11) + _WIDER * wider,
            "color": colour,
        },
        connectgaps=False,
        legendgroup=name,
        showlegend=panel.number == 1 and sweep.series is not None,
        meta="line",
        hover=[
            f"{said}{sweep.x.title}: {label}<br>{sweep.in_words(value)}" if np.isfinite(value) else ""
            for label, value in zip(sweep.x.labels, values, strict=True)
        ],
    )
