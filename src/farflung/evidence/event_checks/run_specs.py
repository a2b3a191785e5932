"""Runs specified by hand, for what is no scenario: learners of many chips, exchanges of nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from farflung.outcome.events.draws import Draws, FailureModel, RandomDraws
from farflung.outcome.events.engine import Engine
from farflung.outcome.events.interruptions import Recovery
from farflung.outcome.events.policies import Policy
from farflung.outcome.events.policies.barrier import Barrier
from farflung.outcome.events.run_spec import RunSpec, Synchronisation, Totals
from farflung.outcome.events.transports import TRANSPORTS, Link
from farflung.outcome.events.workers import Nodes

STEADY = FailureModel(
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
_NO_LINK = Link(
    payload=0.0, upload=1.0, download=1.0, latency=0.0, overhead=0.0, workers=1, server=math.inf
)  # fmt: skip
"""An exchange of nothing, in no time: where only failures are asked about."""


def spec(
    *,
    runs: int,
    workers: int,
    work: float,
    members: int = 1,
    duration: float = math.inf,
    periods: float = math.inf,
    policy: Policy | None = None,
    link: Link | None = None,
    overlap: float = 0.0,
    detection_time: float = 0.0,
    restart: float = 0.0,
) -> RunSpec:
    """Return the specification of workers that take ``work`` between exchanges around a ring [s].

    A unit that stops is back ``restart`` after the others know, and stops with any of its members.
    """
    policy = policy or Barrier()
    return RunSpec(
        shape=(runs, workers, members),
        workers=Nodes(compute=work, other=0.0),
        link=link or _NO_LINK,
        transport=TRANSPORTS["ring"],
        policy=policy,
        merges_late=policy.late == "merge",
        overlap=overlap,
        recovery=Recovery(detection_time=detection_time, restart=restart, fetch=0.0, spares=0),
        outages=False,
        duration=duration,
        periods=periods,
    )


def play(
    made: RunSpec,
    seed: int,
    *,
    between_failures: float = math.inf,
    compute_spread: float = 0.0,
    draws: Draws | None = None,
    watch: Callable[[Synchronisation], None] | None = None,
) -> Totals:
    """Return the totals of runs whose members fail so often [s] and differ so much in speed."""
    failure_model = replace(STEADY, time_between_failures=between_failures, compute_spread=compute_spread)
    return Engine(made, draws or RandomDraws(failure_model, made.shape, 1.0, seed), watch).run()
