"""The passes of one layer on one chip, and of the head and the loss, by cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from farflung.analysis.node.coefficients import Coefficients
from farflung.analysis.node.inputs import StepInputs, dense_share, expert_tensor
from farflung.base.arrays import Array
from farflung.physics.node import attention, collectives, launch, matmul, traffic

TILE_ROWS, TILE_COLUMNS = 128.0, 256.0
"""Tile of a matrix product that one unit of a chip computes at a time."""
_SOCKET = 4.0
_SHARPNESS = 6.0
_BACKWARD_ATTENTION, _BACKWARD_WRITTEN, _BACKWARD_ELEMENTWISE = 2.5, 1.4, 1.8
_WRITTEN_RATE = 0.6
_FLOOR = 0.15
_HALF = 2.0
_KERNELS, _KERNELS_UNFUSED, _KERNELS_GATED, _KERNELS_TENSOR, _KERNELS_SPLIT = 14.0, 20.0, 8.0, 4.0, 4.0


@dataclass(frozen=True, slots=True)
class Passes:
    """Seconds of one micro-batch's forward and backward pass over a layer, by cause.

    Attributes
    ----------
    matmul, attention, elementwise, dispatch
        Work of the chip: forward, backward.
    forward, backward
        Times with the host's launches.
    tensor, context, expert
        Communication seen in the two passes together.
    """

    matmul: tuple[Array, Array]
    attention: tuple[Array, Array]
    elementwise: tuple[Array, Array]
    dispatch: tuple[Array, Array]
    forward: Array
    backward: Array
    tensor: Array
    context: Array
    expert: Array


class Products:
    """Times of matrix products on the chips of some inputs."""

    def __init__(self, inputs: StepInputs, fitted: Coefficients) -> None:
        self.hardware, self.fitted = inputs.hardware, fitted
        bits = inputs.software.format_bits
        narrow = np.where(bits < 16.0, fitted.eight_bit_share, 1.0) * np.where(bits < 8.0, fitted.four_bit_share, 1.0)
        self.rate = inputs.hardware.matmul_rate * fitted.matmul_share * narrow
        self.half_rate = inputs.hardware.half_rate * fitted.matmul_share
        self.bytes = bits / 8.0

    def linear(self, rows: Array, inputs: Array, outputs: Array, *, count: Array = 1.0, rate: Array = None,
               operand_bytes: Array = None) -> tuple[Array, Array]:
        """Return the forward and backward time of a linear map of some rows [s]."""
        rate = self.rate if rate is None else rate
        operand = self.bytes if operand_bytes is None else operand_bytes
        forward = self._product(rows, outputs, inputs, count, rate, operand, _HALF)
        to_inputs = self._product(rows, inputs, outputs, count, rate, operand, _HALF)
        to_weights = self._product(inputs, outputs, rows, count, rate, operand, 2.0 * 4.0)
        return forward, to_inputs + to_weights

    def _product(self, rows: Array, columns: Array, depth: Array, count: Array, rate: Array, operand: Array,
                 result: float) -> Array:
        idle = matmul.idle_wave_share(
            rows=rows, columns=np.maximum(columns, 1.0), tile_rows=TILE_ROWS, tile_columns=TILE_COLUMNS,
            units=self.hardware.units / count,
        )
        shape = {"rows": rows, "columns": columns, "depth": depth, "count": count}
        return matmul.matmul_time(
            **shape, matmul_rate=rate, idle_wave_share=idle, wave_coefficient=self.fitted.wave_coefficient
        ) + matmul.operand_time(
            **shape, operand_bytes=operand, result_bytes=result,
            memory_bandwidth=self.hardware.memory_bandwidth,
            operand_coefficient=self.fitted.operand_coefficient,
        )


def both(*pairs: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return the sums of forward and of backward times."""
    return sum(p[0] for p in pairs), sum(p[1] for p in pairs)


