"""A simulation as an answer: how it reads, how it is asked for again, and what it says of surprises."""

from __future__ import annotations

import math

import numpy as np
import pytest

import farflung
from farflung.outcome import OUTPUTS
from farflung.outcome.events import EVENT_OUTPUTS, estimate, simulate, timeline
from farflung.outcome.events.outputs import SHARES
from farflung.outcome.events.simulation import DEFAULT_RUNS
from farflung.scenario.fault_model import IDEAL, FaultModel

SMALL = farflung.preset("governance-72-nodes").with_({"nodes.count": 8, "tokens": 1e11})
QUORUM = FaultModel(policy="quorum:0.9", repair_time="1 day")


@pytest.fixture(scope="module")
def simulation():
    return simulate(SMALL, QUORUM, runs=3, seed=7)


def test_it_fits_a_screen(simulation):
    assert len(repr(simulation).splitlines()) <= 25
    assert all(len(line) <= 100 for line in repr(simulation).splitlines())
    for word in ("plan", "median", "Goodput", "Lost work", "quorum:0.9", "seed 7"):
        assert word in repr(simulation)
    assert "<table>" in simulation._repr_html_()


def test_python_gives_the_same_again(simulation):
    again = eval(simulation.python, {"farflung": farflung})
    for name, values in simulation.values.items():
        np.testing.assert_array_equal(again.values[name], values, err_msg=name)
    assert (again.command, again.fault_model) == (simulation.command, simulation.fault_model)


def test_only_what_differs_from_the_defaults_is_repeated():
    simulation = simulate(SMALL)
    assert simulation.runs == DEFAULT_RUNS
    assert "runs" not in simulation.python
    assert "FaultModel" not in simulation.python


def test_tables_hold_every_output(simulation):
    frame, table = simulation.to_frame(), simulation.to_dict()
    assert list(frame.index) == [*OUTPUTS, *EVENT_OUTPUTS] == [one["name"] for one in table["outputs"]]
    assert frame.loc["goodput", "50%"] == simulation.quantiles("goodput")[1]
    assert table["question"]["nodes"]["count"] == 8
    assert simulation.citations()


def test_fields_are_changed_as_in_evaluate():
    changed = simulate("governance-72-nodes", runs=1, nodes__count=8, tokens=1e11, links="50 Mbps")
    assert changed.scenario.network.regional.upload == 50e6
    assert changed.planned.nodes == 8.0


def test_the_plan_s_shares_are_those_of_a_world_without_chance():
    for streaming in (True, False):
        scenario = SMALL.with_({"protocol.stragglers": "threshold", "protocol.streaming": streaming})
        simulation = simulate(scenario, IDEAL, runs=1)
        for share in SHARES:
            assert simulation.plan(share) == pytest.approx(simulation.mean(share), abs=1e-9)


def test_a_model_that_does_not_fit_is_an_answer():
    simulation = simulate(SMALL, runs=2, model__parameters=1e14)
    assert not simulation.feasible
    assert not simulation.median.feasible
    assert "Infeasible as described" in repr(simulation)
    assert all(np.isnan(values).all() and len(values) == 2 for values in simulation.values.values())
    assert [flag["kind"] for flag in simulation.to_dict()["flags"]].count("infeasible") == 1
    assert simulation.to_frame()["50%"].isna().all()
    assert estimate(SMALL, model__parameters=1e14).seconds == 0.0
    with pytest.raises(farflung.InputError, match="parameters"):
        timeline(SMALL.with_({"model.parameters": 1e14}))


def test_a_run_that_its_plan_finds_too_long_is_simulated_all_the_same():
    simulation = simulate(SMALL, IDEAL, runs=1, duration="1 day")
    assert not simulation.feasible
    assert simulation.mean("duration_s") == pytest.approx(simulation.planned.duration_s)


def test_a_better_model_under_failures_says_why():
    frail = FaultModel(chip_time_between_failures="20 days")
    simulation = simulate("governance-72-nodes", frail, runs=2, duration="30 days",
                          assumptions="calibrated-2026-11")  # fmt: skip
    assert simulation.mean("efficiency_replica") > simulation.planned.efficiency_replica
    (flag,) = simulation.flags
    assert (flag.kind, flag.subject) == ("attention", "quality_adjusted_flop")
    assert "fewer replicas are averaged" in flag.message
    assert simulation.feasible
    assert not simulate(SMALL, IDEAL, runs=1).flags


def test_an_estimate_grows_with_what_is_simulated():
    one, many = (estimate("governance-72-nodes", runs=runs) for runs in (1, 100))
    assert 0.0 < one.seconds < many.seconds
    assert many.rounds == pytest.approx(farflung.evaluate("governance-72-nodes").outer_rounds)
    assert "quicker: 2 runs" in str(many)
    assert "100 runs" in str(many)
    often = estimate("governance-72-nodes", FaultModel(policy="asynchronous:1"), runs=1)
    assert often.rounds == pytest.approx(72 * one.rounds)
    frail = estimate("governance-72-nodes", FaultModel(chip_time_between_failures="1 day"), runs=1)
    assert frail.stops > 1000 * one.stops
    assert math.isfinite(frail.seconds)
    with pytest.raises(farflung.InputError, match="runs"):
        estimate("governance-72-nodes", runs=0)
