"""What a search ranges over: the question, the constraints, the declared grid, and one design of it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from farflung.base.errors import InputError, unknown
from farflung.catalog import Chip, chips
from farflung.catalog.chips import FORMAT_OF_PRECISION
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.scenario import Scenario, load_assumptions
from farflung.scenario.nodes import Reading, largest_node, node_limit

Metric = Literal["quality", "local", "raw"]
METRICS = {
    "quality": "quality_adjusted_flop",
    "local": "local_equivalent_flop",
    "raw": "throughput_flop",
}
"""Output that each metric of a search means."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: so much of a metric, in so long, over such links, below a rule.

    Parameters
    ----------
    target
        Compute to be reached [FLOP].
    metric
        ``quality`` (the honest default), ``local`` or ``raw``.
    rule
        Rule whose limits no node may exceed.
    duration
        Length of the run [s].
    upload, download, latency
        Links of every node [bit/s, bit/s, s].
    assumptions
        Assumption set.
    reading
        How the rule counts compute: the dense 16-bit rate, or total processing performance.
    threshold
        Another compute limit of a node instead of the rule's own [H100-equivalents].
    """

    target: float
    metric: Metric = "quality"
    rule: str = "miri-2025"
    duration: float = 740 * 86400.0
    upload: float = 100e6
    download: float = 100e6
    latency: float = 0.1
    assumptions: str = DEFAULT_ASSUMPTIONS
    reading: Reading = "fp16"
    threshold: float | None = None

    def __post_init__(self) -> None:
        """Refuse questions that have no answer whatever the design."""
        if not 0 < self.target < 1e40:
            raise InputError("target", f"{self.target:g} is not a target", nearest="for example 1e25")
        if self.metric not in METRICS:
            raise unknown("metric", "metric", self.metric, METRICS)

    @property
    def limit_named(self) -> str:
        """Return what limits a node, in words: the rule, or the limit asked for instead of its own."""
        lowered = "" if self.threshold is None else f" at {self.threshold:g} H100-equivalents"
        return f"{self.rule}{lowered}"


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a design must keep to, beside the rule. ``None`` means no limit.

    Parameters
    ----------
    most_nodes
        Greatest number of nodes.
    budget
        Greatest capital cost [USD].
    most_overtraining
        Greatest ratio of tokens to those of the reference allocation.
    least_chinchilla
        Least χ.
    any_memory
        Whether chips without high-bandwidth memory may be used too. Such cards have no fast links between
        them, so that the MFU every chip is given is out of their reach; a chip named in ``chip_names`` may
        always be used.
    makers, jurisdictions, chip_names
        Allowed makers, jurisdictions and chips; empty allows all.
    released_before
        Only chips on the market before this day.
    modes
        Allowed protocols; empty allows all of the grid.
    """

    most_nodes: int | None = None
    budget: float | None = None
    most_overtraining: float | None = None
    least_chinchilla: float | None = None
    any_memory: bool = False
    makers: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    chip_names: tuple[str, ...] = ()
    released_before: datetime.date | None = None
    modes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse limits that nothing could keep to, or that everything would."""
        if self.most_nodes is not None and self.most_nodes < 1:
            raise InputError("most_nodes", f"{self.most_nodes} nodes train nothing", nearest="1")
        for name in ("budget", "most_overtraining"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise InputError(name, f"{value:g} is not a number above 0")
        if self.least_chinchilla is not None and not 0 <= self.least_chinchilla <= 1:
            raise InputError(
                "least_chinchilla",
                f"χ is a share, and never {self.least_chinchilla:g}",
                nearest="from 0 to 1",
            )

    def eased(self, by: float) -> Constraints:
        """Return the same with so many times the nodes and the budget."""
        return replace(
            self,
            most_nodes=None if self.most_nodes is None else math.ceil(self.most_nodes * by),
            budget=None if self.budget is None else self.budget * by,
        )


@dataclass(frozen=True, slots=True)
class Variant:
    """One protocol with its own settings."""

    mode: str
    nodes_per_group: int = 8
    pipeline_stages: int = 1
    activation_compression: float = 1.0
    micro_batches: int = 8


def _full_variants() -> tuple[Variant, ...]:
    pipelines = (
        Variant("pipeline_groups", pipeline_stages=stages, activation_compression=ratio, micro_batches=count)
        for stages in (2, 4, 8)
        for ratio in (4.0, 10.0)
        for count in (8, 32)
    )
    groups = (Variant("hierarchical", nodes_per_group=size) for size in (8, 16, 32))
    return (Variant("flat"), Variant("data_parallel"), *groups, *pipelines)


@dataclass(frozen=True, slots=True)
class Grid:
    """The declared grid of a search.

    Parameters
    ----------
    name
        Name for the result.
    every_chip_count
        Whether a node may have any number of chips up to the rule's limit, or only the most.
    model_fractions
        Sizes of the model, as fractions of the largest that the memory of a replica holds.
    model_digits
        Sizes are rounded down to so many significant digits, as the paper does; ``None`` means not at all.
    compressions
        Compression ratios of pseudo-gradients.
    inner_steps
        Numbers of inner steps; ``None`` is the fewest that hide the exchange.
    node_factors
        Numbers of nodes, over the fewest whose raw compute reaches the target. The best are refined over
        every whole number.
    variants
        Protocols and their settings.
    chip_names
        Chips; empty means every chip of the catalog.
    models
        Sizes of the model [parameters], instead of fractions of the largest.
    precisions
        Number formats; fp4 only on request, since no large model is known to have been trained in it.
    """

    name: str = "full"
    every_chip_count: bool = True
    model_fractions: tuple[float, ...] = (1.0, 0.75, 0.55, 0.4, 0.28, 0.18)
    model_digits: int | None = None
    compressions: tuple[float, ...] = (16.0, 150.0, 500.0)
    inner_steps: tuple[float | None, ...] = (None, 1.0, 8.0, 64.0)
    node_factors: tuple[float, ...] = field(default_factory=lambda: tuple(1.35**i for i in range(22)))
    variants: tuple[Variant, ...] = field(default_factory=_full_variants)
    precisions: tuple[str, ...] = ("bf16", "fp8")
    chip_names: tuple[str, ...] = ()
    models: tuple[float, ...] = ()

    @property
    def step(self) -> float:
        """Return just more than the greatest ratio between neighbouring numbers of nodes."""
        return 1.01 * max(
            (later / first for first, later in pairwise(sorted(self.node_factors))), default=1.0
        )


_PUBLISHED_CHIPS = (
    "A100 80GB", "Ascend 910B", "Ascend 910C", "TPU v4", "TPU v5e", "TPU v5p", "TPU v6e", "H100 SXM", "GH200",
)  # fmt: skip
"""The chips of the paper's Appendix B.2."""


