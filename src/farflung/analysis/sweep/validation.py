"""Validation of axes against the scenario that they vary: every value valid, no field twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any

from farflung.analysis.sweep.axes import Axis, Column
from farflung.base.errors import InputError
from farflung.scenario import COEFFICIENT, Scenario, inputs_of, load_assumptions
from farflung.scenario.hardware import hardware

_MOST_VARIANTS = 1000
"""Variants that are looked at beforehand; those beyond are met as the sweep comes to them."""


def validate_axes(scenario: Scenario, axes: Sequence[Axis]) -> Scenario:
    """Return the scenario at the first (or else the last) value of every axis, once all values are valid.

    Parameters
    ----------
    scenario
        The scenario that is swept.
    axes
        Its axes.

    Raises
    ------
    InputError
        If two axes are over one field, a value is not valid, or no combination can be described.
    """
    columns = columns_of(axes)
    _refuse_repeated(columns)
    _refuse_unknown_coefficients(scenario, columns)
    corners = [_changes_at(columns, place) for place in (0, -1)]
    for column in columns:
        for value in _values_to_check(column):
            # A value that agrees with the other axes somewhere is valid: 10^11 active parameters are, where
            # another axis takes the model to 10^12. Cells in which the two disagree are not feasible.
            change = {column.field.path: column.field.to_toml(value)}
            _first_valid(scenario, [change, *({**corner, **change} for corner in corners)])
            if column.field.path == "nodes.hardware":
                hardware(str(value))
    base = _first_valid(scenario, corners)
    some, errors = check_variants(base, axes)
    if not some:
        raise errors[0]
    return base


def columns_of(axes: Sequence[Axis]) -> list[Column]:
    """Return the columns of all axes."""
    return [column for axis in axes for column in axis.columns]


def variants(axes: Sequence[Axis]) -> Iterator[dict[str, Any]]:
    """Yield the words of every combination along the categorical axes, as changes to a scenario."""
    categorical = [axis for axis in axes if axis.categorical]
    for places in product(*(range(axis.size) for axis in categorical)):
        pairs = zip(categorical, places, strict=True)
        yield {path: value for axis, place in pairs for path, value in words_at(axis, place).items()}


def words_at(axis: Axis, place: int) -> dict[str, Any]:
    """Return what the words at one place of an axis change in a scenario."""
    return {
        column.field.path: column.field.to_toml(column.values[place])
        for column in axis.columns
        if not column.field.numeric
    }


def check_variants(base: Scenario, axes: Sequence[Axis]) -> tuple[bool, list[InputError]]:
    """Return whether any of the first thousand variants can be described, and why others cannot."""
    some, errors = False, []
    for change in islice(variants(axes), _MOST_VARIANTS):
        try:
            inputs_of(base.with_(change))
            some = True
        except InputError as error:
            errors.append(error)
    return some, errors


def _refuse_repeated(columns: Sequence[Column]) -> None:
    paths = [column.field.path for column in columns]
    for path in paths:
        if paths.count(path) > 1:
            raise InputError(path, "is on more than one axis", nearest="each field once")
    described = sorted({"nodes.peak", "nodes.memory"}.intersection(paths))
    if described and "nodes.hardware" in paths:
        nearest = "either hardware, or peak and memory"
        raise InputError(described[0], "has no effect where hardware is given", nearest=nearest)


def _refuse_unknown_coefficients(scenario: Scenario, columns: Sequence[Column]) -> None:
    """Check that every assumption set on an axis has the coefficients on the others."""
    sets = {str(value) for c in columns if c.field.path == "assumptions" for value in c.values}
    for name in sorted(sets or {scenario.assumptions}):
        known = load_assumptions(name).coefficients
        for column in columns:
            if column.is_coefficient and column.field.path.removeprefix(COEFFICIENT) not in known:
                raise InputError(column.field.path, f"the assumption set '{name}' has no such coefficient")


def _values_to_check(column: Column) -> Sequence[Any]:
    if column.is_coefficient:
        return ()
    if column.field.numeric:
        return (column.values.min(), column.values.max())
    return list(dict.fromkeys(column.values.tolist()))


def _changes_at(columns: Sequence[Column], place: int) -> dict[str, Any]:
    return {c.field.path: c.field.to_toml(c.values[place]) for c in columns if not c.is_coefficient}


def _first_valid(scenario: Scenario, candidates: Sequence[dict[str, Any]]) -> Scenario:
    """Return the scenario with the first of some changes that it can take; the first error if with none."""
    errors = []
    for changes in candidates:
        try:
            return scenario.with_(changes)
        except InputError as error:
            errors.append(error)
    raise errors[0]
