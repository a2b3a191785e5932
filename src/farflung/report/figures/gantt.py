"""What the units of one run did, as lanes along time, and where the time of all runs went."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures.frame import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    SKY,
    VERMILION,
    again,
    cited,
    framed,
    key,
    origin,
)
from farflung.report.figures.words import (
    axis_of,
    capitalised,
    listed,
    percent,
    plain,
    scale_of,
    shortened,
    shown,
)

if TYPE_CHECKING:
    from farflung.outcome.events import Interval, Simulation, Timeline

_PALE = "#CDD2D7"
_KINDS: dict[tuple[str, str | None], tuple[str, str]] = {
    ("computing", "merged"): ("computing, merged", BLUE),
    ("computing", "late"): ("computing, merged late", SKY),
    ("computing", "lost"): ("computing, lost", VERMILION),
    ("waiting", None): ("waiting", _PALE),
    ("down", None): ("down", BLACK),
    ("sending", None): ("sending", GREEN),
    ("receiving", None): ("receiving", ORANGE),
}
"""What is told apart: by activity, and for computing by what became of the update."""
_SHARES = {"goodput": BLUE, "waiting": _PALE, "lost_work": VERMILION, "down": BLACK}
_WORDS = {"goodput": "training", "waiting": "waiting", "lost_work": "lost work", "down": "down"}
_MOST_UNITS, _MOST_SYNCHRONISATIONS, _MOST_RUNS = 40, 100, 64
_ROW, _LEAST, _GAP, _RUNS = 24, 90, 76, 150
"""Height of a unit, the least of all units together, between the panels, and of the runs [px]."""
_LANES = ((-0.12, 12), (0.24, 3), (0.39, 3))
"""Where in its unit's row each lane lies, and how thick it is [px]."""
_LEFT = 88


def gantt_figure(result: Simulation, timeline: Timeline) -> go.Figure:
    """Return what each unit of one run did along time, and below it where the time of every run went.

    Parameters
    ----------
    result
        What :func:`farflung.outcome.events.simulate` returns.
    timeline
        The timeline that it was watched by.
    """
    drawn = [
        one
        for one in timeline.intervals
        if one.unit < _MOST_UNITS and one.synchronisation < _MOST_SYNCHRONISATIONS
    ]
    units = min(timeline.units, _MOST_UNITS)
    above = max(_ROW * units, _LEAST)
    total = above + _GAP + _RUNS
    figure = go.Figure()
    _lanes(figure, drawn, timeline.course.units.name)
    _lane_axes(figure, drawn, units, timeline.course.units.name, (1.0 - above / total, 1.0))
    _runs(figure, result, (0.0, _RUNS / total))
    figure.update_layout(legend_traceorder="normal")
    records = result.filled_in.values()
    return framed(
        figure,
        title=_title(result),
        subtitle=_subtitle(result, timeline, units),
        footer=[
            *_left_out(timeline, units),
            origin(result.scenario.name, result.provenance, f"{result.runs:,} runs"),
            cited(dict.fromkeys(one.source for one in records)),
            again(result.command),
        ],
        plot=total,
        left=_LEFT,
        right=30,
        above=10,
    )


def _title(result: Simulation) -> str:
    """Return the finding: how much of the time became training, and what took the rest."""
    means = {name: result.mean(name) for name in _SHARES}
    if not math.isfinite(means["goodput"]):
        return "No run comes to its first synchronisation"
    rest = sorted((name for name in means if name != "goodput" and means[name] > 0.0), key=means.__getitem__)
    told = listed(f"{percent(means[name])} {_WORDS[name]}" for name in reversed(rest)) if rest else ""
    policy = plain(shortened(result.operation.policy, 40))
    title = f"Policy {policy}: {percent(min(means['goodput'], 1.0))} of all replicas’ time becomes training"
    return f"{title}; {told}" if told else title


def _subtitle(result: Simulation, timeline: Timeline, units: int) -> str:
    name = plain(shortened(result.scenario.name or "Unnamed scenario", 60))
    rounds, unit = min(timeline.synchronisations, _MOST_SYNCHRONISATIONS), timeline.course.units.name
    return (
        f"{name}, policy {plain(shortened(result.operation.policy, 40))}, seed {result.seed}. Above: run "
        f"{timeline.run}, its first {rounds} synchronisations, {units} {unit}s; thin lines are what passes "
        "their links. Below: every run, ordered by the share that becomes training."
    )


