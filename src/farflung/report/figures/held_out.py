"""How far off the law is on points that no fit has seen: beside what was measured, by set, and by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from farflung.analysis.calibrate.cross_validation import CALIBRATED, NONE
from farflung.analysis.calibrate.points import NOISE, STUDIES
from farflung.catalog.measured import LossRow
from farflung.catalog.rows import stored
from farflung.report.figures.frame import INK, QUIET, SERIES, framed, legend_entry, made_by, repeated_by
from farflung.report.figures.marks import PALE, WHITE, Panel, filled
from farflung.report.figures.scales import Scale, numeric_axis, scale_of
from farflung.report.figures.words import brief, enumerated

if TYPE_CHECKING:
    from farflung.analysis.calibrate.cross_validation import CrossValidation
    from farflung.evidence.review import EvidenceReview

_SYMBOLS = ("circle", "square-open", "triangle-up-open", "diamond-open", "cross-open", "x-open")
_TOP, _GAP, _LOW = 350, 84, 220
"""Heights of the upper panels, of what is between, and of the lower ones [px]."""
_TOTAL = _TOP + _GAP + _LOW
_UPPER, _LOWER = [(_LOW + _GAP) / _TOTAL, 1.0], [0.0, _LOW / _TOTAL]
_PARITY, _BARS = [0.0, 0.47], [0.67, 1.0]
_RUNS = {
    "parameters": ("N, parameters", [0.0, 0.31]),
    "replicas": ("M, replicas", [0.345, 0.655]),
    "inner_steps": ("H, steps between synchronisations", [0.69, 1.0]),
}
_FIRST, _FEW = 3, 4
"""Number of the first panel of residuals; values up to which each is marked on its axis."""
_RING = {"symbol": "circle-open", "size": 13, "color": INK, "line": {"width": 1.1}}
_APART = 0.05
"""How far studies are set apart where points of many have one place, as a share of the axis."""
_ROOM = 0.08
_BAR = 0.36
"""Share of the room of a set that each of its bars takes."""
_ALL, _TEST = "#3B6E8F", "#B9CDD9"
_SETS = {CALIBRATED: f"<b>{CALIBRATED}</b>", NONE: "no cost"}


def held_out_figure(result: EvidenceReview) -> go.Figure:
    """Return predictions beside measurements, the error of every set, and residuals by N, M and H.

    Parameters
    ----------
    result
        What :func:`farflung.evidence.review.review` returns.
    """
    validation, table = result.cross_validation, result.cross_validation.to_dict()
    figure = go.Figure()
    _parity(Panel(figure, 1), validation)
    _errors(Panel(figure, 2), table)
    for number, name in enumerate(_RUNS, start=_FIRST):
        _residuals(Panel(figure, number), validation, name)
    for study in _studies(validation):
        legend_entry(figure, STUDIES[study], mode="markers", marker=_look(study))
    legend_entry(figure, "in no fit: 4 and 10 billion parameters", mode="markers", marker=_RING)
    return framed(
        figure,
        title=_title(table),
        subtitle=(
            "Cost of distribution in nats per token, beside data-parallel training on as many tokens. Every "
            "point is predicted by a fit that has not seen its size. Open marks: hyperparameters were not "
            f"tuned for the setting, so that the cost is at most this. Grey: noise of runs, ± {NOISE:g} nats."
        ),
        footer=[
            "Studies that share an M or an H are set a little apart.",
            made_by(result.assumptions, "", f"seed {result.seed}"),
            repeated_by("farflung evidence --plot evidence.svg"),
            _sources(validation),
        ],
        plot=_TOTAL,
        left=74,
        right=24,
        above=26,
        below=64,
    )


def _title(table: Mapping[str, Any]) -> str:
    errors = dict(table["held_out_rmse_nats"])
    ours, none = errors.pop(CALIBRATED), errors.pop(NONE)
    others = enumerated(f"{error:.3f}" for error in errors.values())
    return (
        f"On sizes it has not seen the law is off by {ours:.3f} nats; "
        f"the published sets by {others}, no cost at all by {none:.3f}"
    )


def _studies(validation: CrossValidation) -> list[int]:
    return [int(study) for study in np.unique(validation.at.study)]


def _sources(validation: CrossValidation) -> str:
    names = [STUDIES[study] for study in _studies(validation)]
    sources = {row.study: row.source for row in stored(LossRow)}
    return f"Sources: {', '.join(f'{sources[name]} ({name})' for name in names)}"


def _look(study: int) -> dict[str, Any]:
    colour = SERIES[study % len(SERIES)]
    line = {"width": 1.6, "color": colour}
    return {"symbol": _SYMBOLS[study % len(_SYMBOLS)], "size": 7.5, "color": colour, "line": line}


def _points(panel: Panel, validation: CrossValidation, x: np.ndarray, y: np.ndarray, meta: str) -> None:
    """Draw one trace for each study, and rings around the points that are in no fit."""
    for study in _studies(validation):
        own = validation.at.study == study
        panel.points(x[own], y[own], _look(study), meta, name=STUDIES[study], hoverinfo="all")
    panel.points(x[validation.at.test], y[validation.at.test], _RING, "test")


def _line_with_noise(panel: Panel, x: Sequence[float], y: Sequence[float], meta: str) -> None:
    """Draw a line, and around it the noise of runs."""
    low, high = [value - NOISE for value in y], [value + NOISE for value in y]
    panel.area([*x, *reversed(x)], [*high, *reversed(low)], PALE, "noise")
    panel.line(x, y, QUIET, 1.2, meta)


def _span(*values: np.ndarray, room: float = _ROOM) -> list[float]:
    """Return ends a little beyond some values."""
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    return [low - room * (high - low), high + room * (high - low)]


def _parity(panel: Panel, validation: CrossValidation) -> None:
    predicted, seen = validation.expected[CALIBRATED], validation.at.change
    ends = _span(predicted, seen)
    across, upward = (
        numeric_axis(ends, scale_of([], "nats"), log=False, most=6, title=title)
        for title in ("Measured cost", "Predicted cost")
    )
    panel.axes({**across, "domain": _PARITY}, {**upward, "domain": _UPPER})
    _line_with_noise(panel, ends, ends, "one to one")
    panel.label("1 : 1", ends[1], ends[1], xanchor="right", xshift=-26, yshift=-8, colour=QUIET)
    _points(panel, validation, seen, predicted, "prediction")


def _errors(panel: Panel, table: Mapping[str, Any]) -> None:
    """Draw the error of every set, over all points and over those that are in no fit."""
    names = list(reversed(table["held_out_rmse_nats"]))
    most = max(table["held_out_rmse_nats"].values())
    top = len(names) - 0.4
    axis = numeric_axis([0.0, most], scale_of([], "nats"), log=False, most=5, title="Root mean squared error")
    panel.axes(
        {**axis, "range": [0.0, 1.22 * most], "domain": _BARS},
        {"domain": _UPPER, "showgrid": False, "range": [-0.6, top], "tickvals": list(range(len(names))),
         "ticktext": [_SETS.get(name, name) for name in names]},
    )  # fmt: skip
    for group, colour, side in ((table, _ALL, 1), (table["by_group"]["test_sizes"], _TEST, -1)):
        errors = [group["held_out_rmse_nats"][name] for name in names]
        places = [place + 0.5 * side * _BAR for place in range(len(names))]
        panel.bars(
            places, [(0.0, error) for error in errors], filled(colour), "error", width=0.9 * _BAR, hover=names
        )
        for error, place, name in zip(errors, places, names, strict=True):
            points = (
                f" on {group['points']} {'points' if side > 0 else 'in no fit'}" if name == CALIBRATED else ""
            )
            panel.label(f"{error:.4f}{points}", error, place, xshift=3, bgcolor=WHITE, name="error")
    panel.limit(NOISE, top, bottom=-0.6, meta="noise")
    panel.label("noise of runs", NOISE, top, xanchor="center", yanchor="bottom", colour=QUIET)


def _residuals(panel: Panel, validation: CrossValidation, name: str) -> None:
    """Draw what is left of the cost along one quantity; studies stand apart where its values are few."""
    x, errors = getattr(validation.at, name), validation.error(CALIBRATED)
    values = np.unique(x)
    few = len(values) <= _FEW
    low, high = _span(np.log10(x), room=2 * _ROOM if few else _ROOM)
    _residual_axes(panel, name, [10**low, 10**high], values if few else None, max(map(abs, _span(errors))))
    _line_with_noise(panel, [10**low, 10**high], [0.0, 0.0], "zero")
    if few:
        studies, place = np.unique(validation.at.study, return_inverse=True)
        x = x * 10 ** (_APART * (high - low) * (place - (len(studies) - 1) / 2))
    _points(panel, validation, x, errors, f"residual {name}")


def _residual_axes(
    panel: Panel, name: str, ends: Sequence[float], marked: np.ndarray | None, reach: float
) -> None:
    title, domain = _RUNS[name]
    across = numeric_axis(ends, Scale(1.0, "", brief), log=True, most=6, title=title)
    if marked is not None:
        across |= {"tickvals": marked.tolist(), "ticktext": [brief(value) for value in marked]}
    first = panel.number == _FIRST
    upward = numeric_axis(
        [-reach, reach],
        scale_of([], "nats"),
        log=False,
        most=6,
        title="Predicted − measured" if first else "",
    )
    panel.axes(
        {**across, "title": {"text": title}, "domain": domain},
        {**upward, "domain": _LOWER, "showticklabels": first},
    )
