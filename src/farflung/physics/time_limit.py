"""The longest training run worth starting while hardware, software and budgets grow."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function
from farflung.base.units import SECONDS_PER_YEAR


@array_function
def longest_run(
    xp: Namespace, *, hardware_growth: Array, software_growth: Array, investment_growth: Array
) -> Array:
    """Return the length beyond which a later, shorter run overtakes this one [s].

    Parameters
    ----------
    hardware_growth, software_growth, investment_growth
        Growth factors per year: 1.06 is six per cent [1].

    Notes
    -----
    Equation: L = 1 / ln(g_H · g_S · g_I) years
    Assumption: all three grow exponentially and are bought at the start of a run.
    Evidence: sevilla2022longest
    Limits: the product of the factors must exceed 1; without growth no run is too long.
    """
    return SECONDS_PER_YEAR / xp.log(hardware_growth * software_growth * investment_growth)
