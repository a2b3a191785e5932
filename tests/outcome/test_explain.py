"""Explanations: every number traced to what was given, on whose word, with its sources."""

from __future__ import annotations

import json

import pytest

import farflung
from farflung import InputError, Scenario, evaluate, explain, preset
from farflung.catalog import sources
from farflung.catalog.tables import assumption_names, loadable_names
from farflung.outcome import OUTPUTS

PRESETS = ("paper-headline", "paper-10mbps", "paper-gpt4", "governance-moe-1t", "notes-baseline")
DEFAULT = Scenario.model_fields["assumptions"].default
SCENARIOS = {
    **{f"{name}, {DEFAULT}": preset(name).with_({"assumptions": DEFAULT}) for name in PRESETS},
    **{name: preset(name) for name in PRESETS},
}
TREES = {
    name: {output: explain(scenario, output) for output in OUTPUTS} for name, scenario in SCENARIOS.items()
}
every_scenario = pytest.mark.parametrize("name", SCENARIOS)
SAME_UNIT = {"parameters": "1", "tokens": "token", "nats per token": "nats"}
"""A docstring may speak of tokens, and of parameters as a count."""


def plain(unit):
    return SAME_UNIT.get(unit, unit)


@every_scenario
def test_the_root_is_the_outcome_s_value_in_its_unit(name):
    outcome = evaluate(SCENARIOS[name])
    for output, tree in TREES[name].items():
        assert tree.name == OUTPUTS[output].quantity
        value = getattr(outcome, output)
        assert value == (None if tree.value is None else float(tree.value)), output
        if value is not None:
            assert plain(tree.unit) == plain(OUTPUTS[output].unit), output


@every_scenario
def test_every_leaf_is_given_by_somebody(name):
    givers = {"scenario", "default", "catalog", *assumption_names()}
    for tree in TREES[name].values():
        for one in tree.walk():
            if one.origin == "computed":
                assert one.equation, one.name
                assert one.assumption, one.name
                assert one.limits, one.name
                assert one.meaning, one.name
                assert one.sources, one.name
            elif tree.origin != "none":
                assert one.origin in givers, one.name
                assert one.inputs == ()


@every_scenario
def test_what_a_scenario_does_not_say_has_a_source(name):
    for tree in TREES[name].values():
        for one in tree.walk():
            if one.origin in {"catalog", *assumption_names()} and one.value is not None:
                assert one.sources, one.name
            assert set(one.sources) <= set(sources())


@every_scenario
def test_inputs_of_one_unit_are_shown_in_one_unit(name):
    for tree in TREES[name].values():
        for one in tree.walk():
            if one.equation.startswith("grouped if"):
                groups, grouped, ungrouped = one.inputs
                assert groups.unit == "1"
                assert grouped.unit == ungrouped.unit == one.unit, one.name


def test_what_a_run_does_not_have_is_said_to_be_missing():
    tree = TREES["paper-headline"]["groups"]
    assert (tree.value, tree.origin, tree.inputs) == (None, "none", ())


def test_an_explanation_is_plain_data():
    tree = TREES["paper-10mbps"]["local_equivalent_flop"]
    table = json.loads(json.dumps(tree.to_dict()))
    assert table["value"] == tree.value
    assert [one["name"] for one in table["inputs"]] == ["throughput_flop", "efficiency"]
    prices = [one for one in TREES["paper-headline"]["capital_cost_usd"].walk() if one.name == "chip_price"]
    assert prices[0].value == 28_000
    assert prices[0].record.locator


def test_an_unknown_output_is_refused_with_the_likeliest():
    with pytest.raises(InputError, match="did you mean 'capital_cost_usd'"):
        explain("paper-headline", "capital_cost_us")


@pytest.mark.parametrize("name", farflung.presets())
def test_citations_are_in_the_bibliography(name):
    outcome = evaluate(name)
    cited = outcome.citations()
    assert cited
    assert [s.key for s in cited] == sorted({s.key for s in cited})
    assert all(str(s) == str(sources()[s.key]) and s.title for s in cited)
    assert not outcome.scenario.source or outcome.scenario.source in sources()


def test_citations_are_of_what_was_used():
    paper, governance = evaluate("paper-headline"), evaluate("governance-72-nodes")
    assert "charles2025scaling" in {s.key for s in paper.citations("efficiency_replica")}
    assert "charles2025scaling" not in {s.key for s in governance.citations("efficiency_replica")}
    assert {s.key for s in paper.citations("chips")} == {"farflung2026"}


def test_flags_say_where_a_factor_leaves_its_range():
    flags = [f for f in evaluate("paper-headline").flags if f.kind == "extrapolated"]
    subjects = {f.subject for f in flags}
    assert {"efficiency_sync_interval", "efficiency_replica", "chinchilla_efficiency"} <= subjects
    assert all(f.message for f in flags)
    small = {
        "assumptions": "miri-2026-04",
        "duration": "30 days",
        "model": {"parameters": 1e9},
        "nodes": {"count": 4, "hardware": "8x H100 SXM"},
        "network": {"upload": "10 Gbps"},
    }
    assert not [f for f in evaluate(small).flags if f.kind == "extrapolated"]


def test_filled_in_fields_are_named_with_a_reason():
    bare = {
        "model": {"parameters": 1e9},
        "nodes": {"count": 4, "hardware": "8x H100 SXM"},
        "network": {"upload": "100 Mbps"},
    }
    filled = {f.field: f for f in evaluate(bare).defaulted}
    assert filled["duration"].value == "740 days"
    assert filled["duration"].why == "default of calibrated-2026-11"
    assert filled["network.download"].why == "as upload"
    assert filled["nodes.mfu"].why == "default of farflung"
    assert "network.upload" not in filled
    assert all(f.value and f.why for f in filled.values())


def test_an_outcome_is_plain_data():
    outcome = evaluate("paper-headline")
    data = json.loads(outcome.model_dump_json())
    assert data["local_equivalent_flop"] == outcome.local_equivalent_flop
    assert data["provenance"]["assumptions"] == "miri-2026-04"
    assert set(outcome.values()) == set(OUTPUTS)


@pytest.mark.parametrize("assumptions", loadable_names())
@pytest.mark.parametrize("name", ["headline", "governance-moe-1t", "notes-threshold-8"])
def test_every_quantity_that_a_flag_names_can_be_explained(name, assumptions):
    scenario = farflung.preset(name).with_(assumptions=assumptions, unique_tokens=1e11)
    outcome = evaluate(scenario)
    beyond = [flag for flag in outcome.flags if flag.kind == "extrapolated"]
    assert beyond
    for flag in beyond:
        assert explain(scenario, flag.subject).value is not None
        assert explain(scenario, flag.message.split()[0]).value is not None


def test_the_shares_of_the_penalty_multiply_and_its_parts_add():
    outcome = evaluate("headline")
    assert outcome.efficiency_compression < 1
    assert outcome.efficiency_replica < 1
    product = outcome.efficiency_compression * outcome.efficiency_replica * outcome.efficiency_activation
    assert product == pytest.approx(outcome.efficiency, rel=1e-12)
    parts = outcome.loss + outcome.divergence_penalty + outcome.compression_penalty
    assert parts == pytest.approx(outcome.distributed_loss, rel=1e-15)
    assert outcome.run_to_run_noise == 0.008
    uncompressed = evaluate("headline", protocol__compression=1, protocol__inner_steps=26)
    assert uncompressed.compression_penalty < 1e-20
    assert uncompressed.efficiency_compression == pytest.approx(1, abs=1e-12)
