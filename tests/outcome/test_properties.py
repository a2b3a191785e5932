"""Outcomes: what must hold for every run, whatever the published coefficients are."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import farflung
from farflung import Scenario, evaluate
from farflung.outcome import OUTPUTS

SLACK = 1 - 1e-9
ANSWERS = ("throughput_flop", "local_equivalent_flop", "quality_adjusted_flop")
WIDE_AREA = ("network.upload", "network.download", "network.latency")
PIPELINE = ("network.pipeline.upload", "network.pipeline.download", "network.pipeline.latency")


def better(scenario: Scenario, field: str, factor: float) -> Scenario:
    """Return the scenario with a link or a node improved by a factor."""
    value = scenario
    for part in field.split("."):
        value = getattr(value, part)
    if field == "nodes.mfu":
        return scenario.with_({field: min(1.0, value * factor)})
    if field == "nodes.peak":
        return scenario.with_({field: f"{value * factor!r} FLOP/s"})
    if field.endswith("latency"):
        return scenario.with_({field: f"{value / factor!r} s"})
    return scenario.with_({field: f"{value * factor!r} bit/s"})


factors = st.sampled_from((1.001, 1.1, 2.0, 10.0))


@settings(max_examples=200)
@given(data=st.data(), factor=factors, field=st.sampled_from(WIDE_AREA))
def test_a_better_wide_area_link_never_hurts_at_the_fewest_steps_that_hide_it(runs, data, factor, field):
    run = data.draw(runs(protocol__inner_steps=None, protocol__streaming=True))
    before = Scenario.read(run)
    first, second = evaluate(before), evaluate(better(before, field, factor))
    for answer in ANSWERS:
        assert getattr(second, answer) >= getattr(first, answer) * SLACK, answer


@settings(max_examples=200)
@given(
    data=st.data(),
    factor=factors,
    steps=st.integers(1, 500),
    field=st.sampled_from((*WIDE_AREA, *PIPELINE, "nodes.peak", "nodes.mfu")),
)
def test_at_any_one_number_of_steps_nothing_better_hurts(runs, data, factor, steps, field):
    """And so neither at the best number of steps, which is one of them."""
    run = data.draw(runs(modes=("flat", "pipeline_groups"), protocol__inner_steps=steps))
    before = Scenario.read(run)
    first, second = evaluate(before), evaluate(better(before, field, factor))
    for answer in ANSWERS:
        assert getattr(second, answer) >= getattr(first, answer) * SLACK, answer


@settings(max_examples=200)
@given(data=st.data())
def test_one_node_has_nobody_to_wait_for(runs, data):
    run = data.draw(runs(modes=("flat", "hierarchical", "data_parallel"), nodes__count=1))
    run["protocol"].pop("inner_steps", None)
    outcome = evaluate(run)
    assert outcome.inner_steps == outcome.regional_steps == outcome.efficiency == 1
    assert outcome.synchronisation_time_s == outcome.mean_upload_bps == outcome.mean_download_bps == 0
    assert outcome.latency_share == 0
    assert outcome.utilisation == pytest.approx(1, rel=1e-12)
    assert outcome.bottleneck == "compute"


def common(first, second, *, without=()):
    """Return the outputs that both outcomes have, as pairs by name."""
    pairs = {name: (getattr(first, name), getattr(second, name)) for name in OUTPUTS if name not in without}
    return {name: pair for name, pair in pairs.items() if None not in pair}


@settings(max_examples=200)
@given(data=st.data())
def test_fewer_than_two_groups_are_flat(runs, data):
    run = data.draw(runs(modes=("hierarchical",)))
    run["protocol"]["nodes_per_group"] = run["nodes"]["count"] // 2 + 1
    hierarchical = evaluate(run)
    run["protocol"]["mode"] = "flat"
    flat = evaluate(run)
    pairs = common(hierarchical, flat)
    assert len(pairs) > 40
    for name, (one, other) in pairs.items():
        assert one == pytest.approx(other, rel=1e-12), name
    assert hierarchical.bottleneck == flat.bottleneck


@settings(max_examples=200)
@given(data=st.data(), micro_batches=st.sampled_from((1, 8, 64)))
def test_pipelines_of_one_stage_are_flat(runs, data, micro_batches):
    run = data.draw(runs(modes=("flat",)))
    run["protocol"]["micro_batches"] = micro_batches
    flat = evaluate(run)
    run["protocol"]["mode"] = "pipeline_groups"
    piped = evaluate(run)
    assert piped.pipeline_stages == 1
    assert piped.mean_activation_bps == 0
    for name, (one, other) in common(piped, flat).items():
        assert one == pytest.approx(other, rel=1e-12), name


@settings(max_examples=200)
@given(data=st.data())
def test_fixed_time_and_fixed_tokens_invert_each_other(runs, data):
    run = data.draw(runs())
    fixed_time = evaluate(run)
    del run["duration"]
    fixed_tokens = evaluate({**run, "tokens": fixed_time.tokens})
    for name, (one, other) in common(fixed_time, fixed_tokens).items():
        assert one == pytest.approx(other, rel=1e-12), name
    both = evaluate({**run, "tokens": fixed_time.tokens, "duration": f"{fixed_time.duration_s!r} s"})
    assert both.feasible
    assert both.tokens == fixed_time.tokens


@settings(max_examples=200)
@given(data=st.data())
def test_waiting_for_an_exchange_is_never_faster_than_hiding_it(runs, data):
    run = data.draw(runs(protocol__streaming=True))
    streaming = evaluate(run)
    run["protocol"]["streaming"] = False
    blocking = evaluate(run)
    assert blocking.throughput_flop <= streaming.throughput_flop / SLACK
    assert blocking.utilisation <= streaming.utilisation / SLACK <= 1 / SLACK**2
    assert blocking.inner_steps == streaming.inner_steps


@settings(max_examples=100)
@given(data=st.data())
def test_a_faster_run_of_fixed_tokens_is_as_good_and_sooner_over(runs, data):
    run = data.draw(runs(modes=("flat",), protocol__inner_steps=100, duration=None))
    scenario = Scenario.read({**run, "tokens": 1e12})
    slow, fast = evaluate(scenario), evaluate(better(scenario, "network.upload", 10.0))
    assert fast.duration_s <= slow.duration_s
    assert (fast.tokens, fast.quality_adjusted_flop) == (slow.tokens, slow.quality_adjusted_flop)


@settings(max_examples=100)
@given(data=st.data())
def test_data_parallel_synchronises_after_every_step(runs, data):
    outcome = evaluate(data.draw(runs(modes=("data_parallel",))))
    assert outcome.inner_steps == outcome.effective_inner_steps == 1
    assert outcome.efficiency_sync_interval == outcome.efficiency_replica == 1


def test_data_parallel_leaves_no_choice_of_steps():
    run = {
        "model": {"parameters": 1e9},
        "nodes": {"count": 8, "hardware": "16x GH200"},
        "network": {"upload": "100 Mbps"},
        "protocol": {"mode": "data_parallel", "inner_steps": 100},
    }
    try:
        outcome = evaluate(run)
    except farflung.InputError as error:
        assert error.field == "protocol.inner_steps"
    else:
        assert outcome.inner_steps == 1


@pytest.mark.parametrize("mode", ["auto", "flat", "hierarchical", "data_parallel"])
def test_a_replica_that_is_one_node_has_one_stage_whatever_is_asked(mode):
    run = {
        "model": {"parameters": 1e9},
        "nodes": {"count": 8, "hardware": "16x GH200"},
        "network": {"upload": "100 Mbps"},
        "protocol": {"mode": mode, "pipeline_stages": 4, "activation_compression": 10},
    }
    try:
        outcome = evaluate(run)
    except farflung.InputError as error:
        assert error.field == "protocol.pipeline_stages"
    else:
        assert (
            outcome.mode == "pipeline_groups" or outcome.pipeline_stages == outcome.efficiency_activation == 1
        )


@settings(max_examples=100)
@given(data=st.data())
def test_one_pipeline_has_nobody_to_synchronise_with(runs, data):
    run = data.draw(runs(modes=("wide_area_pipeline",)))
    first = evaluate(run)
    assert first.replicas == 1
    assert first.synchronisation_time_s == first.mean_upload_bps == 0
    assert first.efficiency == first.efficiency_activation
    assert first.working_nodes == first.pipeline_stages <= run["nodes"]["count"]
    run["network"]["upload"] = "1 kbit/s"
    assert evaluate(run).quality_adjusted_flop == first.quality_adjusted_flop


@settings(max_examples=100)
@given(data=st.data(), count=st.integers(2, 10_000))
def test_backups_trade_a_tenth_of_the_nodes_for_most_of_the_waiting(runs, data, count):
    run = data.draw(
        runs(modes=("flat",), nodes__count=count, protocol__inner_steps=None, protocol__streaming=True)
    )
    run["protocol"]["stragglers"] = "synchronous"
    waiting = evaluate(run)
    run["protocol"]["stragglers"] = "backup"
    backed = evaluate(run)
    assert backed.straggler_factor - 1 == pytest.approx(0.3 * (waiting.straggler_factor - 1), rel=1e-9)
    assert backed.throughput_flop == pytest.approx(waiting.throughput_flop / min(1.1, count), rel=1e-9)
    assert backed.inner_steps <= waiting.inner_steps
    assert backed.capital_cost_usd == waiting.capital_cost_usd


@settings(max_examples=200)
@given(data=st.data())
def test_shares_are_shares_and_the_whole_is_their_product(runs, data):
    outcome = evaluate(data.draw(runs()))
    factors = [n for n in OUTPUTS if n.startswith("efficiency_")]
    assert outcome.efficiency == pytest.approx(math.prod(getattr(outcome, n) for n in factors), rel=1e-12)
    for name in (*factors, "efficiency", "chinchilla_efficiency", "latency_share", "utilisation"):
        assert 0 <= getattr(outcome, name) <= 1 + 1e-12, name
    assert outcome.quality_adjusted_flop <= outcome.local_equivalent_flop <= outcome.throughput_flop


@settings(max_examples=200)
@given(data=st.data())
def test_costs_and_traffic_add_up(runs, data):
    run = data.draw(runs())
    outcome = evaluate(run)
    parts = (outcome.energy_cost_usd, outcome.bandwidth_cost_usd, outcome.staff_cost_usd)
    assert outcome.run_cost_usd == pytest.approx(sum(parts), rel=1e-12)
    assert outcome.total_cost_usd == pytest.approx(outcome.capital_cost_usd + outcome.run_cost_usd)
    assert outcome.energy_j == pytest.approx(outcome.power_w * outcome.duration_s)
    if outcome.replicas > 1:
        sent = outcome.mean_upload_bps * outcome.duration_s
        assert sent == pytest.approx(outcome.sync_payload_bits * outcome.outer_rounds, rel=1e-9)


@pytest.mark.parametrize("mode", ["flat", "hierarchical"])
def test_a_run_that_waits_a_moment_for_an_exchange_is_bound_by_its_compute(mode):
    run = {
        "model": {"parameters": 1e9},
        "nodes": {"count": 32, "hardware": "1x H100 SXM"},
        "network": {"upload": "1 Gbps"},
        "protocol": {"mode": mode, "streaming": False, "inner_steps": 10_000},
    }
    outcome = evaluate(run)
    assert outcome.synchronisation_time_s < 1e-3 * outcome.inner_steps * outcome.step_time_s
    assert outcome.bottleneck == "compute"


@settings(max_examples=100)
@given(data=st.data())
def test_auto_picks_the_first_protocol_that_memory_allows(runs, data):
    run = data.draw(runs(modes=("pipeline_groups",), protocol__inner_steps=None))
    named = evaluate(run)
    assume(named.feasible)
    run["protocol"]["mode"] = "auto"
    chosen = evaluate(run)
    if named.pipeline_stages == 1:
        expected = "flat"
    else:
        expected = "pipeline_groups" if named.groups >= 2 else "wide_area_pipeline"
    assert chosen.mode == expected
    assert [flag.subject for flag in chosen.flags if flag.kind == "choice"] == ["protocol.mode"]
    assert not [flag for flag in named.flags if flag.kind == "choice"]
