"""Transports: which part of an exchange comes before a synchronisation closes, and which after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from farflung.base.arrays import Array
from farflung.physics.transports import (
    bits_of_others,
    ring_bits,
    ring_time,
    sending_time,
    shared_bandwidth,
)


@dataclass(frozen=True, slots=True)
class Link:
    """What a worker exchanges, and over what.

    Parameters
    ----------
    payload
        Bits of one update [bit].
    upload, download
        Rates that payload gets on a typical link [bit/s].
    latency
        Round-trip time [s].
    overhead
        Fixed time of an exchange beside that [s].
    workers
        Workers that synchronise.
    server
        Link of the parameter server, infinite where it is never the bottleneck [bit/s].
    """

    payload: float
    upload: float
    download: float
    latency: float
    overhead: float
    workers: int
    server: float


class Transport:
    """How updates travel. Factors say how much longer than typical each link takes (runs, workers)."""

    summary: str
    pairs = False
    """Whether a worker exchanges with one partner only, and waits for nobody else."""
    sends_after_close = False
    """Whether nothing is sent before the synchronisation closes, and all of it while results are received."""
    receives_before_close = False
    """Whether updates are received while they are sent, rather than after the close."""

    def send(self, link: Link, factor: Array) -> Array:
        """Return the time from a worker's readiness to the arrival of its update (runs, workers) [s]."""
        rate = self.rate(link, link.upload / factor)
        return sending_time(payload=link.payload, bandwidth=rate, latency=link.latency)

    def receive(self, link: Link, factor: Array, merged: Array) -> Array:
        """Return the time from the close to new weights at each worker (runs, workers) [s].

        ``merged`` says whose updates were in (runs, workers).
        """
        rate = self.rate(link, link.download / factor)
        return sending_time(payload=link.payload, bandwidth=rate, latency=link.latency) + link.overhead

    def rate(self, link: Link, bandwidth: Array) -> Array:
        """Return the rate of one update over links of some bandwidth [bit/s]."""
        return bandwidth

    def bits_sent(self, link: Link) -> float:
        """Return what a worker sends for one synchronisation [bit]."""
        return link.payload

    def bits_received(self, link: Link) -> float:
        """Return what a worker receives for one synchronisation [bit]."""
        return link.payload


class ParameterServer(Transport):
    """All send to a server, and receive from it."""

    summary = "all send their updates to a server and receive the result from it"

    def rate(self, link: Link, bandwidth: Array) -> Array:
        """Return the rate to or from the server, whose link all share."""
        return shared_bandwidth(bandwidth=bandwidth, server_bandwidth=link.server, peers=link.workers)


class Ring(Transport):
    """A ring all-reduce, which begins when all who take part are ready."""

    summary = "neighbours pass sums around a ring; the slowest link sets the pace"
    sends_after_close = True

    def send(self, link: Link, factor: Array) -> Array:
        """Return no time: nothing is sent before all are ready."""
        return np.zeros_like(factor)

    def receive(self, link: Link, factor: Array, merged: Array) -> Array:
        """Return the time of the ring at its slowest link."""
        slowest = np.where(merged, factor, 0.0).max(axis=1, keepdims=True)
        taking_part = np.maximum(merged.sum(axis=1, keepdims=True), 1.0)
        rate = min(link.upload, link.download) / np.where(slowest > 0.0, slowest, 1.0)
        once = ring_time(payload=link.payload, bandwidth=rate, latency=link.latency, peers=taking_part)
        return np.broadcast_to(once + link.overhead, factor.shape)

    def bits_sent(self, link: Link) -> float:
        """Return what passes a link for one all-reduce."""
        return float(ring_bits(payload=link.payload, peers=link.workers))

    bits_received = bits_sent


class AllGather(Transport):
    """Everyone sends its update to everyone else."""

    summary = "everyone sends its update to everyone else"
    receives_before_close = True

    def send(self, link: Link, factor: Array) -> Array:
        """Return the time to send to all others."""
        bits = bits_of_others(payload=link.payload, peers=link.workers)
        return sending_time(payload=bits, bandwidth=link.upload / factor, latency=link.latency)

    def receive(self, link: Link, factor: Array, merged: Array) -> Array:
        """Return what receiving takes beyond the sending that it ran beside."""
        bits = bits_of_others(payload=link.payload, peers=link.workers)
        beyond = np.maximum(bits / link.download - bits / link.upload, 0.0) * factor
        return beyond + 0.5 * link.latency + link.overhead

    def bits_sent(self, link: Link) -> float:
        """Return the updates sent to all others."""
        return float(bits_of_others(payload=link.payload, peers=link.workers))

    bits_received = bits_sent


class Relay(Transport):
    """An object store: upload one update, download those of all others."""

    summary = "each uploads its update to an object store and downloads those of all others"

    def receive(self, link: Link, factor: Array, merged: Array) -> Array:
        """Return the time to download the updates that were in."""
        others = bits_of_others(payload=link.payload, peers=np.maximum(merged.sum(axis=1, keepdims=True), 1))
        once = sending_time(payload=others, bandwidth=link.download / factor, latency=link.latency)
        return once + link.overhead

    def bits_received(self, link: Link) -> float:
        """Return the updates of all others."""
        return float(bits_of_others(payload=link.payload, peers=link.workers))


class Gossip(Transport):
    """Each exchanges with one random partner, and waits for nobody else."""

    summary = "each averages with one random partner and waits for nobody else"
    pairs = True


TRANSPORTS: Mapping[str, Transport] = {
    "parameter_server": ParameterServer(),
    "ring": Ring(),
    "all_gather": AllGather(),
    "relay": Relay(),
    "gossip": Gossip(),
}
"""Every transport by the name a fault model gives it."""
