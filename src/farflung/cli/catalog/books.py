"""Assumption sets, sources, and the fields of a scenario."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass

from farflung.base.errors import unknown
from farflung.base.fields import Field, fields_of
from farflung.catalog import Source, bibtex, source
from farflung.catalog import sources as all_sources
from farflung.catalog.tables import assumption_table, loadable_names
from farflung.cli.catalog.shelf import Entry, Shelf
from farflung.cli.show import Column, Listed, Listing, grid, put, put_csv, put_json, quantity
from farflung.scenario import Assumptions, Scenario, load_assumptions


def _assumptions() -> Listing:
    columns = (
        Column("name", "Set"),
        Column("title", "Title", share=2),
        Column("description", "What it is", share=3),
        Column("source"),
    )
    rows = tuple(tuple(assumption_table(name)[column.key] for column in columns) for name in loadable_names())
    return Listing(columns, rows)


@dataclass(frozen=True, slots=True)
class _Set:
    """One assumption set: its words and coefficients, then its tables and the ranges they hold in."""

    believed: Assumptions

    def put(self, how: Listed) -> None:
        believed = self.believed
        if how is Listed.json:
            put_json({**believed.model_dump(mode="json"), "hash": believed.hash})
            return
        words = {
            "title": believed.title,
            "description": believed.description,
            "source": believed.source,
            "hash": believed.hash,
            "hardware_sources": believed.hardware_sources,
            "forms": believed.forms.model_dump(),
            "defaults": believed.defaults,
        }
        Entry(believed.name, words, tuple(believed.coefficients.items())).put(how)
        if how is Listed.table:
            _put_tables(believed)
            _put_limits(believed)


def _put_tables(believed: Assumptions) -> None:
    table = grid(
        "Quality table", "Ratio", "Optimistic", "Expected", "Conservative", "Source", right=range(1, 5)
    )
    for name, quality in believed.tables.items():
        for row in quality.rows:
            table.add_row(name, *(quantity(value, "1") for value in row), quality.source)
        table.add_section()
    if believed.tables:
        put(table)


def _put_limits(believed: Assumptions) -> None:
    table = grid("Factor", "Fitted or measured over", "From", "To", "Source", right=(2, 3))
    for factor, limits in believed.limits.items():
        for name, bounds in limits.items():
            if name != "source":
                low, high = (f"{bound:.4g}" for bound in bounds)
                table.add_row(factor, name, low, high, limits["source"])
    if believed.limits:
        put(table)


@dataclass(frozen=True, slots=True)
class _Citation:
    """One source: its BibTeX entry for a person, its parts for a program."""

    source: Source

    def put(self, how: Listed) -> None:
        if how is Listed.json:
            put_json({**asdict(self.source), "bibtex": bibtex([self.source.key])})
        elif how is Listed.csv:
            put_csv(tuple(asdict(self.source)), [tuple(asdict(self.source).values())])
        else:
            sys.stdout.write(bibtex([self.source.key]))


def _sources() -> Listing:
    columns = (
        Column("key", "Key"),
        Column("authors", "Authors", share=2),
        Column("title", "Title", share=3),
        Column("year", "Year"),
        Column("where"),
        Column("note"),
    )
    return Listing(columns, tuple(tuple(asdict(one).values()) for one in all_sources().values()))


_FIELD_COLUMNS = (
    Column("field", "Field"),
    Column("symbol"),
    Column("unit", "Unit"),
    Column("role"),
    Column("default"),
    Column("bounds"),
    Column("meaning"),
    Column("", "Default; bounds or choices", share=1),
    Column("", "Meaning (symbol), role", share=1),
)


def _field_row(field: Field) -> tuple[str, ...]:
    symbol = f" ({field.symbol})" if field.symbol else ""
    return (
        field.path, field.symbol, field.unit, field.role, field.default_text, field.bounds_text,
        field.meaning,
        f"{field.default_text}; {field.bounds_text}" if field.bounds_text else field.default_text,
        f"{field.meaning}{symbol}, {field.role}",
    )  # fmt: skip


def _fields() -> Listing:
    return Listing(_FIELD_COLUMNS, tuple(_field_row(field) for field in fields_of(Scenario).values()))


def _field(name: str) -> Listing:
    known = fields_of(Scenario)
    if name not in known:
        raise unknown("", "field", name, known)
    return Listing(_FIELD_COLUMNS, (_field_row(known[name]),))


ASSUMPTIONS = Shelf(_assumptions, lambda name: _Set(load_assumptions(name)))
SOURCES = Shelf(_sources, lambda name: _Citation(source(name)))
FIELDS = Shelf(_fields, _field)
