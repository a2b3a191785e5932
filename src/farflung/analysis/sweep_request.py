"""What a sweep is asked: scenario, axes and outputs, and how its result tells them again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.axes import Axis, Column, axis
from farflung.analysis.axes_check import fitted, impossible, kinds_of_runs
from farflung.analysis.axes_text import read_axis
from farflung.analysis.sweep_grid import Grid, Task, grid
from farflung.base.errors import InputError, unknown
from farflung.base.provenance import content_hash, version
from farflung.outcome import OUTPUTS
from farflung.outcome.explain import source_keys
from farflung.scenario import Scenario, load_assumptions

if TYPE_CHECKING:
    import xarray as xr

Over = Iterable[str | Axis] | Mapping[str, str | Sequence[Any]]
"""Axes: as text, as :class:`~farflung.analysis.axes.Axis`, or values by field."""
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
_FEASIBLE = {"long_name": "Whether the run can take place as described", "units": "1", "symbol": ""}
_MOST_AXES = 20
_KINDS_CITED = 64
"""Kinds of runs whose sources are gathered."""
REQUEST = "farflung_request"
"""Attribute in which a store keeps what was asked, as JSON."""


@dataclass(frozen=True)
class Request:
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
    command
        The command that asks for it.
    """

    scenario: Scenario
    base: Scenario
    axes: tuple[Axis, ...]
    outputs: tuple[str, ...]
    command: str | None = None

    @cached_property
    def grid(self) -> Grid:
        """Return the cells and their chunks."""
        return grid([one.size for one in self.axes], len(self.outputs))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Return the names of the dimensions."""
        return tuple(one.name for one in self.axes)

    @property
    def values(self) -> int:
        """Return how many numbers the result holds."""
        return self.grid.cells * len(self.outputs)

    def task(self, number: int) -> Task:
        """Return one chunk's work."""
        pieces = zip(self.axes, self.grid.slices(number), strict=True)
        return Task(self.base, tuple(one.part(where) for one, where in pieces), self.outputs)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Return what makes the result this one and no other; two sweeps with the same agree bit by bit."""
        sets = {str(name) for c in _columns(self.axes) if c.field.path == "assumptions" for name in c.values}
        return {
            "version": version(),
            "scenario": self.scenario.to_toml(),
            "assumptions": {
                name: load_assumptions(name).hash for name in sorted(sets or {self.scenario.assumptions})
            },
            "axes": {one.name: _hash(one) for one in self.axes},
            "over": [one.text for one in self.axes],
            "outputs": list(self.outputs),
            "chunk": list(self.grid.chunk),
        }

    def attributes(self) -> dict[str, str]:
        """Return the provenance: version, beliefs, scenario, axes, sources and command."""
        believed = load_assumptions(self.scenario.assumptions)
        found = {
            "title": f"Sweep over {' × '.join(self.dimensions)}",
            "farflung_version": version(),
            "assumptions": believed.name,
            "assumptions_hash": believed.hash,
            "scenario_hash": content_hash(self.scenario.model_dump(mode="json")),
            "scenario": self.scenario.to_toml(),
            "over": "\n".join(one.text for one in self.axes),
            "sources": ", ".join(self.sources()),
            "command": self.command or "",
            "impossible": "\n".join(impossible(self.base, self.axes)),
            REQUEST: json.dumps(self.identity),
        }
        return {name: text for name, text in found.items() if text}

    def sources(self) -> tuple[str, ...]:
        """Return the keys of the sources behind the outputs, over the kinds of runs that there are."""
        quantities = [name for name in self.outputs if name != "feasible"]
        found = {c.field.source for c in _columns(self.axes) if c.field.source}
        for changes in islice(kinds_of_runs(self.axes), _KINDS_CITED):
            for start in (self.base, self.scenario):
                try:
                    found |= set(source_keys(start.with_(changes), quantities))
                    break
                except InputError:  # this kind of run, or this place of the axes, fits on no nodes
                    continue
        return tuple(sorted(found))

    def empty(self) -> xr.Dataset:
        """Return the result without its outputs: coordinates and provenance."""
        import xarray as xr  # noqa: PLC0415 - asking for help must not load it

        coordinates: dict[str, Any] = {}
        for one in self.axes:
            for column in one.columns:
                said = {
                    "long_name": column.field.meaning,
                    "units": column.field.unit,
                    "symbol": column.field.symbol,
                    "source": column.field.source,
                }
                attributes = {name: text for name, text in said.items() if text}
                coordinates[column.field.path] = (one.name, column.values, attributes)
        return xr.Dataset(coords=coordinates, attrs=self.attributes())


def described(output: str) -> dict[str, str]:
    """Return the attributes of an output: unit, name in full, symbol."""
    if output == "feasible":
        return _FEASIBLE
    said = OUTPUTS[output]
    return {"long_name": said.meaning, "units": said.unit, "symbol": said.symbol}


def request(
    scenario: Scenario, over: Over, outputs: Iterable[str] | None = None, *, command: str | None = None
) -> Request:
    """Return the sweep that is asked for, checked.

    Parameters
    ----------
    scenario
        The scenario whose fields vary.
    over
        The axes.
    outputs
        Names of outputs; the usual ones if left out, every one if ``all``.
    command
        The command that asks, for the provenance.

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
    base = fitted(scenario, axes)
    # What is on an axis is known: an output of the same name (tokens) would say it twice.
    fields = {column.field.path for column in _columns(axes)}
    wanted = tuple(name for name in _outputs(outputs) if name not in fields)
    asked = Request(scenario, base, axes, wanted, command)
    if asked.grid.cells > np.iinfo(np.int64).max // 1024:
        raise InputError("over", f"{float(asked.grid.cells):.3g} cells are more than can be counted")
    return asked


