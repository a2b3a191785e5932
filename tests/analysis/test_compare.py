"""Compare: only what differs, for two scenarios or more."""

from __future__ import annotations

import json

import pytest

import farflung
from farflung.analysis.compare import compare
from farflung.base.errors import InputError
from farflung.outcome import evaluate
from farflung.scenario import preset

HEADLINE = "paper-headline"


@pytest.fixture(scope="module")
def result():
    return compare(HEADLINE, "paper-1gbps", preset(HEADLINE).with_({"nodes.mfu": 0.3}))


def test_only_what_differs_is_listed(result):
    inputs = {one.name: one for one in result.inputs}
    assert inputs["network.upload"].values == (1e8, 1e9, 1e8)
    assert inputs["nodes.mfu"].values == (0.4, 0.4, 0.3)
    assert "model.moe_layers" not in inputs
    assert "name" not in inputs
    for one in (*result.inputs, *result.outputs):
        assert len(set(map(str, one.values))) > 1


def test_outputs_are_what_evaluate_gives(result):
    cost = next(one for one in result.outputs if one.name == "capital_cost_usd")
    values = [evaluate(one.scenario).capital_cost_usd for one in result.outcomes]
    assert list(cost.values) == values
    assert cost.ratios == (1.0, values[1] / values[0], 1.0)


def test_assumption_sets_are_compared_by_coefficient():
    inputs = {one.name: one for one in compare(HEADLINE, "governance-config-a").inputs}
    assert {"assumptions", "server_cost_factor", "protocol.compression"} <= set(inputs)
    assert None not in inputs["protocol.compression"].values  # what one leaves open is what was taken


def test_a_scenario_and_itself_come_to_the_same():
    same = compare(HEADLINE, HEADLINE)
    assert same.inputs == same.outputs == ()
    assert "They come to the same." in repr(same)


def test_changes_apply_to_all(result):
    changed = compare(HEADLINE, "paper-1gbps", nodes__mfu=0.3)
    assert {one.scenario.nodes.mfu for one in changed.outcomes} == {0.3}
    assert changed.command == "farflung compare paper-headline paper-1gbps --set nodes.mfu=0.3"
    assert eval(changed.python, {"farflung": farflung}).outputs == changed.outputs
    assert result.command is None  # one of them is changed, and a command changes all
    assert eval(result.python, {"farflung": farflung}).outputs == result.outputs


def test_every_face_agrees(result):
    table = json.loads(json.dumps(result.to_dict()))
    assert len(result.to_frame()) == len(table["inputs"]) + len(table["outputs"])
    assert result.citations()
    lines = repr(result).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100


def test_unknown_scenarios_are_refused():
    with pytest.raises(InputError, match="did you mean 'paper-1gbps'"):
        compare(HEADLINE, "paper-1gbp")
