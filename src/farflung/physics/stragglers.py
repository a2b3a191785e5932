"""Stragglers: the time of the slowest of many over that of a typical one.

The published sets charge a prior for every doubling of the participants. Order statistics start from how much
participants differ, through a fit to the event engine.
"""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function


@array_function
def straggler_factor(xp: Namespace, *, peers: Array, straggler_slope: Array) -> Array:
    """Return the time of an exchange of ``peers`` participants over that of one [1].

    Parameters
    ----------
    peers
        Participants; 1 gives a factor of 1 [1].
    straggler_slope
        Excess per doubling, by strategy: 0.05 synchronous, 0.02 relay, 0 threshold [1].

    Notes
    -----
    Equation: f(n) = 1 + c log2 n
    Assumption: the excess grows with each doubling, as a maximum over light-tailed delays would.
    Evidence: rahman2026distributed
    Limits: a prior; no measurement stands behind it in any published set.
    """
    return 1.0 + straggler_slope * xp.log2(xp.maximum(peers, 1.0))


def backup_slope(*, straggler_slope_synchronous: Array, backup_excess_share: Array) -> Array:
    """Return the excess per doubling with backup workers for the slowest [1].

    Parameters
    ----------
    straggler_slope_synchronous
        Excess per doubling when all are waited for [1].
    backup_excess_share
        Share of that excess that remains [1].

    Notes
    -----
    Equation: c_backup = share · c_synchronous
    Assumption: the share does not depend on the number of participants.
    Evidence: rahman2026distributed
    Limits: a prior of the predecessor's web page.
    """
    return straggler_slope_synchronous * backup_excess_share


@array_function
def contributing_replicas(xp: Namespace, *, replicas: Array, backup_overhead: Array) -> Array:
    """Return the replicas whose work counts when the others are backups [1].

    Parameters
    ----------
    replicas
        All replicas; one has no backup [1].
    backup_overhead
        Replicas per contributing replica; 1 without backups [1].

    Notes
    -----
    Equation: M / b, at least 1
    Assumption: work of the backups is discarded.
    Evidence: chen2016backup
    Limits: a prior of the predecessor's web page (b = 1.1).
    """
    return xp.maximum(replicas / backup_overhead, 1.0)


@array_function
def order_statistics_factor(
    xp: Namespace,
    *,
    peers: Array,
    spread: Array,
    order_statistics_growth: Array,
    order_statistics_exponent: Array,
) -> Array:
    """Return the time of the slowest of ``peers`` participants over that of a typical one [1].

    Parameters
    ----------
    peers
        Participants; 1 gives a factor of 1 [1].
    spread
        Coefficient of variation of their times; 0 gives a factor of 1 [1].
    order_statistics_growth
        Growth of the base per doubling of the participants [1].
    order_statistics_exponent
        Exponent per e-fold of 1 + spread [1].

    Notes
    -----
    Equation: f(n) = (1 + c log2 n)^(k ln(1 + s))
    Assumption: all are waited for; times are independent and lognormal, as the event engine draws them.
    Evidence: farflung2026
    Limits: fitted to 2 to 4,096 participants and spreads up to 0.81; sites that slow together wait less.
    """
    doublings = xp.log2(xp.maximum(peers, 1.0))
    exponent = order_statistics_exponent * xp.log1p(spread)
    return xp.exp(exponent * xp.log1p(order_statistics_growth * doublings))


@array_function
def transfer_spread(xp: Namespace, *, link_spread: Array, link_variation: Array) -> Array:
    """Return the coefficient of variation of the time of one transfer [1].

    Parameters
    ----------
    link_spread
        Lasting coefficient of variation between links [1].
    link_variation
        Coefficient of variation of one link between exchanges [1].

    Notes
    -----
    Equation: s_1 = sqrt((1 + s_link²) (1 + s_variation²) − 1)
    Assumption: the two factors are independent and multiply.
    Evidence: farflung2026
    Limits: none.
    """
    lasting, passing = link_spread * link_spread, link_variation * link_variation
    return xp.sqrt(lasting + passing + lasting * passing)


