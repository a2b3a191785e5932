"""Sourced facts: chips, pods, links, rules, models, systems, assumption sets, presets and their sources.

Every number is a :class:`Record` with its unit, source key, locator and date. Nothing here computes.
"""

from farflung.catalog.chips import Chip, Pod, Price, chip, chips, pod, pods
from farflung.catalog.records import Record, select
from farflung.catalog.sources import Source, bibtex, cited, source, sources
from farflung.catalog.tables import assumption_table, facts, names, preset_table, records, rules, table

__all__ = [
    "Chip",
    "Pod",
    "Price",
    "Record",
    "Source",
    "assumption_table",
    "bibtex",
    "chip",
    "chips",
    "cited",
    "facts",
    "names",
    "pod",
    "pods",
    "preset_table",
    "records",
    "rules",
    "select",
    "source",
    "sources",
    "table",
]
