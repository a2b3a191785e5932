"""Sub-threshold nodes are computed, and come out as the paper's Appendix B.2 prints them."""

import pytest

from farflung.base.errors import InputError
from farflung.scenario import load_assumptions
from farflung.scenario.nodes import node_limit, sub_threshold_nodes

PAPER = load_assumptions("miri-2026-04").hardware_sources
# chips, PFLOP/s, H100-equivalents, GB, USD per chip
APPENDIX_B2 = {
    "A100 80GB": (50, 15.600, 15.76, 4000, 7000),
    "Ascend 910B": (49, 15.680, 15.84, 3136, 16000),
    "Ascend 910C": (26, 15.600, 15.76, 3328, 26000),
    "TPU v4": (57, 15.675, 15.83, 1824, 12000),
    "TPU v5e": (80, 15.760, 15.92, 1280, 6000),
    "TPU v5p": (34, 15.606, 15.76, 3230, 20000),
    "TPU v6e": (17, 15.606, 15.76, 544, 25000),
    "H100 SXM": (16, 15.84, 16.0, 1280, 25000),
    "GH200": (16, 15.84, 16.0, 2304, 28000),
}


def by_chip(rule, hardware_sources=(), **choices):
    limit = node_limit(rule, **choices)
    return {node.chip: node for node in sub_threshold_nodes(limit, hardware_sources=hardware_sources)}


@pytest.mark.parametrize("chip", APPENDIX_B2)
def test_appendix_b2(chip):
    chips, petaflops, equivalents, gigabytes, price = APPENDIX_B2[chip]
    node = by_chip("miri-2025", hardware_sources=PAPER)[chip]
    assert node.chips == chips
    assert node.peak_flops / 1e15 == pytest.approx(petaflops, abs=5e-4)
    assert node.h100_equivalents == pytest.approx(equivalents, abs=5e-3)
    assert node.memory_bytes / 1e9 == pytest.approx(gigabytes)
    assert node.price_usd / chips == pytest.approx(price)


def test_the_memory_amendment_binds_where_memory_is_plentiful():
    before, after = by_chip("miri-2025"), by_chip("miri-2026-memory")
    assert all(after[chip].chips <= before[chip].chips for chip in after)
    assert after["A100 80GB"].limited_by == "memory"
    assert after["A100 80GB"].memory_bytes <= 1280e9
    assert before["A100 80GB"].limited_by == "compute"


def test_chips_the_literature_left_out_hold_more():
    nodes = by_chip("miri-2025")
    assert nodes["H20"].chips == 107
    assert nodes["H20"].memory_bytes == pytest.approx(10_272e9)
    assert nodes["MI300X"].chips == 12


def test_counting_by_format_times_bits_never_allows_more():
    by_rate, by_product = by_chip("miri-2025"), by_chip("miri-2025", reading="tpp")
    assert all(by_product[c].chips <= by_rate[c].chips for c in by_product)


def test_a_rule_without_a_cluster_limit_is_refused():
    with pytest.raises(InputError, match="does not limit the compute of a node"):
        node_limit("eu-ai-act")


def test_an_unknown_rule_is_refused():
    with pytest.raises(InputError, match="did you mean 'miri-2025'"):
        node_limit("miri2025")


def test_a_lowered_limit_allows_fewer():
    full, half = by_chip("miri-2025"), by_chip("miri-2025", lowered_to=8)
    assert half["A100 80GB"].chips == 25
    assert all(half[chip].chips <= full[chip].chips for chip in half)
    assert all(node.h100_equivalents <= 8 + 1e-9 for node in half.values())
