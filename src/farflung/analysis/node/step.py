"""The time of a training step, and where it goes: one path for a single row and for a million plans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.analysis.node.coefficients import Coefficients
from farflung.analysis.node.communication import gradient_time, sharding_time, transfer_time
from farflung.analysis.node.inputs import (
    Architecture,
    StepInputs,
    dense_share,
    expert_copies,
    expert_tensor,
)
from farflung.analysis.node.layer import LayerPasses, head_time, layer_passes
from farflung.base.arrays import Array
from farflung.physics.node import architecture as shapes
from farflung.physics.node import schedule, traffic

_RECOMPUTED_REDUCTIONS = 0.5
"""A recomputed forward pass repeats half of a layer's tensor-parallel communication."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """Seconds of a step.

    Attributes
    ----------
    total
        The step.
    passes
        A mean layer's forward and backward pass of one micro-batch.
    layers
        Layers of the slowest stage.
    head, loss
        Of one micro-batch, on the last stage.
    recomputed, sharding
        Of one micro-batch and layer: recomputation, and fetching sharded parameters as far as it is seen.
    data, optimiser, lag
        Reduction of gradients as far as seen, the update, and waiting for laggards.
    """

    total: Array
    passes: LayerPasses
    layers: Array
    head: Array
    loss: Array
    recomputed: Array
    sharding: Array
    data: Array
    optimiser: Array
    lag: Array


def layer_parameters(inputs: StepInputs) -> tuple[Array, Array]:
    """Return a mean layer's parameters: those that every chip of its stage shares, and those of experts."""
    return _layer_parameters(inputs.architecture, dense_share(inputs))


def _layer_parameters(shape: Architecture, dense: Array) -> tuple[Array, Array]:
    mixing = shapes.attention_parameters(
        hidden_width=shape.hidden_width,
        compressed_width=shape.compressed_width,
        expanded_width=shape.expanded_width,
        expanded_depth=shape.expanded_depth,
        value_width=shape.value_width,
    )
    block = shapes.feedforward_parameters(
        hidden_width=shape.hidden_width,
        gated=shape.gated,
        feedforward_width=dense * shape.feedforward_width + (1.0 - dense) * shape.shared_width,
    )
    expert = shapes.feedforward_parameters(
        hidden_width=shape.hidden_width, feedforward_width=shape.expert_width, gated=shape.gated
    )
    return mixing + block, (1.0 - dense) * shape.experts * expert


def parameters_of(shape: Architecture) -> Array:
    """Return all parameters of a model [1]."""
    own, experts = _layer_parameters(shape, shape.dense_layers / shape.layers)
    return shape.layers * (own + experts) + (2.0 - shape.tied) * shape.vocabulary * shape.hidden_width


def model_flop_of(shape: Architecture, sequences: Array) -> Array:
    """Return the model FLOP of a step of so many sequences, masked pairs left out [FLOP]."""
    own, experts = _layer_parameters(shape, shape.dense_layers / shape.layers)
    active = own + experts * shape.active_experts / np.maximum(shape.experts, 1.0)
    return shapes.model_flop(
        tokens=sequences * shape.sequence_length,
        active_matrix_parameters=active * shape.layers + shape.vocabulary * shape.hidden_width,
        layers=shape.layers,
        sequence_length=shape.sequence_length,
        score_width=shape.score_width,
        attended_share=shape.attended_share,
    )


def chip_parameters(inputs: StepInputs) -> tuple[tuple[Array, Array], tuple[Array, Array], Array]:
    """Return the parameters of a layer and of a stage on one chip, shared and experts, and its layers."""
    shape, plan = inputs.architecture, inputs.plan
    layers = schedule.slowest_stage_layers(
        layers=shape.layers, stages=plan.pipeline, interleaving=plan.interleaving
    )
    own, experts = layer_parameters(inputs)
    layer = own / plan.tensor, experts / (plan.expert * expert_tensor(plan))
    embeddings = np.where(plan.pipeline > 1.0, 1.0, 2.0 - shape.tied)
    ends = embeddings * shape.vocabulary * shape.hidden_width / plan.tensor
    return layer, (layers * layer[0] + ends, layers * layer[1]), layers


