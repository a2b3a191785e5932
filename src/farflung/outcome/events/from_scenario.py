"""From a scenario and a fault model to what the engine runs."""

from __future__ import annotations

import math

from farflung.base.errors import InputError
from farflung.outcome.events.draws import FailureModel
from farflung.outcome.events.interruptions import Recovery
from farflung.outcome.events.policies import policy_from
from farflung.outcome.events.run_spec import RunSpec
from farflung.outcome.events.transports import TRANSPORTS, Link
from farflung.outcome.events.workers import Nodes, Pipelines, Regions, Workers
from farflung.outcome.run import Run
from farflung.physics.schedule import tokens_per_round
from farflung.scenario.fault_model import FaultModel


def is_grouped(run: Run) -> bool:
    """Return whether regions synchronise, rather than replicas."""
    return run.choices.protocol.uses("regional") and float(run.values["groups"]) >= 2


def steps_of(run: Run, fault_model: FaultModel) -> float:
    """Return how many steps a worker takes between two exchanges of its innermost kind [1]."""
    return float(run.values["inner_steps"]) / fault_model.fragments


def tokens_of_period(run: Run, fault_model: FaultModel) -> float:
    """Return the tokens of one worker's work between two synchronisations [tokens]."""
    values = run.values
    replicas = float(values["nodes"] / values["groups"]) if is_grouped(run) else 1.0
    return float(
        tokens_per_round(
            inner_steps=steps_of(run, fault_model),
            regional_steps=values["regional_steps"],
            local_batch=values["local_batch"],
            contributing_replicas=replicas,
        )
    )


def failure_model_of(run: Run, fault_model: FaultModel) -> FailureModel:
    """Return how nodes and links vary and fail."""
    conditions = fault_model.conditions(run.inputs.assumptions)
    return FailureModel(
        compute_spread=conditions["compute_spread"],
        step_variation=conditions["step_variation"],
        link_spread=conditions["link_spread"],
        link_variation=conditions["link_variation"],
        time_between_failures=conditions["chip_time_between_failures"] / float(run.values["chips_per_node"]),
        failure_shape=conditions["failure_shape"],
        repair_time=conditions["repair_time"],
        stay_time=math.inf if fault_model.stay_time is None else fault_model.stay_time,
        absence_time=math.inf if fault_model.absence_time is None else fault_model.absence_time,
        time_between_outages=conditions["time_between_outages"],
        outage_time=conditions["outage_time"],
    )


def run_spec_of(run: Run, fault_model: FaultModel, runs: int) -> RunSpec:
    """Return what seeded runs of a scenario do, in the terms of the engine.

    Raises
    ------
    InputError
        If the fault model does not suit the scenario.
    """
    values, conditions = run.values, fault_model.conditions(run.inputs.assumptions)
    grouped = is_grouped(run)
    count = int(values["groups"] if grouped else values["replicas"])
    members = round(float(values["nodes"]) / count) if grouped else int(values["pipeline_stages"])
    policy = policy_from(fault_model.policy, count)
    if TRANSPORTS[fault_model.transport].pairs and not policy.waits:
        raise InputError(
            "fault_model.transport", "pairs wait for each other, and this policy for nobody", nearest="relay"
        )
    link = _link(run, fault_model, count)
    weights = float(values["parameters"] * values["pseudo_gradient_bits"] / values["pipeline_stages"])
    fixed_tokens = run.scenario.tokens is not None
    return RunSpec(
        shape=(runs, count, members),
        workers=_workers(run, fault_model),
        link=link,
        transport=TRANSPORTS[fault_model.transport],
        policy=policy,
        merges_late=(fault_model.late or policy.late) == "merge",
        overlap=_overlap(run, fault_model),
        recovery=Recovery(
            detection_time=conditions["failure_detection_time"],
            restart=conditions["restart_time"],
            fetch=weights / min(link.upload, link.download),
            spares=fault_model.spares,
        ),
        outages=conditions["outage_time"] > 0.0 and count > 1,
        duration=math.inf if fixed_tokens else float(values["duration"]),
        periods=float(values["tokens"]) / tokens_of_period(run, fault_model) if fixed_tokens else math.inf,
    )


def _link(run: Run, fault_model: FaultModel, count: int) -> Link:
    """Return what workers exchange; a single one exchanges nothing."""
    values, conditions = run.values, fault_model.conditions(run.inputs.assumptions)
    efficiency, several = conditions["protocol_efficiency"], float(count > 1)
    return Link(
        payload=several * float(values["synchronisation_payload"]) / fault_model.fragments,
        upload=float(values["upload_bandwidth"]) * efficiency,
        download=float(values["download_bandwidth"]) * efficiency,
        latency=several * float(values["latency"]),
        overhead=several * conditions["exchange_overhead"],
        workers=count,
        server=math.inf if fault_model.server_bandwidth is None else fault_model.server_bandwidth,
    )


def _overlap(run: Run, fault_model: FaultModel) -> float:
    """Return the share of a period's steps that go on while an exchange runs."""
    if not run.scenario.protocol.streaming:
        if fault_model.overlap_steps:
            raise InputError(
                "fault_model.overlap_steps",
                "the scenario's exchanges block",
                nearest="0, or protocol.streaming = true",
            )
        return 0.0
    if fault_model.overlap_steps is None:
        return 1.0
    return min(
        fault_model.overlap_steps / (steps_of(run, fault_model) * float(run.values["regional_steps"])), 1.0
    )


def _workers(run: Run, fault_model: FaultModel) -> Workers:
    """Return what synchronises with its like."""
    values, steps = run.values, steps_of(run, fault_model)
    efficiency = fault_model.conditions(run.inputs.assumptions)["protocol_efficiency"]
    compute, other = steps * float(values["compute_time"]), steps * float(values["expert_parallel_time"])
    if is_grouped(run):
        if fault_model.fragments > 1:
            raise InputError(
                "fault_model.fragments", "regions synchronise the whole model at once", nearest="1"
            )
        return Regions(
            cycles=round(float(values["regional_steps"])),
            compute=compute,
            other=other,
            payload=float(values["synchronisation_payload"]),
            upload=float(values["regional_upload_bandwidth"]) * efficiency,
            download=float(values["regional_download_bandwidth"]) * efficiency,
            latency=float(values["regional_latency"]),
            overlap=1.0 if run.scenario.protocol.streaming else 0.0,
        )
    if float(values["pipeline_stages"]) > 1:
        return Pipelines(
            steps=steps,
            micro_batches=float(values["micro_batches"]),
            compute=float(values["micro_batch_compute_time"]),
            transfer=float(values["micro_batch_transfer_time"]) / efficiency,
            latency=float(values["pipeline_latency"]),
            other=float(values["expert_parallel_time"]),
        )
    return Nodes(compute=compute, other=other)
