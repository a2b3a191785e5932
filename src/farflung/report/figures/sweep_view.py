"""What of a sweep is drawn: which axis goes where, what is taken over the others, and where runs fail."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.base.errors import unknown
from farflung.outcome import OUTPUTS
from farflung.report.figures.scales import numeric_axis, scale_of
from farflung.report.figures.words import escaped, input_label, quantity, symbol

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
_WIDE = 8.0
"""Ratio of the largest to the smallest above which an output is drawn on a logarithmic scale."""
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
    numeric
        Whether values are numbers.
    """

    name: str
    title: str
    unit: str
    values: np.ndarray
    order: np.ndarray
    labels: tuple[str, ...]
    numeric: bool

    @property
    def size(self) -> int:
        """Return how many places it has."""
        return int(self.values.size)

    @cached_property
    def log(self) -> bool:
        """Return whether it is drawn on a logarithmic scale."""
        return self.numeric and logarithmic(self.values)

    @cached_property
    def edges(self) -> np.ndarray:
        """Return the ends of the cells around its values."""
        values = np.log(self.values) if self.log else self.values
        if values.size == 1:
            half = 0.5 * (abs(float(values[0])) or 1.0)
            return np.array([values[0] - half, values[0] + half])
        middles = (values[1:] + values[:-1]) / 2
        ends = np.concatenate([[2 * values[0] - middles[0]], middles, [2 * values[-1] - middles[-1]]])
        return np.exp(ends) if self.log else ends

    def layout(self) -> dict[str, Any]:
        """Return the axis of the page."""
        if self.numeric:
            ends = [float(end) for end in self.edges[[0, -1]]]
            return numeric_axis(
                ends, scale_of(self.values, self.unit), log=self.log, most=7, title=self.title
            )
        return {
            "type": "linear",
            "range": [-0.5, self.size - 0.5],
            "tickvals": self.values.tolist(),
            "ticktext": list(self.labels),
            "title": {"text": self.title},
        }

    def thinned(self, most: int) -> tuple[Axis, np.ndarray]:
        """Return the axis with at most so many of its places, evenly taken, and which they are."""
        places = np.arange(self.size)
        if self.size > most:
            places = np.unique(np.linspace(0, self.size - 1, most).round().astype(int))
        labels = tuple(self.labels[place] for place in places)
        return replace(self, values=self.values[places], order=self.order[places], labels=labels), places


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
        The best value of all, and the values of the drawn axes there, in words.
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

    @property
    def name(self) -> str:
        """Return how the output is called in titles."""
        return symbol(self.output) if self.output in OUTPUTS else "Feasible"

    def in_words(self, value: float) -> str:
        """Return a value of the output in words."""
        return f"{self.name}: {quantity(float(value), self.unit)}"

    @property
    def drawn(self) -> list[Axis]:
        """Return the axes drawn, in the order in which values lie."""
        return [axis for axis in (self.facet, self.y, self.series, self.x) if axis is not None]

    @cached_property
    def reach(self) -> tuple[float, float]:
        """Return the least and the greatest value that is drawn."""
        finite = self.values[np.isfinite(self.values)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)

    @cached_property
    def log(self) -> bool:
        """Return whether the output is drawn on a logarithmic scale; shares, which end at 1, are not."""
        low, high = self.reach
        return low > 0 and high > _WIDE * low and not (self.unit == "1" and high <= 1.0)

    def panels(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield the panels: number, values and where runs can take place."""
        if self.facet is None:
            yield 1, self.values, self.feasible
        else:
            for place in range(self.facet.size):
                yield place + 1, self.values[place], self.feasible[place]


def view(dataset: xr.Dataset, output: str) -> View:
    """Return what is drawn of an output of a sweep.

    Raises
    ------
    InputError
        If the sweep holds no such output.
    """
    if output not in dataset.data_vars:
        raise unknown("output", "output of this sweep", output, map(str, dataset.data_vars))
    cells = dataset[output]
    unit = OUTPUTS[output].unit if output in OUTPUTS else str(cells.attrs.get("units", "1"))
    axes = [_axis(dataset, str(name)) for name in cells.dims]
    roles, over = _roles([axis for axis in axes if axis.size > 1] or axes[:1])
    drawn = [axis for axis in roles.values() if axis is not None]
    highest = not (unit in _LESS_IS_BETTER or output in _LESS_BY_NAME)
    values = _reduced(cells, drawn, np.fmax if highest else np.fmin).astype(np.float64)
    flags = dataset[FEASIBLE] if FEASIBLE in dataset.data_vars else cells.notnull()
    possible = _reduced(flags, drawn, np.add)
    best = _best(values, drawn, highest) if output != FEASIBLE else None
    if output == FEASIBLE:
        values = np.where(possible, 1.0, np.nan)
    places = [np.arange(axis.size) for axis in drawn]
    for name in ("x", "y"):
        axis = roles[name]
        if axis is not None:
            roles[name], places[drawn.index(axis)] = axis.thinned(_most(roles))
    thin = np.ix_(*places)
    return View(
        output=output,
        unit=unit,
        **roles,  # type: ignore[arg-type]  # there is always an x
        values=values[thin],
        feasible=possible[thin] > 0,
        over=over,
        highest=highest,
        held=tuple(axis for axis in axes if axis.size == 1 and axis not in drawn),
        thinned=values[thin].size < values.size,
        best=best,
        cells=int(cells.size),
        failed=int(cells.size) - int(possible.sum()),
    )


def _most(roles: dict[str, Axis | None]) -> int:
    """Return how many places of an axis can be told apart."""
    if roles["y"] is None:
        return _MOST_ON_A_LINE
    return _MOST_ON_A_MAP if roles["facet"] is None else _MOST_ON_A_SMALL_MAP


def scenario_name(dataset: xr.Dataset) -> str:
    """Return the name of the scenario that a sweep is of."""
    try:
        return str(tomllib.loads(str(dataset.attrs.get("scenario", ""))).get("name", ""))
    except tomllib.TOMLDecodeError:
        return ""


def _axis(dataset: xr.Dataset, name: str) -> Axis:
    """Return a dimension as an axis; fields that move together are one axis if their first is a number."""
    along = [field for field in dataset.coords.values() if field.dims == (name,)]
    fields = [(str(field.attrs.get("field", field.name)), field) for field in along]
    if not fields:
        places = np.arange(dataset.sizes[name])
        return Axis(name, name, "1", places, places, tuple(map(str, places)), numeric=True)
    written = [
        [_written(value, field.attrs.get("units", "")) for value in field.values] for _, field in fields
    ]
    labels = tuple(" · ".join(words) for words in zip(*written, strict=True))
    titles = [_title(key, str(field.attrs.get("long_name", ""))) for key, field in fields]
    first = fields[0][1]
    places = np.arange(first.size)
    if not all(field.dtype.kind in "fiu" for _, field in fields) or np.unique(first).size < first.size:
        return Axis(name, " and ".join(titles), "", places.astype(np.float64), places, labels, numeric=False)
    order = np.argsort(first.values, kind="stable")
    values = np.asarray(first.values, dtype=np.float64)[order]
    title = titles[0] if len(fields) == 1 else f"{titles[0]}, others with it"
    unit = str(first.attrs.get("units", "1"))
    return Axis(name, title, unit, values, order, tuple(labels[k] for k in order), numeric=True)


def _title(name: str, meaning: str) -> str:
    """Return an axis in words: a field's name, or what the sweep says of a coefficient."""
    words = input_label(name)
    return escaped(meaning.split(";", maxsplit=1)[0] if "." in words and meaning else words)


def _written(value: Any, unit: str) -> str:
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, str):
        return escaped(value.replace("_", " "))
    return quantity(float(value), unit or "1")


