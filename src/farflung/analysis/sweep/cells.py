"""The work of one chunk of a sweep: a pure function, computed here or on another machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from farflung.analysis.sweep.axes import Axis
from farflung.analysis.sweep.validation import words_at
from farflung.base.arrays import keep_freed_memory
from farflung.base.errors import InputError
from farflung.base.provenance import version
from farflung.outcome.batch import evaluate_batch
from farflung.scenario import Scenario

BLOCK = 1 << 17
"""Cells evaluated at once: enough that threads seldom wait for one another's turn at the interpreter, few
enough that the fifty quantities on the way take a few tens of megabytes."""
_WIDE = 128
"""Cells in a row of a block at least, where the axes have them; shorter rows cost more than they save."""


@dataclass(frozen=True)
class Chunk:
    """All that is needed to evaluate one chunk.

    Attributes
    ----------
    scenario
        A scenario that is valid at some place of the axes.
    axes
        The piece of every axis that the chunk covers.
    outputs
        Names of outputs, ``feasible`` among them.
    version
        Version of farflung that the results are to be of.
    """

    scenario: Scenario
    axes: tuple[Axis, ...]
    outputs: tuple[str, ...]
    version: str


def evaluate_chunk(chunk: Chunk) -> dict[str, np.ndarray]:
    """Return every output as an array with a dimension per axis.

    Cells that cannot be described, such as a chip with a number format it does not have, are not feasible.

    Raises
    ------
    InputError
        If this process runs another version of farflung.
    """
    if version() != chunk.version:
        raise InputError("scheduler", f"a worker runs farflung {version()}, not {chunk.version}")
    keep_freed_memory()
    words = tuple(axis for axis in chunk.axes if axis.categorical)
    numbers = tuple(axis for axis in chunk.axes if not axis.categorical)
    shape = tuple(axis.size for axis in (*words, *numbers))
    results = {name: np.empty(shape, dtype_of(name)) for name in chunk.outputs}
    for places in np.ndindex(*shape[: len(words)]):
        into = {name: values[(*places, ...)] for name, values in results.items()}
        try:
            scenario, fixed = _variant(chunk.scenario, words, places)
            _fill(into, scenario, fixed, numbers)
        except InputError:
            for name, values in into.items():
                values[...] = False if name == "feasible" else np.nan
    # Words came first, so that each variant could be filled in place; now back to the axes' order.
    order = [chunk.axes.index(axis) for axis in (*words, *numbers)]
    return {name: np.moveaxis(values, range(len(shape)), order) for name, values in results.items()}


def dtype_of(output: str) -> type[np.generic]:
    """Return the type in which an output is held."""
    return np.bool_ if output == "feasible" else np.float64


def _variant(
    base: Scenario, axes: Sequence[Axis], places: Sequence[int]
) -> tuple[Scenario, dict[str, np.ndarray]]:
    """Return the scenario at some places of categorical axes, and the numbers that go with its words."""
    words: dict[str, Any] = {}
    fixed: dict[str, np.ndarray] = {}
    for axis, place in zip(axes, places, strict=True):
        words |= words_at(axis, place)
        fixed |= {c.field.path: c.values[place] for c in axis.columns if c.field.numeric}
    return _changed(base, tuple(words.items())), fixed


@lru_cache(maxsize=1024)
def _changed(base: Scenario, changes: tuple[tuple[str, Any], ...]) -> Scenario:
    return base.with_(dict(changes))


def _fill(
    into: Mapping[str, np.ndarray], scenario: Scenario, fixed: Mapping[str, Any], axes: Sequence[Axis]
) -> None:
    """Evaluate one variant for all cells of some numeric axes.

    The axes are two groups, outer and inner, and a block is rows of the one by columns of the other: what
    depends on one group alone is computed once per row or column.
    """
    split = _split([axis.size for axis in axes])
    rows, columns = (math.prod(axis.size for axis in group) for group in (axes[:split], axes[split:]))
    tables = {name: values.reshape(rows, columns) for name, values in into.items()}
    outputs = [name for name in tables if name != "feasible"]
    high, wide = max(1, BLOCK // columns), min(BLOCK, columns)
    for left in range(0, columns, wide):
        across = slice(left, min(left + wide, columns))
        inner = {path: values[None, :] for path, values in _fields(axes[split:], across)}
        for top in range(0, rows, high):
            down = slice(top, min(top + high, rows))
            outer = {path: values[:, None] for path, values in _fields(axes[:split], down)}
            block = _evaluate_block(scenario, {**fixed, **outer, **inner}, outputs)
            for name, values in block.items():
                tables[name][down, across] = values


def _split(sizes: Sequence[int]) -> int:
    """Return where the inner axes begin: as few as make a wide row."""
    width = 1
    for place in reversed(range(len(sizes))):
        if width >= _WIDE:
            return place + 1
        width *= sizes[place]
    return 0


def _fields(axes: Sequence[Axis], where: slice) -> list[tuple[str, np.ndarray]]:
    """Return the values of every field at some places of axes seen as one, in row-major order."""
    if not axes:
        return []
    places = np.unravel_index(np.arange(where.start, where.stop), [axis.size for axis in axes])
    pairs = zip(axes, places, strict=True)
    return [(column.field.path, column.values[at]) for axis, at in pairs for column in axis.columns]


def _evaluate_block(
    scenario: Scenario, fields: Mapping[str, Any], outputs: Sequence[str]
) -> dict[str, np.ndarray]:
    results = evaluate_batch(scenario, fields, outputs)
    active = fields.get("model.active_parameters", scenario.model.active_parameters)
    if active is None or not {"model.parameters", "model.active_parameters"} & fields.keys():
        return results
    # Each value is valid by itself, but no token meets more parameters than there are.
    coherent = np.asarray(active <= fields.get("model.parameters", scenario.model.parameters))
    if coherent.all():
        return results
    masked = {name: np.where(coherent, values, np.nan) for name, values in results.items()}
    return {**masked, "feasible": results["feasible"] & coherent}
