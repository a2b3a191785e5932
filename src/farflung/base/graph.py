"""The model as a graph: every quantity is the answer of one pure function of other quantities.

A function of physics or learning becomes a :class:`Step` under the name of the quantity it answers; its
parameters are the names of its inputs. Which steps there are depends on the protocol and on the forms of the
assumption set; their order follows from their names. The same graph computes an outcome of any shape and
explains it, so no formula is told twice.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from farflung.base.arrays import Array


@dataclass(frozen=True, slots=True)
class Step:
    """One quantity's function.

    Parameters
    ----------
    function
        A pure function with keyword-only parameters.
    inputs
        Pairs of parameter and the quantity it takes.
    """

    function: Callable[..., Any]
    inputs: tuple[tuple[str, str], ...]


Steps = Mapping[str, Step]


def step(function: Callable[..., Any], **renamed: str) -> Step:
    """Return a step whose parameters take the quantities of their own names, or of those given."""
    parameters = inspect.signature(function).parameters
    unknown = set(renamed) - set(parameters)
    if unknown:
        raise TypeError(f"{function.__name__} has no parameter {', '.join(sorted(unknown))}")
    return Step(function, tuple((name, renamed.get(name, name)) for name in parameters))


def identity(*, quantity: Array) -> Array:
    """Return the quantity itself, under another name.

    Parameters
    ----------
    quantity
        What the two names mean.

    Notes
    -----
    Equation: the same quantity
    Assumption: none.
    Evidence: farflung2026
    Limits: none.
    """
    return quantity


def exactly_one() -> float:
    """Return the number of what there is exactly one of [1].

    Notes
    -----
    Equation: 1
    Assumption: there is exactly one of these, or nothing is lost to it.
    Evidence: farflung2026
    Limits: none.
    """
    return 1.0


def no_time() -> float:
    """Return the time of what does not take place [s].

    Notes
    -----
    Equation: 0
    Assumption: the protocol has none of this.
    Evidence: farflung2026
    Limits: none.
    """
    return 0.0


def union(*parts: Steps) -> Steps:
    """Return the steps of all parts together.

    Raises
    ------
    LookupError
        If two parts answer one quantity.
    """
    merged: dict[str, Step] = {}
    for part in parts:
        twice = merged.keys() & part.keys()
        if twice:
            raise LookupError(f"two parts answer {', '.join(sorted(twice))}")
        merged |= part
    return merged


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order in which they can be executed.

    Attributes
    ----------
    steps
        Name, step, and the quantities that no later step needs and nobody wants: they are dropped at once,
        which keeps the arrays of a block in the processor's cache.
    absent
        Quantities that are not known, since something they are made from is not.
    """

    steps: tuple[tuple[str, Step, tuple[str, ...]], ...]
    absent: tuple[str, ...]

    def execute(self, values: dict[str, Any]) -> dict[str, Any]:
        """Answer every step in turn, adding to ``values``, and return it."""
        for name, step_, done in self.steps:
            values[name] = step_.function(**{parameter: values[given] for parameter, given in step_.inputs})
            for quantity in done:
                del values[quantity]
        for name in self.absent:
            values[name] = None
        return values

    def execute_from(self, values: Mapping[str, Any], replaced: Mapping[str, Any]) -> dict[str, Any]:
        """Return all values with some replaced, and whatever depends on those answered anew.

        What is replaced by ``None``, or made from that, is ``None``.
        """
        changed, result = set(replaced), {**values, **replaced}
        for name, step_, _ in self.steps:
            if name in replaced or changed.isdisjoint(quantity for _, quantity in step_.inputs):
                continue
            changed.add(name)
            arguments = {parameter: result[quantity] for parameter, quantity in step_.inputs}
            unknown = any(value is None for value in arguments.values())
            result[name] = None if unknown else step_.function(**arguments)
        return result


def plan(
    steps: Steps, given: Iterable[str], absent: Iterable[str] = (), wanted: Iterable[str] | None = None
) -> Plan:
    """Return the plan that answers quantities from those given.

    Parameters
    ----------
    steps
        All steps there are.
    given
        Quantities that need no step.
    absent
        Given quantities whose value is not known; what is made from them is not known either.
    wanted
        Quantities to be answered and kept, passing over those that no step answers. Unless given, all are.

    Raises
    ------
    LookupError
        If a step needs a quantity that is neither given nor answered, or if steps need one another.
    """
    known = set(given)
    targets = list(steps) if wanted is None else sorted(name for name in wanted if name in steps)
    ordered = _ordered(steps, known, targets)
    missing, possible = set(absent), []
    for name in ordered:
        if missing.isdisjoint(quantity for _, quantity in steps[name].inputs):
            possible.append(name)
        else:
            missing.add(name)
    if wanted is None:
        return Plan(tuple((name, steps[name], ()) for name in possible), tuple(sorted(missing)))
    needed, reversed_steps = set(wanted), []
    for name in reversed(possible):
        inputs = {quantity for _, quantity in steps[name].inputs}
        reversed_steps.append((name, steps[name], tuple(sorted(inputs - needed))))
        needed |= inputs
    return Plan(tuple(reversed(reversed_steps)), tuple(sorted(missing)))


def _ordered(steps: Steps, known: set[str], targets: Iterable[str]) -> list[str]:
    """Return the names of the steps that targets need, each after all its inputs."""
    answered, ordered, open_now = set(known), [], list[str]()

    def visit(name: str) -> None:
        if name in answered:
            return
        if name not in steps:
            raise LookupError(f"no step answers '{name}', an input of '{open_now[-1]}'")
        if name in open_now:
            raise LookupError(f"circle: {' -> '.join([*open_now, name])}")
        open_now.append(name)
        for _, quantity in steps[name].inputs:
            visit(quantity)
        open_now.pop()
        answered.add(name)
        ordered.append(name)

    for name in targets:
        visit(name)
    return ordered
