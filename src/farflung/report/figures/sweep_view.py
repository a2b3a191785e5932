"""What of a sweep is drawn: which axis goes where, what is taken over the others, and where runs fail."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.base.errors import unknown
from farflung.outcome import OUTPUTS
from farflung.report.figures.words import input_named, plain, shown

if TYPE_CHECKING:
    import xarray as xr

FEW = 5
"""Values up to which a numeric axis is drawn as so many lines rather than as an axis of its own."""
_MOST_LINES, _MOST_FACETS = 8, 6
_MOST_ON_A_LINE, _MOST_ON_A_MAP, _MOST_ON_A_SMALL_MAP = 1000, 240, 120
_AT_ONCE = 1 << 23
"""Cells that are read at once, so that a sweep larger than memory can be drawn."""
_LESS_IS_BETTER = frozenset({"USD", "J", "W", "s", "nats", "bit", "bit/s"})
_LESS_BY_NAME = frozenset({"overtraining_ratio", "straggler_factor", "latency_share"})
_EVEN = 1e-9
FEASIBLE = "feasible"


@dataclass(frozen=True)
class Axis:
    """One dimension of a sweep.

    Attributes
    ----------
    name, title, unit
        The dimension, what it is in words, and the unit of its numbers.
    values
        Numbers, or the places of words, in the order in which they are drawn.
    order
        The cells they are of.
    labels
        How each value is written.
    numeric, log
        Whether values are numbers, and evenly spaced in their logarithm rather than in themselves.
    """

    name: str
    title: str
    unit: str
    values: np.ndarray
    order: np.ndarray
    labels: tuple[str, ...]
    numeric: bool
    log: bool

    @property
    def size(self) -> int:
        """Return how many places it has."""
        return int(self.values.size)


@dataclass(frozen=True)
class View:
    """What is drawn of one output.

    Attributes
    ----------
    output, unit
        The output.
    x, y, series, facet
        The axes drawn: along the page, up the page (of a map), as colours, and side by side.
    values
        Over facet, y or series, and x, each where there is one; NaN where there is no answer.
    feasible
        Whether a run can take place there, of the same shape.
    over
        The axes that the best was taken over.
    highest
        Whether the best is the highest.
    held
        Axes with one value, and that value.
    thinned
        Whether cells were left out, since there are more than can be seen.
    best
        The best value of all, and the values of the axes there, in words.
    cells, failed
        Cells of the whole sweep, and those in which the run cannot take place.
    """

    output: str
    unit: str
    x: Axis
    y: Axis | None
    series: Axis | None
    facet: Axis | None
    values: np.ndarray
    feasible: np.ndarray
    over: tuple[Axis, ...]
    highest: bool
    held: tuple[Axis, ...]
    thinned: bool
    best: tuple[float, tuple[str, ...]] | None
    cells: int
    failed: int


def view(dataset: xr.Dataset, output: str) -> View:
    """Return what is drawn of an output of a sweep.

    Raises
    ------
    InputError
        If the sweep holds no such output.
    """
    if output not in dataset.data_vars:
        raise unknown("output", "output of this sweep", output, map(str, dataset.data_vars))
    found = dataset[output]
    axes = [_axis(dataset, str(name)) for name in found.dims]
    held = tuple(axis for axis in axes if axis.size == 1)
    x, y, series, facet, over = _roles([axis for axis in axes if axis.size > 1] or axes[:1])
    most = _MOST_ON_A_LINE if y is None else _MOST_ON_A_MAP if facet is None else _MOST_ON_A_SMALL_MAP
    x, y = _thinned(x, most), None if y is None else _thinned(y, most)
    kept = [axis for axis in (facet, y, series, x) if axis is not None]
    highest = not (_unit(dataset, output) in _LESS_IS_BETTER or output in _LESS_BY_NAME)
    best: Callable[..., Any] = np.fmax if highest else np.fmin
    values = _reduced(found, kept, best).astype(np.float64)
    flags = dataset[FEASIBLE] if FEASIBLE in dataset.data_vars else found.notnull()
    feasible = _reduced(flags, kept, np.logical_or).astype(bool)
    if output == FEASIBLE:
        values = np.where(feasible, 1.0, np.nan)
    return View(
        output=output,
        unit=_unit(dataset, output),
        x=x,
        y=y,
        series=series,
        facet=facet,
        values=values,
        feasible=feasible,
        over=over,
        highest=highest,
        held=tuple(axis for axis in held if axis is not x),
        thinned=math.prod(axis.size for axis in kept) * math.prod(axis.size for axis in over) < found.size,
        best=None if output == FEASIBLE else _best(found, axes, [axis.name for axis in kept], highest),
        cells=int(found.size),
        failed=int(found.size) - _count(flags),
    )


def _unit(dataset: xr.Dataset, output: str) -> str:
    return OUTPUTS[output].unit if output in OUTPUTS else str(dataset[output].attrs.get("units", "1"))


def scenario_name(dataset: xr.Dataset) -> str:
    """Return the name of the scenario that a sweep is of."""
    try:
        return str(tomllib.loads(str(dataset.attrs.get("scenario", ""))).get("name", ""))
    except tomllib.TOMLDecodeError:
        return ""


def _axis(dataset: xr.Dataset, name: str) -> Axis:
    """Return a dimension as an axis; fields that move together are one axis if their first is a number."""
    fields = [(str(key), one) for key, one in dataset.coords.items() if one.dims == (name,)]
    if not fields:
        size = dataset.sizes[name]
        fields = [(name, dataset[name])] if name in dataset.variables else []
        if not fields:
            return Axis(
                name, name, "1", np.arange(size), np.arange(size), tuple(map(str, range(size))), True, False
            )
    written = [[_written(value, one.attrs.get("units", "")) for value in one.values] for _, one in fields]
    labels = tuple(" · ".join(words) for words in zip(*written, strict=True))
    titles = " and ".join(_titled(key, one.attrs.get("long_name", "")) for key, one in fields)
    first = fields[0][1].values
    numeric = all(one.dtype.kind in "fiu" for _, one in fields) and np.unique(first).size == first.size
    if not numeric:
        places = np.arange(first.size)
        return Axis(name, titles, "", places.astype(np.float64), places, labels, False, False)
    order = np.argsort(first, kind="stable")
    values = np.asarray(first, dtype=np.float64)[order]
    unit = str(fields[0][1].attrs.get("units", "1"))
    title = titles if len(fields) == 1 else f"{_titled(*_named(fields[0]))}, others with it"
    return Axis(name, title, unit, values, order, tuple(labels[k] for k in order), True, logarithmic(values))


def _named(field: tuple[str, xr.DataArray]) -> tuple[str, str]:
    return field[0], str(field[1].attrs.get("long_name", ""))


def _titled(name: str, meaning: str) -> str:
    """Return an axis in words: a field's name, or what the sweep says of a coefficient."""
    words = input_named(name)
    return plain(meaning.split(";", maxsplit=1)[0] if "." in words and meaning else words)


