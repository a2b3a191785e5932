"""What every command has in common: how it reads its words, and how it is registered."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from farflung.base.errors import InputError

SETTINGS: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "rich_markup_mode": "rich",
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
_WORDS = "farflung.words"


class Command(TyperCommand):
    """A command that refuses what it would otherwise drop in silence, and remembers its words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of a call.

        Raises
        ------
        InputError
            If an option that takes one value is given twice.
        """
        ctx.meta[_WORDS] = list(args)
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        single = (param for param in order if param.param_type_name == "option" and not param.multiple)
        for param, times in Counter(single).items():
            if times > 1:
                name = max(param.opts, key=len)
                raise InputError(name, f"given {times} times, but takes one value")
        return list(super().parse_args(ctx, args))


def command_line(ctx: typer.Context) -> str:
    """Return the command that was called, quoted for a shell."""
    path = ctx.command_path.split()[1:]
    return shlex.join(["farflung", *path, *ctx.meta.get(_WORDS, ())])


class DefaultGroup(TyperGroup):
    """A group whose options, where no command is named, are those of its default command."""

    default = ""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of a call, the default command's name put before its options."""
        named = bool(args) and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else [self.default, *args])


def command_group(
    summary: str | None, commands: Mapping[str, Callable[..., None]], *, default: str | None = None
) -> typer.Typer:
    """Return an application of some commands; of one command, that command itself.

    Parameters
    ----------
    summary
        What the commands have in common.
    commands
        The commands by name.
    default
        The command that is meant where none is named.
    """
    group = type("Group", (DefaultGroup,), {"default": default}) if default else TyperGroup
    several = len(commands) > 1 and default is None
    app = typer.Typer(cls=group, help=summary, no_args_is_help=several, add_completion=False, **SETTINGS)
    for name, function in commands.items():
        app.command(name, cls=Command)(function)
    return app
