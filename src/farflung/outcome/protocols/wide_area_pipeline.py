"""One pipeline over the wide area: a single replica, nothing to synchronise with."""

from farflung.outcome.graph import step
from farflung.outcome.protocols.pipeline_groups import PIPELINE_GROUPS
from farflung.outcome.protocols.protocol import Protocol, one

WIDE_AREA_PIPELINE = Protocol(
    name="wide_area_pipeline",
    summary="all nodes that a replica needs form one pipeline; no outer loop",
    steps={**PIPELINE_GROUPS.steps, "groups": step(one)},
)
