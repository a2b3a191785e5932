"""A sweep as lines, or as a map with contours; where no run can take place it is hatched."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.outcome import OUTPUTS
from farflung.report.figures import words
from farflung.report.figures.frame import framed, made_by, repeated_by, sources_line
from farflung.report.figures.marks import Panel
from farflung.report.figures.sweep_lines import draw_lines
from farflung.report.figures.sweep_map import BAR_ROOM, draw_map
from farflung.report.figures.sweep_view import FEASIBLE, Axis, View, scenario_name, view

if TYPE_CHECKING:
    import xarray as xr

_LINES_HEIGHT, _MAP_HEIGHT, _FACET_HEIGHT = 400, 440, 300
_LEFT, _RIGHT = 92, 40
_BETWEEN, _ABOVE_FACET, _ROW_GAP = 0.035, 26, 70
"""Room between panels, above each for its name [px], and between rows of them [px]."""
_COLUMNS, _NARROW_LINES, _NARROW_MAP = 3, 340, 420
"""Panels side by side, and the width that one needs [px]."""
_PANEL_CHARACTERS = 100


def sweep_figure(result: xr.Dataset, output: str | None = None) -> go.Figure:
    """Return one output of a sweep.

    One long numeric axis gives lines, with the categories (or a few numbers) of another as their colours;
    two give a map with contours. A further short axis gives panels side by side. Over what is left, the
    best is taken, which the title says.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.sweep.sweep` returns.
    output
        Name of an output that it holds; the first unless given.

    Raises
    ------
    InputError
        If it holds no such output.
    """
    names = sorted(map(str, result.data_vars), key=lambda name: name == FEASIBLE)
    sweep = view(result, output or names[0])
    figure = go.Figure()
    rows, columns = _layout(sweep)
    mapped = sweep.y is not None
    (draw_map if mapped else draw_lines)(figure, sweep)
    if sweep.facet is not None:
        _facets(figure, sweep, sweep.facet, rows, columns)
    each = (_MAP_HEIGHT if mapped else _LINES_HEIGHT) if rows * columns == 1 else _FACET_HEIGHT
    return framed(
        figure,
        title=_title(sweep),
        subtitle=_subtitle(result, sweep),
        footer=_footer(result, sweep),
        plot=each * rows,
        left=_LEFT,
        right=BAR_ROOM if mapped else _RIGHT,
        above=_ABOVE_FACET if sweep.facet is not None else 12,
        narrowest=(_NARROW_MAP if mapped else _NARROW_LINES) * columns,
    )


def _layout(sweep: View) -> tuple[int, int]:
    count = sweep.facet.size if sweep.facet is not None else 1
    columns = min(count, _COLUMNS if count != _COLUMNS + 1 else 2)
    return math.ceil(count / columns), columns


def _title(sweep: View) -> str:
    """Return the finding: the best of the output, where it is, and what it was taken over."""
    if sweep.output == FEASIBLE:
        return f"{sweep.cells - sweep.failed:,} of {sweep.cells:,} runs can take place as described"
    best = "highest" if sweep.highest else "lowest"
    over = words.enumerated(words.lower_first(axis.title) for axis in sweep.over) if sweep.over else ""
    if sweep.best is None:
        return f"{sweep.name} has no value: no run can take place as described"
    value, at = sweep.best
    low, high = sweep.reach
    if low == high and sweep.failed == 0 and not over and max(axis.size for axis in sweep.drawn) > 1:
        return f"{sweep.name} is {words.quantity(value, sweep.unit)} everywhere"
    where = ", ".join(
        f"{words.lower_first(axis.title)}\u00a0=\u00a0{_short(label)}" if axis.numeric else label
        for axis, label in reversed(list(zip(sweep.drawn, at, strict=True)))
    )
    taken = f" over {over}" if over else ""
    return f"{sweep.name} is {best}{taken}, {words.quantity(value, sweep.unit)}, for {where}"


def _short(label: str) -> str:
    """Return the label of a value without the word that its axis is named by."""
    return label.removesuffix("\u00a0parameters").removesuffix("\u00a0tokens")


def _subtitle(result: xr.Dataset, sweep: View) -> str:
    parts = [words.scenario_label(scenario_name(result), 90) + "."]
    if sweep.output in OUTPUTS and OUTPUTS[sweep.output].symbol:
        parts.append(f"{words.symbol_and_meaning(sweep.output)}.")
    if sweep.facet is not None:
        parts.append(f"Panels: {words.lower_first(sweep.facet.title)}.")
    if sweep.series is not None and sweep.series.numeric:
        parts.append(f"Colours: {words.lower_first(sweep.series.title)}.")
    parts += [f"{axis.title}: {axis.labels[0]}." for axis in sweep.held]
    if sweep.failed and sweep.output != FEASIBLE:
        parts.append(f"No run can take place in {sweep.failed:,} of {sweep.cells:,} cells.")
    return " ".join(parts)


def _footer(result: xr.Dataset, sweep: View) -> Iterator[str]:
    if sweep.thinned:
        yield "Of a long axis every so many-th value is drawn."
    assumptions, digest, version, sources, command = (
        str(result.attrs.get(key, ""))
        for key in ("assumptions", "assumptions_hash", "farflung_version", "sources", "command")
    )
    name = scenario_name(result) or "Unnamed scenario"
    yield made_by(assumptions, digest, f"{sweep.cells:,} cells", name=name, by=version)
    yield sources_line(key for key in sources.split(", ") if key)
    yield repeated_by(command)


def _facets(figure: go.Figure, sweep: View, facet: Axis, rows: int, columns: int) -> None:
    """Place the panels side by side, each below its name; the axes at the edges are the ones labelled."""
    wide = (1 - _BETWEEN * (columns - 1)) / columns
    gap = _ROW_GAP / (_FACET_HEIGHT * rows) if rows > 1 else 0.0
    high = (1 - gap * (rows - 1)) / rows
    on_page = {"xref": "paper", "yref": "paper", "xanchor": "center"}
    for place, label in enumerate(facet.labels):
        row, column = divmod(place, columns)
        left, top = column * (wide + _BETWEEN), 1 - row * (high + gap)
        both = {"tickfont": {"size": 11}}
        Panel(figure, place + 1).axes(
            {**both, "domain": [left, left + wide], "matches": "x" if place else None},
            {**both, "domain": [max(top - high, 0.0), top], "matches": "y" if place else None},
        )
        across, up = (
            figure.layout[f"xaxis{place + 1 if place else ''}"],
            figure.layout[f"yaxis{place + 1 if place else ''}"],
        )
        if column:
            up.update(showticklabels=False, title=None)
        if columns > 1:
            across.title = None
        Panel(figure).label(
            f"<b>{_panel_name(facet, label, columns)}</b>", left + wide / 2, top, size=12, yanchor="bottom",
            yshift=4, name="facet", **on_page,
        )  # fmt: skip
    if columns > 1:
        title = sweep.x.layout()["title"]["text"]
        Panel(figure).label(title, 0.5, 0, size=12.5, yanchor="top", yshift=-30, name="x title", **on_page)


def _panel_name(facet: Axis, label: str, columns: int) -> str:
    """Return what is above a panel: a word, or a number with what it is of if there is room."""
    whole = f"{facet.title}: {_short(label)}"
    fits = len(whole) <= _PANEL_CHARACTERS // columns
    return whole if facet.numeric and fits else label
