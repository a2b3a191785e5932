"""Links: payloads, exchange times, and the rate an observer of one link measures."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, where


def synchronisation_payload(
    *, parameters: Array, pseudo_gradient_bits: Array, compression_ratio: Array
) -> Array:
    """Return the bits a replica sends, and receives, per synchronisation [bit].

    Parameters
    ----------
    parameters
        All parameters, routed experts included [1].
    pseudo_gradient_bits
        Bits of an uncompressed pseudo-gradient entry [bit].
    compression_ratio
        Uncompressed over compressed size, at least 1 [1].

    Notes
    -----
    Equation: V = P · bits / C_r
    Assumption: one exchange per direction and replica, as with a parameter server.
    Evidence: douillard2023diloco
    Limits: ring all-reduce and all-gather send more (see the event engine's transports).
    """
    return parameters * pseudo_gradient_bits / compression_ratio


@array_function
def exchange_time(
    xp: Namespace,
    *,
    payload: Array,
    upload_bandwidth: Array,
    download_bandwidth: Array,
    latency: Array,
    peers: Array,
    straggler_factor: Array,
) -> Array:
    """Return the time ``peers`` participants take to exchange their payloads [s].

    Parameters
    ----------
    payload
        Bits per participant and direction [bit].
    upload_bandwidth, download_bandwidth
        Link rates of a participant [bit/s].
    latency
        Round-trip time [s].
    peers
        Participants; fewer than two exchange nothing [1].
    straggler_factor
        Time of the last participant over that of a typical one [1].

    Notes
    -----
    Equation: t_sync = (V/BW_up + V/BW_down + λ) · f(n), or 0 where n < 2
    Assumption: download follows upload, protocol overhead is nil, the far end is never the bottleneck.
    Evidence: rahman2026distributed
    Limits: measured protocols lose 1–40 % more (30.8M parameters, 4 nodes).
    """
    once = payload / upload_bandwidth + payload / download_bandwidth + latency
    return where(xp, peers > 1, once * straggler_factor, 0.0)


@array_function
def mean_rate(xp: Namespace, *, payload: Array, peers: Array, outer_round_time: Array) -> Array:
    """Return a participant's mean sending rate on the wide-area link over a round [bit/s].

    Parameters
    ----------
    payload
        Bits per round and direction [bit].
    peers
        Participants; fewer than two send nothing [1].
    outer_round_time
        Time between global synchronisations [s].

    Notes
    -----
    Equation: V / t_outer, or 0 where n < 2
    Assumption: sending is spread over the round, as streaming synchronisation does.
    Evidence: miri2026governance
    Limits: pseudo-gradients only; activations of a pipeline come on top.
    """
    return where(xp, peers > 1, payload / outer_round_time, 0.0)


@array_function
def latency_share(xp: Namespace, *, latency: Array, synchronisation_time: Array) -> Array:
    """Return the share of round-trip time in an exchange [1].

    Parameters
    ----------
    latency
        Round-trip time [s].
    synchronisation_time
        Time of the whole exchange; 0 gives a share of 0 [s].

    Notes
    -----
    Equation: λ / t_sync
    Assumption: one round trip per exchange.
    Evidence: miri2026notes
    Limits: none.
    """
    exchanges = synchronisation_time > 0
    return where(xp, exchanges, latency / where(xp, exchanges, synchronisation_time, 1.0), 0.0)
