"""Scaling law: the loss of a size and tokens, and the compute that reaches a loss."""

from __future__ import annotations

import math

from farflung.base.arrays import Array, Namespace, array_function, is_traced, power, where

_NEWTON_STEPS = 40
"""The most; where the exponents are close two suffice, as each step squares a small error."""
_ROUNDING = 1e-14
"""Error of a logarithm below which a further step changes nothing."""


@array_function
def loss(
    xp: Namespace,
    *,
    parameters: Array,
    tokens: Array,
    loss_irreducible: Array,
    loss_parameter_coefficient: Array,
    loss_parameter_exponent: Array,
    loss_token_coefficient: Array,
    loss_token_exponent: Array,
) -> Array:
    """Return the loss of a model trained on one cluster [nats per token].

    Parameters
    ----------
    parameters
        Parameters active per token [1].
    tokens
        Training tokens, each seen once [tokens].
    loss_irreducible, loss_parameter_coefficient, loss_token_coefficient
        E, A and B of the law [nats per token].
    loss_parameter_exponent, loss_token_exponent
        Exponents of the law [1].

    Notes
    -----
    Equation: L(N, D) = E + A N^−a + B D^−b
    Assumption: learning rate and batch are tuned; data are not repeated.
    Evidence: besiroglu2024chinchilla
    Limits: fitted on 44M–16B parameters and up to 1e22 FLOP of the Chinchilla study's corpus.
    """
    by_size = loss_parameter_coefficient * power(xp, parameters, -loss_parameter_exponent)
    by_data = loss_token_coefficient * power(xp, tokens, -loss_token_exponent)
    return loss_irreducible + by_size + by_data


@array_function
def reference_parameters(
    xp: Namespace,
    *,
    loss: Array,
    loss_irreducible: Array,
    loss_parameter_coefficient: Array,
    loss_parameter_exponent: Array,
    loss_token_coefficient: Array,
    loss_token_exponent: Array,
    reference_tokens_per_parameter: Array,
) -> Array:
    """Return the size that reaches a loss at the reference allocation [1].

    Parameters
    ----------
    loss
        Loss above the irreducible one [nats per token].
    loss_irreducible, loss_parameter_coefficient, loss_token_coefficient
        E, A and B of the law [nats per token].
    loss_parameter_exponent, loss_token_exponent
        Exponents of the law [1].
    reference_tokens_per_parameter
        Tokens per parameter of the reference allocation [tokens].

    Notes
    -----
    Equation: solve A N^−a + B (r N)^−b = L − E for N
    Assumption: the reference allocation is the same at every compute.
    Evidence: besiroglu2024chinchilla
    Limits: the law's own optimum falls from 25 to 16 tokens per parameter over the range of use.
    """
    a, b = loss_parameter_exponent, loss_token_exponent
    target = xp.log(loss - loss_irreducible)
    size_term = xp.log(loss_parameter_coefficient)
    data_term = xp.log(loss_token_coefficient) - b * xp.log(reference_tokens_per_parameter)
    # With n = ln N and x = (data_term − size_term) − (b − a) n, the ratio of the two terms is e^x, and
    # size_term − target − a n + ln(1 + e^x) = 0 is almost linear in n. Start where the terms are equal.
    half = math.log(2.0)
    n = 0.5 * ((size_term + half) / a + (data_term + half) / b) - target * (0.5 / a + 0.5 / b)
    above, offset, spread = size_term - target, data_term - size_term, b - a

    def newton_step(n: Array) -> Array:
        # In place, since fresh memory would cost more than the arithmetic; all have the shape of n.
        ratio = xp.exp(offset - spread * n)
        change = xp.log1p(ratio)
        change += above
        change -= a * n
        change *= 1.0 + ratio
        ratio *= b
        ratio += a
        change /= ratio
        return change

    change = newton_step(n)
    n += change
    for _ in range(_steps_after(xp, change, a, b)):
        n += newton_step(n)
    return xp.exp(n)


