"""What the workers of one run did, as lanes along time, and where the time of all runs went."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from farflung.report.figures import frame, words
from farflung.report.figures.marks import Panel, square
from farflung.report.figures.scales import numeric_axis, scale_of

if TYPE_CHECKING:
    from farflung.outcome.events import Interval, Simulation, Timeline

_PALE = "#CDD2D7"
_KINDS: dict[tuple[str, str | None], tuple[str, str]] = {
    ("computing", "merged"): ("computing, merged", frame.BLUE),
    ("computing", "late"): ("computing, merged late", frame.SKY),
    ("computing", "lost"): ("computing, lost", frame.VERMILION),
    ("waiting", None): ("waiting", _PALE),
    ("down", None): ("down", frame.BLACK),
    ("sending", None): ("sending", frame.GREEN),
    ("receiving", None): ("receiving", frame.ORANGE),
}
"""What is told apart: by activity, and for computing by what became of the update."""
_SHARES = {
    "goodput": ("training", frame.BLUE),
    "waiting": ("waiting", _PALE),
    "lost_work": ("lost work", frame.VERMILION),
    "down": ("down", frame.BLACK),
}
_MOST_WORKERS, _MOST_SYNCHRONISATIONS, _MOST_RUNS = 40, 100, 64
_ROW, _LEAST, _GAP, _RUNS = 24, 90, 76, 150
"""Height of a worker, the least of all workers together, between the panels, and of the runs [px]."""
_LANES = ((-0.12, 12), (0.24, 3), (0.39, 3))
"""Where in its worker's row each lane lies, and how thick it is [px]."""


def gantt_figure(result: Simulation, timeline: Timeline | None = None) -> go.Figure:
    """Return what each worker of one run did along time, and below it where the time of every run went.

    Parameters
    ----------
    result
        What :func:`farflung.outcome.events.simulate` returns.
    timeline
        The timeline that it was watched by; without one, only where the time of runs went is drawn.
    """
    figure = go.Figure()
    height = _RUNS
    if timeline is not None:
        lanes = max(_ROW * min(timeline.workers, _MOST_WORKERS), _LEAST)
        height += lanes + _GAP
        _lanes(Panel(figure), timeline, [1.0 - lanes / height, 1.0])
    else:
        for name, colour in _SHARES.values():
            frame.legend_entry(figure, name, mode="markers", marker=square(colour))
    _runs(Panel(figure, 1 if timeline is None else 2), result, [0.0, _RUNS / height])
    return frame.framed(
        figure,
        title=_title(result),
        subtitle=_subtitle(result, timeline),
        footer=[
            *(_left_out(timeline) if timeline is not None else ()),
            frame.origin(result.scenario.name, result.provenance, f"{result.runs:,} runs"),
            frame.sources_line(record.source for record in result.defaulted.values()),
            frame.repeated_by(result.command),
        ],
        plot=height,
        left=88,
        right=30,
        above=10,
        narrowest=480,
    )


def _title(result: Simulation) -> str:
    """Return the finding: how much of the time became training, and what took the rest."""
    means = {name: result.mean(name) for name in _SHARES}
    goodput = means.pop("goodput")
    if not math.isfinite(goodput):
        return "No run comes to its first synchronisation"
    rest = sorted((name for name in means if means[name] > 0.0), key=means.__getitem__, reverse=True)
    policy = words.escaped(words.shortened(result.fault_model.policy, 40))
    title = (
        f"Under policy {policy}, {words.percent(min(goodput, 1.0))} of all replicas’ time becomes training"
    )
    others = (
        words.enumerated(f"{words.percent(means[name])} {_SHARES[name][0]}" for name in rest) if rest else ""
    )
    return f"{title}; the rest is {others}" if others else title


def _subtitle(result: Simulation, timeline: Timeline | None) -> str:
    name = words.scenario_label(result.scenario.name, 60)
    policy = words.escaped(words.shortened(result.fault_model.policy, 40))
    made = f"{name}, policy {policy}, seed {result.seed}."
    if timeline is None:
        return f"{made} Every run, ordered by the share that becomes training."
    rounds = min(timeline.synchronisations, _MOST_SYNCHRONISATIONS)
    workers = f"{min(timeline.workers, _MOST_WORKERS)} {timeline.spec.workers.name}s"
    return (
        f"{made} Above: run {timeline.run}, its first {rounds} synchronisations, {workers}; thin lines are "
        "what passes their links. Below: every run, ordered by the share that becomes training."
    )


