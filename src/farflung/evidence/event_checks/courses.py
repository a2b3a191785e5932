"""Courses made by hand, for runs that are no scenario: learners of many chips, links with nothing on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from farflung.outcome.events.course import Course, Synchronisation, Tally
from farflung.outcome.events.draws import Chances, Draws, RandomDraws
from farflung.outcome.events.engine import Engine
from farflung.outcome.events.policies import Policy
from farflung.outcome.events.policies.barrier import Barrier
from farflung.outcome.events.stops import Recovery
from farflung.outcome.events.transports import TRANSPORTS, Line
from farflung.outcome.events.units import Nodes

STEADY = Chances(
    compute_spread=0.0,
    step_variation=0.0,
    link_spread=0.0,
    link_variation=0.0,
    time_between_failures=math.inf,
    failure_shape=1.0,
    repair_time=0.0,
    stay_time=math.inf,
    absence_time=math.inf,
    time_between_outages=math.inf,
    outage_time=0.0,
)
"""Nodes and links that never vary or fail."""
_NO_LINE = Line(
    payload=0.0, upload=1.0, download=1.0, latency=0.0, overhead=0.0, units=1, server=math.inf
)  # fmt: skip
"""An exchange of nothing, in no time: where only failures are asked about."""


def course(
    *,
    runs: int,
    units: int,
    work: float,
    members: int = 1,
    duration: float = math.inf,
    periods: float = math.inf,
    policy: Policy | None = None,
    line: Line | None = None,
    overlap: float = 0.0,
    notice: float = 0.0,
    restart: float = 0.0,
) -> Course:
    """Return a course of units that work so long between exchanges around a ring [s].

    A unit that stops is back ``restart`` after the others notice, and stops with any of its members.
    """
    policy = policy or Barrier()
    return Course(
        shape=(runs, units, members),
        units=Nodes(compute=work, other=0.0),
        line=line or _NO_LINE,
        transport=TRANSPORTS["ring"],
        policy=policy,
        merges_late=policy.late == "merge",
        overlap=overlap,
        recovery=Recovery(notice=notice, restart=restart, fetch=0.0, spares=0),
        outages=False,
        duration=duration,
        periods=periods,
    )


def play(
    made: Course,
    seed: int,
    *,
    between_failures: float = math.inf,
    compute_spread: float = 0.0,
    draws: Draws | None = None,
    watch: Callable[[Synchronisation], None] | None = None,
) -> Tally:
    """Return what a course adds up to, where each member fails so often [s] and its speed differs so much."""
    chances = replace(STEADY, time_between_failures=between_failures, compute_spread=compute_spread)
    return Engine(made, draws or RandomDraws(chances, made.shape, 1.0, seed), watch).run()