def _attention(inputs: StepInputs, fitted: Coefficients) -> tuple[Array, Array]:
    chip, shape, plan, software = inputs.hardware, inputs.architecture, inputs.plan, inputs.software
    fused = attention.fused_attention_time(
        sequences=plan.micro_batch / plan.context, sequence_length=shape.sequence_length,
        score_width=shape.score_width / plan.tensor, attended_share=shape.attended_share,
        attention_rate=chip.attention_rate * fitted.attention_share, half_rate_length=fitted.half_rate_length,
    )
    if np.all(software.fused_attention):
        return fused, _BACKWARD_ATTENTION * fused
    eager = np.where(software.fused_elementwise > 0.0, 1.0, fitted.unfused_score_factor)
    written = attention.written_scores_time(
        sequences=plan.micro_batch / plan.context, sequence_length=shape.sequence_length,
        heads=shape.heads / plan.tensor, score_width=shape.score_width / plan.tensor,
        matmul_rate=_WRITTEN_RATE * chip.half_rate * fitted.matmul_share,
        memory_bandwidth=chip.memory_bandwidth, score_bytes=fitted.score_bytes * eager,
    )
    kept = software.fused_attention > 0.0
    return (np.where(kept, fused, written),
            np.where(kept, _BACKWARD_ATTENTION * fused, _BACKWARD_WRITTEN * written))


def group_time(inputs: StepInputs, fitted: Coefficients, *, group: Array, stride: Array, volume: Array,
               rounds: Array) -> Array:
    """Return the time of a collective among chips of a group [s]."""
    chip = inputs.hardware
    inside = collectives.members_in_domain(group=group, stride=stride, domain_size=chip.domain_size)
    bandwidth = collectives.group_bandwidth(
        group=group, members_in_domain=inside, domain_bandwidth=chip.domain_bandwidth,
        network_bandwidth=chip.network_bandwidth, domain_efficiency=fitted.domain_efficiency,
        network_efficiency=fitted.network_efficiency,
    )
    return collectives.collective_time(
        volume=volume, rounds=rounds, group=group, members_in_domain=inside, bandwidth=bandwidth,
        domain_latency=fitted.domain_latency, network_latency=fitted.network_latency,
    )


def layer_passes(inputs: StepInputs, fitted: Coefficients) -> Passes:
    """Return the passes of a mean layer: attention, and its share of dense and of expert blocks."""
    chip, shape, plan, software = inputs.hardware, inputs.architecture, inputs.plan, inputs.software
    products = Products(inputs, fitted)
    tokens = plan.micro_batch * shape.sequence_length / plan.context
    split = np.where(plan.sequence_parallel > 0.0, plan.tensor, 1.0)
    dense = dense_share(inputs)
    routed = 1.0 - dense
    t = plan.tensor
    progress = np.exp(-fitted.expert_progress * software.years)

    products_time = both(
        products.linear(tokens, shape.expanded_depth, shape.expanded_width / t),
        products.linear(tokens, shape.value_width / t, shape.hidden_width),
    )
    if np.any(shape.compressed_width):
        products_time = both(products_time, products.linear(tokens, shape.hidden_width, shape.compressed_width))
    width = (dense * shape.feedforward_width + routed * shape.shared_width) / t
    if np.any(width):
        products_time = both(
            products_time,
            products.linear(tokens, shape.hidden_width, np.maximum((1.0 + shape.gated) * width, 1e-9)),
            products.linear(tokens, np.maximum(width, 1e-9), shape.hidden_width),
        )
    mine = dispatched = (0.0, 0.0)
    expert_time: Array = 0.0
    if np.any(routed):
        mine, dispatched, expert_time = _experts(inputs, fitted, products, tokens / t, routed, progress)
        products_time = both(products_time, mine)
    core = _attention(inputs, fitted)
    inner = ((1.0 + shape.gated) * width + 2.0 * shape.expanded_width / t
             + routed * shape.active_experts * (1.0 + shape.gated) * shape.expert_width / t)
    bits = software.format_bits
    cast = np.where(bits < 16.0, fitted.cast_bytes / 2.0, 0.0) * (
        2.0 * shape.hidden_width + shape.value_width / t + width + routed * shape.active_experts * shape.expert_width / t
    )
    eager = np.where(software.fused_elementwise > 0.0, 1.0, fitted.unfused_elementwise_factor)
    moved = traffic.elementwise_time(
        tokens=tokens, residual_width=10.0 * shape.hidden_width / split, inner_width=inner, element_bytes=_HALF,
        memory_bandwidth=chip.memory_bandwidth, elementwise_coefficient=fitted.elementwise_coefficient * eager,
    ) + tokens * _HALF * cast / chip.memory_bandwidth
    elementwise = (moved, _BACKWARD_ELEMENTWISE * moved)
    kernels = np.where(software.fused_attention > 0.0, _KERNELS, _KERNELS_UNFUSED) + _KERNELS_GATED * shape.gated
    kernels = kernels * np.where(software.fused_elementwise > 0.0, 1.0, fitted.unfused_kernel_factor)
    kernels = kernels + np.where(t > 1.0, _KERNELS_TENSOR + _KERNELS_SPLIT * plan.sequence_parallel, 0.0)
    kernels = kernels + routed * fitted.expert_kernels
    host = launch.launch_time(
        kernels=kernels, tensor_parallelism=t,
        kernel_launch_time=fitted.kernel_launch_time * np.exp(-fitted.launch_progress * software.years),
        socket_size=_SOCKET, socket_delay=fitted.socket_delay,
    )
    work = both(products_time, core, elementwise, dispatched)
    gap = kernels * fitted.kernel_gap
    forward = launch.overlapped_time(chip_time=work[0] + gap, host_time=host, sharpness=_SHARPNESS)
    backward = launch.overlapped_time(chip_time=work[1] + 2.0 * gap, host_time=2.0 * host, sharpness=_SHARPNESS)
    blocks = 1.0 + dense + routed * (shape.shared_width > 0.0)
    covered = software.overlap_tensor > 0.0
    tensor = collectives.exposed_time(
        communication_time=2.0 * blocks * group_time(
            inputs, fitted, group=t, stride=1.0, volume=tokens * shape.hidden_width * _HALF, rounds=2.0
        ),
        covering_time=products_time[0] + products_time[1],
        overlap=np.where(covered, fitted.tensor_overlap, 0.0), floor_share=np.where(covered, _FLOOR, 1.0),
    )
    context: Array = 0.0
    if np.any(plan.context > 1.0):
        context = 3.0 * (1.0 - fitted.context_overlap) * group_time(
            inputs, fitted, group=plan.context, stride=t,
            volume=tokens * plan.context * shape.key_value_width / t * _HALF, rounds=1.0,
        )
    return Passes(products_time, core, elementwise, dispatched, forward, backward, tensor, context, expert_time)