def logarithmic(values: np.ndarray) -> bool:
    """Return whether sorted values are spaced more evenly in their logarithm than in themselves.

    Examples
    --------
    >>> logarithmic(np.geomspace(1e7, 1e9, 25)), logarithmic(np.linspace(1e7, 1e9, 25))
    (True, False)
    """
    if values.size < 3 or values[0] <= 0:
        return bool(values.size == 2 and values[0] > 0 and values[1] >= 10 * values[0])
    linear_spread, log_spread = (
        float(np.std(steps) / np.mean(steps)) for steps in (np.diff(values), np.diff(np.log(values)))
    )
    return log_spread < linear_spread - _EVEN


def _roles(axes: Sequence[Axis]) -> tuple[dict[str, Axis | None], tuple[Axis, ...]]:
    """Return which axes go side by side, up, as colours and along, and which the best is taken over."""
    wide = [axis for axis in axes if axis.numeric and axis.size > FEW]
    # Words are kinds of runs, and are told apart before numbers are.
    rest = sorted((axis for axis in axes if axis not in wide), key=lambda axis: axis.numeric)
    y = series = None
    if len(wide) > 1:
        x, y = wide[:2]
    else:
        numbers = [axis for axis in rest if axis.numeric]
        x = wide[0] if wide else max(numbers or rest, key=lambda axis: axis.size)
        rest = [axis for axis in rest if axis is not x]
        series = next((axis for axis in rest if axis.size <= _MOST_LINES), None)
    facet = next((axis for axis in rest if axis is not series and axis.size <= _MOST_FACETS), None)
    roles = {"facet": facet, "y": y, "series": series, "x": x}
    return roles, tuple(axis for axis in axes if axis not in roles.values())


def _reduced(cells: xr.DataArray, drawn: Sequence[Axis], join: np.ufunc) -> np.ndarray:
    """Return an output joined over all dimensions but those that are drawn, in their order."""
    others = [str(name) for name in cells.dims if name not in {axis.name for axis in drawn}]
    joined = _joined(cells.transpose(*(axis.name for axis in drawn), *others), others, join)
    in_order: np.ndarray = joined[np.ix_(*(axis.order for axis in drawn))]
    return in_order


def _joined(cells: xr.DataArray, others: Sequence[str], join: np.ufunc) -> np.ndarray:
    """Return cells joined over their last dimensions, read piece by piece."""
    longest = max(others, key=lambda name: cells.sizes[name], default="")
    if cells.size <= _AT_ONCE or not longest or cells.sizes[longest] == 1:
        values = np.asarray(cells.values)
        flat = values.reshape(*values.shape[: values.ndim - len(others)], -1)
        return np.asarray(join.reduce(flat, axis=-1))
    half = cells.sizes[longest] // 2
    pieces = (cells.isel({longest: piece}) for piece in (slice(0, half), slice(half, None)))
    return np.asarray(join(*(_joined(piece, others, join) for piece in pieces)))


def _best(values: np.ndarray, drawn: Sequence[Axis], highest: bool) -> tuple[float, tuple[str, ...]] | None:
    """Return the best value of all, and the labels of the axes there."""
    if np.isnan(values).all():
        return None
    at = np.unravel_index(np.nanargmax(values) if highest else np.nanargmin(values), values.shape)
    return float(values[at]), tuple(axis.labels[k] for axis, k in zip(drawn, at, strict=True))
