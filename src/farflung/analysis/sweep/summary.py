"""A sweep in a few numbers, without ever holding it whole."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from farflung.analysis.sweep.grid import Grid
from farflung.base.format import format_digits, format_value
from farflung.base.pages import Page, Table
from farflung.base.results import FIGURES, Call, Result
from farflung.catalog.sources import Source, cited

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import xarray as xr

_MOST_SORTED = 1 << 20
"""Values that a median is taken of; of a longer sweep every so-many-th cell."""
_CONTRADICTIONS_SHOWN = 5
_PROVENANCE = ("farflung_version", "assumptions", "assumptions_hash", "scenario_hash", "command")
State = TypeVar("State")


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


@dataclass(frozen=True)
class Spread:
    """Smallest, median and largest value of an output over the feasible cells, where there are any."""

    name: str
    unit: str
    smallest: float | None
    median: float | None
    largest: float | None


@dataclass(frozen=True)
class BestCell:
    """The cell in which the first output is largest.

    Attributes
    ----------
    output, value
        The output and its value there.
    at
        The values of the axes' fields there, by dotted path.
    cell
        The place along every dimension, for ``isel``.
    """

    output: str
    value: float
    at: Mapping[str, Any]
    cell: Mapping[str, int]


@dataclass(frozen=True, repr=False)
class SweepSummary(Result):
    """A sweep in a few numbers.

    Attributes
    ----------
    dataset
        The sweep.
    cells, feasible
        Cells, and those of them in which the run can take place.
    spreads
        One per output.
    sampled
        Whether the medians are those of a sample of the cells.
    best
        Where the first output is largest, if any cell is feasible.
    """

    dataset: xr.Dataset = field(compare=False)
    cells: int
    feasible: int
    spreads: tuple[Spread, ...]
    sampled: bool
    best: BestCell | None

    def page(self) -> Page:
        """Return the summary as a person reads it."""
        sizes = " × ".join(f"{size:,} {self._path(name)}" for name, size in self.dataset.sizes.items())
        share = format_digits(100.0 * self.feasible / self.cells)
        lines = [f"{self.feasible:,} feasible ({share}%)"]
        if self.best is not None:
            unit = self.dataset[self.best.output].attrs["units"]
            lines.append(f"{self.best.output} is largest, {format_value(self.best.value, unit)}, at")
            lines += [f"  {path} = {self._shown(path, value)}" for path, value in self.best.at.items()]
        rows = tuple(
            (s.name, *(format_value(v, s.unit) for v in (s.smallest, s.median, s.largest)))
            for s in self.spreads
        )
        headers = ("Output", "Smallest", "Median", "Largest")
        notes = [f"cannot be described: {line}" for line in self._contradictions[:_CONTRADICTIONS_SHOWN]]
        if self.sampled:
            notes.append("the medians are those of a sample of the cells, evenly spaced")
        table = Table(headers, rows, frozenset({1, 2, 3}))
        return Page(f"{self.cells:,} cells: {sizes}", tuple(lines), (table,), tuple(notes))

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain tables."""
        attributes = self.dataset.attrs
        return {
            "cells": self.cells,
            "feasible": self.feasible,
            "axes": {self._path(name): size for name, size in self.dataset.sizes.items()},
            "outputs": {s.name: {k: v for k, v in asdict(s).items() if k != "name"} for s in self.spreads},
            "median_of_sample": self.sampled,
            "best": None if self.best is None else asdict(self.best),
            "contradictions": self._contradictions,
            "provenance": {name: attributes[name] for name in _PROVENANCE if name in attributes},
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per output: unit, smallest, median and largest value."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        return pd.DataFrame([asdict(spread) for spread in self.spreads]).set_index("name")

    def call(self) -> Call:
        """Return how the sweep is asked for again."""
        command, python = (str(self.dataset.attrs.get(name, "")) for name in ("command", "python"))
        subject = tuple(shlex.split(command)[2:]) if command else None
        return Call("sweep", "farflung.sweep", subject, (python[len("farflung.sweep(") : -1],))

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the outputs."""
        return cited(key for key in str(self.dataset.attrs.get("sources", "")).split(", ") if key)

    def figure(self, output: str | None = None) -> go.Figure:
        """Return an output, the first unless named, as a figure."""
        name = output or next(str(name) for name in self.dataset.data_vars)
        figure: go.Figure = import_module(FIGURES).sweep_figure(self.dataset, name)
        return figure

    @property
    def _contradictions(self) -> list[str]:
        return str(self.dataset.attrs.get("contradictions", "")).splitlines()

    def _path(self, dimension: Any) -> str:
        """Return the fields along a dimension as a user writes them."""
        along = (one for one in self.dataset.coords.values() if one.dims == (dimension,))
        return ",".join(str(one.attrs.get("field", one.name)) for one in along)

    def _shown(self, path: str, value: Any) -> str:
        coordinate = next(one for one in self.dataset.coords.values() if one.attrs.get("field") == path)
        return format_value(value, str(coordinate.attrs.get("units", "")))


def sweep_summary(result: xr.Dataset, progress: Callable[[int, int], None] | None = None) -> SweepSummary:
    """Return a sweep in a few numbers.

    Parameters
    ----------
    result
        The result of a sweep.
    progress
        Called with the cells read and all there are.
    """
    shape = tuple(result.sizes.values())
    cells = math.prod(shape)
    stride = -(-cells // _MOST_SORTED)
    names = [str(name) for name in result.data_vars if name != "feasible"]
    running = _Running(names, stride)
    fold_chunks(result, _Running.add, running, progress)
    spreads = tuple(running.spread(name, str(result[name].attrs.get("units", ""))) for name in names)
    best, where = None, running.where[names[0]] if names else None
    if where is not None:
        indices = np.unravel_index(where, shape)
        cell = {str(name): int(index) for name, index in zip(result.sizes, indices, strict=True)}
        there = result[names[0]].isel(cell).load()
        at = {str(one.attrs.get("field", name)): one.values[()].item() for name, one in there.coords.items()}
        best = BestCell(names[0], float(there), at, cell)
    return SweepSummary(result, cells, running.feasible, spreads, stride > 1, best)


class _Running:
    """Extremes, the cell of the largest value, and a sample, of every output as chunks come by."""

    def __init__(self, names: list[str], stride: int) -> None:
        self._stride = stride
        self._samples: dict[str, list[np.ndarray]] = {name: [] for name in names}
        self._smallest = dict.fromkeys(names, math.inf)
        self._largest = dict.fromkeys(names, -math.inf)
        self.where: dict[str, int | None] = dict.fromkeys(names)
        """Cell of the largest value."""
        self.feasible = 0

    def add(self, start: int, piece: xr.Dataset) -> _Running:
        """Take in one chunk, whose first cell has the number ``start``."""
        self.feasible += int(np.count_nonzero(piece["feasible"].values))
        # The sample goes on through the chunks as if they were one row of cells.
        first = -start % self._stride
        for name, samples in self._samples.items():
            values = piece[name].values.ravel()
            samples.append(values[first :: self._stride].copy())
            if np.isnan(values).all():
                continue
            largest = int(np.nanargmax(values))
            self._smallest[name] = min(self._smallest[name], float(np.nanmin(values)))
            if values[largest] > self._largest[name]:
                self._largest[name], self.where[name] = float(values[largest]), start + largest
        return self

    def spread(self, name: str, unit: str) -> Spread:
        """Return the spread of one output."""
        if self.where[name] is None:
            return Spread(name, unit, None, None, None)
        sample = np.concatenate(self._samples[name])
        sample = sample[~np.isnan(sample)]
        median = float(np.median(sample)) if sample.size else None
        return Spread(name, unit, self._smallest[name], median, self._largest[name])
