"""The question of a search: so much compute in so long, below a rule, and what a design must keep to."""

from __future__ import annotations

import datetime
import math
from typing import Annotated, Literal

from farflung.base.fields import OneOf, quantity
from farflung.base.format import format_quantity
from farflung.base.sections import Section
from farflung.catalog import chips
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.outcome import OUTPUTS
from farflung.protocols import PROTOCOLS
from farflung.scenario.nodes import NodeLimit, Reading, node_limit

Metric = Literal["quality", "local", "raw"]
METRICS = {
    "quality": "quality_adjusted_flop",
    "local": "local_equivalent_flop",
    "raw": "throughput_flop",
}
"""Output that each metric of a search means."""
METRIC_WORDS = {"quality": "quality-adjusted", "local": "local-equivalent", "raw": "raw"}


class Question(Section):
    """What is to be reached: so much of a metric, in so long, over such links, below a rule."""

    target: float = quantity("Compute to be reached", unit="FLOP", above=0.0, at_most=1e40)
    metric: Metric = quantity(
        "Which compute: quality-adjusted, local-equivalent or raw", unit="", default="quality"
    )
    rule: str = quantity("Rule whose limits no node may exceed", unit="", default="miri-2025")
    duration: float = quantity(
        "Length of the run", unit="s", symbol="T", default=740 * 86400.0, at_least=1.0, at_most=1e12
    )
    upload: float = quantity(
        "Upload bandwidth of every node",
        unit="bit/s", symbol="BW_up", default=100e6, at_least=1e3, at_most=1e16,
    )  # fmt: skip
    download: float | None = quantity(
        "Download bandwidth of every node; as upload unless given",
        unit="bit/s", symbol="BW_down", default=None, at_least=1e3, at_most=1e16,
    )  # fmt: skip
    latency: float = quantity(
        "Round-trip time", unit="s", symbol="λ", default=0.1, at_least=0.0, at_most=3600.0
    )
    assumptions: str = quantity("Assumption set", unit="", role="label", default=DEFAULT_ASSUMPTIONS)
    reading: Reading = quantity(
        "How the rule counts compute: the 16-bit rate, or total processing performance (rate times bits)",
        unit="", default="fp16",
    )  # fmt: skip
    threshold: float | None = quantity(
        "Compute limit of a node in H100-equivalents, instead of the rule's own", default=None, above=0.0
    )

    @property
    def output(self) -> str:
        """Return the output that the metric means."""
        return METRICS[self.metric]

    @property
    def links(self) -> dict[str, str]:
        """Return the links of every node as a scenario writes them."""
        download = self.upload if self.download is None else self.download
        return {
            "upload": f"{self.upload!r} bit/s",
            "download": f"{download!r} bit/s",
            "latency": f"{self.latency!r} s",
        }

    @property
    def links_text(self) -> str:
        """Return the bandwidth of every node in words."""
        up = format_quantity(self.upload, "bit/s")
        if self.download is None or self.download == self.upload:
            return up
        return f"{up} up and {format_quantity(self.download, 'bit/s')} down"

    @property
    def limit_text(self) -> str:
        """Return what limits a node: the rule, or the limit given instead of its own."""
        lowered = "" if self.threshold is None else f" at {self.threshold:g} H100-equivalents"
        return f"{self.rule}{lowered}"

    @property
    def metric_text(self) -> str:
        """Return the metric in words, with its symbol."""
        return f"{METRIC_WORDS[self.metric]} compute ({OUTPUTS[self.output].symbol})"

    def node_limit(self) -> NodeLimit:
        """Return what the rule lets a node hold.

        Raises
        ------
        InputError
            If there is no such rule, or it limits no node.
        """
        return node_limit(self.rule, reading=self.reading, lowered_to=self.threshold)


def _makers() -> tuple[str, ...]:
    return tuple(sorted({chip.manufacturer for chip in chips().values()}))


def _jurisdictions() -> tuple[str, ...]:
    return tuple(sorted({chip.jurisdiction for chip in chips().values()}))


class Constraints(Section):
    """What a design must keep to, beside the rule; nothing unless given."""

    max_nodes: int | None = quantity("Greatest number of nodes", symbol="N", default=None, at_least=1)
    budget: float | None = quantity("Greatest capital cost", unit="USD", default=None, above=0.0)
    max_overtraining: float | None = quantity(
        "Greatest ratio of tokens to those of the reference allocation", default=None, above=0.0
    )
    min_chinchilla: float | None = quantity(
        "Least share of the compute that over-training leaves",
        symbol="χ", default=None, at_least=0.0, at_most=1.0,
    )  # fmt: skip
    any_memory: bool = quantity(
        "Whether chips without high-bandwidth memory may be used too. Such cards have no fast links between "
        "them, so that the MFU every chip is given is out of their reach; a chip that is named may be used",
        unit="", default=False,
    )  # fmt: skip
    makers: Annotated[tuple[str, ...], OneOf(_makers)] = quantity(
        "Allowed makers of chips; all unless given", unit="", default=()
    )
    jurisdictions: Annotated[tuple[str, ...], OneOf(_jurisdictions)] = quantity(
        "Allowed jurisdictions in which chips are designed; all unless given", unit="", default=()
    )
    chips: Annotated[tuple[str, ...], OneOf(lambda: tuple(chips()))] = quantity(
        "Allowed chips; all unless given", unit="", default=()
    )
    released_before: datetime.date | None = quantity(
        "Only chips on the market before this day", unit="", default=None
    )
    modes: Annotated[tuple[str, ...], OneOf(lambda: tuple(PROTOCOLS))] = quantity(
        "Allowed protocols; all of the grid unless given", unit="", default=()
    )

    def relaxed(self, by: float) -> Constraints:
        """Return the same with so many times the nodes and the budget."""
        return self.model_copy(
            update={
                "max_nodes": None if self.max_nodes is None else math.ceil(self.max_nodes * by),
                "budget": None if self.budget is None else self.budget * by,
            }
        )
