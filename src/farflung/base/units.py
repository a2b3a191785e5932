"""Units at the edge: text with units in, SI numbers inside; :mod:`farflung.base.format` writes them out.

Inside the product time is in seconds, data on links in bits and bits per second, memory in bytes, compute
in FLOP and FLOP/s, energy in joules, power in watts and money in US dollars of 2026. Only this module knows
any other unit.
"""

from __future__ import annotations

import re
import tokenize
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from farflung.base.errors import InputError

if TYPE_CHECKING:
    import pint

SECONDS_PER_YEAR = 365.25 * 86400.0

# Only the units the field uses: pint's full registry takes a quarter of a second to build, and knows
# a 'B' that is not a byte and a 'G' that is not a prefix.
_DEFINITIONS = """
    yotta- = 1e24 = Y-
    zetta- = 1e21 = Z-
    exa- = 1e18 = E-
    peta- = 1e15 = P-
    tera- = 1e12 = T-
    giga- = 1e9 = G-
    mega- = 1e6 = M-
    kilo- = 1e3 = k-
    milli- = 1e-3 = m-
    micro- = 1e-6 = µ- = u-
    kibi- = 1024 = Ki-
    mebi- = 1048576 = Mi-
    gibi- = 1073741824 = Gi-
    tebi- = 1099511627776 = Ti-
    second = [time] = s = sec
    minute = 60 * second = min
    hour = 60 * minute = h = hr
    day = 24 * hour = d
    week = 7 * day
    year = 365.25 * day = yr
    month = year / 12
    bit = [information] = b
    byte = 8 * bit = B
    bps = bit / second
    operation = [operation] = FLOP = flop = OP = FLOPs
    FLOPS = operation / second = flops
    watt = [power] = W
    joule = watt * second = J
    dollar = [money] = USD
    token = [token] = tokens
    H100e = [h100_equivalent]
    percent = 0.01 = %
"""


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint  # noqa: PLC0415 - pint costs more to import than the rest of the package

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(
        None, preprocessors=[lambda text: text.replace("%", " percent ").replace("$", " USD ")]
    )
    registry.load_definitions([line.strip() for line in _DEFINITIONS.splitlines() if line.strip()])
    return registry


@lru_cache(maxsize=512)
def factor(unit: str, to: str) -> float:
    """Return how many ``to`` one ``unit`` is (``factor("GB", "byte") == 1e9``).

    Raises
    ------
    InputError
        If either unit is unknown or the two are not of one kind.
    """
    if unit == to:
        return 1.0
    import pint  # noqa: PLC0415

    registry = _registry()
    try:
        return float(registry.Quantity(1.0, _pint_unit(unit)).to(_pint_unit(to)).magnitude)
    except (pint.errors.UndefinedUnitError, pint.errors.DimensionalityError) as error:
        raise InputError("", f"'{unit}' is not a unit of the same kind as '{to}'") from error


def _pint_unit(unit: str) -> str:
    return "dimensionless" if unit == "1" else unit


_NUMBER = re.compile(r"\s*([-+]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*", re.DOTALL)


_UNIT = re.compile(r"[A-Za-zµ%$ */()]*")
"""Letters, products and quotients: a unit holds no arithmetic that could keep a parser busy."""
_LONGEST = 80
_ARITHMETIC = (AssertionError, AttributeError, TypeError, ValueError, ArithmeticError)


@lru_cache(maxsize=4096)
def parse(text: str, unit: str) -> float:
    """Return the quantity written in ``text`` as a number of ``unit``.

    Parameters
    ----------
    text
        A number and a unit: ``"100 Mbps"``, ``"80 GB"``, ``"740 days"``, ``"15.8 PFLOP/s"``.
    unit
        The unit of the answer, as this product holds it.

    Raises
    ------
    InputError
        If there is no number, no unit, an unknown unit, or one of another kind.

    Examples
    --------
    >>> parse("100 Mbps", "bit/s")
    100000000.0
    """
    counted = _counted(text, unit)
    if counted is not None:
        return counted
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise InputError(
            "", f"'{text[:_LONGEST]}' is not a number with a unit", nearest=f"for example '{example(unit)}'"
        )
    number = float(match[1].replace(",", "").replace("_", ""))
    written = match[2]
    if not written:
        raise InputError("", f"'{text}' has no unit", nearest=f"for example '{example(unit)}'")
    import pint  # noqa: PLC0415

    registry = _registry()
    refused = InputError(
        "", f"'{written}' is not a unit known here", nearest=f"for example '{example(unit)}'"
    )
    if not _UNIT.fullmatch(written) or "**" in written:
        raise refused
    try:
        converted = registry.Quantity(number, written).to(_pint_unit(unit)).magnitude
    except pint.errors.DimensionalityError as error:
        raise InputError(
            "", f"'{text}' is not a quantity in {unit}", nearest=f"for example '{example(unit)}'"
        ) from error
    except (pint.errors.PintError, tokenize.TokenError, SyntaxError, *_ARITHMETIC) as error:
        raise refused from error
    return float(converted)


_COUNTED = re.compile(
    r"\s*\$?\s*(\d[\d_,]*\.?\d*|\.\d+)\s*(k|M|B|T|thousand|million|billion|trillion)"
    r"(?:\s*(?:USD|dollars?|tokens?|parameters?))?\s*"
)
"""Sums of money, tokens and parameters as people write them: $30M, 1.6 trillion tokens, 160B."""
_MULTIPLES = {"k": 1e3, "t": 1e3, "m": 1e6, "M": 1e6, "b": 1e9, "B": 1e9, "T": 1e12}


def _counted(text: str, unit: str) -> float | None:
    """Return the quantity in a text such as ``$30M``, or ``None`` where it is not written so."""
    match = _COUNTED.fullmatch(text) if unit in {"USD", "token", "parameters"} else None
    if match is None:
        return None
    multiple = 1e12 if match[2] == "trillion" else _MULTIPLES[match[2][0]]
    return float(match[1].replace(",", "").replace("_", "")) * multiple


_EXAMPLES = {
    "s": "740 days",
    "bit/s": "100 Mbps",
    "byte": "80 GB",
    "FLOP/s": "15.8 PFLOP/s",
    "W": "700 W",
    "USD": "25000 USD",
    "1": "0.5",
    "token": "28e12 tokens",
    "parameters": "160e9",
}


def example(unit: str) -> str:
    """Return how a quantity in ``unit`` is written."""
    return _EXAMPLES.get(unit, f"1 {unit}")
