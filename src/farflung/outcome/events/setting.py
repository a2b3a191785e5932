"""From a scenario and an operation to what the engine runs."""

from __future__ import annotations

import math

from farflung.base.errors import InputError
from farflung.outcome.events.course import Course
from farflung.outcome.events.draws import Chances
from farflung.outcome.events.policies import policy_from
from farflung.outcome.events.stops import Recovery
from farflung.outcome.events.transports import TRANSPORTS, Line
from farflung.outcome.events.units import Nodes, Pipelines, Regions, Units
from farflung.outcome.run import Run
from farflung.physics.schedule import tokens_per_round
from farflung.scenario.operation import Operation


def is_grouped(run: Run) -> bool:
    """Return whether regions synchronise, rather than replicas."""
    return run.choices.protocol.uses("regional") and float(run.values["groups"]) >= 2


def steps_of(run: Run, operation: Operation) -> float:
    """Return how many steps a unit takes between two exchanges of its innermost kind [1]."""
    return float(run.values["inner_steps"]) / operation.fragments


def tokens_of_period(run: Run, operation: Operation) -> float:
    """Return the tokens of one unit's work between two synchronisations [tokens]."""
    values = run.values
    replicas = float(values["nodes"] / values["groups"]) if is_grouped(run) else 1.0
    return float(
        tokens_per_round(
            inner_steps=steps_of(run, operation),
            regional_steps=values["regional_steps"],
            local_batch=values["local_batch"],
            contributing_replicas=replicas,
        )
    )


def chances_of(run: Run, operation: Operation) -> Chances:
    """Return how nodes and links vary and fail."""
    conditions = operation.conditions(run.inputs.assumptions)
    return Chances(
        compute_spread=conditions["compute_spread"],
        step_variation=conditions["step_variation"],
        link_spread=conditions["link_spread"],
        link_variation=conditions["link_variation"],
        time_between_failures=conditions["chip_time_between_failures"] / float(run.values["chips_per_node"]),
        failure_shape=conditions["failure_shape"],
        repair_time=conditions["repair_time"],
        stay_time=math.inf if operation.stay_time is None else operation.stay_time,
        absence_time=math.inf if operation.absence_time is None else operation.absence_time,
        time_between_outages=conditions["time_between_outages"],
        outage_time=conditions["outage_time"],
    )


def course_of(run: Run, operation: Operation, runs: int) -> Course:
    """Return what seeded runs of a scenario do, in the terms of the engine.

    Raises
    ------
    InputError
        If the operation does not suit the scenario.
    """
    values, conditions = run.values, operation.conditions(run.inputs.assumptions)
    grouped = is_grouped(run)
    count = int(values["groups"] if grouped else values["replicas"])
    members = round(float(values["nodes"]) / count) if grouped else int(values["pipeline_stages"])
    policy = policy_from(operation.policy, count)
    if TRANSPORTS[operation.transport].pairs and not policy.waits:
        raise InputError(
            "operation.transport", "pairs wait for each other, and this policy for nobody", nearest="relay"
        )
    line = _line(run, operation, count)
    weights = float(values["parameters"] * values["pseudo_gradient_bits"] / values["pipeline_stages"])
    fixed_tokens = run.scenario.tokens is not None
    return Course(
        shape=(runs, count, members),
        units=_units(run, operation),
        line=line,
        transport=TRANSPORTS[operation.transport],
        policy=policy,
        merges_late=(operation.late or policy.late) == "merge",
        overlap=_overlap(run, operation),
        recovery=Recovery(
            notice=conditions["failure_notice_time"],
            restart=conditions["restart_time"],
            fetch=weights / min(line.upload, line.download),
            spares=operation.spares,
        ),
        outages=conditions["outage_time"] > 0.0 and count > 1,
        duration=math.inf if fixed_tokens else float(values["duration"]),
        periods=float(values["tokens"]) / tokens_of_period(run, operation) if fixed_tokens else math.inf,
    )


def _line(run: Run, operation: Operation, count: int) -> Line:
    """Return what units exchange; a single one exchanges nothing."""
    values, conditions = run.values, operation.conditions(run.inputs.assumptions)
    efficiency, several = conditions["protocol_efficiency"], float(count > 1)
    return Line(
        payload=several * float(values["synchronisation_payload"]) / operation.fragments,
        upload=float(values["upload_bandwidth"]) * efficiency,
        download=float(values["download_bandwidth"]) * efficiency,
        latency=several * float(values["latency"]),
        overhead=several * conditions["exchange_overhead"],
        units=count,
        server=math.inf if operation.server_bandwidth is None else operation.server_bandwidth,
    )


def _overlap(run: Run, operation: Operation) -> float:
    """Return the share of a period's steps that go on while an exchange runs."""
    if not run.scenario.protocol.streaming:
        if operation.overlap_steps:
            raise InputError(
                "operation.overlap_steps",
                "the scenario's exchanges block",
                nearest="0, or protocol.streaming = true",
            )
        return 0.0
    if operation.overlap_steps is None:
        return 1.0
    return min(
        operation.overlap_steps / (steps_of(run, operation) * float(run.values["regional_steps"])), 1.0
    )


def _units(run: Run, operation: Operation) -> Units:
    """Return what synchronises with its like."""
    values, steps = run.values, steps_of(run, operation)
    efficiency = operation.conditions(run.inputs.assumptions)["protocol_efficiency"]
    compute, other = steps * float(values["compute_time"]), steps * float(values["expert_parallel_time"])
    if is_grouped(run):
        if operation.fragments > 1:
            raise InputError(
                "operation.fragments", "regions synchronise the whole model at once", nearest="1"
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
