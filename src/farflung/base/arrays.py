"""The one seam between the science and an array library.

Physics and learning are written against the Python array API standard. NumPy is the only backend required;
JAX, array-api-strict or any other conforming library works because its arrays come in as arguments.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, cast

import array_api_compat
import numpy as np

Array = Any
"""A real number, or an array of the standard: every argument of a physics or learning function is one."""

Namespace = Any
"""The functions of an array library, as the standard names them."""

_Parameters = ParamSpec("_Parameters")
_NUMPY_TYPES = (np.ndarray, float, int, np.generic, tuple)
"""What NumPy takes; a tuple is a table of plain numbers."""


def array_function(
    function: Callable[Concatenate[Namespace, _Parameters], Array],
) -> Callable[_Parameters, Array]:
    """Pass a function the namespace its arguments live in as first parameter, which callers do not see.

    NumPy takes plain numbers as they are. Beside arrays of another library they become arrays of that library
    in double precision, so that a body can treat all its arguments alike.
    """
    body: Callable[..., Array] = function

    @wraps(function)
    def in_namespace(**arguments: Any) -> Array:
        for value in arguments.values():
            if not isinstance(value, _NUMPY_TYPES):
                xp, arrays = _in_foreign_library(arguments)
                return body(xp, **arrays)
        return body(np, **arguments)

    signature = inspect.signature(function)
    public = list(signature.parameters.values())[1:]
    in_namespace.__signature__ = signature.replace(parameters=public)  # type: ignore[attr-defined]
    return cast("Callable[_Parameters, Array]", in_namespace)


def _in_foreign_library(arguments: dict[str, Any]) -> tuple[Namespace, dict[str, Any]]:
    foreign = (value for value in arguments.values() if not isinstance(value, _NUMPY_TYPES))
    xp = array_api_compat.array_namespace(*foreign)
    return xp, {
        name: xp.asarray(value, dtype=xp.float64) if isinstance(value, float | int) else value
        for name, value in arguments.items()
    }


def power(xp: Namespace, base: Array, exponent: Array) -> Array:
    """Return ``base`` to the power of ``exponent``, for a positive base.

    Through logarithms, which NumPy computes faster than a general power.
    """
    return xp.exp(exponent * xp.log(base))


def where(xp: Namespace, condition: Array, chosen: Array, otherwise: Array) -> Array:
    """Return ``chosen`` where the condition holds, else ``otherwise``; whole where it is the same everywhere.

    In most blocks of designs it is, and testing that is cheaper than choosing cell by cell.
    """
    if xp is np:
        if not isinstance(condition, np.ndarray):
            return chosen if condition else otherwise
        if condition.all():
            return chosen
        if not condition.any():
            return otherwise
    return xp.where(condition, chosen, otherwise)


@cache
def keep_freed_memory() -> None:
    """Have the process reuse the memory of freed arrays instead of returning it to the system.

    For programs that stream large blocks through the model, such as a sweep; nothing else calls it, since it
    changes the allocator of the whole process, for good. Glibc returns freed memory beyond twice the largest
    block it has seen freed, and fetching it again costs more than the arithmetic of a block: 160 against
    70 ns per design in blocks of 65,536, and no difference in blocks of 1,000. Freeing one large block raises
    that bound. Elsewhere it does nothing.
    """
    np.empty(_LARGE_BLOCK, dtype=np.uint8)


_LARGE_BLOCK = 30_000_000
"""Just below the size beyond which glibc does not raise its bound [byte]."""


def is_traced(value: Array) -> bool:
    """Return whether the value is not known yet, as inside a function that is being compiled."""
    # Looked up rather than imported: where no JAX is loaded, nothing can be traced.
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)
