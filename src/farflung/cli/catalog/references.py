"""Assumption sets, sources, and the fields of a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from farflung.base.errors import unknown
from farflung.base.fields import Field, fields_of
from farflung.base.pages import Page, Table
from farflung.catalog import Source, bibtex, source
from farflung.catalog import sources as all_sources
from farflung.catalog.tables import assumption_table, loadable_names
from farflung.cli.answer import Answer
from farflung.cli.catalog.section import Entry, Section
from farflung.cli.listing import Column, Listing
from farflung.scenario import Assumptions, Scenario, load_assumptions

if TYPE_CHECKING:
    import pandas as pd


def _assumptions() -> Listing:
    columns = (
        Column("name", "Set"),
        Column("title", "Title"),
        Column("description", "What it is"),
        Column("source"),
    )
    rows = tuple(tuple(assumption_table(name)[column.key] for column in columns) for name in loadable_names())
    return Listing("Assumption sets", columns, rows)


def _assumption_set(name: str) -> Entry:
    """Return one assumption set: words, coefficients and tables for people, the whole of it for programs."""
    assumptions = load_assumptions(name)
    words = {
        "title": assumptions.title,
        "description": assumptions.description,
        "source": assumptions.source,
        "hash": assumptions.hash,
        "hardware_sources": assumptions.hardware_sources,
        "forms": assumptions.forms.model_dump(),
        "defaults": assumptions.defaults,
    }
    return Entry(
        assumptions.name,
        words,
        tuple(assumptions.coefficients.items()),
        tuple(_tables_of(assumptions)),
        {**assumptions.model_dump(mode="json"), "hash": assumptions.hash},
    )


def _tables_of(assumptions: Assumptions) -> Iterator[Table]:
    """Yield the quality tables, and the ranges that factors were fitted or measured over."""
    quality = tuple(
        (name, *(f"{value:.4g}" for value in row), table.source)
        for name, table in assumptions.tables.items()
        for row in table.rows
    )
    if quality:
        headers = ("Quality table", "Ratio", "Optimistic", "Expected", "Conservative", "Source")
        yield Table(headers, quality, frozenset(range(1, 5)))
    limits = tuple(
        (factor, name, *(f"{bound:.4g}" for bound in bounds), limit["source"])
        for factor, limit in assumptions.limits.items()
        for name, bounds in limit.items()
        if name != "source"
    )
    if limits:
        yield Table(("Factor", "Fitted or measured over", "From", "To", "Source"), limits, frozenset({2, 3}))


@dataclass(frozen=True, slots=True)
class _Citation:
    """One source: its BibTeX entry for a person, its parts for a program."""

    source: Source

    @property
    def bibtex(self) -> str:
        """Return the entry, ready to paste."""
        return bibtex([self.source.key])

    def page(self) -> Page:
        """Return the reference."""
        return Page(self.source.key, (str(self.source),))

    def to_dict(self) -> dict[str, Any]:
        """Return the parts and the entry."""
        return {**asdict(self.source), "bibtex": self.bibtex}

    def to_frame(self) -> pd.DataFrame:
        """Return the parts."""
        import pandas as pd

        return pd.DataFrame([asdict(self.source)])


def _citation(key: str) -> Answer:
    citation = _Citation(source(key))
    return Answer(result=citation, renderables=lambda: [citation.bibtex])


def _sources() -> Listing:
    columns = (
        Column("key", "Key"), Column("authors", "Authors"), Column("title", "Title"), Column("year", "Year"),
        Column("where"), Column("note"),
    )  # fmt: skip
    rows = tuple(tuple(asdict(entry).values()) for entry in all_sources().values())
    return Listing("Sources", columns, rows)


def _field_listing(*fields: Field) -> Listing:
    columns = (
        Column("field", "Field"),
        Column("symbol"),
        Column("unit", "Unit"),
        Column("role"),
        Column("default"),
        Column("bounds"),
        Column("meaning"),
        Column("", "Default; bounds or choices"),
        Column("", "Meaning (symbol), role"),
    )
    return Listing("Fields of a scenario", columns, tuple(_field_row(field) for field in fields))


def _field_row(field: Field) -> tuple[str, ...]:
    symbol = f" ({field.symbol})" if field.symbol else ""
    return (
        field.path, field.symbol, field.unit, field.role, field.default_text, field.bounds_text,
        field.meaning,
        f"{field.default_text}; {field.bounds_text}" if field.bounds_text else field.default_text,
        f"{field.meaning}{symbol}, {field.role}",
    )  # fmt: skip


def _field(name: str) -> Listing:
    known = fields_of(Scenario)
    if name not in known:
        raise unknown("", "field", name, known)
    return _field_listing(known[name])


ASSUMPTIONS = Section(
    "List assumption sets; with a NAME every coefficient of the set, its range and its source.",
    _assumptions,
    _assumption_set,
)
SOURCES = Section("List the bibliography; with a NAME its BibTeX entry, ready to paste.", _sources, _citation)
FIELDS = Section(
    "List every field of a scenario: unit, default, bounds, meaning.",
    lambda: _field_listing(*fields_of(Scenario).values()),
    _field,
)
