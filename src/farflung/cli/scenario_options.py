"""The options that say which scenario is meant, shared by most commands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.base.errors import InputError

if TYPE_CHECKING:
    from farflung.scenario import Scenario


def _presets_like(incomplete: str) -> list[str]:
    from farflung.catalog.tables import names

    return [name for name in names("presets") if name.startswith(incomplete)]


def _sets_like(incomplete: str) -> list[str]:
    from farflung.catalog.tables import loadable_names

    return [name for name in loadable_names() if name.startswith(incomplete)]


ScenarioName = Annotated[
    str,
    typer.Argument(
        metavar="PRESET|FILE",
        help="A preset (see [bold]farflung presets[/bold]) or a TOML file.",
        autocompletion=_presets_like,
        show_default=False,
    ),
]
Links = Annotated[
    str | None,
    typer.Option(
        "--links",
        metavar="RATE",
        help="Set every link at once: [bold]'10 Mbps'[/bold], or up and down, [bold]100Mbps/1Gbps[/bold].",
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class ScenarioOptions:
    """Changes to a scenario."""

    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Replace a field, as [bold]--set nodes.count=72[/bold] or [bold]--set 'network.upload=10 "
            "Mbps'[/bold]; repeatable. [bold]farflung catalog fields[/bold] lists the keys.",
            show_default=False,
        ),
    ] = None
    links: Links = None
    assumptions: Annotated[
        str | None,
        typer.Option(
            "--assumptions",
            metavar="NAME",
            help="Assumption set, or its file, instead of the scenario's own.",
            autocompletion=_sets_like,
            show_default=False,
        ),
    ] = None

    def by_path(self) -> dict[str, Any]:
        """Return the changed fields by dotted path, links first and single fields after.

        Raises
        ------
        InputError
            If a change cannot be read.
        """
        changed = {} if self.links is None else link_changes(self.links)
        changed |= dict(_change(text) for text in self.changes or ())
        return changed if self.assumptions is None else {**changed, "assumptions": self.assumptions}

    def load(self, name: str) -> Scenario:
        """Return the preset or file of that name, changed.

        Raises
        ------
        InputError
            If there is no such scenario, or it is not valid once changed.
        """
        return load_scenario(name, self.by_path())


def load_scenario(name: str, changes: Mapping[str, Any]) -> Scenario:
    """Return the preset or file of that name, with some fields changed."""
    from farflung.scenario import load

    return load(name).with_(changes)


def link_changes(text: str) -> dict[str, str]:
    """Return the fields that one rate for every link sets, inside groups and pipelines too.

    Raises
    ------
    InputError
        If the rate cannot be read, or is out of bounds.
    """
    from farflung.base.fields import fields_of
    from farflung.scenario import Network

    # '100Mbps/1Gbps' is up and down; the stroke of 'bit/s' is followed by no number.
    up, *down = (rate.strip() for rate in re.split(r"/\s*(?=[\d.])", text, maxsplit=1))
    rates = {"upload": up, "download": down[0] if down else up}
    try:
        for name, rate in rates.items():
            fields_of(Network)[name].parse(rate)
    except InputError as error:
        raise InputError("--links", error.problem, error.nearest) from error
    sections = ("network", "network.regional", "network.pipeline")
    return {f"{section}.{name}": rate for section in sections for name, rate in rates.items()}


def _change(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        example = text.strip(" =") or "nodes.count"
        raise InputError("--set", f"'{text}' is not KEY=VALUE", nearest=f"--set {example}=VALUE")
    return key.strip(), _literal(value.strip())


def _literal(text: str) -> Any:
    """Return the TOML value that a text writes, or the text itself where it writes none."""
    try:
        read = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return text
    value = read.pop("value")
    # A text of several lines could smuggle in more keys; a date is no value of any field, '2026-04' a name.
    return value if not read and isinstance(value, str | bool | int | float | list | dict) else text
