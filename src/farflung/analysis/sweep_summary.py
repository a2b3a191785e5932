"""What a sweep found, in a few numbers, without ever holding it whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.sweep_grid import Grid, grid

if TYPE_CHECKING:
    import xarray as xr

_MOST_SORTED = 1 << 20
"""Values that a median is taken of; of a longer sweep every so-many-th cell."""


@dataclass(frozen=True)
class Spread:
    """Smallest, middle and largest value of an output over the feasible cells, where there are any."""

    name: str
    unit: str
    smallest: float | None
    median: float | None
    largest: float | None


@dataclass(frozen=True)
class Summary:
    """A sweep in a few numbers.

    Attributes
    ----------
    cells, feasible
        Cells, and those of them in which the run can take place.
    spreads
        One per output.
    sampled
        Whether the medians are those of a sample of the cells.
    best
        The output asked for first, where it is largest: the values of the axes' fields there.
    """

    cells: int
    feasible: int
    spreads: tuple[Spread, ...]
    sampled: bool
    best: dict[str, Any] | None


def summarise(result: xr.Dataset, told: Callable[[int, int], None] | None = None) -> Summary:
    """Return a sweep in a few numbers.

    Parameters
    ----------
    result
        The result of a sweep.
    told
        Is told how many cells are read, and of how many.
    """
    names = [str(name) for name in result.data_vars if name != "feasible"]
    cells = _cells_of(result)
    stride = -(-cells.cells // _MOST_SORTED)
    running = {name: _Running() for name in names}
    feasible = seen = 0
    for number in range(cells.chunks):
        where = dict(zip(result["feasible"].dims, cells.slices(number), strict=True))
        piece = result.isel(where)
        feasible += int(np.count_nonzero(piece["feasible"].values))
        # The sample goes on through the chunks as if they were one row of cells.
        first = -seen % stride
        for name in names:
            running[name].add(number, piece[name].values, first, stride)
        seen += cells.cells_of(number)
        if told:
            told(seen, cells.cells)
    spreads = tuple(running[name].spread(name, str(result[name].attrs.get("units", ""))) for name in names)
    best = _place(result, cells, names[0], running[names[0]]) if names else None
    return Summary(cells.cells, feasible, spreads, stride > 1, best)


def _cells_of(result: xr.Dataset) -> Grid:
    """Return the chunks to read a result by: those it is stored in."""
    flag = result["feasible"]
    stored = flag.encoding.get("chunks") or flag.encoding.get("chunksizes")
    return Grid(flag.shape, tuple(stored)) if stored else grid(flag.shape, len(result.data_vars))


class _Running:
    """Smallest, largest and a sample of one output, as chunks come by."""

    def __init__(self) -> None:
        self._smallest, self._largest = math.inf, -math.inf
        self._sample: list[np.ndarray] = []
        self.where: tuple[int, int] | None = None
        """Chunk, and place in it, of the largest value."""

    def add(self, number: int, values: np.ndarray, first: int, stride: int) -> None:
        """Take in one chunk."""
        flat = values.ravel()
        self._sample.append(flat[first::stride].copy())
        known = flat[~np.isnan(flat)]
        if not known.size:
            return
        self._smallest = min(self._smallest, float(known.min()))
        largest = float(known.max())
        if largest > self._largest:
            self._largest = largest
            self.where = (number, int(np.nanargmax(flat)))

    def spread(self, name: str, unit: str) -> Spread:
        """Return what was found."""
        if self.where is None:
            return Spread(name, unit, None, None, None)
        sample = np.concatenate(self._sample)
        sample = sample[~np.isnan(sample)]
        median = float(np.median(sample)) if sample.size else None
        return Spread(name, unit, self._smallest, median, self._largest)


def _place(result: xr.Dataset, cells: Grid, name: str, running: _Running) -> dict[str, Any] | None:
    if running.where is None:
        return None
    number, flat = running.where
    slices = cells.slices(number)
    inside = np.unravel_index(flat, tuple(part.stop - part.start for part in slices))
    at = {
        dimension: part.start + int(place)
        for dimension, part, place in zip(result["feasible"].dims, slices, inside, strict=True)
    }
    values: Iterator[tuple[str, Any]] = (
        (str(field), coordinate.isel({d: at[d] for d in coordinate.dims}).values[()])
        for field, coordinate in result.coords.items()
    )
    found = {field: value.item() if isinstance(value, np.generic) else value for field, value in values}
    return {"output": name, "value": float(result[name].isel(at).values), "at": found}
