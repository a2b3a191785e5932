"""What holds for every seeded run, whatever happens in it."""

from __future__ import annotations

import inspect
import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from farflung import InputError, Scenario, evaluate
from farflung.outcome.events import EVENT_OUTPUTS, simulate
from farflung.outcome.events.draws import RandomDraws
from farflung.outcome.events.engine import Engine
from farflung.scenario import load_assumptions
from farflung.scenario.fault_model import CONDITIONS, IDEAL, FaultModel, load_fault_model

pytestmark = pytest.mark.slow
DAY = 86400.0
POLICIES = (
    "barrier", "elastic", "quorum:0.9", "quorum:0.5,10 min", "deadline:3 h", "adaptive:3", "backup:1.2",
    "torchft:10 min", "asynchronous:1", "asynchronous:3,5 min",
)  # fmt: skip
TRANSPORTS = ("parameter_server", "ring", "all_gather", "relay", "gossip")


def scenario(**changes):
    size = 7e9
    table = {
        "duration": "4 days",
        "model": {"parameters": size},
        "nodes": {
            "count": 12,
            "peak": "1e15 FLOP/s",
            "memory": f"{size * 16.1} byte",
            "power": "11 kW",
            "price": "448000 USD",
        },
        "network": {"upload": "100 Mbps", "regional": {"upload": "1 Gbps"}, "pipeline": {"upload": "1 Gbps"}},
        "protocol": {
            "mode": "flat",
            "stragglers": "threshold",
            "compression": 16,
            "nodes_per_group": 3,
            "inner_steps": 100,
        },
    }
    return Scenario.read(table).with_(changes)


def world(**changes):
    """Return a fault model with some fields changed, times in seconds."""
    return FaultModel().model_copy(update=changes)


hard = st.fixed_dictionaries(
    {
        "compute_spread": st.floats(0.0, 0.5),
        "step_variation": st.floats(0.0, 2.0),
        "link_spread": st.floats(0.0, 1.0),
        "link_variation": st.floats(0.0, 1.0),
        "chip_time_between_failures": st.sampled_from((1e5, 1e6, 1e7)),
        "failure_shape": st.sampled_from((0.7, 1.0, 2.0)),
        "failure_detection_time": st.sampled_from((0.0, 6.0, 600.0)),
        "repair_time": st.sampled_from((0.0, 4000.0, 86400.0)),
        "restart_time": st.sampled_from((0.0, 300.0)),
        "time_between_outages": st.sampled_from((1e4, 1e6)),
        "outage_time": st.sampled_from((0.0, 3600.0)),
        "stay_time": st.sampled_from((None, 1e6)),
        "absence_time": st.sampled_from((None, 1e5)),
        "spares": st.integers(0, 3),
        "exchange_overhead": st.sampled_from((0.0, 10.0)),
        "protocol_efficiency": st.floats(0.5, 1.0),
        "late": st.sampled_from((None, "drop", "merge")),
        "policy": st.sampled_from(POLICIES),
    }
)
modes = st.sampled_from(("flat", "hierarchical", "pipeline_groups"))


REGIONS_THAT_DROP = {
    "compute_spread": 0.0, "step_variation": 1.0, "link_spread": 0.0, "link_variation": 0.0,
    "chip_time_between_failures": 1e5, "failure_shape": 0.7, "failure_detection_time": 0.0,
    "repair_time": 0.0, "restart_time": 0.0, "time_between_outages": 1e4, "outage_time": 0.0,
    "stay_time": None, "absence_time": None, "spares": 0, "exchange_overhead": 0.0,
    "protocol_efficiency": 1.0, "late": "drop", "policy": "asynchronous:1",
}  # fmt: skip

NODES_THAT_LEAVE = REGIONS_THAT_DROP | {
    "step_variation": 0.0, "chip_time_between_failures": 1e7, "stay_time": 1e6, "policy": "elastic",
}  # fmt: skip


