"""Rows of ranges on common axes: quantiles, draws where they are given, and limits through all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures.frame import INK, WIDTH, legend_entry
from farflung.report.figures.marks import DASHED, WHITE, Panel, levels, range_key, square
from farflung.report.figures.scales import numeric_axis, scale_of, widened
from farflung.report.figures.words import multiple, quantity, rule_label, unitless, wrapped

LEFT, RIGHT = 196, 40
_TALL, _SHORT, _BETWEEN, _GAP, _LINE = 92, 20, 16, 66, 15
"""Heights of a row with its draws, of one without, of the room between groups of the latter, between charts,
and of a line of a limit's name [px]."""
_BASE, _DENSITY, _STRIP = 26, 46, 14
"""Where a histogram stands in its row, how high it is, and where the range lies [px]."""
_SPREADING = 3.0
"""Ratio of the largest to the smallest above which an axis is logarithmic."""
_FEWEST_BINS, _MOST_BINS = 8, 48
_LOWER = 15
"""How much lower the chance at a limit is written for each level of its name [px]."""


@dataclass(frozen=True, slots=True)
class Row:
    """One range: its quantiles, infinite where nothing reaches, its point value, and the draws themselves."""

    name: str
    unit: str
    colour: str
    quantiles: Mapping[float, float]
    point: float | None
    values: np.ndarray | None = None
    passing: Mapping[float, str] = field(default_factory=dict)
    """What is said at each limit."""

    @property
    def height(self) -> int:
        """Return its height [px]."""
        return _SHORT if self.values is None else _TALL

    def text(self, value: float) -> str:
        """Return a value as it is written beside the row."""
        return unitless(value, self.unit) if self.unit else multiple(value)

    def hover(self) -> str:
        """Return all that is known of it."""
        quantiles = [f"{100 * share:g} %: {self.text(value)}" for share, value in self.quantiles.items()]
        point = [f"Point value: {quantity(self.point, self.unit)}"] if self.point else []
        return "<br>".join([self.name, *point, *quantiles])

    def reach(self) -> list[float]:
        """Return what an axis has to show of it."""
        ends = self.quantiles.values() if self.values is None else np.quantile(self.values, (0.002, 0.998))
        return [float(value) for value in (*ends, self.point) if value and np.isfinite(value)]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows with one label on their left."""

    label: str
    rows: Sequence[Row]

    @property
    def height(self) -> int:
        """Return its height, with the room before the next [px]."""
        return sum(row.height for row in self.rows) + (_BETWEEN if self.rows[0].values is None else 0)


@dataclass(frozen=True)
class Chart:
    """Groups on one axis, and the limits through them by value, each with its name."""

    title: str
    unit: str
    groups: Sequence[Group]
    limits: Mapping[float, str]

    @property
    def rows(self) -> list[Row]:
        """Return the rows of all groups."""
        return [row for group in self.groups for row in group.rows]

    @cached_property
    def _shown(self) -> tuple[float, float]:
        shown = [*(value for row in self.rows for value in row.reach()), *self.limits]
        return min(shown), max(shown)

    @cached_property
    def log(self) -> bool:
        """Return whether the axis is logarithmic."""
        low, high = self._shown
        wide = self.unit == "FLOP" or high > _SPREADING * low or 1.0 in self.limits
        return low > 0 and wide and all(row.values is None or row.values.min() > 0 for row in self.rows)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Return the ends of the axis, with room for what is said right of the last limit."""
        labelled = any(row.passing for row in self.rows)
        return widened(*self._shown, log=self.log, before=0.05, after=0.16 if labelled else 0.05)

    def share(self, value: float) -> float:
        """Return where on the axis a value is, from 0 to 1."""
        low, high, at = np.log10((*self.ends, value)) if self.log else (*self.ends, value)
        return float((at - low) / (high - low))

    @cached_property
    def levels(self) -> Mapping[float, int]:
        """Return how high above the axis the name of each limit is, so that near ones do not overlap."""
        places = [(self.share(limit), name) for limit, name in sorted(self.limits.items())]
        return dict(zip(sorted(self.limits), levels(places, width=WIDTH - LEFT - RIGHT), strict=True))

    @property
    def name_lines(self) -> int:
        """Return the most lines that the name of a limit has."""
        return max((name.count("<br>") + 1 for name in self.limits.values()), default=0)

    @property
    def header(self) -> int:
        """Return the height of the limits' names [px]."""
        return self.name_lines * _LINE * (1 + max(self.levels.values(), default=0))

    @property
    def height(self) -> int:
        """Return the height of the rows [px]."""
        return sum(group.height for group in self.groups)


