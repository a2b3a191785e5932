"""Pipeline groups: a replica is a pipeline of nodes, and the pipelines synchronise as flat replicas do."""

from farflung.base.arrays import Array
from farflung.base.graph import identity, step
from farflung.physics import memory, pipeline
from farflung.protocols.flat import FLAT, INNER_STEPS, STEPS_OF_FLAT
from farflung.protocols.protocol import Automatic, Exchange, Protocol, Setting

STEPS_OF_PIPELINES = {
    **STEPS_OF_FLAT,
    "pipeline_stages": step(memory.pipeline_stages),
    "groups": step(memory.pipeline_groups),
    "replicas": step(identity, quantity="groups"),
    "working_nodes": step(memory.working_nodes),
    "hidden_width": step(pipeline.hidden_width),
    "activation_payload": step(pipeline.activation_payload, activation_bits="pseudo_gradient_bits"),
    "micro_batch_compute_time": step(pipeline.micro_batch_compute_time),
    "pipeline_bandwidth": step(
        pipeline.slower_direction,
        upload_bandwidth="pipeline_upload_bandwidth",
        download_bandwidth="pipeline_download_bandwidth",
    ),
    "micro_batch_transfer_time": step(pipeline.micro_batch_transfer_time),
    "step_time": step(pipeline.pipeline_step_time, micro_batch_compute_time="slowest_compute_time"),
    "mean_activation_rate": step(pipeline.activation_rate),
}
"""What a single pipeline shares with several."""


def _nodes_make_two_pipelines(*, groups: Array) -> Array:
    return groups >= 2


PIPELINE_GROUPS = Protocol(
    name="pipeline_groups",
    summary="a replica is a pipeline of nodes; pipelines synchronise every H steps",
    steps=STEPS_OF_PIPELINES,
    exchanges=(*FLAT.exchanges, Exchange("pipeline", peers="pipeline_stages", kind="crossing")),
    rounds=FLAT.rounds,
    settings=(
        INNER_STEPS,
        Setting("protocol.pipeline_stages", (2, 4, 8)),
        Setting("protocol.activation_compression", (4.0, 10.0)),
        Setting("protocol.micro_batches", (8, 32)),
    ),
    paced_by="micro_batch_compute_time",
    sharded=True,
    automatic=Automatic(1, _nodes_make_two_pipelines),
)
