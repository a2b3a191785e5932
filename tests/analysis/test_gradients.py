"""Gradients without JAX: one line says what to install. With it, see tests/jax."""

from __future__ import annotations

import sys

import pytest

from farflung.analysis.gradients import compiled, gradient
from farflung.base.errors import InputError


def test_without_jax_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)  # importing it now fails as if it were not there
    for ask in (
        lambda: gradient("paper-headline", "quality_adjusted_flop", ["nodes.mfu"]),
        lambda: compiled("paper-headline", ["quality_adjusted_flop"]),
    ):
        with pytest.raises(InputError, match=r"pip install 'farflung\[jax\]'"):
            ask()
