"""Sync interval: the compute lost to synchronising every H steps."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, where


@array_function
def effective_inner_steps(xp: Namespace, *, inner_steps: Array, regional_steps: Array) -> Array:
    """Return the sync interval of a flat scheme that loses as much as the hierarchy [1].

    Parameters
    ----------
    inner_steps
        Steps between regional synchronisations [1].
    regional_steps
        Regional synchronisations between global ones; 1 in a flat scheme [1].

    Notes
    -----
    Equation: H_eff = H_in · sqrt(H_reg)
    Assumption: regional averaging undoes half, in logarithms, of the drift between global ones.
    Evidence: miri2026governance
    Limits: a prior; no measurement of a hierarchy stands behind it.
    """
    return inner_steps * xp.sqrt(regional_steps)


def stale_inner_steps(*, effective_inner_steps: Array, staleness: Array) -> Array:
    """Return the sync interval that loses as much without late updates [1].

    Parameters
    ----------
    effective_inner_steps
        Steps between synchronisations [1].
    staleness
        Mean synchronisations missed while an update was computed [1].

    Notes
    -----
    Equation: H (1 + s)
    Assumption: an update that missed s synchronisations has diverged as over so many more intervals.
    Evidence: farflung2026
    Limits: a prior; measured asynchronous runs lose more without a momentum that allows for delay.
    """
    return effective_inner_steps * (1.0 + staleness)


@array_function
def sync_interval_coefficient(
    xp: Namespace,
    *,
    parameters: Array,
    sync_interval_slope: Array,
    sync_interval_size_slope: Array,
    sync_interval_size_unit: Array,
) -> Array:
    """Return the efficiency lost per decade of inner steps at a model size [1].

    Parameters
    ----------
    parameters
        All parameters [1].
    sync_interval_slope
        Loss per decade at the unit of size [1].
    sync_interval_size_slope
        Growth of the divisor per decade of size [1].
    sync_interval_size_unit
        Unit of size [1].

    Notes
    -----
    Equation: α = 0.08 / (1 + log10(P/1e9)/5)
    Assumption: larger models drift less.
    Evidence: rahman2026distributed
    Limits: P > 1e4, where the divisor stays positive; fitted below 10B parameters.
    """
    decades = xp.log10(parameters / sync_interval_size_unit)
    return sync_interval_slope / (1.0 + decades * sync_interval_size_slope)


@array_function
def sync_interval_efficiency(
    xp: Namespace,
    *,
    effective_inner_steps: Array,
    sync_interval_coefficient: Array,
    sync_interval_floor: Array,
    replicas: Array,
) -> Array:
    """Return the share of compute that counts when replicas synchronise every H steps [1].

    Parameters
    ----------
    effective_inner_steps
        Steps between synchronisations, at least 1 [1].
    sync_interval_coefficient
        Efficiency lost per decade of steps [1].
    sync_interval_floor
        Lower bound of the efficiency [1].
    replicas
        Replicas; one loses nothing [1].

    Notes
    -----
    Equation: η_H = max(0.4, 1 − α log10 H_eff)
    Assumption: the loss depends on the number of steps, not on what happens in them.
    Evidence: rahman2026distributed
    Limits: contradicted by measurement: at H = 30 one replica beats data-parallel (charles2025scaling).
    """
    lost = sync_interval_coefficient * xp.log10(effective_inner_steps)
    efficiency = xp.maximum(1.0 - lost, sync_interval_floor)
    return where(xp, replicas > 1, efficiency, 1.0)
