"""The cheapest design: every branch of the grid, then the best of them over every whole number."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from farflung.analysis.search.designs import METRICS, Constraints, Design, Grid, Problem, Question, parts
from farflung.analysis.search.most import most
from farflung.analysis.search.pareto import front
from farflung.analysis.search.refine import Reached, Tally, explored, narrow, polish
from farflung.analysis.search.space import MFU, REASONS, Branch, blocks
from farflung.base.errors import InputError
from farflung.base.format import format_quantity
from farflung.catalog import chip
from farflung.outcome import Outcome, evaluate
from farflung.scenario import load_assumptions, preset, presets
from farflung.scenario.nodes import node_limit

_RUNNERS_UP = 10
_FRONT_BRANCHES = 24
_DURATION_FRACTIONS = (1.0, 0.5, 0.25)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A design and its outcome."""

    design: Design
    outcome: Outcome

    def as_table(self) -> dict[str, Any]:
        """Return the outcome's object, with the chips of a node beside it."""
        return {
            **self.outcome.model_dump(mode="json"),
            "chip": self.design.chip,
            "chips_per_node": self.design.chips_per_node,
            "precision": self.design.precision,
            "parameters": self.design.parameters,
            "compression": self.design.compression,
        }


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes
    ----------
    question, constraints, grid
        What was asked, and over which grid.
    best
        The cheapest design; ``None`` if nothing reaches the target.
    runners_up
        The cheapest designs of other kinds (chip, precision, protocol), best first.
    pareto
        Designs that reach the target, of which none beats another in cost, nodes, duration and
        quality-adjusted compute at once: of the best, the runners-up, and the grid's cheapest branches in
        all, half and a quarter of the duration. At most 60, evenly spread over the cost.
    examined
        Designs evaluated.
    removed_by, chips_left_out
        Designs removed, by the first reason that applies; and names of chips left out before any design.
    published
        The cheapest published scenario that reaches the target in the same time over the same links.
    nearest
        Where nothing was found: the most of the metric that any design gives within all constraints [FLOP].
    why_not
        Where nothing was found: what stands in the way.
    """

    question: Question
    constraints: Constraints
    grid: str
    best: Found | None
    runners_up: tuple[Found, ...]
    pareto: tuple[Found, ...]
    examined: int
    removed_by: dict[str, int]
    chips_left_out: dict[str, list[str]]
    published: Outcome | None
    nearest: float | None
    why_not: str | None

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the numbers take for granted."""
        believed = load_assumptions(self.question.assumptions)
        factors = [believed.values[f"{part}_cost_factor"][0] for part in ("server", "network")]
        prices: dict[str, list[str]] = {}
        for name in dict.fromkeys(one.design.chip for one in (self.best, *self.runners_up) if one):
            price = chip(name).get("price", believed.hardware_sources)
            if price is not None and price.note:
                prices.setdefault(price.note, []).append(name)
        return (
            f"every chip is given the same MFU of {MFU:g}; consumer cards without fast links between them"
            " reach less",
            f"every chip is taken to need {factors[0]:g} times its price as a server, and that"
            f" {factors[1]:g} times with the network",
            "nodes of a group or a pipeline are linked as all others are",
            *(f"price of {', '.join(names)}: {note}" for note, names in prices.items()),
        )

    def as_table(self) -> dict[str, Any]:
        """Return the result as plain tables, for JSON."""
        return {
            "best": self.best.as_table() if self.best else None,
            "runners_up": [found.as_table() for found in self.runners_up],
            "pareto": [found.as_table() for found in self.pareto],
            "examined": self.examined,
            "removed_by": self.removed_by,
            "chips_left_out": self.chips_left_out,
            "published": self.published.model_dump(mode="json") if self.published else None,
            "nearest_reachable_flop": self.nearest,
            "why_not": self.why_not,
            "grid": self.grid,
            "notes": list(self.notes),
        }


