"""What the event engine answers beside the outputs of both engines, and what it has no answer to."""

from __future__ import annotations

from collections.abc import Mapping

from farflung.outcome.outputs import Group, Output

SHARES = ("goodput", "waiting", "lost_work", "down")
"""Where the time of all replicas went: in every run these add up to 1."""
_TIME: Group = "time"
_TRAFFIC: Group = "traffic"
EVENT_OUTPUTS: Mapping[str, Output] = {
    name: Output(name, label, name, unit, "", group, meaning)
    for name, label, unit, group, meaning in (
        ("goodput", "Goodput", "1", _TIME, "Share of the time of all replicas that became training"),
        ("waiting", "Waiting", "1", _TIME, "Share spent waiting for others or for links"),
        ("lost_work", "Lost work", "1", _TIME, "Share spent on work that was never merged"),
        ("down", "Down", "1", _TIME, "Share of the time that replicas were down"),
        ("effective_replicas", "Effective replicas", "1", _TIME, "Replicas in a merge, on average"),
        ("replicas_up", "Replicas up", "1", _TIME, "Replicas that were up at a merge, on average"),
        ("staleness", "Staleness", "1", _TIME, "Merges that an update missed while it was made, on average"),
        ("stops", "Interruptions", "1", _TIME, "Failures and withdrawals of nodes"),
        ("longest_round_s", "Longest round", "s", _TIME, "Longest time between two merges"),
        ("sent_bits", "Sent by a participant", "bit", _TRAFFIC, "Bits a participant sent"),
        ("received_bits", "Received by a participant", "bit", _TRAFFIC, "Bits a participant received"),
    )
}
"""What the event engine answers beside the outputs of both engines."""

_DRAWN = "every exchange of a run is as long as its links and its slowest replica make it, and none is kept"
UNMEASURED: Mapping[str, str] = {
    "straggler_factor": "a run draws how slow each replica is; the factor is the plan's allowance for it",
    "synchronisation_time_s": _DRAWN,
    "regional_synchronisation_time_s": _DRAWN,
    "latency_share": _DRAWN,
}
"""Outputs of the closed form that no run has, each with the reason; every other one it has keeps the plan's
value where it is not measured."""
