"""Chance: everything about a run that differs from seed to seed, drawn in one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from farflung.base.arrays import Array

_BLOCK = 1 << 18
"""Numbers drawn at once for all runs: enough to make the call cheap, few enough to stay in the cache."""
_EVENTS = 1 << 10
"""Times of rare events drawn at once."""

_LEAST_VARIATION = 1e-12
"""Variation of step times that is lost in rounding anyway."""


@dataclass(frozen=True, slots=True)
class FailureModel:
    """How nodes and links vary and fail. Times in seconds; spreads are coefficients of variation."""

    compute_spread: float
    step_variation: float
    link_spread: float
    link_variation: float
    time_between_failures: float
    failure_shape: float
    repair_time: float
    stay_time: float
    absence_time: float
    time_between_outages: float
    outage_time: float


class Draws(Protocol):
    """What the engine asks of chance. Arrays are indexed by run, worker, and member of the worker."""

    def slowness(self) -> Array:
        """Return how much longer than typical each node always computes (runs, workers, members) [1]."""

    def links(self) -> tuple[Array, Array]:
        """Return how much longer each worker's link always sends and receives (runs, workers) [1]."""

    def steps(self) -> Array:
        """Return the mean relative time of the steps of the next round (runs, workers, members) [1]."""

    def sending(self) -> Array:
        """Return the relative time of each worker's next sending (runs, workers) [1]."""

    def receiving(self) -> Array:
        """Return the relative time of each worker's next receiving (runs, workers) [1]."""

    def until_failure(self, run: int, worker: int, member: int) -> float:
        """Return how long a node that starts now runs until it fails [s]."""

    def repair(self, run: int, worker: int, member: int) -> float:
        """Return how long the repair of a node takes [s]."""

    def until_withdrawal(self, run: int, worker: int, member: int) -> float:
        """Return how long a node that comes now stays [s]."""

    def absence(self, run: int, worker: int, member: int) -> float:
        """Return how long a withdrawn node stays away [s]."""

    def until_outage(self, run: int, worker: int) -> float:
        """Return how long a worker's link works until its next outage [s]."""

    def outage(self, run: int, worker: int) -> float:
        """Return how long an outage lasts [s]."""

    def partners(self) -> Array:
        """Return a random order of the workers (runs, workers)."""


class RandomDraws:
    """Draws from independent streams, one for each run and purpose.

    A run's numbers do not depend on how many runs are made beside it, nor on how they are batched.

    Parameters
    ----------
    failure_model
        How nodes and links vary and fail.
    shape
        Runs, workers, and nodes of a worker.
    steps
        Inner steps of a round.
    seed
        The seed.

    Notes
    -----
    The time of a step is gamma distributed, so that the sum of any number of steps is too and can be drawn
    at once without approximation; lasting and per-exchange factors are lognormal. All have a mean of 1.
    Times between failures are Weibull distributed; repairs, stays, absences and outages are exponential.
    """

    def __init__(
        self, failure_model: FailureModel, shape: tuple[int, int, int], steps: float, seed: int
    ) -> None:
        self._failure_model, self._shape = failure_model, shape
        of_runs = [np.random.SeedSequence(entropy=seed, spawn_key=(run,)).spawn(6) for run in range(shape[0])]
        streams = [[np.random.Generator(np.random.SFC64(key)) for key in keys] for keys in of_runs]
        self._lasting, steps_streams, sending, receiving, events, self._pairing = zip(*streams, strict=True)
        self._events = [_one_by_one(stream) for stream in events]
        varying = _lognormal(failure_model.link_variation)
        self._steps = _Rows(steps_streams, shape[1:], _gamma(failure_model.step_variation / math.sqrt(steps)))
        self._sending = _Rows(sending, shape[1:2], varying)
        self._receiving = _Rows(receiving, shape[1:2], varying)
        self._failure_exponent = 1.0 / failure_model.failure_shape
        self._failure_scale = failure_model.time_between_failures / math.gamma(
            1.0 + 1.0 / failure_model.failure_shape
        )

    def slowness(self) -> Array:
        """Return how much longer than typical each node always computes (runs, workers, members) [1]."""
        return _row(self._lasting, self._shape[1:], _lognormal(self._failure_model.compute_spread))

    def links(self) -> tuple[Array, Array]:
        """Return how much longer each worker's link always sends and receives (runs, workers) [1]."""
        draw = _lognormal(self._failure_model.link_spread)
        sending = _row(self._lasting, self._shape[1:2], draw)
        return sending, _row(self._lasting, self._shape[1:2], draw)

    def steps(self) -> Array:
        """Return the mean relative time of the steps of the next round (runs, workers, members) [1]."""
        return self._steps.next()

    def sending(self) -> Array:
        """Return the relative time of each worker's next sending (runs, workers) [1]."""
        return self._sending.next()

    def receiving(self) -> Array:
        """Return the relative time of each worker's next receiving (runs, workers) [1]."""
        return self._receiving.next()

    def until_failure(self, run: int, worker: int, member: int) -> float:
        """Return how long a node that starts now runs until it fails [s]."""
        return self._failure_scale * math.pow(next(self._events[run]), self._failure_exponent)

    def repair(self, run: int, worker: int, member: int) -> float:
        """Return how long the repair of a node takes [s]."""
        return self._exponential(run, self._failure_model.repair_time)

    def until_withdrawal(self, run: int, worker: int, member: int) -> float:
        """Return how long a node that comes now stays [s]."""
        return self._exponential(run, self._failure_model.stay_time)

    def absence(self, run: int, worker: int, member: int) -> float:
        """Return how long a withdrawn node stays away [s]."""
        return self._exponential(run, self._failure_model.absence_time)

    def until_outage(self, run: int, worker: int) -> float:
        """Return how long a worker's link works until its next outage [s]."""
        return self._exponential(run, self._failure_model.time_between_outages)

    def outage(self, run: int, worker: int) -> float:
        """Return how long an outage lasts [s]."""
        return self._exponential(run, self._failure_model.outage_time)

    def partners(self) -> Array:
        """Return a random order of the workers (runs, workers)."""
        return np.stack([stream.permutation(self._shape[1]) for stream in self._pairing])

    def _exponential(self, run: int, mean: float) -> float:
        return mean if math.isinf(mean) else mean * next(self._events[run])


