"""The time of a training step, and where it goes: one path for a single row and for a million plans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.analysis.node.coefficients import Coefficients
from farflung.analysis.node.inputs import Architecture, StepInputs, dense_share, expert_copies, expert_tensor
from farflung.analysis.node.layer import Passes, group_time, head_time, layer_passes
from farflung.base.arrays import Array
from farflung.physics.node import architecture as shapes
from farflung.physics.node import collectives, schedule, traffic

_FLOOR = 0.15
_WEIGHT_BYTES = 2.0


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
    pipelined, slowest
        All passes, and those of one micro-batch on the slowest stage.
    data, optimiser, lag
        Reduction of gradients as far as seen, the update, and waiting for laggards.
    """

    total: Array
    passes: Passes
    layers: Array
    head: Array
    loss: Array
    recomputed: Array
    sharding: Array
    pipelined: Array
    slowest: Array
    data: Array
    optimiser: Array
    lag: Array


def layer_parameters(inputs: StepInputs) -> tuple[Array, Array]:
    """Return a mean layer's parameters: those that every chip of its stage shares, and those of experts."""
    return _layer_parameters(inputs.architecture, dense_share(inputs))


def _layer_parameters(shape: Architecture, dense: Array) -> tuple[Array, Array]:
    mixed = shapes.attention_parameters(
        hidden_width=shape.hidden_width, compressed_width=shape.compressed_width,
        expanded_width=shape.expanded_width, expanded_depth=shape.expanded_depth, value_width=shape.value_width,
    ) + shapes.feedforward_parameters(
        hidden_width=shape.hidden_width, gated=shape.gated,
        feedforward_width=dense * shape.feedforward_width + (1.0 - dense) * shape.shared_width,
    )
    routed = (1.0 - dense) * shape.experts * shapes.feedforward_parameters(
        hidden_width=shape.hidden_width, feedforward_width=shape.expert_width, gated=shape.gated
    )
    return mixed, routed


def model_flop_of(shape: Architecture, sequences: Array) -> Array:
    """Return the model FLOP of a step of so many sequences, masked pairs left out [FLOP]."""
    dense = shape.dense_layers / shape.layers
    mixed, routed = _layer_parameters(shape, dense)
    active = mixed + routed * shape.active_experts / np.maximum(shape.experts, 1.0)
    return shapes.model_flop(
        tokens=sequences * shape.sequence_length,
        active_matrix_parameters=active * shape.layers + shape.vocabulary * shape.hidden_width,
        layers=shape.layers, sequence_length=shape.sequence_length, score_width=shape.score_width,
        attended_share=shape.attended_share,
    )


def step_time(inputs: StepInputs, fitted: Coefficients) -> StepTime:
    """Return the time of a training step."""
    shape, plan, software = inputs.architecture, inputs.plan, inputs.software
    passes = layer_passes(inputs, fitted)
    head, loss = head_time(inputs, fitted)
    per_stage = schedule.slowest_stage_layers(
        layers=shape.layers, stages=plan.pipeline, interleaving=plan.interleaving
    )
    recomputed = np.where(
        plan.recompute > 1.0, fitted.recompute_share * passes.forward + passes.tensor * 0.5,
        np.where(plan.recompute > 0.0, passes.attention[0], 0.0),
    )
    own, experts = layer_parameters(inputs)
    own, experts = own / plan.tensor, experts / (plan.expert * expert_tensor(plan))
    sharding = _sharding(inputs, fitted, passes, recomputed, own, experts)
    layer = (passes.forward + passes.backward + passes.tensor + passes.context + passes.expert + recomputed
             + sharding)
    last = np.maximum(shape.layers - (plan.pipeline - 1.0) * per_stage, 0.0)
    ending = head + loss
    mean = layer * per_stage
    slowest = np.maximum(mean, layer * last + ending)
    transfer = _transfer(inputs, fitted)
    pipelined = schedule.pipeline_step_time(
        micro_batches=plan.micro_batches, stages=plan.pipeline, interleaving=plan.interleaving,
        slowest_stage_time=slowest, mean_stage_time=mean, transfer_time=transfer,
        transfer_share=np.where(software.overlap_data > 0.0, fitted.transfer_share, 1.0),
    )
    held = per_stage * own + shape.vocabulary * shape.hidden_width / plan.tensor * np.where(plan.pipeline > 1.0, 1.0, 2.0 - shape.tied)
    data = _data(inputs, fitted, held, per_stage * experts, (passes.backward + recomputed) * per_stage + ending)
    replicas = plan.data * plan.context
    expert_replicas = expert_copies(plan)
    sharded = plan.zero_stage > 0.0
    optimiser = traffic.optimiser_time(
        parameters=held / np.where(sharded, replicas, 1.0)
        + per_stage * experts / np.where(sharded, expert_replicas, 1.0),
        optimiser_bytes=fitted.optimiser_bytes, memory_bandwidth=inputs.hardware.memory_bandwidth,
        step_overhead=fitted.step_overhead,
    )
    chips = replicas * plan.tensor * plan.pipeline
    factor = schedule.lagging_factor(domains=chips / inputs.hardware.domain_size, lag=fitted.lag)
    total = pipelined * factor + data + optimiser
    return StepTime(total, passes, per_stage, head, loss, recomputed, sharding, pipelined, slowest, data, optimiser,
                    pipelined * (factor - 1.0))


