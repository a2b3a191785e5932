"""Options made from the declared fields of a section: name, help, unit, bounds and default in one place."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, get_origin

import typer

from farflung.base.errors import InputError
from farflung.base.fields import Field, fields_of
from farflung.base.sections import Section
from farflung.base.units import example


@dataclass(frozen=True, kw_only=True)
class SectionOptions:
    """One option for each field of a section.

    Attributes
    ----------
    section
        The section.
    only
        Fields that become options; empty means all.
    flags
        Names of options that are not the field's.
    """

    section: type[Section]
    only: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, Field]:
        """Return the declared fields."""
        return {
            name: one for name, one in fields_of(self.section).items() if not self.only or name in self.only
        }

    def flag(self, name: str) -> str:
        """Return the option that gives a field."""
        return self.flags.get(name, f"--{name.replace('_', '-')}")

    def parameters(self) -> list[inspect.Parameter]:
        """Return the options; what a field takes is read from text by the field itself."""
        return [self._parameter(name, one) for name, one in self.fields.items()]

    def _parameter(self, name: str, one: Field) -> inspect.Parameter:
        annotation = self.section.model_fields[name].annotation
        several = get_origin(annotation) is tuple
        kind: Any = bool | None if one.kind == "truth" else list[str] | None if several else str | None
        option = typer.Option(
            self.flag(name),
            metavar=None if one.kind == "truth" else _metavar(one),
            help=_help(one, several),
            show_default=False,
        )
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option]
        )

    def collect(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what is given of the section's fields, by field."""
        values = {name: given.pop(name) for name in self.fields}
        return {name: value for name, value in values.items() if value not in (None, [], ())}

    def read(self, given: Mapping[str, Any]) -> Any:
        """Return the section.

        Raises
        ------
        InputError
            If a value is not valid; the error names the option.
        """
        try:
            return self.section.read(given)
        except InputError as error:
            named = self.flag(error.field) if error.field in self.fields else error.field
            raise InputError(named, error.problem, error.nearest) from error


def _metavar(one: Field) -> str:
    if one.kind == "choice" and len("|".join(one.choices)) <= 40:
        return "|".join(one.choices)
    return {"choice": "NAME", "text": "TEXT"}.get(one.kind, "NUMBER" if one.unit in {"1", ""} else "AMOUNT")


def _help(one: Field, several: bool) -> str:
    """Return a field's meaning, how it is written and what it is unless given."""
    parts = [one.meaning]
    if one.numeric and one.unit not in {"1", ""}:
        parts.append(f"as '{example(one.unit)}'")
    if one.has_default and not several:
        parts.append(f"default {one.default_text}")
    return f"{', '.join(parts)}{'; repeatable' if several else ''}."
