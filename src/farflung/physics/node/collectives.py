"""Collective communication over two tiers: a fast domain of chips, and the network between domains."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, where


@array_function
def members_in_domain(xp: Namespace, *, group: Array, stride: Array, domain_size: Array) -> Array:
    """Return how many members of a group of chips share one fast domain [1].

    Parameters
    ----------
    group
        Chips of the group [1].
    stride
        Distance in rank between neighbours of the group [1].
    domain_size
        Chips joined by the fast fabric [1].

    Notes
    -----
    Equation: n_in = min(n, max(1, g / stride))
    Assumption: ranks are placed in order, inner kinds of parallelism first.
    Evidence: narayanan2021megatron
    Limits: placements by hand may do better.
    """
    return xp.minimum(group, xp.maximum(domain_size / stride, 1.0))


@array_function
def group_bandwidth(
    xp: Namespace,
    *,
    group: Array,
    members_in_domain: Array,
    domain_bandwidth: Array,
    network_bandwidth: Array,
    domain_efficiency: Array,
    network_efficiency: Array,
) -> Array:
    """Return the bandwidth at which every member of a ring sends [byte/s].

    Parameters
    ----------
    group
        Chips of the group [1].
    members_in_domain
        Members that share a fast domain [1].
    domain_bandwidth
        Bandwidth of a chip inside its domain, one way [byte/s].
    network_bandwidth
        Bandwidth of a chip's share of the network, one way [byte/s].
    domain_efficiency, network_efficiency
        Share of the data sheet's figure that collectives reach [1].

    Notes
    -----
    Equation: B = min(η_in B_in, η_out B_net n_in), the first alone inside one domain
    Assumption: the members of a domain use their network links side by side.
    Evidence: bang2023vtrain, narayanan2021megatron
    Limits: no contention between groups.
    """
    inside = domain_bandwidth * domain_efficiency
    outside = network_bandwidth * network_efficiency * members_in_domain
    return where(xp, group > members_in_domain, xp.minimum(inside, outside), inside)


@array_function
def collective_time(
    xp: Namespace,
    *,
    volume: Array,
    rounds: Array,
    group: Array,
    members_in_domain: Array,
    bandwidth: Array,
    domain_latency: Array,
    network_latency: Array,
) -> Array:
    """Return the time of a ring collective, none for a group of one [s].

    Parameters
    ----------
    volume
        Bytes of the whole vector, or that a member exchanges in all [byte].
    rounds
        Times the vector goes round: two for an all-reduce, one for gather, scatter or all-to-all [1].
    group
        Chips of the group [1].
    members_in_domain
        Members that share a fast domain [1].
    bandwidth
        Bandwidth of a member [byte/s].
    domain_latency, network_latency
        Start of a collective in a domain, and of each doubling of the domains joined [s].

    Notes
    -----
    Equation: t = k (n−1)/n V / B + α_in + k α_out log2(n/n_in)
    Assumption: latency grows as in a tree, which libraries choose for short vectors.
    Evidence: patarasuk2009bandwidth, bang2023vtrain
    Limits: no congestion.
    """
    doublings = xp.log2(group / members_in_domain)
    time = rounds * (group - 1.0) / group * volume / bandwidth + domain_latency
    time = time + rounds * network_latency * doublings
    return where(xp, group > 1.0, time, 0.0)


def other_domains_reached(*, domains: Array, destinations: Array) -> Array:
    """Return in how many other domains some of a token's destinations lie [1].

    Parameters
    ----------
    domains
        Fast domains over which destinations are spread evenly [1].
    destinations
        Chips that a token goes to [1].

    Notes
    -----
    Equation: (D − 1) (1 − (1 − 1/D)^k)
    Assumption: destinations are independent.
    Evidence: deepseek2024v3
    Limits: routing that is limited to few nodes reaches fewer.
    """
    return (domains - 1.0) * (1.0 - ((domains - 1.0) / domains) ** destinations)


@array_function
def all_to_all_time(
    xp: Namespace,
    *,
    volume: Array,
    outside_volume: Array,
    group: Array,
    members_in_domain: Array,
    domain_rate: Array,
    network_rate: Array,
    domain_latency: Array,
    network_latency: Array,
) -> Array:
    """Return the time of an exchange of every member with every other, none for a group of one [s].

    Parameters
    ----------
    volume
        Bytes that a member holds for all members together [byte].
    outside_volume
        Bytes that it sends out of its domain [byte].
    group
        Chips of the group [1].
    members_in_domain
        Members that share a fast domain [1].
    domain_rate, network_rate
        Rates a chip reaches into its domain and into the network [byte/s].
    domain_latency, network_latency
        Start of an exchange in a domain, and of each doubling of the domains joined [s].

    Notes
    -----
    Equation: t = max(V (n_in−1)/n / B_in, V_out / B_net) + α_in + α_out log2(n/n_in)
    Assumption: every chip has its own share of the network; both tiers run at once.
    Evidence: deepseek2024v3
    Limits: no congestion.
    """
    inside = volume * (members_in_domain - 1.0) / group / domain_rate
    outside = outside_volume / network_rate
    time = xp.maximum(inside, outside) + domain_latency + network_latency * xp.log2(group / members_in_domain)
    return where(xp, group > 1.0, time, 0.0)


@array_function
def exposed_time(
    xp: Namespace, *, communication_time: Array, covering_time: Array, overlap: Array, floor_share: Array
) -> Array:
    """Return what is seen of communication that runs beside computation [s].

    Parameters
    ----------
    communication_time
        Time of the communication alone [s].
    covering_time
        Time of the work beside it [s].
    overlap
        Share of that work that can cover communication; 0 where nothing overlaps [1].
    floor_share
        Share that is seen in any case: first and last buckets [1].

    Notes
    -----
    Equation: max(t_c − o t_w, f t_c), t_c where o = 0
    Assumption: communication slows the work beside it by a constant share, inside o.
    Evidence: zhao2023fsdp
    Limits: small buckets overlap less.
    """
    return xp.maximum(communication_time - overlap * covering_time, floor_share * communication_time)


@array_function
def partly_hidden_time(
    xp: Namespace, *, communication_time: Array, compute_time: Array, hidden_share: Array
) -> Array:
    """Return the time of a layer whose parameters are fetched beside the work of its neighbours [s].

    Parameters
    ----------
    communication_time
        Time of the communication alone [s].
    compute_time
        Time of the work alone [s].
    hidden_share
        Share of the shorter of the two that is hidden behind the longer [1].

    Notes
    -----
    Equation: max(x, y) + (1 − o) min(x, y)
    Assumption: each layer's parameters are fetched while the one before computes.
    Evidence: zhao2023fsdp, rajbhandari2020zero
    Limits: o falls where collectives take units from the work.
    """
    hidden = hidden_share * xp.minimum(communication_time, compute_time)
    return communication_time + compute_time - hidden
