"""The model as a graph: every quantity is the answer of one pure function of other quantities.

A function of physics or learning becomes a :class:`Step` under the name of what it answers; its parameters
are the names of what it asks for. Which steps there are depends on the protocol and on the forms of the
assumption set; in which order they run follows from their names. The same graph computes an outcome and
explains it, so there is no second telling of any formula.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Step:
    """One quantity and the function that answers it.

    Parameters
    ----------
    function
        A pure function with keyword-only parameters.
    asks
        For each parameter the name of the quantity it takes.
    """

    function: Callable[..., Any]
    asks: Mapping[str, str]

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return parameter and quantity names, in order."""
        return tuple(self.asks.items())


def step(function: Callable[..., Any], **renamed: str) -> Step:
    """Return a step whose parameters ask for quantities of their own names, or of those given."""
    parameters = inspect.signature(function).parameters
    unknown = set(renamed) - set(parameters)
    if unknown:
        raise TypeError(f"{function.__name__} has no parameter {', '.join(sorted(unknown))}")
    return Step(function, {name: renamed.get(name, name) for name in parameters})


Steps = Mapping[str, Step]


def order(
    steps: Steps, given: Iterable[str], wanted: Iterable[str] | None = None
) -> tuple[tuple[str, Step], ...]:
    """Return the steps that are not given, each after all it asks for.

    Parameters
    ----------
    steps
        All steps there are.
    given
        Quantities that need no step.
    wanted
        Quantities to be answered, all of them if left out; steps nothing wanted asks for are left out.

    Raises
    ------
    LookupError
        If a step asks for a quantity that is neither given nor answered, or if steps ask in a circle.
    """
    known = set(given)
    ordered: list[tuple[str, Step]] = []
    open_now: list[str] = []

    def visit(name: str) -> None:
        if name in known:
            return
        if name not in steps:
            raise LookupError(f"no step answers '{name}', asked for by '{open_now[-1]}'")
        if name in open_now:
            raise LookupError(f"circle: {' -> '.join([*open_now, name])}")
        open_now.append(name)
        for _, quantity in steps[name].pairs:
            visit(quantity)
        open_now.pop()
        known.add(name)
        ordered.append((name, steps[name]))

    for name in steps if wanted is None else wanted:
        visit(name)
    return tuple(ordered)


@dataclass(frozen=True)
class SparingPlan:
    """Steps in order, each with what can be dropped after it, and what is not known at all."""

    steps: tuple[tuple[str, Callable[..., Any], tuple[tuple[str, str], ...], tuple[str, ...]], ...]
    absent: tuple[str, ...]


def sparing(ordered: Sequence[tuple[str, Step]], absent: Iterable[str], kept: Iterable[str]) -> SparingPlan:
    """Return a plan that holds no more than it needs.

    Parameters
    ----------
    ordered
        Steps, each after all it asks for.
    absent
        Given quantities that are ``None``; whatever is made from them is so too, and is not computed.
    kept
        Quantities that are wanted at the end. All others are dropped after their last use, which keeps
        the arrays of a block in the processor's cache.
    """
    missing, needed, known = set(absent), set(kept), []
    for name, one in ordered:
        if missing.isdisjoint(quantity for _, quantity in one.pairs):
            known.append((name, one))
        else:
            missing.add(name)
    steps = []
    for name, one in reversed(known):
        asked = {quantity for _, quantity in one.pairs}
        steps.append((name, one.function, one.pairs, tuple(sorted(asked - needed))))
        needed |= asked
    return SparingPlan(tuple(reversed(steps)), tuple(sorted(missing)))


def compute_sparingly(sparing_plan: SparingPlan, values: dict[str, Any]) -> dict[str, Any]:
    """Answer every step of a sparing plan in turn, adding to ``values``, and return it."""
    for name, function, pairs, done in sparing_plan.steps:
        values[name] = function(**{parameter: values[quantity] for parameter, quantity in pairs})
        for quantity in done:
            del values[quantity]
    for name in sparing_plan.absent:
        values[name] = None
    return values


def compute(ordered: Iterable[tuple[str, Step]], values: dict[str, Any]) -> dict[str, Any]:
    """Answer every step in turn, adding to ``values``, and return it.

    A quantity that is not known is ``None``, and so is whatever is made from it.
    """
    for name, one in ordered:
        arguments = {parameter: values[quantity] for parameter, quantity in one.pairs}
        unknown = any(value is None for value in arguments.values())
        values[name] = None if unknown else one.function(**arguments)
    return values


def compute_again(
    ordered: Iterable[tuple[str, Step]], values: Mapping[str, Any], changed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all values with some replaced and whatever follows from those answered anew."""
    affected = set(changed)
    later = []
    for name, one in ordered:
        if name not in changed and not affected.isdisjoint(quantity for _, quantity in one.pairs):
            affected.add(name)
            later.append((name, one))
    return compute(later, {**values, **changed})
