"""The joint law: one charge, none for one replica, convex in doublings, never a gain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung import evaluate
from farflung.learning import distributed_loss as law
from farflung.scenario import load_assumptions

BELIEVED = load_assumptions("calibrated-2026-11")
VALUES = {name: value for name, (value, _) in BELIEVED.values.items()}
DIVERGENCE = {n: v for n, v in VALUES.items() if n.startswith("divergence_")}
FREE = {n: VALUES[n] for n in ("lossless_value_bits_plain", "lossless_value_bits_feedback")}
COSTS = {n: v for n, v in VALUES.items() if n.startswith("dropping_")}
sizes, intervals = st.floats(1e7, 1e12), st.floats(1, 3000)


def penalty(m, h, *, n=1e9, d=None, **changes):
    return law.divergence_penalty(
        parameters=n, tokens=20 * n if d is None else d, replicas=m, effective_inner_steps=h,
        **{**DIVERGENCE, **changes},
    )  # fmt: skip


def compressed(ratio, feedback, *, bits=16.0, m=8.0):
    wire = law.wire_bits(pseudo_gradient_bits=bits, compression_ratio=ratio)
    value = law.sent_value_bits(wire_bits=wire, error_feedback=feedback, **FREE)
    share = law.sent_share(wire_bits=wire, value_bits=value, index_bits=VALUES["index_bits"])
    return law.compression_penalty(replicas=m, sent_share=share, error_feedback=feedback, **COSTS)


@given(sizes, intervals)
def test_one_replica_and_data_parallel_training_cost_nothing(n, h):
    assert penalty(1.0, h, n=n) == 0.0
    assert penalty(16.0, 1.0, n=n) == 0.0


@given(sizes, st.floats(2, 1000))
def test_the_penalty_is_convex_in_doublings_and_rises_with_them(n, h):
    doublings = np.linspace(0.25, 10, 40)
    found = penalty(2**doublings, h, n=n)
    assert (np.diff(found) > 0).all()
    assert (np.diff(found, 2) > -1e-12 * found.max()).all()


@given(st.floats(1.1, 1000), sizes)
def test_more_steps_fewer_tokens_and_smaller_models_cost_more(m, n):
    assert (np.diff(penalty(m, np.geomspace(1.5, 3000, 30), n=n)) > 0).all()
    assert (np.diff(penalty(m, 100.0, n=n, d=np.geomspace(1, 1000, 30) * n)) < 0).all()
    grown = np.geomspace(1e7, 1e12, 30)
    assert (np.diff(penalty(m, 100.0, n=grown, d=20 * grown)) < 0).all()


def test_the_law_at_its_units_is_its_coefficient():
    assert penalty(2.0, 30.0) == pytest.approx(VALUES["divergence_coefficient"], rel=1e-12)


def test_what_is_beyond_the_data_changes_nothing_inside_them():
    beyond = {"divergence_replica_exponent_beyond": 0.5, "divergence_size_exponent_beyond": 0.1}
    assert penalty(8.0, 30.0, n=10e9, **beyond) == pytest.approx(penalty(8.0, 30.0, n=10e9), rel=1e-12)
    assert penalty(16.0, 30.0, **beyond) > penalty(16.0, 30.0)
    assert penalty(4.0, 30.0, n=1e11, **beyond) > penalty(4.0, 30.0, n=1e11)


def test_the_law_meets_what_was_measured():
    # Charles, 1.3B: 0.012 nats with 4 replicas and 0.033 with 8, each +- 0.008.
    assert penalty(4.0, 30.0, n=1.3e9) == pytest.approx(0.012, abs=0.008)
    assert penalty(8.0, 30.0, n=1.3e9) == pytest.approx(0.033, abs=0.008)
    # Streaming, mean over sizes: +0.033 nats from H = 30 to 100 with 4 replicas, as a bound.
    assert 0.005 < penalty(4.0, 100.0, n=3e8) - penalty(4.0, 30.0, n=3e8) < 0.033


def test_what_is_free_is_free_and_less_is_never_cheaper():
    assert compressed(4.0, 0.0) == pytest.approx(0.0, abs=1e-20)  # 4 bits, no error feedback
    assert compressed(8.0, 1.0) == pytest.approx(0.0, abs=1e-20)  # 2 bits with it
    ratios = np.geomspace(1.0, 1e4, 200)
    for feedback in (0.0, 1.0):
        assert (np.diff(compressed(ratios, feedback)) >= -1e-15).all()
    assert (compressed(ratios, 1.0) <= compressed(ratios, 0.0)).all()
    assert np.all(compressed(ratios, 0.0, m=1.0) == 0.0)
    # The same ratio of fewer bits leaves less: a ratio alone says little.
    assert compressed(16.0, 0.0, bits=8.0) > compressed(16.0, 0.0, bits=16.0)


@given(st.floats(0.01, 64), st.sampled_from([2.0, 4.0]))
def test_no_more_is_sent_than_there_is_room_for(wire, value):
    share = law.sent_share(wire_bits=wire, value_bits=max(value, wire), index_bits=12.0)
    assert 0 < share <= 1
    assert share == 1 or min(share * (value + 12), 1 + share * value) <= wire * (1 + 1e-9)


RUN = {
    "model": {"parameters": 5e9},
    "nodes": {"count": 8, "hardware": "16x GH200"},
    "network": {"upload": "1 Gbps"},
    "assumptions": "calibrated-2026-11",
    "protocol": {"mode": "flat", "inner_steps": 50, "compression": 16, "error_feedback": True},
}


def run(**protocol):
    return evaluate({**RUN, "protocol": {**RUN["protocol"], **protocol}})


def test_the_set_charges_everything_once():
    found = run()
    assert found.efficiency_sync_interval == 1.0
    assert 0 < found.efficiency_replica < 1
    assert 0 < found.efficiency_compression < 1
    assert found.efficiency == pytest.approx(found.efficiency_replica * found.efficiency_compression)


def test_one_node_and_data_parallel_training_keep_all_they_compute():
    one = evaluate({**RUN, "nodes": {**RUN["nodes"], "count": 1}})
    assert one.efficiency == 1.0
    parallel = evaluate({**RUN, "protocol": {"mode": "data_parallel", "compression": 1}})
    assert parallel.efficiency == pytest.approx(1.0, abs=1e-12)


def test_error_feedback_and_fewer_steps_help():
    assert run(error_feedback=False).efficiency_compression < run().efficiency_compression
    assert run(inner_steps=500).efficiency_replica < run().efficiency_replica
    assert run(compression=500).efficiency_compression < run().efficiency_compression


def test_leaving_what_was_measured_is_said():
    def subjects(found):
        return {flag.subject for flag in found.flags if flag.kind == "extrapolated"}

    assert not {"efficiency_replica", "compression_penalty"} & subjects(run())
    many = evaluate({**RUN, "nodes": {**RUN["nodes"], "count": 72}})
    assert "efficiency_replica" in subjects(many)
    assert "compression_penalty" in subjects(run(compression=500))
