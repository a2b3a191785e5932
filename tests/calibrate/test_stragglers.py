"""Stragglers: what the event engine shows, the form fitted to it, and the closed form that uses it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from farflung import evaluate, preset
from farflung.analysis.calibrate.straggler_runs import Setting, measure, measured_factor
from farflung.analysis.calibrate.stragglers import (
    EXPONENT,
    FORMS,
    GROWTH,
    MODEL_FORM,
    compare_forms,
    published,
)
from farflung.analysis.distributions import distributions
from farflung.analysis.uncertainty import uncertainty
from farflung.catalog.tables import assumption_names
from farflung.cli.app import app
from farflung.outcome.events import simulate
from farflung.scenario import load_assumptions
from farflung.scenario.fault_model import IDEAL

FEW = (Setting(link_spread=0.2), Setting(link_variation=0.25), Setting(compute_spread=0.1, download=np.inf))
BELIEVED = load_assumptions("calibrated-2026-11").coefficients
CATALOG = {name: BELIEVED[name].value for name in (GROWTH, EXPONENT)}
SPREADS = {"link_spread": 0.2, "link_variation": 0.25, "compute_spread": 0.03, "step_variation": 0.003}


@pytest.fixture(scope="module")
def few():
    return measure(settings=FEW, peers=(2, 16, 1024))


def headline(assumptions="calibrated-2026-11", **protocol):
    changes = {"assumptions": assumptions, **{f"protocol.{name}": value for name, value in protocol.items()}}
    return preset("paper-headline").with_(changes)


def test_participants_all_alike_have_no_slowest():
    for setting in (Setting(), Setting(download=np.inf)):
        assert measured_factor(setting, 16) == pytest.approx(1.0, rel=1e-12)


def test_the_slowest_of_two_is_what_the_normal_distribution_says():
    # For small spreads: 1 + s E max of two standard normals, which is 1/sqrt(pi).
    setting = Setting(link_variation=0.02)
    found = measured_factor(setting, 2)
    assert found == pytest.approx(1.0 + setting.spread / math.sqrt(math.pi), abs=0.001)


def test_same_seed_same_factors_and_another_seed_others():
    first, again, other = (measured_factor(FEW[0], 8, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert other != first
    assert other == pytest.approx(first, rel=0.02)


def test_progress_is_told(few):
    told = []
    measure(settings=FEW[:1], peers=(2, 4), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_the_form_of_the_catalog_agrees_with_a_fresh_simulation(few):
    assert np.abs(FORMS[MODEL_FORM].error(few, CATALOG)).max() < 0.05


@pytest.mark.parametrize(
    ("setting", "peers"),
    [
        (Setting(link_spread=0.3, link_variation=0.15, download=4.0), 100),
        (Setting(link_spread=0.5, link_variation=0.3, download=2.0), 1500),
        (Setting(compute_spread=0.06, download=np.inf), 300),
    ],
)
def test_the_form_holds_where_it_was_not_fitted(setting, peers):
    at = measure(seed=3, settings=[setting], peers=[peers])
    assert abs(FORMS[MODEL_FORM].error(at, CATALOG)[0]) < 0.05


def test_a_spread_counts_and_the_number_alone_does_not(few):
    table = compare_forms(few).to_dict()
    errors = {name: one["held_out_rmse"] for name, one in table["forms"].items()}
    assert table["chosen"] == min(errors, key=errors.get)
    assert errors[MODEL_FORM] < 0.03
    assert errors["1 + c log2 n, as published"] > 3 * errors[MODEL_FORM]
    assert table["points"] == 9
    assert table["range"]["peers"] == [2, 1024]


def test_the_command_shows_the_forms(few, monkeypatch):
    monkeypatch.setattr("farflung.analysis.calibrate.stragglers.measure", lambda **_: few)
    shown = CliRunner().invoke(app, ["calibrate", "stragglers"])
    assert shown.exit_code == 0, shown.output
    assert all(word in shown.output for word in (MODEL_FORM, "9 points", "right at s"))
    told = CliRunner().invoke(app, ["calibrate", "stragglers", "--format", "json"])
    table = json.loads(told.output)
    assert {"forms", "chosen", "coefficients", "points", "range", "published"} <= set(table)
    assert table == json.loads(json.dumps(compare_forms(few).to_dict()))


def test_published_slopes_are_right_for_some_spread():
    rows = published(CATALOG)
    for row in rows:
        assert 0 < row["relay_spread"] < row["synchronous_spread"] < 0.13
        assert row["exchanges"] > row["synchronous"] > row["relay"] > 1
    assert rows[-1]["exchanges"] > rows[0]["exchanges"] > rows[0]["steps"] > 1


def test_what_the_form_hangs_on_is_drawn():
    drawn = {one.name for one in distributions(load_assumptions("calibrated-2026-11"))}
    assert {EXPONENT, "link_spread", "link_variation", "compute_spread"} <= drawn
    assert BELIEVED[EXPONENT].standard_error
    spread = uncertainty(headline(), 256).spread("straggler_factor").quantiles
    assert spread[0.05] < 1.35
    assert spread[0.95] > 1.7


@pytest.mark.parametrize("name", ["miri-2026-02", "miri-2026-04"])
def test_what_the_published_sets_draw_is_drawn_as_ever(name):
    drawn = [one.name for one in distributions(load_assumptions(name))]
    assert set(drawn[-4:]) == {EXPONENT, "link_spread", "link_variation", "compute_spread"}
    assert len(drawn) <= 32  # so that uniforms() gives the others the same numbers


@pytest.mark.parametrize("name", assumption_names())
def test_every_set_can_ask_for_it(name):
    outcome = evaluate(headline(name, stragglers="order_statistics"))
    assert outcome.straggler_factor == pytest.approx(1.58, abs=0.01)


def test_more_nodes_than_were_simulated_are_an_extrapolation():
    few, many = (
        headline().with_({"nodes.count": count, "protocol.inner_steps": 30}) for count in (4096, 4097)
    )
    subjects = [{flag.subject for flag in evaluate(one).flags} for one in (few, many)]
    assert subjects[1] - subjects[0] == {"exchange_spread", "work_straggler_factor"}


# Streaming, from exchanges that set the pace to work that does, in which the published relay's
# 1 + 0.02 log2 n is up to 40 % off; blocking, a slow link and a slow node seldom meet.
@pytest.mark.parametrize(
    ("protocol", "within"),
    [({"inner_steps": 8}, 0.03), ({}, 0.03), ({"inner_steps": 100}, 0.02), ({"streaming": False}, 0.05)],
)
def test_both_engines_train_on_as_many_tokens(protocol, within):
    scenario = headline(**protocol).with_({"duration": "20 days"})
    planned = evaluate(scenario).tokens
    seen = simulate(scenario, IDEAL.model_copy(update=SPREADS), runs=64, seed=1).values["tokens"].mean()
    assert planned == pytest.approx(seen, rel=within)


def test_slow_nodes_slow_a_pipeline_and_a_hierarchy_too():
    def step_time(stragglers, **changes):
        return evaluate(headline(stragglers=stragglers).with_(changes))

    pipelines = {"protocol.mode": "pipeline_groups", "protocol.pipeline_stages": 2}
    regions = {"protocol.mode": "hierarchical", "protocol.nodes_per_group": 8}
    for changes in (pipelines, regions):
        typical, slowest = (step_time(name, **changes) for name in ("threshold", "order_statistics"))
        assert slowest.step_time_s > 1.05 * typical.step_time_s
        assert slowest.straggler_factor > 1.2 > typical.straggler_factor
