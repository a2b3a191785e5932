"""Faults of the published sets, kept on purpose: each test is one concrete example.

The sets are reproduced as published; a test here fails when a set stops showing its fault.
"""

from __future__ import annotations

import pytest

from farflung import evaluate, preset


def changed(name, **changes):
    scenario = preset(name)
    return evaluate(scenario.with_({key.replace("__", "."): value for key, value in changes.items()}))


def pipeline_at(rate):
    return {"network__pipeline__upload": rate, "network__pipeline__download": rate}


def test_a_faster_link_inside_a_pipeline_group_hurts():
    """Its steps get shorter, so it takes one more of them to hide the exchange, and that costs more."""
    slow, fast = (changed("paper-10mbps", **pipeline_at(rate)) for rate in ("10 Mbps", "10.5 Mbps"))
    assert (slow.inner_steps, fast.inner_steps) == (4, 5)
    assert fast.throughput_flop > slow.throughput_flop
    assert fast.local_equivalent_flop / slow.local_equivalent_flop == pytest.approx(0.9202, abs=1e-4)


def test_links_inside_pipeline_groups_three_times_as_fast_nearly_halve_the_quality():
    slow, fast = (changed("paper-1e26", **pipeline_at(rate)) for rate in ("100 Mbps", "300 Mbps"))
    assert (slow.inner_steps, fast.inner_steps) == (3, 8)
    assert fast.quality_adjusted_flop / slow.quality_adjusted_flop == pytest.approx(0.602, abs=1e-3)


def test_yet_at_the_same_number_of_steps_the_faster_link_helps():
    slow, fast = (
        changed("paper-1e26", protocol__inner_steps=8, **pipeline_at(rate))
        for rate in ("100 Mbps", "300 Mbps")
    )
    assert fast.quality_adjusted_flop > slow.quality_adjusted_flop


def test_a_faster_node_hurts_where_it_takes_one_more_step_to_hide_the_exchange():
    slow, fast = (
        changed("paper-headline", nodes__peak=peak, nodes__memory="2304 GB")
        for peak in ("16.48 PFLOP/s", "16.81 PFLOP/s")
    )
    assert (slow.inner_steps, fast.inner_steps) == (10, 11)
    assert fast.local_equivalent_flop / slow.local_equivalent_flop == pytest.approx(0.9894, abs=1e-4)


def test_a_faster_link_inside_a_region_hurts_where_it_splits_one_cycle_into_two():
    slow, fast = (
        changed("paper-gpt4", network__regional__upload=rate, network__regional__download=rate)
        for rate in ("103 Mbps", "106 Mbps")
    )
    assert (slow.inner_steps, slow.regional_steps) == (19, 1)
    assert (fast.inner_steps, fast.regional_steps) == (18, 2)
    assert fast.effective_inner_steps > slow.effective_inner_steps + 6
    assert fast.local_equivalent_flop / slow.local_equivalent_flop == pytest.approx(0.887, abs=1e-3)


def test_a_faster_wide_area_link_hurts_a_run_that_waits_for_its_exchanges():
    """The fewest steps that would hide an exchange fall from two to one, so fewer share the waiting."""
    run = {
        "duration": "740 days",
        "model": {"parameters": 160e9},
        "nodes": {"count": 34, "peak": "15.84 PFLOP/s", "memory": "2304 GB", "precision": "fp8"},
        "network": {"upload": "1.22 Gbps", "latency": "0 s"},
        "protocol": {"mode": "flat", "streaming": False},
    }
    slow = evaluate(run)
    fast = evaluate({**run, "network": {"upload": "1.28 Gbps", "latency": "0 s"}})
    assert (slow.inner_steps, fast.inner_steps) == (2, 1)
    assert fast.throughput_flop < 0.8 * slow.throughput_flop


def test_groups_of_one_are_rewarded_for_being_called_a_hierarchy():
    flat = changed("paper-headline")
    renamed = changed("paper-headline", protocol__mode="hierarchical", protocol__nodes_per_group=1)
    assert renamed.throughput_flop == pytest.approx(flat.throughput_flop)
    assert renamed.effective_inner_steps == pytest.approx(flat.inner_steps**0.5)
    assert renamed.efficiency > 1.5 * flat.efficiency


def test_quality_peaks_in_the_number_of_nodes():
    few, some, many = (changed("paper-headline", nodes__count=count) for count in (34, 200, 3000))
    assert few.quality_adjusted_flop < some.quality_adjusted_flop > many.quality_adjusted_flop
    assert few.local_equivalent_flop < some.local_equivalent_flop < many.local_equivalent_flop


def test_two_nodes_look_worse_than_one_because_one_is_forgiven_its_allocation():
    alone, two = (changed("paper-strict-threshold", nodes__count=count) for count in (1, 2))
    assert alone.chinchilla_efficiency == 1 > two.chinchilla_efficiency


def test_one_step_costs_nothing_and_thirty_cost_an_eighth():
    often, rarely = (
        changed("paper-headline", model__parameters=1e9, protocol__inner_steps=steps) for steps in (1, 30)
    )
    assert often.efficiency_sync_interval == often.efficiency_replica == 1
    assert rarely.efficiency_sync_interval == pytest.approx(0.88, abs=0.002)
