"""What cannot take place: an answer that names what binds, and a nearest value that is indeed feasible."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farflung import Scenario, evaluate, preset

NUMBER = re.compile(r"[\d,.]+(?:e[+-]?\d+)?")
HARDWARE_FACTS = ("nodes", "chips", "node_memory_bytes", "required_memory_bytes", "largest_parameters")


def obstacle(outcome):
    """Return the flag that says why a run cannot take place."""
    (flag,) = [f for f in outcome.flags if f.kind == "infeasible"]
    assert not outcome.feasible
    assert outcome.binding_constraint == flag.subject
    return flag


def nearest_number(text):
    return float(NUMBER.search(text)[0].replace(",", ""))


def memory_run(parameters, memory, count=8, mode="flat", **protocol):
    return Scenario.read(
        {
            "model": {"parameters": parameters},
            "nodes": {"count": count, "peak": "15 PFLOP/s", "memory": f"{memory!r} byte", "price": "1e6 USD"},
            "network": {"upload": "100 Mbps"},
            "protocol": {"mode": mode, **protocol},
        }
    )


@pytest.mark.parametrize("mode", ["flat", "hierarchical", "data_parallel"])
@given(memory=st.floats(1e9, 1e13), excess=st.floats(1.001, 7.9))
@settings(max_examples=50)
def test_a_model_too_large_for_a_node(mode, memory, excess):
    scenario = memory_run(memory / 16 * excess, memory, mode=mode)
    outcome = evaluate(scenario)
    flag = obstacle(outcome)
    assert flag.subject == "model.parameters" == outcome.bottleneck
    assert evaluate(scenario.with_({"protocol.mode": "pipeline_groups"})).feasible
    assert "mode = 'pipeline_groups'" in flag.nearest
    assert outcome.quality_adjusted_flop is outcome.tokens is outcome.efficiency is None
    assert all(getattr(outcome, name) is not None for name in HARDWARE_FACTS)
    assert outcome.capital_cost_usd > 0
    fitting = scenario.with_({"model.parameters": nearest_number(flag.nearest)})
    assert evaluate(fitting).feasible, flag.nearest


@given(memory=st.floats(1e9, 1e13), excess=st.floats(1.001, 100))
@settings(max_examples=100)
def test_a_model_too_large_for_all_nodes_together(memory, excess):
    scenario = memory_run(memory / 2 * excess, memory)
    flag = obstacle(evaluate(scenario))
    assert flag.subject == "model.parameters"
    fitting = scenario.with_({"model.parameters": float(flag.nearest)})
    outcome = evaluate(fitting.with_({"protocol.mode": "auto"}))
    assert outcome.feasible
    assert outcome.mode == "wide_area_pipeline"


def test_too_few_stages():
    scenario = memory_run(400e9, 2e12, mode="pipeline_groups", pipeline_stages=2)
    flag = obstacle(evaluate(scenario))
    assert flag.subject == "protocol.pipeline_stages"
    stages = int(nearest_number(flag.nearest))
    assert evaluate(scenario.with_({"protocol.pipeline_stages": stages})).feasible
    assert not evaluate(scenario.with_({"protocol.pipeline_stages": stages - 1})).feasible


@pytest.mark.parametrize("mode", ["pipeline_groups", "wide_area_pipeline"])
@pytest.mark.parametrize("size", [{"duration": "740 days"}, {"tokens": 1e12}], ids=["time", "tokens"])
def test_more_stages_than_nodes(mode, size):
    scenario = memory_run(400e9, 2e12, mode=mode, pipeline_stages=9)
    scenario = scenario.with_(size)
    flag = obstacle(evaluate(scenario))
    assert flag.subject == "nodes.count"
    nodes = int(nearest_number(flag.nearest))
    assert evaluate(scenario.with_({"nodes.count": nodes})).feasible
    assert not evaluate(scenario.with_({"nodes.count": nodes - 1})).feasible


@given(tokens=st.floats(3e13, 1e17))
@settings(max_examples=100)
def test_tokens_that_take_longer_than_the_limit(tokens):
    scenario = preset("paper-headline").with_({"tokens": tokens})
    outcome = evaluate(scenario)
    flag = obstacle(outcome)
    assert flag.subject == "duration"
    assert outcome.tokens == tokens  # the run is answered all the same
    assert outcome.quality_adjusted_flop > 0
    fewer, longer = flag.nearest.split(" tokens, or ")
    assert evaluate(scenario.with_({"tokens": nearest_number(fewer)})).feasible, fewer
    assert evaluate(scenario.with_({"duration": longer})).feasible, longer


def test_tokens_that_fit_the_limit():
    outcome = evaluate(preset("paper-headline").with_({"tokens": 1e12}))
    assert outcome.feasible
    assert outcome.tokens == 1e12
    assert outcome.duration_s < 740 * 86400


def test_more_nodes_share_experts_than_there_are():
    run = {
        "model": {"parameters": 1e12, "active_parameters": 150e9, "moe_layers": 32, "expert_parallelism": 72},
        "nodes": {"count": 71, "hardware": "50x A100 80GB"},
        "network": {"upload": "100 Mbps"},
    }
    flag = obstacle(evaluate(run))
    assert flag.subject == "model.expert_parallelism"
    assert "72 nodes cannot share" in flag.message
    run["model"]["expert_parallelism"] = int(flag.nearest)
    assert evaluate(run).feasible


def test_a_mixture_too_large_for_a_node():
    run = {
        "model": {"parameters": 1e12, "active_parameters": 300e9, "moe_layers": 32, "expert_parallelism": 8},
        "nodes": {"count": 16, "hardware": "16x GH200"},
        "network": {"upload": "100 Mbps"},
        "protocol": {"mode": "flat"},
    }
    scenario = Scenario.read(run)
    flag = obstacle(evaluate(scenario))
    changes = {f: nearest_number(flag.nearest) for f in ("model.parameters", "model.active_parameters")}
    assert evaluate(scenario.with_(changes)).feasible
    only_named = scenario.with_({flag.subject: nearest_number(flag.nearest)})
    assert evaluate(only_named).feasible, flag.nearest


@given(st.floats(1e9, 1e12))
@settings(max_examples=100)
def test_a_model_that_fills_its_node_exactly_fits_in_every_mode(size):
    for mode, stages in (("flat", 1), ("pipeline_groups", 1), ("pipeline_groups", 3), ("auto", 3)):
        scenario = memory_run(size, size * 16 / stages, count=12, mode=mode)
        outcome = evaluate(scenario)
        assert outcome.feasible
        assert outcome.pipeline_stages == stages, mode
