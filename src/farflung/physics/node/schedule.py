"""How the passes of micro-batches become a step: pipelines, and chips that lag."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, where


@array_function
def slowest_stage_layers(xp: Namespace, *, layers: Array, stages: Array, interleaving: Array) -> Array:
    """Return the layers of the pipeline stage that has most of them [1].

    Parameters
    ----------
    layers
        Layers of the model [1].
    stages
        Pipeline stages [1].
    interleaving
        Separate blocks of layers on every stage [1].

    Notes
    -----
    Equation: v ⌈L / (p v)⌉
    Assumption: whole layers, dealt evenly.
    Evidence: narayanan2021megatron
    Limits: stages may be balanced by hand against the head.
    """
    return interleaving * xp.ceil(layers / (stages * interleaving) - 1e-12)


@array_function
def pipeline_step_time(
    xp: Namespace,
    *,
    micro_batches: Array,
    stages: Array,
    interleaving: Array,
    slowest_stage_time: Array,
    mean_stage_time: Array,
    transfer_time: Array,
    transfer_share: Array,
) -> Array:
    """Return the time of all passes of a step through a pipeline that alternates forward and backward [s].

    Parameters
    ----------
    micro_batches
        Micro-batches of a step [1].
    stages
        Pipeline stages; 1 is no pipeline [1].
    interleaving
        Separate blocks of layers on every stage [1].
    slowest_stage_time
        Time of a micro-batch's forward and backward pass on the slowest stage [s].
    mean_stage_time
        The same on an ordinary stage [s].
    transfer_time
        Time of handing one micro-batch's activations to the next stage [s].
    transfer_share
        Share of the transfers between steady passes that is seen [1].

    Notes
    -----
    Equation: m (t_slow + 2 v k t_p2p [p>1]) + (p−1) (t_mean / v + 2 t_p2p)
    Assumption: one forward, one backward; the slowest stage sets the pace.
    Evidence: narayanan2021megatron
    Limits: zero-bubble schedules do better.
    """
    handed = where(xp, stages > 1.0, transfer_time, 0.0)
    steady = slowest_stage_time + 2.0 * interleaving * transfer_share * handed
    return micro_batches * steady + (stages - 1.0) * (mean_stage_time / interleaving + 2.0 * handed)


@array_function
def lagging_factor(xp: Namespace, *, domains: Array, lag: Array) -> Array:
    """Return how much longer a step takes because every domain waits for the slowest [1].

    Parameters
    ----------
    domains
        Fast domains that work in step [1].
    lag
        Excess for each doubling of their number [1].

    Notes
    -----
    Equation: 1 + σ log2 n
    Assumption: chips of one make differ a little, and network paths jitter.
    Evidence: jiang2024megascale
    Limits: a domain that fails or throttles is not in it.
    """
    return 1.0 + lag * xp.maximum(xp.log2(domains), 0.0)
