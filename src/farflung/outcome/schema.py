"""What a run's answer holds: every output declared once, with unit, symbol and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, field_serializer

from farflung.base.provenance import Provenance, content_hash, version
from farflung.catalog.sources import Source, cited
from farflung.scenario.assumptions import load_assumptions
from farflung.scenario.scenario import Scenario

Group = Literal["answer", "cost", "efficiency", "time", "traffic", "hardware"]


@dataclass(frozen=True, slots=True)
class Output:
    """The declaration of one output."""

    name: str
    quantity: str
    unit: str
    symbol: str
    group: Group
    meaning: str


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reader of the numbers must know.

    ``kind`` is ``extrapolated`` (a factor is used outside the range it was fitted in), ``infeasible``
    (the run cannot take place as described), ``choice`` (what ``auto`` chose, and why) or ``ignored`` (what
    the scenario says and the assumption set takes no notice of).
    """

    kind: Literal["extrapolated", "infeasible", "choice", "ignored"]
    subject: str
    message: str
    nearest: str | None = None


@dataclass(frozen=True, slots=True)
class FilledIn:
    """A field the scenario left out, what was taken, and on whose word."""

    field: str
    value: str
    why: str


def _output(meaning: str, quantity: str, unit: str, group: Group, symbol: str = "") -> Any:
    extra = {"quantity": quantity, "unit": unit, "symbol": symbol, "group": group}
    return Field(default=None, description=meaning, json_schema_extra=extra)  # type: ignore[arg-type]


