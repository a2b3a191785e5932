"""The fields of a scenario as their declarations tell them, for listing and for writing a commented file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic.fields import FieldInfo

from farflung.base.fields import BARE_UNITS, declaration, declared_fields
from farflung.base.units import example, pretty
from farflung.scenario import Scenario

_BOUNDS = (("ge", "at least"), ("gt", "above"), ("le", "at most"))


@dataclass(frozen=True, slots=True)
class Field:
    """One field: everything declared of it, ready to be read by a person."""

    name: str
    meaning: str
    unit: str
    symbol: str
    role: str
    required: bool
    default: Any
    choices: tuple[str, ...]
    bounds: tuple[tuple[str, float], ...]

    @property
    def has_default(self) -> bool:
        """Return whether the field has a default of its own."""
        return self.default not in (None, "")

    @property
    def bounds_text(self) -> str:
        """Return the choices or the bounds in words."""
        if self.choices:
            return " | ".join(self.choices)
        return ", ".join(f"{words} {self.quantity(value)}" for words, value in self.bounds)

    @property
    def default_text(self) -> str:
        """Return the default as a person reads it."""
        if self.required:
            return "required"
        return self.quantity(self.default) if self.has_default else "open"

    def quantity(self, value: Any) -> str:
        """Return a value of this field as a scenario writes it, without quotes."""
        if isinstance(value, bool):
            return str(value).lower()
        if not isinstance(value, int | float):
            return str(value)
        return f"{value:g}" if self.unit in BARE_UNITS else pretty(float(value), self.unit)


def fields() -> Iterator[Field]:
    """Yield every field of a scenario, in order."""
    for name, info in declared_fields(Scenario):
        declared = declaration(info)
        yield Field(
            name=name,
            meaning=info.description or "",
            unit=declared.unit,
            symbol=declared.symbol,
            role=declared.role,
            required=info.is_required(),
            default=None if info.is_required() else info.default,
            choices=_choices(info),
            bounds=tuple(
                (words, float(value))
                for key, words in _BOUNDS
                for value in (getattr(one, key, None) for one in info.metadata)
                if value is not None
            ),
        )


def _choices(info: FieldInfo) -> tuple[str, ...]:
    """Return the words a field can be, if it is one of a few words."""
    parts = [info.annotation, *get_args(info.annotation)]
    words = [word for part in parts for word in get_args(part) if isinstance(word, str)]
    if bool in parts:
        words += ["true", "false"]
    return tuple(dict.fromkeys(words))


def written(field: Field, value: Any) -> str:
    """Return a value of a field as TOML."""
    if isinstance(value, bool):
        return field.quantity(value)
    if isinstance(value, int | float):
        return _number(value) if field.unit in BARE_UNITS else _quoted(field.quantity(value))
    return _quoted(str(value))


def _quoted(text: str) -> str:
    # A JSON string that keeps its characters is a TOML basic string.
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """Return a number as TOML, short where nothing is lost: 1.6e11, 131072, 0.4."""
    short = f"{value:.6g}".replace("e+", "e")
    return short if float(short) == value else repr(value)


def example_of(field: Field, known: Mapping[str, Field]) -> str:
    """Return how a field without default is written, as TOML, or what to put there.

    A field of the same name elsewhere lends its default: the latency of a pipeline is written like that of
    the network.
    """
    last = field.name.rpartition(".")[2]
    for other in known.values():
        if other.name.rpartition(".")[2] == last and other.unit == field.unit and other.has_default:
            return written(other, other.default)
    if field.unit in BARE_UNITS:
        return '"<text>"' if not field.unit else "<number>"
    return _quoted(example(field.unit))