def _sharding(inputs: StepInputs, fitted: Coefficients, passes: Passes, recomputed: Array, own: Array,
              experts: Array) -> Array:
    plan = inputs.plan
    stage = plan.zero_stage
    if not np.any(stage > 1.0):
        return 0.0

    def moved(each: Array) -> Array:
        mixed = group_time(
            inputs, fitted, group=plan.data * plan.context, stride=plan.tensor, volume=own * each, rounds=1.0
        )
        if not np.any(experts):
            return mixed
        return mixed + group_time(
            inputs, fitted, group=expert_copies(plan), stride=plan.expert * expert_tensor(plan),
            volume=experts * each, rounds=1.0,
        )

    fetch, reduce = moved(_WEIGHT_BYTES), moved(inputs.software.gradient_bytes)
    work = passes.backward + recomputed
    forward = collectives.partly_hidden_time(
        communication_time=fetch, compute_time=passes.forward, hidden_share=fitted.shard_overlap
    )
    backward = collectives.partly_hidden_time(
        communication_time=np.where(stage > 2.0, fetch, 0.0) + reduce, compute_time=work,
        hidden_share=fitted.shard_overlap,
    )
    return np.where(stage > 1.0, forward - passes.forward + backward - work, 0.0)


def _transfer(inputs: StepInputs, fitted: Coefficients) -> Array:
    shape, plan, chip = inputs.architecture, inputs.plan, inputs.hardware
    split = np.where(np.maximum(plan.sequence_parallel, inputs.software.scatter_transfers) > 0.0, plan.tensor, 1.0)
    volume = plan.micro_batch * shape.sequence_length / plan.context * shape.hidden_width * 2.0 / split
    chips = plan.tensor * plan.context * plan.data
    outside = chips * plan.pipeline > chip.domain_size
    rate = np.where(outside, chip.network_bandwidth * fitted.network_efficiency,
                    chip.domain_bandwidth * fitted.domain_efficiency)
    return volume / rate + np.where(outside, fitted.network_latency, fitted.domain_latency)


def _data(inputs: StepInputs, fitted: Coefficients, held: Array, experts: Array, covering: Array) -> Array:
    """Return the reduction of gradients, and gathering of weights, as far as it is seen [s]."""
    plan, software = inputs.plan, inputs.software
    replicas = plan.data * plan.context
    each = np.where(plan.zero_stage > 0.0, software.gradient_bytes + _WEIGHT_BYTES, 2.0 * software.gradient_bytes)
    time = group_time(inputs, fitted, group=replicas, stride=plan.tensor, volume=held * each, rounds=1.0)
    if np.any(experts):
        copies = expert_copies(plan)
        time = time + group_time(inputs, fitted, group=copies, stride=plan.expert * expert_tensor(plan), volume=experts * each, rounds=1.0)
    seen = collectives.exposed_time(
        communication_time=time, covering_time=covering,
        overlap=np.where(software.overlap_data > 0.0, fitted.data_overlap, 0.0),
        floor_share=np.where(software.overlap_data > 0.0, _FLOOR, 1.0),
    )
    return np.where(plan.zero_stage > 1.0, 0.0, seen)


def time_by_cause(inputs: StepInputs, step: StepTime) -> dict[str, Array]:
    """Return the seconds of a step by cause; they add up to the step."""
    plan, passes = inputs.plan, step.passes
    each = plan.micro_batches * step.layers
    work = sum(passes.matmul) + sum(passes.attention) + sum(passes.elementwise) + sum(passes.dispatch)
    last = plan.micro_batches * (plan.pipeline <= 1.0)
    causes = {
        "matrix products": each * sum(passes.matmul) + last * step.head,
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
