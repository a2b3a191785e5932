"""What was measured of runs over time: exchanges, spreads, failures, recoveries, and what they left of a run.

A record is a row of the file of its name. An empty cell is what the source does not state; each file says in
its first lines what its numbers are, and what it leaves to ``runs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar, get_args

from farflung.catalog.rows import Count, Day, NotNegative, Positive, Share, Word, Yes, one_of, read_table

_ROOT = resources.files("farflung.catalog") / "event_runs"
EvidenceLevel = Literal["measured", "simulated", "stated", "derived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """Where a row comes from.

    Attributes
    ----------
    evidence_level
        ``measured``; ``simulated`` by its authors; ``stated``, as settings and assumptions are; or
        ``derived`` by arithmetic from others.
    source, locator, date
        Where it is stated; what was read as others quote it says so.
    """

    evidence_level: Annotated[EvidenceLevel, one_of(*get_args(EvidenceLevel))]
    source: Word
    locator: Word
    date: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(Sourced):
    """Blocking exchanges of one run over a shaped link: medians of their time and of the steps [s]."""

    method: Annotated[str, one_of("diloco", "localsgd", "ddp")]
    inner_steps: Count
    upload: Positive
    shaped: Yes
    repeat: Count
    exchanges: Count
    seconds: Positive
    step_seconds: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency(Sourced):
    """Payload rate over link rate [1], and the fixed time of an exchange beside it [s]."""

    setting: Word
    upload: Positive | None = None
    runs: Count
    efficiency: Positive
    low: Positive | None = None
    high: Positive | None = None
    overhead: NotNegative
    overhead_low: NotNegative | None = None
    overhead_high: NotNegative | None = None
    note: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread(Sourced):
    """How much a quantity differs: centre, ends of a share of it, and coefficient of variation."""

    setting: Word
    quantity: Annotated[str, one_of("exchange time", "step time", "chip speed", "link rate")]
    centre: Positive | None = None
    low: Positive | None = None
    high: Positive | None = None
    coverage: Share | None = None
    variation: Positive | None = None
    note: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodput(Sourced):
    """Share of chip time that does useful work under failures, or with learners of unequal speed."""

    method: Annotated[str, one_of("data_parallel", "elastic", "decoupled")]
    learners: Count
    chips: Count | None = None
    chip_years: Positive | None = None
    quorum: Count | None = None
    inner_steps: Count | None = None
    fragments: Count | None = None
    overlap_steps: Count | None = None
    grace: Yes | None = None
    speed_gap: Share | None = None
    speed_variation: Share | None = None
    goodput: Share
    note: Word = ""


_CHURNED = (
    "committed share", "participants", "alive", "efficiency", "step time", "throughput share", "wall clock",
    "tokens lost",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn(Sourced):
    """One quantity of a run in which nodes failed or came and went."""

    run: Word
    quantity: Annotated[str, one_of(*_CHURNED)]
    measured: Positive
    method: Annotated[str, one_of("flat", "data_parallel")]
    replicas: Count | None = None
    chips: Count | None = None
    failure_interval: Positive | None = None
    failure_pattern: Annotated[str, one_of("fixed", "uniform", "poisson", "injected", "own", "none")]
    inner_steps: Count | None = None
    step_seconds: Positive | None = None
    note: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill(Sourced):
    """A replica killed on purpose: when, and how long until others and it went on [s]."""

    at: Positive
    replica: Annotated[str, one_of("0", "1")]
    resumed: Positive
    restarted: Positive
    returned: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption(Sourced):
    """How often the chips of a fleet were interrupted, by cause."""

    fleet: Word
    cause: Word
    chips: Count
    days: Positive | None = None
    interruptions: Positive
    note: Word = ""

    @property
    def chip_hours(self) -> float | None:
        """Return the mean time between interruptions of one chip [h], or None if no length is stated."""
        return None if self.days is None else 24.0 * self.chips * self.days / self.interruptions


_STAGES = ("notice", "resume", "stall", "restart", "return", "join", "checkpoint", "outer step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery(Sourced):
    """How long a stage of recovery takes, or its bounds [s]."""

    system: Word
    stage: Annotated[str, one_of(*_STAGES)]
    seconds: Positive | None = None
    low: NotNegative | None = None
    high: Positive | None = None
    note: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asynchronous(Sourced):
    """Perplexity of workers of unequal speed that do not wait for each other, or do."""

    method: Annotated[str, one_of("pretrained", "larger_batch", "diloco", "async_diloco", "async_dn_dylu")]
    heterogeneity: Annotated[str, one_of("none", "slight", "moderate", "very")] | None = None
    workers: Count
    inner_steps: Count | None = None
    parameters: Positive
    perplexity: Positive


RECORDS = (
    Exchange, Efficiency, Spread, Goodput, Churn, Kill, Interruption, Recovery, Asynchronous,
)  # fmt: skip
"""Every kind of record, each with a file of its name."""

if TYPE_CHECKING:
    Row = TypeVar("Row", bound=Sourced)


def event_rows(record: type[Row]) -> tuple[Row, ...]:
    """Return the rows of the file of a record's name.

    Raises
    ------
    InputError
        If a row is malformed; the message names file, line and column.
    """
    return read_table(_ROOT / f"{record.__name__.lower()}.csv", record)
