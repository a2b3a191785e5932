"""Allocation: the compute-optimal parameters and tokens of a scaling law.

At the optimum a A N^−a = b B D^−b, which gives closed forms.
"""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, power


@array_function
def flop_for_loss(
    xp: Namespace,
    *,
    loss: Array,
    loss_irreducible: Array,
    loss_parameter_coefficient: Array,
    loss_parameter_exponent: Array,
    loss_token_coefficient: Array,
    loss_token_exponent: Array,
) -> Array:
    """Return the least compute that reaches a loss [FLOP].

    Parameters
    ----------
    loss
        Loss above the irreducible one [nats per token].
    loss_irreducible, loss_parameter_coefficient, loss_token_coefficient
        E, A and B of the law [nats per token].
    loss_parameter_exponent, loss_token_exponent
        Exponents of the law [1].

    Notes
    -----
    Equation: C' = 6 N* D*, N* = (A (1 + a/b) / (L − E))^(1/a), D* = (B (1 + b/a) / (L − E))^(1/b)
    Assumption: 6 FLOP per parameter and token; parameters and tokens cost nothing but compute.
    Evidence: hoffmann2022chinchilla, besiroglu2024chinchilla
    Limits: as those of the law.
    """
    a, b = loss_parameter_exponent, loss_token_exponent
    reducible = loss - loss_irreducible
    parameters = power(xp, loss_parameter_coefficient * (1.0 + a / b) / reducible, 1.0 / a)
    tokens = power(xp, loss_token_coefficient * (1.0 + b / a) / reducible, 1.0 / b)
    return 6.0 * parameters * tokens


@array_function
def tokens_for_parameters(
    xp: Namespace,
    *,
    parameters: Array,
    loss_parameter_coefficient: Array,
    loss_parameter_exponent: Array,
    loss_token_coefficient: Array,
    loss_token_exponent: Array,
) -> Array:
    """Return the compute-optimal tokens of a model of this size [tokens].

    Parameters
    ----------
    parameters
        Parameters active per token [1].
    loss_parameter_coefficient, loss_token_coefficient
        A and B of the law [nats per token].
    loss_parameter_exponent, loss_token_exponent
        Exponents of the law [1].

    Notes
    -----
    Equation: D* = (b B N^a / (a A))^(1/b)
    Assumption: the size is optimal for some compute.
    Evidence: hoffmann2022chinchilla, besiroglu2024chinchilla
    Limits: as those of the law.
    """
    a, b = loss_parameter_exponent, loss_token_exponent
    balance = power(xp, b * loss_token_coefficient / (a * loss_parameter_coefficient), 1.0 / b)
    return balance * power(xp, parameters, a / b)


@array_function
def parameters_for_flop(
    xp: Namespace,
    *,
    flop: Array,
    loss_parameter_coefficient: Array,
    loss_parameter_exponent: Array,
    loss_token_coefficient: Array,
    loss_token_exponent: Array,
) -> Array:
    """Return the compute-optimal size of a model [1].

    Parameters
    ----------
    flop
        Compute [FLOP].
    loss_parameter_coefficient, loss_token_coefficient
        A and B of the law [nats per token].
    loss_parameter_exponent, loss_token_exponent
        Exponents of the law [1].

    Notes
    -----
    Equation: N* = G (C/6)^(b/(a + b)), G = (a A / (b B))^(1/(a + b))
    Assumption: 6 FLOP per parameter and token.
    Evidence: hoffmann2022chinchilla, besiroglu2024chinchilla
    Limits: as those of the law.
    """
    a, b = loss_parameter_exponent, loss_token_exponent
    balance = power(xp, a * loss_parameter_coefficient / (b * loss_token_coefficient), 1.0 / (a + b))
    return balance * power(xp, flop / 6.0, b / (a + b))
