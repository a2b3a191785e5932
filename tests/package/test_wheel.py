"""The built wheel, alone in an empty environment, answers what the source tree answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from farflung import evaluate

ROOT = Path(__file__).parents[2]
PROGRAMS = "Scripts" if sys.platform == "win32" else "bin"


class Installed:
    """An environment that holds the wheel and what it declares, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._elsewhere = folder / "elsewhere"
        self._elsewhere.mkdir()
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV_"))}

    def __call__(self, program: str, *words: str) -> str:
        """Run a program of the environment, away from the source tree, and return what it prints."""
        command = [str(self.folder / PROGRAMS / program), *words]
        done = subprocess.run(
            command, cwd=self._elsewhere, env=self._environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    wheels, folder = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT)], check=True)
    (wheel,) = wheels.glob("farflung-*.whl")
    venv.create(folder, with_pip=False)
    subprocess.run([*pip, "--python", str(folder), "install", "--no-compile", str(wheel)], check=True)
    return Installed(folder)


def test_it_is_the_wheel_that_runs(installed):
    code = "import farflung, importlib.util as u; print(farflung.__file__, u.find_spec('pytest'))"
    file, pytest_there = installed("python", "-c", code).split()
    assert Path(file).is_relative_to(installed.folder)
    assert pytest_there == "None"


def test_it_runs_a_preset(installed):
    expected = evaluate("paper-headline")
    outcome = json.loads(installed("farflung", "run", "paper-headline", "--format", "json"))
    assert outcome["local_equivalent_flop"] == expected.local_equivalent_flop
    assert outcome["capital_cost_usd"] == expected.capital_cost_usd


def test_it_searches(installed):
    found = installed("farflung", "search", "--grid", "published", "--target", "1e25", "--format", "json")
    assert json.loads(found)["best"]


def test_it_reproduces_the_literature(installed):
    ledger = installed("farflung", "reproduce")
    assert "reproduced" in ledger
