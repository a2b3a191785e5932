"""Hierarchical local SGD: groups of nodes synchronise often, groups with one another rarely.

With fewer than two groups the scheme is flat: the innermost exchange is then the global one.
"""

from farflung.outcome.graph import step
from farflung.outcome.protocols.flat import FLAT
from farflung.outcome.protocols.protocol import Protocol, no_time, the_same
from farflung.physics import links, schedule, stragglers

HIERARCHICAL = Protocol(
    name="hierarchical",
    summary="groups synchronise often over good links, groups with one another rarely",
    steps={
        **FLAT.steps,
        "groups": step(schedule.group_count),
        "peers": step(schedule.where_grouped, grouped="groups", ungrouped="nodes"),
        "regional_straggler_factor": step(stragglers.straggler_factor, peers="nodes_per_group"),
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
            schedule.where_grouped,
            grouped="regional_synchronisation_time",
            ungrouped="synchronisation_time",
        ),
        "outermost_exchange_time": step(
            schedule.where_grouped, grouped="synchronisation_time", ungrouped="no_exchange"
        ),
        "inner_steps_compute_bound": step(
            schedule.least_inner_steps, exchange_time="innermost_exchange_time"
        ),
        "inner_steps": step(the_same, quantity="inner_steps_compute_bound"),
        "steps_of_a_cycle_time": step(schedule.repeated, count="inner_steps", duration="step_time"),
        "cycle_time": step(
            schedule.overlapped, work_time="steps_of_a_cycle_time", exchange_time="innermost_exchange_time"
        ),
        "regional_steps": step(
            schedule.least_inner_steps, exchange_time="outermost_exchange_time", step_time="cycle_time"
        ),
        "cycles_time": step(schedule.repeated, count="regional_steps", duration="cycle_time"),
        "outer_round_time": step(
            schedule.overlapped, work_time="cycles_time", exchange_time="outermost_exchange_time"
        ),
    },
)
