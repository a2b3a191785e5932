"""``farflung init``: a commented scenario to edit."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from farflung.base.errors import InputError
from farflung.base.fields import BARE_UNITS, Field, fields_of
from farflung.base.pages import WIDTH
from farflung.base.units import example
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS, assumption_table, preset_table
from farflung.scenario import Scenario

BASE = "headline"
"""Preset whose values the written scenario starts from."""

_OF_THE_PRESET = frozenset({"description", "source", "locator"})
_HEAD = f"""\
# A scenario for farflung: who trains what, on what, over which links, for how long.
# It starts as the preset '{BASE}', under the default assumption set. A line
# '# key = value' is left open; it shows the default, or how to write the value. Uncomment what
# you want to fix.
# Quantities carry their unit ("100 Mbps", "80 GB", "740 days"); counts, ratios, tokens and
# parameters are plain numbers (160e9). 'farflung run FILE' answers and lists what it filled in.
"""


def init(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to write it; stdout unless given.")
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
    # The title says where the values come from; what the source says of them stops being true once edited.
    own = {"name": f"My scenario, from {BASE}", "assumptions": DEFAULT_ASSUMPTIONS}
    values = {name: value for name, value in _flat(preset_table(BASE)) if name not in _OF_THE_PRESET} | own
    defaults = assumption_table(DEFAULT_ASSUMPTIONS)["defaults"]
    parts, section = [_HEAD], ""
    for name, field in fields_of(Scenario).items():
        if name.rpartition(".")[0] != section:
            section = name.rpartition(".")[0]
            parts.append(f"\n[{section}]")
        parts += [_comment(field, defaults), _line(field, values.get(name), defaults.get(name))]
    return "\n".join(parts) + "\n"


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _comment(field: Field, defaults: Mapping[str, Any]) -> str:
    """Return what is declared of a field, as comment lines."""
    symbol = f" ({field.symbol})" if field.symbol else ""
    parts = [f"{field.meaning}{symbol}", field.bounds_text]
    if field.path in defaults:
        parts.append(f"default of {DEFAULT_ASSUMPTIONS}: {field.format(defaults[field.path])}")
    elif field.required:
        parts.append("required")
    elif field.has_default:
        parts.append(f"default {field.default_text}")
    text = "; ".join(part for part in parts if part)
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="#   ")


def _line(field: Field, value: Any, default: Any) -> str:
    """Return the line that sets a field, as a comment where the scenario leaves it open."""
    key = field.path.rpartition(".")[2]
    if value is not None:
        return f"{key} = {_toml(field, value)}"
    if default is None and field.has_default:
        default = field.default
    return f"# {key} = {_example(field) if default is None else _toml(field, default)}"


def _toml(field: Field, value: Any) -> str:
    """Return a value as TOML, numbers as people write them where nothing is lost: 1.6e11, 0.4."""
    written = field.read(value) if isinstance(value, str) else value
    plain = field.to_toml(written)
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        # A JSON string that keeps its characters is a TOML basic string.
        return json.dumps(plain, ensure_ascii=False)
    short = f"{plain:.6g}".replace("e+", "e")
    return short if float(short) == plain else repr(plain)


def _example(field: Field) -> str:
    """Return how a field without a default is written, as TOML, or what to put there.

    A field of the same name elsewhere lends its default: the latency of a pipeline is written like that of
    the network.
    """
    last = field.path.rpartition(".")[2]
    for other in fields_of(Scenario).values():
        if other.path.rpartition(".")[2] == last and other.unit == field.unit and other.has_default:
            return _toml(other, other.default)
    if field.unit in BARE_UNITS:
        return "<number>" if field.numeric else '"<text>"'
    return json.dumps(example(field.unit))