def search(
    question: Question,
    constraints: Constraints | None = None,
    grid: Grid | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Return the cheapest design that reaches a target below a rule.

    Every design of the grid is evaluated; nothing is assumed to grow or fall with the number of nodes. For
    every number of chips of a node, the neighbourhood of the cheapest design is then searched again, over
    numbers of nodes and sizes of model between those of the grid, wherever that may yet give the best.

    Parameters
    ----------
    question
        Target, metric, rule, duration, links and assumption set.
    constraints
        Further limits.
    grid
        What to range over; the full grid if left out.
    threads
        Threads; one per core if left out.
    progress
        Called with the number of branches done and of all.

    Raises
    ------
    InputError
        If the rule is unknown or limits no node, or the constraints leave no chip or protocol.

    Notes
    -----
    Assumption: every chip reaches the same model-FLOP utilisation, and needs the same share of server and
    network on top of its price. Links between the nodes of a group or a pipeline are those of all nodes.
    Limits: the best of the declared grid and of the neighbourhoods searched; not of all that can be built.
    """
    problem = Problem(question, constraints or Constraints(), grid or Grid())
    branches, left_out = branches_of(problem)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        tallies = _tallies(problem, branches, pool, progress)
        reached = _ranked(tallies)
        kinds = [_found(question, one) for one in _of_different_kind(reached)]
        pareto = _pareto(problem, reached, kinds, pool)
        furthest = None if kinds else most(problem, branches, pool)
    removed = sum((tally.removed for tally in tallies), start=np.zeros(len(REASONS), dtype=np.int64))
    nearest = furthest[0] if furthest else None
    return SearchResult(
        question=question,
        constraints=problem.constraints,
        grid=problem.grid.name,
        best=kinds[0] if kinds else None,
        runners_up=tuple(kinds[1:]),
        pareto=pareto,
        examined=sum(tally.examined for tally in tallies),
        removed_by={
            reason: int(n) for reason, n in zip(REASONS, removed, strict=True) if n and reason != "none"
        },
        chips_left_out=left_out,
        published=_published(question),
        nearest=nearest,
        why_not=None if kinds else _why_not(question, removed, nearest),
    )


def reaches(problem: Problem) -> bool:
    """Return whether any design reaches the target: the question of :func:`search` without its answer."""
    branches, _ = branches_of(problem)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        tallies = list(pool.map(partial(explored, problem), branches))
        if not any(tally.best for tally in tallies):
            list(pool.map(partial(narrow, problem, below=np.inf), tallies))
    return any(tally.best for tally in tallies)


def branches_of(problem: Problem) -> tuple[list[Branch], dict[str, list[str]]]:
    """Return the branches of a grid within constraints, and the chips left out by reason.

    There may be none where every chip is too large for the rule.

    Raises
    ------
    InputError
        If the rule is unknown or limits no node, or the constraints leave no chip or protocol.
    """
    question, constraints, grid = problem.question, problem.constraints, problem.grid
    usable, left_out = parts(question, constraints, grid)
    variants = [v for v in grid.variants if not constraints.modes or v.mode in constraints.modes]
    if not variants:
        raise InputError(
            "search",
            f"the {grid.name} grid has no protocol {' or '.join(constraints.modes)}",
            nearest=", ".join(sorted({variant.mode for variant in grid.variants})),
        )
    if not usable and not any(question.limit_named in reason for reason in left_out):
        reasons = "; ".join(f"{reason}: {len(names)}" for reason, names in left_out.items())
        raise InputError("search", f"no chip is left to search ({reasons})")
    return [Branch(part, variant) for part in usable for variant in variants], left_out


def _tallies(
    problem: Problem, branches: Sequence[Branch], pool: Executor, progress: Progress | None
) -> list[Tally]:
    """Return what every branch comes to, refined where that may give the best or a runner-up.

    What could not come to cost less than the best so far is left as coarse as the grid.
    """
    coarse = pool.map(partial(explored, problem), branches)
    tallies = list(_counted(coarse, len(branches), progress))
    for refine in (narrow, polish):
        best = min((one.cost for tally in tallies for one in tally.best.values()), default=np.inf)
        list(pool.map(partial(refine, problem, below=best), tallies))
    # A runner-up lies further off than the best; its own neighbourhood is searched all the same.
    nearest = sorted(
        (min(one.cost for one in (*tally.best.values(), *tally.near.values())), place)
        for place, tally in enumerate(tallies)
        if tally.best or tally.near
    )

    best = min((one.cost for tally in tallies for one in tally.best.values()), default=np.inf)

    def refine_for_itself(place: int) -> None:
        for refine in (narrow, partial(polish, above=best)):
            own = tallies[place].cheapest
            refine(problem, tallies[place], below=own.cost if own else np.inf)

    list(pool.map(refine_for_itself, [place for _, place in nearest[: 4 * _RUNNERS_UP]]))
    return tallies


def _ranked(tallies: list[Tally]) -> list[Tally]:
    """Return the branches that reach the target, cheapest first."""
    reached = [(one.cost, -one.metric, i) for i, tally in enumerate(tallies) if (one := tally.cheapest)]
    return [tallies[i] for _, _, i in sorted(reached)]


def _counted(tallies: Iterable[Tally], total: int, progress: Progress | None) -> Iterable[Tally]:
    for done, tally in enumerate(tallies, start=1):
        if progress is not None:
            progress(done, total)
        yield tally


def _of_different_kind(reached: list[Tally]) -> list[Reached]:
    """Return the cheapest of each kind, cheapest first; protocols that come to the same count once."""
    kept: list[Reached] = []
    seen: set[tuple[object, ...]] = set()
    for tally in reached:
        one = tally.cheapest
        assert one is not None
        design = one.design
        same = (design.chip, design.chips_per_node, design.precision, design.nodes, design.parameters)
        if design.kind not in seen and same not in seen:
            kept.append(one)
        seen |= {design.kind, same}
    return kept[: 1 + _RUNNERS_UP]


def _found(question: Question, one: Reached) -> Found:
    return Found(one.design, evaluate(one.design.scenario(question)))


def _pareto(
    problem: Problem, reached: Sequence[Tally], found: Sequence[Found], pool: Executor
) -> tuple[Found, ...]:
    """Return the front over cost, nodes, duration and quality: of what was found and the best branches."""
    question = problem.question
    asked = [
        (replace(problem, question=replace(question, duration=question.duration * share)), tally.branch)
        for tally in reached[:_FRONT_BRANCHES]
        for share in _DURATION_FRACTIONS
    ]
    fronts = list(pool.map(lambda one: _front(*one), asked))
    # What was found more finely goes first: of equal rows the first is kept.
    values = [_objectives(one.outcome) for one in found] + [row for some, _ in fronts for row in some]
    designs = [(question, one.design) for one in found] + [row for _, some in fronts for row in some]
    if not designs:
        return ()
    chosen = [designs[i] for i in front(np.asarray(values))]
    return tuple(Found(design, evaluate(design.scenario(one))) for one, design in _spread(chosen))


def _objectives(outcome: Outcome) -> np.ndarray:
    cost, quality = outcome.capital_cost_usd or 0.0, outcome.quality_adjusted_flop or 0.0
    return np.asarray([cost, outcome.nodes, outcome.duration_s or 0.0, -quality])


def _front(problem: Problem, branch: Branch) -> tuple[list[np.ndarray], list[tuple[Question, Design]]]:
    values: list[np.ndarray] = []
    designs: list[tuple[Question, Design]] = []
    for cells in blocks(problem.question, problem.constraints, problem.grid, branch):
        kept = np.argwhere(cells.refused == 0)
        rows = tuple(kept.T)
        some = np.stack(
            [cells.cost[rows], cells.nodes[rows], cells.duration[rows], -cells.quality[rows]], axis=1
        )
        for i in front(some):
            values.append(some[i])
            designs.append((problem.question, cells.design(branch, (int(kept[i][0]), int(kept[i][1])))))
    return values, designs


def _published(question: Question) -> Outcome | None:
    """Return the cheapest preset that reaches the target, under the same rule, set, links and duration."""
    name = METRICS[question.metric]
    limit = node_limit(question.rule, reading=question.reading, lowered_to=question.threshold)
    most_equivalents = limit.compute / limit.per_h100_equivalent
    found = []
    for scenario in (preset(one) for one in presets()):
        network = scenario.network
        links = (network.upload, network.download or network.upload, network.latency)
        asked = (question.upload, question.download, question.latency)
        if (
            scenario.assumptions == question.assumptions
            and scenario.duration == question.duration
            and links == asked
        ):
            outcome = evaluate(scenario)
            below = (outcome.node_h100_equivalents or np.inf) <= most_equivalents and (
                outcome.node_memory_bytes or np.inf
            ) <= (limit.memory or np.inf)
            if below and (getattr(outcome, name) or 0.0) >= question.target and outcome.capital_cost_usd:
                found.append(outcome)
    return min(found, key=lambda one: one.capital_cost_usd or np.inf, default=None)


def _spread(designs: list[Any], most: int = 60) -> list[Any]:
    """Return at most so many of the designs, evenly spread over their order."""
    if len(designs) <= most:
        return designs
    return [designs[i] for i in np.unique(np.linspace(0, len(designs) - 1, most).astype(int))]


def _why_not(question: Question, removed: np.ndarray, nearest: float | None) -> str:
    """Return which constraint stands in the way, and how far designs come within all of them."""
    if not removed.any():
        return f"a single chip of those asked for exceeds {question.limit_named}"
    furthest = "no design keeps to all else"
    if nearest is not None:
        furthest = f"within all else, the furthest reaches {format_quantity(nearest, 'FLOP')}"
    if removed[3:].any():
        worst = REASONS[3 + int(np.argmax(removed[3:]))]
        return f"designs reach the target, and all are removed; most of them by: {worst}; {furthest}"
    return f"no design of the grid reaches {question.target:g} {METRICS[question.metric]}; {furthest}"
