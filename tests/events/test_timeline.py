"""The timeline: what every worker did, held against what the engine adds up and what the links carried."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from farflung.base.errors import InputError
from farflung.outcome.events import simulate, timeline
from farflung.scenario import preset
from farflung.scenario.fault_model import IDEAL, FaultModel

pytestmark = pytest.mark.slow
STREAMING = preset("governance-72-nodes").with_({"nodes.count": 8, "tokens": 2e11})
BLOCKING = STREAMING.with_({"protocol.streaming": False})
FAILING = {"chip_time_between_failures": "300 days", "repair_time": "1 day"}
CASES = {
    "elastic": (BLOCKING, {}),
    "streaming": (STREAMING, {}),
    "fewer steps overlap": (STREAMING, {"overlap_steps": 20}),
    "failing": (BLOCKING, FAILING),
    "barrier": (BLOCKING, {"policy": "barrier", **FAILING}),
    "quorum, dropped": (BLOCKING, {"policy": "quorum:0.7", **FAILING}),
    "quorum, merged": (STREAMING, {"policy": "quorum:0.7", "late": "merge", **FAILING}),
    "asynchronous": (STREAMING, {"policy": "asynchronous:2"}),
    "ring": (BLOCKING, {"transport": "ring"}),
    "all gather": (BLOCKING, {"transport": "all_gather"}),
    "gossip": (STREAMING, {"transport": "gossip"}),
}


@pytest.fixture(scope="module", params=CASES)
def watched(request):
    """Return a whole run, and the timeline of all of it."""
    scenario, given = CASES[request.param]
    fault_model = FaultModel.read(given)
    kept = timeline(scenario, fault_model, synchronisations=100_000)
    return simulate(scenario, fault_model, runs=1, seed=7, watch=kept), kept


def _time(kept, activity, *updates):
    wanted = [one for one in kept.intervals if one.activity == activity]
    return sum(one.end - one.begin for one in wanted if not updates or one.update in updates)


def _lanes(kept):
    found = defaultdict(list)
    for one in kept.intervals:
        found[one.worker, one.lane].append(one)
    return found


def test_a_unit_does_one_thing_at_a_time_and_always_something(watched):
    _, kept = watched
    lanes = _lanes(kept)
    assert {worker for worker, lane in lanes if lane == 0} == set(range(8))
    for (_, lane), found in lanes.items():
        if lane == 0:
            assert all(one.end == other.begin for one, other in pairwise(found))
        assert all(one.begin < one.end <= kept.end for one in found)


def test_times_are_those_that_the_engine_adds_up(watched):
    result, kept = watched
    total = kept.workers * result.values["duration_s"][0]
    assert _time(kept, "computing", "merged", "late") / total == pytest.approx(
        result.mean("goodput"), rel=0.02
    )
    assert _time(kept, "computing", "lost") / total == pytest.approx(result.mean("lost_work"), abs=2e-3)


def test_bits_are_those_that_the_engine_adds_up(watched):
    result, kept = watched
    sent = sum(one.bits for one in kept.intervals if one.activity == "sending" and one.update != "lost")
    assert sent / kept.workers == pytest.approx(result.mean("sent_bits"), rel=0.02)


def test_rates_add_up_to_the_bits(watched):
    _, kept = watched
    seen = kept.traffic(kept.fine_step)
    for activity, rates in (("sending", seen.sent), ("receiving", seen.received)):
        bits = sum(one.bits for one in kept.intervals if one.activity == activity)
        assert float((rates * np.diff(seen.edges)).sum()) == pytest.approx(bits, rel=1e-6)
        assert rates.min() >= -1e-3


def test_nothing_is_sent_while_the_unit_computes_unless_they_overlap():
    scenario, given = CASES["elastic"]
    kept = timeline(scenario, FaultModel.read(given))
    simulate(scenario, FaultModel.read(given), runs=1, watch=kept)
    work = [one for one in kept.intervals if one.activity == "computing" and one.worker == 0]
    for one in (one for one in kept.intervals if one.lane and one.worker == 0):
        assert all(one.end <= other.begin or other.end <= one.begin for other in work)


def test_without_chance_every_round_is_the_same():
    kept = timeline(BLOCKING, IDEAL, synchronisations=5)
    result = simulate(BLOCKING, IDEAL, runs=1, watch=kept)
    computing = [one.end - one.begin for one in kept.intervals if one.activity == "computing"]
    assert kept.synchronisations == 5
    assert np.ptp(computing) == pytest.approx(0.0, abs=1e-6)
    assert not [one for one in kept.intervals if one.activity == "down" or one.update in {"late", "lost"}]
    share = sum(computing) / (kept.workers * kept.end)
    assert share == pytest.approx(result.mean("goodput"), rel=0.1)


def test_every_stop_is_shown():
    fault_model = FaultModel.read({"chip_time_between_failures": "20 days", "repair_time": "1 day"})
    kept = timeline(BLOCKING, fault_model, synchronisations=10)
    simulate(BLOCKING, fault_model, runs=1, watch=kept)
    down = [one for one in kept.intervals if one.activity == "down"]
    assert len({one.begin for one in down}) > 10
    assert any(one.update == "lost" for one in kept.intervals if one.activity == "computing")


def test_memory_is_bounded_and_runs_are_kept_apart():
    kept = timeline(STREAMING, synchronisations=4, workers=3, run=1)
    simulate(STREAMING, runs=2, watch=kept)
    other = timeline(STREAMING, synchronisations=4, workers=3)
    simulate(STREAMING, runs=2, watch=other)
    assert {one.worker for one in kept.intervals} == {0, 1, 2}
    assert max(one.synchronisation for one in kept.intervals) <= 4
    assert kept.intervals != other.intervals


def test_a_run_that_is_over_is_not_followed_further():
    scenario = STREAMING.with_({"tokens": 2e10})
    kept = timeline(scenario, synchronisations=10_000)
    result = simulate(scenario, runs=6, seed=3, watch=kept)
    assert kept.synchronisations == pytest.approx(float(result.values["outer_rounds"][0]), abs=1.0)


def test_a_run_that_stalls_shows_what_there_was():
    fault_model = FaultModel.read({"policy": "barrier", "stay_time": "20 days"})
    kept = timeline(BLOCKING, fault_model, synchronisations=1000)
    result = simulate(BLOCKING, fault_model, runs=1, seed=1, watch=kept)
    assert not result.median.feasible
    assert any(one.activity == "down" for one in kept.intervals)
    assert all(np.isfinite([one.begin, one.end, one.bits]).all() for one in kept.intervals)


def test_the_trace_is_whole_and_valid(watched):
    _, kept = watched
    trace = json.loads(json.dumps(kept.chrome_trace(), allow_nan=False))
    events = [one for one in trace["traceEvents"] if one["ph"] == "X"]
    names = {one["tid"]: one["args"]["name"] for one in trace["traceEvents"] if one["name"] == "thread_name"}
    assert len(events) == len(kept.intervals)
    assert {one["tid"] for one in events} <= set(names)
    assert len(set(names.values())) == len(names) == 3 * kept.workers
    assert min(one["ts"] for one in events) == 0.0
    assert all(one["dur"] > 0.0 and one["pid"] == 0 for one in events)
    spent = sum(one["dur"] for one in events if one["cat"] == "computing")
    assert spent / 1e6 == pytest.approx(_time(kept, "computing"), rel=1e-9)


def test_traffic_is_written_as_it_is(tmp_path):
    kept = timeline(STREAMING, synchronisations=3)
    simulate(STREAMING, runs=1, watch=kept)
    seen = kept.traffic(600.0)
    seen.write(tmp_path / "traffic.csv")
    with (tmp_path / "traffic.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == seen.sent.size
    assert [float(row["sent_bps"]) for row in rows] == seen.sent.ravel().tolist()


@pytest.mark.parametrize("step", [0.0, -1.0, float("nan"), 1e-9])
def test_bins_have_a_width(step):
    kept = timeline(STREAMING, synchronisations=3)
    simulate(STREAMING, runs=1, watch=kept)
    with pytest.raises(InputError, match="step"):
        kept.traffic(step)


@pytest.mark.parametrize("given", [{"run": -1}, {"workers": 0}, {"synchronisations": 0}])
def test_something_must_be_kept(given):
    with pytest.raises(InputError, match="is below"):
        timeline(STREAMING, **given)


def test_an_empty_timeline_is_empty():
    kept = timeline(STREAMING)
    assert (kept.intervals, kept.end, kept.synchronisations) == ((), 0.0, 0)
    assert kept.traffic(1.0).sent.shape == (8, 0)
