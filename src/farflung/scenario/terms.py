"""The terms in which a scenario is handed to the model: given numbers, and what was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from farflung.catalog import Record
from farflung.scenario.assumptions import Assumptions


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
    coefficient: str = ""
    """Name of the coefficient it is; the model may know one under a shorter name of its own."""


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
