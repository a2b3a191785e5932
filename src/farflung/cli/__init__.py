"""The command line: every verb of farflung from a shell, with tables for people and JSON for programs.

Nothing is computed here. A command reads what was asked, calls one function below, and shows the answer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from farflung.base.errors import InputError

__all__ = ["main"]

_REFUSED = 2
"""Exit code where what was asked cannot be answered; Typer's own for a wrong option."""
_LONGEST = 1000
"""Characters of a message that are shown."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 an answer, 1 a check that failed, 2 a refusal, 130 interrupted.

    Parameters
    ----------
    arguments
        Words after ``farflung``; those of the process unless given.
    """
    # A closed stream ('farflung run … >&-') is None to Python: write to nowhere instead.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            # A terminal that knows no λ gets a question mark, not a traceback.
            reconfigure(errors="replace")
    try:
        sys.exit(_guarded(arguments))
    except KeyboardInterrupt:  # before Typer listens, or after
        sys.exit(130)


def _guarded(arguments: Sequence[str] | None) -> int | str | None:
    """Return the exit code of a command; whatever is wrong with its input or files becomes one line."""
    from typer.exceptions import TyperException

    from farflung.cli.app import app

    try:
        try:
            code: int | None = app(args=arguments, prog_name="farflung", standalone_mode=False)
        finally:
            # What is still buffered may find a full disk or a closed pipe: better here than at shutdown.
            sys.stdout.flush()
    except InputError as error:
        return _refuse(str(error))
    except TyperException as error:  # a wrong option; without words where help is the answer
        words = error.format_message()
        return _refuse(words) if words.strip() else error.exit_code
    except BrokenPipeError:  # the reader has seen enough, as in 'farflung run … | head'
        _drop_stdout()
        return 1
    except OSError as error:
        _drop_stdout()
        name = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{name}{error.strerror or error}")
    return code


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _refuse(message: str) -> int:
    # A name or a TOML snippet inside the message may hold line ends or terminal codes, or be a page long.
    words = "".join(c if c.isprintable() else " " for c in message).split()
    line = " ".join(words)
    sys.stderr.write(f"error: {line if len(line) <= _LONGEST else f'{line[:_LONGEST]} …'}\n")
    return _REFUSED


def _drop_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not fail on it again."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # stdout is no file, as under a test
        return
