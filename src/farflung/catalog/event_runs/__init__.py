"""What was measured of runs over time: exchanges, spreads, failures, recoveries, and what they left of a run.

An empty cell is what the source does not state; each file says in its first lines what its numbers are, and
what it leaves to ``runs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from farflung.catalog.rows import Count, Day, NotNegative, Positive, Share, Sourced, Word

EvidenceLevel = Literal["measured", "simulated", "stated", "derived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMeasurement(Sourced):
    """A measured figure of a run over time.

    Attributes
    ----------
    evidence_level
        ``measured``; ``simulated`` by its authors; ``stated``, as settings and assumptions are; or
        ``derived`` by arithmetic from others.
    date
        Of the source. The locator says so where the figure was read as others quote it.
    """

    evidence_level: EvidenceLevel
    date: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange(EventMeasurement):
    """Blocking exchanges of one run over a shaped link: medians of their time and of the steps [s]."""

    FILE: ClassVar[str] = "event_runs/exchange.csv"
    method: Literal["diloco", "localsgd", "ddp"]
    inner_steps: Count
    upload: Positive
    shaped: bool
    repeat: Count
    exchanges: Count
    seconds: Positive
    step_seconds: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency(EventMeasurement):
    """Payload rate over link rate [1], and the fixed time of an exchange beside it [s]."""

    FILE: ClassVar[str] = "event_runs/efficiency.csv"
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
class Spread(EventMeasurement):
    """How much a quantity differs: centre, ends of a share of it, and coefficient of variation."""

    FILE: ClassVar[str] = "event_runs/spread.csv"
    setting: Word
    quantity: Literal["exchange time", "step time", "chip speed", "link rate"]
    centre: Positive | None = None
    low: Positive | None = None
    high: Positive | None = None
    coverage: Share | None = None
    variation: Positive | None = None
    note: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodput(EventMeasurement):
    """Share of chip time that does useful work under failures, or with learners of unequal speed."""

    FILE: ClassVar[str] = "event_runs/goodput.csv"
    method: Literal["data_parallel", "elastic", "decoupled"]
    learners: Count
    chips: Count | None = None
    chip_years: Positive | None = None
    quorum: Count | None = None
    inner_steps: Count | None = None
    fragments: Count | None = None
    overlap_steps: Count | None = None
    grace: bool | None = None
    speed_gap: Share | None = None
    speed_variation: Share | None = None
    goodput: Share
    note: Word = ""


ChurnQuantity = Literal[
    "committed share", "participants", "alive", "efficiency", "step time", "throughput share", "wall clock",
    "tokens lost",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn(EventMeasurement):
    """One quantity of a run in which nodes failed or came and went."""

    FILE: ClassVar[str] = "event_runs/churn.csv"
    run: Word
    quantity: ChurnQuantity
    measured: Positive
    method: Literal["flat", "data_parallel"]
    replicas: Count | None = None
    chips: Count | None = None
    failure_interval: Positive | None = None
    failure_pattern: Literal["fixed", "uniform", "poisson", "injected", "own", "none"]
    inner_steps: Count | None = None
    step_seconds: Positive | None = None
    note: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill(EventMeasurement):
    """A replica killed on purpose: when, and how long until others and it went on [s]."""

    FILE: ClassVar[str] = "event_runs/kill.csv"
    at: Positive
    replica: Literal["0", "1"]
    resumed: Positive
    restarted: Positive
    returned: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption(EventMeasurement):
    """How often the chips of a fleet were interrupted, by cause."""

    FILE: ClassVar[str] = "event_runs/interruption.csv"
    fleet: Word
    cause: Word
    chips: Count
    days: Positive | None = None
    interruptions: Positive
    note: Word = ""


Stage = Literal["detection", "resume", "stall", "restart", "return", "join", "checkpoint", "outer step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery(EventMeasurement):
    """How long a stage of recovery takes, or its bounds [s]."""

    FILE: ClassVar[str] = "event_runs/recovery.csv"
    system: Word
    stage: Stage
    seconds: Positive | None = None
    low: NotNegative | None = None
    high: Positive | None = None
    note: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsynchronousRun(EventMeasurement):
    """Perplexity of workers of unequal speed that do not wait for each other, or do."""

    FILE: ClassVar[str] = "event_runs/asynchronous.csv"
    method: Literal["pretrained", "larger_batch", "diloco", "async_diloco", "async_dn_dylu"]
    heterogeneity: Literal["none", "slight", "moderate", "very"] | None = None
    workers: Count
    inner_steps: Count | None = None
    parameters: Positive
    perplexity: Positive
