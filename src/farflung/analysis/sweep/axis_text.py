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

from farflung.analysis.sweep.axes import Axis, Column, axis_field, no_values, read_values, zip_axes
from farflung.base.errors import InputError, closest
from farflung.base.fields import Field
from farflung.scenario import Scenario

MOST_VALUES = 10_000_000
"""Values of one axis; an axis is held whole."""
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
    paths, equals, values = (part.strip() for part in text.partition("="))
    if not equals or not paths:
        raise InputError("axis", f"'{text}' is not FIELD=VALUES", nearest=_EXAMPLE)
    fields = [axis_field(path.strip(), scenario.assumptions) for path in paths.split(",")]
    specs = [spec.strip() for spec in values.split(";")] if len(fields) > 1 else [values]
    if len(specs) != len(fields):
        raise InputError(
            paths,
            f"{len(fields)} fields move together, and values are given for {len(specs)}",
            nearest=f"{paths}={';'.join(['A..B:N'] * len(fields))}",
        )
    columns = [Column(field, _values(field, place, specs)) for place, field in enumerate(fields)]
    return zip_axes(columns, f"{','.join(field.path for field in fields)}={';'.join(specs)}")


def _values(field: Field, place: int, specs: Sequence[str]) -> np.ndarray:
    spec = specs[place]
    if not spec:
        raise no_values(field)
    # Along a common axis a value may come again beside other partners.
    distinct = len(specs) == 1
    if field.numeric and spec.partition(":")[0] in _SAMPLERS:
        return _sample(field, place, specs)
    if field.numeric and ".." in spec:
        return _range(field, spec, distinct=distinct)
    words = [word.strip() for word in spec.split(",")]
    if not all(words):
        raise InputError(field.path, f"'{spec}' has an empty place between its commas")
    return read_values(field, words, distinct=distinct)


def _range(field: Field, spec: str, *, distinct: bool) -> np.ndarray:
    ends, _, rest = spec.partition(":")
    spacing, _, count = rest.partition(":") if ":" in rest else ("lin", "", rest)
    low, high = _ends(field, ends, logarithmic=spacing == "log")
    if not count or spacing not in _SPACINGS:
        guess = closest(spacing, _SPACINGS) or "lin"
        nearest = f"{ends}:{guess}:{count or 25}"
        raise InputError(field.path, f"'{spec}' does not say how many values", nearest=nearest)
    if spacing == "step":
        values = _stepped(field, low, high, count)
    else:
        values = (np.geomspace if spacing == "log" else np.linspace)(low, high, _count(field, count))
    if field.kind == "count":
        values = np.round(values)
        if distinct:
            values = values[np.sort(np.unique(values, return_index=True)[1])]
    return values


def _ends(field: Field, text: str, *, logarithmic: bool) -> tuple[float, float]:
    first, _, last = (part.strip() for part in text.partition(".."))
    if not first or not last:
        raise InputError(field.path, f"'{text}' is not a range", nearest="FIRST..LAST:lin:COUNT")
    low, high = (float(value) for value in read_values(field, [first, last], distinct=False))
    if logarithmic and min(low, high) <= 0:
        raise InputError(field.path, f"'{text}': the logarithm needs positive ends", nearest="lin")
    return low, high


def _stepped(field: Field, low: float, high: float, text: str) -> np.ndarray:
    try:
        step = float(field.read(text.strip()))  # the bounds are those of values, not of steps between them
    except InputError as error:
        raise InputError(field.path, error.problem, error.nearest) from error
    if step <= 0 or high < low:
        raise InputError(field.path, "steps go up: the step is positive and the first end the smaller")
    steps = (high - low) / step
    if steps >= MOST_VALUES:
        raise _too_many(field, f"{steps:.3g}")
    # A last value that only rounding keeps from the end belongs to the range.
    return low + step * np.arange(int(np.floor(steps * (1 + 1e-12))) + 1)


def _count(field: Field, text: str) -> int:
    try:
        count = float(text)
    except ValueError:
        count = np.nan
    if not count.is_integer() or count < 1:
        raise InputError(field.path, f"'{text}' is not a number of values", nearest="a whole number, as 25")
    if count > MOST_VALUES:
        raise _too_many(field, text)
    return int(count)


def _too_many(field: Field, count: str) -> InputError:
    problem = f"{count} values are more than an axis may have"
    return InputError(field.path, problem, nearest=f"{MOST_VALUES:,}")


def _sample(field: Field, place: int, specs: Sequence[str]) -> np.ndarray:
    """Return random values; each field has its own stream, so that no two ever move as one."""
    sampler, _, rest = specs[place].partition(":")
    ends, *numbers = rest.split(":")
    low, high = _ends(field, ends, logarithmic=_SAMPLERS[sampler])
    if not 1 <= len(numbers) <= 2:
        nearest = f"{sampler}:{ends}:1000:7"
        raise InputError(field.path, f"'{specs[place]}' does not say how many samples", nearest=nearest)
    count, seed = _count(field, numbers[0]), _seed(field, numbers[1] if len(numbers) == 2 else "0")
    if sampler.endswith("sobol"):
        joint = [other for other, spec in enumerate(specs) if _sequence(spec) == _sequence(specs[place])]
        shares = _sobol(count, seed, len(joint))[:, joint.index(place)]
    else:
        shares = np.random.default_rng([seed, place]).random(count)
    if _SAMPLERS[sampler]:
        values = np.exp(np.log(low) + shares * (np.log(high) - np.log(low)))
    else:
        values = low + shares * (high - low)
    # Rounding may carry a sample an ulp past an end, and an end may be the field's own bound.
    values = np.clip(values, min(low, high), max(low, high))
    return np.round(values) if field.kind == "count" else np.asarray(values)


def _sequence(spec: str) -> list[str]:
    """Return what identifies the Sobol sequence that a sample is one dimension of: its count and seed."""
    sampler, *rest = spec.split(":")
    return [sampler.removeprefix("log"), *rest[1:]]


def _seed(field: Field, text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 18:
        raise InputError(field.path, f"'{text}' is not a seed", nearest="a whole number, as 7")
    return int(text)


def _sobol(count: int, seed: int, dimensions: int) -> np.ndarray:
    sampler = import_module("scipy.stats").qmc.Sobol(dimensions, rng=np.random.default_rng(seed))
    # The sequence is balanced at powers of two: the next one is drawn, and its beginning taken.
    points = sampler.random_base2(max(0, (count - 1).bit_length()))
    return np.asarray(points[:count], dtype=np.float64)
