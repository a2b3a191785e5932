"""The frame of every figure: white page, the finding as its title, and a footer that says what made it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from farflung.base.provenance import Provenance, version
from farflung.base.results import Result
from farflung.catalog.sources import Source
from farflung.report.figures.words import escaped, shortened, wrapped

WIDTH = 900
"""Width of an image [px]; tables of a report and a page of paper hold as much. A page of HTML has its own."""
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK, "#8C6D1F")
"""Okabe and Ito's palette, which people without full colour vision can tell apart; its yellow is too pale
for lines on white."""
INK, QUIET, LINE, FAINT = "#1A1A1A", "#595F66", "#9AA0A6", "#E6E8EA"
COLOURS = "Cividis"
"""Scale for amounts, alike with and without full colour vision."""
WORDS = frozenset({"subtitle", "footer"})
"""Names of the annotations that a page of HTML has as text instead."""
_FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
_MARGIN, _TITLE, _SUBTITLE, _FOOTER = 18, 17, 12.5, 11
_TITLE_CHARACTERS, _SUBTITLE_CHARACTERS, _FOOTER_CHARACTERS = 82, 122, 135
_SINGLE = -4
"""Plotly sets a title of one line lower than the first of several [px]."""
_LEGEND_ROW, _SWATCH, _LETTER, _APART = 24, 46, 6.6, 10
"""Height of a row of the legend, widths of what is before a name, of a letter, and between entries [px]."""
_MOST_SOURCES = 12
_LOOKS = {
    "template": "none",
    "width": WIDTH,
    "paper_bgcolor": "white",
    "plot_bgcolor": "white",
    "font": {"family": _FONT, "size": 12, "color": INK},
    "hoverlabel": {"bgcolor": "white", "font": {"family": _FONT, "size": 12}, "align": "left"},
    "legend": {"itemsizing": "trace", "traceorder": "normal"},
}
_AXIS = {
    "gridcolor": FAINT,
    "zeroline": False,
    "linecolor": LINE,
    "tickcolor": LINE,
    "title_font_size": 12.5,
}


def framed(
    figure: go.Figure,
    *,
    title: str,
    subtitle: str,
    footer: Iterable[str],
    plot: int,
    left: int = 80,
    right: int = 40,
    above: int = 12,
    below: int = 60,
    narrowest: int = WIDTH - 2 * _MARGIN,
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
    narrowest
        Width down to which its labels do not meet on a page that is narrower than an image [px].
    """
    notes = [text for text in footer if text]
    titles, subtitles = wrapped(title, _TITLE_CHARACTERS, 3), wrapped(subtitle, _SUBTITLE_CHARACTERS, 3)
    lines = [line for text in notes for line in wrapped(text, _FOOTER_CHARACTERS, 3)]
    _widen_legend(figure)
    head = _MARGIN + 22 * len(titles) + 17 * len(subtitles) + 14
    top = head + legend_height(figure, WIDTH - left - right) + above
    bottom = below + 15 * len(lines) + 14
    height = top + plot + bottom
    at_edge = {"x": _MARGIN / WIDTH, "yref": "container", "yanchor": "top"}
    higher = _MARGIN + (8 if len(titles) > 1 else _SINGLE)
    figure.update_layout(
        _LOOKS,
        height=height,
        margin={"l": left, "r": right, "t": top, "b": bottom, "pad": 0, "autoexpand": False},
        title={
            "text": f"<b>{'<br>'.join(titles)}</b>", "font": {"size": _TITLE}, "xanchor": "left",
            "y": 1 - higher / height, **at_edge,
        },
        legend={"orientation": "h", "xref": "container", "y": 1 - head / height, **at_edge},
        meta={
            "title": title, "subtitle": subtitle, "footer": notes, "heights": [above, plot, below],
            "narrowest": narrowest,
        },
    )  # fmt: skip
    figure.update_xaxes(ticks="outside", title_standoff=8, **_AXIS)
    figure.update_yaxes(ticklabelstandoff=3, **_AXIS)
    _beside(figure, "subtitle", subtitles, _SUBTITLE, left, y=1, yshift=top - _MARGIN - 22 * len(titles) - 6)
    _beside(figure, "footer", lines, _FOOTER, left, y=0, yshift=-below)
    _escape_dollars(figure)
    return figure


