"""The search turned round: the most for a budget, the least bandwidth, the nodes, the threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from farflung.analysis.search.designs import Constraints, Grid, Question, parts
from farflung.analysis.search.search import Found, SearchResult, search
from farflung.analysis.search.space import Branch, Cells, evaluated, sizes
from farflung.base.errors import InputError
from farflung.outcome import evaluate
from farflung.outcome.batch import answers
from farflung.outcome.closed_form import output_named
from farflung.scenario import Scenario
from farflung.scenario.nodes import node_limit

_MOST_NODES = 2**20
_LARGEST_BLOCK = 2**16
_NODE_SHARES = np.geomspace(1.0, 1e-3, 48)
_BANDWIDTHS = np.geomspace(1e3, 1e13, 4001)


def most_compute(
    question: Question, budget: float, constraints: Constraints | None = None, grid: Grid | None = None
) -> Found:
    """Return the design that gives most of the question's metric for a budget.

    Parameters
    ----------
    question
        Metric, rule, duration, links and assumption set; its target is not used.
    budget
        Greatest capital cost [USD].
    constraints, grid
        As for :func:`search`.

    Raises
    ------
    InputError
        If the budget buys no node at all.
    """
    limits = replace(constraints or Constraints(), budget=budget)
    ranged = grid or Grid()
    asked = replace(question, target=1.0)
    usable, _ = parts(asked, limits, ranged)
    best: tuple[float, Found] | None = None
    for part in usable:
        for variant in ranged.variants:
            if limits.modes and variant.mode not in limits.modes:
                continue
            branch = Branch(part, variant)
            for cells in _within(asked, limits, ranged, branch, budget):
                metric = np.where(cells.refused == 0, cells.metric, -np.inf)
                index = np.unravel_index(int(np.argmax(metric)), metric.shape)
                row, column = int(index[0]), int(index[1])
                if np.isfinite(metric[row, column]) and (best is None or metric[row, column] > best[0]):
                    design = cells.design(branch, (row, column))
                    best = (float(metric[row, column]), Found(design, evaluate(design.scenario(question))))
    if best is None:
        raise InputError("budget", f"${budget:,.0f} buys no node of this search", nearest="a larger budget")
    return best[1]


def _within(
    question: Question, constraints: Constraints, grid: Grid, branch: Branch, budget: float
) -> Iterator[Cells]:
    part = branch.part
    counts = np.arange(1.0, part.most + 1) if grid.every_chip_count else np.asarray([float(part.most)])
    node_price = part.price * counts * _overheads(question, branch)
    affordable = np.floor(budget / node_price)
    counts, affordable = counts[affordable >= 1], affordable[affordable >= 1]
    # More nodes do not always give more: quality peaks, so smaller shares of the budget are tried too.
    nodes = np.maximum(1.0, np.floor(affordable[:, None] * _NODE_SHARES))
    steps = np.asarray([0.0 if one is None else one for one in grid.inner_steps])
    for first in range(0, len(counts), 8):
        some = slice(first, first + 8)
        yield from evaluated(
            question,
            constraints,
            branch,
            chips=counts[some, None, None, None],
            parameters=sizes(part, branch.variant, counts[some], grid)[:, :, None, None],
            compression=np.asarray(grid.compressions)[:, None],
            inner_steps=np.zeros(1) if branch.variant.mode == "data_parallel" else steps,
            nodes=nodes[some, None, None, :],
        )


def _overheads(question: Question, branch: Branch) -> float:
    """Return the capital cost of a node over the price of its chips, as the model has it."""
    one = next(
        evaluated(
            question,
            Constraints(),
            branch,
            chips=np.ones((1, 1)),
            parameters=np.full((1, 1), 1e6),
            compression=np.ones((1, 1)),
            inner_steps=np.zeros(1),
            nodes=np.full((1, 1), float(branch.variant.pipeline_stages)),
        )
    )
    return float(one.cost[0, 0] / branch.variant.pipeline_stages / branch.part.price)


def nodes_for_target(scenario: Scenario, output: str, target: float) -> int:
    """Return the smallest number of nodes with which an output of a scenario reaches a target.

    Every count is tried, in growing blocks: nothing says that more nodes always give more.

    Raises
    ------
    InputError
        If no number of nodes up to a million reaches it.
    """
    name = output_named(output)
    first, size, furthest = 1, 4096, 0.0
    while first < _MOST_NODES:
        counts = np.arange(first, first + size, dtype=np.float64)
        values = answers(scenario, {"nodes.count": counts}, [name])[name]
        reached = np.nonzero(values >= target)[0]
        if reached.size:
            return int(counts[reached[0]])
        furthest = max(furthest, float(np.nanmax(values, initial=0.0)))
        first, size = first + size, min(2 * size, _LARGEST_BLOCK)
    raise InputError(
        output, f"reaches {target:g} with no number of nodes up to {_MOST_NODES}", nearest=f"{furthest:.4g}"
    )


def least_bandwidth(scenario: Scenario, utilisation: float) -> float:
    """Return the least bandwidth, up and down alike, that gives a utilisation [bit/s].

    The number of inner steps must be fixed in the scenario, since at its compute-bound minimum every
    bandwidth gives the same.

    Raises
    ------
    InputError
        If the steps are not fixed, or no bandwidth gives the utilisation.
    """
    if not 0 < utilisation <= 1:
        raise InputError("utilisation", f"{utilisation:g} is not a share", nearest="above 0 and at most 1")
    if scenario.protocol.inner_steps is None and scenario.protocol.mode != "data_parallel":
        raise InputError(
            "protocol.inner_steps",
            "left open, it grows until every bandwidth suffices",
            nearest="a number, such as 30",
        )
    grid = _BANDWIDTHS
    for _ in range(3):
        found = answers(scenario, {"network.upload": grid, "network.download": grid}, ["utilisation"])[
            "utilisation"
        ]
        enough = np.nonzero(found >= utilisation * (1 - 1e-12))[0]
        if not enough.size:
            raise InputError(
                "utilisation",
                f"no bandwidth gives {utilisation:g}",
                nearest=f"{float(np.nanmax(found, initial=0.0)):.4g}",
            )
        at = int(enough[0])
        grid = np.geomspace(grid[max(at - 1, 0)], grid[at], 1001)
    return float(grid[-1])


@dataclass(frozen=True, slots=True)
class Threshold:
    """The compute limit of a node that pushes a target out of reach."""

    h100_equivalents: int | None
    """Largest whole limit at which nothing reaches the target; ``None`` if one H100-equivalent still does."""
    at_rule: SearchResult
    at_threshold: SearchResult | None


def threshold_for_duration(
    question: Question, constraints: Constraints, grid: Grid | None = None
) -> Threshold:
    """Return the largest compute limit of a node at which a target takes longer than the duration.

    Without a limit on cost or nodes there is none: more of smaller nodes always do. A lower limit allows
    only designs that a higher one allows too, so the limits are bisected.

    Raises
    ------
    InputError
        If the constraints limit neither cost nor nodes.
    """
    if constraints.budget is None and constraints.most_nodes is None:
        raise InputError(
            "constraints", "without a budget or a greatest number of nodes, no limit stops a target",
            nearest="--budget or --max-nodes",
        )  # fmt: skip
    at_rule = search(question, constraints, grid)
    if at_rule.best is None:
        return Threshold(None, at_rule, None)
    reachable, stopped = _own_limit(question), 0
    result: SearchResult | None = None
    while reachable - stopped > 1:
        middle = (reachable + stopped) // 2
        here = search(replace(question, threshold=float(middle)), constraints, grid)
        if here.best is None:
            stopped, result = middle, here
        else:
            reachable = middle
    return Threshold(stopped or None, at_rule, result)


def _own_limit(question: Question) -> int:
    limit = node_limit(question.rule, reading=question.reading, lowered_to=question.threshold)
    return int(np.ceil(limit.compute / limit.per_h100_equivalent))
