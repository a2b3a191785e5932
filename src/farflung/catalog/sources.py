"""The bibliography: what every source key stands for."""

from __future__ import annotations

import re
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
def _texts() -> Mapping[str, str]:
    """Return the text of every entry by key; parsing all of them takes a quarter of a second."""
    text = (resources.files("farflung.catalog") / "data" / "sources.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^(@\w+\{([^,\s]+),.*?^\})", text, re.MULTILINE | re.DOTALL)
    return {key: entry for entry, key in entries}


@cache
def _entry(key: str) -> Mapping[str, str]:
    import bibtexparser  # noqa: PLC0415 - only citations need it, and it is slow to import
    from bibtexparser.bparser import BibTexParser  # noqa: PLC0415

    parser = BibTexParser(ignore_nonstandard_types=False)
    (entry,) = bibtexparser.loads(_texts()[key], parser=parser).entries
    return dict(entry)


@cache
def sources() -> Mapping[str, Source]:
    """Return every source by key."""
    return {key: _source(key, _entry(key)) for key in _texts()}


def cited(keys: Iterable[str]) -> tuple[Source, ...]:
    """Return the sources of some keys, those that are in the bibliography."""
    return tuple(_source(key, _entry(key)) for key in keys if key in _texts())


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
    if key not in _texts():
        raise unknown("source", "source", key, _texts())
    return _source(key, _entry(key))


def bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX entries of the keys, ready to paste."""
    return "\n\n".join(_texts()[key] for key in sorted(set(keys)) if key in _texts()) + "\n"
