"""The grid evaluated: one chip, precision and protocol at a time, all else as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from farflung.analysis.search.candidates import Candidate
from farflung.analysis.search.designs import Design
from farflung.analysis.search.grid import INNER_STEPS, Grid, Problem, Variant
from farflung.analysis.search.question import Constraints, Question
from farflung.outcome.batch import evaluate_batch
from farflung.scenario import Nodes, Scenario

CELLS = 24_576
"""Designs evaluated together: few enough that their arrays stay in cache."""


MFU: float = Nodes.model_fields["mfu"].default
"""Model-FLOP utilisation of every chip: what a scenario takes that says nothing."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A chip, a precision and a protocol: the part of the grid that one array evaluation covers."""

    candidate: Candidate
    variant: Variant


@dataclass(frozen=True, slots=True)
class Cells:
    """Designs of a branch and what they reach: one row per number of chips, all else along the columns."""

    chips: np.ndarray
    nodes: np.ndarray
    parameters: np.ndarray
    compression: np.ndarray
    inner_steps: float
    """0 where the fewest that hide the exchange are taken."""
    metric: np.ndarray
    quality: np.ndarray
    cost: np.ndarray
    duration: np.ndarray
    rejected: np.ndarray
    """Index into :data:`REASONS`; 0 where the design keeps to everything."""
    near: np.ndarray
    """Where it would with one step of the grid more nodes, or as much more of a budget: a finer search may
    find what keeps to everything just below."""

    def design(self, branch: Branch, index: tuple[int, int]) -> Design:
        """Return one of the designs."""
        steps = self.inner_steps
        return Design(
            chip=branch.candidate.chip,
            chips_per_node=int(self.chips[index]),
            precision=branch.candidate.precision,
            nodes=int(self.nodes[index]),
            parameters=float(self.parameters[index]),
            compression=float(self.compression[index]),
            inner_steps=steps or None,
            variant=branch.variant,
        )


REASONS = (
    "none",
    "memory: the model does not fit",
    "target not reached",
    "too many nodes",
    "over budget",
    "too much over-training",
    "χ too low",
)
"""Why a design is rejected, in the order in which the limits are tried."""


@lru_cache(maxsize=4096)
def base_scenario(question: Question, branch: Branch) -> Scenario:
    """Return the scenario that all designs of a branch share."""
    candidate, variant = branch.candidate, branch.variant
    design = Design(candidate.chip, 1, candidate.precision, 1, 1e9, 150.0, None, variant)
    scenario = design.scenario(question)
    # Described directly, so that the number of chips can be an array: all of a node's figures scale with it.
    power = {"nodes.power": f"{candidate.power!r} W"} if candidate.power else {}
    return scenario.with_(
        {
            "nodes.peak": f"{candidate.peak!r} FLOP/s",
            "nodes.memory": f"{candidate.memory!r} byte",
            "nodes.price": f"{candidate.price!r} USD",
            **power,
        },
    )


def largest_model(branch: Branch, chips: np.ndarray) -> np.ndarray:
    """Return the largest model that the memory of a replica of so many chips a node holds [parameters]."""
    held = branch.candidate.memory * chips * branch.variant.stages
    return held / branch.candidate.bytes_per_parameter


def model_sizes(branch: Branch, chips: np.ndarray, grid: Grid) -> np.ndarray:
    """Return the model sizes of the grid for nodes of so many chips, fractions along the last axis."""
    if grid.models:
        return np.broadcast_to(np.asarray(grid.models), (len(chips), len(grid.models)))
    models = largest_model(branch, chips)[:, None] * np.asarray(grid.model_fractions)
    if grid.model_digits is not None:
        unit = 10.0 ** (np.floor(np.log10(models)) - (grid.model_digits - 1))
        models = np.floor(models / unit * (1.0 + 1e-12)) * unit
    return np.asarray(models)


def inner_steps(grid: Grid, variant: Variant) -> np.ndarray:
    """Return the numbers of inner steps of the grid; 0 stands for the fewest that hide the exchange."""
    if not variant.takes_inner_steps:
        return np.zeros(1)
    return np.asarray([0.0 if steps is None else steps for steps in grid.inner_steps])


def fewest_nodes(question: Question, candidate: Candidate, chips: np.ndarray) -> np.ndarray:
    """Return the nodes below which no design reaches the target, since not even its raw compute does."""
    return np.maximum(1.0, question.target / (candidate.peak * MFU * question.duration * chips))


