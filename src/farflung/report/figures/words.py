"""How figures write names, numbers and units."""

from __future__ import annotations

import html
import math
import re
import textwrap
from collections.abc import Iterable
from functools import cache

from farflung.base.fields import fields_of
from farflung.base.format import format_quantity
from farflung.outcome import OUTPUTS
from farflung.scenario import Scenario

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_NO_BREAK = "\u00a0"
"""A space at which no line breaks."""
_ACRONYMS = frozenset({"ai", "bis", "eo", "eu", "miri", "raise", "sb", "us"})
_DIGITS = 3
_NUMBER = re.compile(r"\d[\d,]*\.\d+(?!e)")
_MARK = re.compile(r"</?\w+[^<>]*>|&\w+;")
_PRIVATE = 0xF0000
"""First of the code points that stand for marks while text is broken into lines."""
_LETTERS = {" million": "M", " billion": "B", " trillion": "T", "e+": "e"}


def escaped(text: str) -> str:
    """Return text that a figure shows as it is, whatever marks it holds."""
    return html.escape(text, quote=False)


def wrapped(text: str, width: int, most: int = 4) -> list[str]:
    """Return text in lines of at most ``width`` characters, ended by an ellipsis after ``most`` of them.

    A mark (``<sub>``) or an escaped character (``&lt;``) is never broken, and counts as one character.
    """
    marks: list[str] = []

    def stand_in(mark: re.Match[str]) -> str:
        marks.append(mark[0])
        return chr(_PRIVATE + len(marks) - 1)

    short = _MARK.sub(stand_in, text)
    lines = textwrap.wrap(short, width, max_lines=most, placeholder=" …", break_on_hyphens=False) or [""]
    return [
        "".join(marks[ord(c) - _PRIVATE] if _PRIVATE <= ord(c) < _PRIVATE + len(marks) else c for c in line)
        for line in lines
    ]


def shortened(text: str, width: int) -> str:
    """Return text that is not longer than ``width`` characters."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def scenario_label(name: str, width: int = 60) -> str:
    """Return the name of a scenario, as long as there is room for."""
    return escaped(shortened(name or "Unnamed scenario", width))


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
    return f"{mantissa}{_NO_BREAK}×{_NO_BREAK}{power}"


def quantity(value: float | None, unit: str) -> str:
    """Return a value with its unit as a person reads it."""
    if value is None:
        return "none"
    if unit == "FLOP":
        return f"{scientific(value)}{_NO_BREAK}FLOP"
    text = format_quantity(value, unit)
    if unit != "s":
        text = _NUMBER.sub(_to_three_digits, text, count=1)
    return text.replace(" ", _NO_BREAK).replace("-", "−" if value < 0 else "-")


def _to_three_digits(digits: re.Match[str]) -> str:
    number = float(digits[0].replace(",", ""))
    return f"{float(f'{number:.{_DIGITS}g}'):,.12g}"


def unitless(value: float | None, unit: str) -> str:
    """Return a value without its unit where the unit is a word, for labels beside an axis that names it."""
    text = quantity(value, unit)
    for word in ("FLOP", "tokens", "parameters"):
        text = text.removesuffix(_NO_BREAK + word)
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
        return f"{share * 100:.0f}{_NO_BREAK}%"
    if not 0.001 <= share <= 0.999:
        return f"{'<' if share < 0.5 else '>'}{_NO_BREAK}{0.1 if share < 0.5 else 99.9}{_NO_BREAK}%"
    digits = 1 if not 0.1 <= share <= 0.9 else 0
    return f"{share * 100:.{digits}f}{_NO_BREAK}%".replace(f".0{_NO_BREAK}", _NO_BREAK)


def chance(probability: float) -> str:
    r"""Return a probability as a person says it.

    Examples
    --------
    >>> chance(0.004), chance(0.81), chance(1e-6)
    ('a 0.4\xa0% chance', 'an 81\xa0% chance', 'a chance below 0.1\xa0%')
    """
    said = percent(probability)
    if said[0] in "<>":
        return f"a chance {'below' if said[0] == '<' else 'above'} {said[2:]}"
    article = "an" if re.match(r"8|1[18]\b", said) else "a"
    return f"{article} {said} chance"


def multiple(ratio: float) -> str:
    """Return a factor."""
    return f"×{_NO_BREAK}{format_quantity(float(f'{ratio:.3g}'), '1')}"


def enumerated(words: Iterable[str]) -> str:
    """Return words as a list in a sentence."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def symbol(output: str) -> str:
    """Return how an output is called in a title: its symbol, or its label where it has none.

    Examples
    --------
    >>> symbol("quality_adjusted_flop"), symbol("total_cost_usd")
    ('C<sub>quality</sub>', 'Total cost')
    """
    letter, _, index = OUTPUTS[output].symbol.partition("_")
    return (f"{letter}<sub>{index}</sub>" if index else letter) or OUTPUTS[output].label


def symbol_and_meaning(output: str) -> str:
    """Return the symbol of an output, or its label, with its meaning."""
    return f"{symbol(output)}: {lower_first(OUTPUTS[output].meaning)}"


def rule_label(name: str) -> str:
    """Return a rule's name in words.

    Examples
    --------
    >>> rule_label("eu-ai-act"), rule_label("california-sb-53")
    ('EU AI Act', 'California SB 53')
    """
    words = name.split("-")
    return " ".join(word.upper() if word in _ACRONYMS else word.capitalize() for word in words)


@cache
def _labels() -> dict[str, str]:
    fields = {path: re.split("[;,]", field.meaning)[0] for path, field in fields_of(Scenario).items()}
    short = {"nodes.count": "Nodes", "protocol.compression_scenario": "Outlook on compression"}
    return {output.quantity: output.label for output in OUTPUTS.values()} | fields | short


def input_label(name: str) -> str:
    """Return the name of a field, a quantity or a coefficient in words.

    Examples
    --------
    >>> input_label("network.upload"), input_label("efficiency_replica"), input_label("staff_base")
    ('Upload bandwidth of a node', 'Averaging replicas', 'Staff base')
    """
    return _labels().get(name) or capitalised(name.replace("_", " ").replace("flop", "FLOP"))


def capitalised(text: str) -> str:
    """Return text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def lower_first(words: str) -> str:
    """Return a name as it stands inside a sentence."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]
