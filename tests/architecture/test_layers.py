"""The layers: imports only go down, files stay small, the public face is what it says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module, resources
from pathlib import Path

import pytest

import farflung

ROOT = Path(farflung.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LAYER = {
    **{"base": 0, "physics": 1, "learning": 1, "catalog": 1, "protocols": 2, "scenario": 3, "outcome": 4},
    **{"analysis": 5, "policy": 6, "evidence": 7, "report": 8, "cli": 9, "web": 9},
}
"""Faces are one layer, except that commands and pages may both show a report."""
FLOORS = {
    "outcome": (
        {"flags", "model", "outputs"}, {"run"}, {"constraints", "explain"}, {"state"}, {"page"},
        {"batch", "outcome"}, {"events"},
    ),
    "outcome.model": ({"choices", "every_run", "forms"}, {"assemble"}),
    "outcome.events.policies": (
        {"policy"},
        {"adaptive", "asynchronous", "barrier", "deadline", "elastic", "quorum", "torchft"},
    ),
    "analysis": (
        {"calls", "distributions", "gradients", "node"},
        {"sensitivity_result", "uncertainty_result", "waterfall_result"},
        {"calibrate", "compare", "search", "sensitivity", "sweep", "uncertainty", "waterfall"},
        {"headlines"},
    ),
    "analysis.node": (
        {"coefficients", "inputs"}, {"products"}, {"layer"}, {"communication"}, {"step"},
        {"chips", "memory", "shapes"}, {"clusters", "plans"}, {"request", "sizes", "vendor"},
        {"forms", "remedies"}, {"measured"}, {"calibration"}, {"unseen", "validation"},
        {"node_plan", "own_runs"}, {"answers"},
    ),
}  # fmt: skip
"""Inside a layer: what is on one floor may build on those below it, and knows nothing of its peers."""
DRAWING = ("farflung.base.results", "farflung.report.figures")
"""The one name that is looked up from below: what draws an answer is loaded when a figure is asked for."""
MOST_LINES = 420
MOST_LINES_OF_A_FUNCTION = 60
_MODULE_NAME = re.compile(r"farflung(\.\w+)+")


def module_of(file: Path) -> str:
    """Return the dotted name of a file's module."""
    parts = ["farflung", *file.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file) for file in FILES}
every_file = pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    """Return all that a file says."""
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def holder_of(name: str) -> str:
    """Return the module that a name is, or is in."""
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def is_loaded(text: str, own: str) -> bool:
    """Return whether a text names another module, and neither the folder of its data nor a public name."""
    if not _MODULE_NAME.fullmatch(text) or own.startswith(f"{text}."):
        return False
    return holder_of(text) not in {"farflung", own}


@cache
def imports_of(file: Path, *, for_types: bool = True) -> frozenset[str]:
    """Return every name of the package that a file imports, lazily or by name, too, and for types alone."""
    own = module_of(file)
    package = own if file.name == "__init__.py" else own.rpartition(".")[0]
    found = set()
    never_run = {
        below
        for node in nodes_of(file)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not for_types
        for below in ast.walk(node)
    }
    for node in nodes_of(file):
        if node in never_run:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            found.update(f"{source}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update({node.value} if is_loaded(node.value, own) else ())
    return frozenset(name for name in found if name.split(".")[0] == "farflung" and (own, name) != DRAWING)


@every_file
def test_imports_only_go_down(file):
    layer = module_of(file).split(".")[1:2]
    if not layer:  # the package itself offers names of several layers
        return
    (own,) = layer
    assert own in LAYER, f"'{own}' belongs to no layer"
    for name in imports_of(file):
        target = name.split(".")[1]
        if target not in LAYER:  # a name of the public face, of which outcome is the top
            assert LAYER[own] > LAYER["outcome"], f"{own} imports {name}"
        else:
            assert target == own or LAYER[target] < LAYER[own], f"{own} imports {name}"


@pytest.mark.parametrize("package", FLOORS)
def test_peers_do_not_lean_on_each_other(package):
    inside = f"farflung.{package}."
    floor_of = {name: floor for floor, names in enumerate(FLOORS[package]) for name in names}
    for file in FILES:
        if module_of(file).startswith(inside):
            own = module_of(file).removeprefix(inside).split(".")[0]
            assert own in floor_of, f"'{own}' is on no floor of {package}"
            for name in imports_of(file, for_types=False):
                peer = name.removeprefix(inside).split(".")[0]
                if name.startswith(inside) and peer != own:
                    assert floor_of[peer] < floor_of[own], f"{package}: {own} leans on {peer}"


def test_no_module_needs_itself():
    try:
        TopologicalSorter(
            {module_of(f): map(holder_of, imports_of(f, for_types=False)) for f in FILES}
        ).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])), pytrace=False)


@every_file
def test_nothing_private_is_borrowed(file):
    own = module_of(file)
    for name in imports_of(file):
        module, _, last = name.rpartition(".")
        assert not last.startswith("_") or last.startswith("__") or own.startswith(module), name


def test_layers_below_the_faces_print_nothing():
    for file in FILES:
        layer = module_of(file).split(".")[1:2]
        if layer and LAYER[layer[0]] < LAYER["report"]:
            calls = [n.func for n in nodes_of(file) if isinstance(n, ast.Call)]
            assert not any(isinstance(f, ast.Name) and f.id == "print" for f in calls), file


@every_file
def test_files_are_of_one_subject(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert not {"utils", "util", "helpers", "misc", "common"} & set(module_of(file).split("."))


@every_file
def test_a_long_function_says_why(file):
    for node in nodes_of(file):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            told = node.body[0] if ast.get_docstring(node) else None
            lines = node.end_lineno - node.lineno + 1 - (told.end_lineno - told.lineno + 1 if told else 0)
            reason = "Long because" in (ast.get_docstring(node) or "")
            assert reason == (lines > MOST_LINES_OF_A_FUNCTION), f"{node.name} has {lines} lines"


def _kind(name: str) -> tuple[int, str]:
    """Order names as the linter does: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


PUBLIC = [file for file in FILES if "__all__" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("file", PUBLIC, ids=lambda f: str(f.relative_to(ROOT)))
def test_public_names_are_sorted_and_exist(file):
    module = import_module(module_of(file))
    names = module.__all__
    assert names == sorted(set(names), key=_kind)
    for name in names:
        assert getattr(module, name) is not None


def test_the_face_of_the_package():
    assert dir(farflung) == farflung.__all__
    for name in farflung.__all__:
        value = getattr(farflung, name)
        assert value.__module__.startswith("farflung."), name
    with pytest.raises(AttributeError, match="no attribute 'evalute'"):
        _ = farflung.evalute


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, farflung; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pydantic", "pint", "bibtexparser", "rich", "typer"} & set(done.stdout.split())


def test_types_are_declared_to_users():
    assert (resources.files("farflung") / "py.typed").is_file()
