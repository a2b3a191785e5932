"""Physics: what must hold whatever the numbers, and what is left at the edges."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.physics import compute, links, memory, pipeline, schedule, stragglers


def logarithmic(low, high):
    return st.floats(math.log(low), math.log(high)).map(math.exp)


seconds = logarithmic(1e-6, 1e9)
rates = logarithmic(1e3, 1e12)
counts = st.integers(1, 10**6).map(float)
more = logarithmic(1.0, 1e3)
exchanges = st.fixed_dictionaries(
    {
        "payload": logarithmic(1.0, 1e15),
        "upload_bandwidth": rates,
        "download_bandwidth": rates,
        "latency": st.just(0.0) | logarithmic(1e-6, 1e3),
        "peers": counts,
        "straggler_factor": st.floats(1, 3),
    }
)


@given(exchanges, more, st.sampled_from(("upload_bandwidth", "download_bandwidth")))
def test_more_bandwidth_never_slows_an_exchange(exchange, factor, link):
    faster = exchange | {link: exchange[link] * factor}
    assert links.exchange_time(**faster) <= links.exchange_time(**exchange)


@given(exchanges, more, st.sampled_from(("latency", "payload", "straggler_factor")))
def test_latency_payload_and_stragglers_never_help_an_exchange(exchange, factor, burden):
    heavier = exchange | {burden: exchange[burden] * factor}
    assert links.exchange_time(**heavier) >= links.exchange_time(**exchange)


@given(exchanges)
def test_an_exchange_is_at_least_its_two_transfers_and_one_has_nobody_to_exchange_with(exchange):
    once = sum(exchange["payload"] / exchange[f"{way}load_bandwidth"] for way in ("up", "down"))
    assert links.exchange_time(**exchange | {"peers": 2.0}) >= once * (1 - 1e-12)
    assert links.exchange_time(**exchange | {"peers": 1.0}) == 0
    assert links.mean_rate(payload=exchange["payload"], peers=1.0, outer_round_time=1.0) == 0


@given(exchanges)
def test_the_share_of_latency_is_a_share(exchange):
    total = links.exchange_time(**exchange)
    share = links.latency_share(latency=exchange["latency"], synchronisation_time=total)
    assert 0 <= share <= 1
    assert links.latency_share(latency=exchange["latency"], synchronisation_time=0.0) == 0


@given(counts, counts, st.floats(0, 0.2))
def test_more_participants_wait_longer(peers, other, slope):
    fewer, several = sorted((peers, other))
    short, long = (stragglers.straggler_factor(peers=n, straggler_slope=slope) for n in (fewer, several))
    assert 1 <= short <= long


spreads = st.floats(0, 3)


@given(counts, counts, spreads, spreads)
def test_the_slowest_of_more_or_of_less_alike_takes_longer(peers, other, spread, another):
    def factor(peers, spread):
        return stragglers.order_statistics_factor(
            peers=peers, spread=spread, order_statistics_growth=0.16, order_statistics_exponent=3.6
        )

    (fewer, several), (alike, apart) = sorted((peers, other)), sorted((spread, another))
    assert 1 <= factor(fewer, alike) <= factor(several, alike) * (1 + 1e-12)
    assert factor(several, alike) <= factor(several, apart) * (1 + 1e-12)
    assert factor(1.0, apart) == factor(several, 0.0) == 1


@given(exchanges, more, st.sampled_from(("upload_bandwidth", "download_bandwidth", "latency")), spreads)
def test_no_better_link_makes_the_slowest_exchange_take_longer(exchange, gain, better, spread):
    def time(exchange):
        def slowest(spread):
            return stragglers.order_statistics_factor(
                peers=exchange["peers"],
                spread=spread,
                order_statistics_growth=0.16,
                order_statistics_exponent=3.6,
            )

        link = {name: exchange[name] for name in ("payload", "upload_bandwidth", "download_bandwidth")}
        factor = stragglers.exchange_straggler_factor(
            **link,
            latency=exchange["latency"],
            one_way_factor=slowest(spread),
            both_ways_factor=slowest(stragglers.exchange_spread(**link, transfer_spread=spread)),
        )
        assert factor >= 1 - 1e-12
        return links.exchange_time(**exchange | {"straggler_factor": factor})

    improved = exchange[better] / gain if better == "latency" else exchange[better] * gain
    assert time(exchange | {better: improved}) <= time(exchange) * (1 + 1e-9)


@given(seconds, seconds)
def test_least_inner_steps_hide_the_exchange_and_one_fewer_does_not(exchange, step):
    steps = schedule.least_inner_steps(exchange_time=exchange, step_time=step)
    assert steps >= 1
    assert steps == math.floor(steps)
    assert steps * step >= exchange * (1 - 1e-12)
    assert steps == 1 or (steps - 1) * step < exchange * (1 + 1e-12)


@given(seconds, seconds, st.floats(0, 1))
def test_overlap_saves_at_most_the_shorter_of_the_two(work, exchange, overlap):
    beside, part, after = (
        schedule.round_time(work_time=work, exchange_time=exchange, overlap=share)
        for share in (1.0, overlap, 0.0)
    )
    assert max(work, exchange) == beside
    assert after == work + exchange
    assert beside * (1 - 1e-12) <= part <= after * (1 + 1e-12)


@given(st.integers(1, 10**4), logarithmic(1e6, 1e15), st.integers(1, 10**6))
def test_stages_hold_the_model_and_one_fewer_would_not(filled, held, nodes):
    needed = (filled - 0.5) * held
    stages = memory.pipeline_stages(required_memory=needed, node_memory=held)
    assert stages * held >= needed > (stages - 1) * held
    groups = memory.pipeline_groups(nodes=float(nodes), pipeline_stages=stages)
    working = memory.working_nodes(groups=groups, pipeline_stages=stages)
    assert nodes - stages < working <= nodes


pipelines = st.fixed_dictionaries(
    {
        "pipeline_stages": st.integers(2, 64).map(float),
        "micro_batches": st.integers(1, 64).map(float),
        "micro_batch_compute_time": seconds,
        "micro_batch_transfer_time": seconds,
        "pipeline_latency": st.just(0.0) | logarithmic(1e-6, 10.0),
        "pipeline_straggler_factor": st.floats(1, 2),
        "expert_parallel_time": st.just(0.0) | seconds,
    }
)


@given(pipelines, more)
def test_slower_parts_never_quicken_a_pipeline(parts, factor):
    for part in parts:
        slower = pipeline.pipeline_step_time(**parts | {part: parts[part] * factor})
        assert slower >= pipeline.pipeline_step_time(**parts) * (1 - 1e-12), part


@given(pipelines)
def test_one_stage_transfers_nothing(parts):
    alone = parts | {"pipeline_stages": 1.0}
    expected = parts["micro_batches"] * parts["micro_batch_compute_time"] + parts["expert_parallel_time"]
    assert pipeline.pipeline_step_time(**alone) == pytest.approx(expected, rel=1e-12)
    assert pipeline.activation_rate(activation_payload=1e9, pipeline_stages=1.0, step_time=1.0) == 0


@given(pipelines, seconds)
def test_a_pipeline_is_never_faster_than_its_nodes_together(parts, whole):
    share = pipeline.micro_batch_compute_time(
        compute_time=whole, pipeline_stages=parts["pipeline_stages"], micro_batches=parts["micro_batches"]
    )
    step = pipeline.pipeline_step_time(**parts | {"micro_batch_compute_time": share})
    assert step >= whole / parts["pipeline_stages"] * (1 - 1e-12)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_fewer_than_two_groups_are_no_groups(nodes, per_group):
    groups = schedule.group_count(nodes=float(nodes), nodes_per_group=float(per_group))
    assert groups == nodes // per_group
    answer = schedule.where_grouped(groups=groups, grouped=1.0, ungrouped=2.0)
    assert answer == (1.0 if 2 * per_group <= nodes else 2.0)


@given(st.floats(1e-3, 1e3), st.floats(0, 1e3), st.floats(1, 100))
def test_experts_on_one_node_need_no_exchange(layers, latency, experts):
    wait = compute.expert_parallel_time(expert_layers=layers, expert_parallelism=experts, latency=latency)
    assert wait == (2 * latency * layers if experts > 1 else 0)
