"""The one engine path: a scenario, some of its fields perhaps arrays, to the values of all its quantities.

``prepare`` reads inputs, makes the choices, assembles and executes the steps. A run of shape ``()`` becomes
an :class:`~farflung.outcome.Outcome`, one of any other shape the arrays of
:func:`~farflung.outcome.batch.evaluate_batch`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from farflung.base.arrays import Array
from farflung.base.errors import InputError
from farflung.base.graph import Plan, Steps, plan, step
from farflung.outcome.model.assemble import planned
from farflung.outcome.model.choices import Choices
from farflung.outcome.model.every_run import HARDWARE
from farflung.physics import memory
from farflung.protocols import PROTOCOLS
from farflung.scenario import Assumptions, Inputs, Scenario, inputs_of, load
from farflung.scenario.scenario import AUTO

ScenarioLike = Scenario | str | Path | Mapping[str, Any]
"""A scenario, the name of a preset, the path of a TOML file, or a mapping of the same form."""


@dataclass(frozen=True, slots=True)
class Run:
    """A scenario made ready: its choices, its plan, and the values of its quantities.

    Attributes
    ----------
    scenario
        The scenario as asked.
    inputs
        What it and its assumption set say.
    choices
        What decides its steps.
    plan
        Its steps, in order.
    values
        Quantities by name; numbers, or arrays that broadcast against one another.
    """

    scenario: Scenario
    inputs: Inputs
    choices: Choices
    plan: Plan
    values: Mapping[str, Any]


def as_scenario(scenario: ScenarioLike) -> Scenario:
    """Return a scenario from itself, a preset's name, a file's path, or a mapping.

    Raises
    ------
    InputError
        If there is no such preset or file, or it holds no valid scenario.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if not isinstance(scenario, str | Path | Mapping):
        raise InputError(
            "scenario",
            f"{scenario!r:.60} is no scenario",
            nearest="the name of a preset, a file, or a mapping",
        )
    return Scenario.read(scenario) if isinstance(scenario, Mapping) else load(scenario)


def changed_scenario(
    scenario: ScenarioLike,
    *,
    assumptions: str | Assumptions | None = None,
    links: str | None = None,
    **changes: Any,
) -> Scenario:
    """Return a scenario with an assumption set, all links, or any fields replaced.

    Raises
    ------
    InputError
        If the scenario, or a change, is not valid.
    """
    changed = as_scenario(scenario)
    if links is not None:
        changed = changed.with_links(links)
    if isinstance(assumptions, Assumptions):
        assumptions = assumptions.name
    return changed.with_({"assumptions": assumptions} if assumptions is not None else {}, **changes)


def prepare(
    scenario: Scenario,
    arrays: Mapping[str, Array] | None = None,
    *,
    mode: str | None = None,
    wanted: Iterable[str] | None = None,
) -> Run:
    """Return the run of a scenario.

    Parameters
    ----------
    scenario
        The scenario.
    arrays
        Values that replace the scenario's own, by path; see :func:`farflung.scenario.inputs_of`.
    mode
        Protocol, instead of the scenario's own; needed where ``auto`` picks more than one.
    wanted
        Quantities to be answered, and kept; all unless given.

    Raises
    ------
    InputError
        If hardware, assumption set, field or coefficient are unknown, or the set lacks a coefficient.
    """
    inputs = inputs_of(scenario, arrays)
    values = inputs.values
    if mode is None:
        mode = (
            str(automatic_mode(scenario, values))
            if scenario.protocol.mode == AUTO
            else scenario.protocol.mode
        )
    choices = Choices.of(inputs, mode)
    absent = frozenset(name for name, value in values.items() if value is None)
    try:
        steps = planned(choices, frozenset(values), absent, None if wanted is None else frozenset(wanted))
    except LookupError as error:
        raise InputError("assumptions", f"'{inputs.assumptions.name}' is not whole: {error}") from error
    with np.errstate(all="ignore"):  # what is not feasible may divide by nothing; constraints say so
        steps.execute(values)
    return Run(scenario, inputs, choices, steps, values)


_AUTOMATIC: Steps = {
    "node_memory": HARDWARE["node_memory"],
    "required_memory": HARDWARE["required_memory"],
    "pipeline_stages": step(memory.pipeline_stages),
    "groups": step(memory.pipeline_groups),
}
"""What ``auto`` decides by."""


@cache
def _arguments(function: Callable[..., Array]) -> tuple[str, ...]:
    return tuple(signature(function).parameters)


def automatic_mode(scenario: Scenario, values: Mapping[str, Any]) -> np.ndarray:
    """Return the protocol that ``auto`` picks: the first that suits, of the shape of what it decides by."""
    quantities = dict(values)
    with np.errstate(all="ignore"):
        plan(_AUTOMATIC, quantities).execute(quantities)
    requested = scenario.protocol.pipeline_stages
    quantities["pipeline_stages_requested"] = np.asarray(1 if requested is None else requested)
    picked = np.asarray("")
    ranked = [(one.automatic, one.name) for one in PROTOCOLS.values() if one.automatic is not None]
    for automatic, name in sorted(ranked, key=lambda pair: pair[0].rank):
        suits = automatic.suits(**{given: quantities[given] for given in _arguments(automatic.suits)})
        picked = np.where((picked == "") & suits, name, picked)
    return picked
