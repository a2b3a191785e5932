"""The cheapest design: every branch of the grid, then the best of them over every whole number."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from farflung.analysis.search.designs import METRICS, Constraints, Design, Grid, Question, parts
from farflung.analysis.search.pareto import front
from farflung.analysis.search.space import REASONS, Branch, Cells, blocks, evaluated
from farflung.base.errors import InputError
from farflung.base.units import pretty
from farflung.outcome import Outcome, evaluate
from farflung.scenario import preset, presets

_RUNNERS_UP = 10
_STEP = 1.36
"""Just above the ratio of the grid's numbers of nodes."""
_FINE = 64
_MARGIN, _FINE_MARGIN = 1.6, 1.02
"""What lies within these factors of the best is searched again, first finely and then over every whole
number. Either gains less than its factor, so nothing left out could have come to be the best."""
_FRONT_BRANCHES = 24
_DURATION_FRACTIONS = (1.0, 0.5, 0.25)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reached:
    """A design that reaches the target, with its cost and how much of the metric it gives."""

    cost: float
    metric: float
    design: Design

    def before(self, other: Reached) -> bool:
        """Return whether this one is to be preferred."""
        return (self.cost, -self.metric) < (other.cost, -other.metric)


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
        Designs that no other beats in cost, nodes, duration and quality-adjusted compute at once.
    examined
        Designs evaluated.
    removed_by
        Designs removed, by reason; chips left out before any design, by reason, as lists of names.
    published
        The cheapest published scenario that answers the same question, where there is one.
    nearest
        Where nothing was found: the most of the metric that any design reaches within all else [FLOP].
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
        }


@dataclass(slots=True)
class _Tally:
    """What one branch came to: the cheapest design for every number of chips, and what was removed."""

    branch: Branch
    examined: int = 0
    removed: np.ndarray = field(default_factory=lambda: np.zeros(len(REASONS), dtype=np.int64))
    best: dict[int, Reached] = field(default_factory=dict)
    furthest: float = 0.0

    def add(self, cells: Cells) -> None:
        """Count a block, and keep its cheapest designs."""
        self.examined += cells.cost.size
        self.removed += np.bincount(cells.refused.ravel(), minlength=len(REASONS))
        short = cells.refused == REASONS.index("target not reached")
        if short.any():
            self.furthest = max(self.furthest, float(np.nanmax(cells.metric[short])))
        cost = np.where(cells.refused == 0, cells.cost, np.inf)
        lowest = cost.min(axis=1)
        # Of designs that cost the same, the one that gives most.
        columns = np.argmax(np.where(cost <= lowest[:, None] * (1 + 1e-12), cells.metric, -np.inf), axis=1)
        for row in np.nonzero(np.isfinite(lowest))[0]:
            index = (int(row), int(columns[row]))
            found = Reached(float(lowest[row]), float(cells.metric[index]), cells.design(self.branch, index))
            chips = found.design.chips_per_node
            if chips not in self.best or found.before(self.best[chips]):
                self.best[chips] = found

    @property
    def cheapest(self) -> Reached | None:
        """Return the cheapest design of the branch."""
        return min(self.best.values(), key=lambda one: (one.cost, -one.metric), default=None)


