"""Shares measured in runs over time, beside what the closed form and the event engine say of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.base.provenance import version
from farflung.evidence.event_checks.rows import EventRow
from farflung.evidence.event_validation import STUDIES
from farflung.evidence.quantities import QUANTITIES
from farflung.report.figures.frame import INK, QUIET, SERIES, cited, framed, key
from farflung.report.figures.sweep_page import axes_of, placed
from farflung.report.figures.words import plain

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
_LEFT, _RIGHT = [0.0, 0.46], [0.54, 1.0]
_ENDS = [-0.03, 1.03]
_PLOT = 370
_WIDE, _TICKS = 1.3, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
Answer = Callable[[EventRow], float | None]


def engines_figure(found: EventValidation) -> go.Figure:
    """Return predicted beside measured shares, one panel for each engine.

    Parameters
    ----------
    found
        What :func:`farflung.evidence.event_validation.validate_events` returns.
    """
    shares = [row for row in found.rows if QUANTITIES[row.quantity].share]
    figure = go.Figure()
    for number, (title, domain, answer) in enumerate(_PANELS, start=1):
        _panel(figure, shares, number, answer)
        axis = {"range": _ENDS, "tickvals": _TICKS, "ticktext": [f"{100 * tick:.0f} %" for tick in _TICKS]}
        placed(
            figure,
            number,
            {**axis, "domain": domain, "anchor": axes_of(number)["yaxis"], "title": {"text": "Measured"}},
            {**axis, "domain": [0, 1], "anchor": axes_of(number)["xaxis"], "title": {"text": title}},
        )
    groups = {row.group for row in shares}
    for at, study in enumerate(STUDIES):
        if study.name in groups:
            key(figure, _NAMES[study.name], mode="markers", marker=_looks(at, whole=True))
    return framed(
        figure,
        title=_title(found),
        subtitle=(
            "Utilisation, goodput, and shares of steps that committed. Filled: predicted. Open: fitted, or "
            "an input is not stated, or what decides it is taken from the run. The closed form knows no "
            "failures, and answers where only links and steps count."
        ),
        footer=[
            f"assumptions {plain(found.assumptions)} · farflung {version()} · seed {found.seed}",
            "$ farflung validate --plot validation.svg",
            cited(dict.fromkeys(row.source_ref.source for row in shares)),
        ],
        plot=_PLOT,
        left=74,
        right=24,
        above=16,
        below=56,
    )


def _closed_form(row: EventRow) -> float | None:
    return row.closed_form


def _events(row: EventRow) -> float | None:
    return row.events


_PANELS: Sequence[tuple[str, list[float], Answer]] = (
    ("Closed form", _LEFT, _closed_form),
    ("Event engine", _RIGHT, _events),
)


def _panel(figure: go.Figure, shares: Sequence[EventRow], number: int, answer: Answer) -> None:
    figure.add_trace(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": QUIET, "width": 1.2},
            hoverinfo="skip",
            showlegend=False,
            meta="one to one",
            **axes_of(number),
        )
    )
    for at, study in enumerate(STUDIES):
        for whole in (False, True):  # predictions above the rest
            own = [row for row in shares if row.group == study.name and (row.role == "point") == whole]
            known = [(row, said) for row in own if (said := answer(row)) is not None]
            figure.add_trace(
                go.Scatter(
                    x=[row.measured for row, _ in known],
                    y=[said for _, said in known],
                    mode="markers",
                    showlegend=False,
                    meta=study.name,
                    customdata=[row.what for row, _ in known],
                    hovertemplate="%{customdata}<br>%{x:.3f}, said %{y:.3f}<extra></extra>",
                    marker=_looks(at, whole=whole),
                    **axes_of(number),
                )
            )
    figure.add_annotation(
        text="1 : 1", x=0.06, y=0.06, xref=axes_of(number)["xaxis"], yref=axes_of(number)["yaxis"],
        xshift=18, yshift=-10, showarrow=False, font={"size": 11.5, "color": QUIET},
    )  # fmt: skip


def _looks(at: int, *, whole: bool) -> dict[str, object]:
    colour = SERIES[at % len(SERIES)]
    symbol = _SYMBOLS[at % len(_SYMBOLS)]
    edge = {"width": 0.6, "color": INK} if whole else {"width": _WIDE, "color": colour}
    return {"symbol": symbol if whole else f"{symbol}-open", "size": 7.5, "color": colour, "line": edge}


def _title(found: EventValidation) -> str:
    known = {(one.group, one.quantity, one.role): one for one in found.groups}
    grid, goodput = (
        known["shaped-links", "utilisation", "point"],
        known["decoupled-diloco", "goodput", "point"],
    )
    assert grid.closed_form is not None
    return (
        f"On shaped links the event engine is off by {100 * grid.events:.1f} points, the closed form by "
        f"{100 * grid.closed_form:.1f}; goodput under failures it gives to {100 * goodput.events:.1f}"
    )
