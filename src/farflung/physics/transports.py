"""Transports: how long updates take to be sent and received, and what a node's line carries for it."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function


def sending_time(*, payload: Array, bandwidth: Array, latency: Array) -> Array:
    """Return the time until a payload has passed a link and the way beyond it [s].

    Parameters
    ----------
    payload
        Bits that pass [bit].
    bandwidth
        Rate of the link in that direction [bit/s].
    latency
        Round-trip time, of which one way counts [s].

    Notes
    -----
    Equation: V/BW + λ/2
    Assumption: a round trip is twice the same way.
    Evidence: rahman2026distributed
    Limits: none.
    """
    return payload / bandwidth + 0.5 * latency


@array_function
def shared_bandwidth(xp: Namespace, *, bandwidth: Array, server_bandwidth: Array, peers: Array) -> Array:
    """Return the rate of one of many links that meet at one server [bit/s].

    Parameters
    ----------
    bandwidth
        Rate of the link of a participant [bit/s].
    server_bandwidth
        Rate of the link of the server [bit/s].
    peers
        Participants that use it at once [1].

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
        Rate of the slowest link of the ring, in its slower direction [bit/s].
    latency
        Round-trip time between neighbours, of which one way counts a step [s].
    peers
        Participants; a single one has nobody to reduce with [1].

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
    Assumption: the ring is as bandwidth-optimal as can be.
    Evidence: patarasuk2009bandwidth
    Limits: none.
    """
    return 2.0 * payload * (peers - 1.0) / peers


def bits_of_others(*, payload: Array, peers: Array) -> Array:
    """Return the bits of the updates of everyone else [bit].

    Parameters
    ----------
    payload
        Bits of one update [bit].
    peers
        Participants [1].

    Notes
    -----
    Equation: (n − 1) V
    Assumption: everyone needs every update, as where sparse updates are summed by each.
    Evidence: lidin2026covenant
    Limits: none.
    """
    return (peers - 1.0) * payload
