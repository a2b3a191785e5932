"""Work bound by memory: norms, activations, residuals, casts, the loss, and the optimiser."""

from __future__ import annotations

from farflung.base.arrays import Array


def elementwise_time(
    *,
    tokens: Array,
    residual_width: Array,
    inner_width: Array,
    element_bytes: Array,
    memory_bandwidth: Array,
    elementwise_coefficient: Array,
) -> Array:
    """Return the time of the elementwise work of one layer's forward pass [s].

    Parameters
    ----------
    tokens
        Tokens of a micro-batch on the chip [tokens].
    residual_width
        Elements a token passes through norms, residuals and dropout, over all passes [1].
    inner_width
        Elements it passes through activation functions, rotations and gates, over all passes [1].
    element_bytes
        Bytes of an activation [byte].
    memory_bandwidth
        Bandwidth of the chip's memory [byte/s].
    elementwise_coefficient
        Traffic seen over traffic counted [1].

    Notes
    -----
    Equation: t = k T b (w_r + w_i) / B
    Assumption: each kernel reads and writes memory once.
    Evidence: korthikanti2022reducing
    Limits: fusion differs between stacks.
    """
    width = residual_width + inner_width
    return elementwise_coefficient * tokens * element_bytes * width / memory_bandwidth


def loss_time(*, tokens: Array, vocabulary: Array, logit_bytes: Array, memory_bandwidth: Array) -> Array:
    """Return the time of the cross-entropy over logits, forward and backward [s].

    Parameters
    ----------
    tokens
        Tokens of a micro-batch on the chip [tokens].
    vocabulary
        Logits of a token on the chip [1].
    logit_bytes
        Bytes moved for every logit [byte].
    memory_bandwidth
        Bandwidth of the chip's memory [byte/s].

    Notes
    -----
    Equation: t = k T V / B
    Assumption: bound by memory.
    Evidence: simumax2026
    Limits: fused losses move half as much.
    """
    return tokens * vocabulary * logit_bytes / memory_bandwidth


def optimiser_time(
    *, parameters: Array, optimiser_bytes: Array, memory_bandwidth: Array, step_overhead: Array
) -> Array:
    """Return the time of the optimiser's update on one chip [s].

    Parameters
    ----------
    parameters
        Parameters whose state the chip holds [1].
    optimiser_bytes
        Bytes moved for each of them [byte].
    memory_bandwidth
        Bandwidth of the memory that holds the state [byte/s].
    step_overhead
        Fixed work of a step: norms, scaling, data loading [s].

    Notes
    -----
    Equation: t = k P / B + t_0
    Assumption: Adam, unfused gradient norm and clipping.
    Evidence: bang2023vtrain
    Limits: an optimiser held in host memory is bound by that memory.
    """
    return parameters * optimiser_bytes / memory_bandwidth + step_overhead
