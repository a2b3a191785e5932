"""Links, models, systems, rules, facts and costs: the catalog's plain tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farflung.catalog import Record, rules, table
from farflung.cli.catalog.section import Section, as_value, entry_of
from farflung.cli.listing import Column, Listing


def _figure(raw: Mapping[str, Any], key: str, unit: str) -> float | None:
    """Return what a table says under a key, in the unit it is listed in."""
    found = raw.get(key)
    if found is None:
        return None
    record = found if isinstance(found, Record) else Record.of(found)
    # Counts are of unit 1 in the catalog, whatever is counted.
    return record.value if record.unit == "1" else record.in_unit(unit)


def _listing(title: str, raw: Mapping[str, Mapping[str, Any]], columns: tuple[Column, ...]) -> Listing:
    """Return the listing of a table: columns with a unit hold records, the others words."""
    keys = {column: column.key.removesuffix("_usd").removesuffix("_bps") for column in columns}
    rows = tuple(
        (name, *(_figure(entry, keys[c], c.unit) if c.unit else entry.get(keys[c]) for c in columns[1:]))
        for name, entry in raw.items()
    )
    return Listing(title, columns, rows)


def _links() -> Listing:
    columns = (
        Column("name", "Link"),
        Column("description", "What it is"),
        Column("upload_bps", "Up", "bit/s"),
        Column("download_bps", "Down", "bit/s"),
        Column("latency", "Round trip", "s"),
    )
    return _listing("Links between sites", table("links"), columns)


def _models() -> Listing:
    columns = (
        Column("name", "Model"),
        Column("organization", "By"),
        Column("category"),
        Column("released", "Released"),
        Column("parameters", "Parameters", "parameters"),
        Column("tokens", "Tokens", "token"),
        Column("training_flop", "Training", "FLOP"),
    )
    return _listing("Published models and training runs", table("models"), columns)


def _systems() -> Listing:
    columns = (
        Column("name", "System"),
        Column("category", "Kind"),
        Column("chip", "Chip"),
        Column("chips", "Chips", "1"),
        Column("memory", "Memory", "byte"),
        Column("published_h100_equivalents", "H100e", "1"),
    )
    return _listing("Legitimate systems that a rule may catch", table("systems"), columns)


def _rules() -> Listing:
    columns = (
        Column("name", "Rule"),
        Column("title", "Title"),
        Column("status", "Status"),
        Column("status_date"),
        Column("effect"),
        Column("compute_limit_h100e", "Cluster", "H100e"),
        Column("memory_limit", "Memory", "byte"),
        Column("training_limit", "Training", "FLOP"),
        Column("performance_limit", "", "FLOP/s"),
        Column("interconnect_limit", "", "bit/s"),
    )
    return _listing("Compute-governance rules", rules(), columns)


def _figures(name: str, title: str) -> Listing:
    columns = (
        Column("name", title),
        Column("", "Value"),
        Column("", "Source and place"),
        *(Column(key) for key in ("value", "unit", "low", "high", "source", "locator", "date", "note")),
    )
    rows = tuple(
        (key, as_value(r), f"{r.source}: {r.locator}",
         r.value, r.unit, r.low, r.high, r.source, r.locator, r.date, r.note)
        for key, r in _records(name).items()
    )  # fmt: skip
    return Listing(f"{title}s", columns, rows)


def _records(name: str) -> Mapping[str, Record]:
    return {key: Record.of(raw) for key, raw in table(name).items()}


LINKS = Section(
    "List links between sites: upload, download, round-trip time.",
    _links,
    entry_of("link", lambda: table("links")),
)
MODELS = Section(
    "List published models and training runs.", _models, entry_of("model", lambda: table("models"))
)
SYSTEMS = Section(
    "List legitimate systems that a registration rule may catch.",
    _systems,
    entry_of("system", lambda: table("systems")),
)
RULES = Section(
    "List compute-governance rules: proposed, in force and revoked.", _rules, entry_of("rule", rules)
)
FACTS = Section(
    "List single figures that published claims rest on.",
    lambda: _figures("facts", "Fact"),
    entry_of("fact", lambda: _records("facts")),
)
COSTS = Section(
    "List cost, power and growth coefficients.",
    lambda: _figures("costs", "Cost"),
    entry_of("cost", lambda: _records("costs")),
)
