"""Compute: the time of one training step, and the FLOP of a whole run."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, where


def compute_time(
    *, active_parameters: Array, local_batch: Array, node_peak: Array, model_flop_utilisation: Array
) -> Array:
    """Return the compute time of one inner step of a replica on one node [s].

    Parameters
    ----------
    active_parameters
        Parameters active per token; all of them in a dense model [1].
    local_batch
        Tokens a replica processes per inner step [tokens].
    node_peak
        Peak dense throughput of a node at the training precision [FLOP/s].
    model_flop_utilisation
        Share of the peak that becomes model FLOP, in (0, 1] [1].

    Notes
    -----
    Equation: t_comp = 6 P_act B / (F · MFU)
    Assumption: forward and backward pass cost 6 FLOP per parameter and token; attention is in the MFU.
    Evidence: hoffmann2022chinchilla
    Limits: dense transformers with context well below 6 hidden widths.
    """
    return 6.0 * active_parameters * local_batch / (node_peak * model_flop_utilisation)


@array_function
def expert_parallel_time(
    xp: Namespace, *, expert_layers: Array, expert_parallelism: Array, latency: Array
) -> Array:
    """Return the all-to-all time of expert parallelism per inner step [s].

    Parameters
    ----------
    expert_layers
        Layers with routed experts [1].
    expert_parallelism
        Nodes that share the experts of one replica; 1 means no exchange [1].
    latency
        Round-trip time between those nodes [s].

    Notes
    -----
    Equation: t_EP = 2 λ L_moe, or 0 where E = 1
    Assumption: the exchange is bound by latency, not by bandwidth, and is not overlapped.
    Evidence: miri2026governance
    Limits: no measurement of expert parallelism over the internet exists.
    """
    return where(xp, expert_parallelism > 1, 2.0 * latency * expert_layers, 0.0)


def step_time(*, compute_time: Array, expert_parallel_time: Array) -> Array:
    """Return the time of one inner step on a replica that is one node [s].

    Parameters
    ----------
    compute_time
        Compute time of the step [s].
    expert_parallel_time
        All-to-all time of expert parallelism per step [s].

    Notes
    -----
    Equation: t_step = t_comp + t_EP
    Assumption: the two do not overlap.
    Evidence: miri2026governance
    Limits: as those of its terms.
    """
    return compute_time + expert_parallel_time


def training_flop(*, active_parameters: Array, tokens: Array) -> Array:
    """Return the training compute [FLOP].

    Parameters
    ----------
    active_parameters
        Parameters active per token [1].
    tokens
        Training tokens [tokens].

    Notes
    -----
    Equation: C = 6 P_act D
    Assumption: as for the time of a step; recomputation does not count.
    Evidence: hoffmann2022chinchilla
    Limits: dense transformers with context well below 6 hidden widths.
    """
    return 6.0 * active_parameters * tokens


def utilisation(
    *, throughput_flop: Array, nodes: Array, node_peak: Array, model_flop_utilisation: Array, duration: Array
) -> Array:
    """Return the training compute over what all nodes could do at their MFU [1].

    Parameters
    ----------
    throughput_flop
        Training compute [FLOP].
    nodes
        All nodes, idle ones included [1].
    node_peak
        Peak dense throughput of a node [FLOP/s].
    model_flop_utilisation
        Share of the peak a node reaches on its own [1].
    duration
        Length of the run [s].

    Notes
    -----
    Equation: u = C / (N F MFU T)
    Assumption: the rest is waiting, pipeline bubbles, expert exchange and idle nodes.
    Evidence: farflung2026
    Limits: none beyond those of its inputs.
    """
    return throughput_flop / (nodes * node_peak * model_flop_utilisation * duration)
