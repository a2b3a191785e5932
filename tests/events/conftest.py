"""Chance fixed in advance, and runs specified by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from farflung.outcome.events.draws import FailureModel, RandomDraws
from farflung.outcome.events.interruptions import Recovery
from farflung.outcome.events.policies import policy_from
from farflung.outcome.events.run_spec import RunSpec, Synchronisation
from farflung.outcome.events.transports import TRANSPORTS, Link
from farflung.outcome.events.workers import Nodes


@dataclass
class FixedDraws:
    """One run's chance from tables: what is not in them does not vary and does not happen."""

    workers: int
    step_table: Sequence[Sequence[float]] = ()
    sending_table: Sequence[Sequence[float]] = ()
    receiving_table: Sequence[Sequence[float]] = ()
    slow: Sequence[float] = ()
    failures: Mapping[int, Sequence[float]] = field(default_factory=dict)
    repairs: Mapping[int, Sequence[float]] = field(default_factory=dict)
    gaps: Mapping[int, Sequence[float]] = field(default_factory=dict)
    cuts: Mapping[int, Sequence[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._at: dict[Any, int] = {}

    def _row(self, name: str, table: Sequence[Sequence[float]]) -> np.ndarray:
        at = self._at[name] = self._at.get(name, -1) + 1
        return np.array([table[at]]) if at < len(table) else np.ones((1, self.workers))

    def _one(self, name: str, table: Mapping[int, Sequence[float]], worker: int, beyond: float) -> float:
        at = self._at[name, worker] = self._at.get((name, worker), -1) + 1
        listed = table.get(worker, ())
        return listed[at] if at < len(listed) else beyond

    def slowness(self):
        return np.array([self.slow or [1.0] * self.workers])[..., None]

    def links(self):
        return np.ones((1, self.workers)), np.ones((1, self.workers))

    def steps(self):
        return self._row("steps", self.step_table)[..., None]

    def sending(self):
        return self._row("sending", self.sending_table)

    def receiving(self):
        return self._row("receiving", self.receiving_table)

    def until_failure(self, run, worker, member):
        return self._one("failures", self.failures, worker, math.inf)

    def repair(self, run, worker, member):
        return self._one("repairs", self.repairs, worker, math.inf)

    def until_withdrawal(self, run, worker, member):
        return math.inf

    def absence(self, run, worker, member):
        return math.inf

    def until_outage(self, run, worker):
        return self._one("gaps", self.gaps, worker, math.inf)

    def outage(self, run, worker):
        return self._one("cuts", self.cuts, worker, 0.0)

    def partners(self):
        return np.arange(self.workers)[None, :]


def spec(policy: str, workers: int, **changes: Any) -> RunSpec:
    """Specify runs of nodes: 100 s of work, 10 s to send, 5 s to receive."""
    runs = changes.pop("runs", 1)
    detection_time, restart, fetch = (
        changes.pop(name, 0.0) for name in ("detection_time", "restart", "fetch")
    )
    spares = changes.pop("spares", 0)
    named = policy_from(policy, workers)
    settled = {
        "shape": (runs, workers, 1),
        "workers": Nodes(compute=100.0, other=0.0),
        "link": Link(1000.0, 100.0, 200.0, latency=0.0, overhead=0.0, workers=workers, server=math.inf),
        "transport": TRANSPORTS[changes.pop("by", "parameter_server")],
        "policy": named,
        "merges_late": named.late == "merge",
        "overlap": 0.0,
        "recovery": Recovery(detection_time, restart, fetch, spares),
        "outages": False,
        "duration": math.inf,
        "periods": math.inf,
    }  # fmt: skip
    return RunSpec(**(settled | changes))


STILL = FailureModel(
    compute_spread=0.0, step_variation=0.0, link_spread=0.0, link_variation=0.0,
    time_between_failures=math.inf, failure_shape=1.0, repair_time=0.0, stay_time=math.inf,
    absence_time=math.inf, time_between_outages=math.inf, outage_time=0.0,
)  # fmt: skip
"""Nothing varies and nothing fails."""


class Watch(list[Synchronisation]):
    """Keeps all synchronisations."""

    def __call__(self, one: Synchronisation) -> None:
        self.append(one)

    @property
    def closes(self) -> list[float]:
        return [float(one.close.max()) for one in self]

    @property
    def merged(self) -> list[list[bool]]:
        return [one.merged[0].tolist() for one in self]


@pytest.fixture(scope="session")
def hand() -> Any:
    """Return what specifies runs and chance."""

    class Hand:
        Draws, Random, Watch = FixedDraws, RandomDraws, Watch
        still = STILL
        spec = staticmethod(spec)

    return Hand
