"""A sweep in a few numbers, without ever holding it whole."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.sweep.grid import fold_chunks
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
_SPREAD = ("smallest", "median", "largest")


@dataclass(frozen=True, repr=False, eq=False)
class SweepSummary(Result):
    """A sweep in a few numbers.

    Attributes
    ----------
    dataset
        The sweep.
    feasible
        Cells in which the run can take place.
    spreads
        Unit, smallest, median and largest value of every output over the feasible cells.
    best
        The cell in which the first output is largest, if any cell is feasible.
    """

    dataset: xr.Dataset
    feasible: int
    spreads: pd.DataFrame
    best: xr.Dataset | None

    @property
    def cells(self) -> int:
        """Return the number of cells."""
        return math.prod(self.dataset.sizes.values())

    @property
    def sampled(self) -> bool:
        """Return whether the medians are those of a sample of the cells."""
        return self.cells > _MOST_SORTED

    def page(self) -> Page:
        """Return the summary as a person reads it."""
        sizes = " × ".join(f"{size:,} {self._fields(name)}" for name, size in self.dataset.sizes.items())
        lines = [f"{self.feasible:,} feasible ({format_digits(100.0 * self.feasible / self.cells)}%)"]
        if self.best is not None:
            name = str(self.spreads.index[0])
            lines.append(f"{name} is largest, {_shown(self.best[name])}, at")
            lines += [f"  {_path(value)} = {_shown(value)}" for value in self.best.coords.values()]
        rows = tuple(
            (str(name), *(format_value(row[column], row["unit"]) for column in _SPREAD))
            for name, row in self.spreads.iterrows()
        )
        notes = [f"cannot be described: {line}" for line in self._contradictions[:_CONTRADICTIONS_SHOWN]]
        if self.sampled:
            notes.append("the medians are those of a sample of the cells, evenly spaced")
        table = Table(("Output", *(name.capitalize() for name in _SPREAD)), rows, frozenset({1, 2, 3}))
        return Page(f"{self.cells:,} cells: {sizes}", tuple(lines), (table,), tuple(notes))

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain tables."""
        best = None
        if self.best is not None:
            at = {_path(value): value.item() for value in self.best.coords.values()}
            best = {
                "output": self.spreads.index[0],
                "value": self.best[self.spreads.index[0]].item(),
                "at": at,
            }
        return {
            "cells": self.cells,
            "feasible": self.feasible,
            "axes": {self._fields(name): size for name, size in self.dataset.sizes.items()},
            "outputs": self.spreads.astype(object).where(self.spreads.notna(), None).to_dict("index"),
            "median_of_sample": self.sampled,
            "best": best,
            "contradictions": self._contradictions,
            "provenance": {name: self.dataset.attrs.get(name) for name in _PROVENANCE},
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row per output: unit, smallest, median and largest value."""
        return self.spreads

    def call(self) -> Call:
        """Return how the sweep is asked for again."""
        command, python = (str(self.dataset.attrs.get(name, "")) for name in ("command", "python"))
        subject = tuple(shlex.split(command)[2:]) if command else None
        return Call("sweep", "farflung.sweep", subject, (python[len("farflung.sweep(") : -1],))

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the outputs."""
        return cited(str(self.dataset.attrs.get("sources", "")).split(", "))

    def figure(self, output: str | None = None) -> go.Figure:
        """Return an output, the first unless named, as a figure."""
        figure: go.Figure = import_module(FIGURES).sweep_figure(self.dataset, output)
        return figure

    @property
    def _contradictions(self) -> list[str]:
        return str(self.dataset.attrs.get("contradictions", "")).splitlines()

    def _fields(self, dimension: Any) -> str:
        """Return the fields along a dimension as a user writes them."""
        return ",".join(_path(value) for value in self.dataset.coords.values() if value.dims == (dimension,))


def _path(coordinate: xr.DataArray) -> str:
    return str(coordinate.attrs.get("field", coordinate.name))


def _shown(value: xr.DataArray) -> str:
    return format_value(value.item(), str(value.attrs.get("units", "")))


def sweep_summary(result: xr.Dataset, progress: Callable[[int, int], None] | None = None) -> SweepSummary:
    """Return a sweep in a few numbers.

    Parameters
    ----------
    result
        The result of a sweep.
    progress
        Called with the cells read and all there are.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    names = [str(name) for name in result.data_vars if name != "feasible"]
    shape = tuple(result.sizes.values())
    running = fold_chunks(result, _add, _Running(names, -(-math.prod(shape) // _MOST_SORTED)), progress)
    units = [str(result[name].attrs.get("units", "")) for name in names]
    values = [(unit, *running.spread(name)) for name, unit in zip(names, units, strict=True)]
    best, where = None, running.where.get(names[0]) if names else None
    if where is not None:
        places = zip(result.sizes, np.unravel_index(where, shape), strict=True)
        best = result.isel({name: int(place) for name, place in places}).load()
    index = pd.Index(names, name="output")
    spreads = pd.DataFrame(values, index, ("unit", *_SPREAD))
    return SweepSummary(result, running.feasible, spreads, best)


class _Running:
    """Extremes, the cell of the largest value, and a sample, of every output as chunks come by."""

    def __init__(self, names: list[str], stride: int) -> None:
        self.stride = stride
        self.samples: dict[str, list[np.ndarray]] = {name: [] for name in names}
        self.smallest = dict.fromkeys(names, math.inf)
        self.largest = dict.fromkeys(names, -math.inf)
        self.where: dict[str, int] = {}
        self.feasible = 0

    def spread(self, name: str) -> tuple[float, ...]:
        """Return smallest, median and largest value of an output; NaN where it has none."""
        if name not in self.where:
            return (math.nan, math.nan, math.nan)
        sample = np.concatenate(self.samples[name])
        sample = sample[~np.isnan(sample)]
        median = float(np.median(sample)) if sample.size else math.nan
        return (self.smallest[name], median, self.largest[name])


def _add(running: _Running, start: int, piece: xr.Dataset) -> _Running:
    """Take in one chunk, whose first cell has the number ``start``."""
    running.feasible += int(np.count_nonzero(piece["feasible"].values))
    for name, samples in running.samples.items():
        values = piece[name].values.ravel()
        # The sample goes on through the chunks as if they were one row of cells.
        samples.append(values[-start % running.stride :: running.stride].copy())
        if np.isnan(values).all():
            continue
        largest = int(np.nanargmax(values))
        running.smallest[name] = min(running.smallest[name], float(np.nanmin(values)))
        if values[largest] > running.largest[name]:
            running.largest[name], running.where[name] = float(values[largest]), start + largest
    return running
