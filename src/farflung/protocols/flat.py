"""Flat local SGD: every node is a replica, all synchronise with all every H steps (DiLoCo)."""

from farflung.base.arrays import Array
from farflung.base.graph import exactly_one, identity, step
from farflung.physics import compute, links, schedule
from farflung.protocols.protocol import SLACK, Automatic, Exchange, Protocol, Round, Setting

STEPS_OF_FLAT = {
    "replicas": step(identity, quantity="nodes"),
    "working_nodes": step(identity, quantity="nodes"),
    "pipeline_stages": step(exactly_one),
    "step_time": step(compute.step_time, compute_time="slowest_compute_time"),
    "peers": step(identity, quantity="replicas"),
    "synchronisation_time": step(links.exchange_time, payload="synchronisation_payload"),
    "inner_steps_compute_bound": step(schedule.least_inner_steps, exchange_time="synchronisation_time"),
    "inner_steps": step(identity, quantity="inner_steps_compute_bound"),
    "regional_steps": step(exactly_one),
    "cycle_time": step(schedule.repeated, count="inner_steps", duration="step_time"),
}
"""What other protocols share with this one."""
INNER_STEPS = Setting("protocol.inner_steps", (None, 1, 8, 64))


def _replica_fits_on_a_node(
    *, required_memory: Array, node_memory: Array, pipeline_stages_requested: Array
) -> Array:
    return (required_memory <= node_memory * SLACK) & (pipeline_stages_requested == 1)


FLAT = Protocol(
    name="flat",
    summary="every node a replica, all synchronise every H steps (DiLoCo)",
    steps=STEPS_OF_FLAT,
    exchanges=(Exchange("wide_area", peers="peers"),),
    rounds=(Round("outer_round_time", work="cycle_time", exchange="synchronisation_time"),),
    settings=(INNER_STEPS,),
    automatic=Automatic(0, _replica_fits_on_a_node),
)
