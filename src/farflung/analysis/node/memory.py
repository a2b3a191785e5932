"""The memory of a node's fullest chip, by what takes it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from farflung.analysis.node.inputs import StepInputs, dense_share, expert_copies
from farflung.analysis.node.step import chip_parameters
from farflung.base.arrays import Array
from farflung.physics.node import memory

_ELEMENT, _WEIGHT, _OPTIMISER = 2.0, 2.0, 12.0
_LOGIT, _LOGIT_FUSED = 6.0, 4.0
_LIVE_LAYERS = 0.5
_CONTEXT = 1.0e9
_RESIDUAL_COPIES, _MAP_COPIES = 5.0, 2.0
_STATISTICS = 4.0


@dataclass(frozen=True, slots=True)
class StepMemory:
    """Bytes on the fullest chip.

    Attributes
    ----------
    states
        Weights, gradients and optimiser.
    activations
        What backward passes need, of the micro-batches in flight.
    logits
        Of one micro-batch on the last stage.
    gathered
        Buffers of layers fetched from other chips.
    outer
        What training with rare synchronisation adds.
    context
        Libraries and the driver.
    """

    states: Array
    activations: Array
    logits: Array
    gathered: Array
    outer: Array
    context: Array

    @property
    def total(self) -> Array:
        """Return their sum [byte]."""
        return self.states + self.activations + self.logits + self.gathered + self.outer + self.context

    def by_cause(self) -> dict[str, Array]:
        """Return the bytes by what takes them."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OuterState:
    """What rare synchronisation keeps on the device for every parameter.

    Attributes
    ----------
    weight_bytes, momentum_bytes, feedback_bytes, buffer_bytes
        Weights as of the last synchronisation, momentum of the outer optimiser, what compression left unsent,
        and what is sent and received [byte]. All 0 where host memory holds them.
    fragment_share
        Share of the model that is exchanged at a time [1].
    """

    weight_bytes: Array = 0.0
    momentum_bytes: Array = 0.0
    feedback_bytes: Array = 0.0
    buffer_bytes: Array = 0.0
    fragment_share: Array = 1.0


def layer_activations(inputs: StepInputs) -> tuple[Array, Array]:
    """Return what a mean layer keeps of a micro-batch: for its backward pass, and where it is recomputed."""
    shape, plan, software = inputs.architecture, inputs.plan, inputs.software
    tokens = plan.micro_batch * shape.sequence_length / plan.context
    split = np.where(plan.sequence_parallel > 0.0, plan.tensor, 1.0)
    dense = dense_share(inputs)
    block = (2.0 + shape.gated) * (dense * shape.feedforward_width + (1.0 - dense) * shape.shared_width)
    kept = shape.expanded_width + shape.value_width + shape.compressed_width + block
    sent = (1.0 - dense) * shape.active_experts
    kept = kept + sent * (_MAP_COPIES * shape.hidden_width + (2.0 + shape.gated) * shape.expert_width)
    whole = memory.activation_bytes(
        tokens=tokens,
        sharded_width=kept / plan.tensor,
        residual_width=_RESIDUAL_COPIES * shape.hidden_width,
        residual_shards=split,
        element_bytes=_ELEMENT,
    )
    scores = np.where(
        (software.fused_attention > 0.0) | (plan.recompute > 0.0),
        _STATISTICS * tokens * shape.heads / plan.tensor,
        2.5 * _ELEMENT * tokens * shape.sequence_length * shape.heads / plan.tensor,
    )
    entered = memory.activation_bytes(
        tokens=tokens,
        sharded_width=0.0,
        residual_width=shape.hidden_width,
        residual_shards=split,
        element_bytes=_ELEMENT,
    )
    return whole + scores, entered


def step_memory(inputs: StepInputs, outer: OuterState | None = None) -> StepMemory:
    """Return what a plan needs on its fullest chip."""
    shape, plan = inputs.architecture, inputs.plan
    (own, _), (held, routed), layers = chip_parameters(inputs)
    replicas = plan.data * plan.context
    each = {
        "weight_bytes": _WEIGHT,
        "gradient_bytes": inputs.software.gradient_bytes,
        "optimiser_bytes": _OPTIMISER,
        "zero_stage": plan.zero_stage,
    }
    states = memory.state_bytes(parameters=held, shards=replicas, **each) + memory.state_bytes(
        parameters=routed, shards=expert_copies(plan), **each
    )
    whole, entered = layer_activations(inputs)
    flight = memory.micro_batches_in_flight(
        micro_batches=plan.micro_batches, stages=plan.pipeline, interleaving=plan.interleaving
    )
    full = plan.recompute > 1.0
    activations = np.where(full, entered * layers * flight + whole, whole * layers * flight)
    activations = activations + _LIVE_LAYERS * whole
    tokens = plan.micro_batch * shape.sequence_length / plan.context
    logit = np.where(inputs.software.fused_loss > 0.0, _LOGIT_FUSED, _LOGIT)
    logits = np.where(plan.pipeline > 1.0, 0.0, logit * tokens * shape.vocabulary / plan.tensor)
    gathered = np.where(plan.zero_stage > 2.0, 2.0 * _WEIGHT * own, 0.0)
    extra: Array = 0.0
    if outer is not None:
        extra = memory.low_communication_bytes(
            parameters=held + routed,
            shards=np.where(plan.zero_stage > 0.0, replicas, 1.0),
            outer_weight_bytes=outer.weight_bytes,
            outer_momentum_bytes=outer.momentum_bytes,
            feedback_bytes=outer.feedback_bytes,
            buffer_bytes=outer.buffer_bytes,
            fragment_share=outer.fragment_share,
        )
    return StepMemory(states, activations, logits, gathered, extra, np.asarray(_CONTEXT))
