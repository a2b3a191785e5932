"""The figure of a simulation: the lanes of its units, and where the time of its runs went."""

from __future__ import annotations

import numpy as np
import pytest

from farflung.outcome.events import simulate, timeline
from farflung.report.figures import gantt_figure, write_figure
from farflung.scenario import preset
from farflung.scenario.fault_model import FaultModel

SCENARIO = preset("governance-72-nodes").with_({"tokens": 1e12})
FAULTS = FaultModel.read({"policy": "quorum:0.8", "chip_time_between_failures": "200 days"})


@pytest.fixture(scope="module")
def drawn():
    recorded = timeline(SCENARIO, FAULTS, synchronisations=5)
    result = simulate(SCENARIO, FAULTS, runs=3, seed=7, watch=recorded)
    return result, recorded, gantt_figure(result, recorded)


def _texts(figure) -> str:
    return " ".join([figure.layout.title.text, *(one.text for one in figure.layout.annotations)])


def test_it_says_what_was_found_and_whence(drawn):
    result, _, figure = drawn
    text = " ".join(_texts(figure).replace("<br>", " ").split())
    for said in ("quorum:0.8", "seed 7", "becomes training", "32 more replicas are not shown", "Sources:"):
        assert said in text
    assert result.scenario.name in text
    assert "farflung simulate governance-72-nodes" in text


def test_lanes_are_the_intervals(drawn):
    _, recorded, figure = drawn
    lanes = {one.name: one for one in figure.data if one.meta == "lane"}
    assert {"computing, merged", "computing, lost", "waiting", "sending", "receiving"} <= set(lanes)
    lost = [one for one in recorded.intervals if one.activity == "computing" and one.update == "lost"]
    shown = [one for one in lost if one.worker < 40]
    assert list(lanes["computing, lost"].x[0::3]) == [one.begin for one in shown]
    assert list(lanes["computing, lost"].x[1::3]) == [one.end for one in shown]
    legend = [one.name for one in figure.data if one.showlegend]
    assert legend == list(lanes)


def test_shares_of_a_run_add_up(drawn):
    result, _, figure = drawn
    shares = [np.asarray(one.y) for one in figure.data if one.meta == "share"]
    assert np.sum(shares, axis=0) == pytest.approx(np.ones(result.runs), abs=1e-9)
    assert list(shares[0]) == sorted(result.values["goodput"])


def test_a_long_timeline_is_cut_and_the_figure_says_so():
    scenario = SCENARIO.with_({"nodes.count": 2})
    recorded = timeline(scenario, synchronisations=120)
    figure = gantt_figure(simulate(scenario, runs=1, watch=recorded), recorded)
    assert "20 more synchronisations" in _texts(figure)


def test_a_run_that_never_synchronises_is_drawn_too(tmp_path):
    scenario, fault_model = SCENARIO.with_({"nodes.count": 4}), FaultModel.read({"policy": "barrier"})
    fault_model = fault_model.changed({"stay_time": "1 s"})
    recorded = timeline(scenario, fault_model)
    write_figure(
        gantt_figure(simulate(scenario, fault_model, runs=2, watch=recorded), recorded), tmp_path / "g.html"
    )
    assert (tmp_path / "g.html").stat().st_size > 10_000
