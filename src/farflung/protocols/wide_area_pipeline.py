"""One pipeline over the wide area: a single replica, nothing to synchronise with."""

from dataclasses import replace

from farflung.base.arrays import Array
from farflung.base.graph import exactly_one, step
from farflung.protocols.pipeline_groups import PIPELINE_GROUPS, STEPS_OF_PIPELINES
from farflung.protocols.protocol import Automatic, Protocol


def _one_replica_at_most(*, groups: Array) -> Array:
    return groups < 2


WIDE_AREA_PIPELINE: Protocol = replace(
    PIPELINE_GROUPS,
    name="wide_area_pipeline",
    summary="all nodes that a replica needs form one pipeline; no outer loop",
    steps={**STEPS_OF_PIPELINES, "groups": step(exactly_one)},
    automatic=Automatic(2, _one_replica_at_most),
    searched=False,  # pipeline groups of one pipeline
)