@array_function
def exchange_spread(
    xp: Namespace,
    *,
    payload: Array,
    upload_bandwidth: Array,
    download_bandwidth: Array,
    transfer_spread: Array,
) -> Array:
    """Return the coefficient of variation of a participant's upload and download times summed [1].

    Parameters
    ----------
    payload
        Bits per participant and direction [bit].
    upload_bandwidth, download_bandwidth
        Link rates of a participant [bit/s].
    transfer_spread
        Coefficient of variation of the time of one transfer [1].

    Notes
    -----
    Equation: s = s_1 sqrt(t_up² + t_down²) / (t_up + t_down), t = V/BW
    Assumption: a link's two directions are slow independently of one another.
    Evidence: farflung2026
    Limits: where the same sites are slow both ways, up to sqrt(2) times as much.
    """
    up, down = payload / upload_bandwidth, payload / download_bandwidth
    return transfer_spread * xp.sqrt(up * up + down * down) / (up + down)


@array_function
def exchange_straggler_factor(
    xp: Namespace,
    *,
    payload: Array,
    upload_bandwidth: Array,
    download_bandwidth: Array,
    latency: Array,
    one_way_factor: Array,
    both_ways_factor: Array,
) -> Array:
    """Return the time of an exchange over that of a typical participant [1].

    Parameters
    ----------
    payload
        Bits per participant and direction [bit].
    upload_bandwidth, download_bandwidth
        Link rates of a participant [bit/s].
    latency
        Round-trip time, the same for all [s].
    one_way_factor
        Time of the slowest over a typical one, one direction [1].
    both_ways_factor
        Time of the slowest over a typical one, both directions together [1].

    Notes
    -----
    Equation: f = (λ + max(f_2 (t_up + t_down), f_1 t_up + t_down, t_up + f_1 t_down)) / (λ + t_up + t_down)
    Assumption: the slowest one way is typical the other way, which is the least it can be on average.
    Evidence: farflung2026
    Limits: as those of the two factors.
    """
    up, down = payload / upload_bandwidth, payload / download_bandwidth
    one_way = one_way_factor * xp.maximum(up, down) + xp.minimum(up, down)
    slowest = xp.maximum(both_ways_factor * (up + down), one_way)
    return (latency + slowest) / (latency + up + down)


def crossing_straggler_factor(
    *, micro_batch_transfer_time: Array, pipeline_latency: Array, one_way_factor: Array
) -> Array:
    """Return the time of the slowest stage boundary over that of a typical one [1].

    Parameters
    ----------
    micro_batch_transfer_time
        Time of a micro-batch's transfers on a typical link [s].
    pipeline_latency
        Round-trip time between neighbouring stages, the same for all [s].
    one_way_factor
        Time of the slowest link over that of a typical one [1].

    Notes
    -----
    Equation: f = (λ_pp + f_1 t) / (λ_pp + t)
    Assumption: a link is as slow for every micro-batch of a step, both ways.
    Evidence: farflung2026
    Limits: the event engine draws no such spread; what varies from micro-batch to micro-batch costs less.
    """
    slowest = micro_batch_transfer_time * one_way_factor
    return (pipeline_latency + slowest) / (pipeline_latency + micro_batch_transfer_time)


def slowest_compute_time(*, typical_compute_time: Array, work_straggler_factor: Array) -> Array:
    """Return the compute time of the slowest node, for which all wait [s].

    Parameters
    ----------
    typical_compute_time
        Compute time of a typical node [s].
    work_straggler_factor
        Time of the slowest node over that of a typical one [1].

    Notes
    -----
    Equation: t_slowest = t · f(N)
    Assumption: a slow node stays slow; what varies from step to step averages out over a round.
    Evidence: farflung2026
    Limits: in a pipeline all stages are charged as the slowest; nodes given less work would wait less.
    """
    return typical_compute_time * work_straggler_factor
