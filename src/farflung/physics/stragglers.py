"""Stragglers: how much longer the slowest of many takes than a typical one."""

from __future__ import annotations

from farflung.base.arrays import Array, as_array, namespace


def straggler_factor(*, peers: Array, straggler_slope: Array) -> Array:
    """Return how much longer an exchange of ``peers`` participants takes than that of one [1].

    Parameters
    ----------
    peers
        Participants; 1 gives a factor of 1 [1].
    straggler_slope
        Excess per doubling: a coefficient of the strategy (0.05 synchronous, 0.02 relay, 0 threshold) [1].

    Notes
    -----
    Equation: f(n) = 1 + c log2 n
    Assumption: the excess grows with each doubling, as a maximum over light-tailed delays would.
    Evidence: rahman2026distributed
    Limits: a prior; no measurement stands behind it in any published set.
    """
    xp = namespace(peers, straggler_slope)
    return 1.0 + straggler_slope * xp.log2(xp.maximum(as_array(peers, xp), as_array(1.0, xp)))


def backup_slope(*, straggler_slope_synchronous: Array, backup_excess_share: Array) -> Array:
    """Return the excess per doubling that is left when backup workers stand in for the slowest [1].

    Parameters
    ----------
    straggler_slope_synchronous
        Excess per doubling when everyone is waited for [1].
    backup_excess_share
        Share of that excess which remains [1].

    Notes
    -----
    Equation: c_backup = share · c_synchronous
    Assumption: the share does not depend on the number of participants.
    Evidence: rahman2026distributed
    Limits: a prior of the predecessor's web page.
    """
    return straggler_slope_synchronous * backup_excess_share


def contributing_replicas(*, replicas: Array, backup_overhead: Array) -> Array:
    """Return the replicas whose work counts when the others are backups [1].

    Parameters
    ----------
    replicas
        All replicas; a single one has no backup [1].
    backup_overhead
        Replicas run for each one that counts, 1 where there are no backups [1].

    Notes
    -----
    Equation: M / b, at least 1
    Assumption: work of the backups is discarded.
    Evidence: chen2016backup
    Limits: a prior of the predecessor's web page (b = 1.1).
    """
    xp = namespace(replicas, backup_overhead)
    return xp.maximum(as_array(replicas / backup_overhead, xp), as_array(1.0, xp))
