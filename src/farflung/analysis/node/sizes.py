"""What one node reaches over model size: utilisation, and the largest model that fits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from farflung.analysis.node.coefficients import Coefficients
from farflung.analysis.node.inputs import Architecture
from farflung.analysis.node.plans import Node, best_plans
from farflung.analysis.node.shapes import architecture_of_size

_SMALLEST, _LARGEST = 2e8, 1e14
_BISECTIONS = 30
_CLOSE = 1.002


def utilisation_of_sizes(
    node: Node, sequence_length: float, parameters: np.ndarray, coefficients: Coefficients | None = None
) -> np.ndarray:
    """Return the utilisation of the best plan for dense models of some sizes, 0 where none fits [1]."""
    found = []
    for size in np.ravel(parameters):
        best = best_plans(
            node, architecture_of_size(size, sequence_length), count=1, coefficients=coefficients
        ).best
        found.append(best.utilisation if best else 0.0)
    return np.array(found).reshape(np.shape(parameters))


def largest_size(
    node: Node,
    sequence_length: float,
    *,
    shape_of: Callable[[float, float], Architecture] = architecture_of_size,
    coefficients: Coefficients | None = None,
) -> float:
    """Return the parameters of the largest model of a shape law that a node trains, 0 if none fits [1]."""

    def fits(size: float) -> bool:
        return (
            best_plans(node, shape_of(size, sequence_length), count=1, coefficients=coefficients).best
            is not None
        )

    low, high = _SMALLEST, _LARGEST
    if not fits(low):
        return 0.0
    for _ in range(_BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if fits(middle) else (low, middle)
        if high / low < _CLOSE:
            break
    return low
