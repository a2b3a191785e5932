"""Chips, the pods they are sold in, and the largest nodes that a rule leaves alone."""

from __future__ import annotations

from typing import Any, Literal

from farflung.base.format import format_value
from farflung.catalog import Chip, Price, table
from farflung.catalog import chips as all_chips
from farflung.catalog import pods as all_pods
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS, assumption_names
from farflung.cli.catalog.section import BOUGHT, Entry, Section, entry_of
from farflung.cli.listing import Column, Listing
from farflung.physics.rating import h100_equivalents, total_processing_performance
from farflung.scenario import load_assumptions

_REFERENCE = "H100 SXM"


def chips(assumptions: str = DEFAULT_ASSUMPTIONS) -> Listing:
    """Return every accelerator with the figures that an assumption set takes."""
    preferred = _preferred(assumptions)
    columns = (
        Column("name", "Chip"),
        Column("manufacturer"),
        Column("jurisdiction"),
        Column("released"),
        Column("fp16_flops", "fp16", "FLOP/s"),
        Column("fp8_flops", "fp8", "FLOP/s"),
        Column("fp4_flops", "", "FLOP/s"),
        Column("int8_flops", "", "FLOP/s"),
        Column("memory_bytes", "Memory", "byte"),
        Column("memory_kind"),
        Column("memory_bandwidth_bytes_per_s"),
        Column("power_w", "Power", "W"),
        Column("", "Price", "USD"),
        Column("", "Newest range"),
        *(Column(f"price_{key}") for key in _PRICE_KEYS),
        Column("h100_equivalents", "H100e", "1"),
    )
    rows = tuple(_chip_row(chip, preferred) for chip in all_chips().values())
    note = f"as {assumptions} has it; ↓ ↑: the price lies below or above that range"
    return Listing("Accelerators", columns, rows, note)


def _preferred(assumptions: str) -> tuple[str, ...]:
    return load_assumptions(assumptions).hardware_sources


def _chip_row(chip: Chip, preferred: tuple[str, ...]) -> tuple[Any, ...]:
    rates = chip.dense_rates(preferred)
    reference = total_processing_performance(rates=all_chips()[_REFERENCE].dense_rates(preferred))
    equivalents = h100_equivalents(
        performance=total_processing_performance(rates=rates), reference_performance=reference
    )
    return (
        chip.name, chip.manufacturer, chip.jurisdiction, chip.released,
        *(rates.get(number_format) for number_format in ("fp16", "fp8", "fp4", "int8")),
        _figure(chip, "memory", "byte", preferred), chip.memory_kind,
        _figure(chip, "memory_bandwidth", "byte/s", preferred), _figure(chip, "power", "W", preferred),
        *_price_cells(chip.price(preferred)), float(equivalents),
    )  # fmt: skip


def _figure(chip: Chip, quantity: str, unit: str, preferred: tuple[str, ...]) -> float | None:
    record = chip.get(quantity, preferred)
    return record.in_unit(unit) if record else None


_PRICE_KEYS = ("usd", "includes", "source", "date", "range_low_usd", "range_high_usd", "range_date",
               "beside_range")  # fmt: skip
_MARKS = {"below": " ↓", "above": " ↑"}


def _price_facts(price: Price) -> dict[str, Any]:
    """Return what there is to say of a price, by the keys of JSON and CSV."""
    used, market = price.record, price.range
    ends = (market.low, market.high, market.date) if market else (None, None, None)
    values = (used.in_unit("USD"), used.includes, used.source, used.date, *ends, price.beside_range)
    return dict(zip(_PRICE_KEYS, values, strict=True))


def _price_cells(price: Price | None) -> tuple[Any, ...]:
    if price is None:
        return (None, "", *(None,) * len(_PRICE_KEYS))
    said = _price_facts(price)
    shown = format_value(said["usd"], "USD") + _MARKS.get(price.beside_range, "")
    return (shown, _range(price), *said.values())


def _range(price: Price) -> str:
    market = price.range
    if market is None or market.low is None or market.high is None:
        return ""
    return f"${market.low / 1e3:g}–{market.high / 1e3:g}k, {market.date:%Y}"


def _chip(name: str) -> Entry:
    """Return one accelerator: every record, and which of its prices each assumption set takes."""
    entry = entry_of("chip", lambda: table("chips"))(name)
    prices = {set_name: all_chips()[name].price(_preferred(set_name)) for set_name in assumption_names()}
    by_set = {set_name: _price_words(price) for set_name, price in prices.items() if price}
    return Entry(entry.name, {**entry.words, "price": by_set or "unknown"}, entry.records)


def _price_words(price: Price) -> str:
    words = f"{format_value(price.record.in_unit('USD'), 'USD')} ({price.record.source}"
    words += f", {BOUGHT[price.record.includes]})"
    return f"{words}, {price.beside_range} {_range(price)}" if price.beside_range else words


def _pods() -> Listing:
    columns = (
        Column("name", "Pod"),
        Column("chip", "Chip"),
        Column("chips", "Chips", "1"),
        Column("description", "What it is"),
        Column("source", "Source"),
    )
    rows = tuple((p.name, p.chip, p.chips, p.description, p.record.source) for p in all_pods().values())
    return Listing("Commercial pods", columns, rows)


def largest_nodes(rule: str, by: Literal["fp16", "tpp"], assumptions: str = DEFAULT_ASSUMPTIONS) -> Listing:
    """Return, for each chip, the largest node that stays under a rule."""
    from farflung.scenario.nodes import node_limit, sub_threshold_nodes

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
        for node in sub_threshold_nodes(
            node_limit(rule, reading=by), hardware_sources=_preferred(assumptions)
        )
    )
    return Listing(f"The largest node of each chip below {rule}", columns, rows)


CHIPS = Section(
    "List accelerators: dense rates, memory, power, price, H100-equivalents by processing performance.\n\n"
    "Figures are those that an assumption set takes, the default one unless given. With a NAME: every record,"
    " and the price that each set takes.",
    chips,
    _chip,
)
PODS = Section(
    "List the standard commercial pods: so many of one chip.", _pods, entry_of("pod", lambda: table("pods"))
)
