"""How a claim says what to compute: one line of arithmetic over calls to the model.

The ledger's ``ours`` column holds such lines, so that a reader sees, and can rerun, what stands behind every
judgement. They are data: read by the standard parser, evaluated here, with no other names than these.
"""

from __future__ import annotations

import ast
import json
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from farflung.analysis.search import nodes_for_target, published_grid, search
from farflung.base.errors import InputError, unknown
from farflung.catalog import chip, facts, pod, rules, select
from farflung.catalog.chips import UNITS
from farflung.learning.scaling_law import optimal_parameters, reference_tokens
from farflung.outcome import evaluate
from farflung.outcome.outcome import Outcome
from farflung.outcome.outputs import output_named
from farflung.physics.rating import node_total
from farflung.physics.time_limit import longest_run
from farflung.scenario import load_assumptions, preset
from farflung.scenario.nodes import largest_node, node_limit

Number = float | tuple[float, ...]

_OPERATORS: Mapping[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
_UNIT_OF_LIMIT = {
    "training_limit": "FLOP",
    "training_limit_monitored": "FLOP",
    "training_limit_biological": "FLOP",
    "performance_limit": "FLOP/s",
    "total_processing_performance_limit": "FLOP*bit/s",
    "memory_limit": "byte",
    "interconnect_limit": "bit/s",
    "compute_limit_h100e": "H100e",
}


def value_of(expression: str) -> Number:
    """Return what an expression of the ledger computes.

    Raises
    ------
    InputError
        If it is not an expression of this language, or a name in it is unknown.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError as error:
        raise InputError("ours", f"'{expression}' is not an expression") from error
    try:
        result = _value(tree.body, expression)
        return tuple(map(float, result)) if isinstance(result, tuple) else float(result)
    except InputError:
        raise
    except (TypeError, KeyError, ValueError, ArithmeticError) as error:
        raise InputError("ours", f"'{expression}' cannot be evaluated ({error})") from error


def _value(node: ast.AST, expression: str) -> Any:
    match node:
        case ast.Constant(value=int() | float() | str() as constant):
            return constant
        case ast.Tuple(elts=elements):
            return tuple(_value(element, expression) for element in elements)
        case ast.Dict(keys=keys, values=values):
            return {
                _value(key, expression): _value(value, expression)
                for key, value in zip(keys, values, strict=True)
                if key is not None
            }
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(operand, expression))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left, expression), _value(right, expression))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords) if name in FUNCTIONS:
            positional = [_value(argument, expression) for argument in arguments]
            named = {k.arg: _value(k.value, expression) for k in keywords if k.arg is not None}
            return FUNCTIONS[name](*positional, **named)
        case _:
            raise InputError("ours", f"'{ast.unparse(node)}' in '{expression}' is not allowed here")


@lru_cache(maxsize=4096)
def _outcome(name: str, changes: str) -> Outcome:
    return evaluate(preset(name).with_(json.loads(changes)))


def run(name: str, output: str, changes: Mapping[str, Any] | None = None) -> float:
    """Return an output of a preset, some of its fields changed [SI]."""
    value = getattr(_outcome(name, json.dumps(changes or {})), output_named(output).name)
    if value is None:
        raise InputError(output, f"does not exist for preset '{name}'")
    return float(value)


def least_nodes(name: str, output: str, target: float, changes: Mapping[str, Any] | None = None) -> float:
    """Return the smallest number of nodes with which an output reaches a target [1]."""
    return float(nodes_for_target(name, output, target, **(changes or {})).nodes)


def cheapest(output: str, target: float, settings: Mapping[str, Any] | None = None) -> float:
    """Return an output of the cheapest design of the paper's grid that reaches a target.

    ``settings`` may name ``metric`` (local if left out), ``chip``, ``mode``, ``upload``, ``download`` and
    ``parameters``.
    """
    return float(getattr(_cheapest(target, json.dumps(settings or {})), output_named(output).name))


_OPTIONS = {"chip": "chips", "mode": "modes"}
"""Options of a search by the names that expressions give them."""


@lru_cache(maxsize=256)
def _cheapest(target: float, settings: str) -> Outcome:
    wanted = json.loads(settings)
    models = (float(wanted.pop("parameters")),) if "parameters" in wanted else ()
    renamed = {_OPTIONS.get(name, name): value for name, value in wanted.items()}
    design = search(
        target,
        **{"metric": "local", "assumptions": "miri-2026-04", **renamed},
        grid=replace(published_grid(), models=models),
    ).best
    if design is None:
        raise InputError("cheapest", f"no design of the published grid reaches {target:g}")
    return design.outcome


def _most_chips(rule: str, name: str, assumptions: str = "miri-2026-04") -> float:
    sources = load_assumptions(assumptions).hardware_sources
    return float(largest_node(chip(name), node_limit(rule), sources).chips)


def _chip(name: str, quantity: str, source: str = "") -> float:
    part, preferred = chip(name), (source,) if source else ()
    if quantity.startswith("dense_"):
        return part.rate(quantity.removeprefix("dense_"), preferred).in_unit("FLOP/s")
    record = part.get(quantity, preferred)
    if record is None:
        raise InputError(quantity, f"the catalog has no {quantity} for {name}")
    return record.in_unit(UNITS[quantity])


def _pod(name: str, quantity: str) -> float:
    known = pod(name)
    if quantity == "chips":
        return float(known.chips)
    part, preferred = chip(known.chip), (known.record.source,)
    per_chip = {
        "peak": part.rate("fp16", preferred).in_unit("FLOP/s"),
        "memory": select(part.fields["memory"], preferred).in_unit("byte"),
    }
    if quantity not in per_chip:
        raise unknown("pod", "quantity", quantity, [*per_chip, "chips"])
    return float(node_total(chips_per_node=known.chips, per_chip=per_chip[quantity]))


def _rule(name: str, limit: str) -> float:
    if name not in rules():
        raise unknown("rule", "rule", name, rules())
    if limit not in _UNIT_OF_LIMIT or limit not in rules()[name]:
        raise unknown("rule", "limit", limit, [key for key in rules()[name] if key in _UNIT_OF_LIMIT])
    return float(rules()[name][limit].in_unit(_UNIT_OF_LIMIT[limit]))


def _fact(name: str) -> float:
    if name not in facts():
        raise unknown("fact", "fact", name, facts())
    return facts()[name].value


def _time_limit(*, hardware: float, software: float, investment: float) -> float:
    return float(
        longest_run(hardware_growth=hardware, software_growth=software, investment_growth=investment)
    )


def _optimum(quantity: str, flop: float, tokens_per_parameter: float) -> float:
    size = float(optimal_parameters(flop=flop, reference_tokens_per_parameter=tokens_per_parameter))
    tokens = reference_tokens(active_parameters=size, reference_tokens_per_parameter=tokens_per_parameter)
    return {"parameters": size, "tokens": float(tokens)}[quantity]


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "run": run,
    "least_nodes": least_nodes,
    "cheapest": cheapest,
    "most_chips": _most_chips,
    "chip": _chip,
    "pod": _pod,
    "rule": _rule,
    "fact": _fact,
    "time_limit": _time_limit,
    "optimum": _optimum,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "min": min,
    "max": max,
    "abs": abs,
}
"""The calls an expression may make."""
