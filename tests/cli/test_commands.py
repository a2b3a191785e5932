"""Every command: documented, quick to import, and the same whichever way it is called."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from farflung.cli.app import app


def _commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    group = group or typer.main.get_command(app)
    group = group.load() if hasattr(group, "load") else group
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from _commands(command, (*path, name))


COMMANDS = dict(_commands())
EXPECTED = {
    ("run",), ("explain",), ("compare",), ("nomenclature",), ("uncertainty",), ("sensitivity",),
    ("waterfall",), ("search",), ("inverse",), ("sweep",), ("simulate",), ("validate",), ("calibrate",),
    ("evidence",), ("headlines",), ("node",), ("validate", "runs"), ("validate", "step-time"),
    *(("calibrate", name) for name in ("loss", "scaling-law", "stragglers", "node")),
    *(("inverse", name) for name in ("compute", "nodes", "bandwidth", "threshold")),
    ("presets",), ("init",), ("schema",), ("duration",),
    ("reproduce",), ("contradictions",), ("catalog",),
    *(("catalog", name) for name in (
        "chips", "nodes", "pods", "links", "models", "systems", "rules", "facts", "costs", "assumptions",
        "sources", "fields",
    )),
}  # fmt: skip


def test_these_are_the_commands() -> None:
    assert {path for path in COMMANDS if path} == EXPECTED


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_and_its_options_do(path: tuple[str, ...], farflung) -> None:
    command = COMMANDS[path]
    assert command.help and len(command.help.split()) >= 4
    undocumented = [p.name for p in command.params if not getattr(p, "help", None)]
    assert not undocumented
    answer = farflung(*path, "--help")
    assert answer.code == 0
    assert " ".join(("Usage: farflung", *path)) in answer.out
    for parameter in command.params:
        for option in (name for name in parameter.opts if name.startswith("--")):
            assert option in answer.out
    assert "[bold]" not in answer.out


def test_no_heavy_import_before_a_command_runs() -> None:
    code = (
        "import sys, farflung.cli\n"
        "try: farflung.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pydantic', 'pint', 'bibtexparser', 'array_api_compat'} & set(sys.modules)\n"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_cli_imports_not_even_typer() -> None:
    code = (
        "import sys, farflung.cli; sys.exit(bool({'typer', 'rich', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_version(farflung) -> None:
    from importlib.metadata import version

    assert farflung("--version") == (0, f"farflung {version('farflung')}\n", "")


def test_a_usage_error_is_code_2_without_traceback(farflung) -> None:
    for words in (
        ("nonsense",), ("run",), ("run", "paper-headline", "--format", "xml"), ("schema", "x"),
        ("presets", "--fromat", "csv"), ("catalog", "nodes", "--rule", "miri-2025", "--rule", "miri-2025"),
    ):  # fmt: skip
        answer = farflung(*words)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("error: ")
        assert answer.err.count("\n") == 1


def test_interrupted_is_130(farflung, monkeypatch: pytest.MonkeyPatch) -> None:
    import farflung.scenario as scenarios

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scenarios, "load", interrupted)
    answer = farflung("run", "paper-headline")
    assert (answer.code, answer.out) == (130, "")


def _process(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from farflung.cli import main; main()", *words]
    return subprocess.run(command, text=True, check=False, stderr=subprocess.PIPE, **more)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")
@pytest.mark.parametrize("words", [("run", "paper-headline"), ("catalog", "fields", "--format", "json")])
def test_a_full_disk_is_one_line(words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = _process(*words, stdout=full)
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes differ")
@pytest.mark.parametrize("words", [("run", "paper-headline"), ("schema",), ("catalog", "facts")])
def test_a_closed_pipe_is_quiet(words: tuple[str, ...]) -> None:
    import os

    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = _process(*words, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_terminal_without_greek_still_gets_an_answer() -> None:
    import os

    done = _process(
        "run", "paper-headline", stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "6.367e+24 FLOP" in done.stdout
