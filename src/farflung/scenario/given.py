"""From a scenario and its assumption set to the named numbers the model starts from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from farflung.base.sections import Section
from farflung.catalog.chips import FORMAT_OF_PRECISION
from farflung.scenario.assumptions import Assumptions, load_assumptions
from farflung.scenario.hardware import chip_givens, reference_performance
from farflung.scenario.scenario import SHARDED_MODES, Link, Nodes, Scenario
from farflung.scenario.terms import Filled, Given, Givens

_MAYBE_SHARDED = SHARDED_MODES | {"auto"}
"""Modes in which a replica may be several nodes."""


@lru_cache(maxsize=64)
def _set_givens(assumptions_name: str) -> Mapping[str, Given]:
    """Return the coefficients of a set, and the reference chip that rules count by."""
    believed = load_assumptions(assumptions_name)
    coefficients = {
        name: Given(value, unit, believed.name, believed.coefficients[name], coefficient=name)
        for name, (value, unit) in believed.values.items()
    }
    return {**coefficients, "reference_performance": reference_performance(believed.hardware_sources)}


class _Reader:
    """Takes fields from a scenario, or fills them in and remembers that it did."""

    def __init__(self, scenario: Scenario, believed: Assumptions) -> None:
        self.scenario = scenario
        self.believed = believed
        self.filled: list[Filled] = []

    def take(self, field: str, value: Any, unit: str, fallback: Any = None, why: str = "") -> Given:
        """Return the field's value, or else the set's default, or else the fallback."""
        if value is not None:
            return Given(value, unit, "scenario")
        if field in self.believed.defaults:
            fallback, why = self.believed.defaults[field], f"default of {self.believed.name}"
            self.filled.append(Filled(field, fallback, why))
            return Given(fallback, unit, self.believed.name, source=self.believed.source)
        self.filled.append(Filled(field, fallback, why))
        return Given(fallback, unit, "default")

    def wide_area(self) -> dict[str, Given]:
        """Return the links of a node to the wide area."""
        network = self.scenario.network
        return {
            "upload_bandwidth": Given(network.upload, "bit/s", "scenario"),
            "download_bandwidth": self.take(
                "network.download", network.download, "bit/s", network.upload, "as upload"
            ),
            "latency": _field(network, "latency", "s"),
        }

    def inner(self, name: str, own: Link, wide_area: Mapping[str, Given]) -> dict[str, Given]:
        """Return the links inside groups or pipelines."""
        same = "as the wide-area link"
        up = self.take(
            f"network.{name}.upload", own.upload, "bit/s", wide_area["upload_bandwidth"].value, same
        )
        if own.upload is not None and own.download is None:
            self.filled.append(Filled(f"network.{name}.download", own.upload, "as upload"))
            down = up
        else:
            down = self.take(
                f"network.{name}.download", own.download, "bit/s", wide_area["download_bandwidth"].value, same
            )
        latency = self.take(f"network.{name}.latency", own.latency, "s", wide_area["latency"].value, same)
        return {"upload_bandwidth": up, "download_bandwidth": down, "latency": latency}

    def links(self) -> dict[str, Given]:
        """Return all links that the protocol may use."""
        network, mode = self.scenario.network, self.scenario.protocol.mode
        wide_area = self.wide_area()
        found = dict(wide_area)
        kinds = []
        if mode == "hierarchical":
            kinds.append(("regional", network.regional))
        if mode in _MAYBE_SHARDED:
            kinds.append(("pipeline", network.pipeline))
        for kind, own in kinds:
            found |= {f"{kind}_{name}": one for name, one in self.inner(kind, own, wide_area).items()}
        return found


def _field(section: Section, name: str, unit: str = "1") -> Given:
    """Return a field that always has a value, and whether the scenario or the product gave it."""
    value = 1.0 * getattr(section, name)
    if name in section.model_fields_set:
        return Given(value, unit, "scenario")
    return Given(value, unit, "default", source="farflung2026")


def _model(scenario: Scenario) -> dict[str, Given]:
    model, protocol = scenario.model, scenario.protocol
    active = model.parameters if model.active_parameters is None else model.active_parameters
    return {
        "parameters": Given(model.parameters, "parameters", "scenario"),
        "active_parameters": Given(active, "parameters", "scenario"),
        "expert_layers": _field(model, "moe_layers"),
        "expert_parallelism": _field(model, "expert_parallelism"),
        "local_batch": _field(protocol, "local_batch", "token"),
        "micro_batches": _field(protocol, "micro_batches"),
        "nodes_per_group": _field(protocol, "nodes_per_group"),
        "activation_compression_ratio": _field(protocol, "activation_compression"),
    }


def _nodes(nodes: Nodes, believed: Assumptions) -> dict[str, Given]:
    found = {
        "nodes": _field(nodes, "count"),
        "model_flop_utilisation": _field(nodes, "mfu"),
    }
    if nodes.hardware is None:
        # A node described directly counts as one chip, so that cost and power need no second path.
        return found | {
            "chips_per_node": Given(1.0, "1", "scenario"),
            "chip_peak": Given(nodes.peak, "FLOP/s", "scenario"),
            "chip_memory": Given(nodes.memory, "byte", "scenario"),
            "chip_power": Given(nodes.power, "W", "scenario"),
            "chip_price": Given(nodes.price, "USD", "scenario"),
            "chip_performance": Given(None, "FLOP/s*bit", "scenario"),
        }
    found |= chip_givens(nodes.hardware, nodes.precision, believed.hardware_sources)
    for name, value, unit in (("chip_price", nodes.price, "USD"), ("chip_power", nodes.power, "W")):
        if value is not None:
            found[name] = Given(value / found["chips_per_node"].value, unit, "scenario")
    return found


def _tables(scenario: Scenario, believed: Assumptions, error_feedback: bool) -> dict[str, Given]:
    compression = "compression_error_feedback" if error_feedback else "compression_plain"
    found = {}
    for name, table in (("activation_table", "activation"), ("compression_table", compression)):
        if table in believed.tables:
            quality = believed.tables[table]
            column = quality.columns[scenario.protocol.compression_scenario]
            found[name] = Given(column, "", believed.name, source=quality.source)
    return found


def givens(scenario: Scenario) -> Givens:
    """Return the named numbers that a scenario and its assumption set give the model.

    Raises
    ------
    InputError
        If the hardware or the assumption set is unknown, or the chip lacks the precision.
    """
    believed = load_assumptions(scenario.assumptions)
    protocol, reader = scenario.protocol, _Reader(scenario, believed)
    coefficients = _set_givens(scenario.assumptions)
    number_format = FORMAT_OF_PRECISION[scenario.nodes.precision]
    values = {
        **coefficients,
        "bytes_per_parameter": coefficients[f"bytes_per_parameter_{number_format}"],
        "pseudo_gradient_bits": coefficients[f"pseudo_gradient_bits_{number_format}"],
        **_model(scenario),
        **_nodes(scenario.nodes, believed),
        **reader.links(),
        "compression_ratio": reader.take("protocol.compression", protocol.compression, "1"),
    }
    # What the scenario fixes is given; what it leaves open the model answers.
    if protocol.inner_steps is not None and protocol.mode != "data_parallel":
        values["inner_steps"] = Given(1.0 * protocol.inner_steps, "1", "scenario")
    if protocol.pipeline_stages is not None and protocol.mode in _MAYBE_SHARDED:
        values["pipeline_stages"] = Given(1.0 * protocol.pipeline_stages, "1", "scenario")
    if scenario.tokens is not None:
        values["tokens"] = Given(scenario.tokens, "token", "scenario")
    if scenario.unique_tokens is not None:
        values["unique_tokens"] = Given(scenario.unique_tokens, "token", "scenario")
    if scenario.tokens is None or scenario.duration is not None:
        name = "duration" if scenario.tokens is None else "duration_limit"
        values[name] = reader.take("duration", scenario.duration, "s")
    stragglers = reader.take("protocol.stragglers", protocol.stragglers, "").value
    feedback = reader.take("protocol.error_feedback", protocol.error_feedback, "1")
    error_feedback = feedback.value
    values["error_feedback"] = Given(float(error_feedback), "1", feedback.origin, source=feedback.source)
    values |= _tables(scenario, believed, error_feedback)
    return Givens(values, tuple(reader.filled), believed, stragglers, error_feedback)
