"""The most of a metric within a budget, a number of nodes and all other constraints."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from farflung.analysis.search.designs import Design
from farflung.analysis.search.grid import Problem
from farflung.analysis.search.question import Question
from farflung.analysis.search.refine import neighbourhoods
from farflung.analysis.search.space import (
    CELLS,
    Branch,
    Cells,
    base_scenario,
    evaluate_designs,
    fewest_nodes,
    inner_steps,
    model_sizes,
)
from farflung.outcome.batch import evaluate_batch

_MOST_NODES = 2**20
_SHRUNK = 1.35
"""Ratio between the numbers of nodes that are tried."""


@dataclass(frozen=True, slots=True)
class _Pass:
    """How near the most a design must be to be searched around again, and by which factors."""

    margin: float
    models: np.ndarray
    nodes: np.ndarray


_PASSES = (
    _Pass(1.15, np.geomspace(0.8, 1.25, 7), np.linspace(1 / _SHRUNK, _SHRUNK, 97)),
    _Pass(1.01, np.geomspace(0.95, 1.05, 11), np.linspace(0.99, 1.01, 65)),
)


@dataclass(slots=True)
class _Greatest:
    """What one branch came to: the design that gives most, for every number of chips."""

    branch: Branch
    best: dict[int, tuple[float, Design]] = field(default_factory=dict)

    def add(self, cells: Cells) -> None:
        """Keep the designs of a block that give most."""
        metric = np.where(cells.rejected == 0, cells.metric, -np.inf)
        for row, column in enumerate(np.argmax(metric, axis=1)):
            value, chips = float(metric[row, column]), int(cells.chips[row, column])
            if np.isfinite(value) and (chips not in self.best or value > self.best[chips][0]):
                self.best[chips] = value, cells.design(self.branch, (row, int(column)))


def maximise(problem: Problem, branches: Sequence[Branch], pool: Executor) -> tuple[float, Design] | None:
    """Return the most of the question's metric that any design gives, and that design; ``None`` without any.

    The question's target only says up to how many nodes are tried where neither a budget nor a greatest
    number of nodes limits them.
    """
    results = list(pool.map(partial(_coarse, problem), branches))
    for finer in _PASSES:
        best = max((value for result in results for value, _ in result.best.values()), default=0.0)
        list(pool.map(partial(_finer, problem, finer, best / finer.margin), results))
    pairs = [pair for result in results for pair in result.best.values()]
    return max(pairs, key=lambda pair: pair[0], default=None)


def _coarse(problem: Problem, branch: Branch) -> _Greatest:
    """Return the most of a branch over the grid, from the most nodes that there may be down to one."""
    result, grid = _Greatest(branch), problem.grid
    counts = np.asarray(list(branch.candidate.chip_counts(grid)), dtype=np.float64)
    greatest = _most_nodes(problem, branch, counts)
    counts, greatest = counts[greatest >= 1], greatest[greatest >= 1]
    if not counts.size:
        return result
    # More nodes do not always give more: quality peaks, so fewer are tried too.
    steps = 1 + int(np.log(greatest.max()) / np.log(_SHRUNK))
    nodes = np.maximum(1.0, np.floor(greatest[:, None] / _SHRUNK ** np.arange(steps)))
    models = model_sizes(branch, counts, grid)
    size = max(1, CELLS // (models.shape[1] * len(grid.compressions) * steps))
    for first in range(0, len(counts), size):
        some = slice(first, first + size)
        for cells in evaluate_designs(
            _without_target(problem),
            branch,
            chips=counts[some, None, None, None],
            parameters=models[some, :, None, None],
            compression=np.asarray(grid.compressions)[:, None],
            inner_steps=inner_steps(grid, branch.variant),
            nodes=nodes[some, None, None, :],
        ):
            result.add(cells)
    return result


def _finer(problem: Problem, finer: _Pass, least: float, result: _Greatest) -> None:
    """Search around the designs of a branch that give at least so much."""
    starts = [design for value, design in result.best.values() if value >= least]
    if not starts:
        return
    greatest = _most_nodes(
        problem, result.branch, np.asarray([float(start.chips_per_node) for start in starts])
    )
    nodes = [
        np.clip(np.rint(start.nodes * finer.nodes), 1.0, limit)
        for start, limit in zip(starts, greatest, strict=True)
    ]
    free = _without_target(problem)
    for cells in neighbourhoods(free, result.branch, starts, nodes=nodes, factors=finer.models):
        result.add(cells)


def _most_nodes(problem: Problem, branch: Branch, counts: np.ndarray) -> np.ndarray:
    """Return how many nodes of so many chips there may be, or the most that the grid has."""
    limits, constraints = [np.full(counts.shape, float(_MOST_NODES))], problem.constraints
    if constraints.max_nodes is not None:
        limits.append(np.full(counts.shape, float(constraints.max_nodes)))
    if constraints.budget is not None:
        price = _cost_of_one_chip(problem.question, branch) * counts
        limits.append(np.floor(constraints.budget / price * (1 + 1e-12)))
    if len(limits) == 1:
        fewest = fewest_nodes(problem.question, branch.candidate, counts)
        limits.append(np.ceil(fewest * max(problem.grid.node_factors)))
    return np.asarray(np.min(limits, axis=0))


def _cost_of_one_chip(question: Question, branch: Branch) -> float:
    """Return the capital cost for each chip, as the model has it."""
    stages = float(branch.variant.stages)
    fields = {"nodes.count": np.asarray([stages]), "model.parameters": np.asarray([1e6])}
    values = evaluate_batch(base_scenario(question, branch), fields, ["capital_cost_usd"])
    return float(values["capital_cost_usd"][0] / stages)


def _without_target(problem: Problem) -> Problem:
    """Return the problem with a target that every design reaches."""
    return replace(problem, question=problem.question.model_copy(update={"target": 1.0}))
