"""Links: what is sent, how long an exchange takes, what an observer of one node's line would measure."""

from __future__ import annotations

from farflung.base.arrays import Array, as_array, namespace, where


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


def exchange_time(
    *,
    payload: Array,
    upload_bandwidth: Array,
    download_bandwidth: Array,
    latency: Array,
    peers: Array,
    straggler_factor: Array,
) -> Array:
    """Return the time in which ``peers`` participants exchange their payloads [s].

    Parameters
    ----------
    payload
        Bits per participant and direction [bit].
    upload_bandwidth, download_bandwidth
        Link rates of a participant [bit/s].
    latency
        Round-trip time [s].
    peers
        Participants; with fewer than two there is nothing to exchange [1].
    straggler_factor
        How much longer than a typical participant the last one takes [1].

    Notes
    -----
    Equation: t_sync = (V/BW_up + V/BW_down + λ) · f(n), or 0 where n < 2
    Assumption: download follows upload, protocol overhead is nil, the far end is never the bottleneck.
    Evidence: rahman2026distributed
    Limits: measured protocols lose 1–40 % more (30.8M parameters, 4 nodes).
    """
    xp = namespace(payload, upload_bandwidth, download_bandwidth, latency, peers, straggler_factor)
    once = payload / upload_bandwidth + payload / download_bandwidth + latency
    several = as_array(peers, xp) > 1
    return where(xp, several, as_array(once * straggler_factor, xp), as_array(0.0, xp))


def mean_rate(*, payload: Array, peers: Array, outer_round_time: Array) -> Array:
    """Return the rate, averaged over a round, at which a participant sends on the wide-area link [bit/s].

    Parameters
    ----------
    payload
        Bits per round and direction [bit].
    peers
        Participants; with fewer than two nothing is sent [1].
    outer_round_time
        Time between global synchronisations [s].

    Notes
    -----
    Equation: V / t_outer, or 0 where n < 2
    Assumption: sending is spread over the round, as streaming synchronisation does.
    Evidence: miri2026governance
    Limits: pseudo-gradients only; activations of a pipeline come on top.
    """
    xp = namespace(payload, peers, outer_round_time)
    several = as_array(peers, xp) > 1
    return where(xp, several, as_array(payload / outer_round_time, xp), as_array(0.0, xp))


def latency_share(*, latency: Array, synchronisation_time: Array) -> Array:
    """Return the share of an exchange that is round-trip time [1].

    Parameters
    ----------
    latency
        Round-trip time [s].
    synchronisation_time
        Time of the whole exchange; 0 gives a share of 0 [s].

    Notes
    -----
    Equation: λ / t_sync
    Assumption: one round trip an exchange.
    Evidence: miri2026notes
    Limits: none.
    """
    xp = namespace(latency, synchronisation_time)
    total = as_array(synchronisation_time, xp)
    return where(xp, total > 0, latency / where(xp, total > 0, total, as_array(1.0, xp)), as_array(0.0, xp))
