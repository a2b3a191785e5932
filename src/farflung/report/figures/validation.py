"""Predictions of runs that took place: how far off they are, by quantity and group of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.base.errors import InputError
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.evidence.quantities import QUANTITIES, Quantity
from farflung.report.figures import frame, words
from farflung.report.figures.marks import Panel, two_lines
from farflung.report.figures.scales import Scale, numeric_axis, widened

if TYPE_CHECKING:
    from farflung.evidence.validation import GroupErrors, Validation

_SET = DEFAULT_ASSUMPTIONS
"""The set whose single errors are drawn."""
_NAMED = 2
"""Quantities that the title names."""
_ROW, _GAP, _LEFT, _RIGHT = 44, 76, 232, 104
"""Heights of a row and of what is between two panels, and room left and right [px]."""
_SYMBOLS = ("diamond", "square", "triangle-up", "circle")
_APART = 0.24
"""How far the medians of two sets are apart, as a share of a row."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A way to take errors: which quantities, where an error stands on the axis, and the axis."""

    holds: Callable[[Quantity], bool]
    place: Callable[[float], float]
    exact: float
    log: bool
    scale: Scale
    title: str


_KINDS = (
    _Kind(lambda q: q.share, lambda error: 100 * error, 0.0, log=False,
          scale=Scale(1.0, "percentage points"), title="Shares: predicted − measured"),
    _Kind(lambda q: q.difference and not q.share, lambda error: error, 0.0, log=False,
          scale=Scale(1.0, "nats"), title="Losses: predicted − measured"),
    _Kind(lambda q: not q.difference, lambda error: 1.0 + error, 1.0, log=True,
          scale=Scale(1.0, "", words.multiple), title="Everything else: predicted over measured"),
)  # fmt: skip


def validation_figure(result: Validation) -> go.Figure:
    """Return the error of every measured point, and the median of every assumption set.

    Parameters
    ----------
    result
        What :func:`farflung.validate` returns.

    Raises
    ------
    InputError
        If no run is predicted.
    """
    charts = [(kind, own) for kind in _KINDS if (own := _rows(result, kind))]
    if not charts:
        raise InputError("validation", "has nothing to draw: no run of it counts")
    figure = go.Figure()
    total = sum(_ROW * len(rows) for _, rows in charts) + _GAP * (len(charts) - 1)
    top = total
    for number, (kind, rows) in enumerate(charts, start=1):
        low = top - _ROW * len(rows)
        _draw(Panel(figure, number), result, kind, rows, (low / total, top / total))
        top = low - _GAP
    look = {"symbol": "circle-open", "size": 7, "color": frame.LINE}
    frame.legend_entry(figure, f"each point, {_SET}", mode="markers", marker=look)
    for place, name in enumerate(result.sets):
        frame.legend_entry(figure, f"median, {name}", mode="markers", marker=_look(place))
    return frame.framed(
        figure,
        title=_title(result),
        subtitle=(
            "Runs predicted from their stated inputs, by quantity and group; none of them is in a fit. "
            f"On the right, the median size of the error under {_SET}."
        ),
        footer=[
            "Measured: printed by those who ran it. Derived: arithmetic on that. Model: another simulator's "
            "answer, so that agreement shows no more than like assumptions.",
            f"{len(result.not_predicted)} runs and tables state too little to be predicted."
            if result.not_predicted else "",
            frame.made_by(", ".join(result.sets), ""),
            *frame.closing(result),
        ],
        plot=total,
        left=_LEFT,
        right=_RIGHT,
        above=10,
    )  # fmt: skip


def _rows(result: Validation, kind: _Kind) -> list[GroupErrors]:
    """Return the groups of a kind that have errors: measured ones first, those of models last."""
    order = ("measured", "derived", "model")
    own = [one for one in result.groups if kind.holds(QUANTITIES[one.quantity]) and one.median_error]
    return sorted(own, key=lambda one: order.index(one.evidence_level))


def _points(result: Validation, group: GroupErrors) -> Mapping[str, float]:
    """Return by run the errors of the first set in a group."""
    return {
        f"{row.run}, {row.measured:g}": error
        for row in result.rows
        if row.counts and (row.group, row.quantity, row.evidence_level)
        == (group.group, group.quantity, group.evidence_level)
        and (error := row.error[_SET]) is not None
    }  # fmt: skip


def _draw(
    panel: Panel, result: Validation, kind: _Kind, rows: Sequence[GroupErrors], domain: tuple[float, float]
) -> None:
    points = [_points(result, group) for group in rows]
    places = [kind.place(error) for own in points for error in own.values()]
    places += [kind.place(error) for group in rows for error in group.median_error.values()]
    ends = widened(min(kind.exact, *places), max(kind.exact, *places), log=kind.log, before=0.05)
    panel.axes(
        numeric_axis(ends, kind.scale, log=kind.log, title=kind.title),
        {"range": [len(rows) - 0.5, -0.5], "domain": list(domain), "showgrid": False, "ticks": "",
         "tickvals": list(range(len(rows))), "ticktext": list(map(_label, rows))},
    )  # fmt: skip
    panel.limit(kind.exact, len(rows) - 0.5, bottom=-0.5, meta="exact")
    for row, (group, own) in enumerate(zip(rows, points, strict=True)):
        quantity = QUANTITIES[group.quantity]
        panel.points(
            [kind.place(error) for error in own.values()], [row] * len(own),
            {"symbol": "circle-open", "size": 7, "color": frame.LINE}, "point",
            hover=[f"{words.escaped(run)}: {quantity.format_error(error)}" for run, error in own.items()],
        )  # fmt: skip
        for place, name in enumerate(result.sets):
            if name in group.median_error:
                panel.points(
                    [kind.place(group.median_error[name])],
                    [row + _APART * (place - 0.5 * (len(result.sets) - 1))], _look(place), "median",
                    hover=[f"{name}: {group.format(name)}"], name=name,
                )  # fmt: skip
        size = group.median_absolute_error.get(_SET)
        if size is not None:
            panel.label(quantity.format_size(size), 1.0, row, xref="paper", xshift=10, name="size")


def _label(group: GroupErrors) -> str:
    count = f"{group.rows} {'point' if group.rows == 1 else 'points'}"
    return two_lines(
        words.capitalised(group.quantity), f"{group.group}, {count}, {group.evidence_level}", width=34
    )


def _look(place: int) -> dict[str, object]:
    colour = frame.SERIES[place % len(frame.SERIES)]
    line = {"width": 0.8, "color": "white"}
    return {"symbol": _SYMBOLS[place % len(_SYMBOLS)], "size": 8.5, "color": colour, "line": line}


def _title(result: Validation) -> str:
    """Return the median errors of what was measured most often, or else of the first group."""
    counts: Counter[str] = Counter()
    for group in result.groups:
        counts[group.quantity] += group.rows if group.evidence_level == "measured" else 0
    medians = result.median_absolute_error[_SET] or {
        group.quantity: group.median_absolute_error[_SET]
        for group in result.groups[:1]
        if _SET in group.median_absolute_error
    }
    often = sorted(medians, key=lambda name: -counts[name])[:_NAMED]
    errors = [f"{_size(name, medians[name])} in {name}" for name in often]
    if not errors:
        return f"{_SET} predicts none of these runs"
    return f"At the median of runs that took place, {_SET} is off by {words.enumerated(errors)}"


def _size(quantity: str, error: float) -> str:
    return QUANTITIES[quantity].format_size(error).replace(" points", " percentage points")