def _steps_after(xp: Namespace, change: Array, a: Array, b: Array) -> int:
    """Return how many Newton steps after the first bring the error of ``ln N`` below rounding.

    The curvature of the equation is at most (b − a)²/4 and its slope at least min(a, b), so that a step
    turns an error e into at most e² (b − a)² / (8 min(a, b)).
    """
    if is_traced(change):
        return _NEWTON_STEPS - 1
    # A cell that is no number, where a run is not feasible, says nothing of the others.
    error = float(xp.max(where(xp, xp.isfinite(change), xp.abs(change), 0.0)))
    spread = float(xp.max(xp.abs(b - a)))
    slope = float(xp.min(xp.minimum(a, b)))
    factor, steps = spread * spread / (8.0 * slope), 0
    error = factor * error * error
    while error > _ROUNDING and steps < _NEWTON_STEPS:
        error, steps = min(factor * error * error, 0.5 * error), steps + 1
    return steps


def reference_flop(*, reference_parameters: Array, reference_tokens_per_parameter: Array) -> Array:
    """Return the compute to train a model at the reference allocation [FLOP].

    Parameters
    ----------
    reference_parameters
        Its size [1].
    reference_tokens_per_parameter
        Tokens per parameter [tokens].

    Notes
    -----
    Equation: C' = 6 r N²
    Assumption: 6 FLOP per parameter and token.
    Evidence: hoffmann2022chinchilla
    Limits: as those of the law.
    """
    return 6.0 * reference_tokens_per_parameter * reference_parameters * reference_parameters


@array_function
def chinchilla_efficiency(xp: Namespace, *, reference_flop: Array, throughput_flop: Array) -> Array:
    """Return the compute an optimally allocated model needs for the same loss, over the compute spent [1].

    Parameters
    ----------
    reference_flop
        Compute that reaches the loss at the reference allocation [FLOP].
    throughput_flop
        Compute spent [FLOP].

    Notes
    -----
    Equation: χ = min(1, C'/C)
    Assumption: capped at 1, as a fixed ratio is not the law's own optimum.
    Evidence: rahman2026distributed
    Limits: penalises mild over-training that developers choose for cheaper inference.
    """
    return xp.minimum(reference_flop / throughput_flop, 1.0)


@array_function
def unpenalised_single_node(xp: Namespace, *, chinchilla_efficiency: Array, nodes: Array) -> Array:
    """Return χ, but 1 for a single node whatever it trains [1].

    Parameters
    ----------
    chinchilla_efficiency
        χ of the run [1].
    nodes
        Nodes [1].

    Notes
    -----
    Equation: 1 where N = 1, else χ
    Assumption: an error of the published code, kept in its assumption sets to reproduce its figures.
    Evidence: rahman2026distributed
    Limits: makes one node look better than two.
    """
    return where(xp, nodes > 1, chinchilla_efficiency, 1.0)


def multiplied_loss(*, loss: Array, loss_multiplier: Array) -> Array:
    """Return the loss after replica divergence [nats per token].

    Parameters
    ----------
    loss
        Loss of one cluster [nats per token].
    loss_multiplier
        Factor of replica divergence [1].

    Notes
    -----
    Equation: L · M^β
    Assumption: divergence multiplies the whole loss, its irreducible part too.
    Evidence: charles2025scaling
    Limits: published fits are of total loss; there is no theory behind the product.
    """
    return loss * loss_multiplier


def combined_efficiency(
    *,
    efficiency_sync_interval: Array,
    efficiency_compression: Array,
    efficiency_activation: Array,
    efficiency_replica: Array,
    efficiency_batch: Array,
) -> Array:
    """Return the share of compute that counts, over all causes [1].

    Parameters
    ----------
    efficiency_sync_interval, efficiency_compression, efficiency_activation, efficiency_replica
        Shares left by distribution, by cause [1].
    efficiency_batch
        Share left by a large batch [1].

    Notes
    -----
    Equation: η = η_H · η_compression · η_act · η_replica · η_B
    Assumption: the causes are independent.
    Evidence: rahman2026distributed
    Limits: charges the sync interval twice, in η_H and in η_replica.
    """
    return (
        efficiency_sync_interval
        * efficiency_compression
        * efficiency_activation
        * efficiency_replica
        * efficiency_batch
    )


