"""Learning against numbers worked by hand, and against the tables as the documents print them."""

import math

import pytest

from farflung.learning import compression, replicas, scaling_law, sync_interval
from farflung.scenario import load_assumptions

LAW = {
    "loss_irreducible": 1.8172,
    "loss_parameter_coefficient": 482.01,
    "loss_parameter_exponent": 0.3478,
    "loss_token_coefficient": 2085.43,
    "loss_token_exponent": 0.3658,
}
SLOPES = {
    "sync_interval_slope": 0.08,
    "sync_interval_size_slope": 0.2,
    "sync_interval_size_unit": 1e9,
}
DIVERGENCE = {
    "replica_prefactor": 1.0923,
    "replica_size_exponent": -0.2342,
    "replica_reference_inner_steps": 30,
}
# ratio: optimistic, expected, conservative
WITH_FEEDBACK = {
    1: (1, 1, 1),
    4: (1, 1, 0.99),
    16: (1, 1, 0.97),
    100: (1, 0.99, 0.93),
    150: (1, 0.99, 0.91),
    500: (0.99, 0.96, 0.80),
}
WITHOUT_FEEDBACK = {
    1: (1, 1, 1),
    4: (1, 1, 0.99),
    16: (1, 0.99, 0.95),
    100: (1, 0.98, 0.90),
    150: (0.99, 0.96, 0.85),
    500: (0.99, 0.95, 0.75),
}
ACTIVATIONS = {1: (1, 1, 1), 2: (1, 1, 0.99), 4: (1, 0.995, 0.96), 10: (0.995, 0.98, 0.90)}
PRINTED = {
    "compression_error_feedback": WITH_FEEDBACK,
    "compression_plain": WITHOUT_FEEDBACK,
    "activation": ACTIVATIONS,
}
OUTLOOKS = ("optimistic", "expected", "conservative")


def quality_at(*, ratio, table):
    """Return the quality a table gives, which is what several replicas have left."""
    return compression.compression_efficiency(compression_ratio=ratio, compression_table=table, replicas=2)


def test_the_coefficients_above_are_those_of_the_paper_s_set():
    values = load_assumptions("miri-2026-04").values
    for name, value in {**LAW, **SLOPES, **DIVERGENCE}.items():
        assert values[name][0] == value, name


@pytest.mark.parametrize(("size", "alpha"), [(1e9, 0.08), (1e10, 0.08 / 1.2), (1e14, 0.04), (1e8, 0.1)])
def test_sync_interval_coefficient(size, alpha):
    assert sync_interval.sync_interval_coefficient(parameters=size, **SLOPES) == pytest.approx(alpha)


def test_sync_interval_efficiency():
    def efficiency(steps, size, nodes=2):
        alpha = sync_interval.sync_interval_coefficient(parameters=size, **SLOPES)
        return sync_interval.sync_interval_efficiency(
            effective_inner_steps=steps,
            sync_interval_coefficient=alpha,
            sync_interval_floor=0.4,
            replicas=nodes,
        )

    assert round(float(efficiency(168, 240e9)), 3) == 0.879  # printed for four nodes
    assert efficiency(30, 1e9) == pytest.approx(1 - 0.08 * math.log10(30))  # the 12 % nobody measured
    assert efficiency(1, 1e9) == 1
    assert efficiency(1e8, 1e9) == 0.4
    assert efficiency(1e8, 1e9, nodes=1) == 1


def test_a_hierarchy_loses_as_if_its_groups_undid_half_the_drift():
    assert sync_interval.effective_inner_steps(inner_steps=18, regional_steps=25) == 90
    assert sync_interval.effective_inner_steps(inner_steps=18, regional_steps=1) == 18


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize("outlook", OUTLOOKS)
def test_quality_at_the_ratios_of_the_published_tables(name, outlook):
    column, table = OUTLOOKS.index(outlook), load_assumptions("miri-2026-04").tables[name].columns[outlook]
    for ratio, qualities in PRINTED[name].items():
        quality = quality_at(ratio=ratio, table=table)
        assert quality == pytest.approx(qualities[column], rel=1e-14), ratio
    assert len(table) == len(PRINTED[name])


def test_quality_between_and_beyond_the_ratios_of_a_table():
    table = ((1, 1.0), (16, 1.0), (100, 0.9), (400, 0.8))
    halfway = math.sqrt(16 * 100)
    assert quality_at(ratio=halfway, table=table) == pytest.approx(0.95)
    assert quality_at(ratio=200, table=table) == pytest.approx(0.85)
    assert quality_at(ratio=8, table=table) == 1
    for beyond in (400, 401, 1e6):
        assert quality_at(ratio=beyond, table=table) == pytest.approx(0.8)
    assert quality_at(ratio=0.5, table=((2, 0.9), (4, 0.8))) == pytest.approx(0.9)


