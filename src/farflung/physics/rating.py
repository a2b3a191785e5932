"""Ratings: node totals, and the measures by which rules count chips."""

from __future__ import annotations

from collections.abc import Mapping

from farflung.base.arrays import Array, Namespace, array_function

_BITS_OF_FORMAT = {"fp16": 16.0, "fp8": 8.0, "int8": 8.0, "fp4": 4.0}
"""Bits of an operand in each hardware number format."""


def node_total(*, chips_per_node: Array, per_chip: Array) -> Array:
    """Return a node's total of a quantity of its chips [unit of ``per_chip``].

    Parameters
    ----------
    chips_per_node
        Accelerators of a node [1].
    per_chip
        Peak throughput, memory or performance of a chip.

    Notes
    -----
    Equation: chips · per chip
    Assumption: all chips of a node alike and usable together.
    Evidence: farflung2026
    Limits: the links between the chips of a node are in the MFU.
    """
    return chips_per_node * per_chip


def total_processing_performance(*, rates: Mapping[str, float]) -> float:
    """Return the total processing performance of a chip [FLOP/s · bit].

    Parameters
    ----------
    rates
        Dense rate by number format (``fp16``, ``fp8``, ``int8``, ``fp4``), at least one [FLOP/s].

    Notes
    -----
    Equation: TPP = max over formats of rate · bits
    Assumption: sparsity does not count.
    Evidence: scher2025agreement
    Limits: formats missing from a datasheet are not counted.
    """
    return max(rate * _BITS_OF_FORMAT[number_format] for number_format, rate in rates.items())


def h100_equivalents(*, performance: Array, reference_performance: Array) -> Array:
    """Return a performance in H100 equivalents [1].

    Parameters
    ----------
    performance
        Total processing performance, or the 16-bit rate [FLOP/s · bit, or FLOP/s].
    reference_performance
        The same measure of one H100 [the same].

    Notes
    -----
    Equation: performance / performance of an H100
    Assumption: one number stands for a chip; memory and links do not count.
    Evidence: scher2025agreement
    Limits: none.
    """
    return performance / reference_performance


@array_function
def most_chips_under(xp: Namespace, *, limit: Array, per_chip: Array) -> Array:
    """Return the most chips that do not exceed a limit [1].

    Parameters
    ----------
    limit
        The limit of a rule, in any unit.
    per_chip
        Count of one chip, in the same unit.

    Notes
    -----
    Equation: floor(limit / per chip)
    Assumption: exactly at the limit is not above it ("greater than" in the rules).
    Evidence: scher2025agreement
    Limits: none.
    """
    # A ratio that should be whole may fall short of it by rounding: 15840 / 990 must give 16.
    return xp.floor(limit / per_chip * (1.0 + 1e-12))
