"""The law's own allocation: the figures worked out elsewhere, and no other does better."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.learning import allocation, scaling_law

LAW = {
    "loss_irreducible": 1.8172,
    "loss_parameter_coefficient": 482.01,
    "loss_parameter_exponent": 0.3478,
    "loss_token_coefficient": 2085.43,
    "loss_token_exponent": 0.3658,
}


def logarithmic(low, high):
    return st.floats(math.log(low), math.log(high)).map(math.exp)


exponents = st.floats(0.2, 0.8)
laws = st.fixed_dictionaries(
    {
        "loss_irreducible": st.just(0.0),
        "loss_parameter_coefficient": logarithmic(1, 1e5),
        "loss_parameter_exponent": exponents,
        "loss_token_coefficient": logarithmic(1, 1e5),
        "loss_token_exponent": exponents,
    }
)
flops = logarithmic(1e15, 1e28)


def reducible(law):
    return {name: value for name, value in law.items() if name != "loss_irreducible"}


def best(flop, law):
    """Return parameters and tokens of the law's own optimum."""
    size = allocation.parameters_for_flop(flop=flop, **reducible(law))
    return size, flop / (6 * size)


def needed(size, data, law):
    """Return the least compute for the loss of this size and data."""
    return allocation.flop_for_loss(loss=scaling_law.loss(parameters=size, tokens=data, **law), **law)


@pytest.mark.parametrize(
    ("flop", "ratio"),
    [(1e18, 25.7), (1e21, 21.6), (5.76e23, 18.4), (1e24, 18.1), (1e25, 17.1), (1e26, 16.1)],
)
def test_tokens_per_parameter_of_the_printed_law(flop, ratio):
    size, data = best(flop, LAW)
    assert data / size == pytest.approx(ratio, abs=0.05)
    tokens = allocation.tokens_for_parameters(parameters=size, **reducible(LAW))
    assert tokens == pytest.approx(data, rel=1e-12)
    assert needed(size, data, LAW) == pytest.approx(flop, rel=1e-11)


def test_the_first_order_condition_and_the_closed_forms_of_a_loss():
    a, b = LAW["loss_parameter_exponent"], LAW["loss_token_exponent"]
    size = (LAW["loss_parameter_coefficient"] * (1 + a / b) / 0.1) ** (1 / a)
    data = (LAW["loss_token_coefficient"] * (1 + b / a) / 0.1) ** (1 / b)
    by_size = LAW["loss_parameter_coefficient"] * size**-a
    by_data = LAW["loss_token_coefficient"] * data**-b
    assert a * by_size == pytest.approx(b * by_data, rel=1e-12)
    assert by_size + by_data == pytest.approx(0.1, rel=1e-12)
    least = allocation.flop_for_loss(loss=LAW["loss_irreducible"] + 0.1, **LAW)
    assert least == pytest.approx(6 * size * data, rel=1e-11)
    assert allocation.tokens_for_parameters(parameters=size, **reducible(LAW)) == pytest.approx(data)


@given(laws, flops, st.floats(-3, 3))
def test_no_other_split_of_the_compute_reaches_a_lower_loss(law, flop, shift):
    size, data = best(flop, law)
    least = scaling_law.loss(parameters=size, tokens=data, **law)
    other = scaling_law.loss(parameters=size * math.exp(shift), tokens=data * math.exp(-shift), **law)
    assert other >= least * (1 - 1e-13)
    assert abs(shift) < 0.1 or other > least


@given(laws, flops)
def test_sizes_tokens_and_losses_lead_back_to_the_compute(law, flop):
    size, data = best(flop, law)
    assert allocation.tokens_for_parameters(parameters=size, **reducible(law)) == pytest.approx(
        data, rel=1e-10
    )
    assert needed(size, data, law) == pytest.approx(flop, rel=1e-9)


@given(laws, logarithmic(1e6, 1e14), logarithmic(1e8, 1e16))
def test_chinchilla_efficiency_needs_no_cap(law, size, data):
    spent = 6 * size * data
    least = needed(size, data, law)
    assert least <= spent * (1 + 1e-9)
    assert 0 < scaling_law.chinchilla_efficiency(reference_flop=least, throughput_flop=spent) <= 1


@given(laws, flops, logarithmic(1.01, 1e3))
def test_more_compute_is_worth_more_of_both(law, flop, factor):
    few, many = best(flop, law), best(flop * factor, law)
    assert many[0] > few[0]
    assert many[1] > few[1]
    assert needed(*many, law) > needed(*few, law)
