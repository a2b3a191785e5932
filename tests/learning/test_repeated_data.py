"""Repeated data: worth as much as new ones at first, and nothing in the end."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.learning.repeated_data import effective_tokens, epochs

DECAY = 15.387756


def logarithmic(low, high):
    return st.floats(math.log(low), math.log(high)).map(math.exp)


def effective(tokens, unique, decay=DECAY):
    passes = epochs(tokens=tokens, unique_tokens=unique)
    return effective_tokens(tokens=tokens, epochs=passes, repetition_decay=decay)


@pytest.mark.parametrize("passes", [1.5, 4, 16, 44])
def test_the_published_formula(passes):
    by_hand = 1e11 * (1 + DECAY * (1 - math.exp(-(passes - 1) / DECAY)))
    assert effective(passes * 1e11, 1e11) == pytest.approx(by_hand, rel=1e-13)


def test_four_epochs_are_nearly_as_good_as_new_and_forty_are_not():
    assert effective(4e11, 1e11) / 4e11 == pytest.approx(0.93, abs=0.01)
    assert effective(4e12, 1e11) / 4e12 < 0.4


@given(logarithmic(1, 1e18), st.floats(1, 1e6))
def test_as_long_as_there_are_enough_nothing_is_lost(tokens, more):
    assert effective(tokens, tokens * more) == tokens
    assert effective(tokens, math.inf) == tokens


@given(logarithmic(1, 1e18), logarithmic(1e-6, 1e6), logarithmic(0.1, 1e4))
def test_between_the_distinct_tokens_and_all_of_them(unique, passes, decay):
    tokens = unique * passes
    worth = effective(tokens, unique, decay)
    assert min(tokens, unique) * (1 - 1e-12) <= worth <= tokens * (1 + 1e-12)
    assert worth <= unique * (1 + decay) * (1 + 1e-12)


@given(logarithmic(1e6, 1e15))
def test_more_tokens_and_more_distinct_ones_never_hurt(unique):
    longer = np.geomspace(0.1, 1e4, 60) * unique
    assert (np.diff(effective(longer, unique)) >= -1e-12 * unique).all()
    assert (np.diff(effective(unique, longer)) >= -1e-12 * unique).all()
