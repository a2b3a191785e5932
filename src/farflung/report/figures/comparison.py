"""Scenarios side by side: how many times the first's output each of the others has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from farflung.analysis.compare import HEADLINE
from farflung.base.errors import InputError
from farflung.outcome import OUTPUTS
from farflung.report.figures import frame, words
from farflung.report.figures.grouped_bars import bar_entry
from farflung.report.figures.marks import WHITE, Panel, filled, text_width
from farflung.report.figures.scales import Scale, numeric_axis

if TYPE_CHECKING:
    from farflung.analysis.compare import Comparison, Difference

_QUALITY = "quality_adjusted_flop"
_MOST_ROWS, _NAMED = 16, 4
"""Outputs that have a row, and states that are named in the footer."""
_ALIKE = 5e-3
"""Ratio less one below which an output has no row: its bar would not be seen."""
_BAR, _BETWEEN, _LEFT, _RIGHT = 20, 16, 262, 24
"""Heights of a bar and of what is between two outputs, and room for the labels [px]."""
_INNER = frame.WIDTH - _LEFT - _RIGHT
_BESIDE, _BARS = 14, 120
"""Room between a bar and its value, and the least that the bars have [px]."""
_PASSES = 8
"""Times that the room for values and the scale of the bars are made to fit each other."""
_SHAPES = ("", "/", ".", "x", "-", "|")


@dataclass(frozen=True, slots=True)
class _Row:
    """One output: its value in the first scenario, and value and ratio in each of the others."""

    name: str
    first: str
    others: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, difference: Difference) -> _Row | None:
        """Return a row of an output that differs, where every ratio has a logarithm and one shows."""
        ratios = [ratio for ratio in difference.ratios if ratio is not None and 0 < ratio < math.inf]
        if len(ratios) != len(difference.values) or all(abs(ratio - 1.0) < _ALIKE for ratio in ratios):
            return None
        first, *others = (words.quantity(value, difference.unit) for value in difference.values)
        return cls(difference.name, first, tuple(zip(others, ratios[1:], strict=True)))

    @property
    def size(self) -> float:
        """Return the logarithm of the largest ratio, either way."""
        return max(abs(math.log(ratio)) for _, ratio in self.others)

    def order(self) -> tuple[int, float]:
        """Return what rows are sorted by: those of the headline first, then the largest ratio."""
        return HEADLINE.index(self.name) if self.name in HEADLINE else len(HEADLINE), -self.size

    def texts(self) -> Iterator[tuple[str, float, bool]]:
        """Yield what is written beside the bars: the text, at which ratio, and whether right of it."""
        yield self.first, 1.0, self.others[0][1] < 1.0
        for value, ratio in self.others:
            said = f"<b>{words.multiple(ratio)}</b>"
            yield (f"{said}: {value}", ratio, True) if ratio >= 1.0 else (f"{value}: {said}", ratio, False)


def comparison_figure(result: Comparison) -> go.Figure:
    """Return the outputs that differ as ratios to the first scenario's, those of the headline on top.

    Parameters
    ----------
    result
        What :func:`farflung.compare` returns.

    Raises
    ------
    InputError
        If no output differs by a ratio.
    """
    rows = sorted(filter(None, map(_Row.of, result.outputs)), key=_Row.order)
    if not rows:
        raise InputError("comparison", "has nothing to draw: no output differs by a ratio")
    shown = rows[:_MOST_ROWS]
    figure = go.Figure()
    panel = Panel(figure)
    height = _draw(panel, shown, result.names)
    if len(result.names) > 2:
        for place, name in enumerate(result.names[1:]):
            bar_entry(figure, _name(name), _look(place))
    return frame.framed(
        figure,
        title=_title(result, rows),
        subtitle=(
            f"Outputs that differ, as multiples of what they are in {_name(result.names[0])} (at × 1), "
            "with the values at both ends; equal ratios are equally long."
        ),
        footer=_footer(result, len(rows) - len(shown)),
        plot=height,
        left=_LEFT,
        right=_RIGHT,
        above=10,
    )


def _ends(rows: Sequence[_Row]) -> tuple[float, float]:
    """Return the ends of an axis on which all bars and what is written beside them have room."""
    texts = [
        (math.log(ratio), text_width(text) + _BESIDE, right)
        for row in rows
        for text, ratio, right in row.texts()
    ]
    low, high = min(at for at, _, _ in texts), max(at for at, _, _ in texts)
    before = after = 0.0
    for _ in range(_PASSES):
        scale = max(_INNER - before - after, _BARS) / (high - low)
        before = max((width - (at - low) * scale for at, width, right in texts if not right), default=0.0)
        after = max((width - (high - at) * scale for at, width, right in texts if right), default=0.0)
    return math.exp(low - max(before, _BESIDE) / scale), math.exp(high + max(after, _BESIDE) / scale)


def _draw(panel: Panel, rows: Sequence[_Row], names: Sequence[str]) -> int:
    """Draw a bar for every output and scenario but the first; return the height of all [px]."""
    each = _BAR * (len(names) - 1) + _BETWEEN
    height = each * len(rows)
    axis = numeric_axis(
        _ends(rows), Scale(1.0, "", words.multiple), log=True, most=7, title=f"Multiple of {_name(names[0])}"
    )
    middles = [height - each * (place + 0.5) for place in range(len(rows))]
    panel.axes(
        axis,
        {"range": [0, height], "tickvals": middles, "ticktext": [_label(row.name) for row in rows],
         "showgrid": False, "ticks": ""},
    )  # fmt: skip
    panel.limit(1.0, height, meta="first")
    for row, middle in zip(rows, middles, strict=True):
        top = middle + 0.5 * (each - _BETWEEN - _BAR)
        for place, (value, ratio) in enumerate(row.others):
            hover = f"{_label(row.name)}: {row.first} to {value}, {words.multiple(ratio)}"
            panel.bars(
                [top - _BAR * place], [(1.0, ratio)], _look(place), "ratio", width=0.7 * _BAR, hover=[hover]
            )
        (first, at, right), *others = row.texts()
        _write(panel, first, at, top, right=right, colour=frame.QUIET, name="first")
        for place, (text, at, right) in enumerate(others):
            _write(panel, text, at, top - _BAR * place, right=right, name="value")
    return height


def _write(panel: Panel, text: str, x: float, y: float, *, right: bool, **looks: Any) -> None:
    """Write a value right or left of a bar's end."""
    side, shift = ("left", 6) if right else ("right", -6)
    panel.label(text, x, y, xanchor=side, xshift=shift, bgcolor=WHITE, **looks)