def published_grid() -> Grid:
    """Return the grid of the paper: full nodes, the largest model, H at its minimum, one compression."""
    return Grid(
        name="published",
        every_chip_count=False,
        model_fractions=(1.0,),
        model_digits=2,
        compressions=(150.0,),
        inner_steps=(None,),
        variants=(
            Variant("flat"),
            Variant("hierarchical", nodes_per_group=16),
            Variant("pipeline_groups", pipeline_stages=2, activation_compression=4.0),
        ),
        precisions=("bf16", "fp8"),
        chip_names=_PUBLISHED_CHIPS,
    )


GRIDS = {"full": Grid, "published": published_grid}
"""Named grids."""


@dataclass(frozen=True, slots=True)
class Problem:
    """All that a search is told: the question, the constraints, and what to range over."""

    question: Question
    constraints: Constraints
    grid: Grid


@dataclass(frozen=True, slots=True)
class Part:
    """A chip at one precision as a search uses it: figures of one chip, and how many a node may hold."""

    chip: str
    precision: str
    most: int
    peak: float
    memory: float
    price: float
    power: float | None
    bytes_per_parameter: float


def parts(
    question: Question, constraints: Constraints, grid: Grid
) -> tuple[list[Part], dict[str, list[str]]]:
    """Return the chips a search may use, and the names of those left out by reason.

    A chip stands under the first reason that applies.
    """
    believed = load_assumptions(question.assumptions)
    sources = believed.hardware_sources
    limit = node_limit(question.rule, reading=question.reading, lowered_to=question.threshold)
    too_large = f"a single chip exceeds {question.limit_named}"
    found: list[Part] = []
    left_out: dict[str, list[str]] = {}
    for one in chips().values():
        reason = _excluded(one, constraints, grid, sources)
        most = 0 if reason else largest_node(one, limit, sources).chips
        if not reason and most < 1:
            reason = too_large
        if reason:
            left_out.setdefault(reason, []).append(one.name)
            continue
        memory, price, power = (one.get(name, sources) for name in ("memory", "price", "power"))
        assert memory is not None  # every chip of the catalog has its memory, which a test ensures
        assert price is not None
        for precision in grid.precisions:
            number_format = FORMAT_OF_PRECISION[precision]
            if number_format not in one.dense:
                continue
            found.append(
                Part(
                    chip=one.name,
                    precision=precision,
                    most=most,
                    peak=one.rate(precision, sources).in_unit("FLOP/s"),
                    memory=memory.in_unit("byte"),
                    price=price.in_unit("USD"),
                    power=power.in_unit("W") if power else None,
                    bytes_per_parameter=believed.values[f"bytes_per_parameter_{number_format}"][0],
                )
            )
    return found, left_out


