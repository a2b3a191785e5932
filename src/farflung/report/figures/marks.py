"""Marks that figures share, each on one pair of axes: points, lines, bars, ranges, limits, labels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures.frame import INK, QUIET, legend_entry
from farflung.report.figures.words import escaped, shortened, wrapped

Values = Sequence[float | None] | np.ndarray
DASHED = {"color": QUIET, "width": 1.3, "dash": "dash"}
"""A limit, a target, a noise: what the rest is held against."""
PALE = "rgba(154,160,166,0.22)"
WHITE = "rgba(255,255,255,0.85)"
"""Behind labels, so that lines below do not strike them through."""
_POINT = {"symbol": "line-ns", "size": 15, "line": {"color": INK, "width": 2.6}}


def disc(fill: str, edge: str = INK, size: float = 9, width: float = 1.2) -> dict[str, Any]:
    """Return the look of a round mark with an edge."""
    return {"symbol": "circle", "size": size, "color": fill, "line": {"color": edge, "width": width}}


def square(colour: str) -> dict[str, Any]:
    """Return the look of a square, as stands in a legend for a bar."""
    return {"symbol": "square", "size": 12, "color": colour}


def filled(colour: str, shape: str = "", *, behind: str = "", solidity: float = 0.28) -> dict[str, Any]:
    """Return the look of a bar, hatched where a shape is named."""
    pattern = {
        "shape": shape,
        "fgcolor": colour if behind else "white",
        "bgcolor": behind or colour,
        "fillmode": "replace",
        "size": 7,
        "solidity": solidity,
    }
    return {"color": colour, "line": {"color": colour, "width": 1}, "pattern": pattern}


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes of a figure, by its number, on which marks are drawn."""

    figure: go.Figure
    number: int = 1

    @property
    def x(self) -> str:
        """Return the name of the axis along the page, as traces and labels refer to it."""
        return f"x{self._suffix}"

    @property
    def y(self) -> str:
        """Return the name of the axis up the page."""
        return f"y{self._suffix}"

    @property
    def _suffix(self) -> str:
        return "" if self.number == 1 else str(self.number)

    def axes(self, across: Mapping[str, Any], upward: Mapping[str, Any]) -> None:
        """Give the panel its axes."""
        self.figure.update_layout(
            {
                f"xaxis{self._suffix}": {"anchor": self.y, **across},
                f"yaxis{self._suffix}": {"anchor": self.x, **upward},
            }
        )

    def add(self, trace: type, hover: Iterable[Any] | None = None, **looks: Any) -> None:
        """Add a trace, with the text shown where a pointer rests on each of its marks, if any."""
        if hover is None:
            looks.setdefault("hoverinfo", "skip")
        else:
            looks |= {"customdata": list(hover), "hovertemplate": "%{customdata}<extra></extra>"}
        self.figure.add_trace(trace(xaxis=self.x, yaxis=self.y, **{"showlegend": False, **looks}))

    def points(self, x: Values, y: Values, look: Mapping[str, Any], meta: str, **more: Any) -> None:
        """Draw marks of one look."""
        self.add(go.Scatter, x=x, y=y, mode="markers", marker=dict(look), meta=meta, **more)

    def line(
        self, x: Values, y: Values, colour: str, width: float, meta: str, *, dash: str = "solid", **more: Any
    ) -> None:
        """Draw a line, broken where a value is missing."""
        looks = {"color": colour, "width": width, "dash": dash}
        self.add(go.Scatter, x=x, y=y, mode="lines", line=looks, meta=meta, **more)

    def area(
        self, x: Values, y: Values, colour: str, meta: str, *, edge: str | None = None, **more: Any
    ) -> None:
        """Fill an outline, or several that missing values part."""
        outline = {"mode": "lines", "line": {"color": edge, "width": 1}} if edge else {"mode": "none"}
        self.add(go.Scatter, x=x, y=y, fill="toself", fillcolor=colour, meta=meta, **outline, **more)

    def bars(
        self, at: Sequence[float], spans: Sequence[tuple[float, float]], look: Mapping[str, Any], meta: str,
        *, width: float = 0.5, **more: Any,
    ) -> None:  # fmt: skip
        """Draw bars along the page, each from one value to another."""
        starts, lengths = [start for start, _ in spans], [end - start for start, end in spans]
        self.add(
            go.Bar, orientation="h", y=at, base=starts, x=lengths, width=width, marker=dict(look), meta=meta,
            **more,
        )  # fmt: skip

    def label(
        self, text: str, x: float, y: float, *, size: float = 11.5, colour: str = INK, name: str = "label",
        **more: Any,
    ) -> None:  # fmt: skip
        """Write text beside a place, by default right of it; the place is in the units of the axes."""
        where = {"xref": self.x, "yref": self.y, "xanchor": "left", "yanchor": "middle", **more}
        if where["xref"] == self.x and self.figure.layout[f"xaxis{self._suffix}"].type == "log":
            x = math.log10(x)
        if where["yref"] == self.y and self.figure.layout[f"yaxis{self._suffix}"].type == "log":
            y = math.log10(y)
        self.figure.add_annotation(
            text=text, x=x, y=y, name=name, font={"size": size, "color": colour},
            **{"showarrow": False, **where},
        )  # fmt: skip

    def row_label(self, text: str, y: float, *, gap: int = 12) -> None:
        """Write what a row is, left of the axes."""
        self.label(text, 0, y, xref="paper", xanchor="right", xshift=-gap, align="right", name="row")

    def limit(
        self, value: float, top: float, *, bottom: float = 0.0, meta: str = "limit", **more: Any
    ) -> None:
        """Draw a line up the page at one value."""
        self.line([value, value], [bottom, top], QUIET, 1.3, meta, dash="dash", **more)

    def range_bar(
        self, quantiles: Mapping[float, float], point: float | None, y: float, colour: str, *, end: float,
        hover: str,
    ) -> None:  # fmt: skip
        """Draw 5 to 95 %, 25 to 75 %, the point value and the median; what is infinite ends in an arrow."""
        low, quarter, median, third, high = (min(value, end) for value in quantiles.values())
        self.line([low, high], [y, y], colour, 2, "range")
        self.line([quarter, third], [y, y], colour, 8, "middle")
        if math.isinf(quantiles[0.95]):
            arrow = {"symbol": "triangle-right", "size": 11, "color": colour}
            self.points([end], [y], arrow, "arrow", cliponaxis=False)
        if point:
            self.points([point], [y], _POINT, "point", hover=[hover], cliponaxis=False)
        if math.isfinite(quantiles[0.5]):
            self.points([median], [y], disc("white", colour, width=1.5), "median", hover=[hover])


