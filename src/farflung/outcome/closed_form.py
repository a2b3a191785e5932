"""The closed-form engine: one run, from a scenario to its outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from farflung.base.errors import InputError, unknown
from farflung.base.fields import fields_of
from farflung.base.format import format_quantity
from farflung.outcome.graph import Step, compute
from farflung.outcome.protocols import PROTOCOLS, SLACK
from farflung.outcome.schema import OUTPUTS, FilledIn, Flag, Outcome
from farflung.outcome.wiring import plan
from farflung.physics.memory import pipeline_groups, pipeline_stages, required_memory
from farflung.scenario import Givens, Scenario, givens, load

_KNOWN_UNTRAINED = frozenset(
    {"nodes", "chips", "node_peak", "node_memory", "node_h100_equivalents", "required_memory",
     "largest_parameters", "capital_cost"}
)  # fmt: skip
"""What is true of the hardware whether or not the model fits on it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A scenario made ready: its protocol chosen, its steps in order, its quantities answered."""

    scenario: Scenario
    mode: str
    choice: str | None
    given: Givens
    ordered: tuple[tuple[str, Step], ...]
    values: Mapping[str, Any]


def as_scenario(scenario: Scenario | str | Path | Mapping[str, Any]) -> Scenario:
    """Return a scenario from itself, a preset's name, a file's path, or a mapping."""
    if isinstance(scenario, Scenario):
        return scenario
    return Scenario.read(scenario) if isinstance(scenario, Mapping) else load(scenario)


def prepare(scenario: Scenario) -> Run:
    """Return the run of a scenario, every quantity answered.

    Raises
    ------
    InputError
        If the hardware or assumption set is unknown, or the model fits on no arrangement of the nodes.
    """
    given = givens(scenario)
    mode, choice = _choose_mode(scenario, given)
    try:
        ordered = plan(
            frozenset(given.values),
            mode=mode,
            streaming=scenario.protocol.streaming,
            stragglers=given.stragglers,
            fixed_tokens=scenario.tokens is not None,
            forms=given.assumptions.forms,
        )
    except LookupError as error:
        raise InputError("assumptions", f"'{given.assumptions.name}' is not whole: {error}") from error
    with np.errstate(all="ignore"):  # a run that is not feasible may divide by nothing; it says so itself
        values = compute(ordered, {name: one.value for name, one in given.values.items()})
    return Run(scenario, mode, choice, given, ordered, values)


def evaluate(scenario: Scenario | str | Path | Mapping[str, Any], *, command: str | None = None) -> Outcome:
    """Return the outcome of a scenario under its assumption set.

    Parameters
    ----------
    scenario
        A :class:`~farflung.scenario.Scenario`, the name of a preset, the path of a TOML file, or a mapping
        of the same form.
    command
        The command that asked, for the provenance.

    Returns
    -------
    Outcome
        Time, tokens, compute, every efficiency factor, traffic, cost, energy and flags. A run that cannot
        take place is an outcome too: ``feasible`` is false and ``binding_constraint`` says why.

    Raises
    ------
    InputError
        If the scenario is not valid, names unknown hardware, or its model fits on no arrangement of the
        nodes.

    Examples
    --------
    >>> outcome = evaluate("paper-headline")
    >>> f"{outcome.local_equivalent_flop:.3g} FLOP for ${outcome.capital_cost_usd / 1e6:.1f} million"
    '1.02e+25 FLOP for $30.7 million'
    """
    run = prepare(as_scenario(scenario))
    flags = [Flag("choice", "protocol.mode", run.choice)] if run.choice else []
    flags.extend(_ignored(run))
    obstacle = _obstacle(run)
    untrainable = obstacle is not None and obstacle.subject != "duration"
    if obstacle:
        flags.append(obstacle)
    if not untrainable:
        flags.extend(_extrapolations(run))
    values = run.values
    outputs: dict[str, Any] = {
        name: _plain(values.get(output.quantity))
        for name, output in OUTPUTS.items()
        if not untrainable or output.quantity in _KNOWN_UNTRAINED
    }
    if obstacle is None:
        _check_finite(outputs)
    return Outcome.model_construct(
        scenario=run.scenario,
        mode=run.mode,
        feasible=obstacle is None,
        binding_constraint=obstacle.subject if obstacle else None,
        bottleneck=obstacle.subject if obstacle and untrainable else _bottleneck(run),
        flags=tuple(flags),
        filled_in=_filled_in(run),
        command=command,
        **outputs,
    )


def _check_finite(outputs: Mapping[str, float | None]) -> None:
    """Raise if a number left the range of double precision: an answer never holds NaN or infinity."""
    for name, value in outputs.items():
        if value is not None and not math.isfinite(value):
            raise InputError(
                name, "leaves the range of numbers: some input is too extreme", nearest="less extreme inputs"
            )


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)


def _choose_mode(scenario: Scenario, given: Givens) -> tuple[str, str | None]:
    """Return the protocol of a run, and why it was chosen where the scenario leaves it open."""
    per_node, needed = _memory(given)
    nodes = scenario.nodes.count
    if scenario.model.expert_parallelism > nodes:
        raise InputError(
            "model.expert_parallelism",
            f"{scenario.model.expert_parallelism} nodes cannot share experts: there are {nodes}",
            nearest=str(nodes),
        )
    if needed > per_node * nodes * SLACK:
        field, nearest = _largest_model(given, per_node * nodes)
        raise InputError(
            field,
            f"{scenario.model.parameters:g} parameters need {format_quantity(needed, 'byte')}, and all "
            f"{nodes} nodes together hold {format_quantity(per_node * nodes, 'byte')}",
            nearest=nearest,
        )
    if scenario.protocol.mode != "auto":
        return scenario.protocol.mode, None
    holds = (
        f"a replica needs {format_quantity(needed, 'byte')} and a node holds "
        f"{format_quantity(per_node, 'byte')}"
    )
    asked = scenario.protocol.pipeline_stages
    if needed <= per_node * SLACK and (asked or 1) == 1:
        return "flat", f"flat: {holds}"
    stages = asked or float(pipeline_stages(required_memory=needed, node_memory=per_node))
    groups = float(pipeline_groups(nodes=nodes, pipeline_stages=stages))
    if groups >= 2:
        return "pipeline_groups", f"pipeline_groups: {holds}, so {stages:g} nodes share one"
    return "wide_area_pipeline", f"wide_area_pipeline: {holds}, and there are nodes for one replica only"


def _memory(given: Givens) -> tuple[float, float]:
    """Return the memory of a node, and that which a replica needs [byte]."""
    value = {name: one.value for name, one in given.values.items()}
    needed = required_memory(
        parameters=value["parameters"],
        active_parameters=value["active_parameters"],
        expert_parallelism=value["expert_parallelism"],
        bytes_per_parameter=value["bytes_per_parameter"],
    )
    return value["chips_per_node"] * value["chip_memory"], needed


def _obstacle(run: Run) -> Flag | None:
    """Return what makes the run infeasible as described, if anything does."""
    values, nodes = run.values, run.scenario.nodes.count
    needed, held = values["required_memory"], values["node_memory"]
    stages, sharded = values["pipeline_stages"], PROTOCOLS[run.mode].sharded
    if not sharded and needed > held * SLACK:
        field, nearest = _largest_model(run.given, held)
        return Flag(
            "infeasible",
            field,
            f"a replica needs {format_quantity(needed, 'byte')} and a node holds "
            f"{format_quantity(held, 'byte')}",
            nearest=f"{nearest} parameters, or mode = 'pipeline_groups'",
        )
    if sharded:
        if needed > held * stages * SLACK:
            least = float(pipeline_stages(required_memory=needed, node_memory=held))
            return Flag(
                "infeasible",
                "protocol.pipeline_stages",
                f"{stages:g} nodes hold {format_quantity(held * stages, 'byte')}, a replica needs "
                f"{format_quantity(needed, 'byte')}",
                nearest=f"{least:g} stages",
            )
        if stages > nodes:
            return Flag(
                "infeasible",
                "nodes.count",
                f"a pipeline of {stages:g} stages needs as many nodes, and there are {nodes}",
                nearest=f"{stages:g} nodes",
            )
    limit = values.get("duration_limit")
    if limit is not None and values["duration"] > limit * SLACK:
        most = values["tokens"] * limit / values["duration"]
        days = -_rounded_down(-values["duration"] / 86400.0)
        return Flag(
            "infeasible",
            "duration",
            f"the tokens take {format_quantity(values['duration'], 's')}, the limit is "
            f"{format_quantity(limit, 's')}",
            nearest=f"{_rounded_down(most):.4g} tokens, or {days:.10g} days",
        )
    return None


def _largest_model(given: Givens, memory: float) -> tuple[str, str]:
    """Return which field of a model to lower, and to what, so that a memory holds a replica."""
    value = {name: one.value for name, one in given.values.items()}
    active, total, shared = value["active_parameters"], value["parameters"], value["expert_parallelism"]
    held = memory / value["bytes_per_parameter"]
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


def _extrapolations(run: Run) -> list[Flag]:
    """Return a flag for every factor that is used outside the range it was fitted in."""
    flags = []
    for factor, limits in run.given.assumptions.limits.items():
        for quantity, bounds in limits.items():
            value = run.values.get(quantity)
            if quantity == "source" or value is None or run.values.get(factor) is None:
                continue
            low, high = bounds
            if not low <= value <= high:
                flags.append(
                    Flag(
                        "extrapolated",
                        factor,
                        f"{quantity} {value:.4g} is outside {low:.4g} to {high:.4g}, the range of "
                        f"{limits['source']}",
                    )
                )
    return flags


def _ignored(run: Run) -> list[Flag]:
    """Return a flag for what the scenario says and the assumption set takes no notice of."""
    believed = run.given.assumptions
    if run.scenario.unique_tokens is None or believed.forms.repeated_data != "ignored":
        return []
    return [Flag("ignored", "unique_tokens", f"{believed.name} counts a repeated token as a new one")]


def _bottleneck(run: Run) -> str:
    """Return what a run waits for most."""
    values = run.values
    work = values["inner_steps"] * values["step_time"]
    innermost = values.get("innermost_exchange_time", values["synchronisation_time"])
    grouped = run.mode == "hierarchical" and values["groups"] >= 2
    if values["synchronisation_time"] > values["regional_steps"] * max(values["cycle_time"], work) * SLACK:
        return "wide-area synchronisation"
    if innermost > work * SLACK:
        return "regional synchronisation" if grouped else "wide-area synchronisation"
    if values["pipeline_stages"] > 1:
        crossing = values["micro_batch_transfer_time"] + values["pipeline_latency"]
        if crossing > values["micro_batch_compute_time"]:
            return "pipeline links"
    if values["expert_parallel_time"] > values["compute_time"]:
        return "expert exchange"
    return "compute"


def _filled_in(run: Run) -> tuple[FilledIn, ...]:
    """Return every field the scenario left out, with what was taken and on whose word."""
    taken = [FilledIn(f.field, _shown(f.field, f.value), f.why) for f in run.given.filled]
    seen = {f.field for f in run.given.filled}
    scenario = run.scenario
    for name, default in _PRODUCT_DEFAULTS.items():
        if name not in seen and not _is_set(scenario, name):
            taken.append(FilledIn(name, default, "default of farflung"))
    return tuple(taken)


def _is_set(scenario: Scenario, name: str) -> bool:
    section: Any = scenario
    for part in name.split("."):
        if part not in section.model_fields_set:
            return False
        section = getattr(section, part)
    return True


def _shown(field: str, value: Any) -> str:
    unit = _UNITS.get(field, "")
    return format_quantity(value, unit) if unit and isinstance(value, int | float) else str(value)


_UNITS = {path: field.unit for path, field in fields_of(Scenario).items()}
_PRODUCT_DEFAULTS = {
    path: _shown(path, field.default)
    for path, field in fields_of(Scenario).items()
    if field.default is not None and field.role != "label"
}


def output_named(name: str) -> str:
    """Return the name of an output, or raise an error that names the likeliest meant one."""
    if name not in OUTPUTS:
        raise unknown("output", "output", name, OUTPUTS)
    return name
