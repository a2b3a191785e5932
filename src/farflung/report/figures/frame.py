"""The frame of every figure: white page, the finding as its title, and a footer that says whence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import plotly.graph_objects as go

from farflung.base.provenance import Provenance
from farflung.catalog.sources import Source
from farflung.report.figures.words import plain, shortened, wrapped

WIDTH = 900
"""Width of every figure [px]; tables of a report and a page of paper hold as much."""
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, "#8C6D1F")
"""Okabe and Ito's palette, which people without full colour vision can tell apart; its yellow is too pale
for lines on white."""
INK, QUIET, LINE, FAINT = "#1A1A1A", "#595F66", "#9AA0A6", "#E6E8EA"
COLOURS = "Cividis"
"""Scale for amounts, alike with and without full colour vision."""
_FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
_MARGIN, _TITLE, _SUBTITLE, _FOOTER = 18, 17, 12.5, 10.5
_TITLE_CHARACTERS, _SUBTITLE_CHARACTERS, _FOOTER_CHARACTERS = 82, 122, 140
_SINGLE = -4
"""Plotly sets a title of one line lower than the first of several [px]."""
_LEGEND_ROW, _SWATCH, _LETTER = 24, 44, 7.0
"""Height of a row of the legend, width of what is before a name, and of a letter, rather too wide [px]."""
_MOST_SOURCES = 12


def framed(
    figure: go.Figure,
    *,
    title: str,
    subtitle: str,
    footer: Sequence[str],
    plot: int,
    left: int = 80,
    right: int = 40,
    above: int = 12,
    below: int = 60,
) -> go.Figure:
    """Return a figure with its page laid out.

    Parameters
    ----------
    figure
        Traces and axes.
    title, subtitle
        The finding in words, and what is shown.
    footer
        Lines below: notes and provenance.
    plot
        Height of the plotting area [px].
    left, right, above, below
        Room around it for labels and titles of axes [px].

    Notes
    -----
    Long because a page's looks are one declaration, read from top to bottom.
    """
    titles, subtitles = wrapped(title, _TITLE_CHARACTERS, 3), wrapped(subtitle, _SUBTITLE_CHARACTERS, 3)
    lines = [line for text in footer if text for line in wrapped(text, _FOOTER_CHARACTERS, 3)]
    head = _MARGIN + 22 * len(titles) + 17 * len(subtitles) + 14
    top = head + _LEGEND_ROW * _legend_rows(figure, WIDTH - left - right) + above
    bottom = below + 14 * len(lines) + 14
    height = top + plot + bottom
    figure.update_layout(
        template="none",
        width=WIDTH,
        height=height,
        margin={"l": left, "r": right, "t": top, "b": bottom, "pad": 0, "autoexpand": False},
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"family": _FONT, "size": 12, "color": INK},
        title={
            "text": f"<b>{'<br>'.join(titles)}</b>",
            "font": {"size": _TITLE},
            "x": _MARGIN / WIDTH,
            "xanchor": "left",
            "y": 1 - (_MARGIN + (8 if len(titles) > 1 else _SINGLE)) / height,
            "yref": "container",
            "yanchor": "top",
        },
        legend={
            "orientation": "h",
            "x": _MARGIN / WIDTH,
            "xref": "container",
            "y": 1 - head / height,
            "yref": "container",
            "yanchor": "top",
            "font": {"size": 12},
            "itemsizing": "trace",
        },
        hoverlabel={"bgcolor": "white", "font": {"family": _FONT, "size": 12}, "align": "left"},
    )
    looks = {
        "gridcolor": FAINT,
        "zeroline": False,
        "linecolor": LINE,
        "tickcolor": LINE,
        "title_font_size": 12.5,
    }
    figure.update_xaxes(ticks="outside", title_standoff=8, **looks)
    figure.update_yaxes(ticklabelstandoff=3, **looks)
    at_edge = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": _MARGIN - left, "align": "left"}
    figure.add_annotation(
        name="subtitle",
        text="<br>".join(subtitles),
        **at_edge,
        yref="paper",
        y=1,
        yanchor="top",
        yshift=top - _MARGIN - 22 * len(titles) - 6,
        font={"size": _SUBTITLE, "color": QUIET},
        showarrow=False,
    )
    figure.add_annotation(
        name="footer",
        text="<br>".join(lines),
        **at_edge,
        yref="paper",
        y=0,
        yanchor="top",
        yshift=-below,
        font={"size": _FOOTER, "color": QUIET},
        showarrow=False,
    )
    _no_mathematics(figure)
    return figure


def _no_mathematics(figure: go.Figure) -> None:
    """Write dollars so that what lies between two of them is not taken for a formula."""
    for text in (figure.layout.title, *figure.layout.annotations):
        if (text.text or "").count("$") > 1:
            text.text = text.text.replace("$", "&#36;")


def _legend_rows(figure: go.Figure, room: int) -> int:
    """Return how many rows a legend takes; where one is too few, all entries get the room of the widest."""
    widths = [_SWATCH + _LETTER * len(trace.name or "") for trace in figure.data if trace.showlegend]
    if sum(widths) <= room:
        return bool(widths)
    return math.ceil(len(widths) / max(1, int(room // max(widths))))


def origin(name: str, provenance: Provenance, *more: str) -> str:
    """Return the line that says what made a figure."""
    parts = [
        plain(shortened(name or "Unnamed scenario", 90)),
        f"assumptions {plain(provenance.assumptions)} ({provenance.assumptions_hash[:8]})",
        f"farflung {provenance.version}",
        *([] if provenance.seed is None else [f"seed {provenance.seed}"]),
        *more,
    ]
    return " · ".join(parts)


def again(command: str | None) -> str:
    """Return the line with the command that gives the result again, where there is one."""
    return f"$ {plain(command)}" if command else ""


def cited(found: Iterable[Source | str]) -> str:
    """Return the line of sources, by their keys in the catalog."""
    keys = [one if isinstance(one, str) else one.key for one in found]
    if not keys:
        return ""
    more = f" and {len(keys) - _MOST_SOURCES} more" if len(keys) > _MOST_SOURCES else ""
    return f"Sources: {', '.join(plain(key) for key in keys[:_MOST_SOURCES])}{more}"


def key(figure: go.Figure, name: str, **looks: Any) -> None:
    """Add an entry to the legend for something drawn by other means."""
    figure.add_trace(go.Scatter(x=[None], y=[None], name=name, showlegend=True, hoverinfo="skip", **looks))


def blank(*, title: str, subtitle: str, footer: Sequence[str], message: str) -> go.Figure:
    """Return a figure that has nothing to draw, and says why."""
    figure = go.Figure()
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    text = "<br>".join(wrapped(message, 90))
    figure.add_annotation(
        text=text,
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        showarrow=False,
        font={"size": 14, "color": QUIET},
    )
    return framed(figure, title=title, subtitle=subtitle, footer=footer, plot=160, below=20)
