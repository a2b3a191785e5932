"""What a sweep is: scenario, axes and outputs, checked; and how its result says so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.calls import call_about
from farflung.analysis.sweep.axes import Axis, Column, axis
from farflung.analysis.sweep.axis_text import read_axis
from farflung.analysis.sweep.cells import Chunk
from farflung.analysis.sweep.grid import Grid
from farflung.analysis.sweep.validation import check_variants, columns_of, validate_axes, variants
from farflung.base.errors import InputError, unknown
from farflung.base.provenance import content_hash, version
from farflung.base.results import Call
from farflung.outcome import OUTPUTS
from farflung.outcome.explain import source_keys
from farflung.scenario import Scenario, load_assumptions

if TYPE_CHECKING:
    import xarray as xr

Over = Iterable[str | Axis] | Mapping[str, str | Sequence[Any]]
"""Axes: as text, as :class:`~farflung.analysis.sweep.Axis`, or values by field."""
DEFAULT_OUTPUTS = (
    "quality_adjusted_flop",
    "local_equivalent_flop",
    "duration_s",
    "tokens",
    "efficiency",
    "chinchilla_efficiency",
    "inner_steps",
    "utilisation",
    "capital_cost_usd",
    "total_cost_usd",
    "feasible",
)
_MOST_AXES = 20
_VARIANTS_CITED = 64
"""Variants whose sources are gathered."""
_MOST_EXACT = 2.0**53
IDENTITY = "farflung_sweep"
"""Attribute in which a store keeps what identifies its sweep, as JSON."""


@dataclass(frozen=True)
class SweepSpec:
    """A sweep, checked and ready to be computed.

    Attributes
    ----------
    scenario
        The scenario as given.
    base
        The scenario at one place of the axes.
    axes
        The axes, one dimension each.
    outputs
        Names of outputs, ``feasible`` last.
    call
        How the sweep is asked for again.
    """

    scenario: Scenario
    base: Scenario
    axes: tuple[Axis, ...]
    outputs: tuple[str, ...]
    call: Call

    @cached_property
    def grid(self) -> Grid:
        """Return the cells and their chunks."""
        return Grid.of([axis.size for axis in self.axes], len(self.outputs))

    @cached_property
    def columns(self) -> list[Column]:
        """Return the fields that vary, and their values."""
        return columns_of(self.axes)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Return the names of the dimensions."""
        return tuple(axis.name for axis in self.axes)

    @property
    def values(self) -> int:
        """Return how many numbers the result holds."""
        return self.grid.cells * len(self.outputs)

    def chunk(self, number: int) -> Chunk:
        """Return the work of one chunk."""
        pieces = zip(self.axes, self.grid.slices(number), strict=True)
        axes = tuple(axis[where] for axis, where in pieces)
        return Chunk(self.base, axes, self.outputs, version())

    @cached_property
    def identity(self) -> dict[str, list[str]]:
        """Return what makes the result this one and no other: two sweeps of one identity agree bit by bit."""
        named = {str(name) for c in self.columns if c.field.path == "assumptions" for name in c.values}
        sets = [load_assumptions(name) for name in sorted(named or {self.scenario.assumptions})]
        return {
            "axes": [f"{axis.text} ({_hash(axis)})" for axis in self.axes],
            "scenario": self.scenario.to_toml().splitlines(),
            "assumptions": [f"{each.name} ({each.hash})" for each in sets],
            "outputs": list(self.outputs),
            "version of farflung": [version()],
            "chunks": [str(self.grid.chunk)],
        }

    def attributes(self) -> dict[str, str]:
        """Return the provenance: version, assumptions, scenario, axes, sources, and how to ask again."""
        assumptions = load_assumptions(self.scenario.assumptions)
        attributes = {
            "title": f"Sweep over {' × '.join(self.dimensions)}",
            "farflung_version": version(),
            "assumptions": assumptions.name,
            "assumptions_hash": assumptions.hash,
            "scenario_hash": content_hash(self.scenario.model_dump(mode="json")),
            "scenario": self.scenario.to_toml(),
            "over": "\n".join(axis.text for axis in self.axes),
            "sources": ", ".join(self._sources()),
            "command": self.call.command or "",
            "python": self.call.python,
            "contradictions": "\n".join(dict.fromkeys(map(str, check_variants(self.base, self.axes)[1]))),
            IDENTITY: json.dumps(self.identity),
        }
        return {name: text for name, text in attributes.items() if text}

    def _sources(self) -> list[str]:
        """Return the keys of the sources behind the outputs, over the variants that there are."""
        quantities = [name for name in self.outputs if name != "feasible"]
        keys = {column.field.source for column in self.columns if column.field.source}
        for change in islice(variants(self.axes), _VARIANTS_CITED):
            for start in (self.base, self.scenario):
                try:
                    keys |= set(source_keys(start.with_(change), quantities))
                    break
                except InputError:  # this variant, at this place of the axes, cannot be described
                    continue
        return sorted(keys)

    def empty(self) -> xr.Dataset:
        """Return the result without its outputs: coordinates and provenance."""
        import xarray as xr  # noqa: PLC0415 - asking for help must not load it

        coordinates = {c.name: (along.name, *_coordinate(c)) for along in self.axes for c in along.columns}
        return xr.Dataset(coords=coordinates, attrs=self.attributes())


