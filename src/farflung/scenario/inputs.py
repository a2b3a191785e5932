"""From a scenario and its assumption set to the named quantities the model starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from farflung.base.errors import unknown
from farflung.base.fields import Field, fields_of
from farflung.catalog.chips import FORMAT_OF_PRECISION
from farflung.protocols import PROTOCOLS, Protocol
from farflung.scenario.assumptions import Assumptions, load_assumptions
from farflung.scenario.hardware import chip_inputs, reference_performance
from farflung.scenario.input import Input
from farflung.scenario.scenario import Link, Nodes, Scenario

COEFFICIENT = "assumptions."
"""What the path of a coefficient begins with where it stands among those of fields."""


@dataclass(frozen=True, slots=True)
class Defaulted:
    """A field the scenario leaves open: the value taken instead, and on whose word."""

    field: str
    value: Any
    why: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a scenario and its assumption set say, by the names the model uses."""

    quantities: Mapping[str, Input]
    defaulted: tuple[Defaulted, ...]
    assumptions: Assumptions
    stragglers: str

    @property
    def values(self) -> dict[str, Any]:
        """Return the values alone."""
        return {name: given.value for name, given in self.quantities.items()}


def coefficient_field(path: str, assumptions: Assumptions) -> Field:
    """Return the field that stands for a coefficient of an assumption set, ``assumptions.NAME``.

    Raises
    ------
    InputError
        If the set has no such coefficient.
    """
    name = path.removeprefix(COEFFICIENT)
    if name not in assumptions.coefficients:
        raise unknown(path, "coefficient", name, assumptions.coefficients)
    meaning = name.replace("_", " ").capitalize()
    unit, source = assumptions.values[name][1], assumptions.coefficients[name].source
    return Field(path, "number", unit, "", meaning, "uncertainty", required=True, source=source)


def with_arrays(scenario: Scenario, arrays: Mapping[str, Any]) -> Scenario:
    """Return the scenario with numeric fields replaced by arrays [SI], not validated.

    Raises
    ------
    InputError
        If a path is not that of a numeric field.
    """
    numeric = {path: field for path, field in fields_of(Scenario).items() if field.numeric}
    for path, values in arrays.items():
        if path not in numeric:
            raise unknown(path, "numeric field", path, numeric)
        scenario = numeric[path].replace(scenario, values)
    return scenario


def inputs_of(scenario: Scenario, arrays: Mapping[str, Any] | None = None) -> Inputs:
    """Return the quantities that a scenario and its assumption set give the model.

    Parameters
    ----------
    scenario
        The scenario.
    arrays
        Values by path of a field [SI], or of a coefficient (``assumptions.NAME``) [as the model holds it],
        that replace the scenario's own; numbers or arrays of any library, not validated.

    Raises
    ------
    InputError
        If the hardware, the assumption set, a field or a coefficient is unknown, or the chip lacks the
        precision.
    """
    replaced = arrays or {}
    coefficients = {path: value for path, value in replaced.items() if path.startswith(COEFFICIENT)}
    if len(replaced) > len(coefficients):
        scenario = with_arrays(scenario, {p: v for p, v in replaced.items() if p not in coefficients})
    inputs = _Reader(scenario).inputs()
    if not coefficients:
        return inputs
    quantities = dict(inputs.quantities)
    for path, value in coefficients.items():
        name = path.removeprefix(COEFFICIENT)
        coefficient_field(path, inputs.assumptions)
        for quantity, given in inputs.quantities.items():
            if given.coefficient == name:
                quantities[quantity] = given.with_value(value)
    return Inputs(quantities, inputs.defaulted, inputs.assumptions, inputs.stragglers)


@lru_cache(maxsize=64)
def _coefficients(assumptions_name: str) -> Mapping[str, Input]:
    """Return the coefficients of a set, and the reference chip that rules count by."""
    assumptions = load_assumptions(assumptions_name)
    coefficients = {
        name: Input(value, unit, assumptions.name, assumptions.coefficients[name], coefficient=name)
        for name, (value, unit) in assumptions.values.items()
    }
    reference = reference_performance(assumptions.hardware_sources)
    return {**coefficients, "reference_performance": reference}