def test_compression_costs_a_single_replica_nothing():
    table = ((1, 1.0), (100, 0.9))
    several, alone = (
        compression.compression_efficiency(compression_ratio=100, compression_table=table, replicas=n)
        for n in (2, 1)
    )
    assert (several, alone) == (pytest.approx(0.9), 1)


@pytest.mark.parametrize(("stages", "efficiency"), [(1, 1), (2, 0.98**2), (9, 0.98**16)])
def test_activation_compression_is_paid_at_every_boundary_twice(stages, efficiency):
    table = load_assumptions("miri-2026-04").tables["activation"].columns["expected"]
    paid = compression.activation_efficiency(
        activation_compression_ratio=10, activation_table=table, pipeline_stages=stages
    )
    assert paid == pytest.approx(efficiency)


def test_loss():
    # 482.01 · 10^(−9 · 0.3478) = 0.357154 and 2085.43 · 10^(−10.40824 · 0.3658) = 0.324984
    loss = scaling_law.loss(parameters=1e9, tokens=25.6e9, **LAW)
    assert loss == pytest.approx(1.8172 + 0.357154 + 0.324984, abs=2e-6)
    assert scaling_law.multiplied_loss(loss=2.5, loss_multiplier=1.1) == pytest.approx(2.75)


def test_divergence_of_replicas():
    # 1.0923 · 10^(−9 · 0.2342) = 0.0085220 at the H of the fit, and twice that at H²
    for steps, exponent in ((30, 0.0085220), (900, 0.0170440), (1, 0.0)):
        found = replicas.divergence_exponent(parameters=1e9, effective_inner_steps=steps, **DIVERGENCE)
        assert found == pytest.approx(exponent, abs=1e-7)
    assert replicas.loss_multiplier(replicas=8, divergence_exponent=0.0085220) == pytest.approx(
        1.01788, abs=1e-5
    )
    assert replicas.loss_multiplier(replicas=1, divergence_exponent=0.5) == 1
    assert replicas.loss_multiplier(replicas=0, divergence_exponent=0.5) == 1
    assert replicas.remaining_share(
        chinchilla_efficiency=0.3, chinchilla_efficiency_before=0.6
    ) == pytest.approx(0.5)


def test_chinchilla_of_the_reference_allocation_is_one():
    tokens = scaling_law.reference_tokens(active_parameters=70e9, reference_tokens_per_parameter=25.6)
    assert tokens == pytest.approx(1.792e12)
    loss = scaling_law.loss(parameters=70e9, tokens=tokens, **LAW)
    size = scaling_law.reference_parameters(loss=loss, reference_tokens_per_parameter=25.6, **LAW)
    assert size == pytest.approx(70e9, rel=1e-11)
    flop = scaling_law.reference_flop(reference_parameters=size, reference_tokens_per_parameter=25.6)
    assert flop == pytest.approx(6 * 70e9 * tokens)
    assert scaling_law.optimal_parameters(flop=flop, reference_tokens_per_parameter=25.6) == pytest.approx(
        size
    )
    for factor, efficiency in ((1, 1), (0.5, 1), (4, 0.25)):
        found = scaling_law.chinchilla_efficiency(reference_flop=flop, throughput_flop=factor * flop)
        assert found == efficiency


def test_bookkeeping_of_efficiencies():
    assert scaling_law.overtraining_ratio(tokens=3e12, reference_tokens=1e12) == 3
    assert scaling_law.combined_efficiency(
        efficiency_sync_interval=0.5,
        efficiency_compression=0.9,
        efficiency_activation=0.8,
        efficiency_replica=0.7,
        efficiency_batch=0.5,
    ) == pytest.approx(0.126)
    assert scaling_law.local_equivalent_flop(throughput_flop=1e25, efficiency=0.5) == 5e24
    assert scaling_law.quality_adjusted_flop(local_equivalent_flop=5e24, chinchilla_efficiency=0.5) == 2.5e24


def test_the_published_sets_forgive_a_single_node_its_allocation():
    assert scaling_law.unpenalised_single_node(chinchilla_efficiency=0.3, nodes=1) == 1
    assert scaling_law.unpenalised_single_node(chinchilla_efficiency=0.3, nodes=2) == 0.3
