"""The one seam between the science and an array library.

Physics and learning are written against the Python array API standard. NumPy is the only backend that the
product needs; JAX, array-api-strict or any other conforming library works because its arrays come in as
arguments.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import array_api_compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

Array = Any
"""A real number, or an array of the standard: every argument of a physics or learning function is one."""

_NUMPY_TYPES = (np.ndarray, float, int, np.generic)


def namespace(*values: Array) -> Any:
    """Return the array namespace the values live in; NumPy's when all are plain numbers or NumPy's."""
    for value in values:
        if not isinstance(value, _NUMPY_TYPES):
            foreign = [one for one in values if not isinstance(one, _NUMPY_TYPES)]
            return array_api_compat.array_namespace(*foreign)
    return numpy_namespace


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


def where(xp: Any, condition: Array, chosen: Array, otherwise: Array) -> Array:
    """Return ``chosen`` where the condition holds, else ``otherwise``; whole where it is the same everywhere.

    In most blocks of designs a condition holds everywhere, and asking is cheaper than choosing cell by cell.
    """
    if xp is numpy_namespace:
        if np.all(condition):
            return chosen
        if not np.any(condition):
            return otherwise
    return xp.where(condition, as_array(chosen, xp), as_array(otherwise, xp))


@cache
def keep_freed_memory() -> None:
    """Have the process keep the memory of freed arrays instead of handing it back after every block.

    The C library returns freed memory to the system beyond twice the largest block it has seen freed, and
    fetching it again costs more than the arithmetic of a block. Freeing one large block raises that bound.
    """
    np.empty(_LARGE_BLOCK, dtype=np.uint8)


_LARGE_BLOCK = 30_000_000
"""Just below the size beyond which the C library takes no notice [byte]."""


def is_traced(value: Array) -> bool:
    """Return whether the value is not known yet, as inside a function that is being compiled."""
    # Looked up rather than imported: where no JAX is loaded, nothing can be traced.
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)
