"""The one formatter: numbers and quantities as a person reads them."""

from __future__ import annotations

import math
from typing import Any

ABSENT = "–"
"""Shown for what does not exist or is not known."""
_PREFIXES = tuple(
    (10.0**power, prefix) for power, prefix in zip(range(24, -1, -3), [*"YZEPTGMk", ""], strict=True)
)
_PREFIXED = {"bit/s": "bit/s", "bit": "bit", "byte": "B", "FLOP/s": "FLOP/s", "W": "W", "J": "J"}
_COUNT_WORDS = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"))
_TIMES = (
    (86400.0 * 1.5, 86400.0, "days"), (5400.0, 3600.0, "hours"), (120.0, 60.0, "min"), (1.0, 1.0, "s"),
)  # fmt: skip
"""From which length on [s] a time is shown in which unit."""
_COUNTED = {"token": " tokens", "parameters": " parameters"}


def format_quantity(value: float, unit: str) -> str:
    """Return ``value`` [``unit``] as a person would write it, to four significant digits.

    Examples
    --------
    >>> format_quantity(63936000.0, "s"), format_quantity(1e8, "bit/s"), format_quantity(30.7e6, "USD")
    ('740 days', '100 Mbit/s', '$30.7 million')
    >>> format_quantity(1.019e25, "FLOP")
    '1.019e+25 FLOP'
    """
    if unit == "USD":
        return f"${_counted(value)}" if value >= 0 else f"−${_counted(-value)}"
    if unit == "s":
        return _format_time(value)
    if unit in _PREFIXED:
        scale, prefix = next(((s, p) for s, p in _PREFIXES if abs(value) >= s), (1.0, ""))
        return f"{format_digits(value / scale)} {prefix}{_PREFIXED[unit]}"
    if unit in _COUNTED:
        return _counted(value) + _COUNTED[unit]
    if unit == "FLOP":
        return f"{value:.4g} FLOP"
    return format_digits(value) if unit in {"1", ""} else f"{format_digits(value)} {unit}"


def format_value(value: Any, unit: str = "") -> str:
    """Return a value of any kind as a person reads it; what does not exist is a dash."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_quantity(value, unit) if unit and isinstance(value, int | float) else str(value)


def format_short(value: Any, unit: str) -> str:
    """Return a value as a person reads it under a title that says what it is: ``4.1T``, ``$15.6M``."""
    text = format_value(value, unit)
    for word in (" FLOP", " tokens", " parameters"):
        text = text.removesuffix(word)
    for word, letter in ((" million", "M"), (" billion", "B"), (" trillion", "T")):
        text = text.removesuffix(word) + letter if text.endswith(word) else text
    return text


def format_share(value: float) -> str:
    """Return a share as a percentage; only all of it is 100 %, and only nothing 0 %.

    Examples
    --------
    >>> format_share(0.036), format_share(0.99996), format_share(0.0)
    ('3.6%', '> 99.9%', '0%')
    """
    if 0.0 < value < 0.0005:
        return "< 0.1%"
    if 0.9995 <= value < 1.0:
        return "> 99.9%"
    return f"{value:.1%}" if 0.0 < value < 1.0 else f"{value:.0%}"


def format_digits(value: float) -> str:
    """Return a plain number to four significant digits."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-4 <= abs(value) < 1e9:
        decimals = max(0, 3 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.4g}"


def _counted(value: float) -> str:
    for scale, word in _COUNT_WORDS:
        if scale <= abs(value) < scale * 1e5:
            return format_digits(value / scale) + word
    return format_digits(value)


def _format_time(value: float) -> str:
    for least, scale, name in _TIMES:
        if abs(value) >= least:
            return f"{format_digits(value / scale)} {name}"
    return f"{format_digits(value * 1e3)} ms"
