"""Running the command line inside the test process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pytest
import typer.main

from farflung.cli import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Farflung = Callable[..., Answer]
_command = cache(typer.main.get_command)
"""The tree of commands, which a process of its own would build once and the tests would build each time."""


@pytest.fixture
def farflung(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Farflung:
    """Return a function that runs ``farflung`` with some words, 100 columns wide."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr(typer.main, "get_command", _command)

    def run(*words: str) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        captured = capsys.readouterr()
        return Answer(int(ended.value.code or 0), captured.out, captured.err)

    return run
