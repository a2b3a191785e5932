"""The ledger: what became of the claims of every document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from farflung.base.errors import InputError
from farflung.evidence.ledger import DIFFERS, REPRODUCED, STATUSES
from farflung.report.figures import frame, words
from farflung.report.figures.grouped_bars import bar_entry
from farflung.report.figures.marks import WHITE, Panel, filled, text_width

if TYPE_CHECKING:
    from farflung.evidence.ledger import Ledger

_ROW, _LEFT, _RIGHT = 52, 160, 92
_WIDTH = 0.56
"""Share of a row that its bar takes."""
_PALE = "#C9CED3"
_STYLES: Mapping[str, tuple[dict[str, Any], str]] = {
    "reproduced": (filled(frame.BLUE), "white"),
    "differs": (filled(frame.ORANGE), frame.INK),
    "stated input": (filled(_PALE), frame.INK),
    "judgement": (filled(frame.LINE, ".", behind="white", solidity=0.2), frame.INK),
    "not derivable": (filled(frame.LINE, "/", behind="white", solidity=0.2), frame.INK),
}
"""Look of a status, and the colour of the counts on it."""


def ledger_figure(result: Ledger) -> go.Figure:
    """Return the claims of every document by status, as shares of the document's claims.

    Parameters
    ----------
    result
        What :func:`farflung.reproduce` returns.

    Raises
    ------
    InputError
        If there are no claims.
    """
    if not result.claims:
        raise InputError("ledger", "has nothing to draw: it holds no claims")
    counts = dict(result.documents)
    if len(counts) > 1:
        counts["<b>all</b>"] = result.counts
    figure = go.Figure()
    panel = Panel(figure)
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    panel.axes(
        {"range": [0.0, 1.0], "tickvals": ticks, "ticktext": [words.percent(tick) for tick in ticks],
         "title": {"text": "Share of a document's claims"}},
        {"range": [len(counts) - 0.45, -0.62], "tickvals": list(range(len(counts))),
         "ticktext": list(counts), "showgrid": False, "ticks": ""},
    )  # fmt: skip
    for row, own in enumerate(counts.values()):
        _bar(panel, row, own)
    for status in STATUSES:
        if result.counts[status]:
            look = {**_STYLES[status][0], "line": {"color": frame.LINE, "width": 1}}
            bar_entry(figure, status, look)
    return frame.framed(
        figure,
        title=_title(result),
        subtitle=(
            "What became of every published claim, by document, with the number of claims. The others state "
            "an input, are a judgement, or are not derived from what the document says."
        ),
        footer=[_drift(result), frame.made_by("", ""), *frame.closing(result)],
        plot=_ROW * len(counts) + 10,
        left=_LEFT,
        right=_RIGHT,
    )


def _bar(panel: Panel, row: int, counts: Mapping[str, int]) -> None:
    """Draw the claims of one document: parts that are too narrow for their count have it above."""
    total, start = sum(counts.values()), 0.0
    for status in STATUSES:
        count, share = counts[status], counts[status] / total
        if not count:
            continue
        look, ink = _STYLES[status]
        hover = f"{status}: {count:,} of {total:,}"
        panel.bars(
            [row], [(start, start + share)], {**look, "line": {"color": "white", "width": 1}}, status,
            width=_WIDTH, hover=[hover],
        )  # fmt: skip
        fits = share * _inner() >= text_width(f"{count:,}") + 4
        panel.label(
            f"{count:,}", start + share / 2, row, xanchor="center", name="count",
            colour=ink if fits else frame.INK, yshift=0 if fits else 0.5 * _ROW * _WIDTH + 8,
            bgcolor=WHITE if fits and look["pattern"]["shape"] else None,
        )  # fmt: skip
        start += share
    panel.label(f"{total:,} claims", 1.0, row, xshift=8, name="total")


def _inner() -> int:
    return frame.WIDTH - _LEFT - _RIGHT


def _title(result: Ledger) -> str:
    of = f" of {result.document}" if result.document else ""
    return (
        f"Of {len(result.claims):,} published claims{words.escaped(of)}, {result.recomputed:,} are "
        f"recomputed: {result.counts[REPRODUCED]:,} are reproduced and {result.counts[DIFFERS]:,} differ"
    )


def _drift(result: Ledger) -> str:
    names: Sequence[str] = [claim.id for claim in result.drifted]
    if not names:
        return "No claim has drifted from the status on record."
    return f"Drifted from the status on record: {words.shortened(', '.join(names), 120)}."
