"""The grid of a sweep: its cells in row-major order, cut into chunks, and a fold over these."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

State = TypeVar("State")
Slices = tuple[slice, ...]
_CHUNK_VALUES = 1 << 22
_FEWEST, _SMALL, _MOST = 1 << 14, 1 << 17, 1 << 20
"""Cells of a chunk: at least, at most where many outputs are wanted, and at most."""
_PIECES = 64
"""Chunks that even a small sweep is cut into, so that there is work for every thread."""


@dataclass(frozen=True)
class Grid:
    """The cells of a sweep and their chunks: each a run of cells in row-major order.

    Attributes
    ----------
    shape
        Cells along each axis.
    chunk
        Cells of a chunk along each axis; those at the far ends may be smaller.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]

    @classmethod
    def of(cls, shape: Sequence[int], outputs: int) -> Grid:
        """Return the grid of a sweep; it depends on nothing else, so a sweep can resume anywhere."""
        cells = math.prod(shape)
        room = min(max(_CHUNK_VALUES // max(outputs, 1), _SMALL), _MOST, max(cells // _PIECES, _FEWEST))
        chunk = [1] * len(shape)
        for place in reversed(range(len(shape))):
            pieces = -(-shape[place] // max(room, 1))
            chunk[place] = -(-shape[place] // pieces)
            if pieces > 1:
                break
            room //= shape[place]
        return cls(tuple(shape), tuple(chunk))

    @cached_property
    def cells(self) -> int:
        """Return the number of cells."""
        return math.prod(self.shape)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Return the number of chunks along each axis."""
        return tuple(-(-size // piece) for size, piece in zip(self.shape, self.chunk, strict=True))

    @cached_property
    def chunks(self) -> int:
        """Return the number of chunks."""
        return math.prod(self.counts)

    def place(self, number: int) -> tuple[int, ...]:
        """Return where a chunk is among the chunks."""
        return tuple(int(place) for place in np.unravel_index(number, self.counts))

    def slices(self, number: int) -> Slices:
        """Return which cells a chunk has."""
        along = zip(self.place(number), self.chunk, self.shape, strict=True)
        return tuple(slice(at * piece, min((at + 1) * piece, size)) for at, piece, size in along)

    def cells_of(self, number: int) -> int:
        """Return the number of cells of a chunk."""
        return math.prod(part.stop - part.start for part in self.slices(number))


def fold_chunks(
    result: xr.Dataset,
    fold: Callable[[State, int, xr.Dataset], State],
    state: State,
    progress: Callable[[int, int], None] | None = None,
) -> State:
    """Return what a function makes of a sweep, chunk by chunk in row-major order.

    Parameters
    ----------
    result
        The sweep.
    fold
        Returns the next state from the state, the number of cells before the chunk, and the chunk.
    state
        The first state.
    progress
        Called with the cells read and all there are, after each chunk.
    """
    grid = Grid.of(tuple(result.sizes.values()), len(result.data_vars))
    done = 0
    for number in range(grid.chunks):
        piece = result.isel(dict(zip(result.sizes, grid.slices(number), strict=True)))
        state = fold(state, done, piece.load())
        done += grid.cells_of(number)
        if progress:
            progress(done, grid.cells)
    return state
