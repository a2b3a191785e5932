"""``farflung presets``: the published scenarios that come with farflung."""

from __future__ import annotations

from typing import Annotated

import typer

from farflung.cli.show import Column, Listed, Listing


def presets(
    how: Annotated[Listed, typer.Option("--format", help="How to show it.")] = Listed.table,
) -> None:
    """List the preset scenarios: the published ones, ready to run."""
    from farflung.catalog.tables import names, preset_table

    rows = []
    for name in names("presets"):
        raw = preset_table(name)
        nodes = raw["nodes"]
        hardware = nodes.get("hardware") or f"{nodes['peak']}, {nodes['memory']}"
        title = raw.get("name", "")
        rows.append((f"{name}\n  {title}", name, title, raw.get("source", ""), nodes["count"], hardware))
    columns = (
        Column("", "Preset", share=1),
        Column("name"),
        Column("title"),
        Column("source", "Source"),
        Column("nodes", "Nodes", "1"),
        Column("hardware", "Hardware"),
    )
    Listing(columns, tuple(rows)).put(how)
