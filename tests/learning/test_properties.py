"""Learning: what must hold whatever the numbers, and the inverse of the scaling law."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from farflung.catalog.tables import loadable_names
from farflung.learning import compression, replicas, scaling_law, sync_interval
from farflung.scenario import load_assumptions

SETS = [load_assumptions(name) for name in loadable_names()]
PAPER = load_assumptions("miri-2026-04")
TABLES = [column for s in SETS for table in s.tables.values() for column in table.columns.values()]


def logarithmic(low, high):
    return st.floats(math.log(low), math.log(high)).map(math.exp)


exponents = st.floats(0.2, 0.8)
laws = st.fixed_dictionaries(
    {
        "loss_irreducible": st.floats(0, 3),
        "loss_parameter_coefficient": logarithmic(1, 1e5),
        "loss_parameter_exponent": exponents,
        "loss_token_coefficient": logarithmic(1, 1e5),
        "loss_token_exponent": exponents,
    }
)
sizes, tokens, ratios = logarithmic(1e5, 1e15), logarithmic(1e6, 1e18), logarithmic(0.1, 1e4)


def bisected_size(excess, law, ratio):
    """Return ln N where A N^−a + B (r N)^−b equals the excess, by halving an interval 200 times."""
    a, b = law["loss_parameter_exponent"], law["loss_token_exponent"]
    by_size, by_data = math.log(law["loss_parameter_coefficient"]), math.log(law["loss_token_coefficient"])
    by_data -= b * math.log(ratio)

    def above(n):
        return math.exp(by_size - a * n) + math.exp(by_data - b * n) > excess

    low, high = -300.0, 300.0
    assert above(low)
    assert not above(high)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) else (low, middle)
    return low


@settings(max_examples=500)
@given(laws, logarithmic(1e-3, 1e3), ratios)
@example(
    law={
        "loss_irreducible": 0.0,
        "loss_parameter_coefficient": 1e5,
        "loss_parameter_exponent": 0.2,
        "loss_token_coefficient": 1.0,
        "loss_token_exponent": 0.8,
    },
    excess=0.01,
    ratio=0.1,
)
def test_reference_parameters_solve_the_equation(law, excess, ratio):
    loss = law["loss_irreducible"] + excess
    excess = loss - law["loss_irreducible"]
    size = scaling_law.reference_parameters(loss=loss, reference_tokens_per_parameter=ratio, **law)
    assert size == pytest.approx(math.exp(bisected_size(excess, law, ratio)), rel=1e-12)


def test_a_library_that_cannot_look_at_its_numbers_takes_every_step(monkeypatch):
    law = {name: value for name, (value, _) in PAPER.values.items() if name.startswith("loss_")}
    looked = scaling_law.reference_parameters(loss=2.1, reference_tokens_per_parameter=25.6, **law)
    monkeypatch.setattr(scaling_law, "is_traced", lambda _: True)
    blind = scaling_law.reference_parameters(loss=2.1, reference_tokens_per_parameter=25.6, **law)
    assert blind == pytest.approx(looked, rel=1e-13)


@settings(max_examples=300)
@given(sizes, ratios)
def test_reference_parameters_invert_the_published_law(size, ratio):
    law = {name: value for name, (value, _) in PAPER.values.items() if name.startswith("loss_")}
    loss = scaling_law.loss(parameters=size, tokens=ratio * size, **law)
    back = scaling_law.reference_parameters(loss=loss, reference_tokens_per_parameter=ratio, **law)
    # The loss keeps only so many digits of what is above its floor, and the inverse multiplies what is lost.
    significant = (loss - law["loss_irreducible"]) / loss
    assert back == pytest.approx(size, rel=1e-15 / 0.3 / significant * 4 + 1e-12)


@given(laws, sizes, tokens, logarithmic(1, 1e3))
def test_more_parameters_or_tokens_never_raise_the_loss(law, size, data, factor):
    loss = scaling_law.loss(parameters=size, tokens=data, **law)
    assert loss >= law["loss_irreducible"]
    assert scaling_law.loss(parameters=size * factor, tokens=data, **law) <= loss
    assert scaling_law.loss(parameters=size, tokens=data * factor, **law) <= loss


@given(laws, sizes, tokens, ratios)
def test_no_allocation_is_credited_with_more_than_it_spent(law, size, data, ratio):
    spent = 6 * size * data
    loss = scaling_law.loss(parameters=size, tokens=data, **law)
    if loss == law["loss_irreducible"]:
        return
    needed = scaling_law.reference_flop(
        reference_parameters=scaling_law.reference_parameters(
            loss=loss, reference_tokens_per_parameter=ratio, **law
        ),
        reference_tokens_per_parameter=ratio,
    )
    efficiency = scaling_law.chinchilla_efficiency(reference_flop=needed, throughput_flop=spent)
    assert 0 < efficiency <= 1
    assert efficiency * spent <= needed * (1 + 1e-12)


@given(logarithmic(1e18, 1e30), ratios)
def test_optimal_size_spends_the_compute_it_is_given(flop, ratio):
    size = scaling_law.optimal_parameters(flop=flop, reference_tokens_per_parameter=ratio)
    spent = scaling_law.reference_flop(reference_parameters=size, reference_tokens_per_parameter=ratio)
    assert spent == pytest.approx(flop, rel=1e-12)


@given(st.sampled_from(TABLES), logarithmic(1, 1e6), logarithmic(1, 1e3))
def test_harder_compression_never_improves_quality(table, ratio, factor):
    mild, hard = (
        compression.compression_efficiency(compression_ratio=r, compression_table=table, replicas=2)
        for r in (ratio, ratio * factor)
    )
    assert hard <= mild + 1e-15
    assert table[-1][1] - 1e-15 <= hard
    assert mild <= 1 + 1e-15


@given(logarithmic(1e5, 1e14), logarithmic(1, 1e9), logarithmic(1, 1e3), st.integers(1, 10**6))
def test_synchronising_more_rarely_never_helps(size, steps, factor, count):
    def worth(interval):
        alpha = sync_interval.sync_interval_coefficient(
            parameters=size,
            sync_interval_slope=0.08,
            sync_interval_size_slope=0.2,
            sync_interval_size_unit=1e9,
        )
        return sync_interval.sync_interval_efficiency(
            effective_inner_steps=interval,
            sync_interval_coefficient=alpha,
            sync_interval_floor=0.4,
            replicas=float(count),
        )

    assert 0.4 <= worth(steps * factor) <= worth(steps) <= 1
    assert count > 1 or worth(steps * factor) == 1


@given(logarithmic(1e5, 1e14), logarithmic(1, 1e6), st.integers(1, 10**5), st.integers(1, 10**5))
def test_more_replicas_never_lower_the_loss(size, steps, count, other):
    exponent = replicas.divergence_exponent(
        parameters=size,
        effective_inner_steps=steps,
        replica_prefactor=1.0923,
        replica_size_exponent=-0.2342,
        replica_reference_inner_steps=30,
    )
    fewer, several = sorted((float(count), float(other)))
    low, high = (replicas.loss_multiplier(replicas=n, divergence_exponent=exponent) for n in (fewer, several))
    assert 1 <= low <= high
