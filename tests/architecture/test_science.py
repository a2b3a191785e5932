"""Physics and learning: documented, free of published numbers, and at home in any array library."""

from __future__ import annotations

import ast
import inspect
import math
import pkgutil
import re
from importlib import import_module

import array_api_strict as xp
import numpy as np
import pytest

import farflung.learning
import farflung.physics
import farflung.physics.node
from farflung.base.graph import exactly_one, identity, no_time
from farflung.catalog import sources

MODULES = [
    import_module(f"{package.__name__}.{info.name}")
    for package in (farflung.physics, farflung.physics.node, farflung.learning)
    for info in pkgutil.iter_modules(package.__path__)
    if not info.ispkg
]
FUNCTIONS = {
    f"{module.__name__.removeprefix('farflung.')}.{name}": function
    for module in MODULES
    for name, function in vars(module).items()
    if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
}
FUNCTIONS |= {f"base.graph.{function.__name__}": function for function in (exactly_one, identity, no_time)}
every_function = pytest.mark.parametrize("name", FUNCTIONS)

# Two sample values of every argument. A function with an argument that is not here fails: give it two.
TABLE = ((1.0, 1.0), (4.0, 1.0), (16.0, 0.99), (100.0, 0.9))
SAMPLES = {
    "activation_bits": (16.0, 8.0),
    "activation_compression_ratio": (2.0, 10.0),
    "activation_payload": (4e10, 1e9),
    "active_matrix_parameters": (70000000000.0, 20000000000.0),
    "active_parameters": (37e9, 240e9),
    "all_stages_time": (40.0, 12.0),
    "aspect_ratio": (128.0, 100.0),
    "attended_share": (0.5, 0.25),
    "attention_rate": (500000000000000.0, 170000000000000.0),
    "backup_excess_share": (0.3, 0.5),
    "backup_overhead": (1.1, 1.5),
    "bandwidth": (1e8, 1e9),
    "bandwidth_cost": (1e5, 2e6),
    "both_ways_factor": (1.0, 1.6),
    "buffer_bytes": (2.0, 0.0),
    "bytes_per_parameter": (16.0, 14.0),
    "capital_cost": (3e7, 1e9),
    "chinchilla_efficiency": (0.9, 0.3),
    "chinchilla_efficiency_before": (0.2, 0.5),
    "chip_power": (700.0, 400.0),
    "chip_price": (28e3, 7e3),
    "chip_time": (0.002, 0.005),
    "chips": (544.0, 5e4),
    "chips_per_node": (16.0, 50.0),
    "columns": (4096.0, 1000.0),
    "communication_time": (0.001, 0.004),
    "compressed_width": (0.0, 2112.0),
    "compression_penalty": (0.0, 0.01),
    "compression_ratio": (16.0, 150.0),
    "compute_time": (31.5, 2.0),
    "contributing_replicas": (4.0, 72.0),
    "count": (3.0, 7.0),
    "covering_time": (0.002, 0.0),
    "critical_batch": (1e7, 1e6),
    "critical_batch_coefficient": (2.1e8, 1e8),
    "critical_batch_exponent": (0.21, 0.3),
    "depth": (8192.0, 300.0),
    "distributed_loss": (2.2, 2.0),
    "divergence_coefficient": (0.0054, 0.01),
    "divergence_exponent": (0.01, 0.05),
    "divergence_fitted_parameters": (10e9, 1e12),
    "divergence_fitted_replicas": (8.0, 128.0),
    "divergence_interval_exponent": (1.9, 0.5),
    "divergence_interval_unit": (30.0, 50.0),
    "divergence_penalty": (0.0, 0.02),
    "divergence_replica_exponent": (1.6, 2.0),
    "divergence_replica_exponent_beyond": (0.0, 0.5),
    "divergence_size_exponent": (0.44, 0.3),
    "divergence_size_exponent_beyond": (0.0, -0.1),
    "divergence_size_unit": (1e9, 1e8),
    "divergence_token_exponent": (0.5, 0.0),
    "divergence_token_unit": (20.0, 25.0),
    "domain_bandwidth": (450000000000.0, 300000000000.0),
    "domain_efficiency": (0.8, 0.7),
    "domain_latency": (1e-05, 0.0),
    "domain_rate": (300000000000.0, 100000000000.0),
    "domain_size": (8.0, 72.0),
    "domains": (0.5, 64.0),
    "destinations": (8.0, 1.0),
    "download_bandwidth": (1e8, 1e9),
    "dropping_coefficient_feedback": (1.5e-4, 0.0),
    "dropping_coefficient_plain": (0.004, 0.001),
    "dropping_exponent": (2.0, 1.0),
    "duration": (6.4e7, 1e6),
    "effective_inner_steps": (1.0, 168.0),
    "efficiency": (0.3, 1.0),
    "efficiency_activation": (0.9, 1.0),
    "efficiency_batch": (1.0, 0.7),
    "efficiency_compression": (0.99, 0.8),
    "efficiency_distribution": (0.8, 0.5),
    "efficiency_replica": (0.5, 1.0),
    "efficiency_sync_interval": (0.88, 0.4),
    "electricity_price": (2e-8, 7e-8),
    "element_bytes": (2.0, 1.0),
    "elementwise_coefficient": (0.9, 1.2),
    "energy": (1e14, 3e15),
    "energy_cost": (1e6, 2e7),
    "epochs": (0.5, 4.0),
    "error_feedback": (0.0, 1.0),
    "exchange_time": (5280.0, 0.5),
    "expanded_depth": (8192.0, 1536.0),
    "expanded_width": (10240.0, 32768.0),
    "expert_layers": (32.0, 60.0),
    "expert_parallel_time": (0.0, 6.4),
    "expert_parallelism": (1.0, 8.0),
    "feedback_bytes": (0.0, 4.0),
    "feedforward_width": (28672.0, 4096.0),
    "floor_share": (0.15, 1.0),
    "flop": (1e24, 1e26),
    "fragment_share": (1.0, 0.1),
    "gated": (1.0, 0.0),
    "gradient_bytes": (2.0, 4.0),
    "group": (16.0, 1.0),
    "grouped": (3.0, 5.0),
    "groups": (1.0, 4.0),
    "half_rate_length": (300.0, 100.0),
    "hardware_growth": (1.06, 1.4),
    "heads": (64.0, 8.0),
    "hidden_share": (0.5, 0.0),
    "hidden_width": (6e3, 2e4),
    "hidden_width_coefficient": (0.03, 0.04),
    "host_time": (0.001, 0.006),
    "idle_wave_share": (0.1, 0.0),
    "index_bits": (12.0, 1.0),
    "inner_steps": (1.0, 30.0),
    "inner_width": (40000.0, 1000.0),
    "interleaving": (1.0, 4.0),
    "investment_growth": (1.03, 2.0),
    "kernel_launch_time": (3e-05, 1e-05),
    "kernels": (14.0, 30.0),
    "lag": (0.008, 0.0),
    "latency": (0.1, 0.0),
    "layers": (80.0, 61.0),
    "limit": (15840.0, 990.0),
    "link_spread": (0.0, 0.2),
    "link_variation": (0.25, 0.004),
    "local_batch": (131072.0, 1e6),
    "local_equivalent_flop": (1e24, 1e25),
    "logit_bytes": (22.0, 14.0),
    "loss": (2.4, 2.0),
    "loss_irreducible": (1.8172, 1.7),
    "loss_multiplier": (1.0, 1.1),
    "loss_parameter_coefficient": (482.01, 300.0),
    "loss_parameter_exponent": (0.3478, 0.3),
    "loss_token_coefficient": (2085.43, 1e3),
    "loss_token_exponent": (0.3658, 0.4),
    "lossless_value_bits_feedback": (2.0, 1.0),
    "lossless_value_bits_plain": (4.0, 3.0),
    "matmul_rate": (700000000000000.0, 270000000000000.0),
    "mean_power_fraction": (0.75, 0.5),
    "mean_stage_time": (0.1, 0.2),
    "members_in_domain": (4.0, 1.0),
    "memory_bandwidth": (3350000000000.0, 2000000000000.0),
    "micro_batch_compute_time": (2.0, 3.0),
    "micro_batch_transfer_time": (1.0, 40.0),
    "micro_batches": (8.0, 4.0),
    "model_flop_utilisation": (0.4, 0.3),
    "network_bandwidth": (50000000000.0, 25000000000.0),
    "network_cost_factor": (1.23, 1.0),
    "network_efficiency": (0.8, 0.9),
    "network_latency": (2e-05, 0.0),
    "network_rate": (40000000000.0, 20000000000.0),
    "node_memory": (2.3e12, 4e12),
    "node_peak": (1.5e16, 3e16),
    "nodes": (1.0, 72.0),
    "nodes_per_group": (8.0, 36.0),
    "nodes_per_technician": (8.0, 10.0),
    "one_way_factor": (1.0, 1.8),
    "operand_bytes": (2.0, 1.0),
    "operand_coefficient": (0.8, 1.0),
    "optimiser_bytes": (12.0, 40.0),
    "order_statistics_exponent": (3.6, 4.0),
    "order_statistics_growth": (0.16, 0.2),
    "outer_momentum_bytes": (4.0, 0.0),
    "outer_round_time": (5e3, 60.0),
    "outer_rounds": (1.0, 1480.5),
    "outer_weight_bytes": (4.0, 2.0),
    "outside_volume": (1e8, 0.0),
    "overlap": (0.0, 0.4),
    "parameters": (240e9, 671e9),
    "payload": (2.4e11, 1e9),
    "peers": (1.0, 72.0),
    "per_chip": (990.0, 312.0),
    "performance": (1.6e16, 5e15),
    "pipeline_bandwidth": (1e8, 1e9),
    "pipeline_latency": (0.1, 0.0),
    "pipeline_stages": (1.0, 3.0),
    "pipeline_straggler_factor": (1.0, 1.1),
    "power": (1e6, 5e7),
    "power_usage_effectiveness": (1.25, 1.1),
    "price_per_year": (1200.0, 3e5),
    "pseudo_gradient_bits": (16.0, 8.0),
    "quantity": (2.0, 7.0),
    "reference_flop": (1e24, 1e23),
    "reference_parameters": (7e10, 1e9),
    "reference_performance": (1.6e16, 1e16),
    "reference_tokens": (1e12, 1e13),
    "reference_tokens_per_parameter": (25.6, 20.0),
    "regional_steps": (1.0, 25.0),
    "repetition_decay": (15.4, 5.0),
    "replica_prefactor": (1.0923, 1.2),
    "replica_reference_inner_steps": (30.0, 50.0),
    "replica_size_exponent": (-0.2342, -0.19),
    "replicas": (1.0, 72.0),
    "required_memory": (3.8e12, 2e13),
    "residual_shards": (8.0, 1.0),
    "residual_width": (50000.0, 10000.0),
    "result_bytes": (2.0, 8.0),
    "rounds": (2.0, 1.0),
    "rows": (4096.0, 100.0),
    "run_cost": (1e6, 1e7),
    "score_bytes": (16.0, 30.0),
    "score_width": (16384.0, 2048.0),
    "sent_share": (1.0, 0.02),
    "sequence_length": (4096.0, 8192.0),
    "sequences": (1.0, 16.0),
    "server_bandwidth": (1e9, 1e10),
    "server_cost_factor": (1.64, 1.0),
    "server_power_factor": (1.8, 1.5),
    "sharded_width": (100000.0, 20000.0),
    "shards": (8.0, 1.0),
    "sharpness": (6.0, 2.0),
    "slowest_stage_time": (5.0, 3.0),
    "socket_delay": (0.3, 0.0),
    "socket_size": (4.0, 8.0),
    "software_growth": (1.5, 2.5),
    "spread": (0.0, 0.3),
    "staff_base": (25.0, 10.0),
    "staff_cost": (1e6, 2e6),
    "stages": (4.0, 1.0),
    "staleness": (0.0, 2.5),
    "step_overhead": (0.01, 0.0),
    "step_time": (31.5, 0.2),
    "straggler_factor": (1.0, 1.1),
    "straggler_slope": (0.05, 0.0),
    "straggler_slope_synchronous": (0.05, 0.1),
    "stride": (1.0, 8.0),
    "sync_interval_coefficient": (0.08, 0.05),
    "sync_interval_floor": (0.4, 0.9),
    "sync_interval_size_slope": (0.2, 0.1),
    "sync_interval_size_unit": (1e9, 1e8),
    "sync_interval_slope": (0.08, 0.05),
    "synchronisation_time": (5280.0, 0.0),
    "tensor_parallelism": (8.0, 2.0),
    "throughput_flop": (1e24, 1e26),
    "tile_columns": (256.0, 128.0),
    "tile_rows": (128.0, 64.0),
    "tokens": (12e12, 1e10),
    "tokens_per_round": (1e9, 1e8),
    "transfer_share": (0.5, 1.0),
    "transfer_spread": (0.33, 0.1),
    "transfer_time": (0.001, 0.0),
    "typical_compute_time": (10.0, 2.0),
    "ungrouped": (2.0, 9.0),
    "unique_tokens": (1e12, 3e11),
    "units": (132.0, 108.0),
    "upload_bandwidth": (1e8, 1e7),
    "value_bits": (4.0, 1.0),
    "value_width": (8192.0, 1024.0),
    "vocabulary": (128256.0, 32000.0),
    "volume": (1000000000.0, 1000000.0),
    "wave_coefficient": (0.8, 0.0),
    "weight_bytes": (2.0, 4.0),
    "wire_bits": (16.0, 0.1),
    "work_straggler_factor": (1.0, 1.07),
    "work_time": (600.0, 1e4),
    "zero_stage": (3.0, 1.0),
}
NOT_ARRAYS = {
    "compression_table": TABLE,
    "activation_table": TABLE,
    "rates": {"fp16": 990e12, "fp8": 1980e12},
}
"""Arguments of which there is one, whatever the shape of the others."""
ONE_ARRAY = [(n, p) for n, f in FUNCTIONS.items() for p in inspect.signature(f).parameters if p in SAMPLES]


