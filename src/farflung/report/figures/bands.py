"""Headline answers as bands: every question a group, every assumption set a line of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.base.provenance import version
from farflung.outcome import OUTPUTS
from farflung.report.figures.frame import INK, QUIET, SERIES, cited, framed, key
from farflung.report.figures.sweep_page import axes_of, placed
from farflung.report.figures.words import (
    axis_of,
    bare,
    plain,
    rule_named,
    scale_of,
    scientific,
    shown,
    symbol,
    wrapped,
)

if TYPE_CHECKING:
    from farflung.analysis.headlines import Headlines
    from farflung.analysis.uncertainty import Chance

_QUALITY, _LOCAL, _COST = "quality_adjusted_flop", "local_equivalent_flop", "capital_cost_usd"
_LEFT, _RIGHT = 190, 40
_ROW, _BETWEEN, _GAP, _NAMES = 20, 16, 68, 34
"""Heights of a line, of the room between groups, between panels, and of the limits' names [px]."""
_POINT = {"symbol": "line-ns", "size": 14, "line": {"color": INK, "width": 2.6}}
_ROOM, _FARTHEST = 0.04, 3.0
"""Room beside what is drawn, as a share of the axis; limits up to so many times beyond are drawn."""


@dataclass(frozen=True, slots=True)
class Band:
    """One line: a set's quantiles, infinite where nothing reaches, and its answer at the point values."""

    believed: str
    quantiles: Mapping[float, float]
    point: float | None


