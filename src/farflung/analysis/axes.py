"""Axes: the fields that vary in a sweep, and the values they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np

from farflung.base.errors import InputError, closest
from farflung.base.fields import BARE_UNITS, declaration, declared_fields
from farflung.base.units import parse
from farflung.outcome.batch import COEFFICIENT
from farflung.scenario import Scenario, load_assumptions

Kind = Literal["number", "count", "category", "truth", "coefficient"]
"""What a field takes: real numbers, whole numbers, words, true and false, or a coefficient's numbers."""
_PLAIN_UNITS = BARE_UNITS | {"nats"}
_TITLES = frozenset({"name", "description", "source", "locator"})
MOST_VALUES = 10_000_000
"""Values of one axis; every chunk takes its part of them, so they are held whole."""


@dataclass(frozen=True, slots=True)
class Swept:
    """A field that may be an axis, as it is declared."""

    name: str
    kind: Kind
    unit: str
    symbol: str
    meaning: str
    source: str = ""
    """Key of the source that gives a coefficient."""

    @property
    def numeric(self) -> bool:
        """Return whether its values are numbers."""
        return self.kind in {"number", "count", "coefficient"}

    def number(self, text: str) -> float:
        """Return a number written in text, in the field's unit.

        Raises
        ------
        InputError
            If it is no number, or its unit is missing or of another kind.
        """
        try:
            plain = self.unit in _PLAIN_UNITS
            value = _plain(text, self.unit) if plain else parse(text, self.unit)
        except InputError as error:
            raise InputError(self.name, error.problem, error.nearest) from error
        if not np.isfinite(value):
            raise InputError(self.name, f"{text} is not a finite number")
        return value

    def written(self, value: Any) -> Any:
        """Return a value of the axis as a scenario file holds it."""
        if self.kind == "truth":
            return str(value) == "true"
        if self.kind == "category":
            return str(value)
        if self.kind == "count":
            return int(value) if float(value).is_integer() else float(value)
        number = float(value)
        return number if self.unit in BARE_UNITS else f"{number!r} {self.unit}"


def _plain(text: str, unit: str) -> float:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return parse(text, "1" if unit in {"parameters", "nats"} else unit)


@lru_cache(maxsize=1)
def _fields() -> Mapping[str, Swept]:
    """Return every field of a scenario that may be an axis."""
    found = {}
    for name, info in declared_fields(Scenario):
        if name in _TITLES:
            continue
        said, types = declaration(info), (info.annotation, *getattr(info.annotation, "__args__", ()))
        kind: Kind = "number"
        if bool in types:
            kind = "truth"
        elif not said.unit or name == "assumptions":
            kind = "category"
        elif int in types:
            kind = "count"
        found[name] = Swept(name, kind, said.unit, said.symbol, info.description or "")
    return found


def swept(name: str, assumptions: str) -> Swept:
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
    return Swept(name, "coefficient", unit, "", meaning, record.source)


@dataclass(frozen=True, eq=False)
class Column:
    """The values that one field takes along an axis: numbers in the field's unit, or words."""

    field: Swept
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
        return "+".join(column.field.name for column in self.columns)

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


def axis(field: str, values: Iterable[Any], *, assumptions: str = "miri-2026-04") -> Axis:
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


def listed(field: Swept, values: Sequence[Any]) -> np.ndarray:
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


def _word(field: Swept, value: Any) -> str:
    if isinstance(value, bool | np.bool_) and field.kind == "truth":
        return str(bool(value)).lower()
    if not isinstance(value, str) or not value.strip():
        raise InputError(field.name, f"{value!r} is not a word it can be")
    if field.kind == "truth" and value.strip() not in {"true", "false"}:
        raise InputError(field.name, f"'{value}' is not true or false", nearest="true,false")
    return value.strip()


def _number(field: Swept, value: Any) -> float:
    if isinstance(value, str):
        return field.number(value.strip())
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise InputError(field.name, f"{value!r} is not a number")
    return field.number(repr(float(value))) if field.unit in _PLAIN_UNITS else _finite(field, float(value))


def _finite(field: Swept, value: float) -> float:
    if not np.isfinite(value):
        raise InputError(field.name, f"{value} is not a finite number")
    return value


def _some(field: Swept, values: np.ndarray) -> np.ndarray:
    if not values.size:
        raise InputError(field.name, "the axis has no values", nearest=f"{field.name}=FIRST,SECOND")
    return values


def together(columns: Sequence[Column], text: str) -> Axis:
    """Return the axis along which some columns move together.

    Raises
    ------
    InputError
        If they differ in length.
    """
    sizes = {column.field.name: column.values.size for column in columns}
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"{size} of {name}" for name, size in sizes.items())
        raise InputError("+".join(sizes), f"fields that move together need as many values each, not {counts}")
    return Axis(tuple(columns), text)
