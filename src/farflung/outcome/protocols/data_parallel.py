"""Data-parallel training over the wide area: replicas synchronise after every step."""

from farflung.outcome.graph import step
from farflung.outcome.protocols.flat import FLAT
from farflung.outcome.protocols.protocol import Protocol, one

DATA_PARALLEL = Protocol(
    name="data_parallel",
    summary="every node a replica, all synchronise after every step",
    steps={**FLAT.steps, "inner_steps": step(one)},
)
