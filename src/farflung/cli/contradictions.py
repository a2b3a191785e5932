"""``farflung contradictions``: where the published documents contradict one another."""

from __future__ import annotations

from dataclasses import astuple

from farflung.cli.answer import Answer, answers
from farflung.cli.listing import Column, Listing


@answers
def contradictions() -> Answer:
    """List where the published documents contradict one another or themselves, and how it is resolved."""
    from farflung.evidence import ledger
    from farflung.report import contradictions_page

    records = ledger.contradictions()
    columns = (
        Column("id", "Id"),
        Column("where", "Where"),
        Column("contradiction", "Contradiction"),
        Column("resolution", "Resolution"),
        Column("claims"),
    )
    listing = Listing("Contradictions", columns, tuple(astuple(record) for record in records))
    return Answer(result=listing, document=lambda: contradictions_page(records))