def blocks(problem: Problem, branch: Branch) -> Iterator[Cells]:
    """Yield all designs of a branch, a block at a time."""
    grid = problem.grid
    chips = np.asarray(list(branch.candidate.chip_counts(grid)), dtype=np.float64)
    steps = inner_steps(grid, branch.variant)
    per_chip_count = (
        len(grid.models or grid.model_fractions)
        * len(grid.compressions)
        * len(steps)
        * len(grid.node_factors)
    )
    size = max(1, CELLS * len(steps) // per_chip_count)
    for first in range(0, len(chips), size):
        some = chips[first : first + size]
        models = model_sizes(branch, some, grid)
        fewest = fewest_nodes(problem.question, branch.candidate, some)
        nodes = np.unique(np.ceil(fewest[:, None] * np.asarray(grid.node_factors)), axis=1)
        yield from evaluate_designs(
            problem,
            branch,
            chips=some[:, None, None, None],
            parameters=models[:, :, None, None],
            compression=np.asarray(grid.compressions)[:, None],
            inner_steps=steps,
            nodes=nodes[:, None, None, :],
            slack=grid.step,
        )


def evaluate_designs(
    problem: Problem,
    branch: Branch,
    *,
    chips: np.ndarray,
    parameters: np.ndarray,
    compression: np.ndarray,
    inner_steps: np.ndarray,
    nodes: np.ndarray,
    slack: float = 1.0,
) -> Iterator[Cells]:
    """Yield designs of a branch, a block for every number of inner steps.

    The other arrays broadcast against one another. ``slack`` says what counts as near the limits on nodes
    and budget.
    """
    question, constraints, candidate = problem.question, problem.constraints, branch.candidate
    base, metric = base_scenario(question, branch), question.output
    outputs = {metric, "quality_adjusted_flop", "capital_cost_usd", "duration_s"}
    if constraints.max_overtraining is not None:
        outputs.add("overtraining_ratio")
    if constraints.min_chinchilla is not None:
        outputs.add("chinchilla_efficiency")
    fields = {
        "nodes.peak": chips * candidate.peak,
        "nodes.memory": chips * candidate.memory,
        "nodes.price": chips * candidate.price,
        "nodes.count": nodes,
        "model.parameters": parameters,
        "protocol.compression": compression,
    }
    for steps in np.unique(inner_steps):
        values = evaluate_batch(base, {**fields, **({INNER_STEPS: steps} if steps else {})}, outputs)
        shape = values["feasible"].shape
        counts = np.broadcast_to(nodes, shape)
        rejected = _rejected(values, question, constraints, counts)
        near = rejected == 0
        if slack > 1.0 and (constraints.max_nodes or constraints.budget):
            near = _rejected(values, question, constraints.relaxed(slack), counts) == 0
        yield Cells(
            chips=_rows(np.broadcast_to(chips, shape)),
            nodes=_rows(counts),
            parameters=_rows(np.broadcast_to(parameters, shape)),
            compression=_rows(np.broadcast_to(compression, shape)),
            inner_steps=float(steps),
            metric=_rows(values[metric]),
            quality=_rows(values["quality_adjusted_flop"]),
            cost=_rows(values["capital_cost_usd"]),
            duration=_rows(values["duration_s"]),
            rejected=_rows(rejected),
            near=_rows(near),
        )


def _rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(values.shape[0], -1)


def _rejected(
    values: dict[str, np.ndarray], question: Question, constraints: Constraints, nodes: np.ndarray
) -> np.ndarray:
    """Return for every design the first reason that removes it."""
    reasons = np.zeros(values["feasible"].shape, dtype=np.uint8)

    def remove(where: np.ndarray, reason: int) -> None:
        reasons[where & (reasons == 0)] = reason

    remove(~values["feasible"], 1)
    remove(~(values[question.output] >= question.target), 2)
    if constraints.max_nodes is not None:
        remove(nodes > constraints.max_nodes, 3)
    if constraints.budget is not None:
        remove(values["capital_cost_usd"] > constraints.budget * (1 + 1e-12), 4)
    if constraints.max_overtraining is not None:
        remove(values["overtraining_ratio"] > constraints.max_overtraining, 5)
    if constraints.min_chinchilla is not None:
        remove(values["chinchilla_efficiency"] < constraints.min_chinchilla, 6)
    return reasons
