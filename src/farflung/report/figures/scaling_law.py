"""The scaling law fitted anew: how far it is from the published one, and what each law advises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from farflung.analysis.calibrate.scaling_law import LETTERS, PUBLISHED
from farflung.report.figures import frame, words
from farflung.report.figures.marks import WHITE, Panel, disc
from farflung.report.figures.scales import Scale, numeric_axis, scale_of, widened

if TYPE_CHECKING:
    from farflung.analysis.calibrate.scaling_law import ScalingLawFit

_LETTERS = {"alpha": "α", "beta": "β"}
_ERRORS, _RATIOS = [0.0, 0.34], [0.5, 0.86]
"""Where the panels lie across the page."""
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
_REFIT = "refit"


def scaling_law_figure(result: ScalingLawFit) -> go.Figure:
    """Return estimates beside the published ones in standard errors, and best tokens per parameter by law.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.calibrate.scaling_law.refit` returns.
    """
    ratios = {
        name: {float(flop): ratio for flop, ratio in by_flop.items()}
        for name, by_flop in result.to_dict()["tokens_per_parameter"].items()
    }
    figure = go.Figure()
    _deviations(Panel(figure, 1), result)
    _advice(Panel(figure, 2), ratios)
    within = sum(result.within.values())
    count = f"all {within}" if within == len(LETTERS) else f"{within} of {len(LETTERS)}"
    most = max(ratios[_REFIT])
    return frame.framed(
        figure,
        title=(
            f"Fitted anew to {result.points} runs, {count} coefficients are within one "
            f"standard error of the published ones; best at {words.scientific(most)} FLOP: "
            f"{ratios[_REFIT][most]:.1f} tokens per parameter"
        ),
        subtitle=(
            "Left: estimate less published, over the published standard error; bars, ± one standard error "
            f"of the estimate from {result.draws:,} bootstrap draws. Right: tokens per parameter that give "
            "the least loss, by law."
        ),
        footer=[frame.made_by("", "", f"seed {result.seed}"), *frame.closing(result)],
        plot=330,
        left=74,
        right=24,
        below=64,
    )


def _deviations(panel: Panel, result: ScalingLawFit) -> None:
    """Draw every estimate and its error, in published standard errors from the published one."""
    rows = list(reversed(LETTERS))
    spreads = {letter: result.standard_errors[letter] / result.published_errors[letter] for letter in rows}
    offsets = {
        letter: (result.estimates[letter] - result.published[letter]) / result.published_errors[letter]
        for letter in rows
    }
    reach = max(1.3, *(abs(offsets[letter]) + spreads[letter] for letter in rows)) * 1.08
    axis = numeric_axis(
        [-reach, reach], Scale(1.0, ""), log=False, most=6, title="Standard errors from the published value"
    )
    top = len(rows) - 0.4
    panel.axes(
        {**axis, "domain": _ERRORS},
        {"range": [-0.6, top], "tickvals": list(range(len(rows))), "showgrid": False,
         "ticktext": [_LETTERS.get(letter, letter) for letter in rows]},
    )  # fmt: skip
    for limit in (-1.0, 1.0):
        panel.limit(limit, top, bottom=-0.6, meta="one error")
    panel.line([0.0, 0.0], [-0.6, top], frame.LINE, 1.2, "published")
    for row, letter in enumerate(rows):
        offset, spread = offsets[letter], spreads[letter]
        said = f"{_LETTERS.get(letter, letter)} = {result.estimates[letter]:.4g}"
        panel.line([offset - spread, offset + spread], [row, row], frame.BLUE, 2.5, "error")
        panel.points([offset], [row], disc(frame.BLUE, size=10), "estimate", hover=[said])
        panel.label(
            f"{result.estimates[letter]:.4g}", offset, row, xanchor="center", yshift=17, bgcolor=WHITE,
            name="estimate",
        )  # fmt: skip


def _advice(panel: Panel, ratios: dict[str, dict[float, float]]) -> None:
    """Draw the best tokens per parameter of every law over compute, each law named at its end."""
    flops = list(ratios[_REFIT])
    values = [ratio for by_flop in ratios.values() for ratio in by_flop.values()]
    ends = widened(min(values), max(values), log=True, before=0.08)
    across = widened(min(flops), max(flops), log=True, before=0.04)
    panel.axes(
        {
            **numeric_axis(across, scale_of(flops, "FLOP"), log=True, most=6, title="Compute"),
            "domain": _RATIOS,
        },
        numeric_axis(ends, Scale(1.0, ""), log=True, title="Best tokens per parameter"),
    )
    last = max(flops)
    order = sorted(ratios, key=lambda name: ratios[name][last])
    for place, (name, by_flop) in enumerate(ratios.items()):
        colour = frame.SERIES[place % len(frame.SERIES)]
        y = list(by_flop.values())
        panel.line(flops, y, colour, 2.2 if name in {_REFIT, PUBLISHED} else 1.6, "law")
        look = {"symbol": _SYMBOLS[place % len(_SYMBOLS)], "size": 8, "color": colour}
        hover = [f"{name} at {words.quantity(flop, 'FLOP')}: {ratio:.1f}" for flop, ratio in by_flop.items()]
        panel.points(flops, y, look, "law", hover=hover, name=name)
        lower = order.index(name) == 0
        panel.label(
            f"{_law(name)}: {y[-1]:.1f}", last, y[-1], xshift=10, yshift=-7 if lower else 6,
            name="law",
        )  # fmt: skip


def _law(name: str) -> str:
    return "<b>refit</b>" if name == _REFIT else name.capitalize()
