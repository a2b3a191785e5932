"""Rows of bars from zero with their values: one bar in each row for every series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from farflung.report.figures.marks import WHITE, Panel
from farflung.report.figures.scales import Scale, numeric_axis

BAR, BETWEEN = 17, 13
"""Heights of a bar, and of what is between two rows [px]."""
_ROOM = 1.16
"""How much longer the axis is than the longest bar, for its value."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows from the top down: the label of each, and its value in every series."""

    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    looks: Sequence[Mapping[str, Any]]
    text: Callable[[float], str]

    @property
    def height(self) -> int:
        """Return the height of all [px]."""
        return len(self.labels) * (BAR * len(self.series) + BETWEEN)

    def draw(self, panel: Panel, scale: Scale, title: str, domain: Sequence[float] = (0.0, 1.0)) -> None:
        """Draw the bars of a panel, with its axes."""
        most = max(value for values in self.series.values() for value in values)
        each = BAR * len(self.series) + BETWEEN
        middles = [self.height - each * (row + 0.5) for row in range(len(self.labels))]
        panel.axes(
            {**numeric_axis([0.0, most], scale, log=False, most=6, title=title),
             "range": [0.0, _ROOM * most]},
            {"range": [0, self.height], "domain": list(domain), "showgrid": False, "ticks": "",
             "tickvals": middles, "ticktext": list(self.labels)},
        )  # fmt: skip
        for place, (name, values) in enumerate(self.series.items()):
            down = BAR * (place - 0.5 * (len(self.series) - 1))
            at = [middle - down for middle in middles]
            hover = [
                f"{label}, {name}: {self.text(value)}"
                for label, value in zip(self.labels, values, strict=True)
            ]
            panel.bars(
                at, [(0.0, value) for value in values], self.looks[place], name, width=0.82 * BAR, hover=hover
            )
            for value, y in zip(values, at, strict=True):
                panel.label(self.text(value), value, y, xshift=4, bgcolor=WHITE, name="value")


def bar_entry(figure: go.Figure, name: str, look: Mapping[str, Any]) -> None:
    """Say in the legend what the bars of one look are."""
    figure.add_trace(
        go.Bar(x=[None], y=[None], marker=dict(look), name=name, showlegend=True, hoverinfo="skip")
    )
    figure.update_layout(barmode="overlay")
