"""Repeated data: the worth of tokens the model has seen before."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function


def epochs(*, tokens: Array, unique_tokens: Array) -> Array:
    """Return how often each distinct token is seen on average [1].

    Parameters
    ----------
    tokens
        Training tokens [tokens].
    unique_tokens
        Distinct tokens available [tokens].

    Notes
    -----
    Equation: D / U
    Assumption: all data are repeated equally often.
    Evidence: muennighoff2023dataconstrained
    Limits: none.
    """
    return tokens / unique_tokens


@array_function
def effective_tokens(xp: Namespace, *, tokens: Array, epochs: Array, repetition_decay: Array) -> Array:
    """Return the tokens seen once that are worth as much [tokens].

    Parameters
    ----------
    tokens
        Training tokens, repeated ones included [tokens].
    epochs
        How often each distinct token is seen; at most once if data suffice [1].
    repetition_decay
        Repetitions over which the worth of another falls e-fold [1].

    Notes
    -----
    Equation: D' = U + U R* (1 − exp(−(D/U − 1)/R*)) where D > U, else D
    Assumption: compute, and the loss added by distribution, still go by all tokens.
    Evidence: muennighoff2023dataconstrained
    Limits: 7M–9B parameters, 44 epochs; the study also lets parameters beyond the data's best saturate.
    """
    passes = xp.maximum(epochs, 1.0)
    repetitions = -repetition_decay * xp.expm1((1.0 - passes) / repetition_decay)
    return tokens / passes * (1.0 + repetitions)
