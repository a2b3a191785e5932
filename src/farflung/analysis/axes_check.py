"""Whether the axes of a sweep fit its scenario: every value valid, no field twice, none without meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

import numpy as np

from farflung.analysis.axes import Axis, Column
from farflung.base.errors import InputError
from farflung.scenario import COEFFICIENT, Scenario, inputs_of, load_assumptions
from farflung.scenario.hardware import hardware

Changes = Mapping[str, Any]
_MOST_KINDS = 1000
"""Kinds of runs that are looked at beforehand; those beyond are met as the sweep comes to them."""


def fitted(scenario: Scenario, axes: Sequence[Axis]) -> Scenario:
    """Return the scenario at one place of the axes, once all their values are known to be valid.

    Parameters
    ----------
    scenario
        The scenario that is swept.
    axes
        Its axes.

    Raises
    ------
    InputError
        If two axes are about one field, a value is not valid, or no kind of run can be described.
    """
    columns = [column for axis in axes for column in axis.columns]
    _once(columns)
    _one_description(scenario, columns)
    _coefficients_known(scenario, columns)
    places = [_at(columns, place) for place in (0, -1)]
    for column in columns:
        for value in _extremes(column):
            _valid(scenario, column, value, [{}, *places])
    refused = []
    for changes in places:
        try:
            base = scenario.with_(changes)
            break
        except InputError as error:
            refused.append(error)
    else:
        raise refused[0]
    _some_kind_of_run(base, axes)
    return base


def kinds_of_runs(axes: Sequence[Axis]) -> Iterator[dict[str, Any]]:
    """Yield the words of every combination of the places of categorical axes, as changes to a scenario."""
    categorical = [axis for axis in axes if axis.categorical]
    for places in product(*(range(axis.size) for axis in categorical)):
        pairs = zip(categorical, places, strict=True)
        yield {name: value for axis, place in pairs for name, value in words(axis, place).items()}


def words(axis: Axis, place: int) -> dict[str, Any]:
    """Return what the words at one place of an axis change in a scenario."""
    return {
        column.field.path: column.field.to_toml(column.values[place])
        for column in axis.columns
        if not column.field.numeric
    }


def impossible(base: Scenario, axes: Sequence[Axis]) -> list[str]:
    """Return why some kinds of runs cannot be described, among the first thousand."""
    found: dict[str, None] = {}
    for changes in islice(kinds_of_runs(axes), _MOST_KINDS):
        try:
            inputs_of(base.with_(changes))
        except InputError as error:
            found[str(error)] = None
    return list(found)


def _some_kind_of_run(base: Scenario, axes: Sequence[Axis]) -> None:
    first = None
    for changes in islice(kinds_of_runs(axes), _MOST_KINDS):
        try:
            inputs_of(base.with_(changes))
        except InputError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first


def _once(columns: Sequence[Column]) -> None:
    seen = set()
    for column in columns:
        name = column.field.path
        if name in seen:
            raise InputError(name, "is on more than one axis", nearest="each field once")
        seen.add(name)


def _one_description(scenario: Scenario, columns: Sequence[Column]) -> None:
    names = {column.field.path for column in columns}
    by_hand = sorted(names & {"nodes.peak", "nodes.memory", "nodes.power"})
    named = "nodes.hardware" in names or (scenario.nodes.hardware is not None and by_hand == ["nodes.power"])
    if by_hand and named:
        raise InputError(
            by_hand[0], "has no effect where hardware is given", nearest="either hardware, or peak and memory"
        )


def _coefficients_known(scenario: Scenario, columns: Sequence[Column]) -> None:
    """Check that every assumption set on an axis has the coefficients on the others."""
    sets = {str(name) for c in columns if c.field.path == "assumptions" for name in c.values}
    for name in sorted(sets or {scenario.assumptions}):
        known = load_assumptions(name).coefficients
        for column in columns:
            coefficient = column.field.path.removeprefix(COEFFICIENT)
            if column.field.path.startswith(COEFFICIENT) and coefficient not in known:
                raise InputError(column.field.path, f"the assumption set '{name}' has no such coefficient")


def _extremes(column: Column) -> list[Any]:
    if column.field.numeric:
        return [np.min(column.values), np.max(column.values)]
    return list(dict.fromkeys(column.values.tolist()))


def _at(columns: Sequence[Column], place: int) -> dict[str, Any]:
    return {
        c.field.path: c.field.to_toml(c.values[place])
        for c in columns
        if not c.field.path.startswith(COEFFICIENT)
    }


def _valid(scenario: Scenario, column: Column, value: Any, partners: Sequence[Changes]) -> None:
    """Check one value by the field's own declaration.

    A value that agrees with the other axes somewhere is valid: 10^11 active parameters are, where another
    axis takes the model to 10^12. The cells in which the two do not agree are not feasible.
    """
    name = column.field.path
    if column.field.path.startswith(COEFFICIENT):
        return
    first = None
    for partner in partners:
        try:
            scenario.with_({**partner, name: column.field.to_toml(value)})
            break
        except InputError as error:
            first = first or error
    else:
        if first is not None:
            raise first
    if name == "nodes.hardware":
        hardware(str(value))
    if name == "assumptions":
        load_assumptions(str(value))
