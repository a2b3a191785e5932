"""The search turned round: the most for a budget, the least bandwidth, the nodes, the threshold."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from farflung.analysis.search.answers import LeastBandwidth, MostCompute, NodesForTarget, Threshold
from farflung.analysis.search.designs import EvaluatedDesign
from farflung.analysis.search.grid import INNER_STEPS, Problem
from farflung.analysis.search.maximise import maximise
from farflung.analysis.search.options import DesignOptions, Quantity, SearchOptions, problem_of
from farflung.analysis.search.question import Question
from farflung.analysis.search.search import branches_of, is_reachable, solve, workers
from farflung.base.errors import InputError
from farflung.outcome import evaluate
from farflung.outcome.batch import evaluate_batch
from farflung.outcome.outputs import output_named
from farflung.outcome.run import ScenarioLike, changed_scenario
from farflung.protocols import PROTOCOLS

_MOST_NODES = 2**20
_LARGEST_BLOCK = 2**16
_BANDWIDTHS = np.geomspace(1.0, 1e13, 5201)


def most_compute(
    budget: Quantity, *, threads: int | None = None, **options: Unpack[DesignOptions]
) -> MostCompute:
    """Return the design that gives most of a metric for a budget.

    Parameters
    ----------
    budget
        Greatest capital cost, as ``"$50M"``.
    threads, options
        As for :func:`farflung.search`.

    Raises
    ------
    InputError
        If the budget buys no design within the constraints.
    """
    problem = problem_of({"target": 1.0, **options, "budget": budget})
    branches, _ = branches_of(problem)
    with workers(threads) as pool:
        greatest = maximise(problem, branches, pool)
    if greatest is None:
        raise InputError(
            "budget",
            f"${problem.constraints.budget:,.0f} buys no node that keeps to all else",
            nearest="a larger budget",
        )
    _, design = greatest
    outcome = evaluate(design.scenario(problem.question))
    return MostCompute(problem, EvaluatedDesign(design, problem.question, outcome))


def nodes_for_target(
    scenario: ScenarioLike,
    output: str = "quality_adjusted_flop",
    target: float = 1e25,
    **changes: Any,
) -> NodesForTarget:
    """Return the smallest number of nodes with which an output of a scenario reaches a target.

    Every count is tried, in growing blocks: nothing says that more nodes always give more.

    Parameters
    ----------
    scenario, changes
        As for :func:`farflung.evaluate`.
    output
        Name of an output.
    target
        Its least value [unit of the output].

    Raises
    ------
    InputError
        If the target is no number above 0, or no number of nodes up to a million reaches it.
    """
    changed, name = changed_scenario(scenario, **changes), output_named(output).name
    if not (target > 0 and math.isfinite(target)):
        raise InputError("target", f"{target:g} is not a number above 0")
    first, size, furthest = 1, 4096, 0.0
    while first <= _MOST_NODES:
        counts = np.arange(first, min(first + size, _MOST_NODES + 1), dtype=np.float64)
        values = evaluate_batch(changed, {"nodes.count": counts}, [name])[name]
        reached = np.nonzero(values >= target)[0]
        if reached.size:
            return NodesForTarget(changed, name, target, int(counts[reached[0]]))
        furthest = max(furthest, float(np.nanmax(values, initial=0.0)))
        first, size = first + size, min(2 * size, _LARGEST_BLOCK)
    raise InputError(
        output, f"reaches {target:g} with no number of nodes up to {_MOST_NODES:,}", nearest=f"{furthest:.4g}"
    )


def least_bandwidth(scenario: ScenarioLike, utilisation: float = 0.9, **changes: Any) -> LeastBandwidth:
    """Return the least bandwidth, up and down alike, that gives a utilisation.

    The number of inner steps must be fixed in the scenario, since at its compute-bound minimum every
    bandwidth gives the same.

    Parameters
    ----------
    scenario, changes
        As for :func:`farflung.evaluate`.
    utilisation
        Share of the compute to be used.

    Raises
    ------
    InputError
        If the steps are not fixed, the run is not feasible, or no bandwidth gives the utilisation.
    """
    changed = changed_scenario(scenario, **changes)
    if not 0 < utilisation <= 1:
        raise InputError("utilisation", f"{utilisation:g} is not a share", nearest="above 0 and at most 1")
    outcome = evaluate(changed)
    if changed.protocol.inner_steps is None and PROTOCOLS[outcome.mode].takes(INNER_STEPS):
        raise InputError(
            "protocol.inner_steps",
            "left open, it grows until every bandwidth suffices",
            nearest="a number, such as 30",
        )
    if not outcome.feasible:
        raise InputError("utilisation", f"the run is not feasible ({outcome.binding_constraint})")
    bandwidths = _BANDWIDTHS
    for _ in range(3):
        fields = {"network.upload": bandwidths, "network.download": bandwidths}
        reached = evaluate_batch(changed, fields, ["utilisation"])["utilisation"]
        enough = np.nonzero(reached >= utilisation * (1 - 1e-12))[0]
        if not enough.size:
            raise InputError(
                "utilisation",
                f"no bandwidth gives {utilisation:g}",
                nearest=f"{float(np.nanmax(reached, initial=0.0)):.4g}",
            )
        place = int(enough[0])
        if place == 0 and bandwidths is _BANDWIDTHS:
            raise InputError(
                "utilisation", f"every bandwidth from {bandwidths[0]:g} bit/s on gives {utilisation:g}"
            )
        bandwidths = np.geomspace(bandwidths[max(place - 1, 0)], bandwidths[place], 1001)
    return LeastBandwidth(changed, utilisation, float(bandwidths[-1]))


def threshold_for_duration(target: Quantity = 1e25, **options: Unpack[SearchOptions]) -> Threshold:
    """Return the largest compute limit of a node at which a target takes longer than the duration.

    Without a limit on cost or nodes there is none: more of smaller nodes always do. A lower limit allows
    only designs that a higher one allows too, so the limits are bisected.

    Parameters
    ----------
    target, options
        As for :func:`farflung.search`, with a ``budget`` or ``max_nodes``.

    Raises
    ------
    InputError
        If the constraints limit neither cost nor nodes.
    """
    problem = problem_of({"target": target, **options})
    if problem.constraints.budget is None and problem.constraints.max_nodes is None:
        raise InputError(
            "constraints",
            "without a budget or a greatest number of nodes, no limit stops a target",
            nearest="budget or max_nodes",
        )

    def lowered(limit: int) -> Problem:
        question = problem.question.model_copy(update={"threshold": float(limit)})
        return replace(problem, question=question)

    at_rule = solve(problem)
    if at_rule.best is None:
        return Threshold(None, at_rule, None)
    reachable, stopped = _own_limit(problem.question), 0
    while reachable - stopped > 1:
        middle = (reachable + stopped) // 2
        if is_reachable(lowered(middle)):
            reachable = middle
        else:
            stopped = middle
    return Threshold(stopped or None, at_rule, solve(lowered(stopped)) if stopped else None)


def _own_limit(question: Question) -> int:
    limit = question.node_limit()
    return int(np.ceil(limit.compute / limit.per_h100_equivalent))
