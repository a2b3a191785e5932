"""Pipeline groups: a replica is a pipeline of nodes, and the pipelines synchronise as flat replicas do."""

from farflung.outcome.graph import step
from farflung.outcome.protocols.flat import FLAT
from farflung.outcome.protocols.protocol import Protocol, the_same
from farflung.physics import memory, pipeline, stragglers

PIPELINE_GROUPS = Protocol(
    name="pipeline_groups",
    summary="a replica is a pipeline of nodes; pipelines synchronise every H steps",
    steps={
        **FLAT.steps,
        "pipeline_stages": step(memory.pipeline_stages),
        "groups": step(memory.pipeline_groups),
        "replicas": step(the_same, quantity="groups"),
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
        "pipeline_straggler_factor": step(stragglers.straggler_factor, peers="pipeline_stages"),
        "step_time": step(pipeline.pipeline_step_time),
        "mean_activation_rate": step(pipeline.activation_rate),
    },
)
