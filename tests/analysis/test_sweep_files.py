"""Sweeps that are kept: three formats that agree, and runs that were stopped and go on."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from farflung.analysis import store as stores
from farflung.analysis.sweep import Interrupted, sweep
from farflung.base.errors import InputError

OVER = [
    "network.upload=3Mbps..3Gbps:log:9",
    "protocol.mode=flat,auto",
    "nodes.count=1..300:log:5",
    "model.parameters=5e9,5e12",
    "network.latency,nodes.mfu=10ms,100ms,1s;0.3,0.4,0.5",
]
LONG = [
    "network.upload=3Mbps..3Gbps:log:1500",
    "nodes.count=1..2000:step:2",
    "protocol.mode=flat,hierarchical",
]
FORMATS = ("zarr", "nc", "csv")
every_format = pytest.mark.parametrize("ending", FORMATS)


def bytes_of(result):
    return {name: result[name].values.tobytes() for name in result.variables}


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


@every_format
def test_every_format_holds_the_same(ending, tmp_path):
    expected = sweep("paper-headline", OVER)
    with sweep("paper-headline", OVER, out=tmp_path / f"a.{ending}") as kept:
        assert kept.load().identical(expected)
        assert list(kept.data_vars) == list(expected.data_vars)
        assert list(kept.coords) == list(expected.coords)
    assert files_in(tmp_path) == ["a.csv", "a.csv.json"] if ending == "csv" else [f"a.{ending}"]
    with sweep("paper-headline", OVER, out=tmp_path / f"a.{ending}", resume=True) as again:
        assert bytes_of(again) == bytes_of(expected)
        assert again.identical(expected)


def test_other_programs_read_the_files(tmp_path):
    expected = sweep("paper-headline", OVER)
    for ending in FORMATS:
        sweep("paper-headline", OVER, out=tmp_path / f"a.{ending}").close()
    with xr.open_zarr(tmp_path / "a.zarr", chunks=None) as kept:
        assert kept["tokens"].values.tobytes() == expected["tokens"].values.tobytes()
        assert kept["tokens"].attrs["units"] == "token"
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as kept:
        assert kept.identical(expected)
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = expected.stack(row=list(expected.sizes), create_index=False)
    assert [row["tokens"] for row in rows] == [
        "" if np.isnan(value) else repr(value) for value in table["tokens"].values.tolist()
    ]
    assert [row["protocol.mode"] for row in rows] == table["protocol.mode"].values.tolist()
    assert [float(row["nodes.mfu"]) for row in rows] == table["nodes.mfu"].values.tolist()
    assert {row["feasible"] for row in rows} == {"true", "false"}
    about = json.loads((tmp_path / "a.csv.json").read_text())
    assert about["outputs"]["tokens"]["units"] == "token"
    assert about["assumptions"] == "miri-2026-04"


CHILD = """
import signal, sys
from farflung.analysis.sweep import sweep

told = []

def stop(stage, done, cells):
    told.append(done)
    if len(told) == 9:  # of the start, and of eight chunks
        print(done, flush=True)
        signal.raise_signal(int(sys.argv[1]))

