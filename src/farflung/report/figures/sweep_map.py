"""A sweep as a map: colours and contours, hatched where no run can take place."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures.frame import COLOURS, INK, LINE, QUIET
from farflung.report.figures.sweep_page import (
    along,
    axes_of,
    edges,
    is_log,
    output_name,
    panels,
    placed,
    reach,
)
from farflung.report.figures.sweep_view import FEASIBLE, View
from farflung.report.figures.words import Scale, scale_of, scaled_ticks, shown

BAR_ROOM = 122
"""Room right of a map for its colour bar [px]."""
_FEWEST_FOR_CONTOURS = 4
_CAN, _CANNOT = "#9FCBE6", "#E3E3E3"
"""Where a run can take place, on a map of nothing else, and where it cannot."""
_DARK = 0.45
"""Share of the colour scale that is dark."""


def draw_map(figure: go.Figure, seen: View) -> None:
    """Draw the output as colours, with contours at the labels of the colour bar, hatched where none runs."""
    assert seen.y is not None
    low, high = reach(seen)
    log, scale = is_log(seen), scale_of([low, high], seen.unit, power=True)
    levels = [one for one in scaled_ticks((low, high), scale, log=log, most=7) if low <= one <= high]
    contoured = (
        seen.output != FEASIBLE and min(seen.x.size, seen.y.size) >= _FEWEST_FOR_CONTOURS and low < high
    )
    for number, values, feasible in panels(seen):
        figure.add_trace(
            go.Heatmap(
                x=edges(seen.x),
                y=edges(seen.y),
                z=np.log10(values) if log else values,
                coloraxis="coloraxis",
                customdata=_told(seen, values),
                hovertemplate="%{customdata}<extra></extra>",
                hoverongaps=False,
                name=output_name(seen),
                meta="map",
                **axes_of(number),
            )
        )
        for level in levels if contoured else ():
            share = math.log(level / low) / math.log(high / low) if log else (level - low) / (high - low)
            _contour(figure, seen, number, values / scale.divisor, (level / scale.divisor, share))
        _hatch(figure, seen, number, feasible)
        placed(figure, number, {**along(seen.x), "showgrid": False}, {**along(seen.y), "showgrid": False})
    if (~seen.feasible).any():
        _hatch_key(figure)
    if seen.output == FEASIBLE:
        figure.update_layout(coloraxis={"colorscale": [[0, _CAN], [1, _CAN]], "showscale": False})
    else:
        _colours(figure, scale, (low, high), levels, log)
        _bar_title(figure, scale.titled(output_name(seen)) + (", logarithmic" if log else ""))


def _told(seen: View, values: np.ndarray) -> list[list[str]]:
    """Return what is said of each cell; nothing where no run can take place."""
    assert seen.y is not None
    name = output_name(seen)
    return [
        [
            f"{seen.x.title}: {across}<br>{seen.y.title}: {up}<br>{name}: {shown(float(value), seen.unit)}"
            if np.isfinite(value)
            else ""
            for across, value in zip(seen.x.labels, row, strict=True)
        ]
        for up, row in zip(seen.y.labels, values, strict=True)
    ]


def _colours(
    figure: go.Figure, scale: Scale, span: tuple[float, float], levels: list[float], log: bool
) -> None:
    low, high = (math.log10(end) for end in span) if log else span
    if not low < high:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    figure.update_layout(
        coloraxis={
            "colorscale": COLOURS,
            "cmin": low,
            "cmax": high,
            "colorbar": {
                "tickvals": [math.log10(one) if log else one for one in levels],
                "ticktext": [scale.text(one) for one in levels],
                "thickness": 14,
                "outlinewidth": 0,
                "x": 1.02,
                "len": 0.9,
            },
        }
    )


def _bar_title(figure: go.Figure, text: str) -> None:
    figure.add_annotation(
        name="colour title",
        text=text,
        textangle=90,
        x=1,
        xref="paper",
        xanchor="right",
        xshift=BAR_ROOM - 12,
        y=0.5,
        yref="paper",
        yanchor="middle",
        showarrow=False,
        font={"size": 12.5},
    )


def _contour(
    figure: go.Figure, seen: View, number: int, values: np.ndarray, level: tuple[float, float]
) -> None:
    """Draw the line along which the output has one value: white on the dark colours, black on the pale."""
    assert seen.y is not None
    value, share = level
    colour = "white" if share < _DARK else INK
    figure.add_trace(
        go.Contour(
            x=seen.x.values,
            y=seen.y.values,
            z=values,
            showscale=False,
            hoverinfo="skip",
            connectgaps=False,
            contours={
                "coloring": "none",
                "start": value,
                "end": value,
                "size": max(abs(value), 1e-9),
                "showlabels": True,
                "labelfont": {"size": 11, "color": colour},
                "labelformat": ".6~g",
            },
            line={"color": colour, "width": 1.2},
            showlegend=False,
            meta="contour",
            **axes_of(number),
        )
    )


def _hatch(figure: go.Figure, seen: View, number: int, feasible: np.ndarray) -> None:
    """Hatch the cells in which no run can take place: each row's neighbours as one rectangle."""
    assert seen.y is not None
    if feasible.all():
        return
    across, up = edges(seen.x), edges(seen.y)
    x: list[float | None] = []
    y: list[float | None] = []
    for row, runs in enumerate(feasible):
        changes = np.diff(np.concatenate([[0], (~runs).astype(np.int8), [0]]))
        for start, end in zip(np.nonzero(changes == 1)[0], np.nonzero(changes == -1)[0], strict=True):
            left, right, low, high = (
                float(one) for one in (across[start], across[end], up[row], up[row + 1])
            )
            x += [left, right, right, left, left, None]
            y += [low, low, high, high, low, None]
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            fill="toself",
            fillcolor=_CANNOT,
            line={"width": 0, "color": QUIET},
            fillpattern={"shape": "/", "fgcolor": LINE, "bgcolor": _CANNOT, "size": 7, "solidity": 0.2},
            hoverinfo="skip",
            name="not feasible",
            showlegend=False,
            meta="infeasible",
            **axes_of(number),
        )
    )


def _hatch_key(figure: go.Figure) -> None:
    pattern = {"shape": "/", "fgcolor": QUIET, "bgcolor": _CANNOT, "fillmode": "replace", "size": 6}
    figure.add_trace(
        go.Bar(
            x=[None],
            y=[None],
            name="not feasible",
            showlegend=True,
            marker={
                "color": _CANNOT,
                "line": {"color": LINE, "width": 1},
                "pattern": {**pattern, "solidity": 0.2},
            },
        )
    )