def arguments_of(name):
    """Return the sample pairs and the fixed arguments of a function."""
    parameters = inspect.signature(FUNCTIONS[name]).parameters
    fixed = {p: NOT_ARRAYS[p] for p in parameters if p in NOT_ARRAYS}
    return {p: SAMPLES[p] for p in parameters if p not in fixed}, fixed


def assert_strict(result, expected):
    """Assert that a result is a double-precision array of the strict library, with these values."""
    assert isinstance(result, type(xp.asarray(0.0)))
    assert result.dtype == xp.float64
    assert result.shape == np.shape(expected)
    assert np.asarray(result) == pytest.approx(np.asarray(expected), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("name", sorted({name for name, _ in ONE_ARRAY}))
def test_broadcast_arrays_agree_with_plain_numbers(name):
    samples, fixed = arguments_of(name)
    rows = {p for position, p in enumerate(samples) if position % 2}
    expected = [
        [
            float(FUNCTIONS[name](**{p: pair[i if p in rows else j] for p, pair in samples.items()}, **fixed))
            for j in range(2)
        ]
        for i in range(2)
    ]
    shape = (2 if rows else 1, 2)
    for library in (np, xp):
        arrays = {
            p: library.asarray([[x] for x in pair] if p in rows else list(pair), dtype=library.float64)
            for p, pair in samples.items()
        }
        result = FUNCTIONS[name](**arrays, **fixed)
        wanted = np.asarray(expected)[: shape[0]] if rows else np.asarray(expected)[0]
        if library is xp:
            assert_strict(result, wanted)
        else:
            assert result == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(("name", "only"), ONE_ARRAY, ids=lambda text: text)
def test_any_one_argument_may_be_an_array_of_draws(name, only):
    samples, fixed = arguments_of(name)
    plain = {p: pair[1] for p, pair in samples.items()} | fixed
    expected = [float(FUNCTIONS[name](**plain | {only: value})) for value in samples[only]]
    drawn = xp.asarray(list(samples[only]), dtype=xp.float64)
    assert_strict(FUNCTIONS[name](**plain | {only: drawn}), expected)


@every_function
def test_plain_numbers_give_a_finite_number(name):
    samples, fixed = arguments_of(name)
    answer = FUNCTIONS[name](**{p: pair[1] for p, pair in samples.items()}, **fixed)
    assert np.shape(answer) == ()
    assert math.isfinite(answer)


def documented(text):
    """Return the description of every parameter in a docstring, and its notes by keyword."""
    head, _, notes = text.partition("\nNotes\n-----\n")
    _, _, section = head.partition("\nParameters\n----------\n")
    found = {}
    for names, description in re.findall(r"^(\w.*)\n((?:    .*\n?)+)", section, re.MULTILINE):
        found.update(dict.fromkeys(names.split(", "), " ".join(description.split())))
    return found, dict(re.findall(r"^(\w+): (.+)$", notes, re.MULTILINE))


@every_function
def test_a_docstring_says_what_a_careful_reader_asks(name):
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    assert text.startswith("Return ")
    parameters = inspect.signature(function).parameters
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters.values())
    descriptions, notes = documented(text)
    assert sorted(descriptions) == sorted(parameters)
    assert all(descriptions.values())
    assert list(notes) == ["Equation", "Assumption", "Evidence", "Limits"]
    keys = notes["Evidence"].replace(",", " ").split()
    assert keys
    assert set(keys) <= set(sources()), "cited, but not in the bibliography"


