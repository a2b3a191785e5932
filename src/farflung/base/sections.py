"""Sections: frozen groups of declared fields that read quantities with units and explain what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from farflung.base.errors import InputError, closest
from farflung.base.fields import BARE_UNITS, declared_field, fields_of, section_of, shortened


class Section(BaseModel):
    """A frozen group of fields that reads quantities written with their units."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    @field_validator("*", mode="before")
    @classmethod
    def _read_units(cls, value: Any, info: ValidationInfo) -> Any:
        declared = cls.model_fields[info.field_name or ""]
        if value is None or isinstance(value, BaseModel) or section_of(declared) is not None:
            return value
        return declared_field(info.field_name or "", declared).read(value)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with fields replaced, nothing validated.

        Raises
        ------
        InputError
            If a name is no field of the section: pydantic would keep it and take no notice.
        """
        for name in update or ():
            if name not in type(self).model_fields:
                raise InputError(
                    name, f"is no field of {type(self).__name__}", nearest="scenario.with_({path: value})"
                )
        return super().model_copy(update=update, deep=deep)

    @classmethod
    def read(cls, data: Any, field: str = "") -> Self:
        """Return the section described by ``data``, or raise one :class:`InputError`."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise _as_input_error(error, cls, field) from error


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
    "date_parsing": ("a day", "2024-06-30"),
    "date_from_datetime_parsing": ("a day", "2024-06-30"),
}


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
    field = fields_of(model).get(".".join(path))
    return field.unit if field else ""


def _meant(model: type[BaseModel], path: list[str]) -> str:
    """Return the key most like an unknown one, among its siblings first and then anywhere."""
    siblings = _known_at(model, path[:-1])
    anywhere: dict[str, str] = {}
    for name in fields_of(model):
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
        return f"{shortened(given)} is not {words}", whole
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
        current = section_of(info) if info else None
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
