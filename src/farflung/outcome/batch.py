"""Many runs at once: a scenario some of whose fields are arrays, answered by the same graph.

The answers are those of :func:`farflung.evaluate`, cell by cell; a test holds the two together. Cells in
which the model fits on no arrangement of the nodes, or the tokens do not fit into the duration, are marked
not feasible instead of raising.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from farflung.base.arrays import Array, keep_freed_memory
from farflung.base.errors import unknown
from farflung.base.fields import fields_of
from farflung.outcome.graph import SparingPlan, compute, compute_sparingly, sparing
from farflung.outcome.protocols import PROTOCOLS, SLACK
from farflung.outcome.schema import OUTPUTS
from farflung.outcome.wiring import plan
from farflung.scenario import Givens, Scenario, givens

COEFFICIENT = "assumptions."
"""What the name of a coefficient begins with where it stands among those of fields."""
NUMERIC_FIELDS = {path: field.unit for path, field in fields_of(Scenario).items() if field.numeric}
"""Scenario fields that may be arrays, and their units."""


def with_arrays(scenario: Scenario, fields: Mapping[str, Array]) -> Scenario:
    """Return the scenario with numeric fields replaced by arrays [SI], not validated.

    Raises
    ------
    InputError
        If a name is not a numeric field of a scenario.
    """
    sections: dict[str, dict[str, Any]] = {}
    for field, values in fields.items():
        if field not in NUMERIC_FIELDS:
            raise unknown(field, "numeric field", field, NUMERIC_FIELDS)
        path, _, last = field.rpartition(".")
        sections.setdefault(path, {})[last] = values
    for path in sorted(sections, key=lambda one: one.count("."), reverse=True):
        scenario = _replaced(scenario, path.split(".") if path else [], sections[path])
    return scenario


def _replaced(section: Any, path: list[str], values: dict[str, Any]) -> Any:
    if not path:
        return section.model_copy(update=values)
    inner = _replaced(getattr(section, path[0]), path[1:], values)
    return section.model_copy(update={path[0]: inner})


def given_values(scenario: Scenario, fields: Mapping[str, Array]) -> tuple[Givens, dict[str, Any]]:
    """Return what a scenario gives the model, some fields and coefficients replaced by arrays.

    Parameters
    ----------
    scenario
        The scenario.
    fields
        As for :func:`answers`; the arrays may be of any library.

    Raises
    ------
    InputError
        If a field or a coefficient is unknown.
    """
    own = {name: values for name, values in fields.items() if not name.startswith(COEFFICIENT)}
    given = givens(with_arrays(scenario, own))
    values = {name: one.value for name, one in given.values.items()}
    for field in fields.keys() - own.keys():
        coefficient = field.removeprefix(COEFFICIENT)
        if coefficient not in given.assumptions.coefficients:
            raise unknown(field, "coefficient", coefficient, given.assumptions.coefficients)
        known_as = [name for name, one in given.values.items() if one.coefficient == coefficient]
        values |= dict.fromkeys(known_as, fields[field])
    return given, values


def answers(scenario: Scenario, fields: Mapping[str, Array], outputs: Iterable[str]) -> dict[str, np.ndarray]:
    """Return outputs for many runs at once.

    Parameters
    ----------
    scenario
        The scenario whose other fields hold for all runs.
    fields
        Arrays by dotted field name [SI], or by ``assumptions.`` and the name of a coefficient [its unit as
        the model holds it]. They broadcast against one another.
    outputs
        Names of outputs.

    Returns
    -------
    dict
        Each output as an array of the broadcast shape, NaN where the run is not feasible or has no such
        quantity, and ``feasible``.

    Raises
    ------
    InputError
        If a field, a coefficient or an output is unknown.
    """
    names = tuple(outputs)
    for name in names:
        if name not in OUTPUTS:
            raise unknown("outputs", "output", name, OUTPUTS)
    shape = np.broadcast_shapes(*(np.shape(values) for values in fields.values()))
    if scenario.protocol.mode != "auto":
        return _of_one_mode(scenario, fields, names, shape)
    return _of_auto(scenario, fields, names, shape)


def _of_one_mode(
    scenario: Scenario, fields: Mapping[str, Array], names: tuple[str, ...], shape: tuple[int, ...]
) -> dict[str, np.ndarray]:
    given, values = given_values(scenario, fields)
    wanted = frozenset(OUTPUTS[name].quantity for name in names)
    fixed_tokens = "tokens" in values
    if fixed_tokens:
        wanted |= {"duration"}
    kept = wanted | _FOR_FEASIBILITY
    steps = _sparing_plan(
        frozenset(values),
        frozenset(name for name, value in values.items() if value is None),
        kept,
        mode=scenario.protocol.mode,
        streaming=scenario.protocol.streaming,
        stragglers=given.stragglers,
        fixed_tokens=fixed_tokens,
        forms=given.assumptions.forms,
    )
    keep_freed_memory()
    with np.errstate(all="ignore"):  # cells that are not feasible may divide by nothing; they are masked
        compute_sparingly(steps, values)
        feasible = np.broadcast_to(_feasible(values, scenario.protocol.mode), shape)
        found = {name: values.get(OUTPUTS[name].quantity) for name in names}
    everywhere = bool(feasible.all())
    result: dict[str, np.ndarray] = {"feasible": feasible}
    for name, value in found.items():
        whole = np.broadcast_to(np.nan if value is None else np.asarray(value, dtype=np.float64), shape)
        result[name] = whole if everywhere else np.where(feasible, whole, np.nan)
    return result


_FOR_FEASIBILITY = frozenset(
    {"required_memory", "node_memory", "pipeline_stages", "nodes", "expert_parallelism", "duration_limit"}
)


@lru_cache(maxsize=512)
def _sparing_plan(
    given: frozenset[str], absent: frozenset[str], kept: frozenset[str], **choices: Any
) -> SparingPlan:
    return sparing(plan(given, kept - given, **choices), absent, kept)


def _feasible(values: Mapping[str, Any], mode: str) -> np.ndarray:
    """Return where the model fits, and the tokens into the duration."""
    nodes, stages = values["nodes"], values["pipeline_stages"]
    held = values["node_memory"] * (stages if PROTOCOLS[mode].sharded else 1.0)
    fits = (values["required_memory"] <= held * SLACK) & (values["expert_parallelism"] <= nodes)
    if PROTOCOLS[mode].sharded:
        fits = fits & (stages <= nodes)
    if values.get("duration_limit") is not None:
        fits = fits & (values["duration"] <= values["duration_limit"] * SLACK)
    return np.asarray(fits)


def _of_auto(
    scenario: Scenario, fields: Mapping[str, Array], names: tuple[str, ...], shape: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """Return the answers cell by cell in the protocol that memory asks for, as ``auto`` does."""
    modes = auto_modes(scenario, fields, shape)
    result = {name: np.full(shape, np.nan) for name in names}
    result["feasible"] = np.zeros(shape, dtype=bool)
    flat = {name: np.broadcast_to(values, shape) for name, values in fields.items()}
    for mode in np.unique(modes):
        cells = modes == mode
        protocol = scenario.protocol.model_copy(update={"mode": str(mode)})
        one_mode = scenario.model_copy(update={"protocol": protocol})
        part = _of_one_mode(
            one_mode, {name: values[cells] for name, values in flat.items()}, names, (int(cells.sum()),)
        )
        for name, values in part.items():
            result[name][cells] = values
    return result


def auto_modes(scenario: Scenario, fields: Mapping[str, Array], shape: tuple[int, ...]) -> np.ndarray:
    """Return the protocol that ``auto`` picks in every cell, by memory alone."""
    given, values = given_values(scenario, fields)
    ordered = plan(
        frozenset(values),
        frozenset({"required_memory", "node_memory", "pipeline_stages", "groups"}),
        mode="pipeline_groups",
        streaming=True,
        stragglers=given.stragglers,
        fixed_tokens=False,
        forms=given.assumptions.forms,
    )
    with np.errstate(all="ignore"):
        compute(ordered, values)
    asked = scenario.protocol.pipeline_stages
    one_node = values["required_memory"] <= values["node_memory"] * SLACK
    fits = np.broadcast_to(one_node & (np.asarray(1 if asked is None else asked) == 1), shape)
    several = np.broadcast_to(np.asarray(values["groups"]) >= 2, shape)
    return np.where(fits, "flat", np.where(several, "pipeline_groups", "wide_area_pipeline"))