def range_key(figure: go.Figure) -> None:
    """Say in the legend what the marks of a range are."""
    legend_entry(figure, "5–95 %", mode="lines", line={"color": QUIET, "width": 2})
    legend_entry(figure, "25–75 %", mode="lines", line={"color": QUIET, "width": 8})
    legend_entry(figure, "median", mode="markers", marker=disc("white", QUIET, width=1.5))
    legend_entry(figure, "point value", mode="markers", marker=_POINT)


def levels(places: Sequence[tuple[float, str]], *, width: float, most: int = 3) -> list[int]:
    """Return how many steps up each label is written so that it does not run into the one before.

    Parameters
    ----------
    places
        Where each is along the axis, from 0 to 1 and in order, and its text.
    width
        Length of the axis [px].
    most
        Levels to use in turn.
    """
    steps: list[int] = []
    end = -math.inf
    for share, text in places:
        half = 0.5 * text_width(text)
        steps.append((steps[-1] + 1) % most if steps and share * width - half < end else 0)
        end = share * width + half if steps[-1] == 0 else max(end, share * width + half)
    return steps


def text_width(text: str, letter: float = 6.6) -> float:
    """Return how wide a text is at most, marks left out [px]."""
    lines = text.replace("<b>", "").replace("</b>", "").split("<br>")
    return letter * max(map(len, lines))


def two_lines(name: str, detail: str, width: int) -> str:
    """Return the label of a row: a name, and below it in quiet letters what is to be known of it."""
    lines = [escaped(line) for line in wrapped(name, width, 2)]
    quiet = f'<span style="color:{QUIET};font-size:11px">{escaped(shortened(detail, width + 10))}</span>'
    return "<br>".join([*lines, quiet])