def _look(place: int) -> dict[str, Any]:
    return filled(frame.SERIES[place % len(frame.SERIES)], _SHAPES[place % len(_SHAPES)])


def _name(name: str) -> str:
    return words.scenario_label(name, 40)


def _label(output: str) -> str:
    letter, label = words.symbol(output), OUTPUTS[output].label
    return label if letter == label else f"{label} ({letter})"


def _title(result: Comparison, rows: Sequence[_Row]) -> str:
    first, *others = map(_name, result.names)
    blocked = [name for name, one in zip((first, *others), result.outcomes, strict=True) if not one.feasible]
    if blocked:
        return f"{words.enumerated(blocked)} cannot take place as described; the other outputs side by side"
    quality = next((row for row in rows if row.name == _QUALITY), None)
    if quality is None:
        most = max(rows, key=lambda row: row.size)
        multiples = words.enumerated(words.multiple(ratio) for _, ratio in most.others)
        return (
            f"{words.enumerated((first, *others))} reach the same {words.symbol(_QUALITY)}; "
            f"what differs most is {words.lower_first(OUTPUTS[most.name].label)}: {multiples}"
        )
    reached = [
        f"{name} {value} ({words.multiple(ratio)})"
        for name, (value, ratio) in zip(others, quality.others, strict=True)
    ]
    return f"{first} reaches {quality.first} of {words.symbol(_QUALITY)}, {words.enumerated(reached)}"


def _footer(result: Comparison, more: int) -> Iterator[str]:
    states = [
        f"{one.name.replace('_', ' ')}: {', '.join(str(value) for value in one.values)}"
        for one in result.outputs
        if not any(isinstance(value, float) for value in one.values)
    ]
    yield f"Not ratios: {words.escaped('; '.join(states[:_NAMED]))}." if states else ""
    yield f"{more} more outputs differ less." if more else ""
    yield f"{len(result.inputs)} inputs and coefficients differ."
    first = result.outcomes[0].provenance
    sets = dict.fromkeys(outcome.provenance.assumptions for outcome in result.outcomes)
    yield frame.made_by(", ".join(sets), first.assumptions_hash if len(sets) == 1 else "", by=first.version)
    yield from frame.closing(result)
