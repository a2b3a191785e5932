"""Nodes: from '16x GH200' to the figures of the catalog."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from farflung.base.errors import InputError, closest, unknown
from farflung.catalog import Record, chip, chips, pods
from farflung.physics.rating import total_processing_performance
from farflung.scenario.input import Input

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
        text = text[:60]
        guess = closest(text, [*(f"16x {name}" for name in chips()), *pods()])
        if (alone := closest(text, chips())) and text.casefold() in alone.casefold():
            guess = f"16x {alone}"
        raise InputError(
            "nodes.hardware", f"unknown node '{text}'", nearest=f"'{guess}'" if guess else "'16x GH200'"
        )
    name = match[2]
    if len(match[1]) > len(str(_MOST_CHIPS)):
        raise InputError("nodes.hardware", "a node cannot have so many chips", nearest=f"1 to {_MOST_CHIPS}")
    count = int(match[1])
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
def chip_inputs(text: str, precision: str, preferred: tuple[str, ...]) -> Mapping[str, Input]:
    """Return what the catalog says of a node's chips, in the preferred sources' figures."""
    count, name = hardware(text)
    part = chip(name, "nodes.hardware")
    peak = part.rate(precision, preferred)
    memory, power, price = (part.get(field, preferred) for field in ("memory", "power", "price"))
    return {
        "chips_per_node": Input(float(count), "1", "scenario"),
        "chip_peak": Input(peak.in_unit("FLOP/s"), "FLOP/s", "catalog", peak),
        "chip_memory": _from_record(memory, "byte"),
        "chip_power": _from_record(power, "W"),
        "chip_price": _from_record(price, "USD"),
        "chip_performance": _performance(name, preferred),
        **({"host_cost_factor": _HOST_INCLUDED} if price and price.includes_server else {}),
    }


_HOST_INCLUDED = Input(1.0, "1", "catalog", source="farflung2026")
"""What a price that buys the server too is multiplied by for the server."""


def _from_record(record: Record | None, unit: str) -> Input:
    return Input(record.in_unit(unit) if record else None, unit, "catalog", record)


@lru_cache(maxsize=8)
def reference_performance(preferred: tuple[str, ...]) -> Input:
    """Return the total processing performance of the chip that rules count in: the H100."""
    return _performance("H100 SXM", preferred)


def _performance(name: str, preferred: tuple[str, ...]) -> Input:
    part = chip(name)
    performance = total_processing_performance(rates=part.dense_rates(preferred))
    return Input(performance, "FLOP/s*bit", "catalog", source=part.rate("fp16", preferred).source)