def _axes(scenario: Scenario, over: Over) -> Iterable[Axis]:
    if isinstance(over, str):
        yield read_axis(over, scenario)
    elif isinstance(over, Mapping):
        for field, values in over.items():
            if isinstance(values, str):
                yield read_axis(f"{field}={values}", scenario)
            else:
                yield axis(field, values, assumptions=scenario.assumptions)
    else:
        for one in over:
            yield one if isinstance(one, Axis) else read_axis(one, scenario)


def _outputs(names: Iterable[str] | None) -> tuple[str, ...]:
    chosen = DEFAULT_OUTPUTS if names is None else (names,) if isinstance(names, str) else tuple(names)
    if "all" in chosen:
        chosen = tuple(OUTPUTS)
    for name in chosen:
        if name not in OUTPUTS and name != "feasible":
            raise unknown("output", "output", name, [*OUTPUTS, "feasible", "all"])
    return (*dict.fromkeys(name for name in chosen if name != "feasible"), "feasible")


def _columns(axes: Iterable[Axis]) -> Iterable[Column]:
    return (column for one in axes for column in one.columns)


def _hash(one: Axis) -> str:
    found = hashlib.sha256()
    for column in one.columns:
        numeric = column.field.numeric
        found.update(column.values.tobytes() if numeric else "\n".join(column.values.tolist()).encode())
    return found.hexdigest()[:16]


def difference(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> str | None:
    """Return in words how what a store was made for differs from what is asked now, if it does."""
    titles = {
        "version": "version of farflung",
        "assumptions": "assumption set",
        "outputs": "choice of outputs",
    }
    if list(kept.get("axes", ())) != list(asked["axes"]):
        return f"it is over {_listed(list(kept.get('axes', ())))}, not {_listed(list(asked['axes']))}"
    for name, before, now in zip(asked["axes"], kept.get("over", ()), asked["over"], strict=False):
        if kept["axes"][name] != asked["axes"][name]:
            return f"it has {before}, not {now}"
    if kept.get("scenario") != asked["scenario"]:
        return f"another scenario: {_first_line(kept.get('scenario', ''), asked['scenario'])}"
    for key, title in titles.items():
        if kept.get(key) != asked[key]:
            return f"another {title}: {_listed(kept.get(key))} there, {_listed(asked[key])} here"
    return None if kept.get("chunk") == asked["chunk"] else "it is cut into other chunks"


def _listed(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} ({text})" for name, text in value.items())
    return str(value) if isinstance(value, str) or value is None else ", ".join(map(str, value))


def _first_line(before: str, now: str) -> str:
    lines = before.splitlines(), now.splitlines()
    left = [line for line in lines[0] if line not in lines[1]]
    right = [line for line in lines[1] if line not in lines[0]]
    return f"{left[0] if left else 'nothing'} there, {right[0] if right else 'nothing'} here"
