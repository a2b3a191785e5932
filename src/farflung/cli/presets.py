"""``farflung presets``: the published scenarios, ready to run."""

from __future__ import annotations

from farflung.catalog.tables import names, preset_table
from farflung.cli.answer import answers
from farflung.cli.listing import Column, Listing


@answers
def presets() -> Listing:
    """List the preset scenarios: the published ones, ready to run."""
    rows = []
    for name in names("presets"):
        raw = preset_table(name)
        nodes = raw["nodes"]
        hardware = nodes.get("hardware") or f"{nodes['peak']}, {nodes['memory']}"
        rows.append((name, raw.get("name", ""), raw.get("source", ""), nodes["count"], hardware))
    columns = (
        Column("name", "Preset"),
        Column("title", "Title"),
        Column("source", "Source"),
        Column("nodes", "Nodes", "1"),
        Column("hardware", "Hardware"),
    )
    return Listing("Presets", columns, tuple(rows))
