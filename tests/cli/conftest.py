"""Running the command line inside the test process."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from farflung.cli import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Farflung = Callable[..., Answer]


@pytest.fixture
def farflung(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Farflung:
    """Return a function that runs ``farflung`` with some words, 100 columns wide."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run(*words: str) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        captured = capsys.readouterr()
        return Answer(int(ended.value.code or 0), captured.out, captured.err)

    return run
