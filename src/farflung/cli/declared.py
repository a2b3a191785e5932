"""How a scenario file writes the value of a field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from farflung.base.fields import BARE_UNITS, Field
from farflung.base.units import example


def toml_text(field: Field, value: Any) -> str:
    """Return a value of a field as TOML, shortest where nothing is lost."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _number(value) if field.unit in BARE_UNITS else _quoted(field.format(value))
    return _quoted(str(value))


def _quoted(text: str) -> str:
    # A JSON string that keeps its characters is a TOML basic string.
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """Return a number as TOML, short where nothing is lost: 1.6e11, 131072, 0.4."""
    short = f"{value:.6g}".replace("e+", "e")
    return short if float(short) == value else repr(value)


def example_of(field: Field, known: Mapping[str, Field]) -> str:
    """Return how a field without default is written, as TOML, or what to put there.

    A field of the same name elsewhere lends its default: the latency of a pipeline is written like that of
    the network.
    """
    last = field.path.rpartition(".")[2]
    for other in known.values():
        if other.path.rpartition(".")[2] == last and other.unit == field.unit and other.has_default:
            return toml_text(other, other.default)
    if field.unit in BARE_UNITS:
        return "<number>" if field.numeric else '"<text>"'
    return _quoted(example(field.unit))
