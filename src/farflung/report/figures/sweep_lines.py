"""A sweep as lines: one for each category, with crosses where no run can take place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures.frame import QUIET, SERIES, key
from farflung.report.figures.sweep_page import along, axes_of, is_log, output_name, panels, placed, reach
from farflung.report.figures.sweep_view import FEASIBLE, View
from farflung.report.figures.words import axis_of, scale_of, shown

_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "pentagon")
_MARKED = 30
"""Points up to which each is marked on its line."""
_WIDER, _WIDEST = 1.4, 3
"""How much wider each line is than the one drawn over it [px], and for how many lines."""
_ROOM_FOR_FAILURES, _ROOM = 0.14, 0.05
"""Room below the lines, with marks of failure and without, as a share of what the lines span."""


def draw_lines(figure: go.Figure, seen: View) -> None:
    """Draw a line for each category, marks at its points, and crosses where no run can take place."""
    failed = bool((~seen.feasible).any())
    log, room = is_log(seen), _ROOM_FOR_FAILURES if failed else _ROOM
    bottom, top = _span(seen, room if failed or log else 0.0)
    rows = seen.series.size if seen.series is not None else 1
    for number, values, feasible in panels(seen):
        for place in range(rows):
            own = (values[place], feasible[place]) if seen.series is not None else (values, feasible)
            _line(figure, seen, place, number, own[0])
            level = bottom + (top - bottom) * room * (0.15 + 0.6 * (place + 0.5) / rows)
            x = seen.x.values[~own[1]]
            _crosses(figure, x, 10**level if log else level, SERIES[place % len(SERIES)], number)
        placed(figure, number, along(seen.x), _upward(seen, (bottom, top)))
    if failed:
        cross = {"symbol": "x-thin", "size": 7, "line": {"color": QUIET, "width": 1.5}}
        key(figure, "not feasible", mode="markers", marker=cross)


def _span(seen: View, room: float) -> tuple[float, float]:
    """Return the ends of the axis upward; it begins at 0 where the values come near it."""
    low, high = reach(seen)
    if is_log(seen):
        bottom, top = math.log10(low), math.log10(high)
    else:
        bottom, top = (0.0 if 0 <= low < high / 2 else low), high
        room = room or (_ROOM if bottom else 0.0)
    span = (top - bottom) or abs(top) or 1.0
    return bottom - room * span, top + 0.06 * span


def _upward(seen: View, span: tuple[float, float]) -> dict[str, Any]:
    if seen.output == FEASIBLE:
        return {
            "range": [-0.2, 1.2], "tickvals": [0, 1], "ticktext": ["no", "yes"], "title": {"text": "Feasible"}
        }  # fmt: skip
    log = is_log(seen)
    scale = scale_of(reach(seen), seen.unit, power=True)
    ends = [10**end for end in span] if log else span
    return {
        **axis_of(ends, scale, log=log, most=7),
        "range": list(span),
        "title": {"text": scale.titled(output_name(seen)) + (", logarithmic" if log else "")},
    }


def _line(figure: go.Figure, seen: View, place: int, number: int, values: np.ndarray) -> None:
    """Draw one line; earlier ones are wider, so that they are seen below others that run along them."""
    rows = seen.series.size if seen.series is not None else 1
    wider = _WIDER * min(rows - 1 - place, _WIDEST)
    colour = SERIES[place % len(SERIES)]
    name = seen.series.labels[place] if seen.series is not None else output_name(seen)
    said = f"{seen.series.title}: {name}<br>" if seen.series is not None else ""
    with_lines = "lines+markers" if seen.x.size <= _MARKED else "lines"
    figure.add_trace(
        go.Scatter(
            x=seen.x.values,
            y=values,
            mode=with_lines if seen.x.numeric else "markers",
            name=name,
            line={"color": colour, "width": 2 + wider, "dash": _DASHES[place // 2 % len(_DASHES)]},
            marker={
                "symbol": _SYMBOLS[place % len(_SYMBOLS)],
                "size": (6 if seen.x.numeric else 11) + _WIDER * wider,
                "color": colour,
            },
            connectgaps=False,
            legendgroup=name,
            showlegend=number == 1 and seen.series is not None,
            meta="line",
            customdata=[
                f"{said}{seen.x.title}: {label}<br>{output_name(seen)}: {shown(float(value), seen.unit)}"
                if np.isfinite(value)
                else ""
                for label, value in zip(seen.x.labels, values, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
            **axes_of(number),
        )
    )


def _crosses(figure: go.Figure, x: np.ndarray, level: float, colour: str, number: int) -> None:
    """Mark below the lines where no run can take place, one row for each of them."""
    if not x.size:
        return
    figure.add_trace(
        go.Scatter(
            x=x,
            y=np.full(x.size, level),
            mode="markers",
            name="not feasible",
            marker={"symbol": "x-thin", "size": 6, "line": {"color": colour, "width": 1.5}},
            hovertemplate="not feasible<extra></extra>",
            showlegend=False,
            meta="infeasible",
            **axes_of(number),
        )
    )
