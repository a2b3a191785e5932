"""Predictions: the model's own answer to a scenario made of what a run's source states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farflung.analysis.search import least_bandwidth
from farflung.base.errors import InputError
from farflung.catalog.runs import Case
from farflung.outcome.batch import evaluate_batch
from farflung.physics.compute import compute_time
from farflung.scenario import Scenario, load_assumptions

OUTPUTS: Mapping[str, tuple[str, float]] = {
    "utilisation": ("utilisation", 1.0),
    "MFU": ("utilisation", 1.0),
    "synchronisation time": ("synchronisation_time_s", 1.0),
    "step time": ("compute_time_s", 1.0),
    "round time": ("outer_round_time_s", 1.0),
    "outer rounds": ("outer_rounds", 1.0),
    "days": ("duration_s", 1.0 / 86_400.0),
    "training FLOP": ("throughput_flop", 1.0),
    "bandwidth": ("utilisation", 1.0),
}
"""For every quantity that is predicted the output behind it, and the factor between their units."""
_BITS = "pseudo_gradient_bits_fp16"
_EXABYTE = 1e18
_ANY_PEAK, _ANY_LINK = 1e15, 1e9
_BY_SPREAD = "order_statistics"
_ALIKE = frozenset(
    {"shaped-links", "consumer", "clusters", "charles-table-6", "streaming-table-4", "eager-table-5"}
)
"""Groups whose nodes and links are alike by construction: no belief about scattered sites bears on them."""
_DEFAULT_BATCH = 131_072.0
"""Tokens of a step where they are not stated; the time of the step is, so that nothing depends on it."""


def predict(case: Case, assumptions: str, coefficients: Mapping[str, float] | None = None) -> float | None:
    """Return what the model says of a run's figure under an assumption set, in the figure's unit.

    Parameters
    ----------
    case
        The figure.
    assumptions
        Name of the set.
    coefficients
        Those that are known better than by the set, as for :func:`farflung.outcome.batch.answers`.

    Raises
    ------
    InputError
        If the row does not state what its quantity needs.
    """
    scenario = scenario_of(case, assumptions)
    if case.quantity == "bandwidth":
        if case.utilisation is None or _sent(case, assumptions):
            raise InputError(f"{case.group}, {case.run}", "states no utilisation, or more than 16 bits")
        try:
            return least_bandwidth(scenario, case.utilisation).bandwidth
        except InputError as error:
            if error.field != "utilisation":
                raise
            return None  # no bandwidth that is searched gives it: an answer, not a fault
    output, scale = OUTPUTS[case.quantity]
    fields = {**_sent(case, assumptions), **(coefficients or {})}
    value = float(evaluate_batch(scenario, fields, [output])[output]) * scale
    return value * scenario.nodes.mfu if case.quantity == "MFU" else value


def scenario_of(case: Case, assumptions: str) -> Scenario:
    """Return the scenario that a run's stated inputs make; what is not stated stays at its default.

    A node is its chips where those are stated. Where the time of a step is, the node is one that takes just
    that long, and its memory, which bears on nothing here, is large enough.
    """
    sent = _sent_bits(case, assumptions)
    protocol: dict[str, Any] = {"mode": case.mode, "streaming": case.overlap}
    if case.mode == "flat" and case.inner_steps is not None:
        protocol["inner_steps"] = case.inner_steps
    if case.local_batch is not None:
        protocol["local_batch"] = case.local_batch
    if sent is not None:
        protocol["compression"] = sent[1]
    if case.group in _ALIKE and load_assumptions(assumptions).defaults["protocol.stragglers"] == _BY_SPREAD:
        protocol["stragglers"] = "threshold"
    link = {"upload": case.upload or _ANY_LINK, "download": case.download, "latency": case.latency}
    table: dict[str, Any] = {
        "assumptions": assumptions,
        "model": {"parameters": case.parameters},
        "nodes": {"count": case.nodes, "hardware": case.hardware, "mfu": case.mfu},
        "network": _with_units(link, {"upload": "bit/s", "download": "bit/s", "latency": "s"}),
        "protocol": protocol,
        "tokens": case.tokens,
    }
    if case.hardware is None:
        table["nodes"] |= {"mfu": case.mfu or 1.0, "memory": f"{_EXABYTE} byte", "peak": _peak(case)}
    return Scenario.read(_stated(table))


def _peak(case: Case) -> str:
    """Return the throughput with which a step takes the stated time."""
    if case.step_seconds is None:
        return f"{_ANY_PEAK} FLOP/s"  # nothing that is predicted of such runs depends on it
    operations = compute_time(
        active_parameters=case.parameters,
        local_batch=case.local_batch or _DEFAULT_BATCH,
        node_peak=1.0,
        model_flop_utilisation=case.mfu or 1.0,
    )
    return f"{float(operations / case.step_seconds)!r} FLOP/s"


def _sent_bits(case: Case, assumptions: str) -> tuple[float, float] | None:
    """Return the uncompressed bits of a pseudo-gradient value and the compression ratio of a run."""
    if case.bits is None:
        return None
    whole = max(load_assumptions(assumptions).values[_BITS][0], case.bits)
    return whole, whole / case.bits


def _sent(case: Case, assumptions: str) -> dict[str, Any]:
    """Return the coefficients that a run's own number of bits replaces, where it is more than 16."""
    sent = _sent_bits(case, assumptions)
    whole = load_assumptions(assumptions).values[_BITS][0]
    return {} if sent is None or sent[0] == whole else {f"assumptions.{_BITS}": sent[0]}


def _with_units(values: Mapping[str, float | None], units: Mapping[str, str]) -> dict[str, str]:
    return {name: f"{value!r} {units[name]}" for name, value in values.items() if value is not None}


def _stated(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without what is not stated."""
    return {
        key: _stated(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value is not None
    }
