"""Repeated data: what a token is worth that the model has seen before."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function


def epochs(*, tokens: Array, unique_tokens: Array) -> Array:
    """Return how often every distinct token is seen, on average [1].

    Parameters
    ----------
    tokens
        Training tokens [tokens].
    unique_tokens
        Distinct tokens there are [tokens].

    Notes
    -----
    Equation: D / U
    Assumption: all of the data are gone through equally often.
    Evidence: muennighoff2023dataconstrained
    Limits: none.
    """
    return tokens / unique_tokens


@array_function
def effective_tokens(xp: Namespace, *, tokens: Array, epochs: Array, repetition_decay: Array) -> Array:
    """Return the tokens, each seen once, that would teach as much as these [tokens].

    Parameters
    ----------
    tokens
        Training tokens, repeated ones included [tokens].
    epochs
        How often every distinct token is seen; at most once where there are more than are needed [1].
    repetition_decay
        Repetitions over which the worth of one more falls e-fold [1].

    Notes
    -----
    Equation: D' = U + U R* (1 − exp(−(D/U − 1)/R*)) where D > U, else D
    Assumption: what distribution adds to the loss, and what compute costs, still go by all tokens.
    Evidence: muennighoff2023dataconstrained
    Limits: 7M–9B parameters, 44 epochs; the study also lets parameters beyond the data's best saturate.
    """
    passes = xp.maximum(epochs, 1.0)
    repetitions = -repetition_decay * xp.expm1((1.0 - passes) / repetition_decay)
    return tokens / passes * (1.0 + repetitions)
