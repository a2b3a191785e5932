"""Nodes that stay below a rule: for every chip, the most that an unregistered node may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from farflung.base.errors import InputError, unknown
from farflung.catalog import Chip, Record, chips, rules
from farflung.physics.rating import h100_equivalents, most_chips_under, node_total
from farflung.physics.rating import total_processing_performance as performance_of
from farflung.scenario.hardware import hardware
from farflung.scenario.scenario import Nodes

Reading = Literal["fp16", "tpp"]
"""How a rule counts compute: by the 16-bit rate, or by total processing performance (rate times bits)."""
_LIMIT_OF_READING = {
    "fp16": ("performance_limit", "FLOP/s"),
    "tpp": ("total_processing_performance_limit", "FLOP*bit/s"),
}


@dataclass(frozen=True, slots=True)
class NodeLimit:
    """What a rule lets a node hold without registration.

    Attributes
    ----------
    reading
        How compute is counted.
    compute
        Most compute of a node, as counted [FLOP/s or FLOP/s · bit].
    per_h100_equivalent
        What the rule takes an H100 to be, as counted [the same].
    memory
        Most accelerator memory of a node; ``None`` where the rule sets no limit [byte].
    """

    reading: Reading
    compute: float
    per_h100_equivalent: float
    memory: float | None


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


@dataclass(frozen=True, slots=True)
class ExceededLimit:
    """A limit of a rule that a node exceeds.

    Attributes
    ----------
    rule
        Name of the rule.
    counted
        What it counts: the 16-bit rate, total processing performance, or memory.
    value, limit
        The node's, and the most the rule allows [``unit``].
    """

    rule: str
    counted: Literal["16-bit rate", "total processing performance", "memory"]
    value: float
    limit: float
    unit: str


_COUNTED = (
    ("performance_limit", "16-bit rate", "FLOP/s"),
    ("total_processing_performance_limit", "total processing performance", "FLOP*bit/s"),
    ("memory_limit", "memory", "byte"),
)  # fmt: skip
_ROUNDING = 1.0 + 1e-12
"""Sixteen times a sixteenth may come to more than the whole."""


def exceeded_limits(node: Nodes, hardware_sources: tuple[str, ...] = ()) -> tuple[ExceededLimit, ...]:
    """Return every limit on a node that one of the rules sets and this node exceeds, loosest limit first.

    Parameters
    ----------
    node
        The node; what it holds is not known of every node described by hand, and then no limit on it is
        said to be exceeded.
    hardware_sources
        Sources preferred where the catalog knows several figures for a chip.
    """
    held = _held(node, hardware_sources)
    exceeded = [
        ExceededLimit(rule, counted, value, limit, unit)  # type: ignore[arg-type]
        for rule, stated in rules().items()
        for key, counted, unit in _COUNTED
        if (value := held.get(counted)) is not None
        and isinstance(stated.get(key), Record)
        and value > (limit := stated[key].in_unit(unit)) * _ROUNDING
    ]
    return tuple(sorted(exceeded, key=lambda one: (one.counted, -one.limit)))


def _held(node: Nodes, hardware_sources: tuple[str, ...]) -> dict[str, float | None]:
    """Return what a node holds, by what rules count."""
    if node.hardware is None:
        rate = node.peak if node.precision in {"fp16", "bf16"} else None
        return {"16-bit rate": rate, "memory": node.memory}
    count, name = hardware(node.hardware)
    chip = chips()[name]
    return {
        "16-bit rate": count * _counted(chip, "fp16", hardware_sources),
        "total processing performance": count * _counted(chip, "tpp", hardware_sources),
        "memory": count * _of(chip.get("memory", hardware_sources), "byte"),
    }


def node_limit(rule: str, *, reading: Reading = "fp16", lowered_to: float | None = None) -> NodeLimit:
    """Return what a rule lets a node hold.

    Parameters
    ----------
    rule
        Name of a rule that limits the compute, or compute and memory, of a cluster.
    reading
        Whether compute is the dense 16-bit rate (``fp16``) or the greatest product of rate and bits over
        all formats (``tpp``).
    lowered_to
        Another compute limit instead of the rule's own [H100-equivalents].

    Raises
    ------
    InputError
        If there is no such rule, or it limits no cluster.
    """
    if rule not in rules():
        raise unknown("rule", "rule", rule, rules())
    name, unit = _LIMIT_OF_READING[reading]
    stated = rules()[rule].get(name)
    equivalents = rules()[rule].get("compute_limit_h100e")
    if not isinstance(stated, Record) or not isinstance(equivalents, Record):
        limiting = [key for key, value in rules().items() if "compute_limit_h100e" in value]
        raise InputError(
            "rule", f"'{rule}' does not limit the compute of a node", nearest=", ".join(limiting)
        )
    # What the rule itself takes an H100 to be, so that its limit is its own number of equivalents.
    reference = stated.in_unit(unit) / equivalents.value
    memory = rules()[rule].get("memory_limit")
    return NodeLimit(
        reading=reading,
        compute=stated.in_unit(unit) if lowered_to is None else lowered_to * reference,
        per_h100_equivalent=reference,
        memory=memory.in_unit("byte") if memory else None,
    )


def sub_threshold_nodes(
    limit: NodeLimit, *, hardware_sources: tuple[str, ...] = ()
) -> tuple[SubThresholdNode, ...]:
    """Return the largest unregistered node of every chip, most memory first.

    Parameters
    ----------
    limit
        What a node may hold.
    hardware_sources
        Sources preferred where the catalog knows several figures for a chip.
    """
    nodes = (largest_node(chip, limit, hardware_sources) for chip in chips().values())
    return tuple(sorted((n for n in nodes if n.chips), key=lambda node: node.memory_bytes, reverse=True))


def largest_node(chip: Chip, limit: NodeLimit, hardware_sources: tuple[str, ...] = ()) -> SubThresholdNode:
    """Return the largest node of one chip below a limit; it may have no chip at all."""
    counted = _counted(chip, limit.reading, hardware_sources)
    memory = _of(chip.get("memory", hardware_sources), "byte")
    by_compute = int(most_chips_under(limit=limit.compute, per_chip=counted))
    by_memory = (
        by_compute if limit.memory is None else int(most_chips_under(limit=limit.memory, per_chip=memory))
    )
    count = min(by_compute, by_memory)
    price = chip.get("price", hardware_sources)
    performance = node_total(chips_per_node=count, per_chip=counted)
    peak = chip.rate("fp16", hardware_sources).in_unit("FLOP/s")
    return SubThresholdNode(
        chip=chip.name,
        chips=count,
        peak_flops=node_total(chips_per_node=count, per_chip=peak),
        memory_bytes=node_total(chips_per_node=count, per_chip=memory),
        h100_equivalents=h100_equivalents(
            performance=performance, reference_performance=limit.per_h100_equivalent
        ),
        price_usd=node_total(chips_per_node=count, per_chip=_of(price, "USD")) if price else None,
        limited_by="memory" if by_memory < by_compute else "compute",
    )


def _counted(chip: Chip, reading: Reading, hardware_sources: tuple[str, ...]) -> float:
    if reading == "fp16":
        return chip.rate("fp16", hardware_sources).in_unit("FLOP/s")
    return performance_of(rates=chip.dense_rates(hardware_sources))


def _of(record: Record | None, unit: str) -> float:
    return record.in_unit(unit) if record else 0.0