def efficiency_under_joint_law(
    *, efficiency_distribution: Array, efficiency_activation: Array, efficiency_batch: Array
) -> Array:
    """Return the share of compute that counts where one law charges for distribution [1].

    Parameters
    ----------
    efficiency_distribution
        What replicas, interval and compression leave together [1].
    efficiency_activation
        What compressing activations leaves [1].
    efficiency_batch
        What a large batch leaves [1].

    Notes
    -----
    Equation: η = η_distribution · η_act · η_B, η_distribution = η_compression · η_replica
    Assumption: activations and batch cost a share of compute that does not depend on the rest.
    Evidence: farflung2026
    Limits: as those of the three.
    """
    return efficiency_activation * efficiency_distribution * efficiency_batch


def local_equivalent_flop(*, throughput_flop: Array, efficiency: Array) -> Array:
    """Return the compute a single cluster needs for the same loss [FLOP].

    Parameters
    ----------
    throughput_flop
        Compute spent [FLOP].
    efficiency
        Share that counts [1].

    Notes
    -----
    Equation: C_local = C η
    Assumption: the same tokens per parameter, well chosen or not.
    Evidence: rahman2026distributed
    Limits: rewards small over-trained models; see the quality-adjusted compute.
    """
    return throughput_flop * efficiency


def quality_adjusted_flop(*, local_equivalent_flop: Array, chinchilla_efficiency: Array) -> Array:
    """Return the compute a single cluster needs for the same loss at the reference allocation [FLOP].

    Parameters
    ----------
    local_equivalent_flop
        Local-equivalent compute [FLOP].
    chinchilla_efficiency
        χ [1].

    Notes
    -----
    Equation: C_quality = C_local χ
    Assumption: quality is loss.
    Evidence: rahman2026distributed
    Limits: as those of the scaling law.
    """
    return local_equivalent_flop * chinchilla_efficiency


def reference_tokens(*, active_parameters: Array, reference_tokens_per_parameter: Array) -> Array:
    """Return the tokens of the reference allocation for a model of this size [tokens].

    Parameters
    ----------
    active_parameters
        Parameters active per token [1].
    reference_tokens_per_parameter
        Tokens per parameter [tokens].

    Notes
    -----
    Equation: D* = r P_act
    Assumption: one ratio at every size.
    Evidence: besiroglu2024chinchilla
    Limits: as those of the law.
    """
    return active_parameters * reference_tokens_per_parameter


def overtraining_ratio(*, tokens: Array, reference_tokens: Array) -> Array:
    """Return the training tokens over the reference tokens [1].

    Parameters
    ----------
    tokens
        Training tokens [tokens].
    reference_tokens
        Tokens of the reference allocation [tokens].

    Notes
    -----
    Equation: D / D*
    Assumption: none.
    Evidence: besiroglu2024chinchilla
    Limits: none.
    """
    return tokens / reference_tokens


@array_function
def optimal_parameters(xp: Namespace, *, flop: Array, reference_tokens_per_parameter: Array) -> Array:
    """Return the size of a model at the reference allocation of this compute [1].

    Parameters
    ----------
    flop
        Compute [FLOP].
    reference_tokens_per_parameter
        Tokens per parameter [tokens].

    Notes
    -----
    Equation: N* = sqrt(C / (6 r))
    Assumption: 6 FLOP per parameter and token.
    Evidence: hoffmann2022chinchilla
    Limits: as those of the law.
    """
    return xp.sqrt(flop / (6.0 * reference_tokens_per_parameter))