@settings(max_examples=100)
@example(harsh=REGIONS_THAT_DROP, mode="hierarchical", streaming=False, transport="ring")
@example(harsh=NODES_THAT_LEAVE, mode="flat", streaming=True, transport="relay")
@given(harsh=hard, mode=modes, streaming=st.booleans(), transport=st.sampled_from(TRANSPORTS))
def test_the_time_of_all_replicas_goes_somewhere_and_no_world_beats_the_plan(
    harsh, mode, streaming, transport
):
    asked = scenario(**{"protocol.mode": mode, "protocol.streaming": streaming})
    if transport == "gossip" and harsh["policy"].startswith("asynchronous"):
        transport = "relay"
    if mode == "pipeline_groups":
        asked = asked.with_({"protocol.pipeline_stages": 2})
    fault_model = IDEAL.model_copy(update=harsh | {"transport": transport, "link_spread": 0.0,
                                                 "compute_spread": 0.0})  # fmt: skip
    found = simulate(asked, fault_model, runs=2, seed=5)
    shares = [found.values[name] for name in ("goodput", "waiting", "lost_work", "down")]
    for share in shares:
        assert (share >= 0).all()
        assert (share <= 1 + 1e-9).all()
    np.testing.assert_allclose(sum(shares), 1.0, rtol=1e-9)
    for name in EVENT_OUTPUTS:
        assert np.isfinite(found.values[name]).all(), name


@settings(max_examples=60)
@given(harsh=hard, policy=st.sampled_from(("barrier", "elastic", "quorum:0.9", "backup:1.2", "deadline:3 h")))
def test_a_worse_world_never_merges_more_tokens(harsh, policy):
    """Steps and links that only ever take as long as planned, and failures on top."""
    still = dict.fromkeys(("compute_spread", "step_variation", "link_spread", "link_variation"), 0.0)
    asked = scenario()
    fault_model = IDEAL.model_copy(update=harsh | still | {"policy": policy})
    found = simulate(asked, fault_model, runs=2, seed=9)
    assert (found.values["tokens"] <= evaluate(asked).tokens * (1 + 1e-9)).all()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("policy", ["elastic", "quorum:0.8", "asynchronous:2"])
def test_a_run_is_the_same_whatever_is_run_beside_it(policy, transport):
    if (policy, transport) == ("asynchronous:2", "gossip"):
        policy = "barrier"
    fault_model = world(policy=policy, transport=transport, chip_time_between_failures=1e6, spares=1)
    few, many = (simulate(scenario(), fault_model, runs=runs, seed=3) for runs in (2, 7))
    again = simulate(scenario(), fault_model, runs=2, seed=3)
    other = simulate(scenario(), fault_model, runs=2, seed=4)
    for name, values in few.values.items():
        np.testing.assert_array_equal(values, many.values[name][:2], err_msg=name)
        np.testing.assert_array_equal(values, again.values[name], err_msg=name)
    assert (few.values["tokens"] != other.values["tokens"]).all()
    assert few.values["tokens"][0] != few.values["tokens"][1]


def test_a_run_that_stalls_does_not_touch_those_beside_it():
    fault_model = world(policy="adaptive:3", stay_time=2e5, chip_time_between_failures=1e6)
    few, many = (simulate(scenario(), fault_model, runs=runs, seed=3) for runs in (1, 24))
    for name, values in few.values.items():
        np.testing.assert_array_equal(values, many.values[name][:1], err_msg=name)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_world_a_thousand_times_slower_takes_a_thousand_times_as_long(policy):
    asked = scenario(tokens=1e11, duration="1000 days")
    fault_model = world(policy=policy, chip_time_between_failures=1e6)
    conditions = fault_model.conditions(load_assumptions(asked.assumptions))
    fault_model = world(policy=policy, **conditions)
    times = ("exchange_overhead", "time_between_outages", "outage_time", "chip_time_between_failures",
             "failure_detection_time", "repair_time", "restart_time")  # fmt: skip
    slower = fault_model.model_copy(
        update={name: conditions[name] * 1000 for name in times} | {"policy": _slower(policy)}
    )
    late = asked.with_({
            "duration": "1000000 days",
            "nodes.peak": f"{asked.nodes.peak / 1000!r} FLOP/s",
            "network.upload": f"{asked.network.upload / 1000!r} bps",
            "network.download": f"{asked.network.upload / 1000!r} bps",
            "network.latency": f"{asked.network.latency * 1000!r} s",
        },
    )  # fmt: skip
    quick = simulate(asked, fault_model, runs=3, seed=1)
    slow = simulate(late, slower, runs=3, seed=1)
    np.testing.assert_allclose(slow.values["duration_s"], 1000 * quick.values["duration_s"], rtol=1e-9)
    np.testing.assert_allclose(slow.values["goodput"], quick.values["goodput"], rtol=1e-9)
    np.testing.assert_array_equal(slow.values["stops"], quick.values["stops"])