def _possible_protocols(mode: str) -> tuple[Protocol, ...]:
    """Return the protocol of a mode, or all those that ``auto`` may pick."""
    if mode != "auto":
        return (PROTOCOLS[mode],)
    return tuple(protocol for protocol in PROTOCOLS.values() if protocol.automatic is not None)


class _Reader:
    """Takes fields from a scenario, or the defaults of its assumption set, noting which."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.assumptions = load_assumptions(scenario.assumptions)
        self.protocols = _possible_protocols(scenario.protocol.mode)
        self.defaulted: list[Defaulted] = []

    def inputs(self) -> Inputs:
        """Return everything."""
        scenario, protocol = self.scenario, self.scenario.protocol
        coefficients = _coefficients(scenario.assumptions)
        number_format = FORMAT_OF_PRECISION[scenario.nodes.precision]
        quantities = {
            **coefficients,
            "bytes_per_parameter": coefficients[f"bytes_per_parameter_{number_format}"],
            "pseudo_gradient_bits": coefficients[f"pseudo_gradient_bits_{number_format}"],
            "host_cost_factor": coefficients["server_cost_factor"],
            **self.model(),
            **self.nodes(scenario.nodes),
            **self.links(),
            "compression_ratio": self.take("protocol.compression", protocol.compression, "1"),
            **self.fixed(),
        }
        stragglers = self.take("protocol.stragglers", protocol.stragglers, "").value
        feedback = self.take("protocol.error_feedback", protocol.error_feedback, "1")
        value = 1.0 if feedback.value else 0.0
        quantities["error_feedback"] = Input(value, "1", feedback.origin, source=feedback.source)
        quantities |= self.tables(error_feedback=feedback.value)
        return Inputs(quantities, tuple(self.defaulted), self.assumptions, stragglers)

    def take(self, path: str, value: Any, unit: str, fallback: Any = None, why: str = "") -> Input:
        """Return the field's value, or else the set's default, or else the fallback."""
        if value is not None:
            return Input(value, unit, "scenario")
        if path in self.assumptions.defaults:
            default = self.assumptions.defaults[path]
            self.defaulted.append(Defaulted(path, default, f"default of {self.assumptions.name}"))
            return Input(default, unit, self.assumptions.name, source=self.assumptions.source)
        self.defaulted.append(Defaulted(path, fallback, why))
        return Input(fallback, unit, "default")

    def fixed(self) -> dict[str, Input]:
        """Return what the scenario fixes; what it leaves open the model answers."""
        scenario, found = self.scenario, dict[str, Input]()
        for name in ("inner_steps", "pipeline_stages"):
            value = getattr(scenario.protocol, name)
            if value is not None and any(one.takes(f"protocol.{name}") for one in self.protocols):
                found[name] = Input(1.0 * value, "1", "scenario")
        for name in ("tokens", "unique_tokens"):
            value = getattr(scenario, name)
            if value is not None:
                found[name] = Input(value, "token", "scenario")
        if scenario.tokens is None or scenario.duration is not None:
            name = "duration" if scenario.tokens is None else "duration_limit"
            found[name] = self.take("duration", scenario.duration, "s")
        return found

    def model(self) -> dict[str, Input]:
        """Return the model and how its replicas work."""
        model, protocol = self.scenario.model, self.scenario.protocol
        active = model.parameters if model.active_parameters is None else model.active_parameters
        return {
            "parameters": Input(model.parameters, "parameters", "scenario"),
            "active_parameters": Input(active, "parameters", "scenario"),
            "expert_layers": _own(model, "moe_layers"),
            "expert_parallelism": _own(model, "expert_parallelism"),
            "local_batch": _own(protocol, "local_batch", "token"),
            "micro_batches": _own(protocol, "micro_batches"),
            "nodes_per_group": _own(protocol, "nodes_per_group"),
            "activation_compression_ratio": _own(protocol, "activation_compression"),
            "overlap": _own(protocol, "streaming"),
        }

    def nodes(self, nodes: Nodes) -> dict[str, Input]:
        """Return the hardware of a node."""
        quantities = {"nodes": _own(nodes, "count"), "model_flop_utilisation": _own(nodes, "mfu")}
        if nodes.hardware is None:
            # A node described directly counts as one chip, so that cost and power need no second path.
            return quantities | {
                "chips_per_node": Input(1.0, "1", "scenario"),
                "chip_peak": Input(nodes.peak, "FLOP/s", "scenario"),
                "chip_memory": Input(nodes.memory, "byte", "scenario"),
                "chip_power": Input(nodes.power, "W", "scenario"),
                "chip_price": Input(nodes.price, "USD", "scenario"),
                "chip_performance": Input(None, "FLOP/s*bit", "scenario"),
            }
        quantities |= chip_inputs(nodes.hardware, nodes.precision, self.assumptions.hardware_sources)
        for name, value, unit in (("chip_price", nodes.price, "USD"), ("chip_power", nodes.power, "W")):
            if value is not None:
                quantities[name] = Input(value / quantities["chips_per_node"].value, unit, "scenario")
                if name == "chip_price":  # what the accelerators of a node cost, without their host
                    quantities.pop("host_cost_factor", None)
        return quantities

    def links(self) -> dict[str, Input]:
        """Return all links that the protocol, or one that ``auto`` may pick, uses."""
        network = self.scenario.network
        wide_area = {
            "upload_bandwidth": Input(network.upload, "bit/s", "scenario"),
            "download_bandwidth": self.take(
                "network.download", network.download, "bit/s", network.upload, "as upload"
            ),
            "latency": _own(network, "latency", "s"),
        }
        quantities = dict(wide_area)
        for kind, own in (("regional", network.regional), ("pipeline", network.pipeline)):
            if any(protocol.uses(kind) for protocol in self.protocols):
                inner = self.inner_links(kind, own, wide_area)
                quantities |= {f"{kind}_{name}": given for name, given in inner.items()}
        return quantities

    def inner_links(self, kind: str, own: Link, wide_area: Mapping[str, Input]) -> dict[str, Input]:
        """Return the links inside groups or pipelines."""
        same, path = "as the wide-area link", f"network.{kind}"
        upload, download = wide_area["upload_bandwidth"].value, wide_area["download_bandwidth"].value
        up = self.take(f"{path}.upload", own.upload, "bit/s", upload, same)
        if own.upload is not None and own.download is None:
            self.defaulted.append(Defaulted(f"{path}.download", own.upload, "as upload"))
            down = up
        else:
            down = self.take(f"{path}.download", own.download, "bit/s", download, same)
        latency = self.take(f"{path}.latency", own.latency, "s", wide_area["latency"].value, same)
        return {"upload_bandwidth": up, "download_bandwidth": down, "latency": latency}

    def tables(self, *, error_feedback: bool) -> dict[str, Input]:
        """Return the quality tables that the set has, in the scenario's outlook."""
        compression = "compression_error_feedback" if error_feedback else "compression_plain"
        quantities = {}
        for name, table in (("activation_table", "activation"), ("compression_table", compression)):
            if table in self.assumptions.tables:
                quality = self.assumptions.tables[table]
                column = quality.columns[self.scenario.protocol.compression_scenario]
                quantities[name] = Input(column, "", self.assumptions.name, source=quality.source)
        return quantities


def _own(section: Any, name: str, unit: str = "1") -> Input:
    """Return a field that always has a value, and whether the scenario or the product gave it."""
    value = 1.0 * getattr(section, name)
    if name in section.model_fields_set:
        return Input(value, unit, "scenario")
    return Input(value, unit, "default", source="farflung2026")
