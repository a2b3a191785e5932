"""Nodes that stay below a rule: for every chip, the most that an unregistered node may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from farflung.base.errors import InputError, unknown
from farflung.catalog import Chip, Record, chips, rules
from farflung.physics.rating import h100_equivalents, most_chips_under, node_total
from farflung.physics.rating import total_processing_performance as performance_of

Reading = Literal["fp16", "tpp"]
"""How a rule counts compute: by the 16-bit rate, or by total processing performance (rate times bits)."""
_LIMIT_OF_READING = {
    "fp16": ("performance_limit", "FLOP/s"),
    "tpp": ("total_processing_performance_limit", "FLOP*bit/s"),
}


@dataclass(frozen=True, slots=True)
class SubThresholdNode:
    """The largest node of one chip that a rule leaves unregistered."""

    chip: str
    chips: int
    peak_flops: float
    memory_bytes: float
    h100_equivalents: float
    price_usd: float | None
    limited_by: Literal["compute", "memory"]


def sub_threshold_nodes(
    rule: str, *, reading: Reading = "fp16", hardware_sources: tuple[str, ...] = ()
) -> tuple[SubThresholdNode, ...]:
    """Return the largest unregistered node of every chip, most memory first.

    Parameters
    ----------
    rule
        Name of a rule that limits the compute, or compute and memory, of a cluster.
    reading
        Whether compute is the dense 16-bit rate (``fp16``) or the greatest product of rate and bits over
        all formats (``tpp``).
    hardware_sources
        Sources preferred where the catalog knows several figures for a chip.

    Raises
    ------
    InputError
        If there is no such rule, or it limits no cluster.
    """
    nodes = (_largest(chip, rule, reading, hardware_sources) for chip in chips().values())
    return tuple(sorted((n for n in nodes if n.chips), key=lambda node: node.memory_bytes, reverse=True))


def most_chips(
    rule: str, chip: Chip, *, reading: Reading = "fp16", hardware_sources: tuple[str, ...] = ()
) -> int:
    """Return the most of one chip that a node may hold below a rule."""
    return _largest(chip, rule, reading, hardware_sources).chips


def _largest(chip: Chip, rule: str, reading: Reading, hardware_sources: tuple[str, ...]) -> SubThresholdNode:
    limit, unit = _limit(rule, reading)
    counted = _counted(chip, reading, hardware_sources)
    by_compute = int(most_chips_under(limit=limit.in_unit(unit), per_chip=counted))
    memory = _of(chip.get("memory", hardware_sources), "byte")
    count, limited_by = by_compute, "compute"
    memory_limit = rules()[rule].get("memory_limit")
    if memory_limit is not None:
        by_memory = int(most_chips_under(limit=memory_limit.in_unit("byte"), per_chip=memory))
        if by_memory < by_compute:
            count, limited_by = by_memory, "memory"
    price = chip.get("price", hardware_sources)
    # What the rule itself takes an H100 to be, so that its limit is its own number of equivalents.
    reference = limit.in_unit(unit) / rules()[rule]["compute_limit_h100e"].in_unit("H100e")
    return SubThresholdNode(
        chip=chip.name,
        chips=count,
        peak_flops=node_total(
            chips_per_node=count, per_chip=chip.rate("fp16", hardware_sources).in_unit("FLOP/s")
        ),
        memory_bytes=node_total(chips_per_node=count, per_chip=memory),
        h100_equivalents=h100_equivalents(
            performance=node_total(chips_per_node=count, per_chip=counted), reference_performance=reference
        ),
        price_usd=node_total(chips_per_node=count, per_chip=_of(price, "USD")) if price else None,
        limited_by="compute" if limited_by == "compute" else "memory",
    )


def _limit(rule: str, reading: Reading) -> tuple[Record, str]:
    if rule not in rules():
        raise unknown("rule", "rule", rule, rules())
    name, unit = _LIMIT_OF_READING[reading]
    limit = rules()[rule].get(name)
    if not isinstance(limit, Record):
        limiting = [key for key, value in rules().items() if name in value]
        raise InputError(
            "rule", f"'{rule}' does not limit the compute of a node", nearest=", ".join(limiting)
        )
    return limit, unit


def _counted(chip: Chip, reading: Reading, hardware_sources: tuple[str, ...]) -> float:
    if reading == "fp16":
        return chip.rate("fp16", hardware_sources).in_unit("FLOP/s")
    return performance_of(rates=chip.dense_rates(hardware_sources))


def _of(record: Record | None, unit: str) -> float:
    return record.in_unit(unit) if record else 0.0