def _slower(policy):
    for short, long in (("10 min", "10000 min"), ("5 min", "5000 min"), ("3 h", "3000 h")):
        policy = policy.replace(short, long)
    return policy


FRAIL = {"chip_time_between_failures": 2e6, "policy": "elastic"}


def goodput(**changes):
    return simulate(scenario(), world(**(FRAIL | changes)), runs=16, seed=2).values["goodput"].mean()


@pytest.mark.parametrize("policy", ["barrier", "elastic", "quorum:0.9"])
def test_spares_and_quick_repairs_help(policy):
    none, some, many = (goodput(policy=policy, repair_time=20_000.0, spares=spares) for spares in (0, 1, 6))
    assert none < some <= many + 0.002
    slow, quick, at_once = (goodput(policy=policy, repair_time=hours * 3600.0) for hours in (24, 4, 0))
    assert slow < quick < at_once


@pytest.mark.parametrize(
    ("policy", "changes"),
    [
        ("barrier", {"stay_time": 1e4}),
        ("elastic", {"stay_time": 1e4}),
        ("quorum:0.9", {"stay_time": 1e5}),
        ("asynchronous:3", {"stay_time": 1e4}),
        ("barrier", {"chip_time_between_failures": 1.0, "repair_time": 1.0, "restart_time": 0.0}),
        ("quorum:0.5", {"chip_time_between_failures": 1.0, "repair_time": 1.0, "restart_time": 0.0}),
        ("asynchronous:1", {"chip_time_between_failures": 1.0, "repair_time": 1.0, "restart_time": 0.0}),
        ("barrier", {"time_between_outages": 0.01, "outage_time": 1e4}),
    ],
)
@pytest.mark.parametrize("tokens", [None, 1e13])
def test_a_run_that_cannot_go_on_says_so_and_ends(policy, changes, tokens, monkeypatch):
    drawn = []

    def counted(draw):
        return lambda *words: drawn.append(draw) or draw(*words)

    for name, draw in inspect.getmembers(RandomDraws, inspect.isfunction):
        if not name.startswith("_"):
            monkeypatch.setattr(RandomDraws, name, counted(draw))
    asked = scenario(duration="2000 days", **({"tokens": tokens} if tokens else {}))
    found = simulate(asked, world(policy=policy, **changes), runs=2, seed=1)
    assert 0 < len(drawn) < 200_000  # whatever happens is drawn: 2000 days of it would be millions
    assert [flag.kind for flag in found.flags] == ["infeasible"]
    assert not found.median.feasible
    for name in EVENT_OUTPUTS:
        assert np.isfinite(found.values[name]).all(), name


def test_a_run_too_short_for_one_synchronisation_says_so():
    found = simulate(scenario(duration="2 min"), runs=2)
    assert [(flag.kind, flag.subject) for flag in found.flags] == [("infeasible", "duration")]


def test_memory_does_not_grow_with_the_rounds():
    peaks = []
    many = {"nodes.count": 60}
    simulate(scenario(**many), runs=8)
    for days in (12, 120):
        tracemalloc.start()
        found = simulate(scenario(duration=f"{days} days", **many), runs=8)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.quantiles("outer_rounds")[0] > 20 * days
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0])
def test_failures_come_as_often_as_they_should(shape):
    asked = scenario(duration="2000 days", **{"protocol.inner_steps": 5000})
    between, repair = 1e6, 1e4
    fault_model = IDEAL.model_copy(
        update={"policy": "elastic", "chip_time_between_failures": between, "failure_shape": shape,
                "repair_time": repair}
    )  # fmt: skip
    found = simulate(asked, fault_model, runs=8, seed=6)
    expected = 8 * 12 * 2000 * DAY / (between + repair)
    variation = math.sqrt(math.gamma(1 + 2 / shape) / math.gamma(1 + 1 / shape) ** 2 - 1)
    stops = found.values["stops"].sum()
    # A hazard that falls makes new nodes fail sooner, by half of its excess variance each.
    start = 8 * 12 * (variation**2 - 1) / 2
    assert abs(stops - expected - start) < 4 * variation * math.sqrt(expected)


