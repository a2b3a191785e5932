"""Scenarios as files: reading, writing, presets, and changes by dotted name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from farflung.base.errors import InputError, closest, unknown
from farflung.base.fields import fields_of
from farflung.base.sections import read_mapping
from farflung.catalog.tables import names, preset_table
from farflung.scenario.scenario import Scenario

_MOST_BYTES = 1_000_000


def presets() -> tuple[str, ...]:
    """Return the names of the preset scenarios."""
    return names("presets")


@cache
def preset(name: str) -> Scenario:
    """Return a preset scenario by name."""
    return Scenario.read(preset_table(name))


def load(name_or_path: str | Path) -> Scenario:
    """Return a preset by its name, or the scenario in a TOML file.

    Raises
    ------
    InputError
        If there is no such preset or file, or it holds no valid scenario.
    """
    if str(name_or_path) in presets():
        return preset(str(name_or_path))
    path = Path(name_or_path)
    try:
        if not str(name_or_path) or not path.exists():
            raise _no_such_scenario(str(name_or_path))
        if not path.is_file():
            raise InputError(str(path), "is not a file")
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(str(path), "is larger than 1 MB and no scenario")
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(str(path), "is not text in UTF-8") from error
    except OSError as error:
        raise InputError(str(path)[:80], f"cannot be read ({error.strerror})") from error
    return loads(text, str(path))


def _no_such_scenario(name: str) -> InputError:
    if name.endswith(".toml"):
        guess = closest(name.removesuffix(".toml"), presets())
        return InputError(name, "there is no such file", nearest=f"preset '{guess}'" if guess else None)
    return unknown("scenario", "preset", name, presets())


def loads(text: str, name: str = "scenario") -> Scenario:
    """Return the scenario written in TOML text."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise InputError(name, f"is not valid TOML: {error}") from error
    if not data:
        raise InputError(name, "is empty", nearest="see 'farflung init' for a commented scenario")
    return Scenario.read(data)


def with_changes(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return the scenario with fields replaced by dotted name, validated anew.

    Parameters
    ----------
    scenario
        The scenario to start from.
    changes
        New values by dotted name: ``{"network.upload": "10 Mbps", "nodes.count": 72}``.
    """
    if not changes:
        return scenario
    data = _written(scenario)
    for field, value in changes.items():
        _replace(data, field, value)
    return Scenario.read(data)


def _replace(data: dict[str, Any], field: str, value: Any) -> None:
    known = list(fields_of(Scenario))
    if field not in known:
        inside = [name for name in known if name.startswith(f"{field}.")]
        if inside:
            raise InputError(field, "is a group of fields", nearest=", ".join(inside[:4]))
        guess = closest(field, known)
        raise InputError(field, "unknown key", nearest=f"'{guess}'" if guess else ", ".join(known[:8]))
    *path, last = field.split(".")
    table = data
    for part in path:
        table = table.setdefault(part, {})
        read_mapping(table, field)
    table[last] = value
    # A node is described one way or the other: choosing one drops the other.
    if field == "nodes.hardware":
        for other in ("peak", "memory", "power", "price"):
            table.pop(other, None)
    if field in {"nodes.peak", "nodes.memory"}:
        table.pop("hardware", None)


def _written(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario as a user would write it: only what was set, each quantity with its unit."""
    units = {path: field.unit for path, field in fields_of(Scenario).items()}

    def table(section: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in section.items():
            if isinstance(value, Mapping):
                if value:
                    result[key] = table(value, f"{prefix}{key}.")
            elif value is not None:
                result[key] = _with_unit(value, units[f"{prefix}{key}"])
        return result

    return table(scenario.model_dump(exclude_unset=True), "")


def _with_unit(value: Any, unit: str) -> Any:
    if unit in {"", "1", "token", "parameters"} or isinstance(value, str | bool):
        return value
    return f"{value!r} {unit}"


def to_toml(scenario: Scenario) -> str:
    """Return the scenario as TOML text that reads back to an equal scenario."""
    import tomli_w  # noqa: PLC0415 - only writing needs it

    return tomli_w.dumps(_written(scenario))
