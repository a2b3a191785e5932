"""Distributions on common axes: a histogram of the draws, a strip of quantiles, and limits through them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures.frame import INK, LINE, QUIET, WIDTH, key
from farflung.report.figures.words import axis_of, bare, plain, scale_of, times, wrapped

LEFT, RIGHT = 196, 40
ROW, GAP, _LINE = 92, 58, 15
_SPREADING = 3.0
"""Ratio of the largest to the smallest above which an axis is logarithmic."""
_FEWEST_BINS, _MOST_BINS = 8, 48
_DENSITY_HEIGHT, _DENSITY_BASE, _STRIP = 0.50, 0.28, 0.16
_LETTER, _LEVELS, _LOWER = 6.6, 3, 0.16
"""Width of a letter [px], heights at which limits are named, and how much lower chances are for each."""


@dataclass(frozen=True, slots=True)
class Row:
    """One distribution: its draws, its quantiles, and what is said beside it."""

    name: str
    said: str
    unit: str
    colour: str
    values: np.ndarray
    quantiles: Mapping[float, float]
    point: float | None
    passing: Mapping[float, str] = field(default_factory=dict)
    """What is said at each limit."""

    def text(self, value: float) -> str:
        """Return a value as it is written beside the row."""
        return bare(value, self.unit) if self.unit else times(value)


@dataclass(frozen=True)
class Panel:
    """Distributions on one axis, and the limits on it, each with its name."""

    title: str
    unit: str
    rows: tuple[Row, ...]
    limits: Mapping[float, str]

    @cached_property
    def log(self) -> bool:
        """Return whether the axis is logarithmic."""
        low, high = self._seen
        wide = self.unit == "FLOP" or high > _SPREADING * low or 1.0 in self.limits
        return low > 0 and min(float(row.values.min()) for row in self.rows) > 0 and wide

    @cached_property
    def _seen(self) -> tuple[float, float]:
        """Return the least and the greatest that the axis has to show."""
        values = np.concatenate([row.values for row in self.rows])
        points = [row.point for row in self.rows if row.point is not None]
        shown = [*np.quantile(values, (0.002, 0.998)).tolist(), *self.limits, *points]
        return min(shown), max(shown)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Return the ends of the axis, with room for what is said to the right of the last limit."""
        low, high = self._seen
        if not self.log:
            span = (high - low) or abs(high) or 1.0
            return low - 0.05 * span, high + 0.16 * span
        span = max(math.log10(high / low), 0.05)
        return low / 10 ** (0.05 * span), high * 10 ** (0.16 * span)

    def share(self, value: float) -> float:
        """Return where on the axis a value is, from 0 to 1."""
        low, high = (math.log10(end) for end in self.ends) if self.log else self.ends
        return ((math.log10(value) if self.log else value) - low) / (high - low)

    @cached_property
    def levels(self) -> Mapping[float, int]:
        """Return how high above the axis the name of each limit is, so that near ones do not overlap."""
        found: dict[float, int] = {}
        last, level = -math.inf, 0
        for limit, name in self.limits.items():
            at = self.share(limit) * (WIDTH - LEFT - RIGHT)
            wide = _LETTER * max(len(line) for line in name.replace("<b>", "").split("<br>"))
            level = (level + 1) % _LEVELS if at - last < wide else 0
            found[limit] = level
            last = at
        return found

    @property
    def header(self) -> int:
        """Return the height of the limits' names [px]."""
        return self.lines * _LINE * (1 + max(self.levels.values(), default=0))

    @property
    def lines(self) -> int:
        """Return the most lines that the name of a limit has."""
        return max((name.count("<br>") + 1 for name in self.limits.values()), default=0)

    @property
    def height(self) -> int:
        """Return its height, limits' names included [px]."""
        return ROW * len(self.rows) + self.header


def draw(figure: go.Figure, panel: Panel, number: int, domain: tuple[float, float]) -> None:
    """Draw one panel on its own pair of axes."""
    suffix = "" if number == 1 else str(number)
    axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
    low, high = panel.ends
    log, scale = panel.log, scale_of(panel.ends, panel.unit)
    figure.update_layout(
        {
            f"xaxis{suffix}": {
                **axis_of((low, high), scale, log=log),
                "range": [math.log10(low), math.log10(high)] if log else [low, high],
                "title": {"text": scale.titled(panel.title), "standoff": 8},
                "anchor": f"y{suffix}",
            },
            f"yaxis{suffix}": {
                "range": [0, len(panel.rows)],
                "domain": list(domain),
                "anchor": f"x{suffix}",
                "showgrid": False,
                "tickvals": [],
            },
        }
    )
    for place, row in enumerate(reversed(panel.rows)):
        _distribution(figure, row, place, log, axes)
        _beside(figure, row, place, suffix)
    _limits(figure, panel, axes)


