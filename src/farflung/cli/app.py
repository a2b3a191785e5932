"""The application: which commands there are, each a module beside this one, loaded when it is used."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from farflung.cli.command import SETTINGS, command_group

PANELS = {
    "Ask": ("run", "explain", "compare", "duration", "init", "headlines"),
    "Explore": ("simulate", "sweep", "uncertainty", "sensitivity", "waterfall", "search", "inverse", "node"),
    "Look up": ("presets", "catalog", "schema", "nomenclature"),
    "Check against what is published": ("reproduce", "contradictions", "validate", "evidence", "calibrate"),
}


class LazyCommand(TyperCommand):
    """A command known by name until it is used: its module is imported then."""

    def __init__(self, name: str, panel: str) -> None:
        super().__init__(name, help=_summary(name), rich_help_panel=panel)

    def load(self) -> Any:
        """Return the command itself."""
        # What is not the command itself is a group of commands.
        content = getattr(import_module(f"farflung.cli.{self.name}"), str(self.name))
        app = content if isinstance(content, typer.Typer) else command_group(None, {str(self.name): content})
        return get_command(app)

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Hand over to the command itself, which reads its own words."""
        return self.load().make_context(*args, **more)


class LazyGroup(TyperGroup):
    """The commands by name."""

    def __init__(self, **settings: Any) -> None:
        commands = {name: LazyCommand(name, panel) for panel, names in PANELS.items() for name in names}
        super().__init__(**{**settings, "commands": commands})


def _summary(name: str) -> str:
    """Return what a command's module says first of it, without importing it: all of them take a second."""
    with (Path(__file__).parent / _file(name)).open(encoding="utf-8") as module:
        line = module.readline()
    text = line.strip().strip('"').partition("``: ")[2]
    return text[:1].upper() + text[1:]


def _file(name: str) -> str:
    return "catalog/__init__.py" if name == "catalog" else f"{name}.py"


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, **SETTINGS)


def _version(wanted: bool) -> None:
    if wanted:
        from farflung.base.provenance import version

        typer.echo(f"farflung {version()}")
        raise typer.Exit


@app.callback()
def farflung(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Tell what training over the internet makes possible, at what cost, and which rule changes it.

    Start with [bold]farflung run headline[/bold]; [bold]farflung presets[/bold] lists the other
    published scenarios, and [bold]farflung init my.toml[/bold] writes one of your own to edit.
    """
