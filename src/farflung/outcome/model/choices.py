"""The choices of a run: all that decides which steps it has, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from farflung.protocols import PROTOCOLS, Protocol
from farflung.scenario import Inputs
from farflung.scenario.forms import Forms


@dataclass(frozen=True, slots=True)
class Choices:
    """What decides the steps of a run.

    Attributes
    ----------
    mode
        Name of the protocol.
    stragglers
        How the slowest participants are dealt with.
    fixed_tokens
        Whether the tokens are given, rather than the duration.
    limited_data
        Whether the scenario says how many distinct tokens there are.
    forms
        Functional forms of the assumption set.
    """

    mode: str
    stragglers: str
    fixed_tokens: bool
    limited_data: bool
    forms: Forms

    @property
    def protocol(self) -> Protocol:
        """Return the protocol."""
        return PROTOCOLS[self.mode]

    @classmethod
    def of(cls, inputs: Inputs, mode: str) -> Choices:
        """Return the choices that inputs make in one of the protocols."""
        return cls(
            mode=mode,
            stragglers=inputs.stragglers,
            fixed_tokens="tokens" in inputs.quantities,
            limited_data="unique_tokens" in inputs.quantities,
            forms=inputs.assumptions.forms,
        )
