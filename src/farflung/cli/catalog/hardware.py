"""Chips, the pods they are sold in, and the largest nodes that a rule leaves alone."""

from __future__ import annotations

from typing import Any, Literal

from farflung.catalog import Chip, table
from farflung.catalog import chips as all_chips
from farflung.catalog import pods as all_pods
from farflung.cli.catalog.shelf import Shelf, entry_of
from farflung.cli.show import Column, Listing
from farflung.physics.rating import h100_equivalents, total_processing_performance

_REFERENCE = "H100 SXM"


def _chips() -> Listing:
    columns = (
        Column("name", "Chip"),
        Column("manufacturer"),
        Column("jurisdiction"),
        Column("released"),
        Column("fp16_flops", "fp16", "FLOP/s"),
        Column("fp8_flops", "fp8", "FLOP/s"),
        Column("fp4_flops", "fp4", "FLOP/s"),
        Column("int8_flops", "", "FLOP/s"),
        Column("memory_bytes", "Memory", "byte"),
        Column("memory_kind"),
        Column("memory_bandwidth_bytes_per_s"),
        Column("power_w", "Power", "W"),
        Column("price_usd", "Price", "USD"),
        Column("h100_equivalents", "H100e", "1"),
    )
    return Listing(columns, tuple(_chip_row(chip) for chip in all_chips().values()))


def _chip_row(chip: Chip) -> tuple[Any, ...]:
    rates = chip.dense_rates()
    reference = total_processing_performance(rates=all_chips()[_REFERENCE].dense_rates())
    equivalents = h100_equivalents(
        performance=total_processing_performance(rates=rates), reference_performance=reference
    )
    return (
        chip.name, chip.manufacturer, chip.jurisdiction, chip.released,
        *(rates.get(number_format) for number_format in ("fp16", "fp8", "fp4", "int8")),
        _figure(chip, "memory", "byte"), chip.memory_kind, _figure(chip, "memory_bandwidth", "byte/s"),
        _figure(chip, "power", "W"), _figure(chip, "price", "USD"), float(equivalents),
    )  # fmt: skip


def _figure(chip: Chip, quantity: str, unit: str) -> float | None:
    record = chip.get(quantity)
    return record.in_unit(unit) if record else None


def _pods() -> Listing:
    columns = (
        Column("name", "Pod"),
        Column("chip", "Chip"),
        Column("chips", "Chips", "1"),
        Column("description", "What it is", share=1),
        Column("source", "Source"),
    )
    rows = tuple((p.name, p.chip, p.chips, p.description, p.record.source) for p in all_pods().values())
    return Listing(columns, rows)


def largest_nodes(rule: str, by: Literal["fp16", "tpp"], assumptions: str | None) -> Listing:
    """Return, for each chip, the largest node that stays under a rule."""
    from farflung.scenario import load_assumptions
    from farflung.scenario.nodes import node_limit, sub_threshold_nodes

    preferred = load_assumptions(assumptions).hardware_sources if assumptions else ()
    columns = (
        Column("chip", "Chip"),
        Column("chips", "Most chips", "1"),
        Column("peak_flops", "Peak, fp16", "FLOP/s"),
        Column("memory_bytes", "Memory", "byte"),
        Column("h100_equivalents", "H100e", "1"),
        Column("price_usd", "Price", "USD"),
        Column("limited_by", "Limited by"),
    )
    rows = tuple(
        tuple(getattr(node, column.key) for column in columns)
        for node in sub_threshold_nodes(node_limit(rule, reading=by), hardware_sources=preferred)
    )
    return Listing(columns, rows)


CHIPS = Shelf(_chips, entry_of("chip", lambda: table("chips")))
PODS = Shelf(_pods, entry_of("pod", lambda: table("pods")))
