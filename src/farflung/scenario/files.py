"""Scenarios by name: presets of the catalog, and TOML files."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from farflung.base.errors import InputError, closest, unknown
from farflung.catalog.tables import names, preset_table
from farflung.scenario.scenario import Scenario

_MOST_BYTES = 1_000_000


def presets() -> tuple[str, ...]:
    """Return the names of the preset scenarios."""
    return names("presets")


@cache
def preset(name: str) -> Scenario:
    """Return a preset scenario by name."""
    return Scenario.read(preset_table(name)).read_from(name)


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
    return loads(text, str(path)).read_from(str(path))


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
