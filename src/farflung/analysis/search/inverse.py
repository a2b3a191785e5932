"""The search turned round: the most for a budget, the least bandwidth, the nodes, the threshold."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from farflung.analysis.search.designs import Constraints, Grid, Problem, Question
from farflung.analysis.search.most import most
from farflung.analysis.search.search import Found, SearchResult, branches_of, reaches, search
from farflung.base.errors import InputError
from farflung.outcome import evaluate
from farflung.outcome.batch import answers
from farflung.outcome.closed_form import output_named
from farflung.scenario import Scenario
from farflung.scenario.nodes import node_limit

_MOST_NODES = 2**20
_LARGEST_BLOCK = 2**16
_BANDWIDTHS = np.geomspace(1.0, 1e13, 5201)


def most_compute(
    question: Question,
    budget: float,
    constraints: Constraints | None = None,
    grid: Grid | None = None,
    *,
    threads: int | None = None,
) -> Found:
    """Return the design that gives most of the question's metric for a budget.

    Parameters
    ----------
    question
        Metric, rule, duration, links and assumption set; its target is not used.
    budget
        Greatest capital cost [USD].
    constraints, grid, threads
        As for :func:`search`.

    Raises
    ------
    InputError
        If the budget buys no design within the constraints.
    """
    problem = Problem(question, replace(constraints or Constraints(), budget=budget), grid or Grid())
    branches, _ = branches_of(problem)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        found = most(problem, branches, pool)
    if found is None:
        raise InputError(
            "budget", f"${budget:,.0f} buys no node that keeps to all else", nearest="a larger budget"
        )
    return Found(found[1], evaluate(found[1].scenario(question)))


def nodes_for_target(scenario: Scenario, output: str, target: float) -> int:
    """Return the smallest number of nodes with which an output of a scenario reaches a target.

    Every count is tried, in growing blocks: nothing says that more nodes always give more.

    Raises
    ------
    InputError
        If the target is no number above 0, or no number of nodes up to a million reaches it.
    """
    name = output_named(output)
    if not (target > 0 and math.isfinite(target)):
        raise InputError("target", f"{target:g} is not a number above 0")
    first, size, furthest = 1, 4096, 0.0
    while first <= _MOST_NODES:
        counts = np.arange(first, min(first + size, _MOST_NODES + 1), dtype=np.float64)
        values = answers(scenario, {"nodes.count": counts}, [name])[name]
        reached = np.nonzero(values >= target)[0]
        if reached.size:
            return int(counts[reached[0]])
        furthest = max(furthest, float(np.nanmax(values, initial=0.0)))
        first, size = first + size, min(2 * size, _LARGEST_BLOCK)
    raise InputError(
        output, f"reaches {target:g} with no number of nodes up to {_MOST_NODES:,}", nearest=f"{furthest:.4g}"
    )


def least_bandwidth(scenario: Scenario, utilisation: float) -> float:
    """Return the least bandwidth, up and down alike, that gives a utilisation [bit/s].

    The number of inner steps must be fixed in the scenario, since at its compute-bound minimum every
    bandwidth gives the same.

    Raises
    ------
    InputError
        If the steps are not fixed, the run is not feasible, or no bandwidth gives the utilisation.
    """
    if not 0 < utilisation <= 1:
        raise InputError("utilisation", f"{utilisation:g} is not a share", nearest="above 0 and at most 1")
    if scenario.protocol.inner_steps is None and scenario.protocol.mode != "data_parallel":
        raise InputError(
            "protocol.inner_steps",
            "left open, it grows until every bandwidth suffices",
            nearest="a number, such as 30",
        )
    outcome = evaluate(scenario)
    if not outcome.feasible:
        raise InputError("utilisation", f"the run is not feasible ({outcome.binding_constraint})")
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
        if at == 0 and grid is _BANDWIDTHS:
            raise InputError(
                "utilisation", f"every bandwidth from {grid[0]:g} bit/s on gives {utilisation:g}"
            )
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
    ranged = grid or Grid()
    at_rule = search(question, constraints, ranged)
    if at_rule.best is None:
        return Threshold(None, at_rule, None)
    reachable, stopped = _own_limit(question), 0
    while reachable - stopped > 1:
        middle = (reachable + stopped) // 2
        if reaches(Problem(replace(question, threshold=float(middle)), constraints, ranged)):
            reachable = middle
        else:
            stopped = middle
    if not stopped:
        return Threshold(None, at_rule, None)
    return Threshold(
        stopped, at_rule, search(replace(question, threshold=float(stopped)), constraints, ranged)
    )


def _own_limit(question: Question) -> int:
    limit = node_limit(question.rule, reading=question.reading, lowered_to=question.threshold)
    return int(np.ceil(limit.compute / limit.per_h100_equivalent))
