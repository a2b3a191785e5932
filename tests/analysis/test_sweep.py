"""Sweeps: the model's own answers cell by cell, labelled, the same however they are computed."""

from __future__ import annotations

import itertools
import random
import shlex
import tomllib

import numpy as np
import pytest
import tomli_w

import farflung
from farflung.analysis.sweep import Interrupted, sweep, sweep_summary
from farflung.analysis.sweep.axes import axis
from farflung.analysis.sweep.axis_text import read_axis
from farflung.analysis.sweep.grid import Grid
from farflung.base.errors import InputError
from farflung.catalog.tables import assumption_table
from farflung.outcome import OUTPUTS
from farflung.scenario import load

UPLOAD = "network.upload=3Mbps..3Gbps:log:7"


def cells_of(result, count, seed=1):
    """Yield some random cells as places along each dimension."""
    every = list(itertools.product(*(range(size) for size in result.sizes.values())))
    for cell in random.Random(seed).sample(every, min(count, len(every))):
        yield dict(zip(result.sizes, cell, strict=True))


def changes_at(result, cell):
    """Return the fields of a cell as a user writes them."""
    found = {}
    for coordinate in result.isel(cell).coords.values():
        value, unit = coordinate.values[()].item(), coordinate.attrs.get("units", "")
        if isinstance(value, float) and unit not in ("1", "token", "parameters"):
            value = f"{value!r} {unit}"
        found[coordinate.attrs["field"]] = value
    return found


def assert_same(result, cell, preset, changes):
    """Assert that a cell has the answers of evaluating its scenario on its own."""
    got = result.isel(cell)
    try:
        outcome = farflung.evaluate(load(preset).with_(changes))
    except InputError:
        assert not got["feasible"].item()
        return
    assert got["feasible"].item() == outcome.feasible
    for name, value in outcome.values().items():
        if name in got.data_vars:
            expected = np.nan if value is None or not outcome.feasible else value
            assert got[name].item() == pytest.approx(expected, rel=1e-9, nan_ok=True), name


