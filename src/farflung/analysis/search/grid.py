"""What a search ranges over: protocols with their settings, and the numbers tried of all else."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

from farflung.analysis.search.question import Constraints, Question
from farflung.protocols import PROTOCOLS

INNER_STEPS = "protocol.inner_steps"
_STAGES = "protocol.pipeline_stages"


@dataclass(frozen=True, slots=True)
class Variant:
    """One protocol with its own settings, by the path of the scenario's field."""

    mode: str
    settings: tuple[tuple[str, Any], ...] = ()

    @property
    def stages(self) -> int:
        """Return the nodes that hold one replica."""
        return int(dict(self.settings).get(_STAGES, 1))

    @property
    def takes_inner_steps(self) -> bool:
        """Return whether the protocol has a number of inner steps to choose."""
        return PROTOCOLS[self.mode].takes(INNER_STEPS)


def _searched_variants() -> tuple[Variant, ...]:
    """Return every combination of the settings that protocols offer to a search."""
    return tuple(
        Variant(protocol.name, settings)
        for protocol in PROTOCOLS.values()
        if protocol.searched
        for settings in product(
            *(
                [(setting.field, value) for value in setting.values]
                for setting in protocol.settings
                # The grid ranges over inner steps itself: they need no other evaluation of the inputs.
                if setting.values and setting.field != INNER_STEPS
            )
        )
    )


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
    chips
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
    variants: tuple[Variant, ...] = field(default_factory=_searched_variants)
    precisions: tuple[str, ...] = ("bf16", "fp8")
    chips: tuple[str, ...] = ()
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
            Variant("hierarchical", (("protocol.nodes_per_group", 16),)),
            Variant(
                "pipeline_groups",
                ((_STAGES, 2), ("protocol.activation_compression", 4.0), ("protocol.micro_batches", 8)),
            ),
        ),
        chips=_PUBLISHED_CHIPS,
    )


GRIDS = {"full": Grid, "published": published_grid}
"""Named grids."""


@dataclass(frozen=True, slots=True)
class Problem:
    """All that a search needs: the question, the constraints, and what to range over."""

    question: Question
    constraints: Constraints = field(default_factory=Constraints)
    grid: Grid = field(default_factory=Grid)
