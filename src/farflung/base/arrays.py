"""The one seam between the science and an array library.

Physics and learning are written against the Python array API standard. NumPy is the only backend that the
product needs; JAX, array-api-strict or any other conforming library works because its arrays come in as
arguments.
"""

from __future__ import annotations

from typing import Any

import array_api_compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

Array = Any
"""A real number, or an array of the standard: every argument of a physics or learning function is one."""

_NUMPY_TYPES = (float, int, np.ndarray, np.generic)


def namespace(*values: Array) -> Any:
    """Return the array namespace the values live in; NumPy's when all are plain numbers or NumPy's."""
    foreign = [value for value in values if not isinstance(value, _NUMPY_TYPES)]
    return array_api_compat.array_namespace(*foreign) if foreign else numpy_namespace


def as_array(value: Array, xp: Any) -> Array:
    """Return ``value`` as an array of the namespace ``xp`` in double precision."""
    if not isinstance(value, float | int):
        return value
    return np.float64(value) if xp is numpy_namespace else xp.asarray(value, dtype=xp.float64)


def power(base: Array, exponent: Array, xp: Any) -> Array:
    """Return ``base`` to the power of ``exponent``, for a positive base.

    Through logarithms, since array libraries compute those several times faster than a general power.
    """
    return xp.exp(exponent * xp.log(as_array(base, xp)))


def is_traced(value: Array) -> bool:
    """Return whether the value is not known yet, as inside a function that is being compiled."""
    return bool(array_api_compat.is_jax_array(value)) and not hasattr(value, "addressable_shards")
