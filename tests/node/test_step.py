"""A node's step: one path for a row and for many, causes that add up, and properties of the best plan."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from farflung.analysis.node.calibration import published_sample
from farflung.analysis.node.chips import hardware
from farflung.analysis.node.clusters import cluster_software
from farflung.analysis.node.coefficients import NAMES, coefficient_records, fitted_coefficients
from farflung.analysis.node.inputs import stack_inputs
from farflung.analysis.node.memory import OuterState, step_memory
from farflung.analysis.node.plans import Node, best_plans, plans_of, with_chip_memory
from farflung.analysis.node.shapes import architecture, architecture_of_size, check_size
from farflung.analysis.node.sizes import largest_size, utilisation_of_sizes
from farflung.analysis.node.step import parameters_of, step_time, time_by_cause
from farflung.base.errors import InputError
from farflung.catalog.tables import table

LENGTH = 4096.0


def node(chip="H100 SXM", chips=16, precision="fp16", **changes):
    return Node(
        hardware=hardware(chip, precision, **changes), chips=chips, sequences=32.0,
        software=cluster_software("usual", precision),
    )  # fmt: skip


def test_a_row_alone_takes_as_long_as_among_others():
    sample = published_sample()
    together = step_time(sample.inputs, fitted_coefficients()).total
    for at in range(0, len(sample.steps), 97):
        alone = step_time(stack_inputs([sample.steps[at].inputs]), fitted_coefficients()).total
        assert alone[0] == pytest.approx(together[at], rel=1e-12)


def test_causes_add_up_to_the_step():
    sample = published_sample()
    step = step_time(sample.inputs, fitted_coefficients())
    causes = time_by_cause(sample.inputs, step)
    assert sum(causes.values()) == pytest.approx(step.total)
    for cause, seconds in causes.items():
        assert np.min(seconds) > -1e-9 * np.max(step.total), cause


def test_one_chip_communicates_with_nobody():
    best = best_plans(node(chips=1), architecture_of_size(2e9, LENGTH)).best
    talk = ("parallelism", "sharding", "pipeline", "laggards")
    assert not [cause for cause in best.time_by_cause() if any(word in cause for word in talk)]


@pytest.mark.parametrize("size", [7e9, 60e9])
@pytest.mark.parametrize(
    "change", ["domain_bandwidth", "network_bandwidth", "memory_bandwidth", "matmul_rate"]
)
def test_a_faster_part_never_slows_the_best_plan(size, change):
    shape = architecture_of_size(size, LENGTH)
    usual = node()
    faster = replace(
        usual, hardware=replace(usual.hardware, **{change: 1.5 * getattr(usual.hardware, change)})
    )
    assert best_plans(faster, shape).best.seconds <= best_plans(usual, shape).best.seconds


@pytest.mark.parametrize("size", [7e9, 40e9, 70e9])
def test_more_memory_never_lowers_utilisation(size):
    shape = architecture_of_size(size, LENGTH)
    found = [
        best_plans(with_chip_memory(node(), memory), shape).best for memory in (85e9, 100e9, 141e9, 1e12)
    ]
    reached = [plan.utilisation for plan in found]
    assert reached == sorted(reached)


def test_step_time_is_continuous_in_size():
    sizes = np.geomspace(5e9, 60e9, 60)
    seconds = np.array([best_plans(node(), architecture_of_size(s, LENGTH)).best.seconds for s in sizes])
    jumps = np.diff(np.log(seconds)) / np.diff(np.log(sizes))
    # A layer more, or another plan, is a small step; none is a cliff.
    assert np.all(jumps > -0.5)
    assert np.all(np.diff(np.log(seconds)) < 0.15)


def test_the_best_plan_is_the_best_of_all_by_hand():
    shape = architecture_of_size(30e9, LENGTH)
    usual = node(chips=8)
    plan, exists = plans_of(usual, shape)
    best = np.inf
    for place in np.argwhere(exists):
        one = type(plan)(
            **{
                f.name: float(np.broadcast_to(getattr(plan, f.name), exists.shape)[tuple(place)])
                for f in fields(plan)
            }
        )
        if place[0] % 7 == 0:  # a seventh of the layouts is enough to find a mistake of broadcasting
            inputs = usual.inputs(shape, one)
            if float(step_memory(inputs).total) <= usual.memory_share * usual.hardware.memory:
                best = min(best, float(step_time(inputs, fitted_coefficients()).total))
    assert best_plans(usual, shape).best.seconds <= best * (1 + 1e-12)


def test_plans_use_no_more_chips_than_there_are():
    plan, exists = plans_of(node(chips=50), architecture_of_size(91e9, LENGTH))
    used = np.broadcast_to(plan.tensor * plan.pipeline * plan.context * plan.data, exists.shape)[exists]
    assert used.max() <= 50


def test_outer_state_on_the_device_takes_memory():
    shape = architecture_of_size(40e9, LENGTH)
    usual = node()
    outer = replace(usual, outer=OuterState(weight_bytes=4.0, momentum_bytes=4.0, buffer_bytes=2.0))
    assert best_plans(outer, shape).least_memory > best_plans(usual, shape).least_memory
    assert largest_size(outer, LENGTH) < largest_size(usual, LENGTH)


def test_a_narrower_format_is_faster():
    shape = architecture_of_size(40e9, LENGTH)
    assert best_plans(node(precision="fp8"), shape).best.seconds < best_plans(node(), shape).best.seconds


def test_utilisation_falls_to_nothing_beyond_the_largest_model():
    largest = largest_size(node(), LENGTH)
    reached = utilisation_of_sizes(node(), LENGTH, np.array([0.99 * largest, 1.05 * largest]))
    assert reached[0] > 0.1
    assert reached[1] == 0.0


@pytest.mark.parametrize(
    ("name", "billions"),
    [("Llama 3 405B", 405.9), ("Llama 3 8B", 8.03), ("GPT-3 175B", 174.6), ("DeepSeek V3", 671.0),
     ("Mixtral 8x7B", 46.7), ("Qwen3 235B-A22B", 235.1), ("GPT-OSS 120B", 116.8), ("Kimi K2", 1026.0)],
)  # fmt: skip
def test_shapes_have_the_parameters_of_their_models(name, billions):
    assert parameters_of(architecture(name, LENGTH)) == pytest.approx(billions * 1e9, rel=0.02)


def test_a_shape_that_contradicts_its_size_is_an_error():
    shape = architecture("Llama 3 8B", LENGTH)
    check_size(shape, 8e9)
    with pytest.raises(InputError, match="parameters"):
        check_size(shape, 70e9)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: hardware("H100 SXM", kernel="flash9"), "flash9"),
        (lambda: hardware("H100"), "H100"),
        (lambda: hardware("A100 80GB", "fp8"), "fp8"),
        (lambda: architecture("Llama 9", LENGTH), "Llama 9"),
        (lambda: architecture_of_size(-1.0, LENGTH), "above 0"),
        (lambda: node(chips=0), "at least one chip"),
        (lambda: node(domain_size=0.0), "fast domain"),
    ],
)
def test_bad_input_is_one_clear_error(make, says):
    with pytest.raises(InputError, match=says):
        make()


def test_every_chip_and_every_shape_of_the_catalog_can_be_used():
    for name in table("node_rates"):
        assert hardware(name).matmul_rate > 0.0
    for name in table("architectures"):
        assert parameters_of(architecture(name, LENGTH)) > 0.0


def test_every_coefficient_has_a_prior_and_a_fitted_value():
    for which in ("node_priors", "node_coefficients"):
        records = coefficient_records(which)
        assert tuple(records) == NAMES
        assert all(record.value > 0.0 and record.source for record in records.values())
    assert all(r.standard_error and r.evidence_level == "fitted" for r in coefficient_records().values())
    for record in coefficient_records("node_priors").values():
        assert record.low < record.value < record.high
