"""The Pareto front: designs that no other beats in everything at once."""

from __future__ import annotations

import numpy as np


def front(values: np.ndarray) -> np.ndarray:
    """Return the indices of the rows that no other row is at most as large as in every column.

    Parameters
    ----------
    values
        One row per design, one column per objective, less is better; shape (designs, objectives).

    Returns
    -------
    numpy.ndarray
        Indices in order of the first column. Of equal rows the first is kept.
    """
    order = np.lexsort(values.T[::-1])
    chosen: list[int] = []
    remaining = order
    while remaining.size:
        # The first in lexicographic order is beaten by none that comes after it.
        best, rest = remaining[0], remaining[1:]
        chosen.append(int(best))
        beaten = (values[rest] >= values[best]).all(axis=1)
        remaining = rest[~beaten]
    return np.asarray(chosen, dtype=np.intp)
