"""What a protocol is to the model, and the few functions that only wiring needs."""

from __future__ import annotations

from dataclasses import dataclass

from farflung.base.arrays import Array
from farflung.outcome.graph import Steps
from farflung.scenario.scenario import SHARDED_MODES

SLACK = 1.0 + 1e-9
"""What fills a memory, or lasts as long as a limit, exactly, keeps to it whatever rounding says."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """A way to train on many nodes.

    Parameters
    ----------
    name
        Name in scenarios.
    summary
        One line for tables.
    steps
        How replicas, their steps and their exchanges follow from the scenario. Every protocol answers
        ``replicas``, ``working_nodes``, ``pipeline_stages``, ``step_time``, ``peers``,
        ``straggler_factor``, ``synchronisation_time``, ``inner_steps``, ``regional_steps``,
        ``cycle_time`` and ``outer_round_time``.
    """

    name: str
    summary: str
    steps: Steps

    @property
    def sharded(self) -> bool:
        """Return whether a replica may be spread over several nodes, and need not fit on one."""
        return self.name in SHARDED_MODES


def the_same(*, quantity: Array) -> Array:
    """Return the quantity itself, under another name.

    Parameters
    ----------
    quantity
        What the two names mean.

    Notes
    -----
    Equation: the same quantity
    Assumption: none.
    Evidence: farflung2026
    Limits: none.
    """
    return quantity


def one() -> float:
    """Return the number of what there is exactly one of [1].

    Notes
    -----
    Equation: 1
    Assumption: the protocol has exactly one of these.
    Evidence: farflung2026
    Limits: none.
    """
    return 1.0


def no_time() -> float:
    """Return the time of what does not take place [s].

    Notes
    -----
    Equation: 0
    Assumption: the protocol has none of this.
    Evidence: farflung2026
    Limits: none.
    """
    return 0.0
