"""The grid evaluated: one chip, precision and protocol at a time, all else as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from farflung.analysis.search.designs import (
    METRICS,
    Constraints,
    Design,
    Grid,
    Part,
    Question,
    Variant,
    counted,
)
from farflung.outcome.batch import answers
from farflung.scenario import Nodes, Scenario, with_changes

CELLS = 24_576
"""Designs evaluated together: few enough that their arrays stay in cache."""


MFU: float = Nodes.model_fields["mfu"].default
"""Model-FLOP utilisation of every chip: what a scenario takes that says nothing."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A chip, a precision and a protocol: the part of the grid that one array evaluation covers."""

    part: Part
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
    refused: np.ndarray
    """Index into :data:`REASONS`; 0 where the design keeps to everything."""
    near: np.ndarray
    """Where it would with one step of the grid more nodes, or as much more of a budget: a finer search may
    find what keeps to everything just below."""

    def design(self, branch: Branch, index: tuple[int, int]) -> Design:
        """Return one of the designs."""
        steps = self.inner_steps
        return Design(
            chip=branch.part.chip,
            chips_per_node=int(self.chips[index]),
            precision=branch.part.precision,
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
"""Why a design is removed, in the order in which they are asked."""


@lru_cache(maxsize=4096)
def base_scenario(question: Question, branch: Branch) -> Scenario:
    """Return the scenario that all designs of a branch share."""
    part, variant = branch.part, branch.variant
    design = Design(part.chip, 1, part.precision, 1, 1e9, 150.0, None, variant)
    scenario = design.scenario(question)
    # Described directly, so that the number of chips can be an array: all of a node's figures scale with it.
    power = {"nodes.power": f"{part.power!r} W"} if part.power else {}
    return with_changes(
        scenario,
        {
            "nodes.peak": f"{part.peak!r} FLOP/s",
            "nodes.memory": f"{part.memory!r} byte",
            "nodes.price": f"{part.price!r} USD",
            **power,
        },
    )


def largest_model(part: Part, variant: Variant, chips: np.ndarray) -> np.ndarray:
    """Return the largest model that the memory of a replica of so many chips a node holds [parameters]."""
    return part.memory * chips * variant.pipeline_stages / part.bytes_per_parameter


def sizes(part: Part, variant: Variant, chips: np.ndarray, grid: Grid) -> np.ndarray:
    """Return the model sizes of the grid for nodes of so many chips, fractions along the last axis."""
    if grid.models:
        return np.broadcast_to(np.asarray(grid.models), (len(chips), len(grid.models)))
    models = largest_model(part, variant, chips)[:, None] * np.asarray(grid.model_fractions)
    if grid.model_digits is not None:
        unit = 10.0 ** (np.floor(np.log10(models)) - (grid.model_digits - 1))
        models = np.floor(models / unit * (1.0 + 1e-12)) * unit
    return np.asarray(models)


def inner_steps(grid: Grid, variant: Variant) -> np.ndarray:
    """Return the numbers of inner steps of the grid; 0 stands for the fewest that hide the exchange."""
    if variant.mode == "data_parallel":
        return np.zeros(1)  # its number of inner steps is 1 by definition
    return np.asarray([0.0 if one is None else one for one in grid.inner_steps])


def fewest_nodes(question: Question, part: Part, chips: np.ndarray) -> np.ndarray:
    """Return the nodes below which no design reaches the target, since not even its raw compute does."""
    return np.maximum(1.0, question.target / (part.peak * MFU * question.duration * chips))


def blocks(question: Question, constraints: Constraints, grid: Grid, branch: Branch) -> Iterator[Cells]:
    """Yield all designs of a branch, a block at a time."""
    chips = np.asarray(list(counted(branch.part, grid)), dtype=np.float64)
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
        models = sizes(branch.part, branch.variant, some, grid)
        fewest = fewest_nodes(question, branch.part, some)
        nodes = np.unique(np.ceil(fewest[:, None] * np.asarray(grid.node_factors)), axis=1)
        yield from evaluated(
            question,
            constraints,
            branch,
            chips=some[:, None, None, None],
            parameters=models[:, :, None, None],
            compression=np.asarray(grid.compressions)[:, None],
            inner_steps=steps,
            nodes=nodes[:, None, None, :],
            easing=grid.step,
        )


def evaluated(
    question: Question,
    constraints: Constraints,
    branch: Branch,
    *,
    chips: np.ndarray,
    parameters: np.ndarray,
    compression: np.ndarray,
    inner_steps: np.ndarray,
    nodes: np.ndarray,
    easing: float = 1.0,
) -> Iterator[Cells]:
    """Yield designs of a branch, a block for every number of inner steps.

    The other arrays broadcast against one another. ``easing`` says what counts as near the limits on nodes
    and budget.
    """
    part, base = branch.part, base_scenario(question, branch)
    metric = METRICS[question.metric]
    outputs = {metric, "quality_adjusted_flop", "capital_cost_usd", "duration_s"}
    if constraints.most_overtraining is not None:
        outputs.add("overtraining_ratio")
    if constraints.least_chinchilla is not None:
        outputs.add("chinchilla_efficiency")
    fields = {
        "nodes.peak": chips * part.peak,
        "nodes.memory": chips * part.memory,
        "nodes.price": chips * part.price,
        "nodes.count": nodes,
        "model.parameters": parameters,
        "protocol.compression": compression,
    }
    for steps in np.unique(inner_steps):
        found = answers(base, {**fields, **({"protocol.inner_steps": steps} if steps else {})}, outputs)
        shape = found["feasible"].shape
        counts = np.broadcast_to(nodes, shape)
        refused = _refused(found, question, constraints, metric, counts)
        near = refused == 0
        if easing > 1.0 and (constraints.most_nodes or constraints.budget):
            near = _refused(found, question, constraints.eased(easing), metric, counts) == 0
        yield Cells(
            chips=_rows(np.broadcast_to(chips, shape)),
            nodes=_rows(counts),
            parameters=_rows(np.broadcast_to(parameters, shape)),
            compression=_rows(np.broadcast_to(compression, shape)),
            inner_steps=float(steps),
            metric=_rows(found[metric]),
            quality=_rows(found["quality_adjusted_flop"]),
            cost=_rows(found["capital_cost_usd"]),
            duration=_rows(found["duration_s"]),
            refused=_rows(refused),
            near=_rows(near),
        )


def _rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(values.shape[0], -1)


def _refused(
    found: dict[str, np.ndarray],
    question: Question,
    constraints: Constraints,
    metric: str,
    nodes: np.ndarray,
) -> np.ndarray:
    """Return for every design the first reason that removes it."""
    reasons = np.zeros(found["feasible"].shape, dtype=np.uint8)

    def remove(where: np.ndarray, reason: int) -> None:
        reasons[where & (reasons == 0)] = reason

    remove(~found["feasible"], 1)
    remove(~(found[metric] >= question.target), 2)
    if constraints.most_nodes is not None:
        remove(nodes > constraints.most_nodes, 3)
    if constraints.budget is not None:
        remove(found["capital_cost_usd"] > constraints.budget * (1 + 1e-12), 4)
    if constraints.most_overtraining is not None:
        remove(found["overtraining_ratio"] > constraints.most_overtraining, 5)
    if constraints.least_chinchilla is not None:
        remove(found["chinchilla_efficiency"] < constraints.least_chinchilla, 6)
    return reasons
