"""Validation of the event engine: runs over time beside what it makes of their stated inputs.

Every row is of one seed, and says whether it is a prediction or what of it was taken from the run. Nothing is
tuned to these figures but what a row calls in sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from farflung.evidence.event_checks.asynchronous import ASYNCHRONOUS
from farflung.evidence.event_checks.decoupled import DECOUPLED
from farflung.evidence.event_checks.deployments import COVENANT, INTELLECT
from farflung.evidence.event_checks.rows import BELIEVED, EventRow, EventSummary, Study, summaries
from farflung.evidence.event_checks.shaped_links import SHAPED_LINKS
from farflung.evidence.event_checks.storms import STORMS

STUDIES: tuple[Study, ...] = (INTELLECT, COVENANT, SHAPED_LINKS, DECOUPLED, STORMS, ASYNCHRONOUS)
"""Every group, in the order of the page."""
SEED = 0


@dataclass(frozen=True)
class EventValidation:
    """What was measured of runs over time, and what both engines say of it.

    Attributes
    ----------
    assumptions, seed
        The set that stands in for what is not stated, and the seed of every run.
    rows
        One for each figure and role.
    """

    assumptions: str
    seed: int
    rows: tuple[EventRow, ...]

    @cached_property
    def groups(self) -> tuple[EventSummary, ...]:
        """Return how far off each quantity of each group is, by role."""
        return summaries(self.rows)

    def as_table(self) -> dict[str, Any]:
        """Return everything as plain data."""
        said = {one.name: {"title": one.title, "taken": one.taken, "misfit": one.misfit} for one in STUDIES}
        return {
            "assumptions": self.assumptions,
            "seed": self.seed,
            "rows": [row.as_table() for row in self.rows],
            "groups": [asdict(one) for one in self.groups],
            "studies": said,
        }


def validate_events(seed: int = SEED, progress: Callable[[int, int], None] | None = None) -> EventValidation:
    """Return measured runs over time beside the event engine's answers.

    Parameters
    ----------
    seed
        Seed of every run.
    progress
        Called with the number of studies done and of all studies.
    """
    rows: list[EventRow] = []
    for done, study in enumerate(STUDIES, start=1):
        rows += study.rows(seed)
        if progress is not None:
            progress(done, len(STUDIES))
    return EventValidation(BELIEVED, seed, tuple(rows))
