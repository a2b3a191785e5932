"""The forms of published tables, and how a row of each is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from farflung.analysis.node.clusters import (
    Excluded,
    MeasuredStep,
    Row,
    cluster_hardware,
    cluster_software,
    plan_of,
    with_layers,
)
from farflung.analysis.node.inputs import StepInputs
from farflung.analysis.node.shapes import architecture, architecture_of_size, dense, is_known
from farflung.analysis.node.vendor import read_vendor

_GIB = 2.0**30
_FOUNDRY = {"a100_40gb": "foundry-a100", "a100_80gb": "foundry-a100", "h100_80gb": "foundry-h100"}
_A100_40GB = {"memory": 42.3e9, "memory_bandwidth": 1.555e12}


def _foundry(row: Row) -> MeasuredStep:
    cluster = _FOUNDRY.get(row["GPU"])
    if cluster is None:
        raise Excluded("chip without rates")
    if row["Activation CPUOffload"] == "True":
        raise Excluded("activations kept in host memory")
    precision = "fp8" if row["Precision"].endswith("fp8") else "fp16"
    length, chips = float(row["SeqLen (T)"]), float(row["# GPUs"])
    tokens, micro = float(row["GlobalBatchSize (T)"]), float(row["MicroBatchSize"])
    batches = round(tokens / (length * micro * chips))
    plan = plan_of(
        chips,
        batches * micro * chips,
        micro_batch=micro,
        zero_stage={"FULL_SHARD": 3.0, "SHARD_GRAD_OP": 2.0}[row["Sharding Strategy"]],
        recompute=2.0 if row["Activation Checkpointing"] == "True" else 0.0,
    )
    smaller = _A100_40GB if row["GPU"] == "a100_40gb" else {}
    inputs = StepInputs(
        hardware=replace(cluster_hardware(cluster, precision), **smaller),
        architecture=architecture(f"MPT {row['Model']}", length),
        plan=plan,
        software=cluster_software(
            cluster, precision, gradient_bytes=2.0 if row["MP Mode"] == "PURE" else 4.0
        ),
    )
    rate = float(row["Throughput (T/s/GPU)"]) * chips
    label = f"{row['Model']} x{row['# GPUs']} {row['GPU']} {precision} s{row['SeqLen (T)']}"
    return MeasuredStep(label, row["GPU"], cluster, inputs, batches * micro * chips * length / rate)


def _vtrain(row: Row) -> MeasuredStep:
    chips = float(row["# GPUs"])
    hidden, heads = float(row["hidden size"]), float(row["attention heads"])
    shape = {
        "layers": float(row["# layers"]),
        "hidden": hidden,
        "heads": heads,
        "kv_heads": heads,
        "head_width": hidden / heads,
        "feedforward": 4.0 * hidden,
        "vocabulary": 51200.0,
        "tied": True,
    }
    multi = chips > 8.0
    plan = plan_of(
        chips,
        float(row["global batch"]),
        micro_batch=float(row["micro batch"]),
        tensor=float(row["tensor parallelism"]),
        pipeline=float(row["pipeline parallelism"]),
        recompute=2.0 if multi else 0.0,
    )
    inputs = StepInputs(
        hardware=cluster_hardware("vtrain", "fp16"),
        architecture=dense(float(row["sequence length"]), shape),
        plan=plan,
        software=cluster_software("vtrain", "fp16"),
    )
    label = (
        f"h{hidden:.0f} L{row['# layers']} t{row['tensor parallelism']} d{row['data parallelism']} "
        f"p{row['pipeline parallelism']} b{row['micro batch']}/{row['global batch']}"
    )
    name = "vtrain multi" if multi else "vtrain single"
    return MeasuredStep(label, name, name, inputs, float(row["iteration time (ms)"]) / 1e3)


_TUNED_MICRO_BATCH = 4.0
"""Micro-batch of tuned runs without a pipeline, which their tables leave out; with one, a single sequence."""


def _megatron(row: Row) -> MeasuredStep:
    chips, hidden, layers = float(row["gpus"]), float(row["hidden"]), float(row["layers"])
    core = "Core" in row["source"]
    cluster, length, vocabulary = ("megatron-core", 4096.0, 131072.0) if core else ("selene", 2048.0, 51200.0)
    heads = hidden / 128.0
    stages, tensor = float(row["pp"]), float(row["tp"])
    shape = {
        "layers": layers,
        "hidden": hidden,
        "heads": heads,
        "kv_heads": heads,
        "head_width": 128.0,
        "feedforward": 4.0 * hidden,
        "vocabulary": vocabulary,
        "tied": True,
    }
    share = float(row["global_batch_seqs"]) * tensor * stages / chips
    plan = plan_of(
        chips,
        float(row["global_batch_seqs"]),
        tensor=tensor,
        micro_batch=min(_TUNED_MICRO_BATCH, share) if stages == 1.0 else 1.0,
        pipeline=stages,
        zero_stage=1.0 if core else 0.0,
        recompute=0.0 if core else 2.0,
        sequence_parallel=float(core and tensor > 1.0),
        interleaving=_blocks(layers / stages) if core and stages > 1.0 else 1.0,
    )
    sequences = float(row["global_batch_seqs"])
    passes, ratio = (72.0, 12.0) if core else (96.0, 16.0)
    flop = (
        passes
        * sequences
        * length
        * layers
        * hidden**2
        * (1.0 + length / (6.0 * hidden) + vocabulary / (ratio * layers * hidden))
    )
    inputs = StepInputs(
        hardware=cluster_hardware(cluster, "fp16"),
        architecture=dense(length, shape),
        plan=plan,
        software=cluster_software(cluster, "fp16"),
    )
    return MeasuredStep(
        f"{row['model']} x{row['gpus']}",
        cluster,
        cluster,
        inputs,
        flop / (chips * float(row["tflops_per_gpu"]) * 1e12),
    )


def _blocks(layers_of_stage: float) -> float:
    return max((v for v in range(1, 7) if layers_of_stage % v == 0.0), default=1)


_SAILOR_TWIN = "GPT-NEO/N4/plan_config_N4_D4"


def _sailor(row: Row) -> MeasuredStep:
    if row["plan"].startswith("mit/"):
        raise Excluded("mixed chips that the table does not name")
    if _SAILOR_TWIN in row["plan"]:
        raise Excluded("its time is another model's all-reduce")
    model = row["plan"].split("/")[1]
    chips = 4.0 * float(row["nodes"])
    tensor, stages, data, micro = (float(row[k]) for k in ("tp", "pp", "dp", "mbs"))
    if tensor * stages * data != chips:
        raise Excluded("parallelism does not divide the chips or the batch")
    plan = plan_of(chips, float(row["gbs"]), tensor=tensor, pipeline=stages, micro_batch=micro)
    inputs = StepInputs(
        hardware=cluster_hardware("clariden", "fp16"),
        architecture=architecture(model, 2048.0),
        plan=plan,
        software=cluster_software("clariden", "fp16"),
    )
    return MeasuredStep(
        row["plan"].split("plan_config_")[0] + f"D{row['dp']}",
        model,
        "clariden",
        inputs,
        float(row["real_s"]),
        float(row["max_mem_bytes"]),
    )


_CASE = re.compile(r"(tp|ep|pp|dp|cp|l|mbc|mbs|seq)(\d+)")


def _simumax(row: Row) -> MeasuredStep:
    model, _, _ = re.split(r"_(?=l\d|tp\d)", row["case"], maxsplit=1)[0], None, None
    if not is_known(model):
        raise Excluded("model whose shape is not known")
    given: dict[str, float] = {}
    for word in row["case"].removeprefix(model).strip("_").split("_"):
        match = _CASE.fullmatch(word)
        if match:
            given[match[1]] = float(match[2])
        elif word not in {"cef", ""}:
            raise Excluded(f"setting '{word}' that the model does not know")
    tensor, stages = given.get("tp", 1.0), given.get("pp", 1.0)
    context, data = given.get("cp", 1.0), given.get("dp", 1.0)
    micro, batches = given.get("mbs", 1.0), given["mbc"]
    chips = tensor * stages * context * data
    plan = plan_of(
        chips,
        data * micro * batches,
        tensor=tensor,
        pipeline=stages,
        context=context,
        expert=given.get("ep", 1.0),
        micro_batch=micro,
        zero_stage=1.0,
        sequence_parallel=float(tensor > 1.0),
    )
    shape = with_layers(architecture(model, given.get("seq", 4096.0)), given["l"])
    if shape.experts:  # its short models keep one dense layer, as its memory shows
        shape = replace(shape, dense_layers=1.0)
    inputs = StepInputs(
        hardware=cluster_hardware("simumax-b200", "fp16"),
        architecture=shape,
        plan=plan,
        software=cluster_software("simumax-b200", "fp16", fused_loss=float("cef" in row["case"])),
    )
    return MeasuredStep(
        row["case"],
        "experts" if shape.experts else "dense",
        "simumax-b200",
        inputs,
        float(row["real_ms"]) / 1e3,
        float(row["real_alloc_gib"]) * _GIB,
    )


_PLAN = ("tensor", "pipeline", "context", "expert", "interleaving", "micro_batch", "zero_stage", "recompute",
         "sequence_parallel")  # fmt: skip


def _run(row: Row) -> MeasuredStep:
    cluster, precision = row.get("cluster") or "usual", row.get("precision") or "fp16"
    length, chips = float(row["sequence_length"]), float(row["chips"])
    model = row["model"]
    if is_known(model):
        shape = architecture(model, length)
    else:
        try:
            shape = architecture_of_size(float(model), length)
        except ValueError:
            raise Excluded("model whose shape is not known") from None
    network = {"network_bandwidth": float(row["network_gbit"]) / 8.0 * 1e9} if row.get("network_gbit") else {}
    plan = {name: float(row[name]) for name in _PLAN if row.get(name)}
    inputs = StepInputs(
        hardware=cluster_hardware(cluster, precision, chip=row["chip"], **network),
        architecture=shape,
        plan=plan_of(chips, float(row["sequences"]), **plan),
        software=cluster_software(cluster, precision),
    )
    group = "experts" if shape.experts else "dense"
    return MeasuredStep(row["run"], group, cluster, inputs, float(row["seconds"]))


FORMS: Mapping[str, tuple[set[str], Callable[[Row], MeasuredStep]]] = {
    "runs": ({"run", "chip", "chips", "model", "sequence_length", "sequences", "seconds"}, _run),
    "llm-foundry": ({"SeqLen (T)", "# GPUs", "Sharding Strategy", "Throughput (T/s/GPU)"}, _foundry),
    "vtrain": ({"# GPUs", "hidden size", "iteration time (ms)"}, _vtrain),
    "megatron": ({"tflops_per_gpu", "global_batch_seqs", "hidden"}, _megatron),
    "sailor": ({"plan", "real_s", "max_mem_bytes"}, _sailor),
    "vendors": ({"gbs_sequences", "step_time_s", "n_chips"}, read_vendor),
    "simumax": ({"case", "real_ms", "real_alloc_gib"}, _simumax),
}