def _excluded(one: Chip, constraints: Constraints, grid: Grid, sources: tuple[str, ...]) -> str | None:
    """Return the first reason to leave a chip out, if there is any."""
    latest = constraints.released_before
    formats = {FORMAT_OF_PRECISION[precision] for precision in grid.precisions}
    reasons = {
        f"not in the {grid.name} grid": bool(grid.chip_names) and one.name not in grid.chip_names,
        "chip not allowed": bool(constraints.chip_names) and one.name not in constraints.chip_names,
        "no high-bandwidth memory": not constraints.any_memory
        and one.name not in constraints.chip_names
        and not one.memory_kind.startswith("HBM"),
        "maker not allowed": bool(constraints.makers) and one.manufacturer not in constraints.makers,
        "jurisdiction not allowed": bool(constraints.jurisdictions)
        and one.jurisdiction not in constraints.jurisdictions,
        "released too late": latest is not None and (one.released is None or one.released >= latest),
        f"no {' or '.join(grid.precisions)} rate": formats.isdisjoint(one.dense),
        "no price known": one.get("price", sources) is None,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


@dataclass(frozen=True, slots=True)
class Design:
    """One design: a node, so many of them, a model, a protocol."""

    chip: str
    chips_per_node: int
    precision: str
    nodes: int
    parameters: float
    compression: float
    inner_steps: float | None
    variant: Variant

    @property
    def kind(self) -> tuple[str, str, str]:
        """Return what makes two designs of different kind: chip, precision and protocol."""
        return (self.chip, self.precision, self.variant.mode)

    def scenario(self, question: Question) -> Scenario:
        """Return the design as a scenario that can be evaluated, saved and explained."""
        protocol: dict[str, object] = {"mode": self.variant.mode, "compression": self.compression}
        if self.variant.mode == "hierarchical":
            protocol["nodes_per_group"] = self.variant.nodes_per_group
        if self.variant.mode == "pipeline_groups":
            protocol["pipeline_stages"] = self.variant.pipeline_stages
            protocol["activation_compression"] = self.variant.activation_compression
            protocol["micro_batches"] = self.variant.micro_batches
        if self.inner_steps is not None:
            protocol["inner_steps"] = int(self.inner_steps)
        links = {
            "upload": f"{question.upload!r} bit/s",
            "download": f"{question.download!r} bit/s",
            "latency": f"{question.latency!r} s",
        }
        return Scenario.read(
            {
                "name": f"{self.nodes} nodes of {self.chips_per_node}x {self.chip}, {self.variant.mode}",
                "assumptions": question.assumptions,
                "duration": f"{question.duration!r} s",
                "model": {"parameters": self.parameters},
                "nodes": {
                    "count": self.nodes,
                    "hardware": f"{self.chips_per_node}x {self.chip}",
                    "precision": self.precision,
                },
                # Groups and pipelines are as far apart as everything else: nobody promised better links.
                "network": {**links, "regional": links, "pipeline": links},
                "protocol": protocol,
            }
        )


def counted(part: Part, grid: Grid) -> Iterator[int]:
    """Yield the numbers of chips a node of this part may have in the grid."""
    yield from range(1, part.most + 1) if grid.every_chip_count else (part.most,)
