"""What would make a model fit a node: more chips, larger ones, others, or a smaller model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from farflung.analysis.node.plans import PlanSearch, best_plans
from farflung.analysis.node.request import NodeRequest
from farflung.catalog.chips import FORMAT_OF_PRECISION, chips
from farflung.catalog.tables import table

MOST_CHIPS = 65_536
"""Chips up to which a number that suffices is sought."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """What would make a model fit, each alone.

    Attributes
    ----------
    chips
        Number of the same chips; ``None`` where no number tried suffices.
    chip_memory
        Memory of a chip, of as many chips [byte].
    other_chips
        Chips of the catalog with so much memory, of which as many would do; least memory first.
    parameters
        Largest dense model that fits the node as it is [1].
    """

    chips: int | None
    chip_memory: float
    other_chips: tuple[str, ...]
    parameters: float


def remedies_for(request: NodeRequest, search: PlanSearch, largest: float) -> Remedies:
    """Return what would make a model fit, given a search in which no plan did.

    Parameters
    ----------
    request
        The node and the model.
    search
        All plans, of which none fits.
    largest
        Parameters of the largest dense model that fits [1].
    """
    needed = search.least_memory / request.node.memory_share
    form = FORMAT_OF_PRECISION[request.precision]
    large = {}
    for name in table("node_rates").keys() & chips().keys():
        memory = chips()[name].get("memory")
        if memory and memory.in_unit("byte") >= needed and form in table("node_rates")[name]["sustained"]:
            large[name] = memory.in_unit("byte")
    ordered = tuple(sorted(large, key=lambda name: (large[name], name)))
    return Remedies(_chips_that_fit(request), needed, ordered, largest)


def _chips_that_fit(request: NodeRequest) -> int | None:
    """Return a number of chips at which a plan fits and with one less none does."""

    def fits(count: int) -> bool:
        return best_plans(replace(request.node, chips=count), request.shape, count=1).best is not None

    low, high = request.node.chips, 2 * request.node.chips
    while not fits(high):
        low, high = high, 2 * high
        if high > MOST_CHIPS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high
