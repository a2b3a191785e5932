"""Schedule: inner steps and synchronisations make rounds, rounds make a run."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, where


@array_function
def least_inner_steps(xp: Namespace, *, exchange_time: Array, step_time: Array) -> Array:
    """Return the fewest steps that hide an exchange behind them [1].

    Parameters
    ----------
    exchange_time
        Time of the exchange to hide [s].
    step_time
        Time of one step, or of one cycle of steps [s].

    Notes
    -----
    Equation: H_min = max(1, ceil(t_exchange / t_step))
    Assumption: the exchange overlaps fully with the steps.
    Evidence: douillard2025streaming
    Limits: none.
    """
    return xp.maximum(xp.ceil(exchange_time / step_time), 1.0)


@array_function
def round_time(xp: Namespace, *, work_time: Array, exchange_time: Array, overlap: Array) -> Array:
    """Return the length of a round: its work, and what of the exchange the work does not hide [s].

    Parameters
    ----------
    work_time
        Time of the steps of the round [s].
    exchange_time
        Time of the exchange [s].
    overlap
        Share of the work that goes on while the exchange runs: 1 streaming, 0 blocking [1].

    Notes
    -----
    Equation: t = max(t_work, (1 − θ) t_work + t_exchange)
    Assumption: work and exchange slow one another in nothing else.
    Evidence: douillard2025streaming, douillard2023diloco
    Limits: overlap needs memory for the fragments in flight, which no published set charges.
    """
    if (
        isinstance(overlap, float) and overlap == 1.0
    ):  # the usual case, in one pass over arrays instead of three
        return xp.maximum(work_time, exchange_time)
    return xp.maximum(work_time, (1.0 - overlap) * work_time + exchange_time)


def repeated(*, count: Array, duration: Array) -> Array:
    """Return the time of ``count`` repetitions in sequence [s].

    Parameters
    ----------
    count
        Repetitions [1].
    duration
        Time of one [s].

    Notes
    -----
    Equation: n · t
    Assumption: all alike.
    Evidence: farflung2026
    Limits: none.
    """
    return count * duration


def tokens_per_round(
    *, inner_steps: Array, regional_steps: Array, local_batch: Array, contributing_replicas: Array
) -> Array:
    """Return the tokens all replicas process between two global synchronisations [tokens].

    Parameters
    ----------
    inner_steps
        Steps between innermost synchronisations [1].
    regional_steps
        Regional synchronisations between global ones; 1 where there are no groups [1].
    local_batch
        Tokens per replica and step [tokens].
    contributing_replicas
        Replicas whose work counts [1].

    Notes
    -----
    Equation: H · H_reg · B · M
    Assumption: all replicas take the same number of steps.
    Evidence: douillard2023diloco
    Limits: none.
    """
    return inner_steps * regional_steps * local_batch * contributing_replicas


def rounds_in(*, duration: Array, outer_round_time: Array) -> Array:
    """Return the rounds in a duration, fractions included [1].

    Parameters
    ----------
    duration
        Length of the run [s].
    outer_round_time
        Length of a round [s].

    Notes
    -----
    Equation: T / t_outer
    Assumption: a fraction of a round counts as that fraction, as in the published model.
    Evidence: rahman2026distributed
    Limits: runs of many rounds.
    """
    return duration / outer_round_time


def rounds_for(*, tokens: Array, tokens_per_round: Array) -> Array:
    """Return the rounds a number of tokens takes, fractions included [1].

    Parameters
    ----------
    tokens
        Training tokens [tokens].
    tokens_per_round
        Tokens of one round [tokens].

    Notes
    -----
    Equation: D / (H · H_reg · B · M)
    Assumption: a fraction of a round counts as that fraction.
    Evidence: miri2026notes
    Limits: runs of many rounds.
    """
    return tokens / tokens_per_round


def tokens_of(*, outer_rounds: Array, tokens_per_round: Array) -> Array:
    """Return the tokens of a number of rounds [tokens].

    Parameters
    ----------
    outer_rounds
        Rounds [1].
    tokens_per_round
        Tokens of one round [tokens].

    Notes
    -----
    Equation: D = rounds · H · H_reg · B · M
    Assumption: unlimited fresh data.
    Evidence: rahman2026distributed
    Limits: repeated data are not discounted by the published sets.
    """
    return outer_rounds * tokens_per_round


@array_function
def group_count(xp: Namespace, *, nodes: Array, nodes_per_group: Array) -> Array:
    """Return the number of whole regional groups [1].

    Parameters
    ----------
    nodes
        All nodes [1].
    nodes_per_group
        Nodes per group [1].

    Notes
    -----
    Equation: floor(N / g)
    Assumption: nodes left over join a group.
    Evidence: rahman2026distributed
    Limits: none.
    """
    return xp.floor(nodes / nodes_per_group)


@array_function
def where_grouped(xp: Namespace, *, groups: Array, grouped: Array, ungrouped: Array) -> Array:
    """Return ``grouped`` where there are at least two groups, else ``ungrouped``.

    Parameters
    ----------
    groups
        Whole regional groups [1].
    grouped, ungrouped
        The two values, of one unit.

    Notes
    -----
    Equation: grouped if floor(N/g) ≥ 2 else ungrouped
    Assumption: a hierarchy of fewer than two groups is no hierarchy.
    Evidence: rahman2026distributed
    Limits: none.
    """
    return where(xp, groups >= 2, grouped, ungrouped)
