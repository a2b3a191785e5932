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
class Line:
    """What a unit exchanges, and over what.

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
    units
        Units that synchronise.
    server
        Link of the parameter server, infinite where it is never the bottleneck [bit/s].
    """

    payload: float
    upload: float
    download: float
    latency: float
    overhead: float
    units: int
    server: float


class Transport:
    """How updates travel. Factors say how much longer than typical each link takes (runs, units)."""

    summary: str
    pairs = False
    """Whether a unit exchanges with one partner only, and waits for nobody else."""
    sends_after_close = False
    """Whether nothing is sent before the synchronisation closes, and all of it while results are received."""
    receives_before_close = False
    """Whether updates are received while they are sent, rather than after the close."""

    def send(self, line: Line, factor: Array) -> Array:
        """Return the time from a unit's readiness to the arrival of its update (runs, units) [s]."""
        return sending_time(payload=line.payload, bandwidth=line.upload / factor, latency=line.latency)

    def receive(self, line: Line, factor: Array, merged: Array) -> Array:
        """Return the time from the close to new weights at each unit (runs, units) [s].

        ``merged`` says whose updates were in (runs, units).
        """
        once = sending_time(payload=line.payload, bandwidth=line.download / factor, latency=line.latency)
        return once + line.overhead

    def bits_sent(self, line: Line) -> float:
        """Return what a unit sends for one synchronisation [bit]."""
        return line.payload

    def bits_received(self, line: Line) -> float:
        """Return what a unit receives for one synchronisation [bit]."""
        return line.payload


class ParameterServer(Transport):
    """All send to a server, and receive from it."""

    summary = "all send their updates to a server and receive the result from it"

    def send(self, line: Line, factor: Array) -> Array:
        """Return the time to the server, whose link all share."""
        rate = shared_bandwidth(
            bandwidth=line.upload / factor, server_bandwidth=line.server, peers=line.units
        )
        return sending_time(payload=line.payload, bandwidth=rate, latency=line.latency)

    def receive(self, line: Line, factor: Array, merged: Array) -> Array:
        """Return the time from the server, whose link all share."""
        rate = shared_bandwidth(
            bandwidth=line.download / factor, server_bandwidth=line.server, peers=line.units
        )
        return sending_time(payload=line.payload, bandwidth=rate, latency=line.latency) + line.overhead


class Ring(Transport):
    """A ring all-reduce, which begins when all who take part are ready."""

    summary = "neighbours pass sums around a ring; the slowest link sets the pace"
    sends_after_close = True

    def send(self, line: Line, factor: Array) -> Array:
        """Return no time: nothing is sent before all are ready."""
        return np.zeros_like(factor)

    def receive(self, line: Line, factor: Array, merged: Array) -> Array:
        """Return the time of the ring at its slowest link."""
        slowest = np.where(merged, factor, 0.0).max(axis=1, keepdims=True)
        taking_part = np.maximum(merged.sum(axis=1, keepdims=True), 1.0)
        rate = min(line.upload, line.download) / np.where(slowest > 0.0, slowest, 1.0)
        once = ring_time(payload=line.payload, bandwidth=rate, latency=line.latency, peers=taking_part)
        return np.broadcast_to(once + line.overhead, factor.shape)

    def bits_sent(self, line: Line) -> float:
        """Return what passes a link for one all-reduce."""
        return float(ring_bits(payload=line.payload, peers=line.units))

    bits_received = bits_sent


class AllGather(Transport):
    """Everyone sends its update to everyone else."""

    summary = "everyone sends its update to everyone else"
    receives_before_close = True

    def send(self, line: Line, factor: Array) -> Array:
        """Return the time to send to all others."""
        bits = bits_of_others(payload=line.payload, peers=line.units)
        return sending_time(payload=bits, bandwidth=line.upload / factor, latency=line.latency)

    def receive(self, line: Line, factor: Array, merged: Array) -> Array:
        """Return what receiving takes beyond the sending that it ran beside."""
        bits = bits_of_others(payload=line.payload, peers=line.units)
        beyond = np.maximum(bits / line.download - bits / line.upload, 0.0) * factor
        return beyond + 0.5 * line.latency + line.overhead

    def bits_sent(self, line: Line) -> float:
        """Return the updates sent to all others."""
        return float(bits_of_others(payload=line.payload, peers=line.units))

    bits_received = bits_sent


class Relay(Transport):
    """An object store: upload one update, download those of all others."""

    summary = "each uploads its update to an object store and downloads those of all others"

    def receive(self, line: Line, factor: Array, merged: Array) -> Array:
        """Return the time to download the updates that were in."""
        others = bits_of_others(payload=line.payload, peers=np.maximum(merged.sum(axis=1, keepdims=True), 1))
        once = sending_time(payload=others, bandwidth=line.download / factor, latency=line.latency)
        return once + line.overhead

    def bits_received(self, line: Line) -> float:
        """Return the updates of all others."""
        return float(bits_of_others(payload=line.payload, peers=line.units))


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
"""Every transport by the name an operation gives it."""