def _one_by_one(stream: np.random.Generator) -> Iterator[float]:
    """Yield exponential numbers of mean 1, drawn many at a time."""
    while True:
        yield from stream.standard_exponential(_EVENTS).tolist()


Sampler = Callable[[np.random.Generator, tuple[int, ...]], Array]


def _lognormal(variation: float) -> Sampler | None:
    """Return how to draw lognormal factors of mean 1, or nothing where they do not vary."""
    if variation == 0.0:
        return None
    variance = math.log1p(variation * variation)
    sigma = math.sqrt(variance)

    def draw(stream: np.random.Generator, shape: tuple[int, ...]) -> Array:
        drawn = stream.standard_normal(shape)
        drawn *= sigma
        drawn -= 0.5 * variance
        return np.exp(drawn, out=drawn)

    return draw


def _gamma(variation: float) -> Sampler | None:
    """Return how to draw gamma factors of mean 1, or nothing where they hardly vary."""
    if variation < _LEAST_VARIATION:
        return None
    shape_parameter = variation**-2.0

    def draw(stream: np.random.Generator, shape: tuple[int, ...]) -> Array:
        drawn = stream.standard_gamma(shape_parameter, shape)
        drawn /= shape_parameter
        return drawn

    return draw


def _row(streams: Sequence[np.random.Generator], shape: tuple[int, ...], draw: Sampler | None) -> Array:
    """Return one factor for each run and place, 1 where nothing varies."""
    if draw is None:
        return np.ones((len(streams), *shape))
    return np.stack([draw(stream, shape) for stream in streams])


class _Rows:
    """Row after row of factors, drawn many at a time."""

    def __init__(
        self, streams: Sequence[np.random.Generator], shape: tuple[int, ...], draw: Sampler | None
    ) -> None:
        self._streams, self._shape, self._draw = streams, shape, draw
        self._held = max(1, _BLOCK // (math.prod(shape) * len(streams)))
        self._at = self._held
        self._rows = np.ones((1, len(streams), *shape))

    def next(self) -> Array:
        """Return the next row of every run."""
        if self._draw is None:
            return self._rows[0]
        if self._at == self._held:
            drawn = [self._draw(stream, (self._held, *self._shape)) for stream in self._streams]
            self._rows = drawn[0][:, None] if len(drawn) == 1 else np.stack(drawn, axis=1)
            self._at = 0
        self._at += 1
        return self._rows[self._at - 1]
