"""What chips of different replicas and stages send each other in a step."""

from __future__ import annotations

import numpy as np

from farflung.analysis.node.coefficients import Coefficients
from farflung.analysis.node.inputs import StepInputs, expert_copies, expert_tensor
from farflung.analysis.node.layer import SEEN_OF_OVERLAPPED, LayerPasses, group_time
from farflung.analysis.node.products import HALF
from farflung.base.arrays import Array
from farflung.physics.node import collectives


def _among_replicas(inputs: StepInputs, fitted: Coefficients, own: Array, experts: Array) -> Array:
    """Return the time of moving bytes of shared parameters and of experts once round their copies [s]."""
    plan = inputs.plan
    time = group_time(
        inputs, fitted, group=plan.data * plan.context, stride=plan.tensor, volume=own, rounds=1.0
    )
    if not np.any(experts):
        return time
    of_experts = group_time(
        inputs,
        fitted,
        group=expert_copies(plan),
        stride=plan.expert * expert_tensor(plan),
        volume=experts,
        rounds=1.0,
    )
    return time + np.where(experts > 0.0, of_experts, 0.0)


def sharding_time(
    inputs: StepInputs,
    fitted: Coefficients,
    passes: LayerPasses,
    recomputed: Array,
    parameters: tuple[Array, Array],
) -> Array:
    """Return what is seen of fetching a layer's shards and scattering its gradients, each micro-batch [s].

    ``parameters`` are those of a layer on one chip: shared by all its copies, and of experts.
    """
    stage = inputs.plan.zero_stage
    if not np.any(stage > 1.0):
        return 0.0
    own, experts = parameters
    fetch = _among_replicas(inputs, fitted, own * HALF, experts * HALF)
    each = inputs.software.gradient_bytes
    scatter = _among_replicas(inputs, fitted, own * each, experts * each)
    work = passes.backward + recomputed
    forward = collectives.partly_hidden_time(
        communication_time=fetch, compute_time=passes.forward, hidden_share=fitted.shard_overlap
    )
    backward = collectives.partly_hidden_time(
        communication_time=np.where(stage > 2.0, fetch, 0.0) + scatter,
        compute_time=work,
        hidden_share=fitted.shard_overlap,
    )
    return np.where(stage > 1.0, forward - passes.forward + backward - work, 0.0)


def gradient_time(
    inputs: StepInputs, fitted: Coefficients, parameters: tuple[Array, Array], covering: Array
) -> Array:
    """Return what is seen of reducing gradients and spreading weights at the end of a step [s].

    ``parameters`` are all of one chip; ``covering`` is the time of its last backward pass.
    """
    plan, software = inputs.plan, inputs.software
    shared = plan.zero_stage > 0.0
    each = software.gradient_bytes + np.where(shared, HALF, software.gradient_bytes)
    own, experts = parameters
    seen = collectives.exposed_time(
        communication_time=_among_replicas(inputs, fitted, own * each, experts * each),
        covering_time=covering,
        overlap=np.where(software.overlap_data, fitted.data_overlap, 0.0),
        floor_share=np.where(software.overlap_data, SEEN_OF_OVERLAPPED, 1.0),
    )
    return np.where(plan.zero_stage > 1.0, 0.0, seen)


def transfer_time(inputs: StepInputs, fitted: Coefficients) -> Array:
    """Return the time of handing one micro-batch's activations to the next pipeline stage [s]."""
    shape, plan, chip = inputs.architecture, inputs.plan, inputs.hardware
    parts = np.maximum(plan.sequence_parallel, inputs.software.scatter_transfers)
    tokens = plan.micro_batch * shape.sequence_length / plan.context
    volume = tokens * shape.hidden_width * HALF / np.where(parts, plan.tensor, 1.0)
    outside = plan.tensor * plan.context * plan.data * plan.pipeline > chip.domain_size
    rate = np.where(
        outside,
        chip.network_bandwidth * fitted.network_efficiency,
        chip.domain_bandwidth * fitted.domain_efficiency,
    )
    return volume / rate + np.where(outside, fitted.network_latency, fitted.domain_latency)
