"""The single declaration of a field: unit, symbol, bounds, role, meaning.

Validation, ``--help``, the nomenclature, the JSON Schema and later the web form and the sampler are all read
from it. A field is declared once, beside its name in the model, with :func:`quantity`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from farflung.base.errors import InputError, closest
from farflung.base.units import example, parse

Role = Literal["lever", "uncertainty", "constant", "label"]
_LARGEST = 10**300
BARE_UNITS = frozenset({"1", "token", "parameters", ""})
"""Units whose quantities are written as plain numbers: counts, ratios, tokens and parameters."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is declared of a field beside its type and bounds."""

    unit: str
    symbol: str
    role: Role


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
        Unit the value is held in; text in any unit of the same kind is accepted at the edge.
    symbol
        The field's symbol.
    role
        ``lever`` (someone chooses it), ``uncertainty`` (the world decides), ``constant`` or ``label``.
    default
        Value where the user gives none; ``None`` means that the assumption set or another field decides.
    at_least, above, at_most
        Bounds, in ``unit``.
    """
    return Field(
        default=default,
        description=doc,
        ge=at_least,
        gt=above,
        le=at_most,
        json_schema_extra={"unit": unit, "symbol": symbol, "role": role},
    )


def declaration(info: FieldInfo) -> Declaration:
    """Return what :func:`quantity` declared of a field."""
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return Declaration(
        unit=str(extra.get("unit", "")),
        symbol=str(extra.get("symbol", "")),
        role=str(extra.get("role", "label")),  # type: ignore[arg-type]
    )


class Section(BaseModel):
    """A frozen group of fields that reads quantities written with their units."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    @field_validator("*", mode="before")
    @classmethod
    def _read_units(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[info.field_name or ""]
        declared = declaration(field)
        if value is None or isinstance(value, Section):
            return value
        if bool in {field.annotation, *get_args(field.annotation)} and not isinstance(value, bool):
            raise InputError("", f"{_short(value)} is not true or false", nearest="true or false")
        if not declared.unit:
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            if plain and _section_of(field) is None:
                raise InputError("", f"{_short(value)} is not text", nearest="text in quotes")
            return value
        if isinstance(value, bool):
            raise InputError("", "true and false are not quantities", nearest=_example(declared.unit))
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise InputError("", "the number is too large", nearest=_example(declared.unit))
        if isinstance(value, int | float) and declared.unit not in BARE_UNITS:
            raise InputError("", f"{value} has no unit", nearest=f"for example '{example(declared.unit)}'")
        if isinstance(value, str):
            # Where a field may be left to the model, 'auto' says so in words.
            value = None if value == "auto" and field.default is None else _from_text(value, declared.unit)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError("", f"{value} is not a finite number", nearest=_example(declared.unit))
        return value

    @classmethod
    def read(cls, data: Any, field: str = "") -> Self:
        """Return the section described by ``data``, or raise one :class:`InputError`."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise _as_input_error(error, cls, field) from error


def _example(unit: str) -> str:
    return "a plain number" if unit in BARE_UNITS else f"for example '{example(unit)}'"


def _from_text(text: str, unit: str) -> float:
    if unit not in BARE_UNITS:
        return parse(text, unit)
    try:
        return float(text.replace(",", ""))
    except ValueError:
        pass
    try:
        return parse(text, "1" if unit == "parameters" else unit)
    except InputError as error:
        raise InputError("", f"'{text}' is not a number", nearest=_example(unit)) from error


def declared_fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield the dotted name and declaration of every field of a model, its sections' fields included."""
    for name, info in model.model_fields.items():
        section = _section_of(info)
        if section is not None:
            yield from declared_fields(section, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", info


def _section_of(info: FieldInfo) -> type[BaseModel] | None:
    candidates = [info.annotation, *getattr(info.annotation, "__args__", ())]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, Section)), None)


