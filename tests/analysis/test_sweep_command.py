"""``farflung sweep``: what it prints, what it keeps, and how it refuses."""

from __future__ import annotations

import json
import shlex

import pytest
import xarray as xr

from farflung.analysis.sweep import Interrupted
from farflung.cli import main
from farflung.outcome import evaluate
from farflung.scenario import load

UPLOAD = ("--over", "network.upload=10Mbps..1Gbps:log:5")
COUNT = ("--over", "nodes.count=8,34")


@pytest.fixture
def farflung(capsys, monkeypatch, tmp_path):
    """Return a function that runs ``farflung sweep`` in an empty folder."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["sweep", *words])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_the_summary_names_the_best(farflung):
    code, out, err = farflung("paper-headline", *UPLOAD, *COUNT)
    assert (code, err) == (0, "")
    best = evaluate(load("paper-headline").with_({"network.upload": "1 Gbps"}))
    assert out.startswith("10 cells: 5 network.upload × 2 nodes.count\n10 feasible (100%)\n")
    assert f"quality_adjusted_flop is largest, {best.quality_adjusted_flop:.4g} FLOP, at\n" in out
    assert "  network.upload = 1 Gbit/s\n  nodes.count = 34\n" in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_the_summary_for_programs(farflung):
    words = ("paper-headline", *UPLOAD, "--set", "nodes.count=8", "--output", "tokens", "--format", "json")
    code, out, _ = farflung(*words, "--out", "a.nc")
    summary = json.loads(out)
    assert code == 0
    assert summary["cells"] == summary["feasible"] == 5
    assert list(summary["outputs"]) == ["tokens"]
    assert summary["best"]["at"] == {"network.upload": 1e9} or summary["best"]["output"] == "tokens"
    words = shlex.split(summary["provenance"]["command"])
    assert words == [
        "farflung",
        "sweep",
        "paper-headline",
        "--set",
        "nodes.count=8",
        "--output",
        "tokens",
        *UPLOAD,
    ]


@pytest.mark.parametrize("ending", ["zarr", "nc", "csv"])
def test_a_quiet_sweep_only_writes(farflung, tmp_path, ending):
    code, out, err = farflung("paper-headline", *UPLOAD, "--out", f"a.{ending}", "--quiet")
    assert (code, out, err) == (0, "", "")
    assert (tmp_path / f"a.{ending}").exists()
    again = "--resume" if ending == "zarr" else "--overwrite"
    code, out, _ = farflung("paper-headline", *UPLOAD, "--out", f"a.{ending}", again)
    assert code == 0
    assert f"Written to a.{ending}\n" in out


def test_every_output_can_be_asked_for(farflung):
    assert farflung("paper-headline", *UPLOAD, "--output", "all", "--out", "a.zarr", "--quiet")[0] == 0
    with xr.open_zarr("a.zarr", chunks=None) as result:
        assert len(result.data_vars) > 50


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--out", "a.zarr"), "and --resume"), (("--out", "a.nc"), "nothing is kept"), ((), "nothing is kept")],
)
def test_an_interruption_says_how_to_resume(farflung, monkeypatch, words, said):
    def stopped(*_, **__):
        raise Interrupted(37, 100)

    monkeypatch.setattr("farflung.analysis.sweep.sweep", stopped)
    code, out, err = farflung("paper-headline", *UPLOAD, *words)
    assert (code, out) == (130, "")
    assert err.startswith("\nstopped after 37 of 100 cells; ")
    assert said in err


@pytest.mark.parametrize("quiet", [(), ("--quiet", "--out", "a.zarr")])
def test_a_figure_is_drawn_of_the_first_output(farflung, tmp_path, quiet):
    code, out, _ = farflung("paper-headline", *UPLOAD, "--output", "tokens", "--plot", "a.html", *quiet)
    assert (code, bool(out)) == (0, not quiet)
    assert "28.7 trillion" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_a_terminal_sees_a_bar_with_rate_and_time_left(farflung, monkeypatch):
    monkeypatch.setattr("farflung.cli.sweep.sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    code, _, err = farflung("paper-headline", "--over", "network.upload=10Mbps..1Gbps:log:200000", "--quiet",
                            "--out", "a.zarr")  # fmt: skip
    assert code == 0
    assert "Computing" in err
    assert "cells/s" in err


REFUSED = {
    "no axis": ((), "needs an axis"),
    "empty axis": (("--over", "nodes.count="), "no values"),
    "unknown field": (("--over", "nodes.cout=1,2"), "'nodes.count'"),
    "unit of another kind": (("--over", "network.upload=1GB..1TB:log:3"), "not a quantity in bit/s"),
    "unknown output": ((*UPLOAD, "--output", "flop"), "unknown output 'flop'"),
    "unknown ending": ((*UPLOAD, "--out", "a.txt"), "a.zarr, .nc or .csv"),
    "no folder": ((*UPLOAD, "--out", "nowhere/a.nc"), "no folder"),
    "nobody may write": ((*UPLOAD, "--out", "/proc/a.zarr"), "cannot be written"),
    "kept nowhere": ((*UPLOAD, "--quiet"), "--out FILE"),
    "resume of nothing": ((*UPLOAD, "--resume"), "needs a Zarr store"),
    "resume of a file": ((*UPLOAD, "--resume", "--out", "a.nc"), "Zarr store"),
    "no file": ((*UPLOAD, "--out", "/proc/a.csv"), "cannot be written"),
    "no figure": ((*UPLOAD, "--plot", "a.txt"), ".html, .png, .svg or .pdf"),
    "figure without a folder": ((*UPLOAD, "--plot", "nowhere/a.png"), "no folder"),
    "no threads": ((*UPLOAD, "--threads", "0"), "1 to 1024"),
    "no scheduler": ((*UPLOAD, "--scheduler", "nonsense://there"), "no Dask scheduler answers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_one_line(farflung, tmp_path, case):
    words, said = REFUSED[case]
    code, out, err = farflung("paper-headline", *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert said in err
    assert not list(tmp_path.iterdir())