def _written(value: Any, unit: str) -> str:
    if isinstance(value, str | np.str_ | bool | np.bool_):
        return plain(str(value).replace("_", " "))
    return shown(float(value), unit or "1")


def logarithmic(values: np.ndarray) -> bool:
    """Return whether sorted values are spaced more evenly in their logarithm than in themselves.

    Examples
    --------
    >>> logarithmic(np.geomspace(1e7, 1e9, 25)), logarithmic(np.linspace(1e7, 1e9, 25))
    (True, False)
    """
    if values.size < 3 or values[0] <= 0:
        return bool(values.size == 2 and values[0] > 0 and values[1] >= 10 * values[0])
    plainly, logged = (np.diff(one) for one in (values, np.log(values)))
    uneven = (float(np.std(one) / np.mean(one)) for one in (plainly, logged))
    linear_spread, log_spread = uneven
    return log_spread < linear_spread - _EVEN


def _roles(axes: Sequence[Axis]) -> tuple[Axis, Axis | None, Axis | None, Axis | None, tuple[Axis, ...]]:
    """Return which axes go along, up, as colours and side by side, and which the best is taken over."""
    wide = [axis for axis in axes if axis.numeric and axis.size > FEW]
    narrow = [axis for axis in axes if axis not in wide]
    # Words are kinds of runs, and are told apart before numbers are.
    small = sorted(narrow, key=lambda axis: axis.numeric)
    y = series = facet = None
    if len(wide) > 1:
        x, y = wide[0], wide[1]
        rest = small
    else:
        numbers = [axis for axis in narrow if axis.numeric]
        x = wide[0] if wide else max(numbers or narrow, key=lambda axis: axis.size)
        rest = [axis for axis in small if axis is not x]
        series = next((axis for axis in rest if axis.size <= _MOST_LINES), None)
    facet = next((axis for axis in rest if axis is not series and axis.size <= _MOST_FACETS), None)
    drawn = [axis for axis in (x, y, series, facet) if axis is not None]
    return x, y, series, facet, tuple(axis for axis in axes if axis not in drawn)


