"""Steps that vendors publish for their own stacks: models by name, and inputs often missing."""

from __future__ import annotations

import datetime

from farflung.analysis.node.clusters import (
    Excluded,
    MeasuredStep,
    Row,
    cluster_hardware,
    cluster_software,
    plan_of,
    with_layers,
)
from farflung.analysis.node.inputs import Architecture, Plan, StepInputs
from farflung.analysis.node.shapes import architecture, is_known, plain_key

_CHIPS = {
    "H100": "H100 SXM",
    "H200": "H200 SXM",
    "B200": "B200",
    "B300": "B300",
    "GB200": "GB200",
    "GB300": "GB300",
    "GH200": "GH200",
    "MI300X": "MI300X",
    "MI325X": "MI325X",
    "MI355X": "MI355X",
    "H100 (96GB HBM2e, 500 W)": "H100 SXM",
}
_NOT_ATTENTION = ("nemotron3", "nemotronh", "deepseekv4", "deepseekv4flash")
_TYPO_STAGES = 41.0


def _number(row: Row, column: str, missing: float | None = None) -> float:
    text = row[column].strip()
    if text in {"", "n/a", "NA"}:
        if missing is None:
            raise Excluded("batch, micro-batch or parallelism not stated")
        return missing
    return float(text)


def _precision(text: str) -> str:
    if "FP4" in text:
        return "fp4"
    return "fp8" if "FP8" in text.upper() else "fp16"


def _cluster(row: Row) -> str:
    if "500 W" in row["chip"]:
        return "torchtitan-compiled" if "compile" in row["note"].lower() else "torchtitan"
    return "maxtext-h100" if row["model"].lower().startswith("maxtext") else "nemo"


def _year(row: Row) -> float | None:
    text = row["date"] + "-15" if len(row["date"]) == len("2025-01") else row["date"]
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return day.year + day.timetuple().tm_yday / 365.25


def read_vendor(row: Row) -> MeasuredStep:
    """Return a row of the vendors' table as a measured step, or raise why it cannot be predicted."""
    chip = _CHIPS.get(row["chip"])
    if chip is None:
        raise Excluded("chip without rates")
    shape, cluster, precision = _shape(row), _cluster(row), _precision(row["precision"])
    inputs = StepInputs(
        hardware=cluster_hardware(cluster, precision, chip=chip),
        architecture=shape,
        plan=_plan(row, shape, cluster),
        software=cluster_software(
            cluster,
            precision,
            year=_year(row),
            send_once=float("NeMo container" in row["release"]),
        ),
    )
    group = "experts" if shape.experts else "dense"
    label = f"{row['model']} {row['chip']} {row['precision']} x{row['n_chips']} {row['release']}"
    return MeasuredStep(label, group, f"{cluster} {chip}", inputs, _number(row, "step_time_s"))


def _shape(row: Row) -> Architecture:
    if row["task"] == "lora":
        raise Excluded("adapts a part of the weights")
    if row["task"] not in {"pretrain", "sft"}:
        raise Excluded("not the time of a step")
    if plain_key(row["model"]).startswith(_NOT_ATTENTION):
        raise Excluded("layers that are no plain attention")
    name = row["model"].removesuffix(" Strong Scaling").removesuffix(f" {row['chip']}")
    if not is_known(name):
        raise Excluded("model whose shape is not known")
    shape = architecture(name, _number(row, "seq_len_tokens"))
    layers = _number(row, "layers", shape.layers)
    return shape if layers == shape.layers else with_layers(shape, layers)


def _plan(row: Row, shape: Architecture, cluster: str) -> Plan:
    sharded = _number(row, "fsdp", 0.0) > 1.0
    missing = 1.0 if sharded else None
    tensor, stages = _number(row, "tp", missing), _number(row, "pp", missing)
    stages = 1.0 if stages == _TYPO_STAGES else stages
    if cluster.startswith("torchtitan") and stages > 1.0:
        raise Excluded("batch, micro-batch or parallelism not stated")
    chips, expert = _number(row, "n_chips"), _number(row, "ep", 1.0) if shape.experts else 1.0
    if expert > chips / stages:
        raise Excluded("parallelism does not divide the chips or the batch")
    return plan_of(
        chips,
        _number(row, "gbs_sequences"),
        tensor=tensor,
        pipeline=stages,
        context=_number(row, "cp", 1.0),
        expert=expert,
        micro_batch=_number(row, "micro_batch"),
        interleaving=max(_number(row, "vp", 1.0), 1.0) if stages > 1.0 else 1.0,
        zero_stage=3.0 if sharded else 1.0,
        sequence_parallel=float(tensor > 1.0),
        recompute=_recompute(row, cluster),
    )


def _recompute(row: Row, cluster: str) -> float:
    if cluster == "maxtext-h100" or "full AC" in row["note"] or "full recompute" in row["note"]:
        return 2.0
    return 0.0
