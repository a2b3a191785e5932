"""A sweep as lines, or as a map with contours; where no run can take place it is hatched."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.outcome import OUTPUTS
from farflung.report.figures.frame import again, cited, framed
from farflung.report.figures.sweep_lines import draw_lines
from farflung.report.figures.sweep_map import BAR_ROOM, draw_map
from farflung.report.figures.sweep_page import along, output_name
from farflung.report.figures.sweep_view import FEASIBLE, Axis, View, scenario_name, view
from farflung.report.figures.words import explained, in_sentence, listed, plain, shortened, shown

if TYPE_CHECKING:
    import xarray as xr


_LINES_HEIGHT, _MAP_HEIGHT, _FACET_HEIGHT = 400, 440, 300
_LEFT, _RIGHT = 92, 40
_BETWEEN, _ABOVE_FACET = 0.035, 26
_COLUMNS = 3
_ROW_GAP = 70
_PANEL_CHARACTERS = 100


def sweep_figure(dataset: xr.Dataset, output: str) -> go.Figure:
    """Return one output of a sweep.

    One long numeric axis gives lines, with the categories (or a few numbers) of another as their colours;
    two give a map with contours. A further short axis gives panels side by side. Over what is left, the
    best is taken, which the title says.

    Parameters
    ----------
    dataset
        What :func:`farflung.analysis.sweep.sweep` returns.
    output
        Name of an output that it holds.

    Raises
    ------
    InputError
        If it holds no such output.
    """
    seen = view(dataset, output)
    figure = go.Figure()
    rows, columns = _layout(seen)
    mapped = seen.y is not None
    (draw_map if mapped else draw_lines)(figure, seen)
    _facets(figure, seen, rows, columns)
    each = (_MAP_HEIGHT if mapped else _LINES_HEIGHT) if rows * columns == 1 else _FACET_HEIGHT
    return framed(
        figure,
        title=_title(seen),
        subtitle=_subtitle(dataset, seen),
        footer=list(_footer(dataset, seen)),
        plot=each * rows,
        left=_LEFT,
        right=BAR_ROOM if mapped else _RIGHT,
        above=_ABOVE_FACET if seen.facet is not None else 12,
    )


def _layout(seen: View) -> tuple[int, int]:
    count = seen.facet.size if seen.facet is not None else 1
    columns = min(count, _COLUMNS if count != _COLUMNS + 1 else 2)
    return math.ceil(count / columns), columns


def _title(seen: View) -> str:
    """Return the finding: the best of the output, where it is, and what it was taken over."""
    name = output_name(seen)
    if seen.output == FEASIBLE:
        return f"{seen.cells - seen.failed:,} of {seen.cells:,} runs can take place as described"
    over = ""
    if seen.over:
        names = listed(in_sentence(axis.title) for axis in seen.over)
        over = f", {'highest' if seen.highest else 'lowest'} over {names},"
    if seen.best is None:
        return f"{name}{over} has no value: no run can take place as described"
    value, at = seen.best
    kept = [axis for axis in (seen.facet, seen.y, seen.series, seen.x) if axis is not None]
    where = ", ".join(
        label if not axis.numeric else f"{in_sentence(axis.title)} = {_short(label)}"
        for axis, label in reversed(list(zip(kept, at, strict=True)))
    )
    return f"{name}{over} {'reaches' if seen.highest else 'falls to'} {shown(value, seen.unit)} at {where}"


def _short(label: str) -> str:
    """Return the label of a value without the word that its axis is named by."""
    return label.removesuffix("\u00a0parameters").removesuffix("\u00a0tokens")


def _subtitle(dataset: xr.Dataset, seen: View) -> str:
    parts = [plain(shortened(scenario_name(dataset) or "Unnamed scenario", 90)) + "."]
    if seen.output in OUTPUTS and OUTPUTS[seen.output].symbol:
        parts.append(f"{explained(seen.output)}.")
    if seen.facet is not None:
        parts.append(f"Panels: {in_sentence(seen.facet.title)}.")
    if seen.series is not None and seen.series.numeric:
        parts.append(f"Colours: {in_sentence(seen.series.title)}.")
    parts += [f"{axis.title}: {axis.labels[0]}." for axis in seen.held]
    if seen.failed and seen.output != FEASIBLE:
        parts.append(f"No run can take place in {seen.failed:,} of {seen.cells:,} cells.")
    return " ".join(parts)


def _footer(dataset: xr.Dataset, seen: View) -> Iterator[str]:
    if seen.thinned:
        yield "Of a long axis every so many-th value is drawn."
    said = {
        key: str(dataset.attrs.get(key, ""))
        for key in ("assumptions", "assumptions_hash", "farflung_version")
    }
    parts = [
        plain(shortened(scenario_name(dataset) or "Unnamed scenario", 90)),
        f"assumptions {plain(said['assumptions'])} ({said['assumptions_hash'][:8]})",
        f"farflung {plain(said['farflung_version'])}",
        f"{seen.cells:,} cells",
    ]
    yield " · ".join(parts)
    yield cited(key for key in str(dataset.attrs.get("sources", "")).split(", ") if key)
    yield again(str(dataset.attrs.get("command", "")) or None)


def _facets(figure: go.Figure, seen: View, rows: int, columns: int) -> None:
    """Place the panels side by side, each below its name; the axes at the edges are the ones labelled."""
    if seen.facet is None:
        return
    wide = (1 - _BETWEEN * (columns - 1)) / columns
    gap = _ROW_GAP / (_FACET_HEIGHT * rows) if rows > 1 else 0.0
    high = (1 - gap * (rows - 1)) / rows
    for place, label in enumerate(seen.facet.labels):
        row, column = divmod(place, columns)
        suffix = "" if place == 0 else str(place + 1)
        left, top = column * (wide + _BETWEEN), 1 - row * (high + gap)
        across, up = figure.layout[f"xaxis{suffix}"], figure.layout[f"yaxis{suffix}"]
        across.update(domain=[left, left + wide], anchor=f"y{suffix}", matches=None if place == 0 else "x")
        up.update(
            domain=[max(top - high, 0.0), top], anchor=f"x{suffix}", matches=None if place == 0 else "y"
        )
        across.tickfont = up.tickfont = {"size": 11}
        if column:
            up.update(showticklabels=False, title=None)
        if columns > 1:
            across.title = None
        figure.add_annotation(
            text=f"<b>{_panel_name(seen.facet, label, columns)}</b>",
            x=left + wide / 2,
            xref="paper",
            xanchor="center",
            y=top,
            yref="paper",
            yanchor="bottom",
            yshift=4,
            showarrow=False,
            font={"size": 12},
            name="facet",
        )
    if columns > 1:
        title = along(seen.x)["title"]["text"]
        figure.add_annotation(
            text=title,
            x=0.5,
            xref="paper",
            xanchor="center",
            y=0,
            yref="paper",
            yanchor="top",
            yshift=-30,
            showarrow=False,
            font={"size": 12.5},
            name="x title",
        )


def _panel_name(facet: Axis, label: str, columns: int) -> str:
    """Return what is above a panel: a word, or a number with what it is of if there is room."""
    whole = f"{facet.title}: {_short(label)}"
    fits = len(whole) <= _PANEL_CHARACTERS // columns
    return whole if facet.numeric and fits else label
