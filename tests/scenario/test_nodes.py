"""What a node holds, beside the limits of every rule."""

from __future__ import annotations

import pytest

from farflung.catalog import rules
from farflung.scenario import Nodes
from farflung.scenario.nodes import exceeded_limits, node_limit, sub_threshold_nodes


def _broken(**node: object) -> dict[str, set[str]]:
    limits = exceeded_limits(Nodes.read({"count": 1, **node}))
    return {counted: {one.rule for one in limits if one.counted == counted} for counted in
            ("16-bit rate", "total processing performance", "memory")}  # fmt: skip


def test_sixteen_h100_are_at_the_limit_and_seventeen_above_it() -> None:
    at, above = (_broken(hardware=f"{count}x H100 SXM") for count in (16, 17))
    assert "miri-2025" not in at["16-bit rate"] | at["total processing performance"]
    assert "miri-2025" in above["16-bit rate"] & above["total processing performance"]
    assert at["memory"] == {"miri-2025-memory-1tb", "miri-2025-memory-512gb"}
    assert "miri-2025-8h100e" in at["16-bit rate"]


@pytest.mark.parametrize("rule", [name for name in rules() if "compute_limit_h100e" in rules()[name]])
def test_the_largest_node_below_a_rule_breaks_it_with_one_chip_more(rule: str) -> None:
    for node in sub_threshold_nodes(node_limit(rule)):
        for count, breaks in ((node.chips, False), (node.chips + 1, True)):
            found = _broken(hardware=f"{count}x {node.chip}")
            assert (rule in found["16-bit rate"] | found["memory"]) == breaks, (node.chip, count)


def test_of_a_node_described_by_hand_only_what_is_known_is_compared() -> None:
    fp8 = _broken(peak="40 PFLOP/s", memory="2 TB", precision="fp8")
    assert not fp8["16-bit rate"]
    assert not fp8["total processing performance"]
    assert "miri-2026-memory" in fp8["memory"]
    assert "miri-2025" in _broken(peak="40 PFLOP/s", memory="2 TB")["16-bit rate"]


def test_looser_limits_come_first() -> None:
    limits = exceeded_limits(Nodes.read({"count": 1, "hardware": "40x GB300"}))
    assert len({one.rule for one in limits}) > 5
    for counted in {one.counted for one in limits}:
        own = [one.limit for one in limits if one.counted == counted]
        assert own == sorted(own, reverse=True)
