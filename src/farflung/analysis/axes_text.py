"""Axes in text, as the command line takes them: ``network.upload=10Mbps..1Gbps:log:25``.

====================================  ==================================================================
``FIELD=A..B:log:N``                  N values from A to B, equal steps of the logarithm
``FIELD=A..B:lin:N``, ``FIELD=A..B:N``  N values from A to B, equal steps
``FIELD=A..B:step:S``                 A, A + S, … up to B
``FIELD=A,B,C``                       a list; words for fields that are words
``FIELD=uniform:A..B:N[:SEED]``       N random values; ``loguniform``, ``sobol`` and ``logsobol`` likewise
``FIELD,FIELD=SPEC;SPEC``             several fields that move together; Sobol points are then joint
====================================  ==================================================================

Ranges of whole-number fields are rounded, and each value is kept once; random samples keep repetitions,
since how often a value comes up is what a sample says.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np

from farflung.analysis.axes import MOST_VALUES, Axis, Column, listed, swept, together
from farflung.base.errors import InputError, closest
from farflung.base.fields import Field
from farflung.scenario import Scenario

_SAMPLERS = {"uniform": False, "loguniform": True, "sobol": False, "logsobol": True}
"""Kinds of samples, and whether they are even in the logarithm."""
_SPACINGS = ("log", "lin", "step")
_EXAMPLE = "network.upload=10Mbps..1Gbps:log:25, nodes.count=8,16,32 or protocol.mode=flat,hierarchical"


def read_axis(text: str, scenario: Scenario) -> Axis:
    """Return the axis that a text describes.

    Parameters
    ----------
    text
        As in the table above.
    scenario
        The scenario whose fields vary; coefficients are looked up in its assumption set.

    Raises
    ------
    InputError
        If the text is no axis, names no field, is empty, or a value is of another kind.
    """
    names, equals, specs = (part.strip() for part in text.partition("="))
    if not equals or not names:
        raise InputError("axis", f"'{text}' is not FIELD=VALUES", nearest=_EXAMPLE)
    fields = [swept(name.strip(), scenario.assumptions) for name in names.split(",")]
    parts = [spec.strip() for spec in specs.split(";")] if len(fields) > 1 else [specs]
    if len(parts) != len(fields):
        raise InputError(
            "+".join(field.path for field in fields),
            f"{len(fields)} fields move together, and values are given for {len(parts)}",
            nearest=f"{names}={';'.join(['A..B:N'] * len(fields))}",
        )
    columns = [
        Column(field, _values(field, part, place, fields, parts))
        for place, (field, part) in enumerate(zip(fields, parts, strict=True))
    ]
    return together(columns, f"{','.join(field.path for field in fields)}={';'.join(parts)}")


def _values(field: Field, spec: str, place: int, fields: Sequence[Field], specs: Sequence[str]) -> np.ndarray:
    if not spec:
        raise InputError(field.path, "the axis has no values", nearest=f"{field.path}=FIRST,SECOND")
    sampler = spec.partition(":")[0]
    if field.numeric and sampler in _SAMPLERS:
        same = [other for other in range(len(specs)) if _is_joint(spec, specs[other])]
        return _sample(field, spec, place, (same.index(place), len(same)) if place in same else (0, 1))
    alone = len(fields) == 1
    if field.numeric and ".." in spec:
        return _range(field, spec, distinct=alone)
    words = [word.strip() for word in spec.split(",")]
    if any(not word for word in words):
        raise InputError(field.path, f"'{spec}' has an empty place between its commas")
    if alone:
        return listed(field, words)
    # Along a common axis a value may come again beside other partners.
    return np.concatenate([listed(field, [word]) for word in words])


def _range(field: Field, spec: str, *, distinct: bool) -> np.ndarray:
    ends, _, rest = spec.partition(":")
    low, high = _ends(field, ends)
    parts = rest.split(":") if rest else []
    spacing = parts[0] if len(parts) == 2 else "lin"
    if spacing not in _SPACINGS or not 1 <= len(parts) <= 2:
        guess = closest(spacing, _SPACINGS) or "lin"
        nearest = f"{ends}:{guess}:{parts[1] if len(parts) == 2 else 25}"
        raise InputError(field.path, f"'{spec}' does not say how many values", nearest=nearest)
    if spacing == "step":
        return _rounded(field, _stepped(field, low, high, parts[1]), distinct=distinct)
    count = _count(field, parts[-1], spec)
    _positive(field, spec, low, high, spacing == "log")
    values = np.geomspace(low, high, count) if spacing == "log" else np.linspace(low, high, count)
    return _rounded(field, values, distinct=distinct)


def _ends(field: Field, text: str) -> tuple[float, float]:
    first, _, last = text.partition("..")
    if not first.strip() or not last.strip():
        raise InputError(field.path, f"'{text}' is not a range", nearest="FIRST..LAST:lin:COUNT")
    return float(field.parse(first.strip())), float(field.parse(last.strip()))


def _stepped(field: Field, low: float, high: float, text: str) -> np.ndarray:
    step = _step(field, text.strip())
    if step <= 0 or high < low:
        raise InputError(field.path, "steps go up: the step is positive and the first end the smaller")
    steps = (high - low) / step
    if steps >= MOST_VALUES:
        raise _too_many(field, f"{steps:.3g}")
    # A last value that only rounding keeps from the end belongs to the range.
    return low + step * np.arange(int(np.floor(steps * (1 + 1e-12))) + 1)


def _step(field: Field, text: str) -> float:
    try:
        return float(field.read(text))  # the bounds are those of the values, not of the steps between them
    except InputError as error:
        raise InputError(field.path, error.problem, error.nearest) from error


def _count(field: Field, text: str, spec: str) -> int:
    try:
        count = float(text)
    except ValueError:
        count = 0.5
    if count == 0:
        raise InputError(field.path, f"'{spec}' has no values", nearest="one value or more")
    if count < 0 or not float(count).is_integer():
        raise InputError(field.path, f"'{text}' is not a number of values", nearest="a whole number, as 25")
    if count > MOST_VALUES:
        raise _too_many(field, text)
    return int(count)


def _too_many(field: Field, count: str) -> InputError:
    return InputError(
        field.path, f"{count} values are more than an axis may have", nearest=f"{MOST_VALUES:,}"
    )


def _positive(field: Field, spec: str, low: float, high: float, logarithmic: bool) -> None:
    if logarithmic and min(low, high) <= 0:
        raise InputError(field.path, f"'{spec}': the logarithm needs positive ends", nearest="lin")


def _rounded(field: Field, values: np.ndarray, *, distinct: bool = False) -> np.ndarray:
    if field.kind != "count":
        return values
    whole = np.round(values)
    if not distinct:
        return whole
    _, first = np.unique(whole, return_index=True)
    return whole[np.sort(first)]


def _is_joint(spec: str, other: str) -> bool:
    """Return whether two specifications ask for Sobol points of one sequence."""

    def key(one: str) -> tuple[str, ...]:
        kind, _, rest = one.partition(":")
        return (kind.removeprefix("log"), *rest.split(":")[1:])

    return key(spec)[0] == "sobol" and key(spec) == key(other)


def _sample(field: Field, spec: str, place: int, joint: tuple[int, int]) -> np.ndarray:
    """Return random values, those of a field in its own stream so that fields never move as one."""
    sampler, _, rest = spec.partition(":")
    ends, *parts = rest.split(":")
    low, high = _ends(field, ends)
    if not 1 <= len(parts) <= 2:
        raise InputError(
            field.path, f"'{spec}' does not say how many samples", nearest=f"{sampler}:{ends}:1000:7"
        )
    count = _count(field, parts[0], spec)
    seed = _seed(field, parts[1] if len(parts) == 2 else "0")
    logarithmic = _SAMPLERS[sampler]
    _positive(field, spec, low, high, logarithmic)
    if sampler.endswith("sobol"):
        shares = _sobol(count, seed, joint)
    else:
        shares = np.random.default_rng([seed, place]).random(count)
    if logarithmic:
        values = np.exp(np.log(low) + shares * (np.log(high) - np.log(low)))
    else:
        values = low + shares * (high - low)
    # Rounding may carry a sample an ulp past an end, and an end may be the field's own bound.
    return _rounded(field, np.clip(values, min(low, high), max(low, high)))


def _seed(field: Field, text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 18:
        raise InputError(field.path, f"'{text}' is not a seed", nearest="a whole number, as 7")
    return int(text)


def _sobol(count: int, seed: int, joint: tuple[int, int]) -> np.ndarray:
    which, dimensions = joint
    sampler = import_module("scipy.stats").qmc.Sobol(dimensions, rng=np.random.default_rng(seed))
    # The sequence is balanced at powers of two: the next one is drawn, and its beginning taken.
    points = sampler.random_base2(max(0, (count - 1).bit_length()))
    return np.asarray(points[:count, which], dtype=np.float64)
