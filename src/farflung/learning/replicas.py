"""Replica divergence: the loss and compute it costs to average many replicas."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, power


@array_function
def divergence_exponent(
    xp: Namespace,
    *,
    parameters: Array,
    effective_inner_steps: Array,
    replica_prefactor: Array,
    replica_size_exponent: Array,
    replica_reference_inner_steps: Array,
) -> Array:
    """Return the exponent of the loss in the number of replicas [1].

    Parameters
    ----------
    parameters
        All parameters [1].
    effective_inner_steps
        Steps between synchronisations, at least 1 [1].
    replica_prefactor, replica_size_exponent
        Coefficient and exponent of the size dependence [1].
    replica_reference_inner_steps
        Steps between synchronisations in the fit [1].

    Notes
    -----
    Equation: β = 1.0923 P^−0.2342 · ln H / ln 30
    Assumption: divergence grows with the logarithm of the interval.
    Evidence: rahman2026distributed
    Limits: pinned at M = 8 and H = 30; overshoots every point at 4B and 10B.
    """
    size = power(xp, parameters, replica_size_exponent)
    interval, reference = xp.log(effective_inner_steps), xp.log(replica_reference_inner_steps)
    return replica_prefactor * size * interval / reference


@array_function
def loss_multiplier(xp: Namespace, *, replicas: Array, divergence_exponent: Array) -> Array:
    """Return the factor by which replica divergence raises the loss [1].

    Parameters
    ----------
    replicas
        Replicas averaged [1].
    divergence_exponent
        Exponent β [1].

    Notes
    -----
    Equation: M^β, 1 for one replica
    Assumption: a power law in the number of replicas.
    Evidence: rahman2026distributed
    Limits: measured for M up to 8 with tuned optimisers; the data are convex in log2 M.
    """
    return power(xp, xp.maximum(replicas, 1.0), divergence_exponent)


def remaining_share(*, chinchilla_efficiency: Array, chinchilla_efficiency_before: Array) -> Array:
    """Return the share of compute that still counts after a rise of the loss [1].

    Parameters
    ----------
    chinchilla_efficiency
        Chinchilla efficiency of a run that ends at the higher loss [1].
    chinchilla_efficiency_before
        Chinchilla efficiency of the run without the rise [1].

    Notes
    -----
    Equation: η = χ(L + Δ) / χ(L)
    Assumption: a higher loss is worth the compute that a single cluster needs to reach it.
    Evidence: rahman2026distributed
    Limits: as those of the scaling law.
    """
    return chinchilla_efficiency / chinchilla_efficiency_before
