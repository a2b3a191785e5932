"""Sweeps that are written: three formats that agree, and runs that were stopped and resume."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from farflung.analysis.sweep import Interrupted, sweep
from farflung.analysis.sweep import store as stores
from farflung.analysis.sweep.grid import Grid
from farflung.base.errors import InputError

OVER = [
    "network.upload=3Mbps..3Gbps:log:9",
    "protocol.mode=flat,auto",
    "nodes.count=1..300:log:5",
    "model.parameters=5e9,5e12",
    "network.latency,nodes.mfu=10ms,100ms,1s;0.3,0.4,0.5",
]
LONG = [
    "network.upload=3Mbps..3Gbps:log:300",
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
    with sweep("paper-headline", OVER, out=tmp_path / f"a.{ending}") as result:
        assert result.load().identical(expected)
        assert list(result.data_vars) == list(expected.data_vars)
        assert list(result.coords) == list(expected.coords)
    assert files_in(tmp_path) == (["a.csv", "a.csv.json"] if ending == "csv" else [f"a.{ending}"])


def test_a_finished_store_is_read_again(tmp_path):
    expected = sweep("paper-headline", OVER, out=tmp_path / "a.zarr").load()
    with sweep("paper-headline", OVER, out=tmp_path / "a.zarr", resume=True) as again:
        assert bytes_of(again) == bytes_of(expected)
        assert again.identical(expected)


def test_other_programs_read_the_files(tmp_path):
    expected = sweep("paper-headline", OVER)
    for ending in FORMATS:
        sweep("paper-headline", OVER, out=tmp_path / f"a.{ending}").close()
    with xr.open_zarr(tmp_path / "a.zarr", chunks=None) as stored:
        assert stored["tokens"].values.tobytes() == expected["tokens"].values.tobytes()
        assert stored["tokens"].attrs["units"] == "token"
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as stored:
        assert stored.identical(expected)
    frame = pd.read_csv(tmp_path / "a.csv", engine="python")
    table = expected.stack(row=list(expected.sizes), create_index=False)
    assert list(frame) == [*expected.coords, *expected.data_vars]
    for name in frame:
        np.testing.assert_array_equal(frame[name].to_numpy(), table[name].values)
    about = json.loads((tmp_path / "a.csv.json").read_text())
    assert about["columns"]["tokens"]["units"] == "token"
    assert about["columns"]["nodes_mfu"]["field"] == "nodes.mfu"
    assert about["assumptions"] == "miri-2026-04"


def test_a_table_of_several_chunks_is_one_table(tmp_path):
    over = ["network.upload=3Mbps..3Gbps:log:50", LONG[1]]
    result = sweep("paper-headline", over, out=tmp_path / "a.csv", outputs=["tokens"])
    assert Grid.of(tuple(result.sizes.values()), 1).chunks > 1
    frame = pd.read_csv(tmp_path / "a.csv", engine="python")
    np.testing.assert_array_equal(frame["tokens"].to_numpy(), result["tokens"].values.ravel())
    np.testing.assert_array_equal(frame["nodes_count"].to_numpy()[:1000], result["nodes_count"].values)


CHILD = """
import signal, sys
from farflung.analysis.sweep import sweep

signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells ignore in the background
calls = []

def stop(stage, done, cells):
    calls.append(done)
    if len(calls) == 9:  # of the start, and of eight chunks
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
    calls = []
    with sweep(
        "paper-headline", LONG, out=path, resume=True, progress=lambda *call: calls.append(call)
    ) as result:
        assert bytes_of(result) == bytes_of(uninterrupted)
    assert done <= calls[0][1] < calls[0][2], "what was finished is not computed again"
    assert calls[-1][1] == calls[-1][2] == result["feasible"].size
    assert not list(path.rglob("*.partial"))


