"""From a scenario and its assumption set to the named numbers the model starts from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from farflung.base.errors import InputError, closest, unknown
from farflung.base.units import parse
from farflung.catalog import Record, chip, chips, pods
from farflung.catalog.chips import FORMAT_OF_PRECISION
from farflung.physics.rating import total_processing_performance
from farflung.scenario.assumptions import Assumptions, load_assumptions
from farflung.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Given:
    """A number the model starts from, and where it comes from."""

    value: Any
    unit: str
    origin: str
    """``scenario``, ``default``, the name of an assumption set, or ``catalog``."""
    record: Record | None = None
    source: str = ""
    """Source key where there is no single record, as for a table."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A field the scenario left out, and what was taken instead."""

    field: str
    value: Any
    why: str


@dataclass(frozen=True, slots=True)
class Givens:
    """Everything a scenario and its assumption set say, by the names the model uses."""

    values: Mapping[str, Given]
    filled: tuple[Filled, ...]
    assumptions: Assumptions
    stragglers: str
    error_feedback: bool


_NODE = re.compile(r"\s*(\d+)\s*[x×]\s*(.+?)\s*", re.IGNORECASE)
_MOST_CHIPS = 10_000_000


@lru_cache(maxsize=1024)
def hardware(text: str) -> tuple[int, str]:
    """Return the number of chips and the chip's name that a node description means.

    Raises
    ------
    InputError
        If it is neither '<count>x <chip>' nor the name of a standard pod.
    """
    if text in pods():
        return pods()[text].chips, pods()[text].chip
    match = _NODE.fullmatch(text)
    if match is None:
        guess = closest(text, [*pods(), *(f"16x {name}" for name in chips())])
        raise InputError(
            "nodes.hardware", f"unknown node '{text}'", nearest=f"'{guess}'" if guess else "'16x GH200'"
        )
    count, name = int(match[1]), match[2]
    if name not in chips():
        guess = closest(name, chips())
        if guess is None:
            raise unknown("nodes.hardware", "chip", name, chips())
        raise InputError("nodes.hardware", f"unknown node '{text}': did you mean '{count}x {guess}'?")
    if not 1 <= count <= _MOST_CHIPS:
        raise InputError(
            "nodes.hardware", f"a node cannot have {count} chips", nearest=f"1 to {_MOST_CHIPS} chips"
        )
    return count, name


@lru_cache(maxsize=1024)
def _chip_givens(text: str, precision: str, preferred: tuple[str, ...]) -> Mapping[str, Given]:
    """Return what the catalog says of a node's chips, in the preferred sources' figures."""
    count, name = hardware(text)
    part = chip(name, "nodes.hardware")
    peak = part.rate(precision, preferred)
    memory, power, price = (part.get(field, preferred) for field in ("memory", "power", "price"))
    return {
        "chips_per_node": Given(float(count), "1", "scenario"),
        "chip_peak": Given(peak.in_unit("FLOP/s"), "FLOP/s", "catalog", peak),
        "chip_memory": _from_record(memory, "byte"),
        "chip_power": _from_record(power, "W"),
        "chip_price": _from_record(price, "USD"),
        "chip_performance": Given(
            total_processing_performance(rates=part.dense_rates(preferred)), "FLOP/s*bit", "catalog"
        ),
    }


def _from_record(record: Record | None, unit: str) -> Given:
    return Given(record.in_unit(unit) if record else None, unit, "catalog", record)


@lru_cache(maxsize=64)
def _set_givens(assumptions_name: str) -> Mapping[str, Given]:
    """Return the coefficients of a set, and the reference chip that rules count by."""
    believed = load_assumptions(assumptions_name)
    reference = chip("H100 SXM").dense_rates(believed.hardware_sources)
    return {
        **{
            name: Given(value, unit, believed.name, believed.coefficients[name])
            for name, (value, unit) in believed.values.items()
        },
        "reference_performance": Given(
            total_processing_performance(rates=reference), "FLOP/s*bit", "catalog"
        ),
    }