def _left_out(timeline: Timeline) -> Iterator[str]:
    hidden, rounds = timeline.spec.shape[1] - min(timeline.workers, _MOST_WORKERS), timeline.synchronisations
    if hidden:
        yield f"{hidden:,} more {timeline.spec.workers.name}s are not shown."
    if rounds > _MOST_SYNCHRONISATIONS:
        yield f"{rounds - _MOST_SYNCHRONISATIONS:,} more synchronisations of the timeline are not shown."


def _lanes(panel: Panel, timeline: Timeline, domain: Sequence[float]) -> None:
    """Draw all intervals of one kind as one trace, which stays quick however many there are."""
    worker = words.capitalised(timeline.spec.workers.name)
    drawn = [
        interval
        for interval in timeline.intervals
        if interval.worker < _MOST_WORKERS and interval.synchronisation < _MOST_SYNCHRONISATIONS
    ]
    for (activity, update), (phrase, colour) in _KINDS.items():
        own = [
            interval
            for interval in drawn
            if interval.activity == activity and (update is None or interval.update == update)
        ]
        if not own:
            continue
        offset, width = _LANES[own[0].lane]
        panel.line(
            [at for interval in own for at in (interval.begin, interval.end, None)],
            [at for interval in own for at in (interval.worker + offset, interval.worker + offset, None)],
            colour, width, "lane", name=phrase,
            hover=[text for interval in own for text in (*[_hover(interval, worker, phrase)] * 2, "")],
        )  # fmt: skip
        thick = {"width": 0} if width > 5 else {"width": width, "color": colour}
        look = square(colour) | {"symbol": "square" if width > 5 else "line-ew", "line": thick}
        frame.legend_entry(panel.figure, phrase, mode="markers", marker=look)
    _lane_axes(panel, drawn, min(timeline.workers, _MOST_WORKERS), worker, domain)


def _hover(interval: Interval, worker: str, phrase: str) -> str:
    where = f"{worker} {interval.worker}, synchronisation {interval.synchronisation}"
    return f"{where}<br>{phrase}: {words.quantity(interval.end - interval.begin, 's')}"


def _lane_axes(
    panel: Panel, drawn: Sequence[Interval], workers: int, worker: str, domain: Sequence[float]
) -> None:
    begin = min((interval.begin for interval in drawn), default=0.0)
    end = max((interval.end for interval in drawn), default=1.0)
    scale = scale_of([0.5 * (end - begin)], "s")
    axis = numeric_axis(
        [min(begin, 0.0), end], scale, log=False, most=10, title="Time from the start of the run"
    )
    panel.axes(
        {**axis, "range": [begin, end]},
        {"range": [workers - 0.4, -0.6], "domain": list(domain), "tickvals": list(range(workers)),
         "showgrid": False, "title": {"text": worker}},
    )  # fmt: skip


def _runs(panel: Panel, result: Simulation, domain: Sequence[float]) -> None:
    """Draw where the time of each run went, runs in the order of their goodput."""
    known = np.flatnonzero(np.isfinite(result.values["goodput"]))
    ordered = known[np.argsort(result.values["goodput"][known], kind="stable")]
    some = ordered[np.unique(np.linspace(0, len(ordered) - 1, min(len(ordered), _MOST_RUNS)).astype(int))]
    for name, (phrase, colour) in _SHARES.items():
        shares = result.values[name][some]
        panel.add(
            go.Bar, x=list(range(len(some))), y=shares, marker={"color": colour, "line": {"width": 0}},
            name=phrase, meta="share",
            hover=[
                f"Run {run}: {words.percent(share)} {phrase}"
                for run, share in zip(some, shares, strict=True)
            ],
        )  # fmt: skip
    thinned = (
        f"{len(some)} of {result.runs:,}, evenly by rank" if len(some) < result.runs else f"{result.runs}"
    )
    panel.figure.update_layout(barmode="stack", bargap=0.12)
    at = [0.0, 0.25, 0.5, 0.75, 1.0]
    panel.axes(
        {"tickvals": [], "showgrid": False, "title": {"text": f"Runs ({thinned}), by goodput"}},
        {"domain": list(domain), "range": [0.0, 1.0], "tickvals": at,
         "ticktext": list(map(words.percent, at)), "title": {"text": "Share of time"}},
    )  # fmt: skip