def draws(hand, runs=1, workers=50_000, steps=1.0, **failure_model):
    return RandomDraws(replace(hand.still, **failure_model), (runs, workers, 1), steps, 11)


@pytest.mark.parametrize("shape", [0.5, 1.0, 3.0])
def test_weibull_times_have_the_mean_asked_for(hand, shape):
    found = draws(hand, workers=1, time_between_failures=1e6, failure_shape=shape)
    times = np.array([found.until_failure(0, 0, 0) for _ in range(20_000)])
    assert times.mean() == pytest.approx(1e6, abs=4 * times.std() / math.sqrt(len(times)))


@pytest.mark.parametrize(("variation", "steps"), [(0.003, 30), (0.5, 1), (0.5, 100), (2.0, 400)])
def test_the_mean_of_many_steps_varies_by_their_root_less(hand, variation, steps):
    drawn = draws(hand, steps=float(steps), step_variation=variation).steps().ravel()
    spread = variation / math.sqrt(steps)
    assert drawn.mean() == pytest.approx(1.0, abs=4 * spread / math.sqrt(drawn.size))
    assert drawn.std() == pytest.approx(spread, rel=0.05)
    third = np.mean((drawn - 1.0) ** 3) / spread**3
    assert third == pytest.approx(2 * spread, abs=0.15 + spread / 2)


@pytest.mark.parametrize("variation", [0.03, 0.5])
def test_lasting_and_passing_factors_have_mean_one(hand, variation):
    found = draws(hand, compute_spread=variation, link_spread=variation, link_variation=variation)
    for drawn in (found.slowness(), *found.links(), found.sending(), found.receiving()):
        assert drawn.mean() == pytest.approx(1.0, abs=4 * variation / math.sqrt(drawn.size))
        assert drawn.std() == pytest.approx(variation, rel=0.05)


def test_repairs_stays_absences_and_outages_have_the_means_asked_for(hand):
    found = draws(hand, workers=1, repair_time=1.0, stay_time=2.0, absence_time=3.0, time_between_outages=4.0,
                  outage_time=5.0)  # fmt: skip
    for mean, draw in ((1, found.repair), (2, found.until_withdrawal), (3, found.absence)):
        assert np.mean([draw(0, 0, 0) for _ in range(20_000)]) == pytest.approx(mean, rel=0.03)
    for mean, draw in ((4, found.until_outage), (5, found.outage)):
        assert np.mean([draw(0, 0) for _ in range(20_000)]) == pytest.approx(mean, rel=0.03)
    assert sorted(found.partners()[0]) == [0]


def test_conditions_come_from_the_assumption_set():
    believed = load_assumptions(scenario().assumptions)
    assert set(CONDITIONS) <= set(believed.conditions)
    given_here = world(restart_time=1.0).conditions(believed)
    assert given_here["restart_time"] == 1.0
    assert given_here["repair_time"] == float(believed.conditions["repair_time"].value)


def test_what_cannot_be_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="runs"):
        simulate(scenario(), runs=0)
    with pytest.raises(InputError, match="runs"):
        simulate(scenario(), runs=10**6)
    with pytest.raises(InputError, match="seed"):
        simulate(scenario(), seed=-1)
    with pytest.raises(InputError, match="block"):
        simulate(scenario(**{"protocol.streaming": False}), world(overlap_steps=3.0))
    with pytest.raises(InputError, match="fragments"):
        simulate(scenario(**{"protocol.mode": "hierarchical"}), world(fragments=3))
    with pytest.raises(InputError, match="transport"):
        simulate(scenario(), world(policy="asynchronous:1", transport="gossip"))
    with pytest.raises(InputError, match="fault_model"):
        load_fault_model(tmp_path / "fault_model.toml")


def test_an_operation_is_read_from_a_file(tmp_path):
    file = tmp_path / "fault_model.toml"
    file.write_text('policy = "quorum:0.9,30 s"\nrepair_time = "2 h"\nspares = 3\n', encoding="utf-8")
    read = load_fault_model(file)
    assert (read.policy, read.repair_time, read.spares) == ("quorum:0.9,30 s", 7200.0, 3)


def test_progress_is_told_to_the_end(hand):
    told = []
    simulate(scenario(), runs=2, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    Engine(hand.spec("barrier", 2, periods=6.0), hand.Draws(2)).run(told.append)
    assert told[-1] == pytest.approx(1.0)
