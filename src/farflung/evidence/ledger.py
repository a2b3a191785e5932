"""The ledger: every published claim, recomputed where the documents say how, and judged.

A claim's status is recorded with it and worked out again each time; where the two differ the claim has
drifted, and the ledger says so. Claims that do not come out stay in it, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

from farflung.base.errors import InputError, unknown
from farflung.base.format import ABSENT
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog.rows import Positive, Word, read_rows
from farflung.catalog.sources import Source, cited
from farflung.evidence.expressions import Number, value_of

if TYPE_CHECKING:
    import pandas as pd

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

    @property
    def printed(self) -> str:
        """Return the published value with its unit."""
        return f"{self.published} {self.unit}".strip()


@dataclass(frozen=True, repr=False)
class Ledger(Result):
    """All claims judged, or those of one document.

    Attributes
    ----------
    claims
        In the order of the documents.
    document
        Name of the one document; ``None`` for all.
    """

    claims: tuple[Claim, ...]
    document: str | None = None

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Return the number of claims of each status."""
        return _counted(self.claims)

    @property
    def recomputed(self) -> int:
        """Return how many claims are computed anew; the others are inputs, judgements or not derivable."""
        return self.counts[REPRODUCED] + self.counts[DIFFERS]

    @property
    def summary(self) -> str:
        """Return in a sentence how many claims there are, and what became of them."""
        return (
            f"{len(self.claims):,} published claims: {self.recomputed:,} recomputed, of which "
            f"{self.counts[REPRODUCED]:,} are reproduced and {self.counts[DIFFERS]:,} differ; "
            f"{len(self.claims) - self.recomputed:,} are inputs, judgements or not derivable."
        )

    @cached_property
    def documents(self) -> Mapping[str, Mapping[str, int]]:
        """Return the number of claims of each status, by document."""
        names = dict.fromkeys(claim.document for claim in self.claims)
        return {name: _counted(c for c in self.claims if c.document == name) for name in names}

    @cached_property
    def drifted(self) -> tuple[Claim, ...]:
        """Return the claims whose status is not the recorded one."""
        return tuple(claim for claim in self.claims if claim.status != claim.recorded_status)

    def page(self) -> Page:
        """Return the counts, then the claims that have drifted and those that differ."""
        counts = [(name, *map(str, own.values())) for name, own in self.documents.items()]
        differing = tuple(claim for claim in self.claims if claim.status == DIFFERS)
        numbers = frozenset(range(1, len(STATUSES) + 1))
        drifted = [
            f"{claim.id} has drifted: {claim.status}, on record {claim.recorded_status}."
            for claim in self.drifted
        ]
        return Page(
            title=self.summary,
            lines=tuple(drifted) or ("No claim has drifted from the status on record.",),
            tables=(
                Table(("Document", *STATUSES), (*counts, ("all", *map(str, self.counts.values()))), numbers),
                *_claim_tables("Drifted", self.drifted),
                *_claim_tables("Differs", differing),
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return counts and claims as plain data."""
        return {
            "counts": self.counts,
            "documents": self.documents,
            "drifted": [claim.id for claim in self.drifted],
            "claims": [asdict(claim) for claim in self.claims],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each claim."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame(map(asdict, self.claims))

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        options = {} if self.document is None else {"document": self.document}
        return Call("reproduce", "farflung.reproduce", options=options)

    def citations(self) -> tuple[Source, ...]:
        """Return the documents whose claims these are."""
        return cited(SOURCES[name] for name in self.documents)


SOURCES: Mapping[str, str] = {
    "governance-analysis": "miri2026governance",
    "paper": "rahman2026distributed",
    "simulation-notes": "miri2026notes",
    "blog": "miri2026blog",
    "outline": "miri2026outline",
}
"""For every document its key in the bibliography."""


def _claim_tables(title: str, claims: Sequence[Claim]) -> tuple[Table, ...]:
    rows = tuple(
        (claim.id, claim.claim, claim.printed, format_ours(claim.ours), claim.reason) for claim in claims
    )
    headers = ("Id", "Claim", "Published", "Ours", "Reason")
    return (Table(headers, rows, title=f"{title}: {len(rows)}"),) if rows else ()


def format_ours(ours: Number | None) -> str:
    """Return our value, or the ends of our range, as a person reads them."""
    if ours is None:
        return ABSENT
    return " to ".join(f"{value:.5g}" for value in (ours if isinstance(ours, tuple) else (ours,)))


def _counted(claims: Iterable[Claim]) -> Mapping[str, int]:
    counts = Counter(claim.status for claim in claims)
    return {status: counts[status] for status in STATUSES}


def documents() -> tuple[str, ...]:
    """Return the names of the documents whose claims are in the ledger."""
    return tuple(dict.fromkeys(claim.document for claim in published_claims()))


def published_claims() -> tuple[PublishedClaim, ...]:
    """Return every claim as it is on record."""
    return read_rows(_DATA / "claims.csv", PublishedClaim)


def reproduce(document: str | None = None, progress: Callable[[int, int], None] | None = None) -> Ledger:
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
    return Ledger(tuple(claims), document)


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