@pytest.mark.parametrize("ending", ["nc", "csv"])
def test_a_file_appears_only_whole(ending, tmp_path):
    def stop(stage, *_):
        if stage == "Writing":
            assert files_in(tmp_path) == []
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep("paper-headline", OVER, out=tmp_path / f"a.{ending}", progress=stop)
    assert files_in(tmp_path) == []


def test_an_interruption_keeps_what_is_finished(tmp_path):
    def stop(_, done, __):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        sweep("paper-headline", LONG, out=tmp_path / "a.zarr", progress=stop, threads=2)
    assert 0 < stopped.value.done < stopped.value.cells
    assert len(pieces(tmp_path / "a.zarr")) >= 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"over": ["nodes.count=1,2"]}, "other axes: network.upload=3Mbps"),
        ({"over": ["network.upload=1Mbps,2Mbps", *OVER[1:]]}, ") there, network.upload=1Mbps,2Mbps ("),
        ({"scenario": "paper-1gbps"}, "other scenario: "),
        ({"outputs": ["tokens"]}, "other outputs: quality_adjusted_flop"),
        ({"version": "9.9"}, "other version of farflung: 0"),
    ],
)  # fmt: skip
def test_another_sweep_is_not_resumed(changed, said, tmp_path, monkeypatch):
    path = tmp_path / "a.zarr"
    sweep("paper-headline", OVER, out=path).close()
    wanted = {"scenario": "paper-headline", "over": OVER, **changed}
    if "version" in wanted:
        version = wanted.pop("version")
        monkeypatch.setattr("farflung.analysis.sweep.spec.version", lambda: version)
    with pytest.raises(InputError) as refused:
        sweep(wanted.pop("scenario"), wanted.pop("over"), out=path, resume=True, **wanted)
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
    with pytest.raises(InputError, match="other assumptions: miri-2026-04"):
        sweep(scenario, OVER, out=path, resume=True)


@every_format
def test_what_is_there_is_replaced_only_if_asked(ending, tmp_path):
    path = tmp_path / f"a.{ending}"
    sweep("paper-headline", OVER, out=path).close()
    with pytest.raises(InputError, match=r"is there already.*--overwrite"):
        sweep("paper-headline", ["nodes.count=1,2"], out=path)
    with sweep("paper-headline", ["nodes.count=1,2"], out=path, overwrite=True) as result:
        assert dict(result.sizes) == {"nodes_count": 2}


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
    with pytest.raises(InputError, match="is there already"):
        sweep("paper-headline", OVER, out=other)
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


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.zarr"
    with monkeypatch.context() as patch:
        patch.setattr("zarr.storage._local._put", full)
        with pytest.raises(InputError, match="No space left"):
            sweep("paper-headline", OVER, out=path)
    assert files_in(tmp_path) == []
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
    with sweep("paper-headline", LONG, out=path, outputs=["tokens"], resume=True) as result:
        assert not np.isnan(result["tokens"].values).any()


@pytest.mark.parametrize(
    ("ending", "writer"), [("nc", "xarray.Dataset.to_netcdf"), ("csv", "pandas.DataFrame.to_csv")]
)
def test_a_file_that_finds_no_room_is_one_line(ending, writer, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, full)
    with pytest.raises(InputError, match="No space left"):
        sweep("paper-headline", OVER, out=tmp_path / f"a.{ending}")
    assert files_in(tmp_path) == []


@every_format
def test_a_path_that_may_not_be_written_is_one_line(ending):
    if not Path("/proc").is_dir():
        pytest.skip("needs a folder in which nobody may write")
    with pytest.raises(InputError, match="cannot be written"):
        sweep("paper-headline", OVER, out=f"/proc/a.{ending}", progress=lambda *_: pytest.fail("computed"))


def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user writes everywhere")
        with pytest.raises(InputError, match="Permission denied"):
            sweep("paper-headline", OVER, out=tmp_path / "a.zarr")
    finally:
        tmp_path.chmod(0o700)
