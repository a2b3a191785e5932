"""Axes: the fields that vary in a sweep, and the values they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from farflung.base.errors import InputError, closest
from farflung.base.fields import BARE_UNITS, Field, Kind, fields_of
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.scenario import COEFFICIENT, Scenario, load_assumptions

_TITLES = frozenset({"name", "description", "source", "locator"})
MOST_VALUES = 10_000_000
"""Values of one axis; every chunk takes its part of them, so they are held whole."""


@lru_cache(maxsize=1)
def _fields() -> Mapping[str, Field]:
    """Return every field of a scenario that may be an axis."""
    return {path: field for path, field in fields_of(Scenario).items() if path not in _TITLES}


def swept(name: str, assumptions: str) -> Field:
    """Return what is declared of a field, or of a coefficient (``assumptions.NAME``) of a set.

    Raises
    ------
    InputError
        If there is no such field or coefficient.
    """
    fields = _fields()
    if name in fields:
        return fields[name]
    believed = load_assumptions(assumptions)
    coefficients = {f"{COEFFICIENT}{coefficient}": coefficient for coefficient in believed.coefficients}
    if name not in coefficients:
        known = coefficients if name.startswith(COEFFICIENT) else [*fields, *coefficients]
        guess = closest(name, known)
        nearest = f"'{guess}'" if guess else ", ".join(list(known)[:8])
        raise InputError(name, "is no field or coefficient", nearest)
    coefficient = coefficients[name]
    record, (_, unit) = believed.coefficients[coefficient], believed.values[coefficient]
    meaning = coefficient.replace("_", " ").capitalize()
    return Field(name, "number", unit, "", meaning, "uncertainty", required=True, source=record.source)


@dataclass(frozen=True, eq=False)
class Column:
    """The values that one field takes along an axis: numbers in the field's unit, or words."""

    field: Field
    values: np.ndarray

    def part(self, where: slice) -> Column:
        """Return a piece of the column."""
        return replace(self, values=self.values[where])


@dataclass(frozen=True, eq=False)
class Axis:
    """One dimension of a sweep: a field, or several that move together.

    Attributes
    ----------
    columns
        The fields and their values, all of one length.
    text
        The axis as it is written on the command line; it tells one sweep from another.
    """

    columns: tuple[Column, ...]
    text: str

    @cached_property
    def name(self) -> str:
        """Return the name of the dimension: the field's, or the fields' with ``+`` between."""
        return "+".join(column.field.path for column in self.columns)

    @property
    def size(self) -> int:
        """Return how many places the axis has."""
        return int(self.columns[0].values.size)

    @cached_property
    def categorical(self) -> bool:
        """Return whether a place stands for another kind of run, rather than for other numbers alone."""
        return any(not column.field.numeric for column in self.columns)

    @property
    def values(self) -> np.ndarray:
        """Return the values of the first, or only, field."""
        return self.columns[0].values

    @property
    def unit(self) -> str:
        """Return the unit of the first, or only, field."""
        return self.columns[0].field.unit

    @property
    def kind(self) -> Kind:
        """Return what the first, or only, field takes."""
        return self.columns[0].field.kind

    def part(self, where: slice) -> Axis:
        """Return a piece of the axis."""
        return replace(self, columns=tuple(column.part(where) for column in self.columns))


def axis(field: str, values: Iterable[Any], *, assumptions: str = DEFAULT_ASSUMPTIONS) -> Axis:
    """Return an axis over one field.

    Parameters
    ----------
    field
        Dotted name of a scenario's field, or ``assumptions.`` and the name of a coefficient.
    values
        Numbers in the field's unit (SI), text with units, or words.
    assumptions
        The assumption set a coefficient is looked up in.

    Raises
    ------
    InputError
        If there is no such field, no value, or a value of another kind.

    Examples
    --------
    >>> axis("network.upload", ["10 Mbps", 1e9]).values.tolist()
    [10000000.0, 1000000000.0]
    """
    known = swept(field, assumptions)
    column = Column(known, listed(known, list(values)))
    shown = ",".join(map(str, column.values.tolist()))
    return together([column], f"{field}={shown}")


def listed(field: Field, values: Sequence[Any]) -> np.ndarray:
    """Return listed values of a field, each once.

    Raises
    ------
    InputError
        If there are none, or one is of another kind.
    """
    if not field.numeric:
        words = [_word(field, value) for value in values]
        return _some(field, np.asarray(list(dict.fromkeys(words)), dtype=np.str_))
    numbers = [_number(field, value) for value in values]
    return _some(field, np.asarray(list(dict.fromkeys(numbers)), dtype=np.float64))


def _word(field: Field, value: Any) -> str:
    if isinstance(value, bool | np.bool_) and field.kind == "truth":
        return str(bool(value)).lower()
    if not isinstance(value, str) or not value.strip():
        raise InputError(field.path, f"{value!r} is not a word it can be")
    if field.kind == "truth" and value.strip() not in {"true", "false"}:
        raise InputError(field.path, f"'{value}' is not true or false", nearest="true,false")
    return value.strip()


def _number(field: Field, value: Any) -> float:
    if isinstance(value, str):
        return float(field.parse(value.strip()))
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise InputError(field.path, f"{value!r} is not a number")
    return field.parse(repr(float(value))) if field.unit in BARE_UNITS else _finite(field, float(value))


def _finite(field: Field, value: float) -> float:
    if not np.isfinite(value):
        raise InputError(field.path, f"{value} is not a finite number")
    return value


def _some(field: Field, values: np.ndarray) -> np.ndarray:
    if not values.size:
        raise InputError(field.path, "the axis has no values", nearest=f"{field.path}=FIRST,SECOND")
    return values


def together(columns: Sequence[Column], text: str) -> Axis:
    """Return the axis along which some columns move together.

    Raises
    ------
    InputError
        If they differ in length.
    """
    sizes = {column.field.path: column.values.size for column in columns}
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"{size} of {name}" for name, size in sizes.items())
        raise InputError("+".join(sizes), f"fields that move together need as many values each, not {counts}")
    return Axis(tuple(columns), text)