def _thinned(axis: Axis, most: int) -> Axis:
    """Return an axis with at most so many of its places, evenly taken."""
    if axis.size <= most:
        return axis
    places = np.unique(np.linspace(0, axis.size - 1, most).round().astype(int))
    return Axis(
        axis.name,
        axis.title,
        axis.unit,
        axis.values[places],
        axis.order[places],
        tuple(axis.labels[k] for k in places),
        axis.numeric,
        axis.log,
    )


def _reduced(array: xr.DataArray, kept: Sequence[Axis], best: Callable[..., Any]) -> np.ndarray:
    """Return the best of an output over all dimensions but those that are drawn, piece by piece."""
    names = [axis.name for axis in kept]
    part = array.isel({axis.name: axis.order for axis in kept if axis.size < array.sizes[axis.name]})
    order = [axis.order if axis.size == array.sizes[axis.name] else slice(None) for axis in kept]
    others = [str(name) for name in array.dims if name not in names]
    found = _best_of(part.transpose(*names, *others), len(names), best)
    for place, cells in enumerate(order):
        if not isinstance(cells, slice):
            found = np.take(found, cells, axis=place)
    return found


def _best_of(part: xr.DataArray, kept: int, best: Callable[..., Any]) -> np.ndarray:
    others = [str(name) for name in part.dims[kept:]]
    longest = max(others, key=lambda name: part.sizes[name], default="")
    if part.size <= _AT_ONCE or not longest or part.sizes[longest] == 1:
        values = np.asarray(part.values)
        if not others:
            return values
        reduced: np.ndarray = best.reduce(values.reshape(*values.shape[:kept], -1), axis=-1)  # type: ignore[attr-defined]
        return reduced
    half = part.sizes[longest] // 2
    pieces = (part.isel({longest: piece}) for piece in (slice(0, half), slice(half, None)))
    first, second = (_best_of(piece, kept, best) for piece in pieces)
    both: np.ndarray = best(first, second)
    return both


def _count(flags: xr.DataArray) -> int:
    """Return in how many cells a run can take place, piece by piece."""
    longest = max(map(str, flags.dims), key=lambda name: flags.sizes[name])
    if flags.size <= _AT_ONCE or flags.sizes[longest] == 1:
        return int(np.count_nonzero(flags.values))
    half = flags.sizes[longest] // 2
    return sum(_count(flags.isel({longest: piece})) for piece in (slice(0, half), slice(half, None)))


def _best(
    array: xr.DataArray, axes: Sequence[Axis], kept: Sequence[str], highest: bool
) -> tuple[float, tuple[str, ...]] | None:
    """Return the best value of all cells, those that are not drawn included, and where it is."""
    found = _place_of_best(array, highest)
    if found is None:
        return None
    value, at = found
    by_name = {axis.name: axis for axis in axes}
    labels = (by_name[name].labels[int(np.nonzero(by_name[name].order == at[name])[0][0])] for name in kept)
    return value, tuple(labels)


def _place_of_best(array: xr.DataArray, highest: bool) -> tuple[float, dict[str, int]] | None:
    longest = max(map(str, array.dims), key=lambda name: array.sizes[name])
    if array.size <= _AT_ONCE or array.sizes[longest] == 1:
        values = np.asarray(array.values)
        if np.isnan(values).all():
            return None
        at = np.unravel_index(np.nanargmax(values) if highest else np.nanargmin(values), values.shape)
        return float(values[at]), {str(name): int(k) for name, k in zip(array.dims, at, strict=True)}
    half = array.sizes[longest] // 2
    found = []
    for start, stop in ((0, half), (half, array.sizes[longest])):
        piece = _place_of_best(array.isel({longest: slice(start, stop)}), highest)
        if piece is not None:
            found.append((piece[0], {**piece[1], longest: piece[1][longest] + start}))
    return (max if highest else min)(found, key=lambda one: one[0], default=None)
