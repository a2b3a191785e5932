"""The ledger: every published claim, recomputed where the documents say how, and judged.

A claim's status is recorded with it and worked out again each time; where the two differ the claim has
drifted, and the ledger says so. Claims that do not come out stay in it, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import resources
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

from farflung.base.errors import InputError, unknown
from farflung.catalog.rows import Positive, Word, read_rows
from farflung.evidence.expressions import Number, value_of

Status = Literal["reproduced", "differs", "stated input", "judgement", "not derivable"]
STATUSES: tuple[Status, ...] = get_args(Status)
REPRODUCED, DIFFERS, *NOT_COMPUTED = STATUSES
_SLACK = 1e-9
_DATA = resources.files("farflung.evidence") / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedClaim:
    """A published claim, as the ledger's file has it.

    Attributes
    ----------
    id, document, place, claim, inputs
        What is claimed, where, and from what.
    published, unit, printed_step
        The value as printed, its unit, and the size of one unit in its last printed digit.
    recorded_status
        Status on record.
    expression
        How our value is computed; empty where the document gives no way to.
    reason
        Why it differs, cannot be derived, or needs care.
    """

    id: Word
    document: Word
    place: Word
    claim: Word
    inputs: str = ""
    published: Word
    unit: Word
    printed_step: Positive | None = None
    recorded_status: Status
    expression: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(PublishedClaim):
    """A published claim and our judgement of it.

    Attributes
    ----------
    ours
        Our value, in the claim's unit; a pair for a range.
    status
        Status as worked out now.
    """

    ours: Number | None
    status: Status


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


def _counted(claims: Iterable[Claim]) -> Mapping[str, int]:
    counts = Counter(claim.status for claim in claims)
    return {status: counts[status] for status in STATUSES}


def documents() -> tuple[str, ...]:
    """Return the names of the documents whose claims are in the ledger."""
    return tuple(dict.fromkeys(claim.document for claim in published_claims()))


def published_claims() -> tuple[PublishedClaim, ...]:
    """Return every claim as it is on record."""
    return read_rows(_DATA / "claims.csv", PublishedClaim)


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
    published = [claim for claim in published_claims() if document in {None, claim.document}]
    claims = []
    for done, claim in enumerate(published, start=1):
        claims.append(_judged(claim))
        if progress is not None:
            progress(done, len(published))
    return Ledger(tuple(claims))


def _judged(claim: PublishedClaim) -> Claim:
    ours: Number | None = None
    status = claim.recorded_status if claim.recorded_status in NOT_COMPUTED else "not derivable"
    if claim.expression:
        try:
            ours = value_of(claim.expression)
        except InputError as error:
            raise InputError(f"claims.csv, {claim.id}", error.problem, error.nearest) from error
        status = REPRODUCED if agrees(claim.published, claim.printed_step, ours) else DIFFERS
    return Claim(**asdict(claim), ours=ours, status=status)


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

    id: Word
    where: Word
    contradiction: Word
    resolution: Word
    claims: Annotated[tuple[str, ...], BeforeValidator(str.split)] = ()


def contradictions() -> tuple[Contradiction, ...]:
    """Return the contradictions found in and between the documents."""
    return read_rows(_DATA / "contradictions.csv", Contradiction)
