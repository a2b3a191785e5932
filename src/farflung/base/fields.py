"""The single declaration of a field: path, kind, unit, symbol, bounds, choices, role, meaning.

A field is declared once, beside its name in a section, with :func:`quantity`; :func:`fields_of` returns
the declarations as :class:`Field` objects. Validation, files, the command line, sweeps, figures, the
nomenclature, the JSON Schema and forms are all made from them.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic import Field as PydanticField
from pydantic.fields import FieldInfo
from pydantic_core import core_schema

from farflung.base.errors import InputError, checked_choice
from farflung.base.format import format_quantity
from farflung.base.units import example, parse

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

Role = Literal["lever", "uncertainty", "constant", "label"]
Kind = Literal["number", "count", "truth", "choice", "text"]
"""What a field takes: real numbers, whole numbers, true and false, one of a few words, or any text."""
BARE_UNITS = frozenset({"1", "token", "parameters", "FLOP", "nats", ""})
"""Units whose quantities may be written as plain numbers: counts, ratios, tokens, operations and losses."""
LARGEST_INTEGER = 10**300
"""Integers beyond leave the range of double precision."""
"""Words of a choice that an error lists."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Restricts a word, or several, to names that a registry knows, looked up when a value is validated."""

    names: Callable[[], tuple[str, ...]]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Validate as text, then against the names."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """List the names in the JSON Schema."""
        written, words = handler(schema), {"enum": list(self.names())}
        if "items" in written:
            return {**written, "items": {**written["items"], **words}}
        return {**written, **words}

    def _checked(self, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for word in (value,) if isinstance(value, str) else value:
            checked_choice(word, self.names())
        return value


def quantity(
    doc: str,
    *,
    unit: str = "1",
    symbol: str = "",
    role: Role = "lever",
    default: Any = ...,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
) -> Any:
    """Declare a field of a section.

    Parameters
    ----------
    doc
        One-line meaning.
    unit
        Unit the value is held in; text in any unit of the same dimension is accepted at the edge. Empty for
        fields that are no numbers.
    symbol
        The field's symbol.
    role
        ``lever`` (someone chooses it), ``uncertainty`` (the world decides), ``constant`` or ``label``.
    default
        Value unless given; ``None`` means that the assumption set or another field decides.
    at_least, above, at_most
        Bounds, in ``unit``.
    """
    return PydanticField(
        default=default,
        description=doc,
        ge=at_least,
        gt=above,
        le=at_most,
        json_schema_extra={"unit": unit, "symbol": symbol, "role": role},
    )


@dataclass(frozen=True, slots=True)
class Field:
    """A declared field of a section, or a coefficient of an assumption set.

    Attributes
    ----------
    path
        Dotted name, as a user writes it: ``network.upload``.
    kind
        What values it takes.
    unit, symbol, meaning, role
        As for :func:`quantity`.
    at_least, above, at_most
        Bounds [``unit``].
    words
        The words it can be, or the registry that knows them; empty unless the kind is ``choice``.
    default
        Value unless given; ``None`` where the assumption set or another field decides.
    required
        Whether it must be given.
    source
        Key of the source of a coefficient.
    several
        Whether it holds any number of such values.
    """

    path: str
    kind: Kind
    unit: str
    symbol: str
    meaning: str
    role: Role
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    words: tuple[str, ...] | OneOf = ()
    default: Any = None
    required: bool = False
    source: str = ""
    several: bool = False

    @property
    def numeric(self) -> bool:
        """Return whether its values are numbers."""
        return self.kind in {"number", "count"}

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the words it can be."""
        return self.words.names() if isinstance(self.words, OneOf) else self.words

    @property
    def bounds_text(self) -> str:
        """Return the choices or the bounds in words."""
        if self.choices:
            return " | ".join(self.choices)
        bounds = (("at least", self.at_least), ("above", self.above), ("at most", self.at_most))
        return ", ".join(f"{word} {self.format(bound)}" for word, bound in bounds if bound is not None)

    @property
    def has_default(self) -> bool:
        """Return whether the field has a default of its own."""
        return self.default not in {None, "", ()}

    @property
    def default_text(self) -> str:
        """Return the default as a person reads it."""
        if self.required:
            return "required"
        return self.format(self.default) if self.has_default else "open"

    def parse(self, text: str) -> Any:
        """Return the value written in text, as the section holds it.

        Raises
        ------
        InputError
            If the text is no value of the field: a missing or foreign unit, out of bounds, an unknown word.
        """
        try:
            value = self.read(text)
            return self._within_bounds(value) if self.numeric else value
        except InputError as error:
            raise InputError(self.path, error.problem, error.nearest) from error

    def read(self, value: Any) -> Any:
        """Return a value in the field's unit, whether written with a unit, as a word or as a number.

        Raises
        ------
        InputError
            If the value is of another kind. The error names no field: a section knows the full path.
        """
        if self.several:
            return (value,) if isinstance(value, str) else value
        if self.kind == "truth":
            return _read_truth(value)
        if self.kind == "choice" and self.choices and isinstance(value, str):
            return checked_choice(value, self.choices)
        if not self.numeric:
            if isinstance(value, int | float) and not isinstance(value, bool):
                raise InputError("", f"{shortened(value)} is not text", nearest="text in quotes")
            return value
        return self._read_number(value)

    def _read_number(self, value: Any) -> Any:
        if isinstance(value, bool):
            raise InputError("", "true and false are not quantities", nearest=self._example)
        if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise InputError("", "the number is too large", nearest=self._example)
        if isinstance(value, int | float) and self.unit not in BARE_UNITS:
            raise InputError("", f"{value} has no unit", nearest=f"for example '{example(self.unit)}'")
        if isinstance(value, str):
            if value == "auto" and self.default is None and not self.required:
                return None
            value = self._number_in(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError("", f"{value} is not a finite number", nearest=self._example)
        return value

    def _number_in(self, text: str) -> float:
        if self.unit not in BARE_UNITS:
            return parse(text, self.unit)
        try:
            return float(text.replace(",", ""))
        except ValueError:
            pass
        try:
            return parse(text, self.unit if self.unit in {"token", "parameters", "FLOP"} else "1")
        except InputError as error:
            raise InputError("", f"'{text}' is not a number", nearest=self._example) from error

    def _within_bounds(self, value: float | None) -> float | int | None:
        if value is None:
            return None
        low = self.at_least if self.at_least is not None else self.above
        if low is not None and (value < low or value == self.above):
            words = "at least" if self.at_least is not None else "above"
            raise InputError("", f"{value:g} must be {words} {low:g}", nearest=self.format(low))
        if self.at_most is not None and value > self.at_most:
            raise InputError("", f"{value:g} must be at most {self.at_most:g}", self.format(self.at_most))
        if self.kind == "count":
            if not float(value).is_integer():
                raise InputError("", f"{value:g} is not a whole number", nearest=f"{round(value)}")
            return int(value)
        return value

    @property
    def _example(self) -> str:
        return "a plain number" if self.unit in BARE_UNITS else f"for example '{example(self.unit)}'"

    def format(self, value: Any) -> str:
        """Return a value as a person reads it, with its unit unless it is a bare number."""
        if isinstance(value, tuple):
            return ", ".join(map(self.format, value))
        if isinstance(value, bool):
            return str(value).lower()
        if not isinstance(value, int | float):
            return str(value)
        return f"{value:g}" if self.unit in BARE_UNITS else format_quantity(float(value), self.unit)

    def to_toml(self, value: Any) -> Any:
        """Return a value as a scenario file holds it: a number, a word, or text with its unit."""
        if self.several:
            return [str(one) for one in value]
        if self.kind == "truth":
            return str(value).lower() == "true"
        if not self.numeric:
            return str(value)
        if self.kind == "count":
            return int(value) if float(value).is_integer() else float(value)
        return _short(float(value)) if self.unit in BARE_UNITS else self._with_unit(float(value))

    def _with_unit(self, value: float) -> str:
        """Return a value with a unit, readable where nothing is lost by it."""
        text = format_quantity(value, self.unit).replace(",", "")
        try:
            if parse(text.replace("$", "USD "), self.unit) == value:
                return text
        except InputError:
            pass
        return f"{_short(value)!r} {self.unit}"

    def get(self, section: Any) -> Any:
        """Return the field's value in a section."""
        for name in self.path.split("."):
            section = getattr(section, name)
        return section

    def is_set(self, section: Any) -> bool:
        """Return whether a section was given the field, rather than its default."""
        for name in self.path.split("."):
            if name not in section.model_fields_set:
                return False
            section = getattr(section, name)
        return True

    def replace(self, section: Any, value: Any) -> Any:
        """Return a copy of a section with the field's value replaced, not validated; arrays are welcome."""
        return _replaced(section, self.path.split("."), value)


def _short(value: float) -> float | int:
    """Return a whole number as an integer where its digits say no less."""
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _replaced(section: Any, path: list[str], value: Any) -> Any:
    name, *rest = path
    inner = _replaced(getattr(section, name), rest, value) if rest else value
    return section.model_copy(update={name: inner})


def _read_truth(value: Any) -> Any:
    if isinstance(value, str) and value.strip() in {"true", "false"}:
        return value.strip() == "true"
    if value is not None and not isinstance(value, bool):
        raise InputError("", f"{shortened(value)} is not true or false", nearest="true or false")
    return value


def shortened(value: Any) -> str:
    """Return a value as an error message shows it."""
    # Python refuses to write out a whole number of more than 4,300 digits.
    text = "the number" if isinstance(value, int) and abs(value) > LARGEST_INTEGER else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def section_of(info: FieldInfo) -> type[BaseModel] | None:
    """Return the section that a pydantic field holds, if it holds one."""
    return next((kind for kind in _types(info.annotation) if _is_section(kind)), None)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _types(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in {Union, types.UnionType}:
        return get_args(annotation)
    return (annotation,)


@cache
def fields_of(model: type[BaseModel]) -> Mapping[str, Field]:
    """Return every declared field of a section by dotted path, its sections' fields included, in order."""
    found: dict[str, Field] = {}
    for name, info in model.model_fields.items():
        section = section_of(info)
        if section is None:
            found[name] = declared_field(name, info)
            continue
        for path, field in fields_of(section).items():
            found[f"{name}.{path}"] = _below(name, field)
    return types.MappingProxyType(found)


def _below(name: str, field: Field) -> Field:
    values = {one: getattr(field, one) for one in Field.__slots__}
    return Field(**{**values, "path": f"{name}.{field.path}"})


@cache
def declared_field(path: str, info: FieldInfo) -> Field:
    """Return what :func:`quantity` declared of a field."""
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    unit = str(extra.get("unit", ""))
    words = _words(info)
    return Field(
        path=path,
        kind=_kind(info, unit, words),
        unit=unit,
        symbol=str(extra.get("symbol", "")),
        meaning=info.description or "",
        role=str(extra.get("role", "label")),  # type: ignore[arg-type]
        words=words,
        default=None if info.is_required() else info.default,
        required=info.is_required(),
        at_least=_bound(info, "ge"),
        above=_bound(info, "gt"),
        at_most=_bound(info, "le"),
        several=any(get_origin(kind) is tuple for kind in _types(info.annotation)),
    )


def _bound(info: FieldInfo, name: str) -> float | None:
    return next((float(getattr(one, name)) for one in info.metadata if hasattr(one, name)), None)


def _words(info: FieldInfo) -> tuple[str, ...] | OneOf:
    for one in info.metadata:
        if isinstance(one, OneOf):
            return one
    words = [word for kind in _types(info.annotation) for word in get_args(kind) if isinstance(word, str)]
    return tuple(dict.fromkeys(words))


def _kind(info: FieldInfo, unit: str, words: tuple[str, ...] | OneOf) -> Kind:
    kinds = _types(info.annotation)
    if bool in kinds:
        return "truth"
    if words:
        return "choice"
    if not unit:
        return "text"
    return "count" if int in kinds else "number"
