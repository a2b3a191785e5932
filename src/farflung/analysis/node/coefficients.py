"""The global coefficients of a step's time: one value for every chip, cluster and stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from farflung.base.arrays import Array
from farflung.catalog.records import Record
from farflung.catalog.tables import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """Coefficients, each fitted once to all published step times.

    Attributes
    ----------
    matmul_share, eight_bit_share, four_bit_share
        Share of the sustained rate that a training step's products reach, and the further share in eight and
        four bits [1].
    wave_coefficient, operand_coefficient
        Share of partly filled waves, and of operand traffic, that is seen [1].
    elementwise_coefficient, unfused_elementwise_factor
        Elementwise traffic seen over traffic counted, and the factor where kernels are not joined [1].
    cast_bytes
        Bytes moved to cast an element to a narrow format [byte].
    attention_share, half_rate_length
        Share of the published rate of a fused kernel, and the length at which it halves [1, tokens].
    score_bytes, unfused_score_factor
        Bytes moved for a written score, and the factor without fused kernels [byte, 1].
    loss_bytes, fused_loss_bytes, optimiser_bytes
        Bytes moved for a logit, and for a parameter of the optimiser [byte].
    recompute_share
        Time of a recomputed pass over that of a forward pass [1].
    kernel_launch_time, kernel_gap, unfused_kernel_factor, socket_delay
        Host time of a kernel, idle time of the chip between kernels, more kernels without fusion, excess
        across sockets [s, s, 1, 1].
    domain_efficiency, network_efficiency
        Share of a link's bandwidth that collectives reach [1].
    domain_latency, network_latency
        Start of a collective [s].
    tensor_overlap, data_overlap
        Shares of the work beside them that cover tensor-parallel and data-parallel communication [1].
    context_overlap, shard_overlap
        Hidden shares of communication along a sequence, and of the shorter of work and fetching [1].
    transfer_share
        Share of pipeline transfers seen [1].
    lag
        Excess for each doubling of the domains [1].
    step_overhead
        Fixed time of a step [s].
    dispatch_bytes, expert_share, expert_kernels
        Bytes moved on a chip for every element of a token sent to an expert; share of the matmul rate that
        grouped products reach; kernels of a layer of experts [byte, 1, 1].
    expert_progress, launch_progress
        Yearly progress of the software of experts, and of hosts with their frameworks [1].
    exchange_share
        Share of the exchanges between experts that is seen [1].
    """

    matmul_share: Array
    eight_bit_share: Array
    four_bit_share: Array
    wave_coefficient: Array
    operand_coefficient: Array
    elementwise_coefficient: Array
    unfused_elementwise_factor: Array
    cast_bytes: Array
    attention_share: Array
    half_rate_length: Array
    score_bytes: Array
    unfused_score_factor: Array
    loss_bytes: Array
    fused_loss_bytes: Array
    optimiser_bytes: Array
    recompute_share: Array
    kernel_launch_time: Array
    kernel_gap: Array
    unfused_kernel_factor: Array
    socket_delay: Array
    domain_efficiency: Array
    network_efficiency: Array
    domain_latency: Array
    network_latency: Array
    tensor_overlap: Array
    context_overlap: Array
    shard_overlap: Array
    data_overlap: Array
    transfer_share: Array
    lag: Array
    step_overhead: Array
    dispatch_bytes: Array
    expert_share: Array
    expert_kernels: Array
    expert_progress: Array
    exchange_share: Array
    launch_progress: Array


NAMES = tuple(f.name for f in fields(Coefficients))
"""Names of all coefficients, in order."""


@cache
def coefficient_records(which: str = "node_coefficients") -> Mapping[str, Record]:
    """Return the record of every coefficient: as fitted, or as expected from ``node_priors``."""
    raw = table(which)
    return {name: Record.of(raw[name]) for name in NAMES}


@cache
def fitted_coefficients() -> Coefficients:
    """Return the coefficients of the catalog."""
    return Coefficients(**{name: record.value for name, record in coefficient_records().items()})
