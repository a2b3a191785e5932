"""Hierarchical local SGD: groups of nodes synchronise often, groups with one another rarely.

With fewer than two groups the scheme is flat: the innermost exchange is then the global one.
"""

from farflung.base.graph import identity, no_time, step
from farflung.physics import links, schedule
from farflung.protocols.flat import INNER_STEPS, STEPS_OF_FLAT
from farflung.protocols.protocol import Exchange, Protocol, Round, Setting

_STEPS = {
    **{name: one for name, one in STEPS_OF_FLAT.items() if name != "cycle_time"},
    "groups": step(schedule.group_count),
    "peers": step(schedule.where_grouped, grouped="groups", ungrouped="nodes"),
    "regional_synchronisation_time": step(
        links.exchange_time,
        payload="synchronisation_payload",
        upload_bandwidth="regional_upload_bandwidth",
        download_bandwidth="regional_download_bandwidth",
        latency="regional_latency",
        peers="nodes_per_group",
        straggler_factor="regional_straggler_factor",
    ),
    "no_exchange": step(no_time),
    "innermost_exchange_time": step(
        schedule.where_grouped, grouped="regional_synchronisation_time", ungrouped="synchronisation_time"
    ),
    "outermost_exchange_time": step(
        schedule.where_grouped, grouped="synchronisation_time", ungrouped="no_exchange"
    ),
    "inner_steps_compute_bound": step(schedule.least_inner_steps, exchange_time="innermost_exchange_time"),
    "inner_steps": step(identity, quantity="inner_steps_compute_bound"),
    "steps_of_a_cycle_time": step(schedule.repeated, count="inner_steps", duration="step_time"),
    "regional_steps": step(
        schedule.least_inner_steps, exchange_time="outermost_exchange_time", step_time="cycle_time"
    ),
    "cycles_time": step(schedule.repeated, count="regional_steps", duration="cycle_time"),
}

HIERARCHICAL = Protocol(
    name="hierarchical",
    summary="groups synchronise often over good links, groups with one another rarely",
    steps=_STEPS,
    exchanges=(Exchange("wide_area", peers="peers"), Exchange("regional", peers="nodes_per_group")),
    rounds=(
        Round("cycle_time", work="steps_of_a_cycle_time", exchange="innermost_exchange_time"),
        Round("outer_round_time", work="cycles_time", exchange="outermost_exchange_time"),
    ),
    settings=(INNER_STEPS, Setting("protocol.nodes_per_group", (8, 16, 32))),
)
