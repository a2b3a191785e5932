"""How figures write the numbers along an axis: the unit that is easiest to read, and round ticks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from farflung.base.units import factor
from farflung.report.figures.words import brief, scientific

_PHYSICAL = {
    "s": ("day", "hour", "min", "s"),
    "bit/s": ("Tbit/s", "Gbit/s", "Mbit/s", "kbit/s", "bit/s"),
    "bit": ("Tbit", "Gbit", "Mbit", "kbit", "bit"),
    "byte": ("TB", "GB", "MB", "kB", "B"),
    "FLOP/s": ("EFLOP/s", "PFLOP/s", "TFLOP/s", "GFLOP/s", "FLOP/s"),
    "W": ("GW", "MW", "kW", "W"),
    "J": ("PJ", "TJ", "GJ", "MJ", "kJ", "J"),
}
_COUNTED = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1.0, ""))
_NOUNS = {"token": "tokens", "parameters": "parameters"}
_PLURALS = {"day": "days", "hour": "hours"}


_DECADES = 100.0
"""Ratio of the largest to the smallest sum of money above which each tick has its own unit."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How the numbers of one unit are written along an axis: over a divisor, with the unit in the title."""

    divisor: float
    unit: str
    write: Callable[[float], str] | None = None

    def text(self, value: float) -> str:
        """Return the label of a tick."""
        if self.write is not None:
            return self.write(value)
        number = value / self.divisor
        if number and not 1e-3 <= abs(number) < 1e6:
            return scientific(number, 2)
        return f"{float(f'{number:.6g}'):,.12g}"

    def titled(self, title: str, *, log: bool = False) -> str:
        """Return the title of an axis, with the unit."""
        return (f"{title} [{self.unit}]" if self.unit else title) + (", logarithmic" if log else "")


def scale_of(values: Iterable[float], unit: str, *, power: bool = False) -> Scale:
    """Return the scale on which values are easiest to read.

    Parameters
    ----------
    values
        Values of the axis [``unit``].
    unit
        Their unit, as the model holds it.
    power
        Take a power of ten out of compute, so that its labels are short.
    """
    sizes = np.abs(np.asarray(list(values), dtype=np.float64))
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    if not sizes.size:
        return Scale(1.0, "" if unit == "1" else unit)
    low, high = float(sizes.min()), float(sizes.max())
    if unit in _PHYSICAL:
        units = [(factor(name, unit), _PLURALS.get(name, name)) for name in _PHYSICAL[unit]]
        return Scale(*next((size for size in units if math.sqrt(low * high) >= size[0]), units[-1]))
    if unit == "USD":
        size, word = next((size for size in _COUNTED if high >= 30 * size[0]), _COUNTED[-1])
        return Scale(1.0, "$", brief) if high > _DECADES * low else Scale(size, f"$ {word}".strip())
    if unit in _NOUNS:
        size, word = next((size for size in _COUNTED if math.sqrt(low * high) >= size[0]), _COUNTED[-1])
        return Scale(size, f"{word} {_NOUNS[unit]}".strip())
    if unit == "FLOP":
        size = 10.0 ** math.floor(math.log10(high))
        return Scale(size, f"{scientific(size)} FLOP") if power else Scale(1.0, unit, scientific)
    return Scale(1.0, "" if unit == "1" else unit)


def ticks(low: float, high: float, *, log: bool, most: int = 8) -> list[float]:
    """Return round numbers along an axis, one or two beyond its ends."""
    if not low < high:
        return [low]
    if not log or high / low < 1.9:
        step = _nice((high - low) / most)
        first = math.floor(low / step)
        return [float(f"{step * k:.12g}") for k in range(first, math.ceil(high / step) + 1)]
    bottom, top = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
        numbers = [float(f"{k}e{power}") for power in range(bottom, top + 1) for k in steps]
        if sum(low <= number <= high for number in numbers) <= most:
            return numbers
    every = math.ceil((top - bottom) / most)
    return [float(f"1e{power}") for power in range(bottom, top + 1, every)]


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next((k * power for k in (1.0, 2.0, 2.5, 5.0) if k * power >= step), 10.0 * power)


def scaled_ticks(ends: Sequence[float], scale: Scale, *, log: bool, most: int = 8) -> list[float]:
    """Return values that are round numbers on a scale, from about one end of an axis to the other."""
    low, high = (end / scale.divisor for end in ends)
    return [number * scale.divisor for number in ticks(low, high, log=log, most=most)]


def numeric_axis(
    ends: Sequence[float], scale: Scale, *, log: bool, most: int = 8, title: str = ""
) -> dict[str, Any]:
    """Return type, range, ticks and title of an axis between two values; the title carries the unit."""
    at = scaled_ticks(ends, scale, log=log, most=most)
    return {
        "type": "log" if log else "linear",
        "range": [math.log10(end) for end in ends] if log else list(ends),
        "tickvals": at,
        "ticktext": [scale.text(value) for value in at],
        "title": {"text": scale.titled(title, log=log) if title else ""},
    }


def widened(
    low: float, high: float, *, log: bool, before: float, after: float | None = None
) -> tuple[float, float]:
    """Return the ends of an axis: those of what it shows, and room beyond as a share of what it spans."""
    if log:
        low, high = math.log10(low), math.log10(high)
    span = (high - low) or (0.05 if log else abs(high) or 1.0)
    ends = low - before * span, high + (before if after is None else after) * span
    return (10 ** ends[0], 10 ** ends[1]) if log else ends