sweep("paper-headline", sys.argv[3:], out=sys.argv[2], progress=stop)
"""


def stopped_half_way(path: Path, how: signal.Signals) -> int:
    """Run a sweep that stops itself once eight chunks are there, and return how many cells those have."""
    words = [sys.executable, "-c", CHILD, str(int(how)), str(path), *LONG]
    child = subprocess.run(words, capture_output=True, text=True, check=False)
    assert child.returncode != 0, child.stderr
    return int(child.stdout)


def pieces(filling: Path) -> list[Path]:
    flags = filling / "feasible" / "c"
    return [path for path in flags.rglob("*") if path.is_file() and path.suffix != ".partial"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    return sweep("paper-headline", LONG, out=tmp_path_factory.mktemp("whole") / "whole.zarr").load()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_stopped_process_loses_nothing(how, tmp_path, uninterrupted):
    path = tmp_path / "a.zarr"
    done = stopped_half_way(path, how)
    told = []
    with sweep("paper-headline", LONG, out=path, resume=True, progress=lambda *one: told.append(one)) as kept:
        assert bytes_of(kept) == bytes_of(uninterrupted)
    assert done <= told[0][1] < told[0][2], "what was finished is not computed again"
    assert told[-1][1] == told[-1][2] == kept["feasible"].size
    assert not list(path.rglob("*.partial"))


@pytest.mark.parametrize("ending", ["nc", "csv"])
def test_a_file_appears_only_whole(ending, tmp_path, monkeypatch):
    path = tmp_path / f"a.{ending}"

    def stop(stage, done, _):
        if stage == "Writing" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep("paper-headline", OVER, out=path, progress=stop)
    assert not path.exists()
    assert f"a.{ending}.partial.zarr" in files_in(tmp_path)
    with pytest.raises(InputError, match="--resume"):
        sweep("paper-headline", OVER, out=path)
    with sweep("paper-headline", OVER, out=path, resume=True) as kept:
        assert kept.load().identical(sweep("paper-headline", OVER))
    assert f"a.{ending}.partial.zarr" not in files_in(tmp_path)


def test_an_interruption_finishes_what_was_begun(tmp_path):
    def stop(_, done, __):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        sweep("paper-headline", LONG, out=tmp_path / "a.zarr", progress=stop, threads=2)
    assert 0 < stopped.value.done < stopped.value.cells
    assert len(pieces(tmp_path / "a.zarr")) >= 1


@every_format
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"over": ["nodes.count=1,2"]}, "it is over network.upload, protocol.mode"),
        ({"over": ["network.upload=1Mbps,2Mbps", *OVER[1:]]}, "3Gbps:log:9, not network.upload=1Mbps,2Mbps"),
        ({"scenario": "paper-1gbps"}, "another scenario: "),
        ({"outputs": ["tokens"]}, "another choice of outputs: quality_adjusted_flop"),
        ({"version": "9.9"}, "another version of farflung: 0"),
    ],
)  # fmt: skip
def test_another_sweep_is_not_gone_on_with(ending, changed, said, tmp_path, monkeypatch):
    path = tmp_path / f"a.{ending}"
    sweep("paper-headline", OVER, out=path).close()
    asked = {"scenario": "paper-headline", "over": OVER, **changed}
    if "version" in asked:
        version = asked.pop("version")
        monkeypatch.setattr("farflung.analysis.sweep_request.version", lambda: version)
    with pytest.raises(InputError) as refused:
        sweep(asked.pop("scenario"), asked.pop("over"), out=path, resume=True, **asked)
    assert said in str(refused.value)
    assert "holds another sweep" in str(refused.value)


def test_an_edited_assumption_set_is_another_sweep(tmp_path):
    from farflung.catalog import tables
    from farflung.scenario import load_assumptions

    text = Path(tables.__file__).with_name("assumptions").joinpath("miri-2026-04.toml").read_text()
    file, path = tmp_path / "mine.toml", tmp_path / "a.zarr"
    file.write_text(text)
    scenario = {**tables.preset_table("paper-headline"), "assumptions": str(file)}
    sweep(scenario, OVER, out=path).close()
    file.write_text(text.replace("value = 1.64", "value = 1.65"))
    load_assumptions.cache_clear()
    with pytest.raises(InputError, match=r"another assumption set: .*mine\.toml"):
        sweep(scenario, OVER, out=path, resume=True)


@every_format
def test_what_is_there_is_replaced_only_if_asked(ending, tmp_path):
    path = tmp_path / f"a.{ending}"
    sweep("paper-headline", OVER, out=path).close()
    with pytest.raises(InputError, match=r"is there already.*--overwrite"):
        sweep("paper-headline", ["nodes.count=1,2"], out=path)
    with sweep("paper-headline", ["nodes.count=1,2"], out=path, overwrite=True) as kept:
        assert dict(kept.sizes) == {"nodes.count": 2}


def test_what_is_no_sweep_is_never_deleted(tmp_path):
    folder = tmp_path / "a.zarr"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    for how in ({"overwrite": True}, {"resume": True}, {}):
        with pytest.raises(InputError):
            sweep("paper-headline", OVER, out=folder, **how)
    assert (folder / "thesis.txt").read_text() == "years of work"
    other = tmp_path / "a.csv"
    other.write_text("x\n1\n")
    with pytest.raises(InputError, match="is no sweep"):
        sweep("paper-headline", OVER, out=other, resume=True)
    beside = tmp_path / "c.csv.json"
    beside.write_text("{}")
    with pytest.raises(InputError, match="is there already"):
        sweep("paper-headline", OVER, out=tmp_path / "c.csv")
    file = tmp_path / "d.zarr"
    file.write_text("years of work")
    with pytest.raises(InputError, match="is not overwritten"):
        sweep("paper-headline", OVER, out=file, overwrite=True)
    taken = tmp_path / "b.nc"
    taken.mkdir()
    with pytest.raises(InputError, match="folder"):
        sweep("paper-headline", OVER, out=taken, overwrite=True)


def full(*_, **__):
    raise OSError(28, "No space left on device")


@every_format
def test_a_full_disk_is_one_line_and_loses_nothing(ending, tmp_path, monkeypatch):
    path = tmp_path / f"a.{ending}"
    with monkeypatch.context() as patch:
        patch.setattr("zarr.storage._local._put", full)
        with pytest.raises(InputError, match="No space left"):
            sweep("paper-headline", OVER, out=path)
    assert not path.exists()
    whole = stores.Store.write

    def some(self, number, values):
        if number > 3:
            with stores.writing(self.path):
                full()
        whole(self, number, values)

    with monkeypatch.context() as patch:
        patch.setattr(stores.Store, "write", some)
        with pytest.raises(InputError, match="No space left"):
            sweep("paper-headline", LONG, out=path, outputs=["tokens"])
    with sweep("paper-headline", LONG, out=path, outputs=["tokens"], resume=True) as kept:
        assert not np.isnan(kept["tokens"].values).any()


@every_format
def test_a_path_that_may_not_be_written_is_one_line(ending):
    if not Path("/proc").is_dir():
        pytest.skip("needs a folder in which nobody may write")
    with pytest.raises(InputError, match="cannot be written"):
        sweep("paper-headline", OVER, out=f"/proc/a.{ending}")


def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user writes everywhere")
        with pytest.raises(InputError, match="Permission denied"):
            sweep("paper-headline", OVER, out=tmp_path / "a.zarr")
    finally:
        tmp_path.chmod(0o700)