UNITLESS = {
    "base.graph.identity": "takes any quantity",
    "physics.schedule.where_grouped": "takes any two quantities of one unit",
    "physics.rating.node_total": "takes anything that chips have",
    "physics.rating.most_chips_under": "takes any unit a rule counts in",
}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - set(UNITLESS)))
def test_a_docstring_gives_the_unit_of_the_answer_and_of_every_argument(name):
    text = inspect.getdoc(FUNCTIONS[name])
    assert re.search(r"\[[^\[\]]+\]\.$", " ".join(text.split("\n\n")[0].split())), "unit of the answer"
    descriptions, _ = documented(text)
    for parameter, description in descriptions.items():
        if parameter not in NOT_ARRAYS:
            assert re.search(r"\[[^\[\]]+\]\.?$", description), parameter


PLAIN_NUMBERS = {
    0.0: "no_time",
    0.5: "a half, a mean of two",
    1.0: "a single one",
    2.0: "two: directions, or groups that make a hierarchy",
    6.0: "FLOP a parameter and token",
    12.0: "the most steps of Newton's method",
    1e-14: "an error of a logarithm below rounding",
    40: "the most Newton steps",
    1e-12: "slack for rounding",
    365.25: "days of a year",
    86400.0: "seconds of a day",
    3.0: "the last stage of sharding, and the power of a cube",
    4.0: "bits of fp4",
    8.0: "bits of fp8",
    16.0: "bits of fp16",
}
"""Every number a formula may contain; a coefficient that someone published belongs in the catalog."""


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_no_published_coefficient_is_written_into_a_formula(module):
    tree = ast.parse(inspect.getsource(module))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    numbers = {n for n in constants if isinstance(n, int | float) and not isinstance(n, bool)}
    assert numbers <= set(PLAIN_NUMBERS)


def test_every_argument_has_samples_and_every_sample_an_argument():
    used = {p for function in FUNCTIONS.values() for p in inspect.signature(function).parameters}
    assert set(SAMPLES) | set(NOT_ARRAYS) == used
