"""What an outcome holds: its numbers, what they are of, and what to know of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import ConfigDict, field_serializer

from farflung.catalog.sources import Source, cited
from farflung.outcome.explain import source_keys
from farflung.outcome.flags import Flag
from farflung.outcome.outputs import OUTPUTS, OutputValues
from farflung.scenario import Defaulted, Scenario

HEADLINE = ("quality_adjusted_flop", "capital_cost_usd")
"""Outputs that an answer is about unless others are named."""


class OutcomeState(OutputValues):
    """The numbers of an outcome, the scenario they are of, and what a reader must know of them.

    Attributes
    ----------
    scenario
        What was asked.
    mode
        Protocol of the run; what ``auto`` became.
    feasible
        Whether the run can take place as described.
    binding_constraint
        Field that makes it infeasible.
    bottleneck
        What the run waits for most.
    flags
        What a reader of the numbers must know.
    defaulted
        Fields the scenario leaves open, and what was taken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: Scenario
    mode: str
    feasible: bool = True
    binding_constraint: str | None = None
    bottleneck: str = "compute"
    flags: tuple[Flag, ...] = ()
    defaulted: tuple[Defaulted, ...] = ()

    @field_serializer("flags", "defaulted")
    def _as_tables(self, items: tuple[Flag | Defaulted, ...]) -> list[dict[str, Any]]:
        return [asdict(item) for item in items]

    def format(self, output: str) -> str:
        """Return an output as a person reads it."""
        return OUTPUTS[output].format(getattr(self, output))

    def sources(self, *outputs: str) -> tuple[Source, ...]:
        """Return the sources behind the given outputs, or behind the headline and its cost.

        They are gathered from the functions and coefficients that were actually used.
        """
        return cited(source_keys(self.scenario, outputs or HEADLINE))
