"""Flat local SGD: every node is a replica, all synchronise with all every H steps (DiLoCo)."""

from farflung.outcome.graph import step
from farflung.outcome.protocols.protocol import Protocol, one, the_same
from farflung.physics import compute, links, schedule, stragglers

FLAT = Protocol(
    name="flat",
    summary="every node a replica, all synchronise every H steps (DiLoCo)",
    steps={
        "replicas": step(the_same, quantity="nodes"),
        "working_nodes": step(the_same, quantity="nodes"),
        "pipeline_stages": step(one),
        "step_time": step(compute.step_time),
        "peers": step(the_same, quantity="replicas"),
        "straggler_factor": step(stragglers.straggler_factor),
        "synchronisation_time": step(links.exchange_time, payload="synchronisation_payload"),
        "inner_steps_compute_bound": step(schedule.least_inner_steps, exchange_time="synchronisation_time"),
        "inner_steps": step(the_same, quantity="inner_steps_compute_bound"),
        "regional_steps": step(one),
        "cycle_time": step(schedule.repeated, count="inner_steps", duration="step_time"),
        "outer_round_time": step(
            schedule.overlapped, work_time="cycle_time", exchange_time="synchronisation_time"
        ),
    },
)
