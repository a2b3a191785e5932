"""Axes of a sweep: the fields that vary, and the values they take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from farflung.base.errors import InputError, closest
from farflung.base.fields import BARE_UNITS, Field, fields_of
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.scenario import COEFFICIENT, Scenario, load_assumptions

_TITLES = frozenset({"name", "description", "source", "locator"})


def axis_field(path: str, assumptions: str = DEFAULT_ASSUMPTIONS) -> Field:
    """Return the field of a scenario, or the coefficient (``assumptions.NAME``) of a set, at a path.

    Raises
    ------
    InputError
        If there is no such field or coefficient.
    """
    fields = fields_of(Scenario)
    if path in fields and path not in _TITLES:
        return fields[path]
    assumption_set = load_assumptions(assumptions)
    coefficients = {f"{COEFFICIENT}{name}": name for name in assumption_set.coefficients}
    if path not in coefficients:
        known = (
            [*coefficients] if path.startswith(COEFFICIENT) else [*(fields.keys() - _TITLES), *coefficients]
        )
        guess = closest(path, known)
        raise InputError(
            path, "is no field or coefficient", f"'{guess}'" if guess else ", ".join(sorted(known)[:8])
        )
    name = coefficients[path]
    record, (_, unit) = assumption_set.coefficients[name], assumption_set.values[name]
    meaning = name.replace("_", " ").capitalize()
    return Field(path, "number", unit, "", meaning, "uncertainty", required=True, source=record.source)


@dataclass(frozen=True, eq=False)
class Column:
    """The values that one field takes along an axis: numbers in the field's unit, words, or truths."""

    field: Field
    values: np.ndarray

    @property
    def name(self) -> str:
        """Return the name of the coordinate: the field's path, with underscores for dots."""
        return self.field.path.replace(".", "_")

    @property
    def is_coefficient(self) -> bool:
        """Return whether the field is a coefficient of the assumption set."""
        return self.field.path.startswith(COEFFICIENT)


@dataclass(frozen=True, eq=False)
class Axis:
    """One dimension of a sweep: a field, or several that move together.

    Attributes
    ----------
    columns
        The fields and their values, all of one length.
    text
        The axis as it is written on the command line.
    """

    columns: tuple[Column, ...]
    text: str

    @cached_property
    def name(self) -> str:
        """Return the name of the dimension, which is that of the first field's coordinate."""
        return self.columns[0].name

    @property
    def size(self) -> int:
        """Return the number of values."""
        return int(self.columns[0].values.size)

    @cached_property
    def categorical(self) -> bool:
        """Return whether values select other models, rather than other numbers in the same one."""
        return any(not column.field.numeric for column in self.columns)

    @property
    def values(self) -> np.ndarray:
        """Return the values of the first, or only, field."""
        return self.columns[0].values

    def __getitem__(self, where: slice) -> Axis:
        return replace(self, columns=tuple(Column(c.field, c.values[where]) for c in self.columns))


def axis(field: str, values: Iterable[Any], *, assumptions: str = DEFAULT_ASSUMPTIONS) -> Axis:
    """Return an axis over one field.

    Parameters
    ----------
    field
        Dotted name of a scenario's field, or ``assumptions.`` and the name of a coefficient.
    values
        Numbers in the field's unit (SI), text with units, words, or truths.
    assumptions
        The assumption set in which a coefficient is looked up.

    Raises
    ------
    InputError
        If there is no such field, no value, or a value of another kind.

    Examples
    --------
    >>> axis("network.upload", ["10 Mbps", 1e9]).values.tolist()
    [10000000.0, 1000000000.0]
    """
    declared = axis_field(field, assumptions)
    column = Column(declared, read_values(declared, list(values)))
    written = [_written(declared, value) for value in column.values.tolist()]
    return Axis((column,), f"{field}={','.join(written)}")


def _written(field: Field, value: Any) -> str:
    """Return a value as text that is read as exactly the same."""
    if not field.numeric:
        return str(value).lower() if field.kind == "truth" else str(value)
    number = repr(int(value) if value.is_integer() and abs(value) < 1e15 else value)
    return number if field.unit in BARE_UNITS else f"{number} {field.unit}"


def read_values(field: Field, values: Sequence[Any], *, distinct: bool = True) -> np.ndarray:
    """Return listed values as an array in the field's unit, each once unless they need not be distinct.

    Raises
    ------
    InputError
        If there are none, or one is of another kind.
    """
    if not values:
        raise no_values(field)
    read = [_read(field, value) for value in values]
    dtype = {"truth": np.bool_, "number": np.float64, "count": np.float64}.get(field.kind, np.str_)
    return np.asarray(list(dict.fromkeys(read)) if distinct else read, dtype=dtype)


def no_values(field: Field) -> InputError:
    """Return the error for an axis without values."""
    return InputError(field.path, "the axis has no values", nearest=f"{field.path}=FIRST,SECOND")


def _read(field: Field, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str) and value.strip():
        value = field.parse(value.strip())
    elif field.numeric and isinstance(value, int | float) and not isinstance(value, bool):
        # A number without a unit is in the field's own; its bounds are checked with the whole axis.
        value = field.parse(repr(float(value))) if field.unit in BARE_UNITS else float(value)
    elif field.kind != "truth" or not isinstance(value, bool):
        raise InputError(field.path, f"{value!r} is not a {_KINDS.get(field.kind, field.kind)}")
    if field.numeric and (value is None or not math.isfinite(value)):
        raise InputError(
            field.path, "auto is no value of an axis" if value is None else f"{value} is not finite"
        )
    return float(value) if field.numeric else value


_KINDS = {"count": "number", "truth": "truth value", "choice": "word"}


def zip_axes(columns: Sequence[Column], text: str) -> Axis:
    """Return the axis along which fields move together.

    Raises
    ------
    InputError
        If they differ in length.
    """
    sizes = {column.field.path: column.values.size for column in columns}
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"{size} of {path}" for path, size in sizes.items())
        raise InputError(",".join(sizes), f"fields that move together need as many values each, not {counts}")
    return Axis(tuple(columns), text)
