"""Every way to divide a model among a node's chips, computed at once."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import ceil

import numpy as np

from farflung.analysis.node.coefficients import Coefficients, fitted_coefficients
from farflung.analysis.node.inputs import Architecture, Hardware, Plan, Software, StepInputs
from farflung.analysis.node.memory import OuterState, step_memory
from farflung.analysis.node.step import model_flop_of, step_time, time_by_cause
from farflung.base.errors import InputError

MICRO_BATCHES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Sequences of a micro-batch that plans try."""
INTERLEAVINGS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
"""Blocks of layers on a pipeline stage that plans try."""
_STAGES_OF_ZERO = (1.0, 2.0, 3.0)
_RECOMPUTED = (0.0, 2.0)
_NOTHING = 1e-9
_MOST_STAGES, _MOST_TENSOR, _MOST_CONTEXT = 64, 64, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node, its work and its software.

    Attributes
    ----------
    hardware
        Its chips and what joins them.
    chips
        How many [1].
    sequences
        Sequences of an inner step [1].
    software
        What the stack does.
    outer
        What rare synchronisation keeps on the device.
    memory_share
        Share of the memory that a plan may fill [1].
    """

    hardware: Hardware
    chips: int
    sequences: float
    software: Software
    outer: OuterState | None = None
    memory_share: float = 0.95

    def __post_init__(self) -> None:
        if self.chips < 1:
            raise InputError("nodes.chips_per_node", "a node has at least one chip")
        if self.hardware.domain_size < 1.0:
            raise InputError("nodes.fast_domain", "a fast domain has at least one chip")
        if self.sequences <= 0.0:
            raise InputError("nodes.local_batch", "a step has more than no sequences")

    def inputs(self, shape: Architecture, plan: Plan) -> StepInputs:
        """Return what a step of a model under a plan is computed from."""
        return StepInputs(hardware=self.hardware, architecture=shape, plan=plan, software=self.software)


@dataclass(frozen=True, slots=True)
class EvaluatedPlan:
    """A plan with its time and memory.

    Attributes
    ----------
    plan
        The plan, in plain numbers.
    seconds
        Time of a step [s].
    utilisation
        Model FLOP over the peak of all chips, idle ones too, in that time [1].
    memory
        Bytes on the fullest chip [byte].
    node, shape, coefficients
        What it was computed for.
    """

    plan: Plan
    seconds: float
    utilisation: float
    memory: float
    node: Node
    shape: Architecture
    coefficients: Coefficients

    def time_by_cause(self) -> dict[str, float]:
        """Return where the time goes, causes that take none left out [s]."""
        inputs = self.node.inputs(self.shape, self.plan)
        times = time_by_cause(inputs, step_time(inputs, self.coefficients))
        return {cause: float(value) for cause, value in times.items() if value > _NOTHING}

    def memory_by_cause(self) -> dict[str, float]:
        """Return where the memory goes [byte]."""
        sizes = step_memory(self.node.inputs(self.shape, self.plan), self.node.outer).by_cause()
        return {cause: float(value) for cause, value in sizes.items() if value > _NOTHING}


@dataclass(frozen=True, slots=True)
class PlanSearch:
    """What a search of all plans finds.

    Attributes
    ----------
    plans
        The best plans that fit, best first; none where no plan fits.
    evaluated, fitting
        Plans computed, and those among them that fit.
    least_memory
        Least bytes on the fullest chip of any plan [byte].
    """

    plans: tuple[EvaluatedPlan, ...]
    evaluated: int
    fitting: int
    least_memory: float

    @property
    def best(self) -> EvaluatedPlan | None:
        """Return the plan with the shortest step, if any fits."""
        return self.plans[0] if self.plans else None


def _powers(most: float) -> list[int]:
    return [2**k for k in range(int(most).bit_length())]


@lru_cache(maxsize=256)
def _layouts(chips: int, layers: int, heads: int, experts: int) -> np.ndarray:
    """Return tensor, pipeline, context, expert and data parallelism of every layout, a row each."""
    found = []
    for tensor in _powers(min(chips, heads, _MOST_TENSOR)):
        for pipeline in range(1, min(chips // tensor, layers, _MOST_STAGES) + 1):
            for context in _powers(min(chips // (tensor * pipeline), _MOST_CONTEXT)):
                data = chips // (tensor * pipeline * context)
                shared = tensor * context * data
                degrees = [e for e in _powers(experts) if shared % e == 0] or [1]
                found += [(tensor, pipeline, context, expert, data) for expert in degrees]
    return np.array(found, dtype=float).T


def plans_of(node: Node, shape: Architecture) -> tuple[Plan, np.ndarray]:
    """Return all plans of a node, as arrays that broadcast, and which of their combinations there are."""
    layouts = _layouts(node.chips, ceil(shape.layers), max(int(shape.heads), 1), int(shape.experts))
    tensor, pipeline, context, expert, data = (values.reshape(-1, 1, 1, 1, 1) for values in layouts)
    micro = np.array(MICRO_BATCHES).reshape(1, -1, 1, 1, 1)
    blocks = np.array(INTERLEAVINGS).reshape(1, 1, 1, 1, -1)
    recompute = np.array(_RECOMPUTED).reshape(1, 1, -1, 1, 1)
    zero = np.array(_STAGES_OF_ZERO).reshape(1, 1, 1, -1, 1)
    share = node.sequences / data
    exists = (
        ((micro == 1.0) | (micro <= share))
        & ((blocks == 1.0) | (pipeline > 1.0))
        & (blocks * pipeline <= np.ceil(shape.layers))
        & ((zero == 1.0) | (data * context > 1.0))
    )
    exists = np.broadcast_to(exists, np.broadcast_shapes(exists.shape, recompute.shape))
    plan = Plan(
        tensor=tensor, pipeline=pipeline, context=context, expert=expert, data=data, micro_batch=micro,
        micro_batches=np.ceil(share / micro), interleaving=blocks,
        recompute=recompute, zero_stage=zero, sequence_parallel=(tensor > 1.0) * 1.0,
    )  # fmt: skip
    return plan, exists


def best_plans(
    node: Node, shape: Architecture, *, count: int = 5, coefficients: Coefficients | None = None
) -> PlanSearch:
    """Return the best plans of a node for a model, out of all.

    Parameters
    ----------
    node
        The node.
    shape
        The model.
    count
        How many plans to return.
    coefficients
        By default those of the catalog.
    """
    fitted = coefficients or fitted_coefficients()
    plan, exists = plans_of(node, shape)
    inputs = node.inputs(shape, plan)
    needed = np.broadcast_to(step_memory(inputs, node.outer).total, exists.shape)
    seconds = np.broadcast_to(step_time(inputs, fitted).total, exists.shape)
    fits = exists & (needed <= node.memory_share * node.hardware.memory)
    ranked = np.where(fits, seconds, np.inf).ravel()
    count = min(count, int(fits.sum()))
    first = np.argpartition(ranked, count - 1)[:count] if count else np.empty(0, dtype=int)
    flop = float(model_flop_of(shape, node.sequences)) / (node.chips * float(node.hardware.peak_rate))
    best = []
    for index in first[np.argsort(ranked[first])]:
        place = np.unravel_index(index, exists.shape)
        chosen = Plan(
            **{
                f.name: float(np.broadcast_to(getattr(plan, f.name), exists.shape)[place])
                for f in fields(plan)
            }
        )
        time = float(seconds[place])
        best.append(EvaluatedPlan(chosen, time, flop / time, float(needed[place]), node, shape, fitted))
    least = float(np.min(needed, where=exists, initial=np.inf))
    return PlanSearch(tuple(best), int(exists.sum()), int(fits.sum()), least)


def _at(values: np.ndarray, place: tuple[np.intp, ...], exists: np.ndarray) -> float:
    return float(np.broadcast_to(values, exists.shape)[place])


def with_chip_memory(node: Node, memory: float) -> Node:
    """Return the same node with chips of another memory [byte]."""
    return replace(node, hardware=replace(node.hardware, memory=memory))
