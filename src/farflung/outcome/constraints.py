"""Constraints: what makes a run infeasible as described, for one run or for an array of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from farflung.base.arrays import Array
from farflung.base.format import format_quantity
from farflung.outcome.flags import Flag
from farflung.outcome.run import Run
from farflung.physics.memory import pipeline_stages
from farflung.protocols import SLACK, Protocol

Values = Mapping[str, Any]
NEEDED = frozenset(
    {"required_memory", "node_memory", "pipeline_stages", "nodes", "expert_parallelism", "duration_limit"}
)
"""Quantities that constraints ask for, and ``duration`` where it has a limit."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """Something a run must keep to.

    Attributes
    ----------
    violated
        From values and protocol to where it is violated: a truth value, or an array of them.
    explain
        From values to the flag of a single run that violates it.
    trains
        Whether a run that violates it could still train, only not as described.
    implied
        Whether another constraint is violated wherever it is: it only explains better.
    """

    violated: Callable[[Values, Protocol], Array]
    explain: Callable[[Values], Flag]
    trains: bool = False
    implied: bool = False


def feasible(values: Values, protocol: Protocol) -> np.ndarray:
    """Return where a run keeps to every constraint."""
    violated: Array = False
    for constraint in CONSTRAINTS:
        if not constraint.implied:
            here = constraint.violated(values, protocol)
            violated = here if violated is False else violated | here
    return ~np.asarray(violated)


def first_violated(run: Run) -> tuple[Constraint, Flag] | None:
    """Return the first constraint that a single run violates, and the flag that says so."""
    for constraint in CONSTRAINTS:
        if constraint.violated(run.values, run.choices.protocol):
            return constraint, constraint.explain(run.values)
    return None


def _experts_exceed_nodes(values: Values, _: Protocol) -> Array:
    return values["expert_parallelism"] > values["nodes"]


def _explain_experts(values: Values) -> Flag:
    sharing, nodes = values["expert_parallelism"], values["nodes"]
    message = f"{sharing:g} nodes cannot share experts: there are {nodes:g}"
    return Flag("infeasible", "model.expert_parallelism", message, nearest=f"{nodes:g}")


def _exceeds_all_nodes(values: Values, _: Protocol) -> Array:
    return values["required_memory"] > values["node_memory"] * values["nodes"] * SLACK


def _explain_all_nodes(values: Values) -> Flag:
    nodes, needed, held = values["nodes"], values["required_memory"], values["node_memory"]
    field, nearest = largest_model(values, held * nodes)
    message = (
        f"{values['parameters']:g} parameters need {format_quantity(needed, 'byte')}, and all {nodes:g} "
        f"nodes together hold {format_quantity(held * nodes, 'byte')}"
    )
    return Flag("infeasible", field, message, nearest=nearest)


def _exceeds_a_node(values: Values, protocol: Protocol) -> Array:
    return not protocol.sharded and values["required_memory"] > values["node_memory"] * SLACK


def _explain_a_node(values: Values) -> Flag:
    field, nearest = largest_model(values, values["node_memory"])
    return Flag(
        "infeasible",
        field,
        f"{replica_and_node(values)}",
        nearest=f"{nearest} parameters, or mode = 'pipeline_groups'",
    )


def replica_and_node(values: Values) -> str:
    """Return in words what memory a replica needs and a node has."""
    needed, held = (format_quantity(values[name], "byte") for name in ("required_memory", "node_memory"))
    return f"a replica needs {needed} and a node holds {held}"


def _exceeds_the_stages(values: Values, protocol: Protocol) -> Array:
    held = values["node_memory"] * values["pipeline_stages"]
    return protocol.sharded and values["required_memory"] > held * SLACK


def _explain_the_stages(values: Values) -> Flag:
    needed, held, stages = values["required_memory"], values["node_memory"], values["pipeline_stages"]
    least = float(pipeline_stages(required_memory=needed, node_memory=held))
    message = (
        f"{stages:g} nodes hold {format_quantity(held * stages, 'byte')}, a replica needs "
        f"{format_quantity(needed, 'byte')}"
    )
    return Flag("infeasible", "protocol.pipeline_stages", message, nearest=f"{least:g} stages")


def _stages_exceed_nodes(values: Values, protocol: Protocol) -> Array:
    return protocol.sharded and values["pipeline_stages"] > values["nodes"]


def _explain_too_few_nodes(values: Values) -> Flag:
    stages, nodes = values["pipeline_stages"], values["nodes"]
    message = f"a pipeline of {stages:g} stages needs as many nodes, and there are {nodes:g}"
    return Flag("infeasible", "nodes.count", message, nearest=f"{stages:g} nodes")


def _exceeds_the_duration(values: Values, _: Protocol) -> Array:
    limit = values.get("duration_limit")
    return False if limit is None else values["duration"] > limit * SLACK


def _explain_the_duration(values: Values) -> Flag:
    duration, limit = values["duration"], values["duration_limit"]
    tokens, days = values["tokens"] * limit / duration, -_rounded_down(-duration / 86400.0)
    message = f"the tokens take {format_quantity(duration, 's')}, the limit is {format_quantity(limit, 's')}"
    nearest = f"{_rounded_down(tokens):.4g} tokens, or {days:.10g} days"
    return Flag("infeasible", "duration", message, nearest=nearest)


CONSTRAINTS = (
    Constraint(_experts_exceed_nodes, _explain_experts),
    Constraint(_exceeds_all_nodes, _explain_all_nodes, implied=True),
    Constraint(_exceeds_a_node, _explain_a_node),
    Constraint(_exceeds_the_stages, _explain_the_stages),
    Constraint(_stages_exceed_nodes, _explain_too_few_nodes),
    Constraint(_exceeds_the_duration, _explain_the_duration, trains=True),
)
"""Every constraint, in the order in which they bind."""


def largest_model(values: Values, memory: float) -> tuple[str, str]:
    """Return which field of a model to lower, and to what, so that a memory [byte] holds a replica."""
    active, total, shared = (values[n] for n in ("active_parameters", "parameters", "expert_parallelism"))
    held = memory / values["bytes_per_parameter"]
    if held > active:
        return "model.parameters", f"{_rounded_down(active + (held - active) * shared):.4g}"
    if active < total and held > total / shared:
        fewer = (held - total / shared) / (1.0 - 1.0 / shared)
        return "model.active_parameters", f"{_rounded_down(fewer):.4g}"
    return "model.parameters", f"{_rounded_down(held):.4g}"


def _rounded_down(value: float) -> float:
    """Return a value rounded down to four digits, so that what is offered as nearest is feasible."""
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 3)
    return math.floor(value / unit) * unit
