"""Physics against numbers worked by hand, most of them printed in the published documents."""

import math

import pytest

from farflung.physics import (
    compute,
    cost,
    links,
    memory,
    pipeline,
    rating,
    schedule,
    stragglers,
    time_limit,
)

GIGABYTE, DAY, YEAR = 1e9, 86400.0, 365.25 * 86400.0


def test_step_of_240_billion_parameters_on_48_a100():
    seconds = compute.compute_time(
        active_parameters=240e9, local_batch=131072, node_peak=14.976e15, model_flop_utilisation=0.4
    )
    assert seconds == pytest.approx(31.508, abs=5e-4)


def test_exchange_of_four_nodes_and_the_168_steps_that_hide_it():
    payload = links.synchronisation_payload(parameters=240e9, pseudo_gradient_bits=16, compression_ratio=16)
    assert payload == 240e9
    factor = stragglers.straggler_factor(peers=4, straggler_slope=0.05)
    assert factor == pytest.approx(1.1)
    seconds = links.exchange_time(
        payload=payload,
        upload_bandwidth=1e8,
        download_bandwidth=1e8,
        latency=0.1,
        peers=4,
        straggler_factor=factor,
    )
    assert seconds == pytest.approx((2400 + 2400 + 0.1) * 1.1)
    assert schedule.least_inner_steps(exchange_time=seconds, step_time=31.508) == 168


@pytest.mark.parametrize(
    ("peers", "slope", "factor"), [(1, 0.05, 1), (2, 0.05, 1.05), (1024, 0.02, 1.2), (64, 0, 1), (0, 0.05, 1)]
)
def test_straggler_factor(peers, slope, factor):
    assert stragglers.straggler_factor(peers=peers, straggler_slope=slope) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("peers", "spread", "factor"), [(1, 0.5, 1), (0.5, 0.5, 1), (64, 0, 1), (2, 1.0, 1.5), (8, 3.0, 6.25)]
)
def test_order_statistics_factor(peers, spread, factor):
    # With c = 1/2 and k = 1/ln 2, 1 + s = 2 takes the base itself, and 1 + s = 4 its square.
    found = stragglers.order_statistics_factor(
        peers=peers,
        spread=spread,
        order_statistics_growth=0.5,
        order_statistics_exponent=1 / math.log(2),
    )
    assert found == pytest.approx(factor)


def test_spread_of_an_exchange():
    assert stragglers.transfer_spread(link_spread=0.3, link_variation=0) == pytest.approx(0.3)
    assert stragglers.transfer_spread(link_spread=1, link_variation=1) == pytest.approx(math.sqrt(3))
    link = {"payload": 1e9, "transfer_spread": 0.5}
    both = stragglers.exchange_spread(upload_bandwidth=1e8, download_bandwidth=1e8, **link)
    assert both == pytest.approx(0.5 / math.sqrt(2))
    upload = stragglers.exchange_spread(upload_bandwidth=1e8, download_bandwidth=1e15, **link)
    assert upload == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("latency", "both_ways", "factor"), [(0, 1.4, 1.4), (5, 1.4, 1.2), (0, 1.2, 1.3), (1e9, 1.4, 1.0)]
)
def test_exchange_straggler_factor(latency, both_ways, factor):
    # 2 s up, 3 s down: at least 1.5 · 3 + 2 of 5 s, whatever both ways together take.
    found = stragglers.exchange_straggler_factor(
        payload=6.0, upload_bandwidth=3.0, download_bandwidth=2.0, latency=latency, one_way_factor=1.5,
        both_ways_factor=both_ways,
    )  # fmt: skip
    assert found == pytest.approx(factor)


def test_the_slowest_boundary_and_the_slowest_node():
    crossing = {"micro_batch_transfer_time": 4.0, "pipeline_latency": 1.0}
    assert stragglers.crossing_straggler_factor(one_way_factor=1.5, **crossing) == pytest.approx(7 / 5)
    slowest = stragglers.slowest_compute_time(typical_compute_time=10.0, work_straggler_factor=1.1)
    assert slowest == pytest.approx(11.0)