_BOUND_WORDS = {
    "greater_than": ("gt", "must be above"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than_equal": ("le", "must be at most"),
}


_TYPE_WORDS = {
    "int_from_float": ("a whole number", "a whole number"),
    "int_type": ("a whole number", "a whole number"),
    "int_parsing": ("a whole number", "a whole number"),
    "float_type": ("a number", "a number"),
    "string_type": ("text", "text in quotes"),
    "bool_type": ("true or false", "true or false"),
    "bool_parsing": ("true or false", "true or false"),
    "model_type": ("a table of keys and values", "a section such as [nodes]"),
    "dict_type": ("a table of keys and values", "a section such as [nodes]"),
    "finite_number": ("a finite number", "a finite number"),
}


def _short(given: Any) -> str:
    # Python refuses to write out a whole number of more than 4,300 digits.
    text = "the number" if isinstance(given, int) and abs(given) > _LARGEST else repr(given)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _as_input_error(error: ValidationError, model: type[BaseModel], prefix: str) -> InputError:
    """Return the most telling problem of a validation error as one readable error."""
    # A misspelt key also leaves the right one missing: the misspelling is what to mend.
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    path = [str(part) for part in first["loc"] if not str(part).startswith("function-")]
    field = ".".join([prefix, *path] if prefix else path)
    kind, context = first["type"], first.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, InputError):
        return InputError(cause.field or field, cause.problem, cause.nearest)
    if kind == "extra_forbidden":
        return InputError(field, "unknown key", nearest=_meant(model, path))
    problem, nearest = _told(kind, context, first.get("input"), str(first["msg"]))
    unit = _unit_at(model, path)
    if kind in _BOUND_WORDS and unit not in BARE_UNITS:
        nearest = f"{nearest} {unit}"
    return InputError(field, problem, nearest)


def _unit_at(model: type[BaseModel], path: list[str]) -> str:
    """Return the unit of the field at a path."""
    return next(
        (declaration(info).unit for name, info in declared_fields(model) if name == ".".join(path)), ""
    )


def _meant(model: type[BaseModel], path: list[str]) -> str:
    """Return the key most like an unknown one, among its siblings first and then anywhere."""
    siblings = _known_at(model, path[:-1])
    anywhere: dict[str, str] = {}
    for name, _ in declared_fields(model):
        anywhere.setdefault(name.rpartition(".")[2], name)
    guess = closest(path[-1], siblings) or anywhere.get(closest(path[-1], anywhere) or "")
    return f"'{guess}'" if guess else ", ".join(siblings)


def _told(kind: str, context: Mapping[str, Any], given: Any, message: str) -> tuple[str, str | None]:
    """Return a validation problem, and the nearest valid value, in words."""
    if kind in _BOUND_WORDS:
        key, words = _BOUND_WORDS[kind]
        bound = context[key]
        return f"{given} {words} {bound:g}", _just_inside(kind, bound, given)
    if kind in _TYPE_WORDS:
        words, nearest = _TYPE_WORDS[kind]
        whole = f"{round(given)}" if kind == "int_from_float" and isinstance(given, float) else nearest
        return f"{_short(given)} is not {words}", whole
    if kind == "literal_error":
        choices = [c.strip("' ") for c in str(context["expected"]).replace(" or ", ", ").split(",")]
        guess = closest(str(given), choices) or choices[0]
        return f"'{given}' is not one of {', '.join(choices)}", guess
    if kind == "missing":
        return "missing", "see 'farflung init' for a commented scenario"
    return message.removeprefix("Value error, "), None


def _known_at(model: type[BaseModel], path: list[str]) -> list[str]:
    current: type[BaseModel] | None = model
    for part in path:
        info = current.model_fields.get(part) if current else None
        current = _section_of(info) if info else None
    return list(current.model_fields) if current else []


def _just_inside(kind: str, bound: float, given: Any) -> str:
    if kind != "greater_than":
        return f"{bound:g}"
    return f"{'a whole number' if isinstance(given, int) else 'anything'} above {bound:g}"


def read_mapping(value: Any, field: str) -> Mapping[str, Any]:
    """Return ``value`` if it is a table, or raise one readable error."""
    if not isinstance(value, Mapping):
        raise InputError(field, "must be a table of keys and values")
    return value
