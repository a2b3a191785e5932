"""What a branch came to, and the search of it again, more finely, where the best may lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from farflung.analysis.search.designs import Design
from farflung.analysis.search.grid import Grid, Problem
from farflung.analysis.search.space import (
    REASONS,
    Branch,
    Cells,
    blocks,
    evaluate_designs,
    inner_steps,
    largest_model,
)

_FINE = 64
"""Numbers of nodes between two of the grid."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A design that reaches the target, with its cost and how much of the metric it gives."""

    cost: float
    metric: float
    design: Design

    def before(self, other: Reached) -> bool:
        """Return whether this one is to be preferred."""
        return (self.cost, -self.metric) < (other.cost, -other.metric)


@dataclass(slots=True)
class BranchResult:
    """What one branch came to.

    Attributes
    ----------
    branch, evaluated, rejected
        The branch, the designs evaluated, and those rejected by reason.
    best, near
        For every number of chips the cheapest design that keeps to everything, and the cheapest of the grid
        that nearly does, from which the finer search starts.
    """

    branch: Branch
    evaluated: int = 0
    rejected: np.ndarray = field(default_factory=lambda: np.zeros(len(REASONS), dtype=np.int64))
    best: dict[int, Reached] = field(default_factory=dict)
    near: dict[int, Reached] = field(default_factory=dict)

    def add(self, cells: Cells, *, coarse: bool = False) -> None:
        """Count a block, and keep its cheapest designs; where it is coarse, those to start from too."""
        self.evaluated += cells.cost.size
        self.rejected += np.bincount(cells.rejected.ravel(), minlength=len(REASONS))
        self._keep(self.best, cells, cells.rejected == 0)
        if coarse:
            self._keep(self.near, cells, cells.near)

    def _keep(self, cheapest: dict[int, Reached], cells: Cells, where: np.ndarray) -> None:
        cost = np.where(where, cells.cost, np.inf)
        lowest = cost.min(axis=1)
        # Of designs that cost the same, the one that gives most.
        columns = np.argmax(np.where(cost <= lowest[:, None] * (1 + 1e-12), cells.metric, -np.inf), axis=1)
        for row in np.nonzero(np.isfinite(lowest))[0]:
            index = (int(row), int(columns[row]))
            design = cells.design(self.branch, index)
            reached = Reached(float(lowest[row]), float(cells.metric[index]), design)
            if design.chips_per_node not in cheapest or reached.before(cheapest[design.chips_per_node]):
                cheapest[design.chips_per_node] = reached

    @property
    def cheapest(self) -> Reached | None:
        """Return the cheapest design of the branch."""
        return min(self.best.values(), key=lambda reached: (reached.cost, -reached.metric), default=None)


def search_branch(problem: Problem, branch: Branch) -> BranchResult:
    """Return what a branch of the grid comes to."""
    result = BranchResult(branch)
    for cells in blocks(problem, branch):
        result.add(cells, coarse=True)
    return result


def narrow(problem: Problem, result: BranchResult, below: float) -> None:
    """Search again, between two numbers of nodes of the grid, around all that may yet cost at most ``below``.

    Around the cheapest design near the limits, for every number of chips, once. That neighbourhood depends on
    nothing else, so that a search in which a rule allows fewer chips or nodes looks at no other designs and
    never comes out cheaper.
    """
    starts = {chips: start for chips, start in result.near.items() if _least(start, problem.grid) <= below}
    for chips in starts:
        del result.near[chips]
    designs = [start.design for start in starts.values()]
    nodes = [np.ceil(design.nodes * np.linspace(1 / problem.grid.step, 1.0, _FINE)) for design in designs]
    around = np.geomspace(0.8, 1.25, 7)
    for cells in neighbourhoods(problem, result.branch, designs, nodes=nodes, factors=around):
        result.add(cells)


def polish(problem: Problem, result: BranchResult, below: float, above: float = 0.0) -> None:
    """Search once more, over every whole number of nodes just below the best that may yet cost so little.

    What may come to cost ``above`` or less has had its turn.
    """
    for best in list(result.best.values()):
        design = best.design
        fewest = _fewest(design.nodes, problem.grid)
        if not above < best.cost * fewest / design.nodes <= below:
            continue
        counts = np.arange(fewest, design.nodes + 1, dtype=np.float64)
        around = np.geomspace(0.95, 1.05, 11)
        for cells in neighbourhoods(problem, result.branch, [design], nodes=[counts], factors=around):
            result.add(cells)


def _fewest(nodes: int, grid: Grid) -> int:
    """Return the fewest nodes that polishing a design tries: half a fine step below the next count."""
    return max(1, int(nodes * (1 - 1.5 * (1 - 1 / grid.step) / _FINE)))


def _least(reached: Reached, grid: Grid) -> float:
    """Return what a design of the grid may come to cost, narrowed and polished: cost goes with nodes."""
    nodes = reached.design.nodes
    return reached.cost * _fewest(int(np.ceil(nodes / grid.step)), grid) / nodes


def neighbourhoods(
    problem: Problem,
    branch: Branch,
    starts: Sequence[Design],
    *,
    nodes: Sequence[np.ndarray],
    factors: np.ndarray,
) -> Iterator[Cells]:
    """Yield designs of a branch around others: numbers of nodes for each, and factors on the model size."""
    if not starts:
        return
    grid = problem.grid
    chips = np.asarray([float(start.chips_per_node) for start in starts])
    models = np.asarray([start.parameters for start in starts])[:, None]
    if grid.model_digits is None and not grid.models:
        models = np.minimum(models * factors, largest_model(branch, chips)[:, None])
    yield from evaluate_designs(
        problem,
        branch,
        chips=chips[:, None, None, None],
        parameters=models[:, :, None, None],
        compression=np.asarray(grid.compressions)[:, None],
        inner_steps=inner_steps(grid, branch.variant),
        nodes=np.stack(nodes)[:, None, None, :],
    )
