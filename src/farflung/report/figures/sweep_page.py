"""The axes and panels of a sweep on the page, alike for lines and for maps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go

from farflung.outcome import OUTPUTS
from farflung.report.figures.sweep_view import Axis, View
from farflung.report.figures.words import axis_of, scale_of, symbol

_WIDE = 8.0
"""Ratio of the largest to the smallest above which an output is drawn on a logarithmic scale."""


def output_name(seen: View) -> str:
    """Return how the output is called in titles."""
    return symbol(seen.output) if seen.output in OUTPUTS else "Feasible"


def reach(seen: View) -> tuple[float, float]:
    """Return the least and the greatest value that is drawn."""
    known = seen.values[np.isfinite(seen.values)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)


def is_log(seen: View) -> bool:
    """Return whether the output is drawn on a logarithmic scale; shares, which end at 1, are not."""
    low, high = reach(seen)
    is_share = seen.unit == "1" and high <= 1.0
    return low > 0 and high > _WIDE * low and not is_share


def panels(seen: View) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield the panels: number, values and where runs can take place."""
    if seen.facet is None:
        yield 1, seen.values, seen.feasible
    else:
        for place in range(seen.facet.size):
            yield place + 1, seen.values[place], seen.feasible[place]


def axes_of(number: int) -> dict[str, str]:
    """Return the names of a panel's axes."""
    suffix = "" if number == 1 else str(number)
    return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}


def placed(figure: go.Figure, number: int, across: dict[str, Any], upward: dict[str, Any]) -> None:
    """Give a panel its axes."""
    suffix = "" if number == 1 else str(number)
    figure.update_layout({f"xaxis{suffix}": dict(across), f"yaxis{suffix}": dict(upward)})


def along(axis: Axis) -> dict[str, Any]:
    """Return an axis of the page for an axis of the sweep."""
    if not axis.numeric:
        return {
            "type": "linear",
            "tickvals": axis.values.tolist(),
            "ticktext": list(axis.labels),
            "title": {"text": axis.title},
            "range": [-0.5, axis.size - 0.5],
        }
    scale = scale_of(axis.values, axis.unit)
    ends = [float(end) for end in edges(axis)[[0, -1]]]
    return {
        **axis_of(ends, scale, log=axis.log, most=7),
        "title": {"text": scale.titled(axis.title) + (", logarithmic" if axis.log else "")},
        "range": [math.log10(end) for end in ends] if axis.log else ends,
    }


def edges(axis: Axis) -> np.ndarray:
    """Return the ends of the cells around the values of an axis."""
    values = np.log(axis.values) if axis.log else axis.values
    if values.size == 1:
        half = 0.5 * (abs(float(values[0])) or 1.0)
        found = np.array([values[0] - half, values[0] + half])
    else:
        middles = (values[1:] + values[:-1]) / 2
        found = np.concatenate([[2 * values[0] - middles[0]], middles, [2 * values[-1] - middles[-1]]])
    return np.exp(found) if axis.log else found
