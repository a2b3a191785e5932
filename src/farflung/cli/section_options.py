"""Options made from the declared fields of a section: name, help, unit, bounds and default in one place."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from farflung.base.fields import Field, fields_of
from farflung.base.sections import Section
from farflung.base.units import example

_LONGEST_METAVAR = 24


@dataclass(frozen=True, kw_only=True)
class SectionOptions:
    """One option for each field of a section.

    Attributes
    ----------
    section
        The section.
    only, omit
        Fields that become options, all unless given; and fields that do not.
    """

    section: type[Section]
    only: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, Field]:
        """Return the declared fields."""
        declared = fields_of(self.section)
        return {name: declared[name] for name in self.only or declared if name not in self.omit}

    def parameters(self) -> list[inspect.Parameter]:
        """Return the options; what a field takes is read from text by the field itself."""
        return [self._parameter(name, field) for name, field in self.fields.items()]

    def _parameter(self, name: str, field: Field) -> inspect.Parameter:
        kind: Any = bool if field.kind == "truth" else list[str] if field.several else str
        option = typer.Option(
            f"--{name.replace('_', '-')}",
            metavar=None if field.kind == "truth" else _metavar(field),
            help=_help(field),
            show_default=False,
        )
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
        )

    def collect(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what is given of the section's fields, by field."""
        values = {name: given.pop(name) for name in self.fields}
        return {name: value for name, value in values.items() if value is not None and value != []}


def _metavar(field: Field) -> str:
    listed = "|".join(field.choices)
    if field.choices:
        return listed if len(listed) <= _LONGEST_METAVAR else "NAME"
    return "TEXT" if not field.numeric else "NUMBER" if field.unit in {"1", ""} else "AMOUNT"


def _help(field: Field) -> str:
    """Return a field's meaning, and its default or how it is written."""
    remarks = ["repeatable"] if field.several else []
    if field.has_default and field.kind != "truth":
        remarks.append(f"default {field.default_text}")
    elif field.numeric and field.unit not in {"1", ""}:
        remarks.append(f"as '{example(field.unit)}'")
    return f"{field.meaning} ({', '.join(remarks)})." if remarks else f"{field.meaning}."
