"""What distribution adds to the loss: errors of assumption sets and of forms of the law, where not fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.analysis.calibrate.cross_validation import CALIBRATED, NONE
from farflung.analysis.calibrate.points import NOISE
from farflung.report.figures import frame, words
from farflung.report.figures.grouped_bars import Rows, bar_entry
from farflung.report.figures.marks import DASHED, Panel, filled
from farflung.report.figures.scales import Scale

if TYPE_CHECKING:
    from farflung.analysis.calibrate.cross_validation import CrossValidation

_GAP = 86
"""Height of what is between the panels [px]."""
_ALL, _TEST = "all points", "sizes in no fit"
_LOOKS = (filled(frame.BLUE), filled(frame.ORANGE, "/", behind="white"))


def cross_validation_figure(result: CrossValidation) -> go.Figure:
    """Return the held-out errors of every assumption set, and of the forms of the law.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.calibrate.cross_validation.cross_validate` returns.
    """
    every, test = result.held_out_rmse(), result.held_out_rmse(result.groups()["test_sizes"])
    names = sorted(every, key=lambda name: every[name])
    sets = Rows(
        [_name(name) for name in names],
        {_ALL: [every[name] for name in names], _TEST: [test[name] for name in names]},
        _LOOKS,
        _nats,
    )
    forms = dict(sorted(result.forms_rmse.items(), key=lambda pair: pair[1]))
    laws = Rows([f"Law: {name}" for name in forms], {"fitted sizes": list(forms.values())}, _LOOKS, _nats)
    total = sets.height + _GAP + laws.height
    figure = go.Figure()
    for number, rows, title, domain in (
        (1, sets, "Assumption sets: root mean squared error", (1 - sets.height / total, 1.0)),
        (
            2,
            laws,
            "Forms of the law, on the other sizes: root mean squared error",
            (0.0, laws.height / total),
        ),
    ):
        panel = Panel(figure, number)
        rows.draw(panel, Scale(1.0, "nats"), title, domain)
        panel.limit(NOISE, rows.height, meta="noise")
    for name, look in zip((_ALL, _TEST), _LOOKS, strict=True):
        bar_entry(figure, name, look)
    frame.legend_entry(figure, f"noise of runs, {NOISE:g} nats", mode="lines", line=DASHED)
    satisfied = sum(bound.satisfied for bound in result.bounds)
    return frame.framed(
        figure,
        title=(
            f"On sizes that it has not seen the calibrated law is off by {every[CALIBRATED]:.3f} nats; "
            f"charging nothing for distribution by {every[NONE]:.3f}"
        ),
        subtitle=(
            f"What distribution adds to the loss at {len(result.at)} measured points, each predicted by a "
            f"fit without its size; {words.percent(float(result.covered.mean()))} of the points "
            "are in the law's 90 % intervals."
        ),
        footer=[
            f"The law satisfies {satisfied} of {len(result.bounds)} upper bounds, which are in no score.",
            frame.made_by("", "", f"{result.draws:,} draws", f"seed {result.seed}"),
            *frame.closing(result),
        ],
        plot=total,
        left=236,
        right=30,
    )  # fmt: skip


def _name(name: str) -> str:
    return {CALIBRATED: f"<b>{name}</b>", NONE: "no cost of distribution"}.get(name, name)


def _nats(value: float) -> str:
    return f"{value:.4f}"
