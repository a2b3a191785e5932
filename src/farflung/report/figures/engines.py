"""Shares measured in runs over time, beside what the closed form and the event engine say of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from farflung.evidence.event_checks.rows import EventRow
from farflung.evidence.event_validation import STUDIES
from farflung.evidence.quantities import QUANTITIES
from farflung.report.figures import frame
from farflung.report.figures.marks import Panel
from farflung.report.figures.words import percent

if TYPE_CHECKING:
    from farflung.evidence.event_validation import EventValidation

_SYMBOLS = ("circle", "square", "triangle-up", "diamond", "cross", "star")
_NAMES = {
    "intellect-1": "INTELLECT-1",
    "covenant-72b": "Covenant-72B",
    "shaped-links": "shaped links",
    "decoupled-diloco": "Decoupled DiLoCo (simulated)",
    "storms": "storms of failures",
    "asynchronous": "unequal learners (simulated)",
}
_TICKS = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
_PANELS: Sequence[tuple[str, list[float], Callable[[EventRow], float | None]]] = (
    ("Closed form", [0.0, 0.46], lambda row: row.closed_form),
    ("Event engine", [0.54, 1.0], lambda row: row.events),
)


def engines_figure(result: EventValidation) -> go.Figure:
    """Return predicted beside measured shares, one panel for each engine.

    Parameters
    ----------
    result
        What :func:`farflung.evidence.event_validation.validate_events` returns.
    """
    shares = [row for row in result.rows if QUANTITIES[row.quantity].share]
    figure = go.Figure()
    axis = {"range": [-0.03, 1.03], "tickvals": _TICKS, "ticktext": [percent(tick) for tick in _TICKS]}
    for number, (title, domain, predicted) in enumerate(_PANELS, start=1):
        panel = Panel(figure, number)
        panel.axes(
            {**axis, "domain": domain, "title": {"text": "Measured"}}, {**axis, "title": {"text": title}}
        )
        _predictions(panel, shares, predicted)
    groups = {row.group for row in shares}
    for place, study in enumerate(STUDIES):
        if study.name in groups:
            frame.legend_entry(figure, _NAMES[study.name], mode="markers", marker=_look(place, whole=True))
    return frame.framed(
        figure,
        title=_title(result),
        subtitle=(
            "Utilisation, goodput, and shares of steps that committed. Filled: predicted. Open: fitted, or "
            "an input is not stated, or what decides it is taken from the run. The closed form knows no "
            "failures, and answers where only links and steps count."
        ),
        footer=[
            frame.made_by(result.assumptions, "", f"seed {result.seed}"),
            *frame.closing(result),
        ],
        plot=370,
        left=74,
        right=24,
        above=16,
        below=56,
    )


def _predictions(
    panel: Panel, shares: Sequence[EventRow], predicted: Callable[[EventRow], float | None]
) -> None:
    panel.line([0, 1], [0, 1], frame.QUIET, 1.2, "one to one")
    for place, study in enumerate(STUDIES):
        for whole in (False, True):  # predictions above the rest
            own = [row for row in shares if row.group == study.name and (row.role == "point") == whole]
            answers = [(row, value) for row in own if (value := predicted(row)) is not None]
            panel.points(
                [row.measured for row, _ in answers], [value for _, value in answers],
                _look(place, whole=whole), study.name,
                hover=[f"{row.what}<br>{row.measured:.3f}, predicted {value:.3f}" for row, value in answers],
            )  # fmt: skip
    panel.label("1 : 1", 0.06, 0.06, xshift=18, yshift=-10, xanchor="center", colour=frame.QUIET)


def _look(place: int, *, whole: bool) -> dict[str, Any]:
    colour, symbol = frame.SERIES[place % len(frame.SERIES)], _SYMBOLS[place % len(_SYMBOLS)]
    edge = {"width": 0.6, "color": frame.INK} if whole else {"width": 1.3, "color": colour}
    return {"symbol": symbol if whole else f"{symbol}-open", "size": 7.5, "color": colour, "line": edge}


def _title(result: EventValidation) -> str:
    groups = {(group.group, group.quantity, group.role): group for group in result.groups}
    links = groups["shaped-links", "utilisation", "point"]
    goodput = groups["decoupled-diloco", "goodput", "point"]
    assert links.closed_form is not None
    return (
        f"On shaped links the event engine is off by {100 * links.events:.1f} points and the closed form by "
        f"{100 * links.closed_form:.1f}; in goodput under failures the former by {100 * goodput.events:.1f}"
    )
