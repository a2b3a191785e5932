"""Matrix multiplications: operations at the sustained rate, partly filled waves, traffic of operands."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function


@array_function
def idle_wave_share(
    xp: Namespace, *, rows: Array, columns: Array, tile_rows: Array, tile_columns: Array, units: Array
) -> Array:
    """Return how much longer than a full machine a product takes because its last wave is not full [1].

    Parameters
    ----------
    rows, columns
        Shape of the result [1].
    tile_rows, tile_columns
        Part of the result that one unit computes at a time [1].
    units
        Units of the chip that work at once [1].

    Notes
    -----
    Equation: ⌈w⌉/w − 1, w = ⌈M/m⌉ ⌈N/n⌉ / units
    Assumption: one tile size for all shapes.
    Evidence: nvidia2023matmul
    Limits: libraries choose among tiles and split the depth, so only a share of this is seen.
    """
    tiles = xp.ceil(rows / tile_rows) * xp.ceil(columns / tile_columns)
    waves = tiles / units
    return xp.ceil(waves) / waves - 1.0


def matmul_time(
    *,
    rows: Array,
    columns: Array,
    depth: Array,
    count: Array,
    matmul_rate: Array,
    idle_wave_share: Array,
    wave_coefficient: Array,
) -> Array:
    """Return the time of the operations of matrix products of one shape [s].

    Parameters
    ----------
    rows, columns, depth
        Shape of the product: M × K times K × N [1].
    count
        Products of this shape [1].
    matmul_rate
        Rate the chip sustains on large products [FLOP/s].
    idle_wave_share
        Excess of the last wave [1].
    wave_coefficient
        Share of that excess that is seen [1].

    Notes
    -----
    Equation: t = 2 n M N K / F · (1 + g (⌈w⌉/w − 1))
    Assumption: the sustained rate is the asymptote of a micro-benchmark on the same chip and format.
    Evidence: simumax2026, bekman2024mlengineering
    Limits: a chip under a lower power limit sustains less than its micro-benchmark elsewhere.
    """
    return 2.0 * count * rows * columns * depth / matmul_rate * (1.0 + wave_coefficient * idle_wave_share)


def operand_time(
    *,
    rows: Array,
    columns: Array,
    depth: Array,
    count: Array,
    operand_bytes: Array,
    result_bytes: Array,
    memory_bandwidth: Array,
    operand_coefficient: Array,
) -> Array:
    """Return the time that moving the operands and results of matrix products adds [s].

    Parameters
    ----------
    rows, columns, depth
        Shape of the product [1].
    count
        Products of this shape [1].
    operand_bytes, result_bytes
        Bytes of an element read, and of one written [byte].
    memory_bandwidth
        Bandwidth of the chip's memory [byte/s].
    operand_coefficient
        Share of this traffic that the operations do not hide [1].

    Notes
    -----
    Equation: t = k n (b_i (M K + K N) + b_o M N) / B
    Assumption: each operand is read once; traffic and operations overlap by a constant share.
    Evidence: simumax2026
    Limits: caches larger than the operands need less.
    """
    moved = operand_bytes * depth * (rows + columns) + result_bytes * rows * columns
    return operand_coefficient * count * moved / memory_bandwidth