def _widen_legend(figure: go.Figure) -> None:
    """Give every name in the legend its own room, so that none runs into what comes next."""
    for trace in figure.data:
        if trace.showlegend:
            trace.legendwidth = _LETTER * len(trace.name or "") + _APART


def _beside(
    figure: go.Figure, name: str, lines: Sequence[str], size: float, left: int, *, y: int, yshift: int
) -> None:
    """Write lines at the left edge of the page, above or below the plotting area."""
    figure.add_annotation(
        name=name,
        text="<br>".join(lines),
        x=0,
        xref="paper",
        xanchor="left",
        xshift=_MARGIN - left,
        align="left",
        y=y,
        yref="paper",
        yanchor="top",
        yshift=yshift,
        font={"size": size, "color": QUIET},
        showarrow=False,
    )


def _escape_dollars(figure: go.Figure) -> None:
    """Write dollars so that a notebook does not take what lies between two of them for a formula."""
    for text in (figure.layout.title, *figure.layout.annotations):
        if (text.text or "").count("$") > 1:
            text.text = text.text.replace("$", "&#36;")


def legend_height(figure: go.Figure, room: int) -> int:
    """Return the height of the legend in a room of some width [px]: one row if it fits, else columns."""
    widths = [_SWATCH + trace.legendwidth for trace in figure.data if trace.showlegend]
    if sum(widths) <= room:
        return _LEGEND_ROW * bool(widths)
    return _LEGEND_ROW * math.ceil(len(widths) / max(1, int(room // max(widths))))


def legend_entry(figure: go.Figure, name: str, **looks: Any) -> None:
    """Add an entry to the legend for something drawn by other means."""
    figure.add_trace(go.Scatter(x=[None], y=[None], name=name, showlegend=True, hoverinfo="skip", **looks))


def blank(*, title: str, subtitle: str, footer: Iterable[str], message: str) -> go.Figure:
    """Return a figure that has nothing to draw, and says why."""
    figure = go.Figure()
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text="<br>".join(wrapped(message, 90)),
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
        showarrow=False,
        font={"size": 14, "color": QUIET},
    )
    return framed(figure, title=title, subtitle=subtitle, footer=footer, plot=160, below=20)


def origin(name: str, provenance: Provenance, *more: str) -> str:
    """Return the line that says what made a figure of a scenario."""
    return made_by(
        provenance.assumptions,
        provenance.assumptions_hash,
        *([] if provenance.seed is None else [f"seed {provenance.seed}"]),
        *more,
        name=name or "Unnamed scenario",
        by=provenance.version,
    )


def made_by(assumptions: str, digest: str, *more: str, name: str = "", by: str = "") -> str:
    """Return the line that names a scenario, the assumptions with their hash, and the version of farflung."""
    parts = [
        escaped(shortened(name, 90)),
        f"assumptions {escaped(assumptions)}{f' ({digest[:8]})' if digest else ''}" if assumptions else "",
        f"farflung {escaped(by or version())}",
        *more,
    ]
    return " · ".join(filter(None, parts))


def closing(result: Result) -> Iterator[str]:
    """Yield the last lines of a result's figure: its sources, and the command that gives it again."""
    yield sources_line(result.citations())
    yield repeated_by(result.command)


def repeated_by(command: str | None) -> str:
    """Return the line with the command that gives the result again, where there is one."""
    return f"$ {escaped(command)}" if command else ""


def sources_line(sources: Iterable[Source | str]) -> str:
    """Return the line of sources, by their keys in the catalog."""
    keys = list(dict.fromkeys(source if isinstance(source, str) else source.key for source in sources))
    if not keys:
        return ""
    more = f" and {len(keys) - _MOST_SOURCES} more" if len(keys) > _MOST_SOURCES else ""
    return f"Sources: {', '.join(map(escaped, keys[:_MOST_SOURCES]))}{more}"
