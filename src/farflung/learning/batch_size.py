"""Batch size: the compute lost to large batches."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, power


@array_function
def critical_batch(
    xp: Namespace, *, loss: Array, critical_batch_coefficient: Array, critical_batch_exponent: Array
) -> Array:
    """Return the critical batch, at which a loss takes twice the least tokens and steps [tokens].

    Parameters
    ----------
    loss
        Loss reached [nats per token].
    critical_batch_coefficient
        Critical batch at a loss of 1 [tokens].
    critical_batch_exponent
        Exponent of the loss's fall with the critical batch [1].

    Notes
    -----
    Equation: B_crit = B* L^(−1/α_B)
    Assumption: the loss alone decides, on the corpus and tokenizer of the fit.
    Evidence: kaplan2020scaling
    Limits: one cluster, losses of 3 and more; zhang2024criticalbatch finds growth with tokens, D^0.47.
    """
    return critical_batch_coefficient * power(xp, loss, -1.0 / critical_batch_exponent)


def batch_efficiency(*, local_batch: Array, contributing_replicas: Array, critical_batch: Array) -> Array:
    """Return the share of compute that counts at the replicas' joint batch [1].

    Parameters
    ----------
    local_batch
        Tokens of a replica per inner step [tokens].
    contributing_replicas
        Replicas whose work counts [1].
    critical_batch
        Batch at which half of the compute counts [tokens].

    Notes
    -----
    Equation: η_B = 1 / (1 + B M / B_crit)
    Assumption: replicas between synchronisations act as one batch of all their tokens.
    Evidence: mccandlish2018gradientnoise, kaplan2020scaling
    Limits: not measured for local steps; fitted losses already carry the batches of their runs.
    """
    return 1.0 / (1.0 + local_batch * contributing_replicas / critical_batch)
