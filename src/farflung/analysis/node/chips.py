"""Hardware of a node: the rates of a chip and what joins it, from the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from farflung.analysis.node.inputs import Hardware
from farflung.base.errors import InputError, unknown
from farflung.catalog.chips import FORMAT_OF_PRECISION, chip
from farflung.catalog.records import Record
from farflung.catalog.tables import table

BITS = {"fp16": 16.0, "fp8": 8.0, "fp4": 4.0}
"""Bits of a number format of matrix products."""
_SI = {"TFLOP/s": 1e12, "GB/s": 1e9, "Gbit/s": 1e9 / 8.0, "GB": 1e9, "1": 1.0}


@cache
def _row(name: str) -> Mapping[str, Any]:
    rates = table("node_rates")
    if name not in rates:
        raise unknown("nodes.hardware", "chip with measured rates", name, rates)
    row: Mapping[str, Any] = rates[name]
    return row


def value_of(raw: Mapping[str, Any]) -> float:
    """Return a record's value in SI units, bytes where it is bits."""
    record = Record.of(raw)
    return record.value * _SI[record.unit]


def hardware(
    name: str, precision: str = "fp16", *, kernel: str | None = None, limited: bool = False, **changes: float
) -> Hardware:
    """Return the rates of a chip in its usual box, with fields changed.

    Parameters
    ----------
    name
        Chip of the catalog that has rates of micro-benchmarks.
    precision
        Training precision.
    kernel
        Generation of the attention kernel; by default that of a stack of today.
    limited
        Whether the box is below the chip's usual power limit.
    **changes
        Fields of the hardware that differ from the usual box.

    Raises
    ------
    InputError
        If the chip has no rates, the format no rate, or there is no such kernel.
    """
    row = _row(name)
    form = FORMAT_OF_PRECISION.get(precision, precision)
    if form not in row["sustained"]:
        raise InputError(
            "nodes.precision",
            f"{name} has no measured rate in {precision}",
            nearest=" or ".join(row["sustained"]),
        )
    wanted = kernel or row["kernel"]
    if wanted not in row["attention"]:
        raise unknown("nodes.attention", "attention kernel", wanted, row["attention"])
    base = chip(row.get("chip", name))
    memory, bandwidth = base.get("memory"), base.get("memory_bandwidth")
    if memory is None or bandwidth is None:
        raise InputError("nodes.hardware", f"the catalog has no memory bandwidth of {name}")
    sustained = {f: value_of(r) for f, r in row["sustained"].items()}
    attention = value_of(row["attention"][wanted])
    if limited:
        share = value_of(row["limited"]["sustained"]) / sustained["fp16"]
        sustained = {f: rate * share for f, rate in sustained.items()}
        attention = value_of(row["limited"]["attention"])
    usual = Hardware(
        peak_rate=base.rate(form).in_unit("FLOP/s"), matmul_rate=sustained[form], half_rate=sustained["fp16"],
        attention_rate=attention,
        memory=value_of(row["memory"]) if "memory" in row else memory.in_unit("byte"),
        memory_bandwidth=bandwidth.in_unit("byte/s"), units=value_of(row["units"]),
        domain_size=value_of(row["domain"]), domain_bandwidth=value_of(row["link"]),
        network_bandwidth=value_of(row["network"]),
    )  # fmt: skip
    return replace(usual, **changes)
