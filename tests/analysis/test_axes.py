"""Axes: what each way of writing one means, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.analysis.sweep.axes import axis
from farflung.analysis.sweep.axis_text import read_axis
from farflung.analysis.sweep.validation import validate_axes
from farflung.base.errors import InputError
from farflung.base.fields import fields_of
from farflung.outcome import OUTPUTS
from farflung.scenario import load, load_assumptions

PAPER = load("paper-headline")


def read(text, scenario=PAPER):
    return read_axis(text, scenario)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("network.upload=10Mbps..1Gbps:log:3", [1e7, 1e8, 1e9]),
        ("network.upload=1Gbps..10Mbps:log:3", [1e9, 1e8, 1e7]),
        ("network.upload=10Mbps..20 Mbps:lin:3", [1e7, 1.5e7, 2e7]),
        ("network.upload=10Mbps..20Mbps:3", [1e7, 1.5e7, 2e7]),
        ("network.upload=10Mbps..25Mbps:step:5Mbps", [1e7, 1.5e7, 2e7, 2.5e7]),
        ("network.latency=0.1s..0.3s:step:0.1s", [0.1, 0.2, 0.30000000000000004]),
        (" network.latency = 100 ms, 0.2 s ", [0.1, 0.2]),
        ("nodes.count=8,16,32", [8, 16, 32]),
        ("nodes.count=1..3:lin:9", [1, 2, 3]),
        ("nodes.count=1..100:step:33", [1, 34, 67, 100]),
        ("nodes.count=7..7:lin:1", [7]),
        ("model.parameters=1e9,70e9", [1e9, 7e10]),
        ("nodes.mfu=30%,0.4", [0.3, 0.4]),
        ("assumptions.sync_interval_slope=0..0.12:lin:3", [0, 0.06, 0.12]),
        ("assumptions.bytes_per_parameter_fp8=13 B,14 B", [13, 14]),
        ("protocol.mode=flat, hierarchical", ["flat", "hierarchical"]),
        ("protocol.error_feedback=true,false", [True, False]),
        ("nodes.hardware=16x GH200,16x H100 SXM", ["16x GH200", "16x H100 SXM"]),
        ("assumptions=miri-2026-02,miri-2026-04", ["miri-2026-02", "miri-2026-04"]),
    ],
)
def test_what_is_written_is_meant(text, values):
    got = read(text)
    assert got.size == len(values)
    if isinstance(values[0], str | bool):
        assert got.values.tolist() == values
    else:
        assert got.values == pytest.approx(values, rel=1e-12)
    validate_axes(PAPER, [got])


def test_the_ends_of_a_range_are_exact_and_its_name_is_the_fields():
    got = read("network.upload=10Mbps..1Gbps:log:25")
    assert (got.values[0], got.values[-1]) == (1e7, 1e9)
    assert got.name == "network_upload"
    assert got.columns[0].field is fields_of(type(PAPER))["network.upload"]


def test_names_of_dimensions_are_python_names_and_none_is_that_of_another():
    coefficients = [f"assumptions.{name}" for name in load_assumptions(PAPER.assumptions).coefficients]
    names = [path.replace(".", "_") for path in (*fields_of(type(PAPER)), *coefficients)]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)
    # 'tokens' is both given and answered; it is then a coordinate, and no output.
    assert {*names} & {*OUTPUTS, "feasible"} <= {"tokens"}


def test_fields_move_together_along_one_axis():
    got = read("network.upload,network.download=10Mbps,57Mbps,10Mbps;20Mbps..40Mbps:lin:3")
    assert got.name == "network_upload"
    assert [column.name for column in got.columns] == ["network_upload", "network_download"]
    assert [column.values.tolist() for column in got.columns] == [[1e7, 5.7e7, 1e7], [2e7, 3e7, 4e7]]
    words = read("nodes.hardware,nodes.precision=16x GH200,16x A100 80GB;fp8,bf16")
    assert words.categorical
    assert words.columns[1].values.tolist() == ["fp8", "bf16"]


@pytest.mark.parametrize("sampler", ["uniform", "loguniform", "sobol", "logsobol"])
@given(seed=st.integers(0, 99), count=st.integers(1, 40))
def test_samples_stay_between_the_ends_and_follow_their_seed(sampler, seed, count):
    text = f"network.upload={sampler}:10Mbps..1Gbps:{count}:{seed}"
    first, again, other = read(text), read(text), read(f"{text}1")
    assert first.values.tobytes() == again.values.tobytes() != other.values.tobytes()
    assert first.size == count
    assert ((first.values >= 1e7) & (first.values <= 1e9)).all()


def test_samples_are_even_where_they_should_be():
    linear = read("network.upload=uniform:1Mbps..100Mbps:4000").values
    even = read("network.upload=loguniform:1Mbps..100Mbps:4000").values
    assert np.median(linear) == pytest.approx(50.5e6, rel=0.05)
    assert np.median(even) == pytest.approx(10e6, rel=0.1)


def test_random_fields_of_one_axis_are_independent_and_sobol_points_fill_the_plane():
    both = read("network.upload,network.download=uniform:1Mbps..9Mbps:512:3;uniform:1Mbps..9Mbps:512:3")
    up, down = (column.values for column in both.columns)
    assert abs(np.corrcoef(up, down)[0, 1]) < 0.15
    plane = read("network.upload,nodes.mfu=sobol:1Mbps..9Mbps:64:3;sobol:0.1..0.9:64:3")
    up, mfu = ((c.values - c.values.min()) / np.ptp(c.values) for c in plane.columns)
    cells = set(zip((up * 3.999).astype(int), (mfu * 3.999).astype(int), strict=True))
    assert len(cells) == 16


def test_samples_of_whole_numbers_keep_repetitions():
    assert read("nodes.count=uniform:1..4:100").size == 100


def test_an_axis_from_values():
    assert axis("network.upload", ["10 Mbps", 1e9]).values.tolist() == [1e7, 1e9]
    assert axis("protocol.streaming", [True, False]).values.tolist() == [True, False]
    assert axis("nodes.count", np.arange(1, 4)).values.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("nodes.count", [3, 3, 1]),
        ("network.upload", [1 / 3e-8, "1 Gbps"]),
        ("model.parameters", [1e15, 7e9, 0.1 + 1e9]),
        ("protocol.streaming", [True, False]),
        ("nodes.hardware", ["16x GH200"]),
        ("assumptions.electricity_price", ["0.05 USD/(kW*h)", "0.2 USD/(kW*h)"]),
    ],
)
def test_an_axis_from_values_is_read_again_from_its_text(field, values):
    written = axis(field, values)
    assert read(written.text).values.tobytes() == written.values.tobytes()


REFUSED = {
    "no equals sign": ("nodes.count", "FIELD=VALUES"),
    "no field": ("=3", "FIELD=VALUES"),
    "no values": ("nodes.count=", "no values"),
    "no values in a range": ("nodes.count=1..9:lin:0", "not a number of values"),
    "no words": ("protocol.mode=", "no values"),
    "empty place": ("nodes.count=1,,3", "empty place"),
    "unknown field": ("nodes.cout=1,2", "'nodes.count'"),
    "a title": ("name=a,b", "no field or coefficient"),
    "a section": ("nodes=1,2", "no field or coefficient"),
    "unknown coefficient": ("assumptions.sync_slope=1,2", "assumptions.sync_interval_slope"),
    "unit missing": ("network.upload=10..100:lin:3", "has no unit"),
    "unit of another kind": ("network.upload=10GB..1TB:log:3", "network.upload: '10GB' is not a quantity in"),
    "unknown unit": ("network.upload=10 parsec", "not a unit known"),
    "half a range": ("network.upload=..1Gbps:log:3", "not a range"),
    "no count": ("network.upload=10Mbps..1Gbps", "how many values"),
    "unknown spacing": ("network.upload=10Mbps..1Gbps:lgo:9", "10Mbps..1Gbps:log:9"),
    "half a value": ("nodes.count=1..9:lin:2.5", "not a number of values"),
    "negative count": ("nodes.count=1..9:lin:-2", "not a number of values"),
    "count in words": ("nodes.count=1..9:lin:many", "not a number of values"),
    "too many": ("nodes.count=1..9:lin:1e12", "10,000,000"),
    "too many steps": ("model.parameters=1e6..1e16:step:1", "10,000,000"),
    "log from zero": ("network.latency=0 s..1 s:log:3", "positive ends"),
    "steps down": ("nodes.count=9..1:step:1", "steps go up"),
    "no step": ("nodes.count=1..9:step:0", "steps go up"),
    "nan": ("nodes.mfu=nan", "not a finite"),
    "infinity": ("nodes.mfu=0.1..inf:lin:3", "not a finite"),
    "words for numbers": ("nodes.mfu=low,high", "nodes.mfu"),
    "not a truth": ("protocol.streaming=yes,no", "true or false"),
    "unequal lengths": ("network.upload,network.latency=1Mbps,2Mbps;1ms", "2 of network.upload, 1 of"),
    "a part missing": ("network.upload,network.latency=1Mbps", "values are given for 1"),
    "no samples": ("nodes.mfu=uniform:0.1..0.2", "how many samples"),
    "seed in words": ("nodes.mfu=uniform:0.1..0.2:9:x", "not a seed"),
    "beyond its bound": ("nodes.mfu=0.1..1.5:lin:9", "must be at most 1"),
    "below its bound": ("nodes.count=0..9:lin:10", "must be at least 1"),
    "half a node": ("nodes.count=1.5,2", "nodes.count"),
    "unknown word": ("protocol.mode=flat,hierachical", "nearest valid: hierarchical"),
    "unknown chip": ("nodes.hardware=16x GH20O", "GH200"),
    "unknown set": ("assumptions=miri-2026-4", "miri-2026-04"),
    "more active than all": ("model.active_parameters=1e9,1e12", "more than all"),
    "peak without memory": ("nodes.peak=1 PFLOP/s,2 PFLOP/s", "no hardware is given"),
    "a chip without the format": ("nodes.hardware=16x A100 80GB", "no fp8 rate"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_axis_is_refused(case):
    text, said = REFUSED[case]
    with pytest.raises(InputError) as refused:
        validate_axes(PAPER, [read(text)])
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("nodes.count=1,2", "nodes.count,nodes.mfu=3,4;0.1,0.2"), "more than one axis"),
        (("nodes.hardware=16x GH200", "nodes.price=1 USD", "nodes.peak=1 PFLOP/s"), "hardware is given"),
        (("assumptions=miri-2026-02,miri-2026-04", "assumptions.replica_prefactor=1,2"), "'miri-2026-02'"),
    ],
)
def test_axes_that_do_not_go_together_are_refused(texts, said):
    with pytest.raises(InputError) as refused:
        validate_axes(PAPER, [read(text) for text in texts])
    assert said in str(refused.value)


def test_values_that_are_refused_in_lists():
    for field, values in (
        ("nodes.count", []),
        ("nodes.count", [True]),
        ("nodes.mfu", [None]),
        ("network.upload", [float("nan")]),
        ("protocol.mode", [3]),
        ("protocol.mode", [""]),
    ):
        with pytest.raises(InputError):
            axis(field, values)


def test_a_value_that_agrees_with_the_other_axes_somewhere_is_valid():
    small = PAPER.with_({"model.parameters": 1e9})
    axes = [
        read("model.parameters=1e9..1e12:log:4", small),
        read("model.active_parameters=1e8..1e11:log:4", small),
    ]
    assert validate_axes(small, axes).nodes.count == 34
    described = validate_axes(PAPER, [read("nodes.peak=1 PFLOP/s,2 PFLOP/s"), read("nodes.memory=1 TB,4 TB")])
    assert described.nodes.hardware is None
