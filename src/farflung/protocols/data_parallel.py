"""Data-parallel training over the wide area: replicas synchronise after every step."""

from dataclasses import replace

from farflung.base.graph import exactly_one, step
from farflung.protocols.flat import FLAT, STEPS_OF_FLAT
from farflung.protocols.protocol import Protocol

DATA_PARALLEL: Protocol = replace(
    FLAT,
    name="data_parallel",
    summary="every node a replica, all synchronise after every step",
    steps={**STEPS_OF_FLAT, "inner_steps": step(exactly_one)},
    settings=(),
    automatic=None,
)
