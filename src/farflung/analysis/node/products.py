"""Matrix products of a training step on one chip: forward, to the inputs, to the weights."""

from __future__ import annotations

import numpy as np

from farflung.analysis.node.coefficients import Coefficients
from farflung.analysis.node.inputs import StepInputs
from farflung.base.arrays import Array
from farflung.physics.node import matmul

HALF = 2.0
"""Bytes of an element in 16 bits."""
TILE_ROWS, TILE_COLUMNS = 128.0, 256.0
"""Tile of a matrix product that one unit of a chip computes at a time."""
_ACCUMULATED = 8.0
"""Bytes of an element that is read and written in single precision."""

Passes = tuple[Array, Array]
"""Seconds of a forward and of a backward pass."""


def both(*pairs: Passes) -> Passes:
    """Return the sums of forward and of backward times."""
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


def scaled(factor: Array, pair: Passes) -> Passes:
    """Return forward and backward times, times a factor."""
    return factor * pair[0], factor * pair[1]


class Products:
    """Times of matrix products on the chips of some inputs.

    Parameters
    ----------
    inputs
        What the step is computed from.
    fitted
        The coefficients.
    """

    def __init__(self, inputs: StepInputs, fitted: Coefficients) -> None:
        bits = inputs.software.format_bits
        narrow = np.where(bits < 16.0, fitted.eight_bit_share, 1.0)
        narrow = narrow * np.where(bits < 8.0, fitted.four_bit_share, 1.0)
        self.hardware, self.fitted = inputs.hardware, fitted
        self.rate = inputs.hardware.matmul_rate * fitted.matmul_share * narrow
        self.half_rate = inputs.hardware.half_rate * fitted.matmul_share
        self.bytes = bits / 8.0

    def linear(self, rows: Array, inputs: Array, outputs: Array) -> Passes:
        """Return the times of a linear map of some rows, in the training format [s]."""
        return self._linear(rows, inputs, outputs, count=1.0, rate=self.rate, operand=self.bytes)

    def wide(self, rows: Array, inputs: Array, outputs: Array) -> Passes:
        """Return the same in 16 bits, whatever the training format [s]."""
        return self._linear(rows, inputs, outputs, count=1.0, rate=self.half_rate, operand=HALF)

    def grouped(self, rows: Array, inputs: Array, outputs: Array, count: Array) -> Passes:
        """Return the times of several such maps side by side, of so many rows each [s]."""
        rate = self.rate * self.fitted.expert_share
        return self._linear(rows, inputs, outputs, count=count, rate=rate, operand=self.bytes)

    def _linear(
        self, rows: Array, inputs: Array, outputs: Array, *, count: Array, rate: Array, operand: Array
    ) -> Passes:
        def product(m: Array, n: Array, k: Array, result: float) -> Array:
            idle = matmul.idle_wave_share(
                rows=m,
                columns=n,
                tile_rows=TILE_ROWS,
                tile_columns=TILE_COLUMNS,
                units=self.hardware.units / count,
            )
            shape = {"rows": m, "columns": n, "depth": k, "count": count}
            working = matmul.matmul_time(
                **shape,
                matmul_rate=rate,
                idle_wave_share=idle,
                wave_coefficient=self.fitted.wave_coefficient,
            )
            return working + matmul.operand_time(
                **shape,
                operand_bytes=operand,
                result_bytes=result,
                memory_bandwidth=self.hardware.memory_bandwidth,
                operand_coefficient=self.fitted.operand_coefficient,
            )

        forward = product(rows, outputs, inputs, HALF)
        return forward, product(rows, inputs, outputs, HALF) + product(inputs, outputs, rows, _ACCUMULATED)
