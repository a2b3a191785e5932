"""Points: every measured cost of distribution as one row of arrays, with how it may be used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from farflung.base.errors import InputError
from farflung.catalog.measured import GrowingTokensRow, LossRow
from farflung.catalog.rows import stored

NOISE = 0.008
"""Noise of a loss change: rms difference of two sets of hyperparameters (charles2025scaling) [nats]."""
TEST_FROM = 3e9
"""Sizes from here on are the test where hyperparameters were tuned: they are in no fit [1]."""
STUDIES = ("charles", "streaming", "streaming-dolma", "noloco-reddit", "noloco-c4", "growing-tokens")
_SCORED = frozenset({"charles", "streaming", "streaming-dolma"})
"""Studies whose baseline was measured on as many tokens, and tuned for the study's own setting."""
_SAME_SIZE = 1.35
"""Sizes closer than this factor are left out together: 90M tells too much about 100M."""


@dataclass(frozen=True, slots=True)
class Points:
    """Measured loss changes beside data-parallel training on as many tokens, one array each.

    Attributes
    ----------
    study
        Place in ``STUDIES``.
    parameters, tokens, replicas, inner_steps, bits
        The run [1, tokens, 1, 1, bit].
    baseline, change
        Loss of data-parallel training, and by how much more the distributed run lost [nats].
    noise
        Standard deviation of the change: the noise of runs, and of rounding [nats].
    upper_bound
        Whether hyperparameters were not tuned for the setting, so that the cost is at most this.
    scored
        Whether the point is scored in cross-validation; the others only bound.
    band
        Number of its size: points of one band are left out together.
    """

    study: np.ndarray
    parameters: np.ndarray
    tokens: np.ndarray
    replicas: np.ndarray
    inner_steps: np.ndarray
    bits: np.ndarray
    baseline: np.ndarray
    change: np.ndarray
    noise: np.ndarray
    upper_bound: np.ndarray
    scored: np.ndarray
    band: np.ndarray

    def where(self, chosen: np.ndarray) -> Points:
        """Return some of the points."""
        return Points(*(getattr(self, one.name)[chosen] for one in fields(self)))

    def __len__(self) -> int:
        return len(self.change)

    @property
    def test(self) -> np.ndarray:
        """Return which points are in no fit, whatever is left out."""
        return np.asarray(self.scored & (self.parameters >= TEST_FROM))


def points(law: Mapping[str, float]) -> Points:
    """Return all points at which something is distributed.

    Parameters
    ----------
    law
        B and beta of the scaling law, by which one cluster's loss falls with tokens where the study that
        let tokens grow with replicas did not measure it.
    """
    rows = [_of_equal_tokens(row) for row in stored(LossRow) if row.replicas > 1]
    rows += _of_growing_tokens(stored(GrowingTokensRow), law)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    columns.append(_bands(columns[1]))
    return Points(*columns)


def _of_equal_tokens(row: LossRow) -> tuple[float | bool, ...]:
    if row.study not in STUDIES:
        known = ", ".join(STUDIES)
        raise InputError("losses.csv", f"'{row.study}' is no study that the fit knows", nearest=known)
    # Two rounded numbers are subtracted, each even within half a last digit.
    noise = math.hypot(NOISE, row.rounding * math.sqrt(2.0 / 3.0))
    run = (row.parameters, row.tokens, row.replicas, row.inner_steps, row.bits)
    change = row.loss - row.loss_data_parallel
    how = (noise, row.role == "untuned", row.study in _SCORED)
    return STUDIES.index(row.study), *run, row.loss_data_parallel, change, *how


def _of_growing_tokens(
    rows: Sequence[GrowingTokensRow], law: Mapping[str, float]
) -> list[tuple[float | bool, ...]]:
    """Return bounds from runs with as many tokens for every replica.

    One cluster was measured on 1 and on 8 times the tokens. Between and beyond, its loss falls as the law's
    term in tokens, stretched to agree with those two: that is no measurement, so the points are bounds on
    what distribution costs, never part of a score.
    """
    clusters = sorted((row for row in rows if row.kind == "cluster"), key=lambda row: row.tokens)
    if len(clusters) != 2:
        raise InputError("growing_tokens.csv", "needs two rows of kind 'cluster' to compare with")

    def term(tokens: float) -> float:
        return float(law["B"] * tokens ** -law["beta"])

    first, last = clusters
    gained = math.log(first.perplexity) - math.log(last.perplexity)
    stretch = gained / (term(first.tokens) - term(last.tokens))
    points: list[tuple[float | bool, ...]] = []
    for row in rows:
        if row.kind == "distributed":
            fallen = stretch * (term(first.tokens) - term(row.tokens))
            baseline = math.log(first.perplexity) - fallen
            change = math.log(row.perplexity) - baseline
            run = (row.parameters, row.tokens, row.replicas, row.inner_steps, 32.0)
            study = STUDIES.index("growing-tokens")
            points.append((study, *run, baseline, change, NOISE, True, False))
    return points


def _bands(sizes: np.ndarray) -> np.ndarray:
    """Return the number of every point's size among those that are clearly different."""
    distinct = np.unique(sizes)
    starts = [float(distinct[0])]
    for size in distinct:
        if size > starts[-1] * _SAME_SIZE:
            starts.append(float(size))
    return np.searchsorted(starts, sizes, side="right") - 1
