"""Clusters and stacks of the catalog, and a measured step on one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from farflung.analysis.node.chips import BITS, hardware, value_of
from farflung.analysis.node.inputs import Architecture, Hardware, Plan, Software, StepInputs
from farflung.catalog.tables import table

Row = Mapping[str, str]
_REFERENCE_YEAR = 2025.5


@dataclass(frozen=True, slots=True)
class MeasuredStep:
    """A measured step.

    Attributes
    ----------
    label
        What identifies the row in its table.
    group
        Part of its table that errors are given for, such as dense models or one chip.
    cluster
        Machine and stack it ran on; what a fit leaves out at a time.
    inputs
        What it is computed from.
    seconds
        What was measured [s].
    memory
        Measured peak of the fullest chip, where there is one [byte].
    """

    label: str
    group: str
    cluster: str
    inputs: StepInputs
    seconds: float
    memory: float | None = None


class Excluded(Exception):  # noqa: N818 - it is an answer, not a failure
    """A row that cannot be predicted, and why."""


def cluster_hardware(name: str, precision: str, *, chip: str = "", **changes: float) -> Hardware:
    """Return the hardware of a cluster of the catalog."""
    row = table("node_clusters")[name]
    own = {key: value_of(row[key]) for key in ("memory", "memory_bandwidth") if key in row}
    if "network" in row:
        own["network_bandwidth"] = value_of(row["network"])
    chip = chip or row["chip"]
    kernel = row.get("kernel")
    if kernel not in table("node_rates").get(chip, {}).get("attention", {}):
        kernel = None
    return hardware(chip, precision, kernel=kernel, limited=row.get("limited", False), **own, **changes)


def cluster_software(name: str, precision: str, *, year: float | None = None, **changes: float) -> Software:
    """Return what the software of a cluster of the catalog does."""
    row = table("node_clusters")[name]
    said = {key: float(value) for key, value in row["software"].items()}
    return Software(**{
        "fused_attention": float(row.get("kernel") != "none"), "format_bits": BITS.get(precision, 16.0),
        "gradient_bytes": 2.0, "scatter_transfers": 0.0, "send_once": 0.0,
        "years": (year or row["year"]) - _REFERENCE_YEAR,
        **said, **changes,
    })  # fmt: skip


def plan_of(chips: float, sequences: float, **fields: float) -> Plan:
    """Return a plan from its degrees, the step's sequences, and what is left for data parallelism.

    Raises
    ------
    Excluded
        If the degrees do not divide the chips, or the micro-batches are not whole.
    """
    usual = {
        "tensor": 1.0,
        "pipeline": 1.0,
        "context": 1.0,
        "expert": 1.0,
        "interleaving": 1.0,
        "micro_batch": 1.0,
        "zero_stage": 0.0,
        "recompute": 0.0,
        "sequence_parallel": 0.0,
    }
    plan = usual | fields
    data = chips / (plan["tensor"] * plan["pipeline"] * plan["context"])
    micro_batches = sequences / (data * plan["micro_batch"])
    if data < 1.0 or data % 1.0 or micro_batches % 1.0 > 1e-6:
        raise Excluded("parallelism does not divide the chips or the batch")
    return Plan(**plan, data=data, micro_batches=max(micro_batches, 1.0))


def with_layers(shape: Architecture, layers: float) -> Architecture:
    """Return a model cut to its first layers."""
    return replace(shape, layers=layers, dense_layers=min(shape.dense_layers, layers))
