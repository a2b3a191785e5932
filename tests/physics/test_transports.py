"""Transports against numbers worked by hand, and uneven pipelines against even ones."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.physics import pipeline, transports


def test_sending():
    assert transports.sending_time(payload=240e9, bandwidth=1e8, latency=0.1) == pytest.approx(2400.05)


@pytest.mark.parametrize(
    ("server", "peers", "rate"), [(1e9, 5, 1e8), (1e9, 10, 1e8), (1e9, 40, 25e6), (math.inf, 1e6, 1e8)]
)
def test_a_server_s_link_is_shared(server, peers, rate):
    assert transports.shared_bandwidth(bandwidth=1e8, server_bandwidth=server, peers=peers) == rate


@pytest.mark.parametrize(
    ("peers", "seconds", "bits"), [(1, 0, 0), (2, 12, 1000), (4, 21, 1500), (10, 36, 1800)]
)
def test_ring(peers, seconds, bits):
    time = transports.ring_time(payload=1000.0, bandwidth=100.0, latency=2.0, peers=peers)
    assert time == pytest.approx(seconds)
    assert transports.ring_bits(payload=1000.0, peers=peers) == pytest.approx(bits)


def test_updates_of_others():
    assert transports.bits_of_others(payload=1000.0, peers=20) == 19_000
    assert transports.bits_of_others(payload=1000.0, peers=1) == 0


@given(st.integers(2, 100), st.integers(1, 64), st.tuples(*(st.floats(1e-3, 1e3),) * 4))
def test_an_uneven_pipeline_of_equal_stages_is_the_published_one(stages, micro, times):
    compute, transfer, lag, experts = times
    slot = compute + transfer + lag
    published = pipeline.pipeline_step_time(
        pipeline_stages=float(stages),
        micro_batches=float(micro),
        micro_batch_compute_time=compute,
        micro_batch_transfer_time=transfer,
        pipeline_latency=lag,
        pipeline_straggler_factor=1.0,
        expert_parallel_time=experts,
    )
    uneven = pipeline.uneven_pipeline_step_time(
        slowest_stage_time=slot,
        all_stages_time=stages * slot,
        micro_batches=float(micro),
        expert_parallel_time=experts,
    )
    assert uneven == pytest.approx(published, rel=1e-12)


def test_an_uneven_pipeline():
    seconds = pipeline.uneven_pipeline_step_time(
        slowest_stage_time=5.0, all_stages_time=12.0, micro_batches=8.0, expert_parallel_time=1.0
    )
    assert seconds == 7 * 5 + 12 + 1
