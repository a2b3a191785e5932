"""Pipelines whose stages are distant nodes: micro-batches, bubbles, activations on the wire."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, where


@array_function
def hidden_width(xp: Namespace, *, parameters: Array, hidden_width_coefficient: Array) -> Array:
    """Return the hidden width of a transformer of a given size [1].

    Parameters
    ----------
    parameters
        All parameters [1].
    hidden_width_coefficient
        Width over the square root of the parameters [1].

    Notes
    -----
    Equation: h = 0.03 sqrt(P)
    Assumption: depth and width grow together.
    Evidence: rahman2026distributed
    Limits: dense transformers; about right between 10B and 500B.
    """
    return hidden_width_coefficient * xp.sqrt(parameters)


def activation_payload(
    *, local_batch: Array, hidden_width: Array, activation_bits: Array, activation_compression_ratio: Array
) -> Array:
    """Return the bits that cross one stage boundary in one direction per step [bit].

    Parameters
    ----------
    local_batch
        Tokens of a step [tokens].
    hidden_width
        Width of the residual stream [1].
    activation_bits
        Bits of one activation before compression [bit].
    activation_compression_ratio
        Uncompressed over compressed size [1].

    Notes
    -----
    Equation: B · h · bits / C_act
    Assumption: gradients of activations are as large and as compressible as activations.
    Evidence: rahman2026distributed
    Limits: activation compression beyond 4 is extrapolated.
    """
    return local_batch * hidden_width * activation_bits / activation_compression_ratio


def micro_batch_compute_time(*, compute_time: Array, pipeline_stages: Array, micro_batches: Array) -> Array:
    """Return a stage's compute time per micro-batch [s].

    Parameters
    ----------
    compute_time
        Compute time of the whole step on one node [s].
    pipeline_stages
        Nodes of the pipeline [1].
    micro_batches
        Micro-batches per step [1].

    Notes
    -----
    Equation: t_full / (S m)
    Assumption: stages are equal.
    Evidence: rahman2026distributed
    Limits: real stages are whole layers.
    """
    return compute_time / (pipeline_stages * micro_batches)


@array_function
def slower_direction(xp: Namespace, *, upload_bandwidth: Array, download_bandwidth: Array) -> Array:
    """Return the rate of data from one node to the next [bit/s].

    Parameters
    ----------
    upload_bandwidth, download_bandwidth
        Link rates of a node [bit/s].

    Notes
    -----
    Equation: min(BW_up, BW_down)
    Assumption: the sender's upload and the receiver's download are in series.
    Evidence: farflung2026
    Limits: none.
    """
    return xp.minimum(upload_bandwidth, download_bandwidth)


def micro_batch_transfer_time(
    *, activation_payload: Array, micro_batches: Array, pipeline_bandwidth: Array
) -> Array:
    """Return the time to send a micro-batch's activations and gradients across a boundary [s].

    Parameters
    ----------
    activation_payload
        Bits per step and direction [bit].
    micro_batches
        Micro-batches per step [1].
    pipeline_bandwidth
        Rate of the link between neighbouring stages [bit/s].

    Notes
    -----
    Equation: 2 · activation bits / (m BW_pp)
    Assumption: forward and backward transfers share the link one after the other.
    Evidence: rahman2026distributed
    Limits: none measured over the internet beyond small models (ryabinin2023swarm).
    """
    return 2.0 * activation_payload / micro_batches / pipeline_bandwidth


@array_function
def pipeline_step_time(
    xp: Namespace,
    *,
    pipeline_stages: Array,
    micro_batches: Array,
    micro_batch_compute_time: Array,
    micro_batch_transfer_time: Array,
    pipeline_latency: Array,
    pipeline_straggler_factor: Array,
    expert_parallel_time: Array,
) -> Array:
    """Return the time of one step of a pipeline whose stages are nodes [s].

    Parameters
    ----------
    pipeline_stages
        Nodes of the pipeline; with 1, nothing crosses a link [1].
    micro_batches
        Micro-batches per step [1].
    micro_batch_compute_time, micro_batch_transfer_time
        Time per stage and micro-batch [s].
    pipeline_latency
        Round-trip time between neighbouring stages [s].
    pipeline_straggler_factor
        Time of the slowest boundary over that of a typical one [1].
    expert_parallel_time
        All-to-all time of expert parallelism per step [s].

    Notes
    -----
    Equation: t_step = (m + S − 1)(t_comp/(S m) + (transfer + λ_pp) f(S)) + t_EP
    Assumption: nothing overlaps within a slot; the bubble is that of a plain schedule.
    Evidence: rahman2026distributed
    Limits: conservative; interleaved schedules and overlap would be faster.
    """
    crossing = (micro_batch_transfer_time + pipeline_latency) * pipeline_straggler_factor
    slot = micro_batch_compute_time + where(xp, pipeline_stages > 1, crossing, 0.0)
    return (micro_batches + pipeline_stages - 1.0) * slot + expert_parallel_time


def uneven_pipeline_step_time(
    *, slowest_stage_time: Array, all_stages_time: Array, micro_batches: Array, expert_parallel_time: Array
) -> Array:
    """Return the time of one step of a pipeline whose stages differ [s].

    Parameters
    ----------
    slowest_stage_time
        Time per micro-batch of the slowest stage, crossing included [s].
    all_stages_time
        Time per micro-batch of all stages together, crossings included [s].
    micro_batches
        Micro-batches per step [1].
    expert_parallel_time
        All-to-all time of expert parallelism per step [s].

    Notes
    -----
    Equation: t_step = (m − 1) max_k t_k + Σ_k t_k + t_EP
    Assumption: equal micro-batches pass the stages in order and wait only for the slowest.
    Evidence: farflung2026
    Limits: stage times that vary from micro-batch to micro-batch cost more.
    """
    return (micro_batches - 1.0) * slowest_stage_time + all_stages_time + expert_parallel_time


@array_function
def activation_rate(
    xp: Namespace, *, activation_payload: Array, pipeline_stages: Array, step_time: Array
) -> Array:
    """Return a stage's mean rate of sending activations one way over a step [bit/s].

    Parameters
    ----------
    activation_payload
        Bits per step and direction [bit].
    pipeline_stages
        Nodes of the pipeline; with 1, nothing is sent [1].
    step_time
        Time of a step [s].

    Notes
    -----
    Equation: B · h · bits / (C_act t_step), or 0 where S = 1
    Assumption: an inner stage; the first and the last send one way only.
    Evidence: farflung2026
    Limits: none.
    """
    return where(xp, pipeline_stages > 1, activation_payload / step_time, 0.0)
