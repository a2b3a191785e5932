"""What moves an answer: a tornado of the inputs one by one, and their shares in the variance beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.report.figures.frame import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    QUIET,
    SKY,
    VERMILION,
    again,
    blank,
    cited,
    framed,
    key,
    origin,
)
from farflung.report.figures.words import (
    axis_of,
    bare,
    capitalised,
    explained,
    in_sentence,
    input_named,
    percent,
    plain,
    scale_of,
    shortened,
    shown,
    symbol,
    wrapped,
)

if TYPE_CHECKING:
    from farflung.analysis.sensitivity import Bar, Index, SensitivityResult

_MOST_ROWS = 14
_ROW = 46
_LEFT = 226
_TORNADO, _SHARES = (0.0, 0.64), (0.73, 1.0)
_ROOM = 0.36
"""Room for labels at either end of the tornado, as a share of what the bars span."""
_KNOWN = {
    "measured": ("measured", BLUE, ""),
    "fitted": ("fitted", SKY, ""),
    "lever": ("lever", GREEN, "x"),
}
_EVIDENCE_LEVELS = {
    "measured": "a range that was measured",
    "fitted": "the spread of fits to data",
    "lever": "somebody's choice",
    "prior": "a judgement, with no measurement behind its range",
}
_PRIOR = ("prior", ORANGE, "/")


def sensitivity_figure(result: SensitivityResult) -> go.Figure:
    """Return the tornado of an output, and beside it each input's share in its variance.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.sensitivity.sensitivity` returns.
    """
    footer = list(_footer(result))
    name = plain(shortened(result.scenario.name or "Unnamed scenario", 80))
    if not result.bars and not result.indices:
        return blank(
            title=f"Nothing that is uncertain moves {symbol(result.output)}",
            subtitle=name,
            footer=footer,
            message=f"{explained(result.output)}: {shown(result.point, result.unit)} whatever is drawn",
        )
    bars = result.bars[:_MOST_ROWS]
    rows = len(bars)
    figure = go.Figure()
    levels = {bar.name: rows - place for place, bar in enumerate(bars)}
    ends = _tornado(figure, result, bars)
    for bar in bars:
        _labels(figure, result, bar, levels[bar.name])
    _shares(figure, result, levels)
    _axes(figure, result, bars, ends)
    _legend(figure, bars)
    point = shown(result.point, result.unit)
    what = "its logarithm" if result.scale == "log10" else "it"
    return framed(
        figure,
        title=_title(result),
        subtitle=f"{name}. {explained(result.output)}; at the point values {point}. Left: each input from "
        f"its low to its high end, the others held. Right: share of the variance of {what}, with all that an "
        "input acts together with (total Sobol index, 95 % interval).",
        footer=footer,
        plot=_ROW * rows + 12,
        left=_LEFT,
        right=56,
        above=10,
    )


def _title(result: SensitivityResult) -> str:
    """Return the finding: what moves the output most, and what causes most of its variance."""
    name = symbol(result.output)
    top = result.indices[0] if result.indices else None
    if not result.bars:
        return f"{name}: {_lower(top.name)} causes {percent(_share(top))} of the variance" if top else name
    bar = result.bars[0]
    title = f"{name} depends most on {_lower(bar.name)}"
    if bar.low is None or bar.high is None:
        title += ", which can make the run infeasible"
    else:
        low, high = sorted((bar.low, bar.high))
        title += f": from {bare(low, result.unit)} to {shown(high, result.unit)}"
    if top is None:
        return title
    who = "" if top.name == bar.name else f", by {_lower(top.name)}"
    return f"{title}, and {percent(_share(top))} of the variance{who}"


def _lower(name: str) -> str:
    return plain(in_sentence(input_named(name)))


def _share(index: Index) -> float:
    return min(max(index.total, 0.0), 1.0)


def _evidence_level(bar: Bar) -> tuple[str, str, str]:
    return _KNOWN.get(bar.evidence_level, _PRIOR)


def _reach(result: SensitivityResult, bar: Bar) -> tuple[float, float] | None:
    """Return what a bar spans, the point value included; nothing where neither end is feasible."""
    values = [value for value in (bar.low, bar.high, result.point) if value is not None]
    return (min(values), max(values)) if values else None


def _is_log(result: SensitivityResult) -> bool:
    values = [
        value for bar in result.bars for value in (bar.low, bar.high, result.point) if value is not None
    ]
    return result.scale == "log10" and bool(values) and min(values) > 0


def _tornado(figure: go.Figure, result: SensitivityResult, bars: tuple[Bar, ...]) -> tuple[float, float]:
    """Draw the bars, and return the ends of what they span."""
    rows = len(bars)
    for evidence_level in dict.fromkeys(_evidence_level(bar) for bar in bars):
        some = [
            (rows - place, *reach, bar)
            for place, bar in enumerate(bars)
            if _evidence_level(bar) == evidence_level and (reach := _reach(result, bar))
        ]
        said, colour, hatch = evidence_level
        figure.add_trace(
            go.Bar(
                orientation="h",
                y=[row for row, *_ in some],
                base=[low for _, low, _, _ in some],
                x=[high - low for _, low, high, _ in some],
                width=0.46,
                name=said,
                showlegend=False,
                marker={
                    "color": colour,
                    "line": {"color": colour, "width": 1},
                    "pattern": _pattern(hatch, colour),
                },
                customdata=[_hover(result, bar) for *_, bar in some],
                meta="tornado",
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    reaches = [reach for bar in bars if (reach := _reach(result, bar))]
    low, high = min((a for a, _ in reaches), default=0.0), max((b for _, b in reaches), default=1.0)
    if result.point is not None:
        figure.add_trace(
            go.Scatter(
                x=[result.point, result.point],
                y=[0.4, rows + 0.6],
                mode="lines",
                name="point value",
                line={"color": INK, "width": 1.5},
                hoverinfo="skip",
                showlegend=False,
                meta="point",
            )
        )
    return low, high


def _pattern(hatch: str, colour: str) -> dict[str, object]:
    return {
        "shape": hatch,
        "fgcolor": "white",
        "bgcolor": colour,
        "fillmode": "replace",
        "size": 7,
        "solidity": 0.28,
    }


def _hover(result: SensitivityResult, bar: Bar) -> str:
    low, high = shown(bar.low, result.unit), shown(bar.high, result.unit)
    name = plain(input_named(bar.name))
    return (
        f"<b>{name}</b> ({bar.evidence_level})<br>{plain(_range(bar))}<br>low end: {low}<br>high end: {high}"
    )


def _range(bar: Bar) -> str:
    """Return the ends of an input, the unit once."""
    if bar.kind == "law":
        return "5 to 95 % of its fits to the data"
    if isinstance(bar.low_input, str) or isinstance(bar.high_input, str):
        return f"{bar.low_input} … {bar.high_input}"
    low, high = shown(bar.low_input, bar.unit), shown(bar.high_input, bar.unit)
    number, _, unit = high.partition("\u00a0")
    return f"{low.removesuffix(chr(0xA0) + unit) if unit else low} … {number} {unit}".strip()


def _labels(figure: go.Figure, result: SensitivityResult, bar: Bar, row: int) -> None:
    """Mark the ends of a bar, hollow where the input is low and full where it is high, and say them."""
    colour = _evidence_level(bar)[1]
    places = [(bar.low, "white"), (bar.high, colour)]
    figure.add_trace(
        go.Scatter(
            x=[value for value, _ in places if value is not None],
            y=[row for value, _ in places if value is not None],
            mode="markers",
            showlegend=False,
            hoverinfo="skip",
            meta="ends",
            marker={
                "size": 9,
                "color": [fill for value, fill in places if value is not None],
                "line": {"color": INK, "width": 1.2},
            },
        )
    )
    reach = _reach(result, bar)
    if reach is None:
        return
    low, high = (value for value in reach)
    missing = bar.low is None or bar.high is None
    texts = {low: bare(low, result.unit), high: bare(high, result.unit)}
    for value, side, shift in ((low, "right", -8), (high, "left", 8)):
        if missing and value == result.point:
            text = "not feasible"
        elif value == result.point:
            continue  # the bar goes to one side only, and the point value is told above
        else:
            text = texts[value]
        figure.add_annotation(
            text=text,
            x=math.log10(value) if _is_log(result) else value,
            y=row,
            xanchor=side,
            xshift=shift,
            showarrow=False,
            font={"size": 11, "color": VERMILION if text == "not feasible" else INK},
            bgcolor="rgba(255,255,255,0.7)",
            name="end",
        )


def _shares(figure: go.Figure, result: SensitivityResult, levels: dict[str, int]) -> None:
    """Draw the total indices on the rows of the tornado."""
    found = [index for index in result.indices if index.name in levels]
    known = {bar.name: _evidence_level(bar) for bar in result.bars}
    for evidence_level in dict.fromkeys(known[index.name] for index in found):
        some = [index for index in found if known[index.name] == evidence_level]
        said, colour, hatch = evidence_level
        figure.add_trace(
            go.Bar(
                orientation="h",
                y=[levels[one.name] for one in some],
                x=[_share(one) for one in some],
                width=0.46,
                name=said,
                showlegend=False,
                xaxis="x2",
                yaxis="y2",
                meta="total index",
                marker={
                    "color": colour,
                    "line": {"color": colour, "width": 1},
                    "pattern": _pattern(hatch, colour),
                },
                error_x={
                    "array": [one.total_error for one in some],
                    "color": INK,
                    "thickness": 1.2,
                    "width": 3,
                },
                customdata=[f"alone {percent(min(max(one.first, 0.0), 1.0))}" for one in some],
                hovertemplate="total %{x:.1%}<br>%{customdata}<extra></extra>",
            )
        )
    for one in found:
        figure.add_annotation(
            text=percent(_share(one)),
            x=min(_share(one) + one.total_error, 1.0),
            y=levels[one.name],
            xref="x2",
            yref="y2",
            xanchor="left",
            xshift=6,
            showarrow=False,
            font={"size": 11},
            name="share",
        )
    if not found:
        figure.add_annotation(
            text="<br>".join(wrapped(next(iter(result.notes), "no Sobol indices"), 26)),
            x=0.5,
            xref="x2 domain",
            y=0.5,
            yref="y2 domain",
            showarrow=False,
            font={"color": QUIET},
        )
        figure.add_trace(go.Scatter(x=[None], y=[None], xaxis="x2", yaxis="y2", showlegend=False))


def _axes(
    figure: go.Figure, result: SensitivityResult, bars: tuple[Bar, ...], ends: tuple[float, float]
) -> None:
    log, rows = _is_log(result), len(bars)
    low, high = (math.log10(end) for end in ends) if log else ends
    room = _ROOM * ((high - low) or 1.0)
    span = (low - room, high + room)
    values = [10**end for end in span] if log else list(span)
    scale = scale_of([*ends, result.point or ends[0]], result.unit, power=True)
    title = scale.titled(symbol(result.output)) + (", logarithmic" if log else "")
    labels = [_name(bar) for bar in bars]
    both = {"range": [0.35, rows + 0.65], "showgrid": False, "tickvals": list(range(rows, 0, -1))}
    figure.update_layout(
        xaxis={
            **axis_of(values, scale, log=log, most=6),
            "range": list(span),
            "domain": list(_TORNADO),
            "title": {"text": title},
            "anchor": "y",
        },
        yaxis={**both, "ticktext": labels, "anchor": "x", "ticks": ""},
        xaxis2={
            "range": [0, 1.12],
            "domain": list(_SHARES),
            "anchor": "y2",
            "tickvals": [0, 0.5, 1.0],
            "ticktext": ["0 %", "50 %", "100 %"],
            "title": {"text": "Share of the variance"},
        },
        yaxis2={**both, "showticklabels": False, "anchor": "x2", "ticks": ""},
        barmode="overlay",
    )


def _name(bar: Bar) -> str:
    """Return the label of a row: the input in words, and below it its ends."""
    lines = [plain(line) for line in wrapped(input_named(bar.name), 34, 2)]
    return "<br>".join([*lines, f'<span style="color:{QUIET};font-size:10.5px">{plain(_range(bar))}</span>'])


def _legend(figure: go.Figure, bars: tuple[Bar, ...]) -> None:
    for said, colour, hatch in dict.fromkeys(_evidence_level(bar) for bar in bars):
        figure.add_trace(
            go.Bar(
                x=[None],
                y=[None],
                name=said,
                showlegend=True,
                marker={
                    "color": colour,
                    "line": {"color": colour, "width": 1},
                    "pattern": _pattern(hatch, colour),
                },
            )
        )
    outline = {"color": INK, "width": 1.2}
    key(figure, "low end", mode="markers", marker={"size": 9, "color": "white", "line": outline})
    key(figure, "high end", mode="markers", marker={"size": 9, "color": QUIET, "line": outline})
    key(figure, "point value", mode="lines", line={"color": INK, "width": 1.5})


def _footer(result: SensitivityResult) -> Iterator[str]:
    if len(result.bars) > _MOST_ROWS:
        rest = ", ".join(plain(input_named(bar.name)) for bar in result.bars[_MOST_ROWS:])
        yield f"Not shown, since they move it less: {rest}."
    kinds = {_evidence_level(bar)[0] for bar in result.bars}
    said = [f"{name}: {text}" for name, text in _EVIDENCE_LEVELS.items() if name in kinds]
    yield capitalised(f"{'; '.join(said)}.") if said else ""
    if result.without_effect:
        yield f"Without effect: {', '.join(_lower(name) for name in result.without_effect)}."
    yield f"Note: {'; '.join(map(plain, result.notes))}." if result.notes else ""
    runs = [f"{result.runs:,} runs behind the shares"] if result.runs else []
    yield origin(result.scenario.name, result.provenance, *runs)
    yield cited(result.outcome.citations(result.output))
    yield again(result.command)
