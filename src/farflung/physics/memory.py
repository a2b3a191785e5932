"""Memory: the training state of a replica, and the largest model a node holds."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function


def required_memory(
    *, parameters: Array, active_parameters: Array, expert_parallelism: Array, bytes_per_parameter: Array
) -> Array:
    """Return the training state per node when a replica is one node [byte].

    Parameters
    ----------
    parameters
        All parameters [1].
    active_parameters
        Parameters active per token, held by every node [1].
    expert_parallelism
        Nodes that share the remaining (expert) parameters [1].
    bytes_per_parameter
        Weights, gradients and optimiser state [byte].

    Notes
    -----
    Equation: (P_act + (P − P_act)/E) · bytes
    Assumption: activations, buffers and the outer optimiser's copy fit beside it.
    Evidence: miri2026governance
    Limits: streaming synchronisation needs more than this (not modelled by the published sets).
    """
    return (active_parameters + (parameters - active_parameters) / expert_parallelism) * bytes_per_parameter


def largest_parameters(*, node_memory: Array, bytes_per_parameter: Array) -> Array:
    """Return the size of the largest dense model one node can train [1].

    Parameters
    ----------
    node_memory
        Accelerator memory of a node [byte].
    bytes_per_parameter
        Training state per parameter [byte].

    Notes
    -----
    Equation: P_max = memory / bytes
    Assumption: all accelerator memory holds training state.
    Evidence: miri2026governance
    Limits: an upper bound, since activations need memory too.
    """
    return node_memory / bytes_per_parameter


@array_function
def pipeline_stages(xp: Namespace, *, required_memory: Array, node_memory: Array) -> Array:
    """Return the fewest nodes that together hold one replica [1].

    Parameters
    ----------
    required_memory
        Training state of a replica [byte].
    node_memory
        Accelerator memory of a node [byte].

    Notes
    -----
    Equation: S = ceil(P · bytes / memory)
    Assumption: layers divide evenly among stages.
    Evidence: rahman2026distributed
    Limits: none on memory alone; real stages are whole layers.
    """
    return xp.ceil(required_memory / node_memory)


@array_function
def pipeline_groups(xp: Namespace, *, nodes: Array, pipeline_stages: Array) -> Array:
    """Return the number of whole pipelines among the nodes [1].

    Parameters
    ----------
    nodes
        All nodes [1].
    pipeline_stages
        Nodes of one pipeline [1].

    Notes
    -----
    Equation: G = floor(N / S)
    Assumption: nodes left over are idle.
    Evidence: rahman2026distributed
    Limits: none.
    """
    return xp.floor(nodes / pipeline_stages)


def working_nodes(*, groups: Array, pipeline_stages: Array) -> Array:
    """Return the nodes in whole pipelines [1].

    Parameters
    ----------
    groups
        Whole pipelines [1].
    pipeline_stages
        Nodes of one pipeline [1].

    Notes
    -----
    Equation: S · G
    Assumption: nodes left over are idle.
    Evidence: rahman2026distributed
    Limits: none.
    """
    return groups * pipeline_stages