def givens(scenario: Scenario) -> Givens:
    """Return the named numbers that a scenario and its assumption set give the model.

    Raises
    ------
    InputError
        If the hardware or the assumption set is unknown, or the chip lacks the precision.
    """
    believed = load_assumptions(scenario.assumptions)
    filled: list[Filled] = []

    def take(field: str, value: Any, unit: str, fallback: Any = None, why: str = "") -> Given:
        if value is not None:
            return Given(value, unit, "scenario")
        if field in believed.defaults:
            fallback, why = believed.defaults[field], f"default of {believed.name}"
            if isinstance(fallback, str) and unit:
                fallback = parse(fallback, unit)
        filled.append(Filled(field, fallback, why))
        return Given(fallback, unit, believed.name if why.startswith("default") else "default")

    model, nodes, network, protocol = scenario.model, scenario.nodes, scenario.network, scenario.protocol
    values = dict(_set_givens(scenario.assumptions))
    number_format = FORMAT_OF_PRECISION[nodes.precision]
    upload = Given(network.upload, "bit/s", "scenario")
    download = take("network.download", network.download, "bit/s", network.upload, "as upload")
    regional, pipeline = network.regional, network.pipeline
    values |= {
        "bytes_per_parameter": values[f"bytes_per_parameter_{number_format}"],
        "pseudo_gradient_bits": values[f"pseudo_gradient_bits_{number_format}"],
        "parameters": Given(model.parameters, "parameters", "scenario"),
        "active_parameters": Given(
            model.parameters if model.active_parameters is None else model.active_parameters,
            "parameters",
            "scenario",
        ),
        "expert_layers": Given(float(model.moe_layers), "1", "scenario"),
        "expert_parallelism": Given(float(model.expert_parallelism), "1", "scenario"),
        "nodes": Given(float(nodes.count), "1", "scenario"),
        "model_flop_utilisation": Given(nodes.mfu, "1", "scenario"),
        "upload_bandwidth": upload,
        "download_bandwidth": download,
        "latency": Given(network.latency, "s", "scenario"),
        "local_batch": Given(protocol.local_batch, "token", "scenario"),
        "micro_batches": Given(float(protocol.micro_batches), "1", "scenario"),
        "nodes_per_group": Given(float(protocol.nodes_per_group), "1", "scenario"),
        "activation_compression_ratio": Given(protocol.activation_compression, "1", "scenario"),
        "compression_ratio": take("protocol.compression", protocol.compression, "1"),
    }
    if protocol.mode == "hierarchical":
        same = "as the wide-area link"
        values |= {
            "regional_upload_bandwidth": take(
                "network.regional.upload", regional.upload, "bit/s", network.upload, same
            ),
            "regional_download_bandwidth": take(
                "network.regional.download", regional.download, "bit/s", download.value, same
            ),
            "regional_latency": take(
                "network.regional.latency", regional.latency, "s", network.latency, same
            ),
        }
    if protocol.mode in {"auto", "pipeline_groups", "wide_area_pipeline"}:
        slower = min(network.upload, download.value)
        values["pipeline_bandwidth"] = take(
            "network.pipeline.bandwidth",
            pipeline.bandwidth,
            "bit/s",
            slower,
            "the slower wide-area direction",
        )
        values["pipeline_latency"] = take(
            "network.pipeline.latency", pipeline.latency, "s", network.latency, "as the wide-area link"
        )
    if nodes.hardware is not None:
        values |= _chip_givens(nodes.hardware, nodes.precision, believed.hardware_sources)
        if nodes.price is not None:
            per_chip = nodes.price / values["chips_per_node"].value
            values["chip_price"] = Given(per_chip, "USD", "scenario")
    else:
        # A node described directly counts as one chip, so that cost and power need no second path.
        values |= {
            "chips_per_node": Given(1.0, "1", "scenario"),
            "chip_peak": Given(nodes.peak, "FLOP/s", "scenario"),
            "chip_memory": Given(nodes.memory, "byte", "scenario"),
            "chip_power": Given(nodes.power, "W", "scenario"),
            "chip_price": Given(nodes.price, "USD", "scenario"),
            "chip_performance": Given(None, "FLOP/s*bit", "scenario"),
        }
    if protocol.inner_steps is not None:
        values["inner_steps"] = Given(float(protocol.inner_steps), "1", "scenario")
    if protocol.pipeline_stages is not None:
        values["pipeline_stages"] = Given(float(protocol.pipeline_stages), "1", "scenario")
    if scenario.tokens is not None:
        values["tokens"] = Given(scenario.tokens, "token", "scenario")
    if scenario.tokens is None or scenario.duration is not None:
        name = "duration" if scenario.tokens is None else "duration_limit"
        values[name] = take("duration", scenario.duration, "s")
    stragglers = take("protocol.stragglers", protocol.stragglers, "").value
    error_feedback = take("protocol.error_feedback", protocol.error_feedback, "").value
    kind = "compression_error_feedback" if error_feedback else "compression_plain"
    for name, table in (("activation_table", "activation"), ("compression_table", kind)):
        if table in believed.tables:
            quality = believed.tables[table]
            column = quality.columns[protocol.compression_scenario]
            values[name] = Given(column, "", believed.name, source=quality.source)
    return Givens(values, tuple(filled), believed, stragglers, error_feedback)
