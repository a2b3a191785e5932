"""The shape of a transformer: its parameters, and a law for the shape where only they are known."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, power


@array_function
def hidden_width_of_size(
    xp: Namespace, *, parameters: Array, vocabulary: Array, aspect_ratio: Array
) -> Array:
    """Return the hidden width of a dense model of that size and usual shape [1].

    Parameters
    ----------
    parameters
        All parameters [1].
    vocabulary
        Entries of its embedding, which is not tied to its head [1].
    aspect_ratio
        Hidden width over the number of layers [1].

    Notes
    -----
    Equation: 12 h³ / r + 2 V h = P, by Newton's method from (P r / 12)^(1/3)
    Assumption: layers of 12 h² parameters; width and depth grow together.
    Evidence: kaplan2020scaling, grattafiori2024llama3
    Limits: published dense models of 1 to 500 billion have 80 to 150 widths a layer.
    """
    body = 12.0 / aspect_ratio
    width = power(xp, parameters / body, 1.0 / 3.0)
    for _ in range(6):
        excess = body * width**3 + 2.0 * vocabulary * width - parameters
        width = width - excess / (3.0 * body * width**2 + 2.0 * vocabulary)
    return width


def attention_parameters(
    *,
    hidden_width: Array,
    compressed_width: Array,
    expanded_width: Array,
    expanded_depth: Array,
    value_width: Array,
) -> Array:
    """Return the parameters of the projections of one layer's attention [1].

    Parameters
    ----------
    hidden_width
        Width of the residual stream [1].
    compressed_width
        Outputs of projections to a latent, 0 where queries, keys and values come from the stream [1].
    expanded_width
        Width of queries, keys and values together [1].
    expanded_depth
        Inputs of the projection to those: the stream, or the latent [1].
    value_width
        Width of the values of all query heads [1].

    Notes
    -----
    Equation: h c + w d + h v
    Assumption: no biases.
    Evidence: deepseek2024v3
    Limits: several latents are counted by their mean depth.
    """
    return hidden_width * compressed_width + expanded_width * expanded_depth + hidden_width * value_width


def feedforward_parameters(*, hidden_width: Array, feedforward_width: Array, gated: Array) -> Array:
    """Return the parameters of a feed-forward block, or of one expert [1].

    Parameters
    ----------
    hidden_width
        Width of the residual stream [1].
    feedforward_width
        Width inside the block [1].
    gated
        1 where a gate doubles the first projection, else 0 [1].

    Notes
    -----
    Equation: (2 + g) h f
    Assumption: no biases.
    Evidence: grattafiori2024llama3
    Limits: none.
    """
    return (2.0 + gated) * hidden_width * feedforward_width


def model_flop(
    *,
    tokens: Array,
    active_matrix_parameters: Array,
    layers: Array,
    sequence_length: Array,
    score_width: Array,
    attended_share: Array,
) -> Array:
    """Return the operations of a training step that a model needs, recomputation apart [FLOP].

    Parameters
    ----------
    tokens
        Tokens of the step [tokens].
    active_matrix_parameters
        Parameters of matrices that a token is multiplied by, the head included [1].
    layers
        Layers with attention [1].
    sequence_length
        Tokens of a sequence [tokens].
    score_width
        Width of all heads for keys plus that for values [1].
    attended_share
        Share of all token pairs that count [1].

    Notes
    -----
    Equation: 6 T (P + L s w a)
    Assumption: a backward pass costs twice a forward pass.
    Evidence: narayanan2021megatron
    Limits: conventions differ in whether masked pairs count.
    """
    return 6.0 * tokens * (active_matrix_parameters + layers * sequence_length * score_width * attended_share)
