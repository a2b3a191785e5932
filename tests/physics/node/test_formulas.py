"""The formulas of a node's step: known values, limits and monotony."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farflung.physics.node import architecture, attention, collectives, launch, matmul, memory, schedule

positive = st.floats(0.01, 1e6)


def test_a_full_wave_leaves_nothing_idle():
    full = matmul.idle_wave_share(rows=1280, columns=2560, tile_rows=128, tile_columns=256, units=100)
    over = matmul.idle_wave_share(rows=1281, columns=2560, tile_rows=128, tile_columns=256, units=100)
    assert full == 0.0
    assert over == pytest.approx(2.0 / 1.1 - 1.0)


def test_a_product_takes_its_operations_over_the_rate():
    time = matmul.matmul_time(
        rows=100, columns=200, depth=300, count=2, matmul_rate=1e6, idle_wave_share=0.5, wave_coefficient=0.4
    )
    assert time == pytest.approx(2 * 2 * 100 * 200 * 300 / 1e6 * 1.2)


def test_attention_of_half_the_pairs_takes_half_the_time():
    given_ = {
        "sequences": 2, "sequence_length": 4096, "score_width": 16384, "attention_rate": 5e14,
        "half_rate_length": 0.0,
    }  # fmt: skip
    whole = attention.fused_attention_time(**given_, attended_share=1.0)
    assert attention.fused_attention_time(**given_, attended_share=0.5) == pytest.approx(0.5 * whole)


def test_attention_that_writes_its_scores_is_slower_than_fused():
    shape = {"sequences": 1, "sequence_length": 4096, "score_width": 16384}
    fused = attention.fused_attention_time(
        **shape, attended_share=0.5, attention_rate=5e14, half_rate_length=300
    )
    written = attention.written_scores_time(
        **shape, heads=64, matmul_rate=5e14, memory_bandwidth=3e12, score_bytes=16
    )
    assert written > fused


@given(volume=positive, inside=positive, latency=st.floats(0.0, 1.0), rounds=st.sampled_from((1.0, 2.0)))
def test_a_group_of_one_sends_nothing(volume, inside, latency, rounds):
    alone = {"group": 1.0, "members_in_domain": 1.0}
    ring = collectives.collective_time(
        **alone, volume=volume, rounds=rounds, bandwidth=inside, domain_latency=latency,
        network_latency=latency,
    )  # fmt: skip
    exchange = collectives.all_to_all_time(
        **alone, volume=volume, outside_volume=0.0, domain_rate=inside, network_rate=inside,
        domain_latency=latency, network_latency=latency,
    )  # fmt: skip
    assert ring == exchange == 0.0


@settings(max_examples=100)
@given(
    group=st.sampled_from((2.0, 8.0, 64.0)), stride=st.sampled_from((1.0, 4.0, 8.0)), inside=positive,
    outside=positive, more=st.floats(1.0, 10.0),
)  # fmt: skip
def test_more_bandwidth_never_slows_a_ring(group, stride, inside, outside, more):
    def time(domain_bandwidth: float, network_bandwidth: float) -> float:
        near = collectives.members_in_domain(group=group, stride=stride, domain_size=8.0)
        bandwidth = collectives.group_bandwidth(
            group=group, members_in_domain=near, domain_bandwidth=domain_bandwidth,
            network_bandwidth=network_bandwidth, domain_efficiency=0.8, network_efficiency=0.8,
        )  # fmt: skip
        return collectives.collective_time(
            volume=1e9, rounds=2.0, group=group, members_in_domain=near, bandwidth=bandwidth,
            domain_latency=0.0, network_latency=0.0,
        )  # fmt: skip

    assert time(inside * more, outside) <= time(inside, outside)
    assert time(inside, outside * more) <= time(inside, outside)


@given(communication=positive, work=positive, share=st.floats(0.0, 1.0))
def test_hidden_communication_stays_between_sum_and_maximum(communication, work, share):
    seen = collectives.partly_hidden_time(
        communication_time=communication, compute_time=work, hidden_share=share
    )
    assert max(communication, work) <= seen * (1 + 1e-12)
    assert seen <= (communication + work) * (1 + 1e-12)


@given(chip=positive, host=positive)
def test_a_pass_takes_at_least_the_longer_of_chip_and_host(chip, host):
    both = launch.overlapped_time(chip_time=chip, host_time=host, sharpness=6.0)
    assert max(chip, host) * (1 - 1e-12) <= both <= 2 ** (1 / 6) * max(chip, host) * (1 + 1e-12)


def test_one_stage_is_no_pipeline():
    alone = schedule.pipeline_step_time(
        micro_batches=8, stages=1, interleaving=1, slowest_stage_time=3.0, mean_stage_time=2.0,
        transfer_time=5.0, transfer_share=1.0,
    )  # fmt: skip
    assert alone == 24.0


def test_a_pipeline_of_equal_stages_has_the_textbook_bubble():
    time = schedule.pipeline_step_time(
        micro_batches=8, stages=4, interleaving=2, slowest_stage_time=1.0, mean_stage_time=1.0,
        transfer_time=0.0, transfer_share=1.0,
    )  # fmt: skip
    assert time == pytest.approx(8 + 3 / 2)


@pytest.mark.parametrize(
    ("layers", "stages", "blocks", "slowest"),
    [(126, 8, 8, 16), (96, 8, 12, 12), (61, 4, 1, 16), (5, 1, 1, 5)],
)
def test_the_slowest_stage_has_whole_layers(layers, stages, blocks, slowest):
    found = schedule.slowest_stage_layers(layers=layers, stages=stages, interleaving=blocks)
    assert found == slowest


@given(shards=st.floats(1.0, 512.0))
def test_more_sharding_never_needs_more_memory(shards):
    sizes = [
        memory.state_bytes(
            parameters=1e9, weight_bytes=2.0, gradient_bytes=4.0, optimiser_bytes=12.0, shards=shards,
            zero_stage=stage,
        )
        for stage in (0.0, 1.0, 2.0, 3.0)
    ]  # fmt: skip
    assert sizes[0] == 18e9
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[3] == pytest.approx(18e9 / shards)


def test_streaming_a_tenth_of_the_model_needs_a_tenth_of_the_buffers():
    state = {
        "parameters": 1e9, "shards": 1.0, "outer_weight_bytes": 0.0, "outer_momentum_bytes": 0.0,
        "feedback_bytes": 0.0, "buffer_bytes": 4.0,
    }  # fmt: skip
    assert memory.low_communication_bytes(**state, fragment_share=1.0) == 4e9
    assert memory.low_communication_bytes(**state, fragment_share=0.1) == pytest.approx(4e8)


@given(parameters=st.floats(1e9, 1e13))
def test_the_shape_law_returns_the_size_it_was_given(parameters):
    width = architecture.hidden_width_of_size(parameters=parameters, vocabulary=128_000.0, aspect_ratio=128.0)
    assert 12 / 128 * width**3 + 2 * 128_000 * width == pytest.approx(parameters, rel=1e-9)


def test_model_flop_of_gpt3_are_those_of_its_paper():
    layer = 12 * 12288.0**2
    flop = architecture.model_flop(
        tokens=1.0, active_matrix_parameters=96 * layer, layers=96.0, sequence_length=2048.0,
        score_width=2 * 12288.0, attended_share=1.0,
    )  # fmt: skip
    # Narayanan and others: 72 B s l h² (1 + s / 6h), recomputation apart
    assert flop == pytest.approx(72 * 96 * 12288.0**2 * (1 + 2048 / (6 * 12288)), rel=1e-12)


def test_stragglers_do_nothing_inside_one_domain():
    found = schedule.lagging_factor(domains=np.array([0.25, 1.0, 2.0]), lag=0.01)
    assert found.tolist() == [1.0, 1.0, 1.01]
