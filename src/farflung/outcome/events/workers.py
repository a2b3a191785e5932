"""Workers: what synchronises with its like, and how long its work between two synchronisations takes.

A worker is a node (flat), a pipeline of nodes, or a region whose nodes synchronise among themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.events.draws import Draws
from farflung.outcome.events.interruptions import Interruptions
from farflung.physics.pipeline import uneven_pipeline_step_time
from farflung.physics.transports import sending_time


@dataclass(frozen=True, slots=True)
class Work:
    """The work of every worker for one synchronisation.

    Parameters
    ----------
    duration
        How long it takes (runs, workers) [s].
    share
        Which share of its tokens is trained, where members may be away (runs, workers) [1].
    away
        Time that members were away, averaged over all of them (runs, workers) [s].
    """

    duration: Array
    share: Array | float = 1.0
    away: Array | float = 0.0


class Workers(ABC):
    """What synchronises with its like."""

    name = "replica"
    """What one is called."""
    stops_whole = True
    """Whether a worker stops with any of its members."""

    @abstractmethod
    def work(self, begin: Array, draws: Draws, slowness: Array, stops: Interruptions) -> Work:
        """Return the work of the next synchronisation, begun at ``begin`` (runs, workers) [s]."""


@dataclass(frozen=True)
class Nodes(Workers):
    """Each worker is one node.

    Parameters
    ----------
    compute
        Time its steps compute [s].
    other
        Time its steps take beside, which does not vary with the node [s].
    """

    compute: float
    other: float

    def work(self, begin: Array, draws: Draws, slowness: Array, stops: Interruptions) -> Work:
        """Return the time of the steps."""
        duration = (draws.steps() * slowness)[..., 0]
        duration *= self.compute
        if self.other:
            duration += self.other
        return Work(duration)


@dataclass(frozen=True)
class Pipelines(Workers):
    """Each worker is a pipeline, whose slowest stage sets the pace and whose dead stage stops it.

    Parameters
    ----------
    steps
        Steps between two synchronisations [1].
    micro_batches
        Micro-batches of a step [1].
    compute, transfer, latency, other
        Times of a micro-batch in one stage, across one boundary, of the round trip between neighbours, and
        beside all that in a step [s].
    """

    steps: float
    micro_batches: float
    compute: float
    transfer: float
    latency: float
    other: float

    def work(self, begin: Array, draws: Draws, slowness: Array, stops: Interruptions) -> Work:
        """Return the time of the steps, one step of the mean stage times."""
        crossing = self.transfer + self.latency if slowness.shape[2] > 1 else 0.0
        slots = draws.steps() * slowness * self.compute + crossing
        step_time = uneven_pipeline_step_time(
            slowest_stage_time=slots.max(axis=2),
            all_stages_time=slots.sum(axis=2),
            micro_batches=self.micro_batches,
            expert_parallel_time=self.other,
        )
        return Work(self.steps * step_time)


@dataclass(frozen=True)
class Regions(Workers):
    """Each worker is a region whose nodes synchronise among themselves, and goes on without those away.

    Parameters
    ----------
    cycles
        Regional synchronisations for one of the regions with each other.
    compute, other
        Times of the steps of one cycle, as of :class:`Nodes` [s].
    payload, upload, download, latency
        What a regional exchange sends [bit], over which link [bit/s], and its round trip [s].
    overlap
        Share of a cycle's steps that go on while an exchange runs [1].
    """

    cycles: int
    compute: float
    other: float
    payload: float
    upload: float
    download: float
    latency: float
    overlap: float
    name = "region"
    stops_whole = False

    def work(self, begin: Array, draws: Draws, slowness: Array, stops: Interruptions) -> Work:
        """Return the time of all cycles, and the share of the nodes that were there."""
        send = sending_time(payload=self.payload, bandwidth=self.upload, latency=self.latency)
        receive = sending_time(payload=self.payload, bandwidth=self.download, latency=self.latency)
        if slowness.shape[2] == 1:
            send = receive = 0.0
        ready, closed = np.full(slowness.shape, -send), np.zeros(slowness.shape[:2])
        for _ in range(self.cycles):
            steps = draws.steps() * slowness * self.compute + self.other
            ready = np.maximum(ready + self.overlap * steps, closed[..., None] + receive)
            ready += (1.0 - self.overlap) * steps
            closed = ready.max(axis=2) + send
        return self._with_those_away(begin, closed, stops)

    def _with_those_away(self, begin: Array, duration: Array, stops: Interruptions) -> Work:
        """Return the work, less that of nodes that stopped. The others do not wait for them."""
        end = begin + duration
        still = np.minimum(stops.back, end[..., None]) - np.maximum(stops.since, begin[..., None])
        away = np.maximum(still, 0.0).sum(axis=2)
        for run, worker in np.argwhere(stops.of_workers < end):
            until = end[run, worker]
            while stops.of_workers[run, worker] < until:
                since, back = stops.happen(run, worker)
                away[run, worker] += max(min(back, until) - max(since, begin[run, worker]), 0.0)
        away /= stops.back.shape[2]
        return Work(duration, share=np.maximum(1.0 - away / duration, 0.0), away=away)
