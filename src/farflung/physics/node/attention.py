"""The attention core: scores and their weighted sums, fused in one kernel or written to memory."""

from __future__ import annotations

from farflung.base.arrays import Array


def fused_attention_time(
    *,
    sequences: Array,
    sequence_length: Array,
    score_width: Array,
    attended_share: Array,
    attention_rate: Array,
    half_rate_length: Array,
) -> Array:
    """Return the time of the forward pass of a fused attention kernel over one layer [s].

    Parameters
    ----------
    sequences
        Sequences, or the share of one, that a chip attends over [1].
    sequence_length
        Tokens of a sequence [tokens].
    score_width
        Width of all heads of the chip for keys plus that for values [1].
    attended_share
        Share of all token pairs that are attended, a half under a causal mask [1].
    attention_rate
        Rate the kernel reaches on long sequences [FLOP/s].
    half_rate_length
        Attended length at which it reaches half of that [tokens].

    Notes
    -----
    Equation: t = 2 b s² w a / (F_a · s'/(s' + s_0)), s' = 2 a s
    Assumption: FLOP of masked pairs are skipped.
    Evidence: dao2023flashattention2, shah2024flashattention3
    Limits: head widths of 64 to 256; smaller heads are slower.
    """
    attended = 2.0 * attended_share * sequence_length
    flop = 2.0 * sequences * sequence_length * sequence_length * score_width * attended_share
    return flop / attention_rate * (1.0 + half_rate_length / attended)


def written_scores_time(
    *,
    sequences: Array,
    sequence_length: Array,
    heads: Array,
    score_width: Array,
    matmul_rate: Array,
    memory_bandwidth: Array,
    score_bytes: Array,
) -> Array:
    """Return the time of the forward pass of attention that writes its scores to memory, over one layer [s].

    Parameters
    ----------
    sequences
        Sequences that a chip attends over [1].
    sequence_length
        Tokens of a sequence [tokens].
    heads
        Heads of the chip [1].
    score_width
        Width of all heads of the chip for keys plus that for values [1].
    matmul_rate
        Rate of batched products of that shape [FLOP/s].
    memory_bandwidth
        Bandwidth of the chip's memory [byte/s].
    score_bytes
        Bytes read and written for every score: product, mask, softmax, dropout and product [byte].

    Notes
    -----
    Equation: t = 2 b s² w / F + k b n_h s² / B
    Assumption: masked pairs are computed too.
    Evidence: korthikanti2022reducing, dao2022flashattention
    Limits: how many passes a stack makes depends on which of them its kernels join.
    """
    pairs = sequences * sequence_length * sequence_length
    return 2.0 * pairs * score_width / matmul_rate + score_bytes * pairs * heads / memory_bandwidth
