"""How figures write names, numbers and units."""

from __future__ import annotations

import html
import math
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from farflung.base.fields import fields_of
from farflung.base.format import format_quantity
from farflung.base.units import factor
from farflung.outcome import OUTPUTS
from farflung.scenario import Scenario

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_NARROW = "\u00a0"
"""A space at which no line breaks."""
_ACRONYMS = frozenset({"ai", "bis", "eo", "eu", "miri", "raise", "sb", "us"})
_DIGITS = 3
_NUMBER = re.compile(r"\d[\d,]*\.\d+(?!e)")
_MARK = re.compile(r"</?\w+[^<>]*>|&\w+;")
_PRIVATE = 0xF0000
"""First of the code points that stand for marks while text is broken into lines."""

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
_LETTERS = {" million": "M", " billion": "B", " trillion": "T", "e+": "e"}
_NOUNS = {"USD": "$", "token": "tokens", "parameters": "parameters"}
_PLURALS = {"day": "days", "hour": "hours"}


def plain(text: str) -> str:
    """Return text that a figure shows as it is, whatever marks it holds."""
    return html.escape(text, quote=False)


def wrapped(text: str, width: int, most: int = 4) -> list[str]:
    """Return text in lines of at most ``width`` characters, ended by an ellipsis after ``most`` of them.

    A mark (``<sub>``) or an escaped character (``&lt;``) is never broken, and counts as one character.
    """
    marks: list[str] = []

    def kept(found: re.Match[str]) -> str:
        marks.append(found[0])
        return chr(_PRIVATE + len(marks) - 1)

    short = _MARK.sub(kept, text)
    lines = textwrap.wrap(short, width, max_lines=most, placeholder=" …", break_on_hyphens=False) or [""]
    return [
        "".join(marks[ord(c) - _PRIVATE] if _PRIVATE <= ord(c) < _PRIVATE + len(marks) else c for c in line)
        for line in lines
    ]


def shortened(text: str, width: int) -> str:
    """Return text that is not longer than ``width`` characters."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def scientific(value: float, digits: int = 2) -> str:
    r"""Return a number as a power of ten; round ones short, as ticks and limits are.

    Examples
    --------
    >>> scientific(1e25), scientific(5e24), scientific(7.013e24), scientific(0.0)
    ('10²⁵', '5\xa0×\xa010²⁴', '7.0\xa0×\xa010²⁴', '0')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    if math.isclose(value, float(f"{mantissa}e{exponent}"), rel_tol=1e-9) and "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
        if mantissa in {"1", "-1"}:
            return mantissa.removesuffix("1") + power
    return f"{mantissa}{_NARROW}×{_NARROW}{power}"


def shown(value: float | None, unit: str) -> str:
    """Return a value with its unit as a person reads it."""
    if value is None:
        return "none"
    if unit == "FLOP":
        return f"{scientific(value)}{_NARROW}FLOP"
    text = (
        format_quantity(value, unit)
        if unit == "s"
        else _NUMBER.sub(_to_three_digits, format_quantity(value, unit), count=1)
    )
    return text.replace(" ", _NARROW).replace("-", "−" if value < 0 else "-")


def _to_three_digits(found: re.Match[str]) -> str:
    number = float(found[0].replace(",", ""))
    return f"{float(f'{number:.{_DIGITS}g}'):,.12g}"


def bare(value: float | None, unit: str) -> str:
    """Return a value without its unit where the unit is a word, for labels beside an axis that names it."""
    text = shown(value, unit)
    for word in ("FLOP", "tokens", "parameters"):
        text = text.removesuffix(_NARROW + word)
    return text


def brief(value: float) -> str:
    """Return a number of anything in three digits, as tables and ticks have room for.

    Examples
    --------
    >>> brief(3.5e7), brief(1e10), brief(0.0166), brief(1.29e22)
    ('35M', '10B', '0.0166', '1.29e22')
    """
    text = format_quantity(float(f"{value:.{_DIGITS}g}"), "parameters").removesuffix(" parameters")
    for word, letter in _LETTERS.items():
        text = text.replace(word, letter)
    return text


def percent(share: float) -> str:
    """Return a probability in percent, never rounded to certainty."""
    if share in {0.0, 1.0}:
        return f"{share * 100:.0f}{_NARROW}%"
    if not 0.001 <= share <= 0.999:
        return f"{'<' if share < 0.5 else '>'}{_NARROW}{0.1 if share < 0.5 else 99.9}{_NARROW}%"
    digits = 1 if not 0.1 <= share <= 0.9 else 0
    return f"{share * 100:.{digits}f}{_NARROW}%".replace(f".0{_NARROW}", _NARROW)


