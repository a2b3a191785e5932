"""What a branch came to, and the search of it again, more finely, where the best may lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from farflung.analysis.search.designs import Design, Grid, Problem
from farflung.analysis.search.space import (
    REASONS,
    Branch,
    Cells,
    blocks,
    evaluated,
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
class Tally:
    """What one branch came to.

    Attributes
    ----------
    branch, examined, removed
        The branch, the designs evaluated, and those removed by reason.
    best, near
        For every number of chips the cheapest design that keeps to everything, and the cheapest of the grid
        that nearly does, from which the finer search starts.
    """

    branch: Branch
    examined: int = 0
    removed: np.ndarray = field(default_factory=lambda: np.zeros(len(REASONS), dtype=np.int64))
    best: dict[int, Reached] = field(default_factory=dict)
    near: dict[int, Reached] = field(default_factory=dict)

    def add(self, cells: Cells, *, coarse: bool = False) -> None:
        """Count a block, and keep its cheapest designs; where it is coarse, those to start from too."""
        self.examined += cells.cost.size
        self.removed += np.bincount(cells.refused.ravel(), minlength=len(REASONS))
        self._keep(self.best, cells, cells.refused == 0)
        if coarse:
            self._keep(self.near, cells, cells.near)

    def _keep(self, kept: dict[int, Reached], cells: Cells, where: np.ndarray) -> None:
        cost = np.where(where, cells.cost, np.inf)
        lowest = cost.min(axis=1)
        # Of designs that cost the same, the one that gives most.
        columns = np.argmax(np.where(cost <= lowest[:, None] * (1 + 1e-12), cells.metric, -np.inf), axis=1)
        for row in np.nonzero(np.isfinite(lowest))[0]:
            index = (int(row), int(columns[row]))
            found = Reached(float(lowest[row]), float(cells.metric[index]), cells.design(self.branch, index))
            chips = found.design.chips_per_node
            if chips not in kept or found.before(kept[chips]):
                kept[chips] = found

    @property
    def cheapest(self) -> Reached | None:
        """Return the cheapest design of the branch."""
        return min(self.best.values(), key=lambda one: (one.cost, -one.metric), default=None)


def explored(problem: Problem, branch: Branch) -> Tally:
    """Return what a branch of the grid comes to."""
    tally = Tally(branch)
    for cells in blocks(problem.question, problem.constraints, problem.grid, branch):
        tally.add(cells, coarse=True)
    return tally


def narrow(problem: Problem, tally: Tally, below: float) -> None:
    """Search again, between two numbers of nodes of the grid, around all that may yet cost at most ``below``.

    Around the cheapest design near the limits, for every number of chips, once. That neighbourhood depends on
    nothing else, so that a search in which a rule allows fewer chips or nodes looks at no other designs and
    never comes out cheaper.
    """
    starts = {chips: one for chips, one in tally.near.items() if _least(one, problem.grid) <= below}
    for chips in starts:
        del tally.near[chips]
    designs = [one.design for one in starts.values()]
    nodes = [np.ceil(one.nodes * np.linspace(1 / problem.grid.step, 1.0, _FINE)) for one in designs]
    around = np.geomspace(0.8, 1.25, 7)
    for cells in neighbourhoods(problem, tally.branch, designs, nodes=nodes, factors=around):
        tally.add(cells)


def polish(problem: Problem, tally: Tally, below: float, above: float = 0.0) -> None:
    """Search once more, over every whole number of nodes just below the best that may yet cost so little.

    What may come to cost ``above`` or less has had its turn.
    """
    for one in list(tally.best.values()):
        fewest = _fewest(one.design.nodes, problem.grid)
        if not above < one.cost * fewest / one.design.nodes <= below:
            continue
        counts = np.arange(fewest, one.design.nodes + 1, dtype=np.float64)
        around = np.geomspace(0.95, 1.05, 11)
        for cells in neighbourhoods(problem, tally.branch, [one.design], nodes=[counts], factors=around):
            tally.add(cells)


def _fewest(nodes: int, grid: Grid) -> int:
    """Return the fewest nodes that polishing a design tries: half a fine step below the next count."""
    return max(1, int(nodes * (1 - 1.5 * (1 - 1 / grid.step) / _FINE)))


def _least(one: Reached, grid: Grid) -> float:
    """Return what a design of the grid may come to cost, narrowed and polished: cost goes with nodes."""
    nodes = one.design.nodes
    return one.cost * _fewest(int(np.ceil(nodes / grid.step)), grid) / nodes


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
    grid, part, variant = problem.grid, branch.part, branch.variant
    chips = np.asarray([float(one.chips_per_node) for one in starts])
    models = np.asarray([one.parameters for one in starts])[:, None]
    if grid.model_digits is None and not grid.models:
        models = np.minimum(models * factors, largest_model(part, variant, chips)[:, None])
    yield from evaluated(
        problem.question,
        problem.constraints,
        branch,
        chips=chips[:, None, None, None],
        parameters=models[:, :, None, None],
        compression=np.asarray(grid.compressions)[:, None],
        inner_steps=inner_steps(grid, variant),
        nodes=np.stack(nodes)[:, None, None, :],
    )
