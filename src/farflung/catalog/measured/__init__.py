"""Measured losses that the learning model is fitted to, one CSV file each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from farflung.catalog.rows import Number, Positive, Sourced, Stored, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRow(Sourced):
    """Loss of a distributed run beside data-parallel training on as many tokens [nats]."""

    FILE: ClassVar[str] = "measured/losses.csv"
    study: Word
    method: Word
    parameters: Positive
    tokens: Positive
    replicas: Positive
    inner_steps: Positive
    bits: Positive
    loss_data_parallel: Positive
    loss: Positive
    rounding: Positive
    role: Literal["tuned", "untuned", "one_replica"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowingTokensRow(Sourced):
    """Perplexity of runs whose tokens grow with their replicas, and of one cluster."""

    FILE: ClassVar[str] = "measured/growing_tokens.csv"
    kind: Literal["cluster", "distributed"]
    parameters: Positive
    tokens: Positive
    replicas: Positive
    inner_steps: Positive
    perplexity: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressionRow(Sourced):
    """Change of a run's quality with the bits, or the share, of the values sent [1]."""

    FILE: ClassVar[str] = "measured/compression.csv"
    bits: Positive
    density: Positive
    error_feedback: bool
    quantity: Literal["perplexity", "loss", "bound"]
    change: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class ChinchillaRow(Stored):
    """A run of the Chinchilla study [1, FLOP, nats]."""

    FILE: ClassVar[str] = "measured/chinchilla_points.csv"
    parameters: Positive
    flop: Positive
    loss: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingLawRow(Sourced):
    """A coefficient of a published scaling law."""

    FILE: ClassVar[str] = "measured/scaling_laws.csv"
    law: Word
    parameter: Literal["A", "B", "E", "alpha", "beta"]
    value: Positive
    standard_error: Number | None = None


TABLES: Mapping[str, type[Stored]] = {
    row.FILE.removeprefix("measured/").removesuffix(".csv"): row
    for row in (LossRow, GrowingTokensRow, CompressionRow, ChinchillaRow, ScalingLawRow)
}
"""Every table by name."""
