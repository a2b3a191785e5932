"""Reading the catalog's files: one cached table each, and records wherever a table holds one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from farflung.base.errors import unknown
from farflung.catalog.records import Record

_ROOT = resources.files("farflung.catalog")
_LAWS = "assumptions/laws"
DEFAULT_ASSUMPTIONS = "calibrated-2026-11"
"""The assumption set of scenarios and searches that name none."""


@cache
def _read(folder: str, name: str) -> Mapping[str, Any]:
    return tomllib.loads((_ROOT / folder / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def names(folder: str) -> tuple[str, ...]:
    """Return the names of the TOML files in a catalog folder, such as ``presets`` or ``data``."""
    files = (_ROOT / folder).iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def table(name: str) -> Mapping[str, Any]:
    """Return a data table of the catalog as read, such as ``chips``, ``links`` or ``models``."""
    if name not in names("data"):
        raise unknown("catalog", "table", name, names("data"))
    return _read("data", name)


def preset_table(name: str) -> Mapping[str, Any]:
    """Return the preset scenario of that name as read."""
    if name not in names("presets"):
        raise unknown("scenario", "preset", name, names("presets"))
    return _read("presets", name)


def assumption_table(name: str) -> Mapping[str, Any]:
    """Return the assumption set of that name as read."""
    folder = _LAWS if name in law_variant_names() else "assumptions"
    if name not in names(folder):
        raise unknown("assumptions", "assumption set", name, loadable_names())
    return _read(folder, name)


def assumption_names() -> tuple[str, ...]:
    """Return the names of the assumption sets that answers are compared under."""
    return tuple(name for name in names("assumptions") if name != "conventions")


def law_variant_names() -> tuple[str, ...]:
    """Return the names of sets that differ from one of those in the scaling law alone."""
    return names(_LAWS)


def loadable_names() -> tuple[str, ...]:
    """Return the names of all assumption sets a scenario can use."""
    return (*assumption_names(), *law_variant_names())


@cache
def rules() -> Mapping[str, Mapping[str, Any]]:
    """Return every rule by name, its limits as records, inherited limits filled in."""
    raw = table("rules")

    def resolved(name: str) -> dict[str, Any]:
        own = dict(raw[name])
        parent = own.pop("extends", None)
        return {**(resolved(parent) if parent else {}), **own}

    return {name: _with_records(resolved(name)) for name in raw}


@cache
def largest_training_set() -> tuple[str, Record]:
    """Return the model of the catalog that was trained on the most tokens, and how many."""
    sizes = ((name, Record.of(raw["tokens"])) for name, raw in table("models").items() if "tokens" in raw)
    return max(sizes, key=lambda pair: pair[1].value)


@cache
def facts() -> Mapping[str, Record]:
    """Return the single figures that claims are checked against."""
    return {name: Record.of(raw) for name, raw in table("facts").items()}


def _with_records(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: Record.of(value) if _is_record(value) else value for key, value in raw.items()}


def _is_record(value: Any) -> bool:
    return isinstance(value, Mapping) and "value" in value and "source" in value


def records(raw: Any, path: str = "") -> Iterator[tuple[str, Record]]:
    """Yield every record inside a table, with its dotted path."""
    if _is_record(raw):
        yield path, Record.of(raw)
    elif isinstance(raw, Mapping):
        for key, value in raw.items():
            yield from records(value, f"{path}.{key}" if path else str(key))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from records(value, f"{path}[{index}]")