@dataclass(frozen=True)
class Panel:
    """Groups of bands on one axis, each with what it answers, and limits through them."""

    title: str
    unit: str
    groups: Mapping[str, Sequence[Band]]
    limits: Mapping[float, str]

    @property
    def height(self) -> int:
        """Return its height without names of limits [px]."""
        return sum(_ROW * len(bands) + _BETWEEN for bands in self.groups.values())

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Return the ends of the axis, as powers of ten."""
        bands = [band for bands in self.groups.values() for band in bands]
        known = [value for band in bands for value in (*band.quantiles.values(), band.point)]
        finite = [value for value in known if value and math.isfinite(value)]
        near = [limit for limit in self.limits if min(finite) / _FARTHEST < limit < max(finite) * _FARTHEST]
        low, high = (math.log10(end(*finite, *near)) for end in (min, max))
        return low - _ROOM * (high - low), high + _ROOM * (high - low)


def bands_figure(found: Headlines) -> go.Figure:
    """Return compute and least cost under every set, with 5 to 95 % of the draws.

    Parameters
    ----------
    found
        What :func:`farflung.analysis.headlines.headlines` returns.
    """
    panels = (_compute(found), _cost(found))
    total = sum(panel.height for panel in panels) + _GAP
    figure = go.Figure()
    top = total
    for number, panel in enumerate(panels, start=1):
        _draw(figure, panel, number, found.sets, [(top - panel.height) / total, top / total])
        top -= panel.height + _GAP
    _legend(figure, found.sets)
    return framed(
        figure,
        title=_title(found),
        subtitle=(
            "Above, published scenarios. Below, the least cost of nodes under the limits of "
            f"{rule_named(found.cheapest[0].question.rule)}, and what the design found costs with as many "
            "nodes as it needs in other draws; an arrow: more do not help."
        ),
        footer=[
            f"farflung {version()} · {found.draws:,} draws · seed {found.seed}",
            "$ farflung headlines --plot headlines.svg",
            cited(
                dict.fromkeys(one for r in found.results.values() for one in r.outcome.citations(_QUALITY))
            ),
        ],
        plot=total,
        left=_LEFT,
        right=_RIGHT,
        above=_NAMES,
        below=62,
    )


def _title(found: Headlines) -> str:
    (name, believed), result = next(iter(found.results.items()))
    quantiles = result.spread(_QUALITY).quantiles
    ends = f"{bare(quantiles[0.05], 'FLOP')} to {shown(quantiles[0.95], 'FLOP')}"
    return f"{name} gives {ends} of {symbol(_QUALITY)} in 5–95 % of the draws of {plain(believed)}"


def _compute(found: Headlines) -> Panel:
    groups: dict[str, list[Band]] = {}
    first = next(iter(found.results))
    for (name, believed), result in found.results.items():
        for output in (_QUALITY, _LOCAL) if name == first[0] else (_QUALITY,):
            spread = result.spread(output)
            own = groups.setdefault(f"{plain(name)}<br><b>{symbol(output)}</b>", [])
            own.append(Band(believed, spread.quantiles, spread.point))
    limits = {one.limit: _limit(one) for one in found.results[first].chances if one.output == _QUALITY}
    return Panel("Compute [FLOP]", "FLOP", groups, limits)


def _limit(chance: Chance) -> str:
    rules = wrapped(", ".join(rule_named(name) for name in chance.rules), 24, 2)
    return "<br>".join([*rules, f"<b>{scientific(chance.limit)}</b>"])


def _cost(found: Headlines) -> Panel:
    groups: dict[str, list[Band]] = {}
    for one in found.cheapest:
        if one.found is not None:
            need = one.need(_COST)
            said = f"Least cost of<br>{scientific(one.target)} FLOP of <b>{symbol(_QUALITY)}</b>"
            groups.setdefault(said, []).append(Band(one.assumptions, need.quantiles, need.point))
    return Panel(OUTPUTS[_COST].meaning, "USD", groups, {})


def _draw(figure: go.Figure, panel: Panel, number: int, sets: Sequence[str], domain: Sequence[float]) -> None:
    low, high = panel.ends
    scale = scale_of((10**low, 10**high), panel.unit)
    title = panel.title if panel.unit == "FLOP" else scale.titled(panel.title)
    placed(
        figure,
        number,
        {**axis_of((10**low, 10**high), scale, log=True), "range": [low, high], "anchor": f"y{number}",
         "title": {"text": f"{title}, logarithmic"}},
        {"range": [0, panel.height], "domain": list(domain), "anchor": f"x{number}", "showgrid": False,
         "tickvals": []},
    )  # fmt: skip
    for limit, name in panel.limits.items():
        if low <= math.log10(limit) <= high:
            _mark_limit(figure, panel, number, limit, name)
    for said, at, bands in _placed_groups(panel):
        _name(figure, said, at + _ROW * len(bands) / 2, number)
        for place, band in enumerate(bands):
            colour = SERIES[sets.index(band.believed) % len(SERIES)]
            _line(figure, band, (colour, 10**high), at + _ROW * (len(bands) - place - 0.5), number)


def _placed_groups(panel: Panel) -> Iterator[tuple[str, float, Sequence[Band]]]:
    """Yield the groups with the height of their lower end above the axis, from the top down."""
    at = float(panel.height)
    for said, bands in panel.groups.items():
        at -= _ROW * len(bands) + _BETWEEN
        yield said, at + _BETWEEN / 2, bands


def _name(figure: go.Figure, said: str, at: float, number: int) -> None:
    figure.add_annotation(
        text=said, x=0, xref="paper", xanchor="right", xshift=-12, align="right", y=at, yref=f"y{number}",
        yanchor="middle", showarrow=False, font={"size": 12},
    )  # fmt: skip


def _line(figure: go.Figure, band: Band, looks: tuple[str, float], at: float, number: int) -> None:
    """Draw 5 to 95 %, 25 to 75 %, the median and the point value; what is infinite ends in an arrow."""
    colour, end = looks
    low, quarter, median, third, high = (min(value, end) for value in band.quantiles.values())
    for span, width, meta in (((low, high), 2, "band"), ((quarter, third), 8, "middle")):
        figure.add_trace(
            go.Scatter(
                x=span, y=[at, at], mode="lines", line={"color": colour, "width": width}, hoverinfo="skip",
                name=band.believed, showlegend=False, meta=meta, **axes_of(number),
            )
        )  # fmt: skip
    if math.isinf(band.quantiles[0.95]):
        _mark(figure, (end, at), number, "arrow", {"symbol": "triangle-right", "size": 11, "color": colour})
    if band.point:
        _mark(figure, (band.point, at), number, "point", _POINT)
    if math.isfinite(band.quantiles[0.5]):
        line = {"color": colour, "width": 1.5}
        looks_of_median = {"symbol": "circle", "size": 9, "color": "white", "line": line}
        _mark(figure, (median, at), number, "median", looks_of_median)


def _mark(
    figure: go.Figure, at: tuple[float, float], number: int, meta: str, looks: dict[str, object]
) -> None:
    figure.add_trace(
        go.Scatter(
            x=at[:1], y=at[1:], mode="markers", marker=looks, showlegend=False, cliponaxis=False, meta=meta,
            hovertemplate="%{x:.3g}<extra></extra>", **axes_of(number),
        )
    )  # fmt: skip


def _mark_limit(figure: go.Figure, panel: Panel, number: int, limit: float, name: str) -> None:
    low, high = panel.ends
    figure.add_trace(
        go.Scatter(
            x=[limit, limit], y=[0, panel.height], mode="lines", hoverinfo="skip", showlegend=False,
            line={"color": QUIET, "width": 1.3, "dash": "dash"}, meta="limit", **axes_of(number),
        )
    )  # fmt: skip
    figure.add_annotation(
        text=name, x=(math.log10(limit) - low) / (high - low), xref="paper", xanchor="center",
        y=panel.height, yref=f"y{number}", yanchor="bottom", showarrow=False, name="limit", font={"size": 11},
    )  # fmt: skip


def _legend(figure: go.Figure, sets: Sequence[str]) -> None:
    for place, believed in enumerate(sets):
        key(figure, believed, mode="lines", line={"color": SERIES[place % len(SERIES)], "width": 6})
    key(figure, "5–95 %", mode="lines", line={"color": QUIET, "width": 2})
    key(figure, "25–75 %", mode="lines", line={"color": QUIET, "width": 8})
    line = {"color": QUIET, "width": 1.5}
    key(
        figure,
        "median",
        mode="markers",
        marker={"symbol": "circle", "size": 9, "color": "white", "line": line},
    )
    key(figure, "point value", mode="markers", marker=_POINT)
