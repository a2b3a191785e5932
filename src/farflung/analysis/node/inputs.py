"""What a step is computed from: chips and links, a model's shape, a plan, and what the software does.

Every field is a number or an array; fields of one call broadcast, so that one row and a million plans take
the same path.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from farflung.base.arrays import Array

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """Chips of one kind and what joins them.

    Attributes
    ----------
    peak_rate
        Dense peak in the training format, of which utilisation is a share [FLOP/s].
    matmul_rate, half_rate
        Rates sustained on large products in the training format, and in 16 bits [FLOP/s].
    attention_rate
        Rate a fused attention kernel reaches on long sequences [FLOP/s].
    memory, memory_bandwidth
        Memory of a chip and its bandwidth [byte, byte/s].
    units
        Units of a chip that compute tiles at once [1].
    domain_size, domain_bandwidth
        Chips joined by a fast fabric, and the bandwidth of each into it, one way [1, byte/s].
    network_bandwidth
        Bandwidth of a chip's share of the links between domains, one way [byte/s].
    """

    peak_rate: Array
    matmul_rate: Array
    half_rate: Array
    attention_rate: Array
    memory: Array
    memory_bandwidth: Array
    units: Array
    domain_size: Array
    domain_bandwidth: Array
    network_bandwidth: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The shape of a transformer.

    Attributes
    ----------
    layers, hidden_width, heads, vocabulary, sequence_length
        As usual [1, 1, 1, 1, tokens].
    score_width
        Width of all heads for keys plus that for values [1].
    compressed_width, expanded_width, expanded_depth, value_width
        Projections of attention: outputs of those to a latent (0 without one), width of queries, keys and
        values, inputs of the projection to them, width of all heads' values [1].
    key_value_width
        Width of keys and values that other chips need when a sequence is split [1].
    attended_share
        Share of token pairs that attention computes [1].
    feedforward_width, gated
        Width of a dense block, and 1 where it has a gate [1].
    experts, active_experts, expert_width, shared_width
        Routed experts, those a token meets, the width of each, and of the block every token meets [1].
    dense_layers
        Layers with a dense block instead of experts [1].
    tied
        1 where embedding and head are one matrix [1].
    """

    layers: Array
    hidden_width: Array
    heads: Array
    vocabulary: Array
    sequence_length: Array
    score_width: Array
    compressed_width: Array
    expanded_width: Array
    expanded_depth: Array
    value_width: Array
    key_value_width: Array
    attended_share: Array
    feedforward_width: Array
    gated: Array
    experts: Array
    active_experts: Array
    expert_width: Array
    shared_width: Array
    dense_layers: Array
    tied: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a model is divided among chips.

    Attributes
    ----------
    tensor, pipeline, data, context, expert
        Degrees of parallelism; expert parallelism takes chips of the data-parallel kind [1].
    interleaving
        Blocks of layers on every pipeline stage [1].
    micro_batch, micro_batches
        Sequences of a micro-batch, and micro-batches of a step on each replica [1].
    zero_stage
        0 to 3: what data-parallel replicas share among them [1].
    recompute
        0 nothing, 1 the attention core, 2 whole layers [1].
    sequence_parallel
        1 where norms and residuals are split among tensor-parallel chips [1].
    """

    tensor: Array
    pipeline: Array
    data: Array
    context: Array
    expert: Array
    interleaving: Array
    micro_batch: Array
    micro_batches: Array
    zero_stage: Array
    recompute: Array
    sequence_parallel: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What the training software does.

    Attributes
    ----------
    fused_attention
        1 where scores are never written to memory [1].
    fused_elementwise, fused_loss
        1 where elementwise kernels, and those of the loss, are joined [1].
    overlap_tensor, overlap_data
        1 where such communication runs beside the work [1].
    scatter_transfers
        1 where tensor-parallel chips each send a part of what pipeline stages hand on [1].
    send_once
        1 where a token goes only once to a domain that has several of its experts [1].
    format_bits
        Bits of the operands of matrix products [bit].
    gradient_bytes
        Bytes of a gradient when it is reduced [byte].
    years
        Age of the stack against the middle of 2025, in years [1].
    """

    fused_attention: Array
    fused_elementwise: Array
    fused_loss: Array
    overlap_tensor: Array
    overlap_data: Array
    scatter_transfers: Array
    send_once: Array
    format_bits: Array
    gradient_bytes: Array
    years: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInputs:
    """Everything a step's time and memory depend on."""

    hardware: Hardware
    architecture: Architecture
    plan: Plan
    software: Software


def dense_share(inputs: StepInputs) -> Array:
    """Return the share of the layers of the slowest stage that have a dense block.

    A few dense layers come first: where they are a small part of the first stage, the others have none.
    """
    shape, plan = inputs.architecture, inputs.plan
    leading = (plan.pipeline > 1.0) & (2.0 * shape.dense_layers * plan.pipeline <= shape.layers)
    return np.where(leading, 0.0, shape.dense_layers / shape.layers)


def expert_tensor(plan: Plan) -> Array:
    """Return among how many chips each expert is split: tensor-parallel ones, as far as there are enough."""
    chips = plan.data * plan.context * plan.tensor / plan.expert
    return np.clip(chips, 1.0, plan.tensor)


def expert_copies(plan: Plan) -> Array:
    """Return how many chips hold the same part of the same experts."""
    chips = plan.data * plan.context * plan.tensor
    return np.maximum(chips / (plan.expert * expert_tensor(plan)), 1.0)


def stack_inputs(rows: Sequence[StepInputs]) -> StepInputs:
    """Return rows of plain numbers as one row of arrays."""

    def stacked(part: str) -> dict[str, Array]:
        values = [getattr(row, part) for row in rows]
        return {
            f.name: np.array([getattr(v, f.name) for v in values], dtype=float) for f in fields(values[0])
        }

    return StepInputs(
        hardware=Hardware(**stacked("hardware")),
        architecture=Architecture(**stacked("architecture")),
        plan=Plan(**stacked("plan")),
        software=Software(**stacked("software")),
    )
