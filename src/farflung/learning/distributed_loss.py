"""Distributed loss: the loss added by replicas, rare synchronisation and compression together.

One law for distribution as a whole, in nats above data-parallel training on as many tokens, fitted by
:mod:`farflung.analysis.calibrate`, which also gives the uncertainty of its coefficients.
"""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, power, where

_NONE = 1e-12
"""Stands in for zero under a logarithm."""


@array_function
def divergence_penalty(
    xp: Namespace,
    *,
    parameters: Array,
    tokens: Array,
    replicas: Array,
    effective_inner_steps: Array,
    divergence_coefficient: Array,
    divergence_size_exponent: Array,
    divergence_token_exponent: Array,
    divergence_replica_exponent: Array,
    divergence_interval_exponent: Array,
    divergence_size_unit: Array,
    divergence_token_unit: Array,
    divergence_interval_unit: Array,
    divergence_fitted_replicas: Array,
    divergence_fitted_parameters: Array,
    divergence_replica_exponent_beyond: Array,
    divergence_size_exponent_beyond: Array,
) -> Array:
    """Return the loss added by averaging replicas every H steps [nats per token].

    Parameters
    ----------
    parameters
        Parameters active per token [1].
    tokens
        Training tokens of all replicas together [tokens].
    replicas
        Replicas averaged; one has no penalty [1].
    effective_inner_steps
        Steps between synchronisations, at least 1 [1].
    divergence_coefficient
        Penalty at the units of size, tokens and interval with two replicas [nats per token].
    divergence_size_exponent, divergence_token_exponent
        Exponents of its fall with size and with tokens per parameter [1].
    divergence_replica_exponent, divergence_interval_exponent
        Exponents of its rise with doublings of replicas and the logarithm of the interval [1].
    divergence_size_unit
        Unit of size [1].
    divergence_token_unit
        Unit of tokens per parameter [tokens].
    divergence_interval_unit
        Unit of the interval, above 1 [1].
    divergence_fitted_replicas, divergence_fitted_parameters
        Most replicas and largest size measured with tuned hyperparameters [1].
    divergence_replica_exponent_beyond, divergence_size_exponent_beyond
        Gain of the two exponents beyond those; 0 continues the law [1].

    Notes
    -----
    Equation: Δ = a (N/1e9)^−k (D/20N)^−q (log2 M)^g (ln H/ln 30)^p; past M = 8, 10B: (log2 M/3)^δ (N/1e10)^ε
    Assumption: one charge for replicas and interval together, beside data-parallel training (H = 1).
    Evidence: charles2025scaling, douillard2025streaming, douillard2023diloco, kolehmainen2025noloco
    Limits: tuned up to M = 8, H = 100 and 10B parameters; beyond, δ and ε have a spread and no data.
    """
    doublings = xp.maximum(xp.log2(replicas), _NONE)
    interval = xp.maximum(xp.log(effective_inner_steps), _NONE)
    beyond_replicas = doublings / xp.log2(divergence_fitted_replicas)
    beyond_size = parameters / divergence_fitted_parameters
    size = power(xp, parameters / divergence_size_unit, -divergence_size_exponent)
    data = power(xp, tokens / (parameters * divergence_token_unit), -divergence_token_exponent)
    several = power(xp, doublings, divergence_replica_exponent)
    rarely = power(xp, interval / xp.log(divergence_interval_unit), divergence_interval_exponent)
    more = power(xp, xp.maximum(beyond_replicas, 1.0), divergence_replica_exponent_beyond)
    larger = power(xp, xp.maximum(beyond_size, 1.0), divergence_size_exponent_beyond)
    penalty = divergence_coefficient * size * data * several * rarely * more * larger
    diverges = (replicas > 1) & (effective_inner_steps > 1)
    return where(xp, diverges, penalty, 0.0)


def wire_bits(*, pseudo_gradient_bits: Array, compression_ratio: Array) -> Array:
    """Return the bits sent per parameter [bit].

    Parameters
    ----------
    pseudo_gradient_bits
        Bits of an uncompressed pseudo-gradient value [bit].
    compression_ratio
        Uncompressed over compressed size [1].

    Notes
    -----
    Equation: w = b / C_r
    Assumption: a ratio is of what the precision at hand sends uncompressed.
    Evidence: farflung2026
    Limits: none.
    """
    return pseudo_gradient_bits / compression_ratio


