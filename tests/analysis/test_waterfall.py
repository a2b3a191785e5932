"""Waterfall: the terms add up, exactly, whichever way the difference is taken apart."""

from __future__ import annotations

import itertools
import json
import math

import pytest

import farflung
from farflung.analysis.waterfall import waterfall
from farflung.base.errors import InputError
from farflung.outcome import evaluate
from farflung.scenario import preset, presets

FACTORED = (
    "quality_adjusted_flop", "local_equivalent_flop", "efficiency", "throughput_flop", "capital_cost_usd",
    "energy_j", "energy_cost_usd", "power_w", "total_cost_usd", "run_cost_usd",
)  # fmt: skip
HEADLINE = "paper-headline"


def pairs(*outputs: str) -> list[tuple[str, str, str]]:
    """Return every published scenario beside the next, with every output that both have."""
    known = {name: evaluate(name).values() for name in presets()}
    neighbours = itertools.pairwise(known)
    every = itertools.product(neighbours, outputs)
    return [(a, b, one) for (a, b), one in every if None not in (known[a][one], known[b][one])]


def adds_up(result) -> None:
    scale = max(abs(result.first), abs(result.second), *(abs(one.amount) for one in result.terms), 1e-300)
    assert abs(math.fsum(one.amount for one in result.terms) - result.difference) <= 1e-12 * scale
    ratios = [one.ratio for one in result.terms]
    if ratios and None not in ratios:
        assert math.prod(ratios) == pytest.approx(result.ratio, rel=1e-11)


@pytest.mark.parametrize(("first", "second", "output"), pairs(*FACTORED))
def test_factors_add_up_for_every_preset(first, second, output):
    adds_up(waterfall(first, second, output))


@pytest.mark.parametrize(
    ("first", "second", "output"), pairs("quality_adjusted_flop", "total_cost_usd", "loss", "inner_steps")
)
def test_inputs_add_up_for_every_preset(first, second, output):
    adds_up(waterfall(first, second, output, by="input"))


def test_a_factor_is_charged_with_its_own_change():
    changed = preset(HEADLINE).with_({"nodes.mfu": 0.2})
    terms = {one.name: one for one in waterfall(HEADLINE, changed, "throughput_flop").terms}
    assert terms["model_flop_utilisation"].ratio == pytest.approx(0.5)
    assert [one.name for one in terms.values() if abs(one.ratio - 1.0) > 1e-9] == ["model_flop_utilisation"]


def test_parts_of_a_cost_are_differences():
    result = waterfall(HEADLINE, "paper-1gbps", "total_cost_usd")
    assert [one.name for one in result.terms] == [
        "capital_cost",
        "energy_cost",
        "bandwidth_cost",
        "staff_cost",
    ]
    one, other = evaluate(HEADLINE), evaluate("paper-1gbps")
    assert result.terms[0].amount == other.capital_cost_usd - one.capital_cost_usd
    assert all(term.ratio is None for term in result.terms)


def test_a_price_that_includes_the_server_is_a_factor_of_its_own():
    mixed = waterfall(HEADLINE, preset(HEADLINE).with_({"nodes.hardware": "8x B200"}), "capital_cost_usd")
    adds_up(mixed)
    assert {term.name: term.second for term in mixed.terms}["host_cost_factor"] == 1.0


def test_one_input_gets_all_of_the_difference():
    changed = preset(HEADLINE).with_({"nodes.count": 72})
    result = waterfall(HEADLINE, changed, by="input")
    (term,) = result.terms
    assert (term.name, term.first, term.second) == ("nodes.count", 34, 72)
    assert term.amount == pytest.approx(result.difference, rel=1e-12)
    assert term.ratio == pytest.approx(result.ratio, rel=1e-12)


def test_two_inputs_share_as_the_mean_of_both_orders():
    count, upload = {"nodes.count": 72}, {"network.upload": "10 Mbps"}
    base = preset(HEADLINE)
    value = {
        name: evaluate(base.with_(changes)).quality_adjusted_flop
        for name, changes in {"": {}, "n": count, "u": upload, "nu": {**count, **upload}}.items()
    }
    result = waterfall(base, base.with_({**count, **upload}), by="input")
    terms = {one.name: one for one in result.terms}
    nodes = 0.5 * (value["n"] - value[""] + value["nu"] - value["u"])
    assert terms["nodes.count"].amount == pytest.approx(nodes, rel=1e-12)
    assert list(terms) == ["nodes.count", "network.upload"]  # as declared


def test_fields_that_only_make_sense_together_move_together():
    dense = preset(HEADLINE)
    sparse = dense.with_({"model.parameters": 1e10, "model.active_parameters": 2e9})
    (term,) = waterfall(sparse, dense.with_({"model.parameters": 1.2e11}), by="input").terms
    assert term.name == "model.parameters + model.active_parameters"
    assert term.first == [1e10, 2e9]
    mixed = waterfall("governance-pipeline-400b", HEADLINE, by="input")
    assert "nodes.hardware + nodes.precision" in {one.name for one in mixed.terms}