def test_backup_workers():
    assert stragglers.backup_slope(
        straggler_slope_synchronous=0.05, backup_excess_share=0.3
    ) == pytest.approx(0.015)
    assert stragglers.contributing_replicas(replicas=110, backup_overhead=1.1) == pytest.approx(100)
    assert stragglers.contributing_replicas(replicas=1, backup_overhead=1.1) == 1


def test_expert_parallel_wait():
    assert compute.expert_parallel_time(expert_layers=32, expert_parallelism=72, latency=0.1) == 6.4
    assert compute.expert_parallel_time(expert_layers=32, expert_parallelism=1, latency=0.1) == 0
    assert compute.step_time(compute_time=2, expert_parallel_time=6.4) == 8.4


def test_compute_of_a_run():
    assert compute.training_flop(active_parameters=70e9, tokens=1.4e12) == pytest.approx(5.88e23)
    assert compute.utilisation(
        throughput_flop=1e22, nodes=10, node_peak=1e15, model_flop_utilisation=0.5, duration=4e6
    ) == pytest.approx(0.5)


def test_memory_of_a_dense_model_fills_48_a100():
    needed = memory.required_memory(
        parameters=240e9, active_parameters=240e9, expert_parallelism=1, bytes_per_parameter=16
    )
    assert needed == 48 * 80 * GIGABYTE
    assert memory.largest_parameters(node_memory=needed, bytes_per_parameter=16) == 240e9
    assert memory.pipeline_stages(required_memory=needed, node_memory=needed) == 1


def test_memory_of_shared_experts():
    needed = memory.required_memory(
        parameters=1000e9, active_parameters=150e9, expert_parallelism=10, bytes_per_parameter=16
    )
    assert needed == (150e9 + 85e9) * 16


@pytest.mark.parametrize(
    ("needed", "held", "stages", "groups"), [(6400, 3840, 2, 36), (3840, 3840, 1, 73), (12000, 500, 24, 3)]
)
def test_pipeline_groups(needed, held, stages, groups):
    assert memory.pipeline_stages(required_memory=needed, node_memory=held) == stages
    assert memory.pipeline_groups(nodes=73, pipeline_stages=stages) == groups
    assert memory.working_nodes(groups=groups, pipeline_stages=stages) == groups * stages


def test_pipeline_step():
    width = pipeline.hidden_width(parameters=4e10, hidden_width_coefficient=0.03)
    assert width == pytest.approx(6000)
    bits = pipeline.activation_payload(
        local_batch=1000, hidden_width=width, activation_bits=16, activation_compression_ratio=4
    )
    assert bits == pytest.approx(24e6)
    transfer = pipeline.micro_batch_transfer_time(
        activation_payload=bits, micro_batches=8, pipeline_bandwidth=6e6
    )
    assert transfer == pytest.approx(1)
    share = pipeline.micro_batch_compute_time(compute_time=64, pipeline_stages=4, micro_batches=8)
    assert share == 2
    seconds = pipeline.pipeline_step_time(
        pipeline_stages=4,
        micro_batches=8,
        micro_batch_compute_time=share,
        micro_batch_transfer_time=transfer,
        pipeline_latency=0.5,
        pipeline_straggler_factor=1.1,
        expert_parallel_time=3,
    )
    assert seconds == pytest.approx((8 + 3) * (2 + 1.5 * 1.1) + 3)
    assert pipeline.activation_rate(
        activation_payload=bits, pipeline_stages=4, step_time=12
    ) == pytest.approx(2e6)


@pytest.mark.parametrize(("up", "down"), [(1e8, 1e9), (1e9, 1e8)])
def test_the_slower_direction_sets_the_rate_between_stages(up, down):
    assert pipeline.slower_direction(upload_bandwidth=up, download_bandwidth=down) == 1e8