def _left_out(timeline: Timeline, units: int) -> Iterator[str]:
    all_units, rounds = timeline.course.shape[1], timeline.synchronisations
    if all_units > units:
        yield f"{all_units - units:,} more {timeline.course.units.name}s are not shown."
    if rounds > _MOST_SYNCHRONISATIONS:
        yield f"{rounds - _MOST_SYNCHRONISATIONS:,} more synchronisations of the timeline are not shown."


def _lanes(figure: go.Figure, drawn: Sequence[Interval], name: str) -> None:
    """Draw all intervals of one kind as one trace, which stays quick however many there are."""
    for (activity, update), (words, colour) in _KINDS.items():
        found = [
            one for one in drawn if one.activity == activity and (update is None or one.update == update)
        ]
        if not found:
            continue
        offset, width = _LANES[found[0].lane]
        told = [
            f"{capitalised(name)} {one.unit}, synchronisation {one.synchronisation}<br>{words}: "
            f"{shown(one.end - one.begin, 's')}"
            for one in found
        ]
        figure.add_trace(
            go.Scatter(
                x=[at for one in found for at in (one.begin, one.end, None)],
                y=[at for one in found for at in (one.unit + offset, one.unit + offset, None)],
                text=[text for one in told for text in (one, one, "")],
                mode="lines",
                line={"color": colour, "width": width, "simplify": False},
                name=words,
                meta="lane",
                hovertemplate="%{text}<extra></extra>",
                showlegend=False,
            )
        )
        key(
            figure,
            words,
            mode="markers",
            marker={"symbol": "square" if width > 5 else "line-ew", "size": 12, "color": colour,
                    "line": {"color": colour, "width": 0 if width > 5 else width}},
        )  # fmt: skip


def _lane_axes(
    figure: go.Figure, drawn: Sequence[Interval], units: int, name: str, domain: tuple[float, float]
) -> None:
    begin = min((one.begin for one in drawn), default=0.0)
    end = max((one.end for one in drawn), default=1.0)
    scale = scale_of([0.5 * (end - begin)], "s")
    figure.update_layout(
        xaxis={
            **axis_of([min(begin, 0.0), end], scale, log=False, most=10),
            "range": [begin, end],
            "title": {"text": scale.titled("Time from the start of the run"), "standoff": 6},
            "anchor": "y",
        },
        yaxis={
            "range": [units - 0.4, -0.6],
            "domain": list(domain),
            "anchor": "x",
            "tickvals": list(range(units)),
            "title": {"text": capitalised(name), "standoff": 8},
            "showgrid": False,
        },
    )


def _runs(figure: go.Figure, result: Simulation, domain: tuple[float, float]) -> None:
    """Draw where the time of each run went, runs in the order of their goodput."""
    known = np.flatnonzero(np.isfinite(result.values["goodput"]))
    ordered = known[np.argsort(result.values["goodput"][known], kind="stable")]
    some = ordered[np.unique(np.linspace(0, len(ordered) - 1, min(len(ordered), _MOST_RUNS)).astype(int))]
    for name, colour in _SHARES.items():
        figure.add_trace(
            go.Bar(
                x=list(range(len(some))),
                y=result.values[name][some],
                marker={"color": colour, "line": {"width": 0}},
                name=_WORDS[name],
                meta="share",
                customdata=some,
                hovertemplate=f"Run %{{customdata}}: %{{y:.2%}} {_WORDS[name]}<extra></extra>",
                showlegend=False,
                xaxis="x2",
                yaxis="y2",
            )
        )
    of_all = (
        f"{len(some)} of {result.runs:,}, evenly by rank" if len(some) < result.runs else f"{result.runs}"
    )
    figure.update_layout(
        barmode="stack",
        bargap=0.12,
        xaxis2={"anchor": "y2", "tickvals": [], "showgrid": False,
                "title": {"text": f"Runs ({of_all}), by goodput", "standoff": 10}},
        yaxis2={"anchor": "x2", "domain": list(domain), "range": [0.0, 1.0], "tickformat": ".0%",
                "tickvals": [0.0, 0.25, 0.5, 0.75, 1.0],
                "title": {"text": "Share of time", "standoff": 8}},
    )  # fmt: skip