GRIDS = {
    "modes": (
        "paper-headline",
        (UPLOAD, "model.parameters=5e9..2e12:log:6", "nodes.count=1..200:log:6",
         "protocol.mode=auto,flat,hierarchical,pipeline_groups,wide_area_pipeline,data_parallel"),
    ),
    "words": (
        "paper-headline",
        ("nodes.hardware=16x GH200,8x H100 SXM,16x A100 80GB", UPLOAD, "nodes.precision=bf16,fp8",
         "assumptions=miri-2026-02,miri-2026-04", "protocol.error_feedback=true,false",
         "protocol.stragglers=synchronous,relay,threshold,backup", "protocol.streaming=true,false"),
    ),
    "fields": (
        "governance-moe-600b",
        ("network.latency=0s..2s:lin:3", "protocol.inner_steps=1..900:log:4", "protocol.compression=1,16,150",
         "model.parameters=6e11,1e12", "model.active_parameters=1e9..9e11:log:4",
         "model.expert_parallelism=1,8,200", "nodes.mfu=0.1,0.5"),
    ),
    "limits": ("paper-headline", ("tokens=1e9..1e15:log:5", "duration=30 days..900 days:lin:5", UPLOAD)),
    "together": (
        "paper-headline",
        ("nodes.hardware,nodes.count=16x GH200,50x A100 80GB,8x H100 SXM;34,80,300",
         "nodes.price=1e5 USD..1e6 USD:lin:2", "nodes.power=9 kW,1 MW",
         "network.upload,network.regional.upload=sobol:1Mbps..1Gbps:8;logsobol:1Mbps..1Gbps:8",
         "protocol.mode=auto,hierarchical", "nodes.precision=bf16"),
    ),
    "described": (
        "paper-headline",
        ("nodes.peak=1 PFLOP/s..30 PFLOP/s:log:4", "nodes.memory=100 GB..9 TB:log:4", "nodes.power=9 kW"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRIDS)
def test_every_cell_is_the_models_own_answer(name):
    preset, over = GRIDS[name]
    result = sweep(preset, over, outputs="all")
    assert {*result.data_vars, *result.coords} >= {*OUTPUTS, "feasible"}
    for cell in cells_of(result, 60):
        assert_same(result, cell, preset, changes_at(result, cell))
    if name != "described":
        assert 0 < int(result["feasible"].sum()) < result["feasible"].size or name == "together"


def test_a_coefficient_is_that_of_a_set_that_has_it(tmp_path):
    result = sweep("paper-headline", ["assumptions.sync_interval_slope=0..0.12:lin:4", UPLOAD])
    for cell in cells_of(result, 8):
        raw = dict(assumption_table("miri-2026-04"))
        slope = float(result.isel(cell)["assumptions_sync_interval_slope"])
        shared = assumption_table("conventions")["coefficients"]["sync_interval_slope"]
        raw["coefficients"] = {**raw["coefficients"], "sync_interval_slope": {**shared, "value": slope}}
        file = tmp_path / f"{slope}.toml"
        file.write_text(tomli_w.dumps(raw))
        assert tomllib.loads(file.read_text())["name"] == "miri-2026-04"
        upload = f"{float(result.isel(cell)['network_upload'])!r} bit/s"
        changes = {"assumptions": str(file), "network.upload": upload}
        assert_same(result, cell, "paper-headline", changes)
    assert result.assumptions_sync_interval_slope.attrs["source"] == "rahman2026distributed"


def test_the_result_says_what_it_is_and_where_it_comes_from():
    over = [UPLOAD, "nodes.count=8,34", "protocol.mode=flat,hierarchical"]
    result = sweep("paper-headline", over, outputs="all")
    assert list(result.sizes) == ["network_upload", "nodes_count", "protocol_mode"]
    assert result.network_upload.attrs == {
        "units": "bit/s", "long_name": "Upload bandwidth of a node", "symbol": "BW_up",
        "field": "network.upload",
    }  # fmt: skip
    flop = result["quality_adjusted_flop"].attrs
    assert (flop["units"], flop["symbol"]) == ("FLOP", "C_quality")
    assert result["feasible"].dtype == bool
    about = result.attrs
    assert about["farflung_version"]
    assert about["assumptions"] == "miri-2026-04"
    assert farflung.Scenario.read(tomllib.loads(about["scenario"])) == load("paper-headline")
    assert "rahman2026distributed" in about["sources"].split(", ")
    assert about["over"].splitlines() == over


@pytest.mark.parametrize(
    ("scenario", "over"),
    [
        ("paper-headline", [UPLOAD, "nodes.count=8,34"]),
        (load("paper-headline"), [UPLOAD]),
        (load("paper-headline").with_({"nodes.count": 12}), {"network.upload": [1 / 3e-8, "1 Gbps"]}),
    ],
)
def test_the_result_says_how_it_is_asked_for_again(scenario, over):
    result = sweep(scenario, over, outputs=["tokens", "efficiency"], nodes__mfu=0.5)
    code = result.attrs["python"].replace("farflung.sweep(", "sweep(")
    assert eval(code, {"sweep": sweep, "farflung": farflung}).identical(result)
    words = shlex.split(result.attrs["command"])
    assert words[:3] == ["farflung", "sweep", "paper-headline"]
    assert words.count("--over") == len(over)
    assert words.count("--output") == 2
    assert "nodes.mfu=0.5" in words
    summary = sweep_summary(result)
    assert (summary.command, summary.python) == (result.attrs.get("command"), result.attrs["python"])


def test_axes_may_come_as_text_values_or_axes():
    text = sweep("paper-headline", "network.upload=10Mbps,1Gbps")
    values = sweep("paper-headline", {"network.upload": ["10 Mbps", 1e9]})
    axes = sweep("paper-headline", [axis("network.upload", [1e7, 1e9])])
    ranges = sweep("paper-headline", {"network.upload": "10Mbps..1Gbps:lin:2"})
    for other in (values, axes, ranges):
        assert text.drop_attrs().identical(other.drop_attrs())


def test_neither_threads_nor_axis_order_change_an_answer():
    over = [UPLOAD, "nodes.count=1..300:log:40", "model.parameters=1e9..1e12:log:200"]
    one, four = (sweep("paper-headline", over, threads=threads) for threads in (1, 4))
    turned = sweep("paper-headline", over[::-1], threads=2).transpose(*one.sizes)
    for name in one.data_vars:
        assert one[name].values.tobytes() == four[name].values.tobytes()
        np.testing.assert_allclose(one[name].values, turned[name].values, rtol=1e-12, err_msg=name)


def test_what_cannot_be_described_is_not_feasible_and_said():
    over = ["nodes.hardware=16x GH200,16x A100 80GB", "nodes.precision=fp8,bf16"]
    result = sweep("paper-headline", over)
    cell = {"nodes_hardware": "16x A100 80GB", "nodes_precision": "fp8"}
    assert not result["feasible"].sel(cell)
    assert np.isnan(result["tokens"].sel(cell))
    assert int(result["feasible"].sum()) == 2 or not result["feasible"].sel(cell)
    assert "A100 80GB has no fp8 rate" in result.attrs["contradictions"]


@pytest.mark.parametrize("shape", [(5,), (1_000_000,), (3, 7, 11), (1000, 1000), (10_000, 3, 500), (2,) * 20])
@pytest.mark.parametrize("outputs", [1, 11, 60])
def test_chunks_are_runs_of_cells_that_cover_all(shape, outputs):
    cells = Grid.of(shape, outputs)
    assert sum(cells.cells_of(number) for number in range(cells.chunks)) == cells.cells
    assert max(cells.cells_of(number) for number in range(min(cells.chunks, 99))) <= 1 << 20
    if cells.cells < 1 << 21:
        seen = np.arange(cells.cells).reshape(shape)
        rows = [seen[cells.slices(number)].ravel() for number in range(cells.chunks)]
        assert (np.concatenate(rows) == np.arange(cells.cells)).all()


def test_the_summary_is_that_of_the_cells():
    result = sweep("paper-headline", [UPLOAD, "model.parameters=1e9..1e13:log:30"])
    summary = sweep_summary(result)
    flop = result["quality_adjusted_flop"].values
    first = summary.spreads.iloc[0]
    assert summary.cells == 210
    assert summary.feasible == np.count_nonzero(~np.isnan(flop))
    assert (first.smallest, first.largest) == (np.nanmin(flop), np.nanmax(flop))
    assert first["median"] == np.nanmedian(flop)
    assert not summary.sampled
    assert float(summary.best["quality_adjusted_flop"]) == first.largest
    cell = {name: summary.best[name].item() for name in result.dims}
    assert result.sel(cell).identical(summary.best)
    assert len(repr(summary).splitlines()) <= 25
    assert list(summary.to_frame().columns) == ["unit", "smallest", "median", "largest"]
    assert summary.to_dict()["best"]["at"] == {
        "network.upload": cell["network_upload"],
        "model.parameters": cell["model_parameters"],
    }
    assert {source.key for source in summary.citations()} == set(result.attrs["sources"].split(", "))


def test_the_summary_of_nothing_feasible():
    summary = sweep_summary(sweep("paper-headline", ["model.parameters=5e14,6e14"]))
    assert (summary.feasible, summary.best) == (0, None)
    assert summary.to_dict()["outputs"]["tokens"]["median"] is None
    assert "–" in repr(summary)


def test_an_interruption_says_how_far_it_came():
    def stop(_, done, __):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        sweep("paper-headline", ["network.upload=10Mbps..1Gbps:log:200000"], progress=stop)
    assert 0 < stopped.value.done < stopped.value.cells == 200_000


WHOLE = ("nodes.count", "protocol.nodes_per_group", "protocol.micro_batches", "protocol.inner_steps")
REFUSED = {
    "no axis": ({"over": []}, "needs an axis"),
    "unknown output": ({"outputs": ["capital_cost"]}, "capital_cost_usd"),
    "too large for memory": ({"over": [f"{name}=1..1e4:lin:1e4" for name in WHOLE[:2]]}, "--out"),
    "beyond counting": ({"over": [f"{name}=1..1e6:lin:1e6" for name in WHOLE]}, "more than can be counted"),
    "too many axes": ({"over": [UPLOAD] * 21}, "21 axes"),
    "no threads": ({"threads": 0}, "1 to 1024"),
    "resume of nothing": ({"resume": True}, "needs a Zarr store"),
    "unknown ending": ({"out": "sweep.parquet"}, "sweep.zarr, .nc or .csv"),
    "no ending": ({"out": "sweep"}, "sweep.zarr, .nc or .csv"),
    "no folder": ({"out": "nowhere/sweep.zarr"}, "no folder 'nowhere'"),
    "unknown scenario": ({"scenario": "paper-hedline"}, "did you mean 'paper-headline'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_request_is_refused(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked, said = REFUSED[case]
    asked = {"scenario": "paper-headline", "over": [UPLOAD], **asked}
    with pytest.raises(InputError) as refused:
        sweep(asked.pop("scenario"), asked.pop("over"), **asked)
    assert said in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_reading_an_axis_is_exact():
    values = read_axis("network.upload=10Mbps..1Gbps:log:1000", load("paper-headline")).values
    result = sweep("paper-headline", ["network.upload=10Mbps..1Gbps:log:1000"], outputs=["tokens"])
    assert result["network_upload"].values.tobytes() == values.tobytes()
