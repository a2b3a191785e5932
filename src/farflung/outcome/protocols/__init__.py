"""Protocols: how each one wires the same physics together. One short file each, one registry."""

from collections.abc import Mapping

from farflung.outcome.protocols.data_parallel import DATA_PARALLEL
from farflung.outcome.protocols.flat import FLAT
from farflung.outcome.protocols.hierarchical import HIERARCHICAL
from farflung.outcome.protocols.pipeline_groups import PIPELINE_GROUPS
from farflung.outcome.protocols.protocol import SLACK, Protocol
from farflung.outcome.protocols.wide_area_pipeline import WIDE_AREA_PIPELINE

PROTOCOLS: Mapping[str, Protocol] = {
    protocol.name: protocol
    for protocol in (FLAT, HIERARCHICAL, PIPELINE_GROUPS, WIDE_AREA_PIPELINE, DATA_PARALLEL)
}

__all__ = ["PROTOCOLS", "SLACK", "Protocol"]