class Outcome(BaseModel):
    """The answer for one scenario under one assumption set, in SI units and US dollars.

    A quantity that does not exist for the run, or that nothing in the scenario or the catalog gives (the
    price of a node described by hand, say), is ``None``; an answer never holds NaN.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: Scenario
    mode: str
    """Protocol of the run; what ``auto`` became."""
    feasible: bool = True
    binding_constraint: str | None = None
    """Field that makes the run infeasible as described."""
    bottleneck: str = "compute"
    """What the run waits for most."""
    flags: tuple[Flag, ...] = ()
    filled_in: tuple[FilledIn, ...] = ()
    command: str | None = Field(default=None, exclude=True)

    quality_adjusted_flop: float | None = _output(
        "Compute a single cluster needs for a model as good, well allocated",
        "quality_adjusted_flop", "FLOP", "answer", "C_quality",
    )  # fmt: skip
    local_equivalent_flop: float | None = _output(
        "Compute a single cluster needs for the same model on the same allocation",
        "local_equivalent_flop", "FLOP", "answer", "C_local",
    )  # fmt: skip
    throughput_flop: float | None = _output(
        "Operations applied to training", "throughput_flop", "FLOP", "answer", "C"
    )
    duration_s: float | None = _output("Length of the run", "duration", "s", "answer", "T")
    tokens: float | None = _output("Training tokens", "tokens", "token", "answer", "D")
    overtraining_ratio: float | None = _output(
        "Tokens over those of the reference allocation", "overtraining_ratio", "1", "answer"
    )
    reference_tokens: float | None = _output(
        "Tokens of the reference allocation for a model of this size",
        "reference_tokens", "token", "answer", "D*",
    )  # fmt: skip
    equivalent_parameters: float | None = _output(
        "Size of the well-allocated centralised model that is as good",
        "equivalent_parameters", "parameters", "answer", "N*",
    )  # fmt: skip
    loss: float | None = _output(
        "Training loss before any loss from distribution", "loss", "nats", "answer", "L"
    )

    capital_cost_usd: float | None = _output("Purchase cost of all nodes", "capital_cost", "USD", "cost")
    run_cost_usd: float | None = _output("Energy, links and staff", "run_cost", "USD", "cost")
    total_cost_usd: float | None = _output("Capital and run cost together", "total_cost", "USD", "cost")
    energy_cost_usd: float | None = _output("Electricity", "energy_cost", "USD", "cost")
    bandwidth_cost_usd: float | None = _output("Internet links", "bandwidth_cost", "USD", "cost")
    staff_cost_usd: float | None = _output("People", "staff_cost", "USD", "cost")
    energy_j: float | None = _output("Energy of the run", "energy", "J", "cost")
    power_w: float | None = _output("Mean electric power of all sites", "power", "W", "cost")

    efficiency: float | None = _output(
        "Share of compute that counts, over all causes", "efficiency", "1", "efficiency", "η"
    )
    efficiency_sync_interval: float | None = _output(
        "Share left by synchronising every H steps", "efficiency_sync_interval", "1", "efficiency", "η_H"
    )
    efficiency_compression: float | None = _output(
        "Share left by compressing pseudo-gradients", "efficiency_compression", "1", "efficiency", "η_c"
    )
    efficiency_activation: float | None = _output(
        "Share left by compressing activations", "efficiency_activation", "1", "efficiency", "η_act"
    )
    efficiency_replica: float | None = _output(
        "Share left by averaging diverged replicas", "efficiency_replica", "1", "efficiency", "η_replica"
    )
    chinchilla_efficiency: float | None = _output(
        "Compute an optimally allocated model needs for the same loss, over that spent",
        "chinchilla_efficiency", "1", "efficiency", "χ",
    )  # fmt: skip

    utilisation: float | None = _output(
        "Share of what all nodes could compute at their MFU that became training", "utilisation", "1", "time"
    )
    inner_steps: float | None = _output("Steps between synchronisations", "inner_steps", "1", "time", "H")
    inner_steps_compute_bound: float | None = _output(
        "Fewest steps that hide the exchange", "inner_steps_compute_bound", "1", "time", "H_min"
    )
    regional_steps: float | None = _output(
        "Regional synchronisations between global ones", "regional_steps", "1", "time", "H_reg"
    )
    effective_inner_steps: float | None = _output(
        "Sync interval of a flat scheme that loses as much", "effective_inner_steps", "1", "time", "H_eff"
    )
    compute_time_s: float | None = _output(
        "Compute of one inner step on one node", "compute_time", "s", "time", "t_comp"
    )
    step_time_s: float | None = _output(
        "One inner step, exchanges inside it included", "step_time", "s", "time", "t_step"
    )
    expert_parallel_time_s: float | None = _output(
        "Wait for experts on other nodes per step", "expert_parallel_time", "s", "time", "t_EP"
    )
    synchronisation_time_s: float | None = _output(
        "Global exchange of pseudo-gradients", "synchronisation_time", "s", "time", "t_sync"
    )
    regional_synchronisation_time_s: float | None = _output(
        "Exchange inside a group", "regional_synchronisation_time", "s", "time", "t_reg"
    )
    activation_transfer_time_s: float | None = _output(
        "Transfer of a micro-batch's activations and gradients between stages",
        "micro_batch_transfer_time", "s", "time",
    )  # fmt: skip
    outer_round_time_s: float | None = _output(
        "Time between global synchronisations", "outer_round_time", "s", "time", "t_outer"
    )
    outer_rounds: float | None = _output("Global synchronisations of the run", "outer_rounds", "1", "time")
    straggler_factor: float | None = _output(
        "How much longer the slowest participant takes", "straggler_factor", "1", "time", "f(n)"
    )

    sync_payload_bits: float | None = _output(
        "Bits a participant sends, and receives, per synchronisation",
        "synchronisation_payload", "bit", "traffic", "V",
    )  # fmt: skip
    mean_upload_bps: float | None = _output(
        "Pseudo-gradients sent by a participant, averaged over a round", "mean_rate", "bit/s", "traffic"
    )
    mean_download_bps: float | None = _output(
        "Pseudo-gradients received by a participant, averaged over a round", "mean_rate", "bit/s", "traffic"
    )
    mean_activation_bps: float | None = _output(
        "Activations sent one way by a pipeline stage", "mean_activation_rate", "bit/s", "traffic"
    )
    latency_share: float | None = _output(
        "Share of a global exchange that is round-trip time", "latency_share", "1", "traffic"
    )

    nodes: float | None = _output("Nodes", "nodes", "1", "hardware", "N")
    working_nodes: float | None = _output("Nodes that take part", "working_nodes", "1", "hardware")
    chips: float | None = _output("Accelerators", "chips", "1", "hardware")
    replicas: float | None = _output(
        "Copies of the model that are averaged", "replicas", "1", "hardware", "M"
    )
    groups: float | None = _output("Regional groups, or pipelines", "groups", "1", "hardware", "G")
    pipeline_stages: float | None = _output(
        "Nodes that hold one replica", "pipeline_stages", "1", "hardware", "S"
    )
    node_peak_flops: float | None = _output(
        "Peak dense throughput of a node", "node_peak", "FLOP/s", "hardware", "F"
    )
    node_memory_bytes: float | None = _output(
        "Accelerator memory of a node", "node_memory", "byte", "hardware"
    )
    node_h100_equivalents: float | None = _output(
        "H100-equivalents of a node by total processing performance", "node_h100_equivalents", "1", "hardware"
    )
    required_memory_bytes: float | None = _output(
        "Training state of one replica", "required_memory", "byte", "hardware"
    )
    largest_parameters: float | None = _output(
        "Largest dense model that one node holds", "largest_parameters", "parameters", "hardware"
    )

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def provenance(self) -> Provenance:
        """Return how to obtain the same answer again."""
        believed = load_assumptions(self.scenario.assumptions)
        return Provenance(
            version=version(),
            assumptions=believed.name,
            assumptions_hash=believed.hash,
            scenario_hash=content_hash(self.scenario.model_dump(mode="json")),
            command=self.command,
        )

    @field_serializer("flags", "filled_in")
    def _as_tables(self, items: tuple[Flag | FilledIn, ...]) -> list[dict[str, Any]]:
        return [asdict(item) for item in items]

    def values(self) -> dict[str, float | None]:
        """Return every declared output by name."""
        return {name: getattr(self, name) for name in OUTPUTS}

    def citations(self, *outputs: str) -> tuple[Source, ...]:
        """Return the sources behind the given outputs, or behind the headline and its cost.

        The list is gathered from the functions and coefficients that were actually used.
        """
        from farflung.outcome.explain import source_keys  # noqa: PLC0415 - explain builds on this schema

        asked = outputs or ("quality_adjusted_flop", "capital_cost_usd")
        return cited(source_keys(self.scenario, asked))


def _declared() -> Mapping[str, Output]:
    found = {}
    for name, info in Outcome.model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and "quantity" in extra:
            found[name] = Output(name=name, meaning=info.description or "", **extra)  # type: ignore[arg-type]
    return found


OUTPUTS: Mapping[str, Output] = _declared()
"""Every output by name, in the order they are shown."""
