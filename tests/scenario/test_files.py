"""Scenarios as files: what is written reads back, and changes are validated anew."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import farflung
from farflung import InputError, Scenario, preset
from farflung.scenario import loads

HEADLINE = preset("paper-headline")


@pytest.mark.parametrize("name", farflung.presets())
def test_presets_survive_writing_and_reading(name):
    scenario = preset(name)
    assert scenario.description
    assert scenario.locator
    again = loads(scenario.to_toml())
    assert again == scenario
    assert again.to_toml() == scenario.to_toml()


@settings(max_examples=300)
@given(st.from_type(Scenario))
def test_any_scenario_survives_writing_and_reading(scenario):
    again = loads(scenario.to_toml())
    assert again == scenario
    assert again.to_toml() == scenario.to_toml()


@settings(max_examples=100)
@given(st.from_type(Scenario))
def test_only_what_was_said_is_written(scenario):
    written = tomllib.loads(scenario.to_toml())
    assert set(written) <= scenario.model_fields_set
    assert {"model", "nodes", "network"} <= set(written)


@settings(max_examples=100)
@given(st.from_type(Scenario), st.integers(1, 1000))
def test_a_change_changes_its_field_and_nothing_else(scenario, count):
    changed = scenario.with_({"nodes.count": count, "network.latency": "70 ms"})
    assert changed.nodes.count == count
    assert changed.network.latency == 0.07
    back = {"nodes.count": scenario.nodes.count, "network.latency": f"{scenario.network.latency!r} s"}
    assert changed.with_(back) == scenario
    assert scenario.with_({}) is scenario


def test_a_change_to_none_leaves_the_field_to_the_assumption_set():
    assert HEADLINE.with_({"duration": None}).duration is None
    assert farflung.evaluate(HEADLINE.with_({"duration": None})).duration_s == 740 * 86400


def test_describing_a_node_one_way_drops_the_other():
    by_hand = HEADLINE.with_({"nodes.peak": "1 PFLOP/s", "nodes.memory": "1 TB", "nodes.power": "1 kW"})
    assert by_hand.nodes.hardware is None
    named = by_hand.with_({"nodes.hardware": "16x GH200"})
    assert (named.nodes.peak, named.nodes.memory, named.nodes.power) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value", "nearest"),
    [
        ("network.uplod", "1 Mbps", "'network.upload'"),
        ("upload", "1 Mbps", "'network.upload'"),
        ("nodes", 3, "nodes.count"),
        ("network.upload", 1e8, "'100 Mbps'"),
        ("nodes.count", 0, "1"),
    ],
)
def test_a_bad_change_names_its_field(field, value, nearest):
    with pytest.raises(InputError) as caught:
        HEADLINE.with_({field: value})
    assert caught.value.field == field
    assert nearest in caught.value.nearest


def test_a_file_is_read(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(HEADLINE.to_toml(), encoding="utf-8")
    assert farflung.load(path) == farflung.load(str(path)) == farflung.load("paper-headline") == HEADLINE
    assert farflung.evaluate(path).quality_adjusted_flop == farflung.evaluate(HEADLINE).quality_adjusted_flop


def test_files_that_hold_no_scenario_are_refused_by_name(tmp_path):
    broken, binary, empty, large = (tmp_path / f"{n}.toml" for n in ("broken", "binary", "empty", "large"))
    broken.write_text("[model\n", encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00")
    empty.write_text("# nothing yet\n", encoding="utf-8")
    large.write_bytes(b"#" * 1_000_001)
    for path, problem in (
        (broken, "is not valid TOML"),
        (binary, "is not text in UTF-8"),
        (empty, "is empty"),
        (large, "is larger than 1 MB"),
        (tmp_path, "is not a file"),
        (tmp_path / "paper-headlin.toml", "there is no such file"),
    ):
        with pytest.raises(InputError, match=problem) as caught:
            farflung.load(path)
        assert caught.value.field == str(path)


def test_a_misspelt_preset_is_refused_with_the_likeliest():
    with pytest.raises(InputError, match="did you mean 'paper-headline'"):
        farflung.load("paper-hedline")
    with pytest.raises(InputError, match="preset 'paper-headline'"):
        farflung.load("paper-headlin.toml")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "", " ", "..", "/"], ids=range(6))
def test_a_name_that_cannot_be_a_file_is_refused(name):
    with pytest.raises(InputError):
        farflung.load(name)


HUGE = "[model]\nparameters = 1e9\n[nodes]\ncount = 1\n[network]\n[protocol]\nmode = 0x" + "f" * 5000


@pytest.mark.parametrize("text", ["a = " + "[" * 10_000, "a = 1\na = 2", "\x00", HUGE], ids=range(4))
def test_text_that_is_no_scenario_is_refused(text):
    with pytest.raises(InputError):
        loads(text)
