"""Compression: the compute lost to compressing pseudo-gradients and activations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from farflung.base.arrays import Array, Namespace, array_function, where

Table = Sequence[tuple[float, float]]
"""Pairs of compression ratio and quality, ratios rising from 1."""


def _quality(xp: Namespace, ratio: Array, table: Table) -> Array:
    """Return a table's quality, linear in ln(ratio) between its ratios and constant beyond them."""
    position = xp.log(ratio)
    points = [(math.log(point_ratio), quality) for point_ratio, quality in table]
    result = points[0][1] + 0.0 * position
    # A broken line is the sum of its segments' clipped parts: no search, no branch, any array library.
    for (left, low), (right, high) in pairwise(points):
        if high != low:
            part = xp.minimum(xp.maximum(position, left), right)
            part -= left
            part *= (high - low) / (right - left)
            result += part
    return result


@array_function
def compression_efficiency(
    xp: Namespace, *, compression_ratio: Array, compression_table: Table, replicas: Array
) -> Array:
    """Return the share of compute that counts when pseudo-gradients are compressed [1].

    Parameters
    ----------
    compression_ratio
        Uncompressed over compressed size [1].
    compression_table
        Pairs of ratio and quality.
    replicas
        Replicas; one sends and loses nothing [1].

    Notes
    -----
    Equation: η_c = q(C_r), linear in ln C_r between the table's ratios, or 1 where M < 2
    Assumption: quality depends on the ratio alone, not on how bits and density make it up.
    Evidence: rahman2026distributed, lidin2026covenant
    Limits: measured up to 146 with error feedback, at up to 72.7B parameters; constant beyond the table.
    """
    quality = _quality(xp, compression_ratio, compression_table)
    return where(xp, replicas > 1, quality, 1.0)


@array_function
def activation_efficiency(
    xp: Namespace, *, activation_compression_ratio: Array, activation_table: Table, pipeline_stages: Array
) -> Array:
    """Return the share of compute that counts when a pipeline's activations are compressed [1].

    Parameters
    ----------
    activation_compression_ratio
        Uncompressed over compressed size [1].
    activation_table
        Pairs of ratio and quality, per boundary and crossing.
    pipeline_stages
        Nodes of the pipeline [1].

    Notes
    -----
    Equation: η_act = q^(2(S − 1))
    Assumption: losses multiply over the S − 1 boundaries, forward and backward.
    Evidence: rahman2026distributed
    Limits: no measurement at eight stages or more over compressed links.
    """
    quality = _quality(xp, activation_compression_ratio, activation_table)
    return quality ** (2.0 * (pipeline_stages - 1.0))
