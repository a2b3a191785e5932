"""Validation of the event engine: runs over time beside what it makes of their stated inputs.

Every row is of one seed, and says whether it is a prediction or what of it was taken from the run. Nothing is
tuned to these figures but what a row calls in sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog.sources import Source, cited
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.evidence.event_checks.asynchronous import ASYNCHRONOUS
from farflung.evidence.event_checks.decoupled import DECOUPLED
from farflung.evidence.event_checks.deployments import COVENANT, INTELLECT
from farflung.evidence.event_checks.rows import EventErrors, EventRow, Study, errors_by_group
from farflung.evidence.event_checks.shaped_links import SHAPED_LINKS
from farflung.evidence.event_checks.storms import STORMS

if TYPE_CHECKING:
    import pandas as pd

EVENTS = "events"
"""Name of the group in a validation of everything."""
STUDIES: tuple[Study, ...] = (INTELLECT, COVENANT, SHAPED_LINKS, DECOUPLED, STORMS, ASYNCHRONOUS)
"""Every group, in the order of the page."""
SEED = 0


@dataclass(frozen=True, repr=False)
class EventValidation(Result):
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
    def groups(self) -> tuple[EventErrors, ...]:
        """Return how far off each quantity of each group is, by role."""
        return errors_by_group(self.rows)

    def page(self) -> Page:
        """Return the errors of each group, then every figure."""
        return Page(
            title="Runs over time, beside the closed form and the event engine",
            tables=(self._group_table(), *self._row_tables()),
            notes=(f"What is not stated is as in {self.assumptions}; seed {self.seed}.",),
        )

    def _group_table(self) -> Table:
        rows = tuple(
            (one.group, one.quantity, one.role, str(one.rows), *one.formatted) for one in self.groups
        )
        headers = ("Group", "Quantity", "Role", "No.", "Closed form", "Event engine")
        return Table(headers, rows, frozenset((3, 4, 5)), "Runs over time: median absolute error")

    def _row_tables(self) -> tuple[Table, ...]:
        kinds: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        for row in self.rows:
            kinds.setdefault((row.group, row.quantity), []).append((row.what, row.role, *row.formatted))
        headers = ("What", "Role", "Measured", "Closed form", "Event engine")
        return tuple(
            Table(headers, tuple(rows), frozenset((2, 3, 4)), f"{group}: {quantity}")
            for (group, quantity), rows in kinds.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "assumptions": self.assumptions,
            "seed": self.seed,
            "rows": [row.to_dict() for row in self.rows],
            "groups": [asdict(one) for one in self.groups],
            "studies": {
                study.name: {"title": study.title, "taken": study.taken, "misfit": study.misfit}
                for study in STUDIES
            },
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each figure and role."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame(row.to_dict() for row in self.rows)

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        return Call("validate", "farflung.validate", options={"group": EVENTS})

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of the measurements."""
        return cited(dict.fromkeys(row.source_ref.source for row in self.rows))


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
    return EventValidation(DEFAULT_ASSUMPTIONS, seed, tuple(rows))
