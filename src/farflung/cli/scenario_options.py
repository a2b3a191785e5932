"""The options that say which scenario is meant, shared by most commands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
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

    def load(self, name: str) -> Scenario:
        """Return the preset or file of that name, changed.

        Raises
        ------
        InputError
            If there is no such scenario, or it is not valid once changed.
        """
        return load_scenario(name, self.changes, self.assumptions, self.links)


def load_scenario(
    name: str,
    changes: Sequence[str] | None = None,
    assumptions: str | None = None,
    links: str | None = None,
) -> Scenario:
    """Return the preset or file of that name, with the changes of the command line."""
    from farflung.scenario import load

    fields: dict[str, Any] = {}
    if links is not None:
        up, down = links_rates(links)
        for section in ("network", "network.regional", "network.pipeline"):
            fields |= {f"{section}.upload": f"{up!r} bit/s", f"{section}.download": f"{down!r} bit/s"}
    fields |= read_changes(changes or ())
    if assumptions is not None:
        fields["assumptions"] = assumptions
    return load(name).with_(fields)


def links_rates(text: str) -> tuple[float, float]:
    """Return the upload and download rates that ``--links`` gives [bit/s].

    Raises
    ------
    InputError
        If they cannot be read, or are not above 0.
    """
    from farflung.base.fields import fields_of
    from farflung.scenario import Network

    up, slash, down = text.partition("/")
    field = fields_of(Network)["upload"]
    try:
        rates = [field.parse(rate.strip()) for rate in (up, down if slash else up)]
    except InputError as error:
        raise InputError("--links", error.problem, error.nearest) from error
    return float(rates[0]), float(rates[1])


def read_changes(texts: Iterable[str]) -> dict[str, Any]:
    """Return the values that ``--set`` gives, by field.

    Raises
    ------
    InputError
        If a text is not ``KEY=VALUE``.
    """
    return dict(_change(text) for text in texts)


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
