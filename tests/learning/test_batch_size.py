"""Batch size: a half is left at the critical batch, and everything near none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.learning.batch_size import batch_efficiency, critical_batch

KAPLAN = {"critical_batch_coefficient": 2.1e8, "critical_batch_exponent": 0.21}


def logarithmic(low, high):
    return st.floats(math.log(low), math.log(high)).map(math.exp)


def test_the_printed_power_law():
    assert critical_batch(loss=1.0, **KAPLAN) == pytest.approx(2.1e8)
    assert critical_batch(loss=3.0, **KAPLAN) == pytest.approx(2.1e8 * 3**-4.7619, rel=1e-4)


@pytest.mark.parametrize(("share", "left"), [(1, 1 / 2), (3, 1 / 4), (1 / 9, 0.9)])
def test_the_hyperbola(share, left):
    remaining = batch_efficiency(local_batch=share * 1e5, contributing_replicas=10.0, critical_batch=1e6)
    assert remaining == pytest.approx(left)


@given(logarithmic(1e3, 1e9), logarithmic(1, 1e9), logarithmic(1, 1e5), logarithmic(1.01, 100))
def test_larger_batches_and_more_replicas_leave_less(critical, batch, replicas, factor):
    def left(local_batch, replicas):
        return batch_efficiency(
            local_batch=local_batch, contributing_replicas=replicas, critical_batch=critical
        )

    assert 0 < left(batch * factor, replicas) <= left(batch, replicas) <= 1
    assert left(batch, replicas * factor) == pytest.approx(left(batch * factor, replicas))
    assert left(1e-9 * critical, 1.0) == pytest.approx(1, abs=2e-9)


@given(logarithmic(0.5, 10), logarithmic(1.01, 4))
def test_a_lower_loss_allows_a_larger_batch(loss, factor):
    assert critical_batch(loss=loss, **KAPLAN) > critical_batch(loss=loss * factor, **KAPLAN)
