"""Transports: transfer times, and the traffic of each participant's link."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function


def sending_time(*, payload: Array, bandwidth: Array, latency: Array) -> Array:
    """Return the one-way time of a payload across a link [s].

    Parameters
    ----------
    payload
        Bits sent [bit].
    bandwidth
        Rate of the link in that direction [bit/s].
    latency
        Round-trip time, of which one way counts [s].

    Notes
    -----
    Equation: V/BW + λ/2
    Assumption: latency is the same both ways.
    Evidence: rahman2026distributed
    Limits: none.
    """
    return payload / bandwidth + 0.5 * latency


@array_function
def shared_bandwidth(xp: Namespace, *, bandwidth: Array, server_bandwidth: Array, peers: Array) -> Array:
    """Return the rate of a participant's link to a shared server [bit/s].

    Parameters
    ----------
    bandwidth
        Link rate of a participant [bit/s].
    server_bandwidth
        Link rate of the server [bit/s].
    peers
        Participants sharing it at once [1].

    Notes
    -----
    Equation: min(BW, BW_server / n)
    Assumption: all participants send at the same time and the server's link is divided evenly.
    Evidence: farflung2026
    Limits: pessimistic where arrivals are spread out.
    """
    return xp.minimum(bandwidth, server_bandwidth / peers)


def ring_time(*, payload: Array, bandwidth: Array, latency: Array, peers: Array) -> Array:
    """Return the time of a ring all-reduce [s].

    Parameters
    ----------
    payload
        Bits of one update [bit].
    bandwidth
        Rate of the slowest link, in its slower direction [bit/s].
    latency
        Round-trip time between neighbours, of which one way counts per step [s].
    peers
        Participants; one has nothing to reduce [1].

    Notes
    -----
    Equation: 2 (n − 1) (V/(n BW) + λ/2)
    Assumption: all steps in lockstep; links carry both directions at once.
    Evidence: patarasuk2009bandwidth
    Limits: the slowest link sets the pace of all.
    """
    return 2.0 * (peers - 1.0) * (payload / (peers * bandwidth) + 0.5 * latency)


def ring_bits(*, payload: Array, peers: Array) -> Array:
    """Return the bits each participant of a ring all-reduce sends, and receives [bit].

    Parameters
    ----------
    payload
        Bits of one update [bit].
    peers
        Participants [1].

    Notes
    -----
    Equation: 2 V (n − 1)/n
    Assumption: a bandwidth-optimal ring.
    Evidence: patarasuk2009bandwidth
    Limits: none.
    """
    return 2.0 * payload * (peers - 1.0) / peers


def bits_of_others(*, payload: Array, peers: Array) -> Array:
    """Return the bits of all other participants' updates [bit].

    Parameters
    ----------
    payload
        Bits of one update [bit].
    peers
        Participants [1].

    Notes
    -----
    Equation: (n − 1) V
    Assumption: each participant receives every update, as when each sums sparse updates.
    Evidence: lidin2026covenant
    Limits: none.
    """
    return (peers - 1.0) * payload
