"""No stray constant with a time in it: a longer second changes durations and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import farflung
from farflung import Scenario
from farflung.outcome import OUTPUTS
from farflung.outcome.run import prepare

POWER_OF_TIME = {
    **{"s": 1, "bit/s": -1, "FLOP/s": -1, "FLOP/s*bit": -1, "W": -1, "USD/yr": -1},
    **{"": 0, "1": 0, "parameters": 0, "token": 0, "bit": 0, "byte": 0, "FLOP": 0, "nats": 0},
    **{"USD": 0, "J": 0, "USD/J": 0},
}


def assert_scales(scenario, factor, **tolerance):
    """Assert that every output scales with its unit when times are ``factor`` as long, and rates as slow."""
    run = prepare(scenario)
    rescaled = {
        name: one.value * factor ** POWER_OF_TIME[one.unit]
        if isinstance(one.value, float | int)
        else one.value
        for name, one in run.inputs.quantities.items()
    }
    answers = run.plan.execute(rescaled)
    for output in OUTPUTS.values():
        before = run.values.get(output.quantity)
        if before is not None:
            expected = before * factor ** POWER_OF_TIME[output.unit]
            assert answers[output.quantity] == pytest.approx(expected, **tolerance), output.name


@pytest.mark.parametrize("name", farflung.presets())
def test_presets_in_units_a_thousand_times_as_long(name):
    # The fewest steps that hide an exchange are fixed first,
    # because a ceiling may fall either way of a whole number.
    scenario = farflung.preset(name)
    steps = farflung.evaluate(scenario).inner_steps
    assert_scales(scenario.with_({"protocol.inner_steps": int(steps)}), 1000.0, rel=1e-12)


@settings(max_examples=200)
@given(data=st.data())
def test_any_run_in_units_a_power_of_two_as_long_is_exactly_the_same(runs, data):
    assert_scales(Scenario.read(data.draw(runs())), 1024.0, rel=0, abs=0)
