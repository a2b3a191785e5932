"""Quantities that are measured of runs: their units, how their errors are taken, and how both are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farflung.base.format import format_quantity


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity whose error is a difference, as for shares and losses, or a ratio less one."""

    unit: str
    difference: bool = False

    @property
    def share(self) -> bool:
        """Return whether it is a share, written in per cent."""
        return self.difference and self.unit == "1"

    def error(self, predicted: float, measured: float) -> float:
        """Return by how much a prediction is off."""
        return predicted - measured if self.difference else predicted / measured - 1.0

    def format(self, value: float) -> str:
        """Return a value as a person reads it."""
        if self.share:
            return f"{_rounded(100 * value):.3g} %"
        if self.unit == "1":
            return f"{value:,.0f}" if value >= _MANY else f"{value:.3g}"
        if self.unit == "nats":
            return f"{_rounded(value):.3f} nats"
        if self.unit == "bit/s":
            return format_quantity(float(f"{value:.3g}"), self.unit)
        return f"{_rounded(value):.3g} {'days' if self.unit == 'day' else self.unit}"

    def format_error(self, error: float) -> str:
        """Return an error as a person reads it: in nats, percentage points, or per cent."""
        if self.unit == "nats":
            return f"{_rounded(error, 3):+.3f} nats"
        if self.difference:
            return f"{_rounded(100 * error, 1):+.1f} points"
        return f"{_rounded(100 * error, 0):+.0f} %"

    def format_with_error(self, predicted: float, measured: float) -> str:
        """Return a prediction and by how much it is off."""
        return f"{self.format(predicted)} ({self.format_error(self.error(predicted, measured))})"

    def format_size(self, error: float) -> str:
        """Return the size of an error, without its sign."""
        return self.format_error(abs(error)).removeprefix("+")


_MANY = 100.0
_SHARE = Quantity("1", difference=True)
BETWEEN = "utilisation, 10 to 90 %"
"""The rows of utilisation in which being right is hardest."""
QUANTITIES: Mapping[str, Quantity] = {
    "utilisation": _SHARE,
    BETWEEN: _SHARE,
    "MFU": _SHARE,
    "goodput": _SHARE,
    "goodput from elastic": _SHARE,
    "committed share": _SHARE,
    "efficiency": _SHARE,
    "throughput share": _SHARE,
    "synchronisation time": Quantity("s"),
    "step time": Quantity("s"),
    "round time": Quantity("s"),
    "spread of exchange times": Quantity("1"),
    "outer rounds": Quantity("1"),
    "days": Quantity("day"),
    "training FLOP": Quantity("FLOP"),
    "bandwidth": Quantity("bit/s"),
    "participants": Quantity("replicas"),
    "alive": Quantity("replicas"),
    "loss from delay": Quantity("nats", difference=True),
}
"""Everything that is compared, by name. The spread is the 95th over the 5th percentile."""


def _rounded(value: float, digits: int = 6) -> float:
    """Return a value without its last bits, which must not decide how it is written, and never minus zero."""
    return round(round(value, 6), digits) + 0.0
