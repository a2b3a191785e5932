"""The passes of one layer on one chip, and of the head and the loss, by cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.analysis.node.coefficients import Coefficients
from farflung.analysis.node.inputs import StepInputs, dense_share, expert_tensor
from farflung.analysis.node.products import HALF, Passes, Products, both, scaled
from farflung.base.arrays import Array
from farflung.physics.node import attention, collectives, launch, traffic

SEEN_OF_OVERLAPPED = 0.15
"""Share of overlapped communication that is seen in any case: its first and last parts."""
_SOCKET = 4.0
_SHARPNESS = 6.0
_BACKWARD_ATTENTION, _BACKWARD_WRITTEN, _BACKWARD_ELEMENTWISE = 2.5, 1.4, 1.8
_WRITTEN_RATE = 0.6
"""Batched products of scores reach this share of the rate of large products."""
_RESIDUAL_PASSES, _ROTATED_PASSES = 10.0, 2.0
_KERNELS, _KERNELS_WRITTEN, _KERNELS_GATED, _KERNELS_TENSOR, _KERNELS_SPLIT = 14.0, 20.0, 8.0, 4.0, 4.0
_NONE: Passes = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class LayerPasses:
    """Seconds of one micro-batch's forward and backward pass over a layer, by cause.

    Attributes
    ----------
    products, attention, elementwise, dispatch
        Work of the chip: forward, backward.
    forward, backward
        Times with the host's launches.
    tensor, context, expert
        Communication seen in the two passes together.
    """

    products: Passes
    attention: Passes
    elementwise: Passes
    dispatch: Passes
    forward: Array
    backward: Array
    tensor: Array
    context: Array
    expert: Array


@dataclass(frozen=True, slots=True)
class _Widths:
    """Tokens of a micro-batch on a chip, and the widths of its part of a mean layer."""

    tokens: Array
    routed: Array
    dense: Array
    experts: Array


def _widths(inputs: StepInputs) -> _Widths:
    shape, plan = inputs.architecture, inputs.plan
    dense = dense_share(inputs)
    return _Widths(
        tokens=plan.micro_batch * shape.sequence_length / plan.context,
        routed=1.0 - dense,
        dense=(dense * shape.feedforward_width + (1.0 - dense) * shape.shared_width) / plan.tensor,
        experts=(1.0 - dense) * shape.active_experts * shape.expert_width / plan.tensor,
    )


def layer_passes(inputs: StepInputs, fitted: Coefficients) -> LayerPasses:
    """Return the passes of a mean layer: attention, and its share of dense and of expert blocks."""
    widths = _widths(inputs)
    products = Products(inputs, fitted)
    mixed = _products(inputs, products, widths)
    dispatch, expert_time = _NONE, 0.0
    if np.any(widths.routed):
        expert_work, dispatch, expert_time = _experts(inputs, fitted, products, widths)
        mixed = both(mixed, expert_work)
    core = _attention(inputs, fitted)
    elementwise = _elementwise(inputs, fitted, widths)
    kernels = _kernels(inputs, fitted, widths)
    gap = scaled(kernels * fitted.kernel_gap, (1.0, 2.0))
    work = both(mixed, core, elementwise, dispatch, gap)
    host = launch.launch_time(
        kernels=kernels,
        kernel_launch_time=fitted.kernel_launch_time
        * np.exp(-fitted.launch_progress * inputs.software.years),
        tensor_parallelism=inputs.plan.tensor,
        socket_size=_SOCKET,
        socket_delay=fitted.socket_delay,
    )
    return LayerPasses(
        mixed,
        core,
        elementwise,
        dispatch,
        launch.overlapped_time(chip_time=work[0], host_time=host, sharpness=_SHARPNESS),
        launch.overlapped_time(chip_time=work[1], host_time=2.0 * host, sharpness=_SHARPNESS),
        _tensor(inputs, fitted, widths, mixed),
        _context(inputs, fitted, widths),
        expert_time,
    )


def _products(inputs: StepInputs, products: Products, widths: _Widths) -> Passes:
    shape, t, tokens = inputs.architecture, inputs.plan.tensor, widths.tokens
    found = both(
        products.linear(tokens, shape.expanded_depth, shape.expanded_width / t),
        products.linear(tokens, shape.value_width / t, shape.hidden_width),
    )
    if np.any(shape.compressed_width):
        down = products.linear(tokens, shape.hidden_width, np.maximum(shape.compressed_width, 1.0))
        found = both(found, scaled(np.sign(shape.compressed_width), down))
    if np.any(widths.dense):
        width = np.maximum(widths.dense, 1.0)
        block = both(
            products.linear(tokens, shape.hidden_width, (1.0 + shape.gated) * width),
            products.linear(tokens, width, shape.hidden_width),
        )
        found = both(found, scaled(np.sign(widths.dense), block))
    return found


def _attention(inputs: StepInputs, fitted: Coefficients) -> Passes:
    chip, shape, plan, software = inputs.hardware, inputs.architecture, inputs.plan, inputs.software
    sequences = plan.micro_batch / plan.context
    fused = attention.fused_attention_time(
        sequences=sequences,
        sequence_length=shape.sequence_length,
        score_width=shape.score_width / plan.tensor,
        attended_share=shape.attended_share,
        attention_rate=chip.attention_rate * fitted.attention_share,
        half_rate_length=fitted.half_rate_length,
    )
    if np.all(software.fused_attention):
        return fused, _BACKWARD_ATTENTION * fused
    written = attention.written_scores_time(
        sequences=sequences,
        sequence_length=shape.sequence_length,
        heads=shape.heads / plan.tensor,
        score_width=shape.score_width / plan.tensor,
        matmul_rate=_WRITTEN_RATE * chip.half_rate * fitted.matmul_share,
        memory_bandwidth=chip.memory_bandwidth,
        score_bytes=fitted.score_bytes
        * np.where(software.fused_elementwise, 1.0, fitted.unfused_score_factor),
    )
    return (
        np.where(software.fused_attention, fused, written),
        np.where(software.fused_attention, _BACKWARD_ATTENTION * fused, _BACKWARD_WRITTEN * written),
    )


def _elementwise(inputs: StepInputs, fitted: Coefficients, widths: _Widths) -> Passes:
    chip, shape, plan, software = inputs.hardware, inputs.architecture, inputs.plan, inputs.software
    split = np.where(plan.sequence_parallel, plan.tensor, 1.0)
    block = widths.dense + widths.experts
    moved = traffic.elementwise_time(
        tokens=widths.tokens,
        residual_width=_RESIDUAL_PASSES * shape.hidden_width / split,
        inner_width=(1.0 + shape.gated) * block + _ROTATED_PASSES * shape.expanded_width / plan.tensor,
        element_bytes=HALF,
        memory_bandwidth=chip.memory_bandwidth,
        elementwise_coefficient=fitted.elementwise_coefficient
        * np.where(software.fused_elementwise, 1.0, fitted.unfused_elementwise_factor),
    )
    narrow = traffic.elementwise_time(
        tokens=widths.tokens,
        residual_width=2.0 * shape.hidden_width,
        inner_width=shape.value_width / plan.tensor + block,
        element_bytes=fitted.cast_bytes,
        memory_bandwidth=chip.memory_bandwidth,
        elementwise_coefficient=np.where(software.format_bits < 16.0, 1.0, 0.0),
    )
    return scaled(moved + narrow, (1.0, _BACKWARD_ELEMENTWISE))


def _kernels(inputs: StepInputs, fitted: Coefficients, widths: _Widths) -> Array:
    plan, software = inputs.plan, inputs.software
    kernels = np.where(software.fused_attention, _KERNELS, _KERNELS_WRITTEN)
    kernels = kernels + _KERNELS_GATED * inputs.architecture.gated
    kernels = kernels * np.where(software.fused_elementwise, 1.0, fitted.unfused_kernel_factor)
    together = _KERNELS_TENSOR + _KERNELS_SPLIT * plan.sequence_parallel
    return kernels + np.where(plan.tensor > 1.0, together, 0.0) + widths.routed * fitted.expert_kernels


def group_time(
    inputs: StepInputs, fitted: Coefficients, *, group: Array, stride: Array, volume: Array, rounds: Array
) -> Array:
    """Return the time of a ring collective among chips of a group [s]."""
    chip = inputs.hardware
    inside = collectives.members_in_domain(group=group, stride=stride, domain_size=chip.domain_size)
    bandwidth = collectives.group_bandwidth(
        group=group,
        members_in_domain=inside,
        domain_bandwidth=chip.domain_bandwidth,
        network_bandwidth=chip.network_bandwidth,
        domain_efficiency=fitted.domain_efficiency,
        network_efficiency=fitted.network_efficiency,
    )
    return collectives.collective_time(
        volume=volume,
        rounds=rounds,
        group=group,
        members_in_domain=inside,
        bandwidth=bandwidth,
        domain_latency=fitted.domain_latency,
        network_latency=fitted.network_latency,
    )


def _tensor(inputs: StepInputs, fitted: Coefficients, widths: _Widths, work: Passes) -> Array:
    shape = inputs.architecture
    blocks = 2.0 - widths.routed + widths.routed * (shape.shared_width > 0.0)
    reduced = group_time(
        inputs,
        fitted,
        group=inputs.plan.tensor,
        stride=1.0,
        volume=widths.tokens * shape.hidden_width * HALF,
        rounds=2.0,
    )
    covered = inputs.software.overlap_tensor
    return collectives.exposed_time(
        communication_time=2.0 * blocks * reduced,
        covering_time=work[0] + work[1],
        overlap=np.where(covered, fitted.tensor_overlap, 0.0),
        floor_share=np.where(covered, SEEN_OF_OVERLAPPED, 1.0),
    )


def _context(inputs: StepInputs, fitted: Coefficients, widths: _Widths) -> Array:
    plan = inputs.plan
    if not np.any(plan.context > 1.0):
        return 0.0
    passed = group_time(
        inputs,
        fitted,
        group=plan.context,
        stride=plan.tensor,
        volume=widths.tokens * plan.context * inputs.architecture.key_value_width / plan.tensor * HALF,
        rounds=1.0,
    )
    return 3.0 * (1.0 - fitted.context_overlap) * passed


def _experts(
    inputs: StepInputs, fitted: Coefficients, products: Products, widths: _Widths
) -> tuple[Passes, Passes, Array]:
    """Return the products, the traffic and the communication of the experts of a mean layer."""
    chip, shape, plan = inputs.hardware, inputs.architecture, inputs.plan
    split = expert_tensor(plan)
    own = np.maximum(shape.experts / plan.expert, 1.0)
    tokens = widths.tokens / plan.tensor
    rows = np.maximum(tokens * split * shape.active_experts / own, 1.0)
    width = np.maximum(shape.expert_width / split, 1.0)
    work = both(
        products.grouped(rows, shape.hidden_width, (1.0 + shape.gated) * width, own),
        products.grouped(rows, width, shape.hidden_width, own),
    )
    sent = tokens * shape.active_experts * shape.hidden_width
    progress = np.exp(-fitted.expert_progress * inputs.software.years)
    moved = widths.routed * progress * sent * fitted.dispatch_bytes / chip.memory_bandwidth
    inside = collectives.members_in_domain(group=plan.expert, stride=split, domain_size=chip.domain_size)
    domains = plan.expert / inside
    reached = collectives.other_domains_reached(domains=domains, destinations=shape.active_experts)
    each = shape.active_experts * (domains - 1.0) / domains
    copies = np.where(inputs.software.send_once, np.minimum(reached, each), each)
    exchanged = fitted.exchange_share * collectives.all_to_all_time(
        volume=sent * HALF,
        outside_volume=tokens * shape.hidden_width * HALF * copies,
        group=plan.expert,
        members_in_domain=inside,
        domain_rate=chip.domain_bandwidth * fitted.domain_efficiency,
        network_rate=chip.network_bandwidth * fitted.network_efficiency,
        domain_latency=fitted.domain_latency,
        network_latency=fitted.network_latency,
    )
    shared = group_time(inputs, fitted, group=split, stride=1.0, volume=sent * split * HALF, rounds=1.0)
    return scaled(widths.routed, work), (moved, moved), 4.0 * widths.routed * (exchanged + shared)


def head_time(inputs: StepInputs, fitted: Coefficients) -> Passes:
    """Return the time of the head's products, and that of the loss, of both passes together [s]."""
    shape, plan = inputs.architecture, inputs.plan
    tokens = plan.micro_batch * shape.sequence_length / plan.context
    own = shape.vocabulary / plan.tensor
    loss = traffic.loss_time(
        tokens=tokens,
        vocabulary=own,
        memory_bandwidth=inputs.hardware.memory_bandwidth,
        logit_bytes=np.where(inputs.software.fused_loss, fitted.fused_loss_bytes, fitted.loss_bytes),
    )
    forward, backward = Products(inputs, fitted).wide(tokens, shape.hidden_width, own)
    return forward + backward, loss
