"""Slowest: how much longer the slowest of many takes, measured in the event engine.

Flat runs in which everyone is waited for, nothing fails and exchanges run beside the steps; either the
links set their pace, or the nodes do. The factor is the time of a round over that of participants who are all
alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from farflung.outcome.events import simulate
from farflung.physics.stragglers import exchange_spread, transfer_spread
from farflung.scenario.fault_model import IDEAL, FaultModel

PEERS = (2, 4, 8, 16, 32, 64, 256, 1024, 4096)
_ROUNDS = 3
"""Rounds of a run; the first is not measured, for its updates are on their way when the run begins."""
_MOST_PLACES, _FEWEST_RUNS, _MOST_RUNS = 2**19, 256, 1024
_STEP_TOKENS = 131_072

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """How far participants differ. Spreads are coefficients of variation.

    Parameters
    ----------
    link_spread, link_variation
        As conditions of a fault model; nodes set the pace where both are 0 [1].
    compute_spread, step_variation
        As conditions of a fault model [1].
    download
        Download over upload bandwidth, infinite where nothing is sent [1].
    """

    link_spread: float = 0.0
    link_variation: float = 0.0
    compute_spread: float = 0.0
    step_variation: float = 0.0
    download: float = 1.0

    @property
    def by_links(self) -> bool:
        """Return whether links set the pace."""
        return self.link_spread + self.link_variation > 0.0

    @property
    def one_way(self) -> float:
        """Return the spread of one transfer, or of the work, that the closed form asks for [1]."""
        if not self.by_links:
            return self.compute_spread  # what varies from step to step does not hold a streaming run up
        return float(transfer_spread(link_spread=self.link_spread, link_variation=self.link_variation))

    @property
    def spread(self) -> float:
        """Return the spread of the whole that is waited for [1]."""
        ends = {"payload": 1.0, "upload_bandwidth": 1.0, "download_bandwidth": self.download}
        return float(exchange_spread(transfer_spread=self.one_way, **ends))

    @property
    def fault_model(self) -> FaultModel:
        """Return the fault model: a barrier, without failures, outages and overheads."""
        own = ("link_spread", "link_variation", "compute_spread", "step_variation")
        return IDEAL.model_copy(update={name: getattr(self, name) for name in own})


SETTINGS = (
    Setting(link_variation=0.1),
    Setting(link_spread=0.2),
    Setting(link_variation=0.25),
    Setting(link_spread=0.2, link_variation=0.25),
    Setting(link_spread=0.42, link_variation=0.25),
    Setting(link_spread=0.7, link_variation=0.44),
    Setting(link_spread=0.2, link_variation=0.25, download=10.0),
    Setting(link_spread=0.42, download=10.0),
    Setting(link_spread=0.7, link_variation=0.44, download=10.0),
    Setting(compute_spread=0.007, download=np.inf),
    Setting(compute_spread=0.03, download=np.inf),
    Setting(compute_spread=0.1, download=np.inf),
    Setting(compute_spread=0.1, step_variation=0.05, download=np.inf),
    Setting(compute_spread=0.3, download=np.inf),
)
"""From the low to the high end of the conditions of the sets."""


@dataclass(frozen=True, slots=True)
class Factors:
    """Factors as the event engine has them, point by point.

    Attributes
    ----------
    setting
        Place of the setting.
    peers, factor
        Participants, and how much longer than alike ones they take [1].
    one_way, spread, download
        As of the setting [1].
    """

    setting: np.ndarray
    peers: np.ndarray
    factor: np.ndarray
    one_way: np.ndarray
    spread: np.ndarray
    download: np.ndarray

    def where(self, chosen: np.ndarray) -> Factors:
        """Return some of the points."""
        return Factors(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})


def measure(
    *,
    seed: int = 0,
    settings: Sequence[Setting] = SETTINGS,
    peers: Sequence[int] = PEERS,
    progress: Progress | None = None,
) -> Factors:
    """Return the factors that the event engine shows.

    Parameters
    ----------
    seed
        Same seed, same factors.
    settings, peers
        Where to measure.
    progress
        Called after every point with how many are done, and of how many.
    """
    points = [(place, one, count) for place, one in enumerate(settings) for count in peers]
    factors = []
    for done, (_, one, count) in enumerate(points, start=1):
        factors.append(measured_factor(one, count, seed=seed))
        if progress is not None:
            progress(done, len(points))
    about = {
        name: np.array([getattr(one, name) for _, one, _ in points])
        for name in ("one_way", "spread", "download")
    }
    return Factors(
        setting=np.array([place for place, _, _ in points]),
        peers=np.array([float(count) for _, _, count in points]),
        factor=np.array(factors),
        **about,
    )


def measured_factor(setting: Setting, peers: int, *, seed: int = 0) -> float:
    """Return how much longer a round of ``peers`` participants takes than one of participants all alike [1].

    Parameters
    ----------
    setting
        How far they differ.
    peers
        Participants; at least 2 [1].
    seed
        Same seed, same factor.
    """
    runs = min(max(_MOST_PLACES // peers, _FEWEST_RUNS), _MOST_RUNS)
    alike = _round_time(setting, 2, IDEAL, runs=1, seed=seed)
    return _round_time(setting, peers, setting.fault_model, runs=runs, seed=seed) / alike


def _round_time(setting: Setting, peers: int, fault_model: FaultModel, *, runs: int, seed: int) -> float:
    """Return the mean time of a round of a run for which either links or nodes set the pace [s]."""
    fast, slow = 1e16, 1e8
    upload = slow if setting.by_links else fast
    scenario = {
        "tokens": f"{_ROUNDS * peers * _STEP_TOKENS} token",
        "model": {"parameters": 1e9},
        "nodes": {
            "count": peers,
            "peak": "1 ZFLOP/s" if setting.by_links else "1 PFLOP/s",
            "memory": "1 TB",
        },
        "network": {
            "upload": f"{upload!r} bit/s",
            "download": f"{min(upload * setting.download, fast)!r} bit/s",
            "latency": "0 s",
        },
        # None of this may hang on the set whose coefficients are being fitted.
        "protocol": {
            "mode": "flat",
            "inner_steps": 1,
            "local_batch": f"{_STEP_TOKENS} token",
            "compression": 1,
            "stragglers": "threshold",
        },
    }
    closes: list[np.ndarray] = []
    simulate(scenario, fault_model, runs=runs, seed=seed, watch=lambda one: closes.append(one.close[:, 0]))
    return float(np.mean(closes[-1] - closes[0]) / (len(closes) - 1))