def _coordinate(column: Column) -> tuple[np.ndarray, dict[str, str]]:
    """Return the values of a coordinate and its attributes."""
    field, values = column.field, column.values
    if field.kind == "count" and np.abs(values).max() <= _MOST_EXACT:
        values = values.astype(np.int64)
    attributes = {
        "long_name": field.meaning,
        "units": field.unit,
        "field": field.path,
        "symbol": field.symbol,
        "source": field.source,
    }
    return values, {name: text for name, text in attributes.items() if text}


def output_attributes(output: str) -> dict[str, str]:
    """Return the attributes of an output: unit, name in full, symbol."""
    if output == "feasible":
        return {"long_name": "Whether the run can take place as described", "units": "1", "symbol": ""}
    declared = OUTPUTS[output]
    return {"long_name": declared.meaning, "units": declared.unit, "symbol": declared.symbol}


def sweep_spec(scenario: Scenario, over: Over, outputs: Iterable[str] | None = None) -> SweepSpec:
    """Return a sweep, checked.

    Parameters
    ----------
    scenario
        The scenario whose fields vary.
    over
        The axes.
    outputs
        Names of outputs; :data:`DEFAULT_OUTPUTS` unless given, every one if ``"all"``.

    Raises
    ------
    InputError
        If there is no axis, an axis or one of its values is not valid, or there is no such output.
    """
    axes = tuple(_axes(scenario, over))
    if not axes:
        raise InputError("over", "a sweep needs an axis", nearest="network.upload=10Mbps..1Gbps:log:25")
    if len(axes) > _MOST_AXES:
        raise InputError("over", f"{len(axes)} axes are more than a sweep may have", nearest=f"{_MOST_AXES}")
    base = validate_axes(scenario, axes)
    # What is on an axis is known: an output of the same name (tokens) would say it twice.
    names = {column.name for column in columns_of(axes)}
    selected = tuple(output for output in _outputs(outputs) if output not in names)
    call = _call(scenario, axes, None if outputs is None else selected[:-1])
    spec = SweepSpec(scenario, base, axes, selected, call)
    if spec.grid.cells > np.iinfo(np.int64).max // 1024:
        raise InputError("over", f"{float(spec.grid.cells):.3g} cells are more than can be counted")
    return spec


def _axes(scenario: Scenario, over: Over) -> Iterator[Axis]:
    if isinstance(over, Mapping):
        for path, values in over.items():
            if isinstance(values, str):
                yield read_axis(f"{path}={values}", scenario)
            else:
                yield axis(path, values, assumptions=scenario.assumptions)
        return
    for item in (over,) if isinstance(over, str) else over:
        yield item if isinstance(item, Axis) else read_axis(item, scenario)


def _outputs(names: Iterable[str] | None) -> tuple[str, ...]:
    chosen = DEFAULT_OUTPUTS if names is None else (names,) if isinstance(names, str) else tuple(names)
    if "all" in chosen:
        chosen = tuple(OUTPUTS)
    for name in chosen:
        if name not in OUTPUTS and name != "feasible":
            raise unknown("output", "output", name, [*OUTPUTS, "feasible", "all"])
    return (*dict.fromkeys(name for name in chosen if name != "feasible"), "feasible")


def _call(scenario: Scenario, axes: Sequence[Axis], outputs: Sequence[str] | None) -> Call:
    """Return how the sweep is asked for again."""
    over = {"over": [axis.text for axis in axes]}
    if outputs is None:
        return call_about("sweep", "farflung.sweep", [scenario], over)
    words = [word for output in outputs for word in ("--output", output)]
    keywords = [f"outputs={list(outputs)!r}"]
    return call_about("sweep", "farflung.sweep", [scenario], over, words=words, keywords=keywords)


def _hash(hashed: Axis) -> str:
    content = hashlib.sha256()
    for column in hashed.columns:
        words = column.values.dtype.kind == "U"
        content.update("\n".join(column.values.tolist()).encode() if words else column.values.tobytes())
    return content.hexdigest()[:16]


def difference(stored: Mapping[str, Any], wanted: Mapping[str, list[str]]) -> str | None:
    """Return in words how the identity of a stored sweep differs from the one that is wanted, if it does."""
    for title, texts in wanted.items():
        before = stored.get(title, [])
        if before != texts:
            there = [text for text in before if text not in texts] or ["nothing else"]
            here = [text for text in texts if text not in before] or ["nothing else"]
            return f"other {title}: {there[0]} there, {here[0]} here"
    return None
