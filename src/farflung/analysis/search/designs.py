"""One design of a search: a node, so many of them, a model, a protocol; and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from farflung.analysis.distributions import distributions, drawn_fields, power_of_two, uniforms, whole_seed
from farflung.analysis.search.grid import INNER_STEPS, Variant
from farflung.analysis.search.question import Question
from farflung.outcome import Outcome
from farflung.outcome.batch import evaluate_batch
from farflung.scenario import Scenario, load_assumptions

DRAWS = 512
"""Draws in which a design is tried, unless given."""


@dataclass(frozen=True, slots=True)
class Design:
    """One design: a node, so many of them, a model, a protocol."""

    chip: str
    chips_per_node: int
    precision: str
    nodes: int
    parameters: float
    compression: float
    inner_steps: float | None
    variant: Variant

    @property
    def kind(self) -> tuple[str, str, str]:
        """Return what makes two designs of different kind: chip, precision and protocol."""
        return (self.chip, self.precision, self.variant.mode)

    @property
    def node_text(self) -> str:
        """Return the node in words."""
        return f"{self.chips_per_node}x {self.chip}"

    @property
    def text(self) -> str:
        """Return the design in words."""
        return f"{self.nodes:,} nodes of {self.node_text}, {self.variant.mode.replace('_', ' ')}"

    def scenario(self, question: Question) -> Scenario:
        """Return the design as a scenario that can be evaluated, saved and explained."""
        links = question.links
        settings = dict(self.variant.settings)
        if self.inner_steps is not None:
            settings[INNER_STEPS] = int(self.inner_steps)
        scenario = Scenario.read(
            {
                "name": f"{self.nodes} nodes of {self.node_text}, {self.variant.mode}",
                "assumptions": question.assumptions,
                "duration": f"{question.duration!r} s",
                "model": {"parameters": self.parameters},
                "nodes": {"count": self.nodes, "hardware": self.node_text, "precision": self.precision},
                # Groups and pipelines are as far apart as everything else: nobody promised better links.
                "network": {**links, "regional": links, "pipeline": links},
                "protocol": {"mode": self.variant.mode, "compression": self.compression},
            }
        )
        return scenario.with_(settings)


@dataclass(frozen=True, slots=True)
class EvaluatedDesign:
    """A design, the question it answers, and its outcome."""

    design: Design
    question: Question
    outcome: Outcome

    def odds(self, draws: int = DRAWS, seed: int = 0) -> float:
        """Return the share of draws of all that is uncertain in which the design reaches the target.

        Parameters
        ----------
        draws, seed
            As for :func:`farflung.uncertainty`.
        """
        draws, seed = power_of_two(draws, 16, 2**18), whole_seed(seed)
        drawn = distributions(load_assumptions(self.question.assumptions))
        fields = drawn_fields(drawn, uniforms([one.name for one in drawn], draws, seed))
        reached = evaluate_batch(self.outcome.scenario, fields, [self.question.output])[self.question.output]
        return float(np.mean(np.broadcast_to(reached, (draws,)) >= self.question.target))

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome's object, with the chips of a node beside it."""
        return {**self.outcome.model_dump(mode="json"), **self._choices}

    def to_row(self) -> dict[str, Any]:
        """Return the design and every output, for a table."""
        return {**self._choices, "mode": self.design.variant.mode, **self.outcome.values()}

    @property
    def _choices(self) -> dict[str, Any]:
        return {
            "chip": self.design.chip,
            "chips_per_node": self.design.chips_per_node,
            "precision": self.design.precision,
            "parameters": self.design.parameters,
            "compression": self.design.compression,
        }
