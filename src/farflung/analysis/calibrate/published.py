"""Published sets: what they say distribution costs, in nats, by the package's own learning functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from farflung.analysis.calibrate.points import Points
from farflung.base.errors import InputError
from farflung.learning import compression, replicas, scaling_law, sync_interval
from farflung.scenario import Assumptions, load_assumptions
from farflung.scenario.forms import JointLaw

PUBLISHED = ("miri-2026-02", "miri-2026-04")
_LAW = ("loss_irreducible", "loss_parameter_coefficient", "loss_parameter_exponent", "loss_token_coefficient",
        "loss_token_exponent")  # fmt: skip
_UNCOMPRESSED = 16.0
"""Bits from which the published sets count a compression ratio [bit]."""


def published_change(name: str, at: Points) -> np.ndarray:
    """Return the loss change that a published set expects at points [nats].

    Their replica factor multiplies the loss that was measured without distribution. Their other factors are
    shares of compute: the change is that of a well-allocated model, as good as the run so far, which loses
    the rest of its compute.

    Parameters
    ----------
    name
        Name of the set.
    at
        The points.
    """
    assumptions = load_assumptions(name)
    coefficient = {one: value for one, (value, _) in assumptions.values.items()}
    with np.errstate(all="ignore"):
        loss = at.baseline * _multiplier(assumptions, coefficient, at)
        share = _interval_share(coefficient, at) * _compression_share(assumptions, at)
        return np.asarray(_loss_with(loss, share, coefficient) - at.baseline)


def _multiplier(assumptions: Assumptions, coefficient: dict[str, float], at: Points) -> Any:
    distribution = assumptions.forms.distribution
    if isinstance(distribution, JointLaw):
        known = ", ".join(PUBLISHED)
        raise InputError("assumptions", f"'{assumptions.name}' is no published set", nearest=known)
    if distribution.replica_divergence == "none":
        return np.ones(len(at))
    exponent = replicas.divergence_exponent(
        parameters=at.parameters,
        effective_inner_steps=at.inner_steps,
        **{n: coefficient[n] for n in
           ("replica_prefactor", "replica_size_exponent", "replica_reference_inner_steps")},
    )  # fmt: skip
    return replicas.loss_multiplier(replicas=at.replicas, divergence_exponent=exponent)


def _interval_share(coefficient: dict[str, float], at: Points) -> Any:
    slope = sync_interval.sync_interval_coefficient(
        parameters=at.parameters,
        **{n: coefficient[n] for n in
           ("sync_interval_slope", "sync_interval_size_slope", "sync_interval_size_unit")},
    )  # fmt: skip
    return sync_interval.sync_interval_efficiency(
        effective_inner_steps=at.inner_steps,
        sync_interval_coefficient=slope,
        sync_interval_floor=coefficient["sync_interval_floor"],
        replicas=at.replicas,
    )


def _compression_share(assumptions: Assumptions, at: Points) -> Any:
    distribution = assumptions.forms.distribution
    if isinstance(distribution, JointLaw) or distribution.compression == "lossless":
        return 1.0
    return compression.compression_efficiency(
        compression_ratio=np.maximum(_UNCOMPRESSED / at.bits, 1.0),
        compression_table=assumptions.tables["compression_plain"].columns["expected"],
        replicas=at.replicas,
    )


def _loss_with(loss: Any, share: Any, coefficient: dict[str, float]) -> Any:
    """Return the loss of a well-allocated model that would reach ``loss``, on a share of its compute."""
    law = {n: coefficient[n] for n in _LAW}
    ratio = coefficient["reference_tokens_per_parameter"]
    size = scaling_law.reference_parameters(loss=loss, reference_tokens_per_parameter=ratio, **law)
    flop = scaling_law.reference_flop(reference_parameters=size, reference_tokens_per_parameter=ratio)
    left = scaling_law.optimal_parameters(flop=flop * share, reference_tokens_per_parameter=ratio)
    tokens = scaling_law.reference_tokens(active_parameters=left, reference_tokens_per_parameter=ratio)
    return scaling_law.loss(parameters=left, tokens=tokens, **law)
