"""The cheapest design: every branch of the grid, then the best of them over every whole number."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

import numpy as np

from farflung.analysis.search.candidates import candidates
from farflung.analysis.search.designs import Design, EvaluatedDesign
from farflung.analysis.search.grid import Problem
from farflung.analysis.search.maximise import maximise
from farflung.analysis.search.options import SearchOptions, problem_of, signature_with_options
from farflung.analysis.search.pareto import front
from farflung.analysis.search.question import METRICS, Question
from farflung.analysis.search.refine import BranchResult, Reached, narrow, polish, search_branch
from farflung.analysis.search.result import SearchResult
from farflung.analysis.search.space import REASONS, Branch, blocks
from farflung.base.arrays import keep_freed_memory
from farflung.base.errors import InputError
from farflung.base.format import format_quantity
from farflung.outcome import OUTPUTS, Outcome, evaluate
from farflung.scenario import preset, presets

_RUNNERS_UP = 10
_FRONT_BRANCHES = 24
_DURATION_FRACTIONS = (1.0, 0.5, 0.25)
_FRONT_DESIGNS = 60

Progress = Callable[[int, int], None]


def search(
    target: float | str = 1e25,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Unpack[SearchOptions],
) -> SearchResult:
    """Return the cheapest design that reaches a target below a rule.

    Every design of the grid is evaluated; nothing is assumed to grow or fall with the number of nodes. For
    every number of chips of a node, the neighbourhood of the cheapest design is then searched again, over
    numbers of nodes and sizes of model between those of the grid, wherever that may yet give the best.

    Parameters
    ----------
    target
        Compute to be reached [FLOP].
    threads
        Threads; one per core unless given.
    progress
        Called with the number of branches done and of all.
    options
        What is asked and what a design must keep to, quantities with their units: the fields of
        :class:`Question` (``metric``, ``rule``, ``duration``, ``assumptions``, …) and of
        :class:`Constraints` (``budget``, ``max_nodes``, ``chips``, …), ``links`` for every link at once,
        ``grid`` and ``precisions``.

    Raises
    ------
    InputError
        If an option is unknown or cannot be read, the rule limits no node, or the constraints leave no chip
        or protocol.

    Notes
    -----
    Assumption: every chip reaches the same model-FLOP utilisation, and needs the same share of server and
    network on top of its price. Links between the nodes of a group or a pipeline are those of all nodes.
    Limits: the best of the declared grid and of the neighbourhoods searched; not of all that can be built.

    Examples
    --------
    >>> result = search(1e24, rule="miri-2025", links="100 Mbps", budget="$30M", grid="published")
    >>> result.best.design.node_text
    '16x H100 SXM'
    """
    return solve(problem_of({"target": target, **options}), threads=threads, progress=progress)


# What help shows: every option with the default that its field declares.
search.__signature__ = signature_with_options(search)  # type: ignore[attr-defined]


def solve(problem: Problem, *, threads: int | None = None, progress: Progress | None = None) -> SearchResult:
    """Return the cheapest design of a problem; see :func:`search`."""
    branches, left_out = branches_of(problem)
    with workers(threads) as pool:
        results = _search_branches(problem, branches, pool, progress)
        reached = _ranked(results)
        designs = [_evaluated(problem.question, cheapest) for cheapest in _of_different_kind(reached)]
        pareto = _pareto(problem, reached, designs, pool)
        furthest = None if designs else maximise(problem, branches, pool)
    rejected = sum((result.rejected for result in results), start=np.zeros(len(REASONS), dtype=np.int64))
    nearest = furthest[0] if furthest else None
    return SearchResult(
        problem=problem,
        best=designs[0] if designs else None,
        runners_up=tuple(designs[1:]),
        pareto=pareto,
        evaluated=sum(result.evaluated for result in results),
        rejected_by={
            reason: int(count)
            for reason, count in zip(REASONS, rejected, strict=True)
            if count and reason != "none"
        },
        chips_left_out=left_out,
        published=_published(problem.question),
        nearest=nearest,
        why_not=None if designs else _why_not(problem.question, rejected, nearest),
    )


def workers(threads: int | None = None) -> ThreadPoolExecutor:
    """Return the threads of a search, which reuse the memory of the blocks that they stream."""
    keep_freed_memory()
    return ThreadPoolExecutor(threads or os.cpu_count() or 1)


def is_reachable(problem: Problem) -> bool:
    """Return whether any design reaches the target: the question of :func:`search` without its answer."""
    branches, _ = branches_of(problem)
    with workers() as pool:
        results = list(pool.map(partial(search_branch, problem), branches))
        if not any(result.best for result in results):
            list(pool.map(partial(narrow, problem, below=np.inf), results))
    return any(result.best for result in results)


def branches_of(problem: Problem) -> tuple[list[Branch], dict[str, list[str]]]:
    """Return the branches of a grid within constraints, and the chips left out by reason.

    There may be none where every chip is too large for the rule.

    Raises
    ------
    InputError
        If the rule is unknown or limits no node, or the constraints leave no chip or protocol.
    """
    constraints, grid = problem.constraints, problem.grid
    usable, left_out = candidates(problem)
    variants = [
        variant for variant in grid.variants if not constraints.modes or variant.mode in constraints.modes
    ]
    if not variants:
        raise InputError(
            "search",
            f"the {grid.name} grid has no protocol {' or '.join(constraints.modes)}",
            nearest=", ".join(sorted({variant.mode for variant in grid.variants})),
        )
    if not usable and not any(problem.question.limit_text in reason for reason in left_out):
        reasons = "; ".join(f"{reason}: {len(names)}" for reason, names in left_out.items())
        raise InputError("search", f"no chip is left to search ({reasons})")
    return [Branch(candidate, variant) for candidate in usable for variant in variants], left_out


def _search_branches(
    problem: Problem, branches: Sequence[Branch], pool: Executor, progress: Progress | None
) -> list[BranchResult]:
    """Return what every branch comes to, refined where that may give the best or a runner-up.

    What could not come to cost less than the best so far is left as coarse as the grid.
    """
    coarse = pool.map(partial(search_branch, problem), branches)
    results = list(_with_progress(coarse, len(branches), progress))
    for refine in (narrow, polish):
        list(pool.map(partial(refine, problem, below=_lowest_cost(results)), results))
    # A runner-up lies further off than the best; its own neighbourhood is searched all the same.
    nearest = sorted(
        (min(reached.cost for reached in (*result.best.values(), *result.near.values())), place)
        for place, result in enumerate(results)
        if result.best or result.near
    )
    best = _lowest_cost(results)

    def refine_for_itself(place: int) -> None:
        for refine in (narrow, partial(polish, above=best)):
            own = results[place].cheapest
            refine(problem, results[place], below=own.cost if own else np.inf)

    list(pool.map(refine_for_itself, [place for _, place in nearest[: 4 * _RUNNERS_UP]]))
    return results


def _lowest_cost(results: Iterable[BranchResult]) -> float:
    return min((reached.cost for result in results for reached in result.best.values()), default=np.inf)


def _ranked(results: list[BranchResult]) -> list[BranchResult]:
    """Return the branches that reach the target, cheapest first."""
    places = [
        (cheapest.cost, -cheapest.metric, place)
        for place, result in enumerate(results)
        if (cheapest := result.cheapest)
    ]
    return [results[place] for _, _, place in sorted(places)]


def _with_progress(
    results: Iterable[BranchResult], total: int, progress: Progress | None
) -> Iterable[BranchResult]:
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done, total)
        yield result


def _of_different_kind(reached: list[BranchResult]) -> list[Reached]:
    """Return the cheapest of each kind, cheapest first; protocols that come to the same count once."""
    cheapest: list[Reached] = []
    seen: set[tuple[object, ...]] = set()
    for result in reached:
        candidate = result.cheapest
        assert candidate is not None
        design = candidate.design
        same = (design.chip, design.chips_per_node, design.precision, design.nodes, design.parameters)
        if design.kind not in seen and same not in seen:
            cheapest.append(candidate)
        seen |= {design.kind, same}
    return cheapest[: 1 + _RUNNERS_UP]


def _evaluated(question: Question, reached: Reached) -> EvaluatedDesign:
    return EvaluatedDesign(reached.design, question, evaluate(reached.design.scenario(question)))


def _pareto(
    problem: Problem, reached: Sequence[BranchResult], cheapest: Sequence[EvaluatedDesign], pool: Executor
) -> tuple[EvaluatedDesign, ...]:
    """Return the front over cost, nodes, duration and quality: of the cheapest and the best branches."""
    question = problem.question
    shorter = [
        (question.model_copy(update={"duration": question.duration * share}), result.branch)
        for result in reached[:_FRONT_BRANCHES]
        for share in _DURATION_FRACTIONS
    ]
    fronts = list(pool.map(lambda pair: _branch_front(replace(problem, question=pair[0]), pair[1]), shorter))
    # The cheapest were refined, and go first: of equal rows the first is kept.
    values = [_objectives(one.outcome) for one in cheapest] + [row for rows, _ in fronts for row in rows]
    designs = [(question, one.design) for one in cheapest] + [pair for _, pairs in fronts for pair in pairs]
    if not designs:
        return ()
    chosen = [designs[place] for place in front(np.asarray(values))]
    return tuple(
        EvaluatedDesign(design, answered, evaluate(design.scenario(answered)))
        for answered, design in _spread(chosen)
    )


def _objectives(outcome: Outcome) -> np.ndarray:
    cost, quality = outcome.capital_cost_usd or 0.0, outcome.quality_adjusted_flop or 0.0
    return np.asarray([cost, outcome.nodes, outcome.duration_s or 0.0, -quality])


def _branch_front(problem: Problem, branch: Branch) -> tuple[list[np.ndarray], list[tuple[Question, Design]]]:
    values: list[np.ndarray] = []
    designs: list[tuple[Question, Design]] = []
    for cells in blocks(problem, branch):
        accepted = np.argwhere(cells.rejected == 0)
        rows = tuple(accepted.T)
        objectives = np.stack(
            [cells.cost[rows], cells.nodes[rows], cells.duration[rows], -cells.quality[rows]], axis=1
        )
        for place in front(objectives):
            row, column = accepted[place]
            values.append(objectives[place])
            designs.append((problem.question, cells.design(branch, (int(row), int(column)))))
    return values, designs


def _published(question: Question) -> Outcome | None:
    """Return the cheapest preset that reaches the target, under the same rule, set, links and duration."""
    limit = question.node_limit()
    most_equivalents = limit.compute / limit.per_h100_equivalent
    links = (question.upload, question.download or question.upload, question.latency)
    reaching = []
    for scenario in (preset(name) for name in presets()):
        network = scenario.network
        if (
            scenario.assumptions == question.assumptions
            and scenario.duration == question.duration
            and links == (network.upload, network.download or network.upload, network.latency)
        ):
            outcome = evaluate(scenario)
            below = (outcome.node_h100_equivalents or np.inf) <= most_equivalents and (
                outcome.node_memory_bytes or np.inf
            ) <= (limit.memory or np.inf)
            reached = (getattr(outcome, question.output) or 0.0) >= question.target
            if below and reached and outcome.capital_cost_usd:
                reaching.append(outcome)
    return min(reaching, key=lambda outcome: outcome.capital_cost_usd or np.inf, default=None)


def _spread(designs: list[Any]) -> list[Any]:
    """Return at most so many designs as a front holds, evenly spread over their order."""
    if len(designs) <= _FRONT_DESIGNS:
        return designs
    places = np.unique(np.linspace(0, len(designs) - 1, _FRONT_DESIGNS).astype(int))
    return [designs[place] for place in places]


def _why_not(question: Question, rejected: np.ndarray, nearest: float | None) -> str:
    """Return which constraint stands in the way, and how far designs come within all of them."""
    if not rejected.any():
        return f"a single chip of those asked for exceeds {question.limit_text}"
    furthest = "no design keeps to all else"
    if nearest is not None:
        furthest = f"within all else, the furthest reaches {format_quantity(nearest, 'FLOP')}"
    if rejected[3:].any():
        worst = REASONS[3 + int(np.argmax(rejected[3:]))]
        return f"designs reach the target, and all are removed; most of them by: {worst}; {furthest}"
    metric = OUTPUTS[METRICS[question.metric]].label.lower()
    return f"no design of the grid reaches {question.target:g} FLOP of {metric}; {furthest}"