def test_rounds():
    assert schedule.round_time(work_time=3, exchange_time=5, overlap=0) == 8
    assert schedule.round_time(work_time=3, exchange_time=5, overlap=1) == 5
    assert schedule.round_time(work_time=4, exchange_time=1, overlap=0.5) == 4
    assert schedule.round_time(work_time=4, exchange_time=3, overlap=0.5) == 5
    assert schedule.repeated(count=3, duration=5) == 15
    tokens = schedule.tokens_per_round(
        inner_steps=100, regional_steps=3, local_batch=131072, contributing_replicas=72
    )
    assert tokens == 100 * 3 * 131072 * 72
    assert schedule.rounds_in(duration=740 * DAY, outer_round_time=DAY / 2) == 1480
    assert schedule.rounds_for(tokens=5 * tokens, tokens_per_round=tokens) == 5
    assert schedule.tokens_of(outer_rounds=5, tokens_per_round=tokens) == 5 * tokens
    assert schedule.group_count(nodes=35, nodes_per_group=8) == 4


def test_what_an_observer_of_a_line_measures():
    assert links.mean_rate(payload=240e9, peers=72, outer_round_time=4800) == 50e6
    assert links.latency_share(latency=0.1, synchronisation_time=0.4) == 0.25


def test_price_of_the_headline_run():
    chips = cost.chip_count(nodes=34, chips_per_node=16)
    price = cost.capital_cost(
        chips=chips, chip_price=28_000, server_cost_factor=1.64, network_cost_factor=1.23
    )
    assert price == pytest.approx(544 * 28_000 * 2.0172)
    assert round(price / 1e6, 1) == 30.7


def test_energy_and_running_cost():
    power = cost.facility_power(
        chips=1000,
        chip_power=700,
        server_power_factor=1.8,
        mean_power_fraction=0.75,
        power_usage_effectiveness=1.25,
    )
    assert power == pytest.approx(1_181_250)
    energy = cost.energy(power=1e6, duration=DAY)
    assert energy == 8.64e10
    paid = cost.energy_cost(energy=energy, electricity_price=0.0826 / 3.6e6)
    assert paid == pytest.approx(24_000 * 0.0826)
    assert cost.staff_count(nodes=72, staff_base=25, nodes_per_technician=8) == 34
    assert cost.yearly_cost(count=34, price_per_year=300_000, duration=2 * YEAR) == pytest.approx(20.4e6)
    assert cost.run_cost(energy_cost=1, bandwidth_cost=2, staff_cost=3) == 6
    assert cost.total_cost(capital_cost=10, run_cost=6) == 16


def test_time_limit_under_the_proposed_rules_and_without():
    ruled = time_limit.longest_run(hardware_growth=1.06, software_growth=1.50, investment_growth=1.03)
    assert round(ruled / DAY) == 740
    free = time_limit.longest_run(hardware_growth=10**1.16, software_growth=1, investment_growth=1)
    assert round(free / (YEAR / 12), 1) == 4.5


def test_ratings():
    performance = rating.total_processing_performance(rates={"fp16": 990e12, "fp8": 1980e12, "int8": 1.5e15})
    assert performance == 15_840e12
    assert rating.h100_equivalents(performance=16 * performance, reference_performance=performance) == 16
    assert rating.node_total(chips_per_node=16, per_chip=990e12) == 15.84e15


@pytest.mark.parametrize(
    ("per_chip", "chips"), [(990, 16), (312, 50), (320, 49), (990.001, 15), (0.1, 158_400)]
)
def test_most_chips_under_the_threshold(per_chip, chips):
    assert rating.most_chips_under(limit=15_840, per_chip=per_chip) == chips


def test_most_chips_forgives_rounding_only():
    third = 1.0 / 3.0
    assert rating.most_chips_under(limit=math.fsum([third] * 3), per_chip=third) == 3
    assert rating.most_chips_under(limit=1.0, per_chip=third * (1 + 1e-9)) == 2