def draw_charts(figure: go.Figure, charts: Sequence[Chart]) -> int:
    """Draw charts one below the other, with their legend; return the height of all [px]."""
    total = sum(chart.height + chart.header for chart in charts) + _GAP * (len(charts) - 1)
    top = total
    for number, chart in enumerate(charts, start=1):
        top -= chart.header
        _draw(Panel(figure, number), chart, ((top - chart.height) / total, top / total))
        top -= chart.height + _GAP
    if any(row.values is not None for chart in charts for row in chart.rows):
        legend_entry(figure, "draws", mode="markers", marker=square("rgba(89,95,102,0.35)"))
    range_key(figure)
    if any(chart.limits for chart in charts):
        legend_entry(figure, "limit", mode="lines", line=DASHED)
    return total


def near(limit: float, rows: Sequence[Row], farthest: float) -> bool:
    """Return whether a limit is near enough to some ranges to be drawn: within so many times either end."""
    ends = [value for row in rows for value in (row.reach() if row.values is None else row.values)]
    least, most = float(min(ends)), float(max(ends))
    if least <= 0 or limit <= 0:
        return 2 * least - most <= limit <= 2 * most - least
    return least / farthest <= limit <= most * farthest


def limit_name(rules: Iterable[str], value: str, width: int) -> str:
    """Return what is written above a limit: the rules that set it, and its value."""
    names = ", ".join(map(rule_label, rules))
    return "<br>".join([*(wrapped(names, width, 2) if names else []), f"<b>{value}</b>"])


def _draw(panel: Panel, chart: Chart, domain: tuple[float, float]) -> None:
    scale = scale_of(chart.ends, chart.unit)
    panel.axes(
        numeric_axis(chart.ends, scale, log=chart.log, title=chart.title),
        {"range": [0, chart.height], "domain": list(domain), "showgrid": False, "tickvals": []},
    )
    _limits(panel, chart)
    bottom = float(chart.height)
    for group in chart.groups:
        bottom -= group.height
        room = group.height - sum(row.height for row in group.rows)
        panel.row_label(group.label, bottom + group.height / 2)
        for row, base in _bases(group, bottom + room / 2):
            middle = row.height / 2 if row.values is None else _STRIP
            panel.range_bar(
                row.quantiles, row.point, base + middle, row.colour, end=chart.ends[1], hover=row.hover()
            )
            if row.values is not None:
                _histogram(panel, row, base + _BASE, chart.log)
            for limit, text in row.passing.items():
                if limit in chart.limits:
                    panel.label(
                        text, limit, base + row.height - 8 - _LOWER * chart.levels[limit], size=12, xshift=3,
                        bgcolor=WHITE, name="chance",
                    )  # fmt: skip


def _bases(group: Group, bottom: float) -> Iterator[tuple[Row, float]]:
    """Yield the rows of a group from the lowest up, each with the height at which it begins."""
    for row in reversed(group.rows):
        yield row, bottom
        bottom += row.height


def _histogram(panel: Panel, row: Row, base: float, log: bool) -> None:
    """Draw how the draws of a row are distributed, along the axis as it is."""
    assert row.values is not None
    seen = np.log10(row.values) if log else row.values
    if np.ptp(seen) <= 1e-9 * max(1.0, float(np.abs(seen).max())):
        return
    bins = len(np.histogram_bin_edges(seen, bins="fd")) - 1
    counts, edges = np.histogram(seen, bins=min(max(bins, _FEWEST_BINS), _MOST_BINS))
    heights = base + _DENSITY * counts / counts.max()
    x = [end for pair in pairwise(10**edges if log else edges) for end in pair]
    panel.area(
        [x[0], *x, x[-1]], [base, *np.repeat(heights, 2), base], _faded(row.colour), "distribution",
        edge=row.colour, name=row.name,
    )  # fmt: skip


def _faded(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"


def _limits(panel: Panel, chart: Chart) -> None:
    """Draw the limits through all rows, named above."""
    for limit, name in chart.limits.items():
        panel.limit(limit, chart.height, name=name.replace("<br>", " "), hoverinfo="name")
        panel.label(
            name, limit, chart.height, xanchor="center", yanchor="bottom", size=11, colour=INK, name="limit",
            yshift=1 + _LINE * chart.name_lines * chart.levels[limit],
        )  # fmt: skip
