"""Forms of the learning model in whole runs: own allocation, repeated data, critical batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farflung import evaluate, explain
from farflung.learning.allocation import tokens_for_parameters
from farflung.outcome.batch import evaluate_batch
from farflung.outcome.run import prepare
from farflung.scenario import Scenario, load_assumptions

OURS = "calibrated-2026-11"
VALUES = {name: value for name, (value, _) in load_assumptions(OURS).values.items()}
LAW = {name: value for name, value in VALUES.items() if name.startswith(("loss_parameter", "loss_token"))}
RUN = {
    "assumptions": OURS,
    "model": {"parameters": 5e9},
    "tokens": 400e9,
    "nodes": {"count": 8, "hardware": "16x GH200"},
    "network": {"upload": "1 Gbps"},
}


def run(**changes):
    return evaluate({**RUN, **changes})


def flagged(outcome, kind):
    return {flag.subject for flag in outcome.flags if flag.kind == kind}


def test_chinchilla_efficiency_is_one_at_the_law_s_own_optimum_and_below_one_beside_it():
    best = float(tokens_for_parameters(parameters=5e9, **LAW))
    at = run(tokens=best)
    assert at.reference_tokens == pytest.approx(best, rel=1e-12)
    assert at.overtraining_ratio == pytest.approx(1, rel=1e-12)
    assert at.chinchilla_efficiency == pytest.approx(1, rel=1e-10)
    for factor in (0.8, 1.25):
        assert run(tokens=factor * best).chinchilla_efficiency < 1 - 1e-3


@settings(max_examples=50)
@given(st.floats(1e8, 1e10), st.floats(0.05, 500))
def test_the_compute_for_the_loss_is_never_more_than_was_spent(size, ratio):
    values = prepare(Scenario.read({**RUN, "model": {"parameters": size}, "tokens": ratio * size})).values
    assert values["reference_flop"] <= values["throughput_flop"] * (1 + 1e-9)
    assert values["distributed_reference_flop"] <= values["reference_flop"]


def test_the_well_allocated_model_as_good_spends_the_quality_adjusted_compute():
    outcome = run()
    size = outcome.equivalent_parameters
    assert 6 * size * tokens_for_parameters(parameters=size, **LAW) == pytest.approx(
        outcome.quality_adjusted_flop
    )


def test_enough_data_change_nothing():
    plain = run()
    for unique in (400e9, 1e15, 1e24):
        enough = run(unique_tokens=unique)
        assert enough.values() == plain.values()
        assert not flagged(enough, "ignored")
        assert "effective_tokens" not in flagged(enough, "extrapolated")


def test_fewer_distinct_tokens_raise_the_loss_and_lower_the_quality():
    found = [run(unique_tokens=unique) for unique in (400e9, 100e9, 25e9, 5e9)]
    losses, quality = ([getattr(one, name) for one in found] for name in ("loss", "quality_adjusted_flop"))
    assert (np.diff(losses) > 0).all()
    assert (np.diff(quality) < 0).all()
    assert len({one.throughput_flop for one in found}) == 1


def test_more_epochs_than_were_fitted_are_said():
    assert "effective_tokens" not in flagged(run(unique_tokens=400e9 / 43), "extrapolated")
    assert "effective_tokens" in flagged(run(unique_tokens=400e9 / 45), "extrapolated")
    told = {one.name: one for one in explain({**RUN, "unique_tokens": 100e9}, "loss").walk()}
    assert told["epochs"].value == 4
    assert told["unique_tokens"].origin == "scenario"
    assert told["repetition_decay"].sources == ("muennighoff2023dataconstrained",)


@pytest.mark.parametrize("name", ["miri-2026-02", "miri-2026-04"])
def test_a_set_that_ignores_repetition_says_so(name):
    plain, limited = run(assumptions=name), run(assumptions=name, unique_tokens=1e9)
    assert limited.values() == plain.values()
    assert flagged(limited, "ignored") == {"unique_tokens"}
    assert not flagged(plain, "ignored")


def test_many_runs_at_once_know_of_repetition():
    unique = np.geomspace(5e9, 1e12, 7)
    asked = {"loss", "quality_adjusted_flop"}
    scenario = Scenario.read({**RUN, "protocol": {"mode": "flat"}})
    found = evaluate_batch(scenario, {"unique_tokens": unique}, asked)
    for place, value in enumerate(unique):
        one = evaluate(Scenario.read({**RUN, "protocol": {"mode": "flat"}, "unique_tokens": float(value)}))
        for name in asked:
            assert found[name][place] == pytest.approx(getattr(one, name), rel=1e-12)


OWN = """
name = "mine"
title = "Mine"
description = "A named set with critical batches counted."
source = "farflung2026"
extends = "{parent}"

[forms]
critical_batch = "hyperbolic"
"""


@pytest.mark.parametrize("parent", ["miri-2026-02", "miri-2026-04", OURS, "muennighoff-2023"])
def test_a_set_of_one_s_own_may_count_the_critical_batch(tmp_path, parent):
    path = tmp_path / "mine.toml"
    path.write_text(OWN.format(parent=parent), encoding="utf-8")
    plain, mine = run(assumptions=parent), run(assumptions=str(path))
    told = {one.name: one for one in explain({**RUN, "assumptions": str(path)}, "efficiency").walk()}
    critical = 2.1e8 * plain.loss ** (-1 / 0.21)
    assert told["critical_batch"].value == pytest.approx(critical)
    assert told["efficiency_batch"].value == pytest.approx(1 / (1 + 8 * 131072 / critical))
    assert mine.efficiency == pytest.approx(plain.efficiency * told["efficiency_batch"].value)
    small = evaluate({**RUN, "assumptions": str(path), "protocol": {"local_batch": 1.0, "inner_steps": 10}})
    same = evaluate({**RUN, "assumptions": parent, "protocol": {"local_batch": 1.0, "inner_steps": 10}})
    assert small.efficiency == pytest.approx(same.efficiency, rel=1e-5)


def test_no_named_set_counts_the_critical_batch():
    for name in ("miri-2026-02", "miri-2026-04", OURS):
        told = {one.name: one.value for one in explain({**RUN, "assumptions": name}, "efficiency").walk()}
        assert told["efficiency_batch"] == 1
        assert load_assumptions(name).forms.critical_batch == "ignored"
