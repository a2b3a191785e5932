"""What moves an answer: a tornado of the inputs one by one, and their shares in the variance beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from farflung.report.figures import frame, words
from farflung.report.figures.marks import WHITE, Panel, disc, filled, two_lines
from farflung.report.figures.scales import numeric_axis, scale_of, widened

if TYPE_CHECKING:
    from farflung.analysis.sensitivity import Bar, Index, SensitivityResult

_MOST_ROWS, _ROW, _LEFT = 14, 46, 226
_TORNADO, _SHARES = [0.0, 0.64], [0.73, 1.0]
_ROOM = 0.36
"""Room for labels at either end of the tornado, as a share of what the bars span."""
_POINT = {"color": frame.INK, "width": 1.5}


@dataclass(frozen=True, slots=True)
class _Level:
    """How well an input is known, and how its bar looks."""

    name: str
    colour: str
    hatch: str
    meaning: str

    @property
    def look(self) -> dict[str, Any]:
        return filled(self.colour, self.hatch)


_LEVELS = {
    "measured": _Level("measured", frame.BLUE, "", "a range that was measured"),
    "fitted": _Level("fitted", frame.SKY, "", "the spread of fits to data"),
    "lever": _Level("lever", frame.GREEN, "x", "somebody's choice"),
}
_PRIOR = _Level("prior", frame.ORANGE, "/", "a judgement, with no measurement behind its range")


def sensitivity_figure(result: SensitivityResult) -> go.Figure:
    """Return the tornado of an output, and beside it each input's share in its variance.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.sensitivity.sensitivity` returns.
    """
    name, point = words.scenario_label(result.scenario.name, 80), words.quantity(result.point, result.unit)
    if not result.bars and not result.indices:
        return frame.blank(
            title=f"Nothing that is uncertain moves {words.symbol(result.output)}",
            subtitle=name,
            footer=_footer(result),
            message=f"{words.symbol_and_meaning(result.output)}: {point} whatever is drawn",
        )
    bars = result.bars[:_MOST_ROWS]
    rows = {bar.name: len(bars) - place for place, bar in enumerate(bars)}
    figure = go.Figure()
    _axes(figure, result, rows)
    _tornado(Panel(figure), result, rows)
    _shares(Panel(figure, 2), result, rows)
    _legend(figure, result)
    what = "its logarithm" if result.scale == "log10" else "it"
    return frame.framed(
        figure,
        title=_title(result),
        subtitle=f"{name}. {words.symbol_and_meaning(result.output)}; at the point values {point}. Left: "
        "each input from its low to its high end, the others held. Right: share of the variance of "
        f"{what}, with all that an input acts together with (total Sobol index, 95 % interval).",
        footer=_footer(result),
        plot=_ROW * len(rows) + 12,
        left=_LEFT,
        right=56,
        above=10,
    )


def _title(result: SensitivityResult) -> str:
    """Return the finding: what moves the output most, and what causes most of its variance."""
    name = words.symbol(result.output)
    top = result.indices[0] if result.indices else None
    if not result.bars:
        return (
            f"{_input(top.name)} causes {words.percent(_share(top))} of the variance of {name}"
            if top
            else name
        )
    bar = result.bars[0]
    title = f"{name} depends most on {_input(bar.name)}, which "
    if bar.low is None or bar.high is None:
        title += "can make the run infeasible"
    else:
        low, high = sorted((bar.low, bar.high))
        title += f"moves it from {words.unitless(low, result.unit)} to {words.quantity(high, result.unit)}"
    if top is None:
        return title
    if top.name == bar.name:
        return f"{title} and causes {words.percent(_share(top))} of its variance"
    return f"{title}; {_input(top.name)} causes {words.percent(_share(top))} of its variance"


def _input(name: str) -> str:
    return words.escaped(words.lower_first(words.input_label(name)))


def _share(index: Index) -> float:
    return min(max(index.total, 0.0), 1.0)


def _level(bar: Bar) -> _Level:
    return _LEVELS.get(bar.evidence_level, _PRIOR)


def _reach(result: SensitivityResult, bar: Bar) -> tuple[float, float] | None:
    """Return what a bar spans, the point value included; nothing where neither end is feasible."""
    values = [value for value in (bar.low, bar.high, result.point) if value is not None]
    return (min(values), max(values)) if values else None


def _axes(figure: go.Figure, result: SensitivityResult, rows: dict[str, int]) -> None:
    reaches = [reach for bar in result.bars if (reach := _reach(result, bar))] or [(0.0, 1.0)]
    low, high = min(start for start, _ in reaches), max(end for _, end in reaches)
    log = result.scale == "log10" and low > 0
    scale = scale_of([low, high, result.point or low], result.unit, power=True)
    across = numeric_axis(
        widened(low, high, log=log, before=_ROOM), scale, log=log, most=6, title=words.symbol(result.output)
    )
    both = {
        "range": [0.35, len(rows) + 0.65],
        "showgrid": False,
        "tickvals": list(rows.values()),
        "ticks": "",
    }
    labels = [_label(bar) for bar in result.bars if bar.name in rows]
    Panel(figure).axes({**across, "domain": _TORNADO}, {**both, "ticktext": labels})
    Panel(figure, 2).axes(
        {"range": [0, 1.12], "domain": _SHARES, "tickvals": [0, 0.5, 1.0],
         "ticktext": ["0 %", "50 %", "100 %"], "title": {"text": "Share of the variance"}},
        {**both, "showticklabels": False},
    )  # fmt: skip
    figure.update_layout(barmode="overlay")


def _label(bar: Bar) -> str:
    """Return the label of a row: the input in words, and below it its ends."""
    return two_lines(words.input_label(bar.name), _range(bar), 34)


def _range(bar: Bar) -> str:
    """Return the ends of an input, the unit once."""
    if bar.kind == "law":
        return "5 to 95 % of its fits to the data"
    if isinstance(bar.low_input, str) or isinstance(bar.high_input, str):
        return f"{bar.low_input} … {bar.high_input}"
    low, high = words.quantity(bar.low_input, bar.unit), words.quantity(bar.high_input, bar.unit)
    number, _, unit = high.partition("\u00a0")
    return f"{low.removesuffix(chr(0xA0) + unit) if unit else low} … {number} {unit}".strip()


def _tornado(panel: Panel, result: SensitivityResult, rows: dict[str, int]) -> None:
    """Draw the bars, mark and say their ends, and draw the point value through all."""
    drawn = [(bar, reach) for bar in result.bars if bar.name in rows and (reach := _reach(result, bar))]
    for level in dict.fromkeys(_level(bar) for bar, _ in drawn):
        own = [(bar, reach) for bar, reach in drawn if _level(bar) == level]
        panel.bars(
            [rows[bar.name] for bar, _ in own], [reach for _, reach in own], level.look, "tornado",
            width=0.46, name=level.name, hover=[_hover(result, bar) for bar, _ in own],
        )  # fmt: skip
    if result.point is not None:
        ends = [0.4, len(rows) + 0.6]
        panel.line([result.point] * 2, ends, frame.INK, 1.5, "point", name="point value")
    for bar, reach in drawn:
        for value, fill in ((bar.low, "white"), (bar.high, _level(bar).colour)):
            if value is not None:
                panel.points([value], [rows[bar.name]], disc(fill), "ends")
        _ends(panel, result, bar, reach, rows[bar.name])


def _ends(panel: Panel, result: SensitivityResult, bar: Bar, reach: tuple[float, float], row: int) -> None:
    """Say the ends of a bar; one at the point value is said above, unless the run is not feasible there."""
    missing = bar.low is None or bar.high is None
    for value, side, shift in zip(reach, ("right", "left"), (-8, 8), strict=True):
        if value == result.point and not missing:
            continue
        infeasible = value == result.point
        panel.label(
            "not feasible" if infeasible else words.unitless(value, result.unit), value, row, size=11,
            name="end", colour=frame.VERMILION if infeasible else frame.INK, xanchor=side, xshift=shift,
            bgcolor=WHITE,
        )  # fmt: skip


def _hover(result: SensitivityResult, bar: Bar) -> str:
    low, high = words.quantity(bar.low, result.unit), words.quantity(bar.high, result.unit)
    name = f"<b>{words.escaped(words.input_label(bar.name))}</b> ({bar.evidence_level})"
    return f"{name}<br>{words.escaped(_range(bar))}<br>low end: {low}<br>high end: {high}"


def _shares(panel: Panel, result: SensitivityResult, rows: dict[str, int]) -> None:
    """Draw the total indices on the rows of the tornado."""
    levels = {bar.name: _level(bar) for bar in result.bars}
    indices = [index for index in result.indices if index.name in rows]
    for level in dict.fromkeys(levels[index.name] for index in indices):
        own = [index for index in indices if levels[index.name] == level]
        panel.bars(
            [rows[index.name] for index in own], [(0.0, _share(index)) for index in own], level.look,
            "total index", width=0.46, name=level.name, hover=[_hover_of_share(index) for index in own],
            error_x={"array": [index.total_error for index in own], "color": frame.INK, "thickness": 1.2},
        )  # fmt: skip
    for index in indices:
        end = min(_share(index) + index.total_error, 1.0)
        panel.label(words.percent(_share(index)), end, rows[index.name], size=11, xshift=6, name="share")
    if not indices:
        text = "<br>".join(words.wrapped(next(iter(result.notes), "no Sobol indices"), 26))
        panel.label(text, 0.56, (len(rows) + 1) / 2, size=12, colour=frame.QUIET, xanchor="center")
        panel.points([None], [None], disc(frame.QUIET), "nothing")


def _hover_of_share(index: Index) -> str:
    return f"total {words.percent(_share(index))}<br>alone {words.percent(min(max(index.first, 0.0), 1.0))}"


def _drawn_levels(result: SensitivityResult) -> Sequence[_Level]:
    return list(dict.fromkeys(_level(bar) for bar in result.bars[:_MOST_ROWS]))


def _legend(figure: go.Figure, result: SensitivityResult) -> None:
    for level in _drawn_levels(result):
        figure.add_trace(go.Bar(x=[None], y=[None], name=level.name, showlegend=True, marker=level.look))
    frame.legend_entry(figure, "low end", mode="markers", marker=disc("white"))
    frame.legend_entry(figure, "high end", mode="markers", marker=disc(frame.QUIET))
    frame.legend_entry(figure, "point value", mode="lines", line=_POINT)


def _footer(result: SensitivityResult) -> Iterator[str]:
    if len(result.bars) > _MOST_ROWS:
        rest = ", ".join(words.escaped(words.input_label(bar.name)) for bar in result.bars[_MOST_ROWS:])
        yield f"Not shown, since they move it less: {rest}."
    said = [f"{level.name}: {level.meaning}" for level in _drawn_levels(result)]
    yield words.capitalised(f"{'; '.join(said)}.") if said else ""
    if result.without_effect:
        yield f"Without effect: {', '.join(map(_input, result.without_effect))}."
    yield f"Note: {'; '.join(map(words.escaped, result.notes))}." if result.notes else ""
    runs = [f"{result.runs:,} runs behind the shares"] if result.runs else []
    yield frame.origin(result.scenario.name, result.provenance, *runs)
    yield from frame.closing(result)
