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

_NUMPY_TYPES = (float, int, np.ndarray, np.generic, bool)


def namespace(*values: Array) -> Any:
    """Return the array namespace the values live in; NumPy's when all of them are plain numbers."""
    for value in values:
        if not isinstance(value, _NUMPY_TYPES):
            return array_api_compat.array_namespace(*(v for v in values if not isinstance(v, (float, int))))
    return numpy_namespace


def as_array(value: Array, xp: Any) -> Array:
    """Return ``value`` as an array of the namespace ``xp`` in double precision."""
    if xp is numpy_namespace:
        return np.float64(value) if isinstance(value, (float, int)) else value
    return xp.asarray(value, dtype=xp.float64) if isinstance(value, (float, int)) else value
