"""The ledger: every published claim, recomputed where the documents say how, and judged.

A claim's status is recorded with it and worked out again each time; where the two differ the claim has
drifted, and the ledger says so. Claims that do not come out stay in it, with the reason.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import TextIO

from farflung.base.errors import InputError, unknown
from farflung.evidence.expressions import Number, value_of

REPRODUCED = "reproduced"
DIFFERS = "differs"
NOT_COMPUTED = ("stated input", "judgement", "not derivable")
STATUSES = (REPRODUCED, DIFFERS, *NOT_COMPUTED)
_SLACK = 1e-9
_COLUMNS = (
    "id", "document", "place", "claim", "inputs", "published", "unit", "printed_step", "status", "ours",
    "reason",
)  # fmt: skip
_DATA = resources.files("farflung.evidence") / "data"


@dataclass(frozen=True, slots=True)
class Claim:
    """A published claim and our judgement of it.

    Attributes
    ----------
    id, document, place, claim, inputs
        What is claimed, where, and from what.
    published, unit, printed_step
        The value as printed, its unit, and the size of one unit in its last printed digit.
    expression
        How our value is computed; empty where the document gives no way to.
    ours
        Our value, in the claim's unit; a pair for a range.
    recorded_status, status
        Status on record, and status as worked out now.
    reason
        Why it differs, cannot be derived, or needs care.
    """

    id: str
    document: str
    place: str
    claim: str
    inputs: str
    published: str
    unit: str
    printed_step: float | None
    expression: str
    ours: Number | None
    recorded_status: str
    status: str
    reason: str


@dataclass(frozen=True)
class Ledger:
    """All claims judged, or those of one document."""

    claims: tuple[Claim, ...]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Return the number of claims of each status."""
        return _counted(self.claims)

    @cached_property
    def documents(self) -> Mapping[str, Mapping[str, int]]:
        """Return the number of claims of each status, by document."""
        names = dict.fromkeys(claim.document for claim in self.claims)
        return {name: _counted(c for c in self.claims if c.document == name) for name in names}

    @cached_property
    def drifted(self) -> tuple[Claim, ...]:
        """Return the claims whose status is not the recorded one."""
        return tuple(claim for claim in self.claims if claim.status != claim.recorded_status)


def _counted(claims: Iterator[Claim] | tuple[Claim, ...]) -> Mapping[str, int]:
    found = Counter(claim.status for claim in claims)
    return {status: found[status] for status in STATUSES}


def documents() -> tuple[str, ...]:
    """Return the names of the documents whose claims are in the ledger."""
    return tuple(dict.fromkeys(row["document"] for row in _rows("claims.csv", _COLUMNS)))


def judge(document: str | None = None, progress: Callable[[int, int], None] | None = None) -> Ledger:
    """Return the ledger with every claim computed and judged anew.

    Parameters
    ----------
    document
        Name of one document, or all of them.
    progress
        Called with the number of claims done and of all claims.

    Raises
    ------
    InputError
        If there is no such document, or a row of the ledger is malformed.
    """
    if document is not None and document not in documents():
        raise unknown("document", "document", document, documents())
    rows = [r for r in _rows("claims.csv", _COLUMNS) if document in {None, r["document"]}]
    claims = []
    for done, row in enumerate(rows, start=1):
        claims.append(_judged(row))
        if progress is not None:
            progress(done, len(rows))
    return Ledger(tuple(claims))


def _rows(name: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    return list(_checked(io.StringIO((_DATA / name).read_text(encoding="utf-8")), name, columns))


def _checked(file: TextIO, name: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(file, restkey="")
    if tuple(reader.fieldnames or ()) != columns:
        raise InputError(name, f"has columns {reader.fieldnames}", nearest=", ".join(columns))
    for row in reader:
        if "" in row or None in row.values() or not row[columns[0]]:
            raise InputError(name, f"line {reader.line_num} does not have {len(columns)} columns")
        yield row


def _judged(row: Mapping[str, str]) -> Claim:
    step = float(row["printed_step"]) if row["printed_step"] else None
    expression = row["ours"].strip()
    if expression:
        try:
            ours: Number | None = value_of(expression)
        except InputError as error:
            raise InputError(f"claims.csv, {row['id']}", error.problem, error.nearest) from error
        status = REPRODUCED if ours is not None and agrees(row["published"], step, ours) else DIFFERS
    else:
        ours, status = None, row["status"] if row["status"] in NOT_COMPUTED else "not derivable"
    return Claim(
        id=row["id"],
        document=row["document"],
        place=row["place"],
        claim=row["claim"],
        inputs=row["inputs"],
        published=row["published"],
        unit=row["unit"],
        printed_step=step,
        expression=expression,
        ours=ours,
        recorded_status=row["status"],
        status=status,
        reason=row["reason"],
    )


def agrees(published: str, step: float | None, ours: Number) -> bool:
    """Return whether our value, rounded as the published one was, is the published one.

    Parameters
    ----------
    published
        A number, a range ``low..high``, or a bound ``>low`` or ``<high``.
    step
        Size of one unit in the last printed digit; none for bounds.
    ours
        Our value, or for a range the pair of its ends.
    """
    if published.startswith((">", "<")):
        if isinstance(ours, tuple):
            return False
        bound = float(published[1:])
        return ours > bound if published.startswith(">") else ours < bound
    printed = tuple(float(part) for part in published.split(".."))
    computed = ours if isinstance(ours, tuple) else (ours,)
    half = 0.5 * (step or 0.0)
    return len(printed) == len(computed) and all(
        abs(p - c) <= half + _SLACK * max(abs(p), abs(c)) for p, c in zip(printed, computed, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two places in the documents, or in a document and its sources, that cannot both be right."""

    id: str
    where: str
    contradiction: str
    resolution: str
    claims: tuple[str, ...]


def contradictions() -> tuple[Contradiction, ...]:
    """Return the contradictions found in and between the documents."""
    rows = _rows("contradictions.csv", ("id", "where", "contradiction", "resolution", "claims"))
    return tuple(
        Contradiction(r["id"], r["where"], r["contradiction"], r["resolution"], tuple(r["claims"].split()))
        for r in rows
    )
