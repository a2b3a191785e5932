"""What is asked: the options that several commands share, and the scenario they describe."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Sequence
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
        help="A preset's name (see [bold]farflung presets[/bold]) or the path of a TOML file.",
        autocompletion=_presets_like,
        show_default=False,
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace one field, as [bold]--set nodes.count=72[/bold] or [bold]--set 'network.upload=10 "
        "Mbps'[/bold]; repeatable. [bold]farflung catalog fields[/bold] lists the keys.",
        show_default=False,
    ),
]
AssumptionsName = Annotated[
    str | None,
    typer.Option(
        "--assumptions",
        metavar="NAME",
        help="Assumption set, or the path of one, instead of the scenario's own.",
        autocompletion=_sets_like,
        show_default=False,
    ),
]


def asked(name: str, changes: Sequence[str] | None, assumptions: str | None) -> Scenario:
    """Return the preset or file of that name with the changes of the command line made.

    Raises
    ------
    InputError
        If there is no such scenario, or it is not valid once changed.
    """
    from farflung.scenario import load

    return load(name).with_(changed(changes, assumptions))


def changed(changes: Sequence[str] | None, assumptions: str | None) -> dict[str, Any]:
    """Return the fields that the options of a command line change, by dotted path."""
    fields = dict(_change(text) for text in changes or ())
    return fields if assumptions is None else {**fields, "assumptions": assumptions}


def apart(changes: Sequence[str] | None, section: str) -> tuple[list[str], dict[str, Any]]:
    """Return the changes that concern the scenario, and those of another section by field."""
    ours = [text for text in changes or () if text.lstrip().startswith(f"{section}.")]
    scenario = [text for text in changes or () if text not in ours]
    fields = dict(_change(text) for text in ours)
    return scenario, {name.removeprefix(f"{section}."): value for name, value in fields.items()}


def command_line(
    verb: str, name: str, changes: Sequence[str] | None, assumptions: str | None, *more: str
) -> str:
    """Return the command that asks the same again, quoted for a shell."""
    words = ["farflung", verb, name]
    for text in changes or ():
        words += ["--set", text]
    if assumptions is not None:
        words += ["--assumptions", assumptions]
    return shlex.join([*words, *more])


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
