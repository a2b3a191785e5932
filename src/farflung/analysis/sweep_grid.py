"""The work of a sweep: its cells in row-major order, cut into chunks, each answered by one pure function."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from farflung.analysis.axes import Axis
from farflung.analysis.axes_check import words
from farflung.base.errors import InputError
from farflung.outcome.batch import evaluate_batch
from farflung.scenario import Scenario

Slices = tuple[slice, ...]
BLOCK = 1 << 17
"""Cells answered at once: enough that threads seldom wait for one another's turn at the interpreter, few
enough that the fifty quantities on the way take a few tens of megabytes."""
_WIDE = 128
"""Cells in a row of a block at least, where the axes have them; shorter rows cost more than they save."""
_CHUNK_VALUES = 1 << 22
_FEWEST, _SMALL, _MOST = 1 << 14, 1 << 17, 1 << 20
"""Cells of a chunk: at least, at most where many outputs are asked for, and at most."""
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

    @cached_property
    def cells(self) -> int:
        """Return how many cells there are."""
        return math.prod(self.shape)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Return how many chunks there are along each axis."""
        return tuple(-(-size // piece) for size, piece in zip(self.shape, self.chunk, strict=True))

    @cached_property
    def chunks(self) -> int:
        """Return how many chunks there are."""
        return math.prod(self.counts)

    def place(self, number: int) -> tuple[int, ...]:
        """Return where a chunk is among the chunks."""
        return tuple(int(place) for place in np.unravel_index(number, self.counts))

    def slices(self, number: int) -> Slices:
        """Return which cells a chunk has."""
        rows = zip(self.place(number), self.chunk, self.shape, strict=True)
        return tuple(slice(at * piece, min((at + 1) * piece, size)) for at, piece, size in rows)

    def cells_of(self, number: int) -> int:
        """Return how many cells a chunk has."""
        return math.prod(part.stop - part.start for part in self.slices(number))


def grid(shape: Sequence[int], outputs: int) -> Grid:
    """Return the grid of a sweep; it depends on nothing else, so a sweep can go on anywhere."""
    cells = math.prod(shape)
    room = min(max(_CHUNK_VALUES // max(outputs, 1), _SMALL), _MOST, max(cells // _PIECES, _FEWEST))
    chunk = [1] * len(shape)
    for place in reversed(range(len(shape))):
        pieces = -(-shape[place] // max(room, 1))
        chunk[place] = -(-shape[place] // pieces)
        if pieces > 1:
            break
        room //= shape[place]
    return Grid(tuple(shape), tuple(chunk))


@dataclass(frozen=True)
class Task:
    """One chunk of a sweep: all that is needed to answer it, here or on another machine."""

    scenario: Scenario
    axes: tuple[Axis, ...]
    outputs: tuple[str, ...]


def evaluate_chunk(task: Task) -> dict[str, np.ndarray]:
    """Return the outputs of every cell of a chunk.

    Parameters
    ----------
    task
        The chunk.

    Returns
    -------
    dict
        Each output as an array with a dimension per axis, and ``feasible``. Not feasible are also the cells
        that cannot be described, such as a chip with a number format it does not have.
    """
    kinds = tuple(axis for axis in task.axes if axis.categorical)
    numeric = tuple(axis for axis in task.axes if not axis.categorical)
    outer, cells = tuple(axis.size for axis in kinds), math.prod(axis.size for axis in numeric)
    found = {name: np.empty((*outer, cells)) for name in task.outputs if name != "feasible"}
    found["feasible"] = np.empty((*outer, cells), dtype=np.bool_)
    for places in np.ndindex(*outer):
        into = {name: values[places] for name, values in found.items()}
        try:
            scenario, fixed = _kind(task.scenario, kinds, places)
            _fill(into, scenario, fixed, numeric)
        except InputError:
            for name, values in into.items():
                values[...] = False if name == "feasible" else np.nan
    # Words came first, so that each kind of run could be filled in place; now back to the axes' order.
    shape = (*outer, *(axis.size for axis in numeric))
    order = [task.axes.index(axis) for axis in (*kinds, *numeric)]
    return {name: np.moveaxis(v.reshape(shape), range(len(shape)), order) for name, v in found.items()}


@cache
def _kind(
    base: Scenario, axes: Sequence[Axis], places: Sequence[int]
) -> tuple[Scenario, dict[str, np.ndarray]]:
    """Return the scenario at some places of categorical axes, and the numbers that go with its words."""
    changes: dict[str, Any] = {}
    fixed: dict[str, np.ndarray] = {}
    for axis, place in zip(axes, places, strict=True):
        changes |= words(axis, place)
        fixed |= {c.field.path: c.values[place] for c in axis.columns if c.field.numeric}
    return base.with_(changes), fixed


def _fill(
    into: Mapping[str, np.ndarray], scenario: Scenario, fixed: Mapping[str, Any], axes: Sequence[Axis]
) -> None:
    """Answer one kind of run for all cells of some numeric axes.

    The axes are two groups, outer and inner, and a block is rows of the one by columns of the other: what
    depends on one group alone is computed once per row or column.
    """
    split = _split([axis.size for axis in axes])
    rows, columns = _Group(axes[:split]), _Group(axes[split:])
    tables = {name: values.reshape(rows.size, columns.size) for name, values in into.items()}
    wanted = [name for name in tables if name != "feasible"]
    high, wide = max(1, BLOCK // columns.size), min(BLOCK, columns.size)
    for left in range(0, columns.size, wide):
        across = slice(left, min(left + wide, columns.size))
        inner = {name: values[None, :] for name, values in columns.fields(across).items()}
        for top in range(0, rows.size, high):
            down = slice(top, min(top + high, rows.size))
            outer = {name: values[:, None] for name, values in rows.fields(down).items()}
            block = _block(scenario, {**fixed, **outer, **inner}, wanted)
            for name, values in block.items():
                tables[name][down, across] = values


def _block(scenario: Scenario, fields: Mapping[str, Any], outputs: Sequence[str]) -> dict[str, np.ndarray]:
    found = evaluate_batch(scenario, fields, outputs)
    known = {"model.parameters", "model.active_parameters"} & fields.keys()
    active = fields.get("model.active_parameters", scenario.model.active_parameters)
    if not known or active is None:
        return found
    # One by one the two are valid, but nothing has more active parameters than parameters.
    coherent = np.asarray(active <= fields.get("model.parameters", scenario.model.parameters))
    if coherent.all():
        return found
    masked = {name: np.where(coherent, values, np.nan) for name, values in found.items()}
    return {**masked, "feasible": found["feasible"] & coherent}


def _split(sizes: Sequence[int]) -> int:
    """Return where the inner axes begin: as few as make a wide row."""
    width = 1
    for place in reversed(range(len(sizes))):
        if width >= _WIDE:
            return place + 1
        width *= sizes[place]
    return 0


class _Group:
    """Some axes seen as one, in row-major order."""

    def __init__(self, axes: Sequence[Axis]) -> None:
        self._axes = axes
        self._shape = tuple(axis.size for axis in axes)
        self.size = math.prod(self._shape)

    def fields(self, where: slice) -> dict[str, np.ndarray]:
        """Return the values of every field at some places."""
        if not self._axes:
            return {}
        places = np.unravel_index(np.arange(where.start, where.stop), self._shape)
        return {
            column.field.path: column.values[at]
            for axis, at in zip(self._axes, places, strict=True)
            for column in axis.columns
        }
