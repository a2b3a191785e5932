"""A scenario as it was asked for: what names it on a command line and in Python, and what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from farflung.base.fields import Field, fields_of
from farflung.base.results import Call
from farflung.outcome.run import as_scenario
from farflung.scenario import Scenario, preset, presets

AnyScenario = Scenario | str | Path | Mapping[str, Any]
"""A scenario, the name of a preset, the path of a TOML file, or a mapping of the same form."""


@dataclass(frozen=True, slots=True)
class RequestedScenario:
    """A scenario, and how to ask for it again.

    Attributes
    ----------
    scenario
        The scenario with its changes made.
    name
        Name of the preset or path of the file; ``None`` for a scenario that lives in neither.
    base
        The scenario before the changes.
    changes
        New values by dotted path.
    """

    scenario: Scenario
    name: str | None
    base: Scenario
    changes: Mapping[str, Any]

    @property
    def source(self) -> str:
        """Return the scenario before its changes as Python source."""
        if self.name is not None:
            return repr(self.name)
        return f"farflung.Scenario.read({_written(self.base)!r})"

    def call(self, verb: str, function: str, options: Mapping[str, Any], *others: RequestedScenario) -> Call:
        """Return a call about the scenario, and about others with the same changes.

        Parameters
        ----------
        verb, function, options
            As for :class:`Call`.
        others
            Scenarios after the first.
        """
        requests = (self, *others)
        names = [request.name for request in requests]
        words: list[str] = []
        for path, value in self.changes.items():
            words += ["--assumptions", str(value)] if path == "assumptions" else ["--set", f"{path}={value}"]
        keywords = (f"{path.replace('.', '__')}={value!r}" for path, value in self.changes.items())
        return Call(
            verb,
            function,
            subject=None if None in names else (*map(str, names), *words),
            arguments=(*(request.source for request in requests), *keywords),
            options=options,
        )


def requested(scenario: AnyScenario, changes: Mapping[str, Any] | None = None) -> RequestedScenario:
    """Return a scenario as it was asked for, with its changes made.

    Parameters
    ----------
    scenario
        As for :func:`farflung.evaluate`.
    changes
        New values by path, dotted (``nodes.count``) or as a keyword (``nodes__count``).

    Raises
    ------
    InputError
        If there is no such scenario, or it is not valid once changed.
    """
    base = as_scenario(scenario)
    by_path = {name.replace("__", "."): value for name, value in (changes or {}).items()}
    name = str(scenario) if isinstance(scenario, str | Path) else _preset_of(base)
    return RequestedScenario(base.with_(by_path), name, base, by_path)


def _preset_of(scenario: Scenario) -> str | None:
    return next((name for name in presets() if preset(name) == scenario), None)


def _written(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as a mapping that reads back to it."""
    written: dict[str, Any] = {}
    for path, field in _set_fields(scenario):
        *sections, last = path.split(".")
        table = written
        for section in sections:
            table = table.setdefault(section, {})
        table[last] = field.to_toml(field.get(scenario))
    return written


def _set_fields(scenario: Scenario) -> list[tuple[str, Field]]:
    return [
        (path, field)
        for path, field in fields_of(Scenario).items()
        if field.is_set(scenario) and field.get(scenario) is not None
    ]
