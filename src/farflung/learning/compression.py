"""Compression: what sending less than everything costs, for pseudo-gradients and for activations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from farflung.base.arrays import Array, as_array, namespace, where

Table = Sequence[tuple[float, float]]
"""Pairs of compression ratio and quality, ratios rising from 1."""


def tabulated_quality(*, ratio: Array, table: Table) -> Array:
    """Return the quality at a compression ratio, read from a table [1].

    Parameters
    ----------
    ratio
        Uncompressed over compressed size, at least 1 [1].
    table
        Pairs of ratio and quality, ratios rising.

    Notes
    -----
    Equation: linear in ln(ratio) between the table's ratios, constant outside them
    Assumption: quality depends on the ratio alone, not on bits, density or error feedback.
    Evidence: rahman2026distributed
    Limits: constant above the last ratio, which flatters extreme compression.
    """
    return _read(namespace(ratio), ratio, table)


def _read(xp: Any, ratio: Array, table: Table) -> Array:
    position = xp.log(as_array(ratio, xp))
    points = [(math.log(point_ratio), quality) for point_ratio, quality in table]
    result = as_array(points[0][1], xp) + 0.0 * position
    # A broken line is the sum of its segments' clipped parts: no search, no branch, any array library.
    for (left, low), (right, high) in pairwise(points):
        if high != low:
            part = xp.minimum(xp.maximum(position, as_array(left, xp)), as_array(right, xp))
            part -= left
            part *= (high - low) / (right - left)
            result += part
    return result


def compression_efficiency(*, compression_ratio: Array, compression_table: Table, replicas: Array) -> Array:
    """Return the share of compute that counts when pseudo-gradients are compressed [1].

    Parameters
    ----------
    compression_ratio
        Uncompressed over compressed size [1].
    compression_table
        Pairs of ratio and quality for the scenario's error feedback and its outlook.
    replicas
        Replicas; a single one sends nothing, and loses nothing [1].

    Notes
    -----
    Equation: η_c = table(C_r), or 1 where M < 2
    Assumption: as the table's.
    Evidence: lidin2026covenant
    Limits: measured up to 146 with error feedback, at up to 72.7B parameters.
    """
    xp = namespace(compression_ratio, replicas)
    quality = _read(xp, compression_ratio, compression_table)
    return where(xp, as_array(replicas, xp) > 1, quality, as_array(1.0, xp))


def activation_efficiency(
    *, activation_compression_ratio: Array, activation_table: Table, pipeline_stages: Array
) -> Array:
    """Return the share of compute that counts when a pipeline's activations are compressed [1].

    Parameters
    ----------
    activation_compression_ratio
        Uncompressed over compressed size [1].
    activation_table
        Pairs of ratio and quality of one boundary crossed once.
    pipeline_stages
        Nodes of the pipeline [1].

    Notes
    -----
    Equation: η_act = q^(2(S − 1))
    Assumption: losses multiply over the S − 1 boundaries, forward and backward.
    Evidence: rahman2026distributed
    Limits: no measurement at eight stages or more over compressed links.
    """
    xp = namespace(activation_compression_ratio, pipeline_stages)
    quality = _read(xp, activation_compression_ratio, activation_table)
    return quality ** (2.0 * (pipeline_stages - 1.0))
