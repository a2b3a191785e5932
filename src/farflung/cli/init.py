"""``farflung init``: a commented scenario to edit."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.base.errors import InputError
from farflung.cli.show import WIDTH

if TYPE_CHECKING:
    from farflung.base.fields import Field

BASE = "paper-headline"
"""Preset whose values the written scenario starts from."""

_OF_THE_PRESET = frozenset({"description", "source", "locator"})
_HEAD = f"""\
# A scenario for farflung: who trains what, on what, over which links, for how long.
# It starts as the preset '{BASE}'. A line such as '# key = value' is left open; it shows
# the default, or how to write the value where there is none. Uncomment what you want to fix.
# Quantities carry their unit ("100 Mbps", "80 GB", "740 days"); counts, ratios, tokens and
# parameters are plain numbers (160e9). 'farflung run FILE' answers and lists what it filled in.
"""


def init(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to write it; stdout if left out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented scenario to edit: every field with its meaning, unit and default.

    [bold]farflung init my.toml[/bold], edit it, then [bold]farflung run my.toml[/bold]
    """
    text = commented_scenario()
    if file is None:
        sys.stdout.write(text)
        return
    if file.is_dir():
        raise InputError(str(file), "is a folder", nearest=f"{file / 'scenario.toml'}")
    if file.exists() and not force:
        raise InputError(str(file), "exists already", nearest="another name, or --force to overwrite it")
    file.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {file}: edit it, then run 'farflung run {file}'", err=True)


def commented_scenario() -> str:
    """Return the commented scenario as TOML text."""
    from farflung.base.fields import fields_of
    from farflung.catalog.tables import assumption_table, preset_table
    from farflung.scenario import Scenario

    known = fields_of(Scenario)
    # The title says where the values come from; what the source says of them stops being true once edited.
    values = {**dict(_flat(preset_table(BASE))), "name": f"My scenario, from {BASE}"}
    values = {name: value for name, value in values.items() if name not in _OF_THE_PRESET}
    believed = assumption_table(str(values["assumptions"]))
    parts, section = [_HEAD], ""
    for name, field in known.items():
        if name.rpartition(".")[0] != section:
            section = name.rpartition(".")[0]
            parts.append(f"\n[{section}]")
        parts.append(_comment(field, believed))
        parts.append(_line(field, known, values.get(name), believed["defaults"].get(name)))
    return "\n".join(parts) + "\n"


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _comment(field: Field, believed: Mapping[str, Any]) -> str:
    """Return what is declared of a field, as comment lines."""
    symbol = f" ({field.symbol})" if field.symbol else ""
    parts = [f"{field.meaning}{symbol}", field.bounds_text]
    if field.path in believed["defaults"]:
        parts.append(f"default of {believed['name']}: {field.format(believed['defaults'][field.path])}")
    elif field.required:
        parts.append("required")
    elif field.has_default:
        parts.append(f"default {field.default_text}")
    text = "; ".join(part for part in parts if part)
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="#   ")


def _line(field: Field, known: Mapping[str, Field], value: Any, believed: Any) -> str:
    """Return the line that sets a field, as a comment where the scenario leaves it open."""
    from farflung.cli.declared import example_of, toml_text

    key = field.path.rpartition(".")[2]
    if value is not None:
        return f"{key} = {toml_text(field, value)}"
    if believed is not None:
        return f"# {key} = {toml_text(field, believed)}"
    if field.has_default:
        return f"# {key} = {toml_text(field, field.default)}"
    return f"# {key} = {example_of(field, known)}"
