"""Forms of the straggler factor, by their errors on what their fits have not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.report.figures import frame, words
from farflung.report.figures.grouped_bars import Rows, bar_entry
from farflung.report.figures.marks import Panel, filled
from farflung.report.figures.scales import Scale

if TYPE_CHECKING:
    from farflung.analysis.calibrate.stragglers import StragglerFit

_SERIES = ("all that was left out", "a spread left out", "the largest n left out")
_LOOKS = (
    filled(frame.BLUE),
    filled(frame.SKY, "/", behind="white"),
    filled(frame.ORANGE, ".", behind="white"),
)


def stragglers_figure(result: StragglerFit) -> go.Figure:
    """Return the held-out error of every form, the best on top.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.calibrate.stragglers.calibrate_stragglers` returns.
    """
    forms = sorted(result.fits, key=result.held_out)
    columns = zip(*(result.errors(form) for form in forms), strict=True)
    labels = [f"<b>{words.escaped(forms[0])}</b>", *map(words.escaped, forms[1:])]
    rows = Rows(labels, dict(zip(_SERIES, columns, strict=True)), _LOOKS, _error)
    figure = go.Figure()
    rows.draw(Panel(figure), Scale(0.01, "%"), "Root mean squared error of the factor")
    for name, look in zip(_SERIES, _LOOKS, strict=True):
        bar_entry(figure, name, look)
    peers, spread = result.at.peers, result.at.spread
    coefficients = (f"{name} = {value:.4g}" for name, value in result.fits[result.chosen].items())
    return frame.framed(
        figure,
        title=(
            f"How much longer the slowest of n takes: the best form is off by "
            f"{_error(result.held_out(forms[0]))} where it was not fitted, the worst by "
            f"{_error(result.held_out(forms[-1]))}"
        ),
        subtitle=(
            f"Forms of the straggler factor, fitted to {len(result.at.factor)} points of the event engine: "
            f"n from {peers.min():.0f} to {peers.max():,.0f}, coefficient of variation s from "
            f"{spread.min():.2g} to {spread.max():.2g}; σ² = ln(1 + s²)."
        ),
        footer=[
            f"{words.escaped(result.chosen)}: {', '.join(coefficients)}.",
            frame.made_by("", "", f"seed {result.seed}"),
            *frame.closing(result),
        ],
        plot=rows.height,
        left=238,
        right=30,
    )


def _error(share: float) -> str:
    return f"{100 * share:.1f}\u00a0%"
