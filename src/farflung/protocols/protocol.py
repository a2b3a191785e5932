"""What a protocol is to the model: its exchanges, its settings, and the steps that tell it from others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from farflung.base.arrays import Array
from farflung.base.graph import Steps

SLACK = 1.0 + 1e-9
"""What fills a memory, or lasts as long as a limit, exactly, keeps to it whatever rounding says."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A kind of exchange over one kind of link, in which the slowest participant sets the pace.

    Attributes
    ----------
    link
        Which links of a scenario it uses.
    peers
        Quantity that says how many take part.
    kind
        ``synchronisation`` of pseudo-gradients, or the ``crossing`` of activations between stages.
    """

    link: Literal["wide_area", "regional", "pipeline"]
    peers: str
    kind: Literal["synchronisation", "crossing"] = "synchronisation"

    @property
    def prefix(self) -> str:
        """Return what the names of the exchange's quantities begin with."""
        return "" if self.link == "wide_area" else f"{self.link}_"


@dataclass(frozen=True, slots=True)
class Round:
    """Work and its exchange, which runs beside the work as far as the scenario lets them overlap.

    Attributes
    ----------
    duration
        Quantity that is the length of the round.
    work, exchange
        Quantities that are the times of the two.
    """

    duration: str
    work: str
    exchange: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a scenario that a protocol takes notice of, and the values a search tries.

    Attributes
    ----------
    field
        Dotted path.
    values
        Values of the grid of a search; empty for what a search leaves to the model or ranges over anyway.
    """

    field: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Automatic:
    """When ``protocol.mode = "auto"`` picks a protocol.

    Attributes
    ----------
    rank
        Order in which protocols are tried.
    suits
        Where it is picked: a function of the quantities named by its parameters, among the memory of a
        replica and of a node, the stages asked for and needed, and the pipelines that the nodes make.
    """

    rank: int
    suits: Callable[..., Array]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A way to train on many nodes.

    Attributes
    ----------
    name
        Name in scenarios.
    summary
        One line for tables.
    steps
        How replicas, their steps and their exchanges follow from the scenario. Every protocol answers
        ``replicas``, ``working_nodes``, ``pipeline_stages``, ``step_time``, ``peers``,
        ``synchronisation_time``, ``inner_steps``, ``regional_steps`` and ``cycle_time``; its last round
        answers ``outer_round_time``.
    exchanges
        Its exchanges. For each, ``straggler_factor`` (with the exchange's prefix) is answered from how
        stragglers are dealt with.
    rounds
        Its rounds, the innermost first.
    settings
        Fields that it takes beyond those of every protocol.
    paced_by
        Quantity that a node computes for between two waits: the slowest node's is ``slowest_compute_time``.
    sharded
        Whether a replica may be spread over several nodes, and need not fit on one.
    automatic
        When ``auto`` picks it; ``None`` if never.
    searched
        Whether a search tries it; not where the designs of another protocol include its own.
    """

    name: str
    summary: str
    steps: Steps
    exchanges: tuple[Exchange, ...]
    rounds: tuple[Round, ...]
    settings: tuple[Setting, ...] = ()
    paced_by: str = "compute_time"
    sharded: bool = False
    automatic: Automatic | None = None
    searched: bool = True

    def takes(self, field: str) -> bool:
        """Return whether a field of a scenario is one of the protocol's settings."""
        return any(setting.field == field for setting in self.settings)

    def uses(self, link: str) -> bool:
        """Return whether an exchange of the protocol uses a kind of link."""
        return any(exchange.link == link for exchange in self.exchanges)