def times(ratio: float) -> str:
    """Return a factor."""
    return f"×{_NARROW}{format_quantity(float(f'{ratio:.3g}'), '1')}"


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def symbol(output: str) -> str:
    """Return how an output is called in a title: its symbol, or its meaning where it has none.

    Examples
    --------
    >>> symbol("quality_adjusted_flop"), symbol("total_cost_usd")
    ('C<sub>quality</sub>', 'Capital and run cost together')
    """
    declared = OUTPUTS[output]
    letter, _, index = declared.symbol.partition("_")
    if not letter:
        return declared.meaning
    return f"{letter}<sub>{index}</sub>" if index else letter


def explained(output: str) -> str:
    """Return the symbol of an output with its meaning, or only that where it has no symbol."""
    meaning = OUTPUTS[output].meaning
    return f"{symbol(output)}: {meaning[0].lower()}{meaning[1:]}" if OUTPUTS[output].symbol else meaning


def rule_named(name: str) -> str:
    """Return a rule's name in words.

    Examples
    --------
    >>> rule_named("eu-ai-act"), rule_named("california-sb-53")
    ('EU AI Act', 'California SB 53')
    """
    words = name.split("-")
    return " ".join(word.upper() if word in _ACRONYMS else word.capitalize() for word in words)


@cache
def _meanings() -> dict[str, str]:
    return {path: field.meaning for path, field in fields_of(Scenario).items()}


def input_named(name: str) -> str:
    """Return the name of a field or a coefficient in words.

    Examples
    --------
    >>> input_named("network.upload"), input_named("staff_base")
    ('Upload bandwidth of a node', 'Staff base')
    """
    if name == "nodes.count":
        return "Nodes"
    if name == "protocol.compression_scenario":
        return "Outlook on compression"
    meaning = _meanings().get(name, "")
    if meaning:
        return meaning.split(";")[0].split(",")[0]
    # 'Efficiency: replica', since what comes first is what it is, and the rest of what.
    words = re.sub("^efficiency_", "efficiency: ", name).replace("_", " ").replace("flop", "FLOP")
    return capitalised(words)


def capitalised(text: str) -> str:
    """Return text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def in_sentence(words: str) -> str:
    """Return a name as it stands inside a sentence."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


@dataclass(frozen=True, slots=True)
class Scale:
    """How numbers of one unit are written along an axis: over a divisor, with a unit in the title."""

    divisor: float
    unit: str

    def text(self, value: float) -> str:
        """Return the label of a tick."""
        number = value / self.divisor
        if number and not 1e-4 <= abs(number) < 1e6:
            return scientific(number, 2)
        return f"{float(f'{number:.6g}'):,.12g}"

    def titled(self, title: str) -> str:
        """Return an axis title with the unit."""
        return f"{title} [{self.unit}]" if self.unit else title


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
    known = np.abs(np.asarray(list(values), dtype=np.float64))
    known = known[np.isfinite(known) & (known > 0)]
    if not known.size:
        return Scale(1.0, "" if unit == "1" else unit)
    middle = math.sqrt(float(known.min()) * float(known.max())) if unit != "USD" else float(known.max()) / 30
    if unit in _PHYSICAL:
        sizes = [(factor(one, unit), _PLURALS.get(one, one)) for one in _PHYSICAL[unit]]
        return Scale(*next((one for one in sizes if middle >= one[0]), sizes[-1]))
    if unit in _NOUNS:
        size, word = next((one for one in _COUNTED if middle >= one[0]), _COUNTED[-1])
        return Scale(
            size, " ".join(filter(None, (_NOUNS[unit], word) if unit == "USD" else (word, _NOUNS[unit])))
        )
    if unit == "FLOP" and power:
        exponent = math.floor(math.log10(float(known.max())))
        return Scale(10.0**exponent, f"{scientific(10.0**exponent)} FLOP")
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
        found = [float(f"{k}e{power}") for power in range(bottom, top + 1) for k in steps]
        if sum(low <= one <= high for one in found) <= most:
            return found
    every = math.ceil((top - bottom) / most)
    return [float(f"1e{power}") for power in range(bottom, top + 1, every)]


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next((k * power for k in (1.0, 2.0, 2.5, 5.0) if k * power >= step), 10.0 * power)


def scaled_ticks(values: Iterable[float], scale: Scale, *, log: bool, most: int = 8) -> list[float]:
    """Return values that are round numbers on a scale, from about the least to the greatest of some."""
    known = [one / scale.divisor for one in values if math.isfinite(one) and (one > 0 or not log)]
    found = ticks(min(known), max(known), log=log, most=most) if known else []
    return [one * scale.divisor for one in found]


def axis_of(values: Iterable[float], scale: Scale, *, log: bool, most: int = 8) -> dict[str, object]:
    """Return type and ticks of an axis that spans some values."""
    at = scaled_ticks(values, scale, log=log, most=most)
    text: Callable[[float], str] = scientific if scale.unit == "FLOP" else scale.text
    return {"type": "log" if log else "linear", "tickvals": at, "ticktext": [text(one) for one in at]}