def test_what_a_scenario_leaves_open_is_shown_as_filled_in():
    result = waterfall(HEADLINE, "governance-config-c", by="input")
    (term,) = (one for one in result.terms if one.name == "protocol.compression")
    assert (str(term.first), term.second) == ("150", 16.0)


def test_a_scenario_against_itself_has_no_terms_by_input_and_none_that_adds_by_factor():
    assert waterfall(HEADLINE, HEADLINE, by="input").terms == ()
    result = waterfall(HEADLINE, HEADLINE)
    assert result.difference == 0.0 and result.ratio == 1.0
    assert {one.amount for one in result.terms} == {0.0}


def test_the_way_back_is_the_same_way():
    there, back = (
        waterfall(*pair, by="input") for pair in ((HEADLINE, "paper-1gbps"), ("paper-1gbps", HEADLINE))
    )
    for one, other in zip(there.terms, back.terms, strict=True):
        assert one.amount == pytest.approx(-other.amount, rel=1e-9)
        assert one.ratio == pytest.approx(1.0 / other.ratio, rel=1e-9)


def test_many_inputs_are_averaged_over_random_orders_and_still_add_up():
    changes = {
        "nodes.count": 72, "nodes.mfu": 0.5, "network.upload": "300 Mbps", "network.latency": "50 ms",
        "protocol.local_batch": 65536, "protocol.inner_steps": 40, "protocol.compression": 16,
        "protocol.compression_scenario": "conservative", "duration": "300 days", "model.parameters": 1e11,
    }  # fmt: skip
    other = preset(HEADLINE).with_(changes)
    result = waterfall(HEADLINE, other, by="input")
    assert not result.exact
    assert len(result.terms) == len(changes)
    adds_up(result)
    assert result.terms == waterfall(HEADLINE, other, by="input").terms
    assert result.provenance[0].seed == 0
    few = [one.amount for one in waterfall(HEADLINE, other, by="input", seed=1).terms]
    assert few == pytest.approx([one.amount for one in result.terms], abs=0.1 * abs(result.difference))


def test_mixtures_may_be_larger_than_memory():
    """A pipeline of small nodes and a flat run of large ones: no mixture of them could be run."""
    result = waterfall(HEADLINE, "governance-pipeline-400b", by="input")
    adds_up(result)
    assert {"protocol.mode", "model.parameters"} < {one.name for one in result.terms}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((HEADLINE, "paper-1gbp"), "did you mean"),
        ((HEADLINE, "paper-1gbps", "qualty_flop"), "unknown output"),
        ((HEADLINE, "paper-1gbps", "loss"), "no product and no sum"),
        ((HEADLINE, "paper-1gbps", "groups"), "'Paper headline.*has none"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        waterfall(*arguments)


def test_other_ways_and_seeds_are_refused():
    with pytest.raises(InputError, match="unknown way 'inputs': did you mean 'input'"):
        waterfall(HEADLINE, HEADLINE, by="inputs")
    with pytest.raises(InputError, match="seed"):
        waterfall(HEADLINE, HEADLINE, seed=-1)


def test_a_run_that_cannot_be_names_what_stands_in_the_way():
    flat = preset(HEADLINE).with_({"protocol.mode": "flat", "model.parameters": 1e12})
    with pytest.raises(InputError, match=r"model\.parameters stands in the way"):
        waterfall(HEADLINE, flat)


def test_the_table_is_json():
    result = waterfall(HEADLINE, "paper-1gbps", by="input")
    table = json.loads(json.dumps(result.to_dict()))
    assert [one["command"] for one in table["provenance"]] == [result.command] * 2
    assert sum(one["amount"] for one in table["terms"]) == pytest.approx(table["difference"], rel=1e-12)
    assert result.to_frame()["amount"].sum() == pytest.approx(table["difference"], rel=1e-12)


def test_it_is_asked_for_again_as_it_was():
    result = waterfall(HEADLINE, "paper-1gbps", "total_cost_usd", nodes__mfu=0.3)
    assert result.command == (
        "farflung waterfall paper-headline paper-1gbps --set nodes.mfu=0.3 --output total_cost_usd"
    )
    assert eval(result.python, {"farflung": farflung}).terms == result.terms


@pytest.mark.parametrize("by", ["factor", "input"])
def test_the_page_fits_a_screen(by):
    lines = repr(waterfall(HEADLINE, "governance-config-c", by=by)).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100


def test_a_joint_law_shows_what_compression_and_replicas_each_cost():
    first = preset(HEADLINE).with_({"assumptions": "calibrated-2026-11", "protocol.inner_steps": 30})
    terms = {term.name: term for term in waterfall(first, first.with_({"protocol.compression": 16})).terms}
    assert terms["efficiency_compression"].ratio > 1.3
    for name in ("efficiency_compression", "efficiency_replica"):
        assert 0.0 < terms[name].first < 1.0