def _distribution(figure: go.Figure, row: Row, place: int, log: bool, axes: dict[str, str]) -> None:
    """Draw a histogram, and below it a strip from 5 to 95 % with the median and the point value."""
    base, strip = place + _DENSITY_BASE, place + _STRIP
    seen = np.log10(row.values) if log else row.values
    if np.ptp(seen) > 1e-9 * max(1.0, float(np.abs(seen).max())):
        bins = len(np.histogram_bin_edges(seen, bins="fd")) - 1
        counts, edges = np.histogram(seen, bins=min(max(bins, _FEWEST_BINS), _MOST_BINS))
        ends = 10**edges if log else edges
        heights = base + _DENSITY_HEIGHT * counts / counts.max()
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([ends[:1], np.repeat(ends, 2)[1:-1], ends[-1:]]),
                y=np.concatenate([[base], np.repeat(heights, 2), [base]]),
                fill="toself",
                fillcolor=f"rgba{(*_rgb(row.colour), 0.35)}",
                mode="lines",
                line={"color": row.colour, "width": 1},
                hoverinfo="skip",
                showlegend=False,
                name=" ".join(filter(None, (row.name, plain(row.said), "draws"))),
                meta="distribution",
                **axes,
            )
        )
    told = [f"{100 * share:g} %: {row.text(value)}" for share, value in row.quantiles.items()]
    low, quarter, median, third, high = row.quantiles.values()
    for span, width in (((low, high), 2), ((quarter, third), 7)):
        figure.add_trace(
            go.Scatter(
                x=list(span),
                y=[strip, strip],
                mode="lines",
                line={"color": row.colour, "width": width},
                hoverinfo="skip",
                showlegend=False,
                meta="strip",
                **axes,
            )
        )
    for value, looks, what in (
        (median, {"symbol": "circle", "color": "white", "size": 9}, "Median"),
        (row.point, {"symbol": "diamond", "color": INK, "size": 10}, "Point value"),
    ):
        if value is not None:
            figure.add_trace(
                go.Scatter(
                    x=[value],
                    y=[strip],
                    mode="markers",
                    showlegend=False,
                    name=what,
                    meta=what,
                    marker={
                        **looks,
                        "line": {"color": row.colour if what == "Median" else "white", "width": 1.5},
                    },
                    hovertemplate=f"{what}: {row.text(value)}<br>{'<br>'.join(told)}<extra></extra>",
                    **axes,
                )
            )


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return red, green, blue


def _beside(figure: go.Figure, row: Row, place: int, suffix: str) -> None:
    """Say left of a distribution what it is, its median and its 5 to 95 %."""
    low, median, high = (row.quantiles[share] for share in (0.05, 0.5, 0.95))
    said = [f'<span style="color:{row.colour}">{plain(line)}</span>' for line in wrapped(row.said, 25, 2)]
    lines = [
        f"<b>{row.name}</b>" if row.name else "",
        *(said if row.said else ()),
        f"median {row.text(median)}",
        f"5 %: {row.text(low)}",
        f"95 %: {row.text(high)}",
    ]
    figure.add_annotation(
        text="<br>".join(filter(None, lines)),
        x=0,
        xref="paper",
        xanchor="right",
        xshift=-10,
        align="right",
        y=place + 0.5,
        yref=f"y{suffix}",
        yanchor="middle",
        showarrow=False,
        font={"size": 11.5},
    )


def _limits(figure: go.Figure, panel: Panel, axes: dict[str, str]) -> None:
    """Draw the limits through all rows of a panel, named above, and in each row the chance to pass them."""
    top = len(panel.rows)
    for limit, name in panel.limits.items():
        figure.add_trace(
            go.Scatter(
                x=[limit, limit],
                y=[0, top],
                mode="lines",
                line={"color": QUIET, "width": 1.3, "dash": "dash"},
                name=name.replace("<br>", " "),
                hoverinfo="name",
                showlegend=False,
                meta="limit",
                **axes,
            )
        )
        place = {"x": panel.share(limit), "xref": "paper", "yref": axes["yaxis"], "showarrow": False}
        figure.add_annotation(
            text=name,
            **place,
            xanchor="center",
            y=top,
            yanchor="bottom",
            name="limit",
            yshift=1 + _LINE * panel.lines * panel.levels[limit],
            font={"size": 11, "color": INK},
        )
        for level, row in enumerate(reversed(panel.rows)):
            if limit in row.passing:
                figure.add_annotation(
                    text=row.passing[limit],
                    **place,
                    xanchor="left",
                    xshift=3,
                    y=level + 0.9 - _LOWER * panel.levels[limit],
                    yanchor="middle",
                    font={"size": 12, "color": INK},
                    bgcolor="rgba(255,255,255,0.85)",
                    name="chance",
                )


def legend(figure: go.Figure) -> None:
    """Say what the marks of a distribution are."""
    key(
        figure,
        "draws",
        mode="markers",
        marker={"symbol": "square", "size": 12, "color": "rgba(89,95,102,0.35)"},
    )
    key(figure, "5–95 %", mode="lines", line={"color": QUIET, "width": 2})
    key(figure, "25–75 %", mode="lines", line={"color": QUIET, "width": 7})
    median = {"symbol": "circle", "size": 9, "color": "white", "line": {"color": QUIET, "width": 1.5}}
    key(figure, "median", mode="markers", marker=median)
    key(figure, "point value", mode="markers", marker={"symbol": "diamond", "size": 10, "color": INK})
    key(
        figure,
        "limit",
        mode="lines",
        line={"color": LINE, "width": 1.3, "dash": "dash"},
    )
