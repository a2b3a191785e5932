"""Protocols: how each one wires the same physics together. One short file each, one registry."""

from farflung.protocols.data_parallel import DATA_PARALLEL
from farflung.protocols.flat import FLAT
from farflung.protocols.hierarchical import HIERARCHICAL
from farflung.protocols.pipeline_groups import PIPELINE_GROUPS
from farflung.protocols.protocol import SLACK, Automatic, Exchange, Protocol, Round, Setting
from farflung.protocols.wide_area_pipeline import WIDE_AREA_PIPELINE

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (FLAT, HIERARCHICAL, PIPELINE_GROUPS, WIDE_AREA_PIPELINE, DATA_PARALLEL)
}
"""Every protocol by name. One more is one more file and its name here."""

__all__ = ["PROTOCOLS", "SLACK", "Automatic", "Exchange", "Protocol", "Round", "Setting"]
