"""One quantity the model starts from, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from farflung.catalog.records import Record


@dataclass(frozen=True, slots=True)
class Input:
    """A quantity the model starts from, and where it comes from."""

    value: Any
    unit: str
    origin: str
    """``scenario``, ``default``, the name of an assumption set, or ``catalog``."""
    record: Record | None = None
    source: str = ""
    """Source key where there is no single record, as for a table."""
    coefficient: str = ""
    """Name of the coefficient it is; the model may know one under a shorter name of its own."""

    def with_value(self, value: Any) -> Input:
        """Return the same quantity with another value."""
        return Input(value, self.unit, self.origin, self.record, self.source, self.coefficient)