def _experts(inputs: StepInputs, fitted: Coefficients, products: Products, tokens: Array, routed: Array,
             progress: Array) -> tuple[Any, Any, Array]:
    """Return products, traffic and communication of experts; ``tokens`` are those a chip routes."""
    shape, plan = inputs.architecture, inputs.plan
    own = shape.experts / plan.expert
    split = expert_tensor(plan)
    rows = np.maximum(tokens * split * shape.active_experts / np.maximum(own, 1e-9), 1.0)
    width = np.maximum(shape.expert_width / split, 1.0)
    rate = products.rate * fitted.expert_share
    up = products.linear(rows, shape.hidden_width, (1.0 + shape.gated) * width,
                         count=np.maximum(own, 1e-9), rate=rate)
    down = products.linear(rows, width, shape.hidden_width,
                           count=np.maximum(own, 1e-9), rate=rate)
    work = both(up, down)
    sent = tokens * shape.active_experts * shape.hidden_width
    moved = routed * progress * sent * fitted.dispatch_bytes / inputs.hardware.memory_bandwidth
    chip = inputs.hardware
    exchanged = 4.0 * routed * fitted.exchange_share * collectives.all_to_all_time(
        volume=sent * _HALF, group=plan.expert, domain_rate=chip.domain_bandwidth * fitted.domain_efficiency,
        members_in_domain=collectives.members_in_domain(
            group=plan.expert, stride=split, domain_size=chip.domain_size
        ),
        network_rate=chip.network_bandwidth * fitted.network_efficiency,
        domain_latency=fitted.domain_latency, network_latency=fitted.network_latency,
    )
    shared = 4.0 * routed * group_time(
        inputs, fitted, group=split, stride=1.0, volume=sent * split * _HALF, rounds=1.0
    )
    return (routed * work[0], routed * work[1]), (moved, moved), exchanged + shared


def head_time(inputs: StepInputs, fitted: Coefficients) -> tuple[Array, Array]:
    """Return the time of the head's products and of the loss, forward and backward together [s]."""
    shape, plan, software = inputs.architecture, inputs.plan, inputs.software
    products = Products(inputs, fitted)
    tokens = plan.micro_batch * shape.sequence_length / plan.context
    own = shape.vocabulary / plan.tensor
    forward, backward = products.linear(tokens, shape.hidden_width, own, rate=products.half_rate, operand_bytes=_HALF)
    loss = traffic.loss_time(
        tokens=tokens, vocabulary=own, memory_bandwidth=inputs.hardware.memory_bandwidth,
        logit_bytes=np.where(software.fused_loss > 0.0, fitted.fused_loss_bytes, fitted.loss_bytes),
    )
    return forward + backward, loss
