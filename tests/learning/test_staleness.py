"""What late updates cost, against numbers worked by hand."""

import pytest

from farflung.learning import sync_interval


@pytest.mark.parametrize(("staleness", "steps"), [(0, 100), (1, 200), (2.5, 350)])
def test_a_late_update_costs_as_much_as_a_longer_interval(staleness, steps):
    assert sync_interval.stale_inner_steps(effective_inner_steps=100.0, staleness=staleness) == steps
