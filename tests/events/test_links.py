"""What passes a link, and what happens on it between an arrival and the close."""

import pytest

from farflung.outcome.events import simulate, timeline
from farflung.scenario import preset
from farflung.scenario.fault_model import FaultModel

NEVER_FAILS = {"chip_time_between_failures": "1e14 s", "outage_time": "0 s"}
FOUR_NODES = preset("governance-72-nodes").with_({"duration": "5 days", "nodes.count": 4})


@pytest.mark.parametrize("inner_steps", [1, 5, 50])
def test_a_line_carries_one_update_at_a_time_also_where_nobody_waits(inner_steps):
    scenario = FOUR_NODES.with_({"protocol.inner_steps": inner_steps})
    found = simulate(scenario, FaultModel.read({"policy": "asynchronous:1", **NEVER_FAILS}), runs=2, seed=0)
    rate = found.values["sent_bits"] / found.values["duration_s"]
    # A lasting spread lets a lucky link be somewhat faster than the typical one.
    assert (rate < 1.3 * scenario.network.upload).all()


@pytest.mark.parametrize("fault_model", [{"policy": "barrier", "transport": "ring"}, {"transport": "gossip"}])
def test_time_down_counts_from_the_stop_even_if_the_update_had_arrived(fault_model):
    scenario = preset("governance-72-nodes").with_({"duration": "60 days"})
    read = FaultModel.read({**fault_model, "chip_time_between_failures": "2000 h"})
    watch = timeline(scenario, read, workers=72, synchronisations=10**5)
    found = simulate(scenario, read, runs=1, seed=7, watch=watch)
    seen = sum(one.end - one.begin for one in watch.intervals if one.activity == "down")
    assert found.mean("down") == pytest.approx(seen / (72 * found.values["duration_s"][0]), rel=0.01)


def test_only_those_that_take_up_the_weights_receive_them():
    found = simulate(FOUR_NODES, FaultModel.read({"policy": "asynchronous:2", **NEVER_FAILS}), runs=2, seed=0)
    assert found.values["received_bits"] == pytest.approx(found.values["sent_bits"])
