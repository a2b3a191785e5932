"""The bibliography: what every source key stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from farflung.base.errors import unknown


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of ``sources.bib``."""

    key: str
    authors: str
    title: str
    year: str
    where: str
    note: str

    def __str__(self) -> str:
        """Return the entry as one line."""
        return ". ".join(part for part in (f"{self.authors} ({self.year})", self.title, self.where) if part)


@cache
def _entries() -> Mapping[str, Mapping[str, str]]:
    import bibtexparser  # noqa: PLC0415 - only citations need it, and it is slow to import
    from bibtexparser.bparser import BibTexParser  # noqa: PLC0415

    text = (resources.files("farflung.catalog") / "data" / "sources.bib").read_text(encoding="utf-8")
    database = bibtexparser.loads(text, parser=BibTexParser(ignore_nonstandard_types=False))
    return {entry["ID"]: entry for entry in database.entries}


@cache
def sources() -> Mapping[str, Source]:
    """Return every source by key."""
    return {key: _source(key, entry) for key, entry in _entries().items()}


def _source(key: str, entry: Mapping[str, str]) -> Source:
    def plain(name: str) -> str:
        return " ".join(entry.get(name, "").replace("{", "").replace("}", "").split())

    where = next((plain(n) for n in ("eprint", "howpublished", "url", "journal") if plain(n)), "")
    where = where.removeprefix("\\url")
    return Source(
        key=key,
        authors=plain("author") or plain("institution") or plain("organization"),
        title=plain("title"),
        year=plain("year"),
        where=f"arXiv:{where}" if plain("eprint") == where and where else where,
        note=plain("note"),
    )


def source(key: str) -> Source:
    """Return one source, or raise an error that names the likeliest meant one."""
    if key not in sources():
        raise unknown("source", "source", key, sources())
    return sources()[key]


def bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX entries of the keys, ready to paste."""
    import bibtexparser  # noqa: PLC0415
    from bibtexparser.bibdatabase import BibDatabase  # noqa: PLC0415

    database = BibDatabase()
    database.entries = [dict(_entries()[key]) for key in sorted(set(keys)) if key in _entries()]
    return str(bibtexparser.dumps(database))