def step_time(inputs: StepInputs, fitted: Coefficients) -> StepTime:
    """Return the time of a training step."""
    shape, plan = inputs.architecture, inputs.plan
    of_layer, of_stage, layers = chip_parameters(inputs)
    passes = layer_passes(inputs, fitted)
    head, loss = head_time(inputs, fitted)
    whole = fitted.recompute_share * passes.forward + _RECOMPUTED_REDUCTIONS * passes.tensor
    core = np.where(plan.recompute > 0.0, passes.attention[0], 0.0)
    recomputed = np.where(plan.recompute > 1.0, whole, core)
    sharding = sharding_time(inputs, fitted, passes, recomputed, of_layer)
    working = passes.forward + passes.backward + recomputed
    layer = working + passes.tensor + passes.context + passes.expert + sharding
    last = np.maximum(shape.layers - (plan.pipeline - 1.0) * layers, 0.0)
    pipelined = schedule.pipeline_step_time(
        micro_batches=plan.micro_batches,
        stages=plan.pipeline,
        interleaving=plan.interleaving,
        slowest_stage_time=np.maximum(layer * layers, layer * last + head + loss),
        mean_stage_time=layer * layers,
        transfer_time=transfer_time(inputs, fitted),
        transfer_share=np.where(inputs.software.overlap_data, fitted.transfer_share, 1.0),
    )
    covering = (passes.backward + recomputed) * layers + head + loss
    data = gradient_time(inputs, fitted, of_stage, covering)
    optimiser = _optimiser(inputs, fitted, of_stage)
    chips = plan.data * plan.context * plan.tensor * plan.pipeline
    factor = schedule.lagging_factor(domains=chips / inputs.hardware.domain_size, lag=fitted.lag)
    lag = pipelined * (factor - 1.0)
    total = pipelined + lag + data + optimiser
    return StepTime(total, passes, layers, head, loss, recomputed, sharding, data, optimiser, lag)


def _optimiser(inputs: StepInputs, fitted: Coefficients, parameters: tuple[Array, Array]) -> Array:
    plan = inputs.plan
    shared = plan.zero_stage > 0.0
    own = parameters[0] / np.where(shared, plan.data * plan.context, 1.0)
    experts = parameters[1] / np.where(shared, expert_copies(plan), 1.0)
    return traffic.optimiser_time(
        parameters=own + experts,
        optimiser_bytes=fitted.optimiser_bytes,
        memory_bandwidth=inputs.hardware.memory_bandwidth,
        step_overhead=fitted.step_overhead,
    )


def time_by_cause(inputs: StepInputs, step: StepTime) -> dict[str, Array]:
    """Return the seconds of a step by cause; they add up to the step."""
    plan, passes = inputs.plan, step.passes
    each = plan.micro_batches * step.layers
    work = sum(passes.products) + sum(passes.attention) + sum(passes.elementwise) + sum(passes.dispatch)
    last = plan.micro_batches * (plan.pipeline <= 1.0)
    causes = {
        "matrix products": each * sum(passes.products) + last * step.head,
        "attention": each * sum(passes.attention),
        "elementwise work": each * (sum(passes.elementwise) + sum(passes.dispatch)),
        "loss": last * step.loss,
        "launches": each * (passes.forward + passes.backward - work),
        "recomputation": each * step.recomputed,
        "tensor parallelism": each * passes.tensor,
        "context parallelism": each * passes.context,
        "expert parallelism": each * passes.expert,
        "sharding": each * step.sharding,
        "data parallelism": step.data,
        "optimiser": step.optimiser,
        "laggards": step.lag,
    }
    return {**causes, "pipeline": step.total - sum(causes.values())}
