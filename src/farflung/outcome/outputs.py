"""Outputs: every number that an outcome holds, declared once with label, unit, symbol and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from farflung.base.errors import unknown
from farflung.base.format import format_value

Group = Literal["answer", "cost", "efficiency", "time", "traffic", "hardware"]
Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True)
class Output:
    """The declaration of one output.

    Attributes
    ----------
    name
        Name in results.
    label
        Name in tables and figures.
    quantity
        Quantity of the model that it is.
    unit, symbol, meaning
        Its unit, its symbol if it has one, and what it means in a line.
    group
        What it tells of.
    better
        Which direction is good for whoever trains.
    """

    name: str
    label: str
    quantity: str
    unit: str
    symbol: str
    group: Group
    meaning: str
    better: Better = "neither"

    def format(self, value: float | None) -> str:
        """Return a value as a person reads it."""
        return format_value(value, self.unit)


def _output(  # noqa: PLR0917 - the columns of the table below
    label: str,
    meaning: str,
    quantity: str,
    unit: str,
    group: Group,
    symbol: str = "",
    better: Better = "neither",
) -> Any:
    extra = {"label": label, "quantity": quantity, "unit": unit}
    extra |= {"symbol": symbol, "group": group, "better": better}
    return Field(default=None, description=meaning, json_schema_extra=extra)  # type: ignore[arg-type]


class OutputValues(BaseModel):
    """The numbers of an outcome, in SI units and US dollars; ``None`` where a run has no such quantity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # fmt: off
    quality_adjusted_flop: float | None = _output(
        "Quality-adjusted compute", "Compute a single cluster needs for a model as good, well allocated",
        "quality_adjusted_flop", "FLOP", "answer", symbol="C_quality", better="higher")
    local_equivalent_flop: float | None = _output(
        "Local-equivalent compute",
        "Compute a single cluster needs for the same model on the same allocation",
        "local_equivalent_flop", "FLOP", "answer", symbol="C_local", better="higher")
    throughput_flop: float | None = _output(
        "Throughput", "Operations applied to training",
        "throughput_flop", "FLOP", "answer", symbol="C", better="higher")
    duration_s: float | None = _output(
        "Duration", "Length of the run",
        "duration", "s", "answer", symbol="T", better="lower")
    tokens: float | None = _output(
        "Tokens", "Training tokens",
        "tokens", "token", "answer", symbol="D", better="higher")
    overtraining_ratio: float | None = _output(
        "Over-training", "Tokens over those of the reference allocation",
        "overtraining_ratio", "1", "answer", better="lower")
    reference_tokens: float | None = _output(
        "Tokens of the reference allocation", "Tokens of the reference allocation for a model of this size",
        "reference_tokens", "token", "answer", symbol="D*")
    equivalent_parameters: float | None = _output(
        "Equivalent central model", "Size of the well-allocated centralised model that is as good",
        "equivalent_parameters", "parameters", "answer", symbol="N*", better="higher")
    loss: float | None = _output(
        "Loss on one cluster", "Training loss before any loss from distribution",
        "loss", "nats", "answer", symbol="L", better="lower")
    distributed_loss: float | None = _output(
        "Loss of the distributed run", "Training loss of the distributed run",
        "distributed_loss", "nats", "answer", symbol="L'", better="lower")
    divergence_penalty: float | None = _output(
        "Penalty of averaging replicas", "What averaging replicas every H steps adds to the loss",
        "divergence_penalty", "nats", "answer", symbol="Δ", better="lower")
    compression_penalty: float | None = _output(
        "Penalty of compression", "What compressing pseudo-gradients adds to the loss",
        "compression_penalty", "nats", "answer", symbol="Δ_c", better="lower")
    run_to_run_noise: float | None = _output(
        "Run-to-run noise of a loss",
        "Difference in loss between two runs alike but for tuning, below which no penalty shows",
        "run_to_run_noise", "nats", "answer")
    capital_cost_usd: float | None = _output(
        "Capital cost", "Purchase cost of all nodes",
        "capital_cost", "USD", "cost", better="lower")
    run_cost_usd: float | None = _output(
        "Run cost", "Energy, links and staff",
        "run_cost", "USD", "cost", better="lower")
    total_cost_usd: float | None = _output(
        "Total cost", "Capital and run cost together",
        "total_cost", "USD", "cost", better="lower")
    energy_cost_usd: float | None = _output(
        "Electricity", "Electricity",
        "energy_cost", "USD", "cost", better="lower")
    bandwidth_cost_usd: float | None = _output(
        "Links", "Internet links",
        "bandwidth_cost", "USD", "cost", better="lower")
    staff_cost_usd: float | None = _output(
        "Staff", "People",
        "staff_cost", "USD", "cost", better="lower")
    energy_j: float | None = _output(
        "Energy", "Energy of the run",
        "energy", "J", "cost", better="lower")
    power_w: float | None = _output(
        "Mean power", "Mean electric power of all sites",
        "power", "W", "cost", better="lower")
    efficiency: float | None = _output(
        "All of these: C_local / C", "Share of compute that counts, over all causes",
        "efficiency", "1", "efficiency", symbol="η", better="higher")
    efficiency_sync_interval: float | None = _output(
        "Synchronising rarely", "Share left by synchronising every H steps",
        "efficiency_sync_interval", "1", "efficiency", symbol="η_H", better="higher")
    efficiency_compression: float | None = _output(
        "Compressed exchanges", "Share left by compressing pseudo-gradients",
        "efficiency_compression", "1", "efficiency", symbol="η_c", better="higher")
    efficiency_activation: float | None = _output(
        "Compressed activations", "Share left by compressing activations",
        "efficiency_activation", "1", "efficiency", symbol="η_act", better="higher")
    efficiency_replica: float | None = _output(
        "Averaging replicas", "Share left by averaging replicas that diverge between synchronisations",
        "efficiency_replica", "1", "efficiency", symbol="η_replica", better="higher")
    chinchilla_efficiency: float | None = _output(
        "Model size against tokens",
        "Compute an optimally allocated model needs for the same loss, over that spent",
        "chinchilla_efficiency", "1", "efficiency", symbol="χ", better="higher")
    utilisation: float | None = _output(
        "Utilisation", "Share of what all nodes could compute at their MFU that became training",
        "utilisation", "1", "time", better="higher")
    inner_steps: float | None = _output(
        "Steps per exchange", "Steps between synchronisations",
        "inner_steps", "1", "time", symbol="H")
    inner_steps_compute_bound: float | None = _output(
        "Fewest steps that hide one", "Fewest steps that hide the exchange",
        "inner_steps_compute_bound", "1", "time", symbol="H_min")
    regional_steps: float | None = _output(
        "Regional exchanges per global one", "Regional synchronisations between global ones",
        "regional_steps", "1", "time", symbol="H_reg")
    effective_inner_steps: float | None = _output(
        "Effective steps per exchange", "Sync interval of a flat scheme that loses as much",
        "effective_inner_steps", "1", "time", symbol="H_eff")
    compute_time_s: float | None = _output(
        "Compute of a step", "Compute of one inner step on one node",
        "compute_time", "s", "time", symbol="t_comp", better="lower")
    step_time_s: float | None = _output(
        "Inner step", "One inner step, exchanges inside it included",
        "step_time", "s", "time", symbol="t_step", better="lower")
    expert_parallel_time_s: float | None = _output(
        "Expert exchange of a step", "Wait for experts on other nodes per step",
        "expert_parallel_time", "s", "time", symbol="t_EP", better="lower")
    synchronisation_time_s: float | None = _output(
        "Wide-area exchange", "Global exchange of pseudo-gradients",
        "synchronisation_time", "s", "time", symbol="t_sync", better="lower")
    regional_synchronisation_time_s: float | None = _output(
        "Regional exchange", "Exchange inside a group",
        "regional_synchronisation_time", "s", "time", symbol="t_reg", better="lower")
    activation_transfer_time_s: float | None = _output(
        "Activations of a micro-batch",
        "Transfer of a micro-batch's activations and gradients between stages",
        "micro_batch_transfer_time", "s", "time", better="lower")
    outer_round_time_s: float | None = _output(
        "Round", "Time between global synchronisations",
        "outer_round_time", "s", "time", symbol="t_outer", better="lower")
    outer_rounds: float | None = _output(
        "Rounds", "Global synchronisations of the run",
        "outer_rounds", "1", "time")
    straggler_factor: float | None = _output(
        "Slowed by stragglers", "How much longer the slowest participant takes",
        "straggler_factor", "1", "time", symbol="f(n)", better="lower")
    sync_payload_bits: float | None = _output(
        "Payload of an exchange", "Bits a participant sends, and receives, per synchronisation",
        "synchronisation_payload", "bit", "traffic", symbol="V", better="lower")
    mean_upload_bps: float | None = _output(
        "Mean upload of a node", "Pseudo-gradients sent by a participant, averaged over a round",
        "mean_rate", "bit/s", "traffic", better="lower")
    mean_download_bps: float | None = _output(
        "Mean download of a node", "Pseudo-gradients received by a participant, averaged over a round",
        "mean_rate", "bit/s", "traffic", better="lower")
    mean_activation_bps: float | None = _output(
        "Activations, each way", "Activations sent one way by a pipeline stage",
        "mean_activation_rate", "bit/s", "traffic", better="lower")
    latency_share: float | None = _output(
        "Latency, share of an exchange", "Share of a global exchange that is round-trip time",
        "latency_share", "1", "traffic", better="lower")
    nodes: float | None = _output(
        "Nodes", "Nodes",
        "nodes", "1", "hardware", symbol="N")
    working_nodes: float | None = _output(
        "Nodes that take part", "Nodes that take part",
        "working_nodes", "1", "hardware")
    chips: float | None = _output(
        "Accelerators", "Accelerators",
        "chips", "1", "hardware")
    replicas: float | None = _output(
        "Replicas", "Copies of the model that are averaged",
        "replicas", "1", "hardware", symbol="M")
    groups: float | None = _output(
        "Groups", "Regional groups, or pipelines",
        "groups", "1", "hardware", symbol="G")
    pipeline_stages: float | None = _output(
        "Nodes per replica", "Nodes that hold one replica",
        "pipeline_stages", "1", "hardware", symbol="S")
    node_peak_flops: float | None = _output(
        "Peak of a node", "Peak dense throughput of a node",
        "node_peak", "FLOP/s", "hardware", symbol="F", better="higher")
    node_memory_bytes: float | None = _output(
        "Memory of a node", "Accelerator memory of a node",
        "node_memory", "byte", "hardware", better="higher")
    node_h100_equivalents: float | None = _output(
        "H100-equivalents of a node", "H100-equivalents of a node by total processing performance",
        "node_h100_equivalents", "1", "hardware")
    required_memory_bytes: float | None = _output(
        "Memory of a replica", "Training state of one replica",
        "required_memory", "byte", "hardware", better="lower")
    largest_parameters: float | None = _output(
        "Largest dense model", "Largest dense model that one node holds",
        "largest_parameters", "parameters", "hardware", better="higher")
    # fmt: on

    def values(self) -> dict[str, float | None]:
        """Return every declared output by name."""
        return {name: getattr(self, name) for name in OUTPUTS}


def _declared() -> Mapping[str, Output]:
    outputs = {}
    for name, info in OutputValues.model_fields.items():
        extra: Any = info.json_schema_extra
        outputs[name] = Output(name=name, meaning=info.description or "", **extra)
    return outputs


OUTPUTS: Mapping[str, Output] = _declared()
"""Every output by name, in the order they are shown."""


def output_named(name: str) -> Output:
    """Return the output of that name.

    Raises
    ------
    InputError
        If there is none; the error names the most similar.
    """
    if name not in OUTPUTS:
        raise unknown("output", "output", name, OUTPUTS)
    return OUTPUTS[name]
