"""How far off the law is on points that no fit has seen: beside what was measured, by set, and by run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from farflung.analysis.calibrate.cross_validation import CALIBRATED, NONE
from farflung.analysis.calibrate.points import NOISE, STUDIES
from farflung.base.provenance import version
from farflung.catalog.measured import LossRow
from farflung.catalog.rows import stored
from farflung.report.figures.frame import INK, QUIET, SERIES, framed, key
from farflung.report.figures.sweep_page import axes_of, placed
from farflung.report.figures.words import axis_of, brief, listed, plain, scale_of, ticks

if TYPE_CHECKING:
    from farflung.analysis.calibrate.cross_validation import CrossValidation
    from farflung.evidence.review import EvidenceReview

Place = tuple[np.ndarray, np.ndarray]
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
_BAND = "rgba(154,160,166,0.22)"
_APART = 0.05
"""How far studies are set apart where points of many have one place, as a share of the axis."""
_ROOM = 0.08
_BAR = 0.36
"""Share of the room of a set that each of its bars takes."""
_ALL, _TEST = "#3B6E8F", "#B9CDD9"


def held_out_figure(evidence: EvidenceReview) -> go.Figure:
    """Return predictions beside measurements, the error of every set, and residuals by N, M and H.

    Parameters
    ----------
    evidence
        What :func:`farflung.evidence.review.review` returns.
    """
    contest, found = evidence.cross_validation, evidence.cross_validation.to_dict()
    figure = go.Figure()
    _parity(figure, contest)
    _bars(figure, found)
    for number, (name, (title, domain)) in enumerate(_RUNS.items(), start=_FIRST):
        _residuals(figure, contest, number, name)
        _residual_axes(figure, contest, number, (name, title, domain))
    _legend(figure, contest)
    return framed(
        figure,
        title=_title(found),
        subtitle=(
            "Cost of distribution in nats per token, beside data-parallel training on as many tokens. Every "
            "point is predicted by a fit that has not seen its size. Open marks: hyperparameters were not "
            f"tuned for the setting, so that the cost is at most this. Grey: noise of runs, ± {NOISE:g} nats."
        ),
        footer=[
            "Studies that share an M or an H are set a little apart.",
            f"assumptions {plain(evidence.assumptions)} · farflung {version()} · seed {evidence.seed}",
            "$ farflung evidence --plot evidence.svg",
            _sources(contest),
        ],
        plot=_TOTAL,
        left=74,
        right=24,
        above=26,
        below=64,
    )


def _title(found: Mapping[str, Any]) -> str:
    errors = dict(found["held_out_rmse_nats"])
    ours, none = errors.pop(CALIBRATED), errors.pop(NONE)
    others = listed(f"{error:.3f}" for error in errors.values())
    return (
        f"On sizes it has not seen the law is off by {ours:.3f} nats; "
        f"the published sets by {others}, no cost at all by {none:.3f}"
    )


def _sources(contest: CrossValidation) -> str:
    studies = [STUDIES[study] for study in np.unique(contest.at.study).astype(int)]
    known = {row.study: row.source for row in stored(LossRow)}
    return f"Sources: {', '.join(f'{known[study]} ({study})' for study in studies)}"


def _looks(study: int) -> dict[str, Any]:
    colour = SERIES[study % len(SERIES)]
    line = {"width": 1.6, "color": colour}
    return {"symbol": _SYMBOLS[study % len(_SYMBOLS)], "size": 7.5, "color": colour, "line": line}


def _points(figure: go.Figure, contest: CrossValidation, number: int, place: Place, meta: str) -> None:
    """Draw one trace for each study, and rings around the points that are in no fit."""
    at, (x, y) = contest.at, place
    for study in np.unique(at.study).astype(int):
        own = at.study == study
        figure.add_trace(
            go.Scatter(
                x=x[own],
                y=y[own],
                mode="markers",
                name=STUDIES[study],
                showlegend=False,
                meta=meta,
                marker=_looks(study),
                **axes_of(number),
            )
        )
    figure.add_trace(
        go.Scatter(
            x=x[at.test], y=y[at.test], mode="markers", showlegend=False, meta="test", marker=_RING,
            **axes_of(number),
        )
    )  # fmt: skip


def _span(*values: np.ndarray, room: float = _ROOM) -> tuple[float, float]:
    """Return ends a little beyond some values."""
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    return low - room * (high - low), high + room * (high - low)


def _along(x: np.ndarray) -> tuple[float, float]:
    """Return the ends of a logarithmic axis, with room for studies side by side where values are few."""
    return _span(np.log10(x), room=_ROOM if len(np.unique(x)) > _FEW else 2 * _ROOM)


def _band(figure: go.Figure, number: int, x: list[float], low: list[float], high: list[float]) -> None:
    """Draw the noise of runs around a line."""
    figure.add_trace(
        go.Scatter(
            x=[*x, *reversed(x)], y=[*high, *reversed(low)], fill="toself", fillcolor=_BAND, mode="none",
            hoverinfo="skip", showlegend=False, meta="noise", **axes_of(number),
        )
    )  # fmt: skip


def _line(figure: go.Figure, number: int, x: list[float], y: list[float], meta: str) -> None:
    figure.add_trace(
        go.Scatter(
            x=x, y=y, mode="lines", line={"color": QUIET, "width": 1.2}, hoverinfo="skip", showlegend=False,
            meta=meta, **axes_of(number),
        )
    )  # fmt: skip


def _parity(figure: go.Figure, contest: CrossValidation) -> None:
    said, seen = contest.expected[CALIBRATED], contest.at.change
    low, high = _span(said, seen)
    ends = [low, high]
    _band(figure, 1, ends, [end - NOISE for end in ends], [end + NOISE for end in ends])
    _line(figure, 1, ends, ends, "one to one")
    figure.add_annotation(
        text="1 : 1", x=high, y=high, xref="x", yref="y", xanchor="right", xshift=-26, yshift=-8,
        showarrow=False, font={"size": 11.5, "color": QUIET},
    )  # fmt: skip
    _points(figure, contest, 1, (seen, said), "prediction")
    looks = {**axis_of(ends, scale_of(ends, "1"), log=False, most=6), "range": ends}
    placed(
        figure,
        1,
        {**looks, "domain": _PARITY, "anchor": "y", "title": {"text": "Measured cost [nats]"}},
        {**looks, "domain": _UPPER, "anchor": "x", "title": {"text": "Predicted cost [nats]"}},
    )


def _bars(figure: go.Figure, found: Mapping[str, Any]) -> None:
    """Draw the error of every set, over all points and over those that are in no fit."""
    names = list(reversed(found["held_out_rmse_nats"]))
    test = found["by_group"]["test_sizes"]
    for group, colour, side in ((found, _ALL, 1), (test, _TEST, -1)):
        errors = [group["held_out_rmse_nats"][name] for name in names]
        at = [place + 0.5 * side * _BAR for place in range(len(names))]
        figure.add_trace(
            go.Bar(
                x=errors, y=at, width=0.9 * _BAR, orientation="h", marker_color=colour, showlegend=False,
                meta="error", customdata=names, hovertemplate="%{customdata}: %{x:.4f}<extra></extra>",
                **axes_of(2),
            )
        )  # fmt: skip
        for error, place, name in zip(errors, at, names, strict=True):
            said = (
                f" on {group['points']} {'points' if side > 0 else 'in no fit'}" if name == CALIBRATED else ""
            )
            _beside_bar(figure, error, place, f"{error:.4f}{said}")
    most = max(found["held_out_rmse_nats"].values())
    ends = [0.0, 1.22 * most]
    placed(
        figure,
        2,
        {**axis_of([0.0, most], scale_of(ends, "1"), log=False, most=5), "range": ends, "domain": _BARS,
         "anchor": "y2", "title": {"text": "Root mean squared error [nats]"}},
        {"domain": _UPPER, "anchor": "x2", "showgrid": False, "range": [-0.6, len(names) - 0.4],
         "tickvals": list(range(len(names))), "ticktext": [_words(name) for name in names]},
    )  # fmt: skip
    _noise_mark(figure, len(names) - 0.4)


def _beside_bar(figure: go.Figure, error: float, place: float, said: str) -> None:
    figure.add_annotation(
        text=said, name="error", x=error, y=place, xref="x2", yref="y2", xanchor="left", xshift=3,
        showarrow=False, font={"size": 11.5}, bgcolor="white", borderpad=1,
    )  # fmt: skip


def _noise_mark(figure: go.Figure, top: float) -> None:
    figure.add_trace(
        go.Scatter(
            x=[NOISE, NOISE], y=[-0.6, top], mode="lines", hoverinfo="skip", showlegend=False, meta="noise",
            line={"color": QUIET, "width": 1.3, "dash": "dash"}, **axes_of(2),
        )
    )  # fmt: skip
    figure.add_annotation(
        text="noise of runs", x=NOISE, y=top, xref="x2", yref="y2", yanchor="bottom", showarrow=False,
        font={"size": 11.5, "color": QUIET},
    )  # fmt: skip


def _words(name: str) -> str:
    return {CALIBRATED: f"<b>{CALIBRATED}</b>", NONE: "no cost"}.get(name, name)


def _residuals(figure: go.Figure, contest: CrossValidation, number: int, name: str) -> None:
    x = getattr(contest.at, name)
    low, high = _along(x)
    ends = [float(10**end) for end in (low, high)]
    _band(figure, number, ends, [-NOISE, -NOISE], [NOISE, NOISE])
    _line(figure, number, ends, [0.0, 0.0], "zero")
    at = x
    if len(np.unique(x)) <= _FEW:
        studies, place = np.unique(contest.at.study, return_inverse=True)
        at = x * 10 ** (_APART * (high - low) * (place - (len(studies) - 1) / 2))
    _points(figure, contest, number, (at, contest.error(CALIBRATED)), f"residual {name}")


def _residual_axes(
    figure: go.Figure, contest: CrossValidation, number: int, panel: tuple[str, str, list[float]]
) -> None:
    name, title, domain = panel
    x, errors = getattr(contest.at, name), contest.error(CALIBRATED)
    reach = max(abs(end) for end in _span(errors))
    ends = _along(x)
    some = np.unique(x)
    at = some.tolist() if len(some) <= _FEW else ticks(float(some[0]), float(some[-1]), log=True, most=6)
    upward = axis_of([-reach, reach], scale_of([reach], "1"), log=False, most=6)
    if number > _FIRST:
        upward |= {"showticklabels": False}
    placed(
        figure,
        number,
        {"type": "log", "tickvals": at, "ticktext": [brief(one) for one in at], "range": list(ends),
         "domain": domain, "anchor": f"y{number}", "title": {"text": title}},
        {**upward, "range": [-reach, reach], "domain": _LOWER, "anchor": f"x{number}",
         "title": {"text": "Predicted − measured [nats]" if number == _FIRST else ""}},
    )  # fmt: skip


def _legend(figure: go.Figure, contest: CrossValidation) -> None:
    for study in np.unique(contest.at.study).astype(int):
        key(figure, STUDIES[study], mode="markers", marker=_looks(study))
    key(figure, "in no fit: 4 and 10 billion parameters", mode="markers", marker=_RING)
