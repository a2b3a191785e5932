"""The loss added by distribution: worked by hand at the law's units, and never lower for harder demands."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.learning import distributed_loss as law

DIVERGENCE = {
    "divergence_coefficient": 0.005,
    "divergence_size_exponent": 0.44,
    "divergence_token_exponent": 0.5,
    "divergence_replica_exponent": 1.6,
    "divergence_interval_exponent": 1.9,
    "divergence_size_unit": 1e9,
    "divergence_token_unit": 20.0,
    "divergence_interval_unit": 30.0,
    "divergence_fitted_replicas": 8.0,
    "divergence_fitted_parameters": 1e10,
    "divergence_replica_exponent_beyond": 0.5,
    "divergence_size_exponent_beyond": -0.1,
}
LOSSLESS = {"lossless_value_bits_plain": 4.0, "lossless_value_bits_feedback": 2.0}
COMPRESSION = {
    "dropping_coefficient_plain": 0.004,
    "dropping_coefficient_feedback": 0.00015,
    "dropping_exponent": 2.0,
}


def logarithmic(low, high):
    return st.floats(math.log(low), math.log(high)).map(math.exp)


def divergence(parameters=1e9, tokens_per_parameter=20.0, replicas=2.0, steps=30.0):
    return law.divergence_penalty(
        parameters=parameters,
        tokens=tokens_per_parameter * parameters,
        replicas=replicas,
        effective_inner_steps=steps,
        **DIVERGENCE,
    )


def compression(share=1.0, *, feedback=0.0, replicas=2.0):
    return law.compression_penalty(
        replicas=replicas, sent_share=share, error_feedback=feedback, **COMPRESSION
    )


@pytest.mark.parametrize(
    ("run", "times"),
    [
        ({}, 1),
        ({"replicas": 1.0}, 0),
        ({"steps": 1.0}, 0),
        ({"replicas": 8.0}, 3**1.6),
        ({"steps": 900.0}, 2**1.9),
        ({"tokens_per_parameter": 80.0}, 4**-0.5),
        ({"parameters": 1e10}, 10**-0.44),
        ({"replicas": 64.0}, 6**1.6 * 2**0.5),
        ({"parameters": 1e11}, 100**-0.44 * 10**-0.1),
    ],
)
def test_divergence_beside_that_of_the_law_s_units(run, times):
    assert divergence(**run) == pytest.approx(0.005 * times)


@given(logarithmic(1e7, 1e13), logarithmic(1, 1e4), logarithmic(1, 1e5), logarithmic(1, 1e3))
def test_more_replicas_and_rarer_synchronisation_never_add_less(parameters, replicas, steps, factor):
    added = divergence(parameters=parameters, replicas=replicas, steps=steps)
    for harder in (
        {"replicas": replicas * factor, "steps": steps},
        {"replicas": replicas, "steps": steps * factor},
    ):
        assert divergence(parameters=parameters, **harder) >= added * (1 - 1e-12)


@pytest.mark.parametrize(("ratio", "feedback", "bits"), [(1, 0, 16), (8, 0, 4), (8, 1, 2), (100, 1, 2)])
def test_bits_of_a_sent_value(ratio, feedback, bits):
    wire = law.wire_bits(pseudo_gradient_bits=16.0, compression_ratio=ratio)
    assert wire == 16 / ratio
    assert law.sent_value_bits(wire_bits=wire, error_feedback=feedback, **LOSSLESS) == bits


@pytest.mark.parametrize(("wire", "share"), [(16, 1), (4, 1), (1.5, 0.125), (0.5, 0.03125)])
def test_values_are_indexed_or_mapped_whichever_sends_more(wire, share):
    assert law.sent_share(wire_bits=wire, value_bits=4.0, index_bits=12.0) == share


@pytest.mark.parametrize(
    ("sent", "added"),
    [
        ({}, 0),
        ({"share": 0.25}, 0.016),
        ({"share": 0.25, "feedback": 1.0}, 0.0006),
        ({"share": 0.25, "replicas": 1.0}, 0),
    ],
)
def test_what_compression_adds(sent, added):
    assert compression(**sent) == pytest.approx(added, rel=1e-12, abs=1e-20)


@given(logarithmic(1, 1e4), logarithmic(1, 100), st.sampled_from((0.0, 1.0)))
def test_harder_compression_never_adds_less(ratio, factor, feedback):
    def added(ratio):
        wire = law.wire_bits(pseudo_gradient_bits=16.0, compression_ratio=ratio)
        bits = law.sent_value_bits(wire_bits=wire, error_feedback=feedback, **LOSSLESS)
        return compression(
            law.sent_share(wire_bits=wire, value_bits=bits, index_bits=12.0), feedback=feedback
        )

    assert added(ratio * factor) >= added(ratio) * (1 - 1e-12)


def test_penalties_add():
    total = law.distributed_loss(loss=2.0, divergence_penalty=0.01, compression_penalty=0.02)
    assert total == pytest.approx(2.03)
