"""Memory of the fullest chip: training state, activations, logits, and what low communication adds."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, where


@array_function
def state_bytes(
    xp: Namespace,
    *,
    parameters: Array,
    weight_bytes: Array,
    gradient_bytes: Array,
    optimiser_bytes: Array,
    shards: Array,
    zero_stage: Array,
) -> Array:
    """Return the training state that a chip holds [byte].

    Parameters
    ----------
    parameters
        Parameters of the chip's part of the model, before sharding among replicas [1].
    weight_bytes, gradient_bytes, optimiser_bytes
        Bytes of a parameter's weight, gradient, and optimiser state with master weight [byte].
    shards
        Replicas that share states among them [1].
    zero_stage
        1 shares the optimiser's state, 2 gradients too, 3 weights too; 0 nothing [1].

    Notes
    -----
    Equation: P (b_w/n^[z≥3] + b_g/n^[z≥2] + b_o/n^[z≥1])
    Assumption: even shards.
    Evidence: rajbhandari2020zero
    Limits: buffers of gathered layers come on top.
    """
    share = 1.0 / shards
    weights = weight_bytes * where(xp, zero_stage >= 3.0, share, 1.0)
    gradients = gradient_bytes * where(xp, zero_stage >= 2.0, share, 1.0)
    return parameters * (weights + gradients + optimiser_bytes * where(xp, zero_stage >= 1.0, share, 1.0))


def activation_bytes(
    *,
    tokens: Array,
    sharded_width: Array,
    residual_width: Array,
    residual_shards: Array,
    element_bytes: Array,
) -> Array:
    """Return the activations that one layer keeps of one micro-batch for its backward pass [byte].

    Parameters
    ----------
    tokens
        Tokens of a micro-batch on the chip [tokens].
    sharded_width
        Elements kept for a token that tensor parallelism divides [1].
    residual_width
        Elements kept for a token on the residual stream [1].
    residual_shards
        Chips that share those: the tensor-parallel ones where sequences are split, else 1 [1].
    element_bytes
        Bytes of an element [byte].

    Notes
    -----
    Equation: T b (w_t + w_r / n)
    Assumption: the attention core is fused, or its scores are counted in the width.
    Evidence: korthikanti2022reducing
    Limits: allocators waste a few per cent on top.
    """
    return tokens * element_bytes * (sharded_width + residual_width / residual_shards)


@array_function
def micro_batches_in_flight(
    xp: Namespace, *, micro_batches: Array, stages: Array, interleaving: Array
) -> Array:
    """Return the micro-batches whose activations the first stage of a pipeline holds [1].

    Parameters
    ----------
    micro_batches
        Micro-batches of a step [1].
    stages
        Pipeline stages [1].
    interleaving
        Separate blocks of layers on every stage [1].

    Notes
    -----
    Equation: min(m, p + (p−1)/v [v>1])
    Assumption: one forward, one backward.
    Evidence: narayanan2021megatron
    Limits: counts whole stages.
    """
    extra = where(xp, interleaving > 1.0, (stages - 1.0) / interleaving, 0.0)
    return xp.minimum(micro_batches, stages + extra)


def low_communication_bytes(
    *,
    parameters: Array,
    shards: Array,
    outer_weight_bytes: Array,
    outer_momentum_bytes: Array,
    feedback_bytes: Array,
    buffer_bytes: Array,
    fragment_share: Array,
) -> Array:
    """Return what training with rare synchronisation holds on top of the training state [byte].

    Parameters
    ----------
    parameters
        Parameters of the chip's part of the model, before sharding [1].
    shards
        Chips of the node that share outer state among them [1].
    outer_weight_bytes
        Bytes of a parameter as of the last synchronisation [byte].
    outer_momentum_bytes
        Bytes of the outer optimiser's momentum; 0 where another node keeps it [byte].
    feedback_bytes
        Bytes of what compression left unsent; 0 without error feedback [byte].
    buffer_bytes
        Bytes of a parameter in buffers that are sent and received [byte].
    fragment_share
        Share of the model that is exchanged at a time: 1, or a fragment of it when streaming [1].

    Notes
    -----
    Equation: P/n (b_w + b_m + b_e + b_b φ)
    Assumption: outer state is sharded as evenly as the optimiser's, on the device or in host memory.
    Evidence: douillard2023diloco, douillard2025streaming
    Limits: a synchronisation that overlaps steps holds a second buffer.
    """
    bytes_each = outer_weight_bytes + outer_momentum_bytes + feedback_bytes + buffer_bytes * fragment_share
    return parameters / shards * bytes_each