def search(
    question: Question,
    constraints: Constraints | None = None,
    grid: Grid | None = None,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Return the cheapest design that reaches a target below a rule.

    Every design of the grid is evaluated; nothing is assumed to grow or fall with the number of nodes. The
    branches near the best are then evaluated for every whole number of nodes.

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
        If the rule is unknown or limits no node, or no chip is left to search.
    """
    limits, ranged = constraints or Constraints(), grid or Grid()
    branches, left_out = _branches(question, limits, ranged)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        explored = pool.map(lambda branch: _explored(question, limits, ranged, branch), branches)
        tallies = list(_counted(explored, len(branches), progress))
        for margin, refine in ((_MARGIN, _narrowed), (_FINE_MARGIN, _polished)):
            best = min((one.cost for tally in tallies for one in tally.best.values()), default=np.inf)
            list(pool.map(partial(refine, question, limits, ranged, best * margin), tallies))
        # The runners-up lie further off than the margins; each deserves its own neighbourhood all the same.
        for tally in _ranked(tallies)[: 4 * _RUNNERS_UP]:
            if one := tally.cheapest:
                _narrowed(question, limits, ranged, one.cost * _FINE_MARGIN, tally)
        reached = _ranked(tallies)
        pareto = _pareto(question, limits, ranged, reached, pool)
    removed = np.sum([tally.removed for tally in tallies], axis=0)
    furthest = max((tally.furthest for tally in tallies), default=0.0)
    kinds = _of_different_kind(reached)
    return SearchResult(
        question=question,
        constraints=limits,
        grid=ranged.name,
        best=_found(question, kinds[0]) if kinds else None,
        runners_up=tuple(_found(question, one) for one in kinds[1 : 1 + _RUNNERS_UP]),
        pareto=pareto,
        examined=sum(tally.examined for tally in tallies),
        removed_by={
            reason: int(n) for reason, n in zip(REASONS, removed, strict=True) if n and reason != "none"
        },
        chips_left_out=left_out,
        published=_published(question),
        nearest=None if kinds else furthest or None,
        why_not=None if kinds else _why_not(question, removed, furthest),
    )


def _ranked(tallies: list[_Tally]) -> list[_Tally]:
    """Return the branches that reach the target, cheapest first."""
    reached = [(one.cost, -one.metric, i) for i, tally in enumerate(tallies) if (one := tally.cheapest)]
    return [tallies[i] for _, _, i in sorted(reached)]


def _branches(
    question: Question, constraints: Constraints, grid: Grid
) -> tuple[list[Branch], dict[str, list[str]]]:
    usable, left_out = parts(question, constraints, grid)
    variants = [v for v in grid.variants if not constraints.modes or v.mode in constraints.modes]
    if not usable or not variants:
        reasons = "; ".join(f"{reason}: {len(names)} chips" for reason, names in left_out.items())
        raise InputError("search", f"no chip and protocol is left to search ({reasons or 'no protocol'})")
    return [Branch(part, variant) for part in usable for variant in variants], left_out


def _counted(tallies: Iterable[_Tally], total: int, progress: Progress | None) -> Iterable[_Tally]:
    for done, tally in enumerate(tallies, start=1):
        if progress is not None:
            progress(done, total)
        yield tally


def _explored(question: Question, constraints: Constraints, grid: Grid, branch: Branch) -> _Tally:
    tally = _Tally(branch)
    for cells in blocks(question, constraints, grid, branch):
        tally.add(cells)
    return tally


def _narrowed(question: Question, constraints: Constraints, grid: Grid, most: float, tally: _Tally) -> None:
    """Search a branch again, more finely, around the best of every number of chips that is near the best.

    The neighbourhood of a number of chips depends on nothing else, so that a search in which a rule allows
    fewer chips looks at the same designs and can never come out cheaper.
    """
    starts = [one.design for one in tally.best.values() if one.cost <= most]
    nodes = [np.ceil(one.nodes * np.linspace(1 / _STEP, 1.0, _FINE)) for one in starts]
    around = np.geomspace(0.8, 1.25, 7)
    _again(question, constraints, grid, tally, starts=starts, nodes=nodes, factors=around)


def _polished(question: Question, constraints: Constraints, grid: Grid, most: float, tally: _Tally) -> None:
    """Search a branch once more, over every whole number of nodes just below the best."""
    starts = [one.design for one in tally.best.values() if one.cost <= most]
    for start in starts:
        fewest = int(start.nodes * (1 - 1.5 * (1 - 1 / _STEP) / _FINE))
        counts = np.arange(max(1, fewest), start.nodes + 1, dtype=np.float64)
        around = np.geomspace(0.95, 1.05, 11)
        _again(question, constraints, grid, tally, starts=[start], nodes=[counts], factors=around)


def _again(
    question: Question,
    constraints: Constraints,
    grid: Grid,
    tally: _Tally,
    *,
    starts: list[Design],
    nodes: list[np.ndarray],
    factors: np.ndarray,
) -> None:
    """Evaluate the neighbourhoods of designs that share a branch."""
    if not starts:
        return
    part, variant = tally.branch.part, tally.branch.variant
    chips = np.asarray([float(one.chips_per_node) for one in starts])
    models = np.asarray([one.parameters for one in starts])[:, None]
    if grid.model_digits is None and not grid.models:
        largest = part.memory * chips * variant.pipeline_stages / part.bytes_per_parameter
        models = np.minimum(models * factors, largest[:, None])
    steps = {0.0 if one is None else one for one in grid.inner_steps} | {
        one.inner_steps or 0.0 for one in starts
    }
    for cells in evaluated(
        question,
        constraints,
        tally.branch,
        chips=chips[:, None, None, None],
        parameters=models[:, :, None, None],
        compression=np.asarray(grid.compressions)[:, None],
        inner_steps=np.zeros(1) if variant.mode == "data_parallel" else np.asarray(sorted(steps)),
        nodes=np.stack(nodes)[:, None, None, :],
    ):
        tally.add(cells)


def _of_different_kind(reached: list[_Tally]) -> list[Reached]:
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
    return kept


def _found(question: Question, one: Reached) -> Found:
    return Found(one.design, evaluate(one.design.scenario(question)))


def _pareto(
    question: Question,
    constraints: Constraints,
    grid: Grid,
    reached: list[_Tally],
    pool: ThreadPoolExecutor,
) -> tuple[Found, ...]:
    """Return the front over cost, nodes, duration and quality, from the cheapest branches."""
    asked = [
        (_lasting(question, question.duration * share), tally.branch)
        for tally in reached[:_FRONT_BRANCHES]
        for share in _DURATION_FRACTIONS
    ]
    fronts = list(pool.map(lambda one: _front(one[0], constraints, grid, one[1]), asked))
    values = [row for some, _ in fronts for row in some]
    designs = [(question, design) for _, some in fronts for question, design in some]
    if not designs:
        return ()
    chosen = [designs[i] for i in front(np.asarray(values))]
    return tuple(Found(design, evaluate(design.scenario(one))) for one, design in _spread(chosen))


def _front(
    question: Question, constraints: Constraints, grid: Grid, branch: Branch
) -> tuple[list[np.ndarray], list[tuple[Question, Design]]]:
    values: list[np.ndarray] = []
    designs: list[tuple[Question, Design]] = []
    for cells in blocks(question, constraints, grid, branch):
        kept = np.argwhere(cells.refused == 0)
        rows = tuple(kept.T)
        some = np.stack(
            [cells.cost[rows], cells.nodes[rows], cells.duration[rows], -cells.quality[rows]], axis=1
        )
        for i in front(some):
            values.append(some[i])
            designs.append((question, cells.design(branch, (int(kept[i][0]), int(kept[i][1])))))
    return values, designs


def _lasting(question: Question, duration: float) -> Question:
    return replace(question, duration=duration)


def _published(question: Question) -> Outcome | None:
    """Return the cheapest preset under the question's set, links and duration that reaches its target."""
    name = METRICS[question.metric]
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
            if (getattr(outcome, name) or 0.0) >= question.target and outcome.capital_cost_usd:
                found.append(outcome)
    return min(found, key=lambda one: one.capital_cost_usd or np.inf, default=None)


def _spread(designs: list[Any], most: int = 60) -> list[Any]:
    """Return at most so many of the designs, evenly spread over their order."""
    if len(designs) <= most:
        return designs
    return [designs[i] for i in np.unique(np.linspace(0, len(designs) - 1, most).astype(int))]


def _why_not(question: Question, removed: np.ndarray, furthest: float) -> str:
    names = METRICS[question.metric]
    if removed[3:].any():
        worst = REASONS[3 + int(np.argmax(removed[3:]))]
        return f"designs reach the target, and all are removed; most of them by: {worst}"
    return (
        f"no design of the grid reaches {question.target:g} {names}; the furthest reaches "
        f"{pretty(furthest, 'FLOP')}"
    )