@array_function
def sent_value_bits(
    xp: Namespace,
    *,
    wire_bits: Array,
    error_feedback: Array,
    lossless_value_bits_plain: Array,
    lossless_value_bits_feedback: Array,
) -> Array:
    """Return the bits per sent value that cost the least loss [bit].

    Parameters
    ----------
    wire_bits
        Bits sent per parameter [bit].
    error_feedback
        1 with error feedback, 0 without [1].
    lossless_value_bits_plain, lossless_value_bits_feedback
        Fewest bits of a value that cost nothing, without and with error feedback [bit].

    Notes
    -----
    Equation: b = max(w, b_free)
    Assumption: values are rounded as far as is free; what is still too much is dropped, not rounded further.
    Evidence: douillard2026decoupled, sarfi2025sparseloco
    Limits: 2 and 1 bits without error feedback cost far more than dropping values does.
    """
    free = (
        lossless_value_bits_plain
        + (lossless_value_bits_feedback - lossless_value_bits_plain) * error_feedback
    )
    return xp.maximum(wire_bits, free)


@array_function
def sent_share(xp: Namespace, *, wire_bits: Array, value_bits: Array, index_bits: Array) -> Array:
    """Return the density, the share of values sent [1].

    Parameters
    ----------
    wire_bits
        Bits sent per parameter [bit].
    value_bits
        Bits per sent value [bit].
    index_bits
        Bits that index a sent value [bit].

    Notes
    -----
    Equation: ρ = 1 where w ≥ b, else max(w/(b + i), (w − 1)/b)
    Assumption: places are sent as indices or as one bit for every value, whichever leaves more values.
    Evidence: lidin2026covenant
    Limits: no better coding of places, which could save a third of their bits.
    """
    indexed = wire_bits / (value_bits + index_bits)
    mapped = (wire_bits - 1.0) / value_bits
    dense = wire_bits >= value_bits
    return where(xp, dense, 1.0, xp.maximum(indexed, mapped))


@array_function
def compression_penalty(
    xp: Namespace,
    *,
    replicas: Array,
    sent_share: Array,
    error_feedback: Array,
    dropping_coefficient_plain: Array,
    dropping_coefficient_feedback: Array,
    dropping_exponent: Array,
) -> Array:
    """Return the loss added by compressing pseudo-gradients [nats per token].

    Parameters
    ----------
    replicas
        Replicas; one sends nothing [1].
    sent_share
        Share of values sent [1].
    error_feedback
        1 with error feedback, 0 without [1].
    dropping_coefficient_plain, dropping_coefficient_feedback
        Loss added by sending half of the values, without and with error feedback [nats per token].
    dropping_exponent
        Exponent of its growth with halvings of the share [1].

    Notes
    -----
    Equation: Δ_c = c (log2 1/ρ)^k
    Assumption: the same at every size, interval and number of replicas; values keep their lossless bits.
    Evidence: douillard2023diloco, douillard2026decoupled, sarfi2025sparseloco, lidin2026covenant
    Limits: a quarter of the values without error feedback, a hundredth with it; bits at second hand.
    """
    halvings = xp.maximum(-xp.log2(sent_share), _NONE)
    coefficient = (
        dropping_coefficient_plain
        + (dropping_coefficient_feedback - dropping_coefficient_plain) * error_feedback
    )
    return where(xp, replicas > 1, coefficient * power(xp, halvings, dropping_exponent), 0.0)


def compressed_loss(*, loss: Array, compression_penalty: Array) -> Array:
    """Return the loss of a run that pays for compression alone [nats per token].

    Parameters
    ----------
    loss
        Loss of one cluster on as many tokens [nats per token].
    compression_penalty
        What compression adds [nats per token].

    Notes
    -----
    Equation: L_c = L(N, D) + Δ_c
    Assumption: compression is charged first, so that what averaging replicas costs is measured from here.
    Evidence: farflung2026
    Limits: the two shares of compute depend on the order; the two penalties in nats do not.
    """
    return loss + compression_penalty


def added_loss(*, distributed_loss: Array, loss: Array) -> Array:
    """Return what distribution adds to the loss [nats per token].

    Parameters
    ----------
    distributed_loss
        Loss of the distributed run [nats per token].
    loss
        Loss of one cluster on as many tokens [nats per token].

    Notes
    -----
    Equation: Δ = L' − L
    Assumption: none.
    Evidence: farflung2026
    Limits: none.
    """
    return distributed_loss - loss


def distributed_loss(*, loss: Array, divergence_penalty: Array, compression_penalty: Array) -> Array:
    """Return the loss of a distributed run [nats per token].

    Parameters
    ----------
    loss
        Loss of one cluster on as many tokens [nats per token].
    divergence_penalty
        Loss added by averaging [nats per token].
    compression_penalty
        Loss added by compression [nats per token].

    Notes
    -----
    Equation: L' = L(N, D) + Δ + Δ_c
    Assumption: the penalties add; no measurement crosses compression with interval or replicas.
    Evidence: douillard2025streaming
    Limits: as those of the penalties.
    """
    return loss + divergence_penalty + compression_penalty
