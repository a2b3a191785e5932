"""Where nothing varies and nothing fails, the event engine is the closed form."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from farflung import Scenario, evaluate, preset
from farflung.catalog.tables import loadable_names
from farflung.outcome import OUTPUTS
from farflung.outcome.events import simulate
from farflung.outcome.events.outputs import UNMEASURED
from farflung.scenario.fault_model import IDEAL, FaultModel

pytestmark = pytest.mark.slow
MODES = ("flat", "hierarchical", "pipeline_groups")
WAITING = ("barrier", "elastic", "quorum:1", "deadline:1000 days", "adaptive:3", "backup:1", "torchft:1 h")


def _log(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log(low), math.log(high)).map(math.exp)


@st.composite
def scenarios(draw: st.DrawFn, modes: tuple[str, ...] = MODES, **protocol: Any) -> Scenario:
    """Return a feasible run of up to some hundred synchronisations."""
    mode, size = draw(st.sampled_from(modes)), draw(_log(1e8, 2e12))
    stages = draw(st.integers(2, 4)) if mode == "pipeline_groups" else 1
    lag = 0.0 if draw(st.booleans()) else draw(_log(1e-3, 3.0))

    def link() -> dict[str, str]:
        rate = _log(1e6, 1e10)
        return {"upload": f"{draw(rate)!r} bps", "download": f"{draw(rate)!r} bps", "latency": f"{lag!r} s"}

    settled = {
        "mode": mode,
        "inner_steps": draw(st.integers(1, 500)),
        "nodes_per_group": draw(st.integers(1, 6)),
        "streaming": draw(st.booleans()),
        "stragglers": "threshold",
        "compression": draw(st.sampled_from((1.0, 16.0, 150.0))),
    }
    scenario = Scenario.read(
        {
            "assumptions": draw(st.sampled_from(loadable_names())),
            "duration": "100 days",
            "model": {"parameters": size},
            "nodes": {
                "count": draw(st.integers(stages, 40)),
                "peak": f"{draw(_log(1e14, 1e18))!r} FLOP/s",
                "memory": f"{size * 16 / stages * (1 + 1e-6)!r} byte",
                "power": "11 kW",
                "price": "448000 USD",
            },
            "network": {**link(), "regional": link(), "pipeline": link()},
            "protocol": settled | protocol,
        }
    )
    planned, rounds = evaluate(scenario), draw(st.floats(1.5, 60.0))
    length = rounds * planned.outer_round_time_s
    assume(1.0 < length < 1e10)
    if draw(st.booleans()):
        return scenario.with_({"duration": f"{length!r} s"})
    tokens = planned.tokens / planned.outer_rounds * rounds
    assume(1e6 < tokens < 1e18)
    return scenario.with_({"tokens": tokens, "duration": f"{1.01 * length!r} s"})


def ideal(**changes: Any) -> FaultModel:
    return IDEAL.model_copy(update=changes)


def assert_same(scenario: Scenario, fault_model: FaultModel) -> None:
    """Assert that one run has every output that the plan has, and to 1e-9 the same one."""
    simulated, planned = simulate(scenario, fault_model, runs=1), evaluate(scenario)
    assert not simulated.flags
    for name in OUTPUTS.keys() - UNMEASURED.keys():
        plan, value = getattr(planned, name), float(simulated.values[name][0])
        if plan is None:
            assert math.isnan(value), name
        else:
            assert math.isfinite(value), name
            assert abs(value - plan) <= 1e-9 * abs(plan), name


@settings(max_examples=150)
@given(scenario=scenarios(), policy=st.sampled_from(WAITING))
def test_every_policy_that_waits_for_all_is_the_closed_form(scenario, policy):
    assert_same(scenario, ideal(policy=policy))


@settings(max_examples=40)
@given(scenario=scenarios(streaming=True))
def test_asynchronous_learners_are_the_closed_form_where_links_keep_up(scenario):
    planned = evaluate(scenario)
    assume(planned.bottleneck == "compute")
    grouped = planned.mode == "hierarchical" and planned.groups > 1
    workers = planned.groups if grouped else planned.replicas
    assert_same(scenario, ideal(policy=f"asynchronous:{workers:g}"))


@settings(max_examples=40)
@given(scenario=scenarios(modes=("flat", "pipeline_groups")), fragments=st.integers(2, 12))
def test_fragments_send_as_much_in_turn(scenario, fragments):
    scenario = scenario.with_({"network.latency": "0 s"})
    assert_same(scenario, ideal(fragments=fragments))


@settings(max_examples=40)
@given(scenario=scenarios(modes=("flat", "pipeline_groups")), policy=st.sampled_from(WAITING))
def test_a_server_whose_link_is_wide_enough_is_no_bottleneck(scenario, policy):
    widest = max(scenario.network.upload, scenario.network.download) * scenario.nodes.count
    assert_same(scenario, ideal(policy=policy, server_bandwidth=widest))


def test_only_what_no_run_has_is_left_blank():
    assert UNMEASURED.keys() <= OUTPUTS.keys()
    for name in ("paper-headline", "governance-72-nodes"):
        scenario = preset(name).with_({"tokens": 1e11})
        simulated, planned = simulate(scenario, runs=2), evaluate(scenario)
        for output in OUTPUTS:
            has = getattr(planned, output) is not None and output not in UNMEASURED
            assert np.isfinite(simulated.values[output]).all() == has, output
        assert simulated.median.inner_steps == planned.inner_steps
        told = {one["name"]: one["why_absent"] for one in simulated.to_dict()["outputs"]}
        assert {output: why for output, why in told.items() if why} == UNMEASURED


SPREADS = ("compute_spread", "step_variation", "link_spread", "link_variation")


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_the_smaller_the_spread_the_nearer_the_closed_form(mode, streaming):
    size = 7e10
    held = size * 16.1 / (2 if mode == "pipeline_groups" else 1)
    scenario = Scenario.read(
        {
            "duration": "20 days",
            "model": {"parameters": size},
            "nodes": {"count": 24, "peak": "1e16 FLOP/s", "memory": f"{held} byte",
                      "power": "11 kW", "price": "448000 USD"},
            "network": {"upload": "200 Mbps", "latency": "50 ms",
                        "regional": {"upload": "2 Gbps", "latency": "10 ms"},
                        "pipeline": {"upload": "2 Gbps", "latency": "10 ms"}},
            "protocol": {"mode": mode, "streaming": streaming, "stragglers": "threshold", "compression": 16,
                         "nodes_per_group": 4},
        }
    )  # fmt: skip
    planned = evaluate(scenario).tokens
    short = []
    for spread in (0.1, 0.01, 0.001, 0.0001):
        found = simulate(scenario, ideal(**dict.fromkeys(SPREADS, spread)), runs=4, seed=1)
        short.append(float(np.mean(1.0 - found.values["tokens"] / planned)))
    assert 0.0 < short[-1] < 1e-3
    for more, less in pairwise(short):
        assert less == pytest.approx(more / 10, rel=0.5)


def test_the_rarer_failures_are_the_nearer_the_closed_form():
    short = []
    for between in (1e8, 1e9, 1e10, 1e11):
        fault_model = ideal(chip_time_between_failures=between, repair_time=4000.0)
        found = simulate("governance-72-nodes", fault_model, runs=8, seed=2)
        short.append(float(np.mean(found.values["down"])))
    assert all(less < 0.2 * more for more, less in pairwise(short))
