"""Architectures: those of the catalog, a plain one from its dimensions, and one from a parameter count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from farflung.analysis.node.inputs import Architecture
from farflung.analysis.node.step import parameters_of
from farflung.base.arrays import Array
from farflung.base.errors import InputError, unknown
from farflung.catalog.tables import table
from farflung.physics.node import architecture as laws

ASPECT_RATIO, HEAD_WIDTH, KEY_VALUE_HEADS, VOCABULARY = 128.0, 128.0, 8.0, 128_000.0
"""Shape of a model of which only the size is known: hidden width a layer, and the rest as in Llama 3."""
_CAUSAL = 0.5
_CLOSE = 1.1


def plain_key(name: str) -> str:
    """Return a model's name as its letters and digits, without remarks in brackets."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)", "", name.lower()))


@cache
def _by_alias() -> Mapping[str, str]:
    named = {plain_key(name): name for name in table("architectures")}
    return named | {alias: name for name, raw in table("architectures").items() for alias in raw["aliases"]}


def is_known(name: str) -> bool:
    """Return whether the catalog has the shape of a model."""
    return plain_key(name) in _by_alias()


def architecture(name: str, sequence_length: float, **changes: float) -> Architecture:
    """Return the shape of a model of the catalog at a sequence length, with fields changed.

    Raises
    ------
    InputError
        If the catalog has no such model.
    """
    if not is_known(name):
        raise unknown("model", "architecture", name, table("architectures"))
    return replace(
        dense(sequence_length, table("architectures")[_by_alias()[plain_key(name)]]["shape"]), **changes
    )


def dense(sequence_length: float, shape: Mapping[str, Any]) -> Architecture:
    """Return an architecture from a table of its dimensions, as the catalog writes them."""
    heads, hidden, latent = shape["heads"], shape["hidden"], shape.get("latent")
    if latent:
        compressed = latent["query"] + latent["key_value"] + latent["rotated"]
        query = heads * (latent["plain"] + latent["rotated"])
        expanded = query + heads * (latent["plain"] + latent["value"])
        depth = (query * latent["query"] + (expanded - query) * latent["key_value"]) / expanded
        value, score = heads * latent["value"], query + heads * latent["value"]
        shared = latent["key_value"] + latent["rotated"]
    else:
        value = heads * shape["head_width"]
        shared = 2.0 * shape["kv_heads"] * shape["head_width"]
        compressed, expanded, depth, score = 0.0, value + shared, hidden, 2.0 * value
    experts = shape.get("experts", 0)
    return Architecture(
        layers=shape["layers"], hidden_width=hidden, heads=heads, vocabulary=shape["vocabulary"],
        sequence_length=sequence_length, score_width=score, compressed_width=compressed,
        expanded_width=expanded,
        expanded_depth=depth, value_width=value, key_value_width=shared,
        attended_share=_attended(sequence_length, shape.get("window")),
        feedforward_width=shape.get("feedforward", 0),
        gated=float(shape.get("gated", False)), experts=experts, active_experts=shape.get("active", 0),
        expert_width=shape.get("expert_width", 0), shared_width=shape.get("shared_width", 0),
        dense_layers=shape.get("dense_layers", 0 if experts else shape["layers"]),
        tied=float(shape.get("tied", False)),
    )  # fmt: skip


def _attended(sequence_length: float, window: Mapping[str, float] | None) -> float:
    if window is None:
        return _CAUSAL
    near = min(window["tokens"] / sequence_length, _CAUSAL)
    return window["share"] * near + (1.0 - window["share"]) * _CAUSAL


def architecture_of_size(parameters: Array, sequence_length: Array) -> Architecture:
    """Return the architecture of a dense model of which only the size is known.

    Raises
    ------
    InputError
        If the size is not above zero, or not finite.
    """
    if not np.all((np.asarray(parameters) > 0.0) & np.isfinite(parameters)):
        raise InputError("model.parameters", "must be above 0 and finite")
    hidden = laws.hidden_width_of_size(
        parameters=parameters, vocabulary=VOCABULARY, aspect_ratio=ASPECT_RATIO
    )
    value, shared = hidden, 2.0 * KEY_VALUE_HEADS * HEAD_WIDTH
    # Grouped keys and values leave room in a layer of 12 h²; the feed-forward block takes it.
    layers = np.maximum(np.round(hidden / ASPECT_RATIO), 1.0)
    layer = (parameters - 2.0 * VOCABULARY * hidden) / layers
    feedforward = (layer - hidden * (2.0 * value + shared)) / (3.0 * hidden)
    return Architecture(
        layers=layers, hidden_width=hidden, heads=hidden / HEAD_WIDTH, vocabulary=VOCABULARY,
        sequence_length=sequence_length, score_width=2.0 * value, compressed_width=0.0,
        expanded_width=value + shared, expanded_depth=hidden, value_width=value, key_value_width=shared,
        attended_share=_CAUSAL, feedforward_width=feedforward, gated=1.0, experts=0.0, active_experts=0.0,
        expert_width=0.0, shared_width=0.0, dense_layers=layers, tied=0.0,
    )  # fmt: skip


def check_size(shape: Architecture, parameters: float) -> None:
    """Raise an error unless a model of a shape has about so many parameters.

    Raises
    ------
    InputError
        If they differ by more than a tenth.
    """
    counted = float(parameters_of(shape))
    if not 1.0 / _CLOSE < counted / parameters < _CLOSE:
        raise InputError(
            "model.architecture",
            f"has {counted:.4g} parameters, and model.parameters is {parameters:.4g}",
            nearest=f"model.parameters = {counted:.4g}",
        )
