"""The search finds the published answers in the published grid, and better ones outside it."""

import inspect
import itertools
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import farflung
from farflung import InputError, evaluate
from farflung.analysis.search import (
    Constraints,
    Grid,
    Problem,
    Question,
    Variant,
    least_bandwidth,
    most_compute,
    nodes_for_target,
    search,
    solve,
    threshold_for_duration,
)
from farflung.analysis.search.options import DesignOptions, SearchOptions, options_of, problem_of
from farflung.analysis.search.pareto import front
from farflung.base.fields import fields_of
from farflung.protocols import PROTOCOLS, Setting
from farflung.scenario import preset

# The set whose answers the literature prints.
search = partial(search, assumptions="miri-2026-04")
most_compute = partial(most_compute, assumptions="miri-2026-04")
threshold_for_duration = partial(threshold_for_duration, assumptions="miri-2026-04")
PIPELINES = Variant(
    "pipeline_groups", (("protocol.pipeline_stages", 2), ("protocol.activation_compression", 4.0))
)
SMALL = Grid(
    name="small",
    model_fractions=(1.0, 0.5),
    compressions=(150.0,),
    inner_steps=(None,),
    variants=(Variant("flat"), PIPELINES),
    chips=("H100 SXM", "GH200", "MI300X"),
)


@pytest.fixture(scope="module")
def small():
    return search(1e25, metric="local", grid=SMALL)


@pytest.mark.parametrize(
    ("chip", "mode", "links", "nodes", "cost"),
    [
        ("A100 80GB", "hierarchical", "30 Mbps", 168, 118.6),
        ("GH200", "flat", "47 Mbps/207 Mbps", 38, 34.3),
        ("GH200", "flat", "57 Mbps/310 Mbps", 34, 30.7),
        ("GH200", "flat", "100 Mbps", 34, 30.7),
        ("H100 SXM", "flat", "300 Mbps", 23, 18.6),
        ("H100 SXM", "flat", "1 Gbps", 16, 12.9),
    ],
)
def test_table_6(chip, mode, links, nodes, cost):
    best = search(1e25, metric="local", links=links, chips=chip, modes=mode, grid="published").best
    assert best.design.nodes == nodes
    assert best.outcome.capital_cost_usd / 1e6 == pytest.approx(cost, abs=0.05)


def test_the_headline_for_the_strict_threshold():
    best = search(1e24, metric="local", grid="published").best
    assert (best.design.nodes, best.design.chip) == (2, "H100 SXM")
    assert best.outcome.capital_cost_usd == pytest.approx(1.6e6, abs=5e4)


def test_the_published_headline_is_not_the_minimum_of_its_own_grid():
    result = search(1e25, metric="local", grid="published")
    assert result.best.outcome.capital_cost_usd <= result.published.capital_cost_usd
    assert result.best.outcome.capital_cost_usd < evaluate("paper-headline").capital_cost_usd
    assert result.best.design.chip == "H100 SXM"


@pytest.mark.parametrize(("chip", "most"), [("H100 SXM", 28.3e6), ("MI300X", 12.4e6)])
def test_what_the_paper_left_out_is_cheaper(chip, most):
    """35 x 16 H100 at $28.2 million, and 12 x MI300X at $12.3 million, or better still."""
    best = search(1e25, metric="local", chips=chip, grid=SMALL).best
    assert best.outcome.capital_cost_usd <= most
    assert best.outcome.local_equivalent_flop >= 1e25


def test_the_best_is_what_evaluate_says(small):
    for found in (small.best, *small.runners_up, *small.pareto):
        again = evaluate(found.outcome.scenario)
        assert again.values() == found.outcome.values()
        assert again.feasible
        assert again.local_equivalent_flop >= 1e25
    assert small.best.outcome.capital_cost_usd == min(
        one.outcome.capital_cost_usd for one in (small.best, *small.runners_up, *small.pareto)
    )


def test_the_best_is_refined_to_whole_nodes(small):
    """One node fewer, at the same design, does not reach the target."""
    design = small.best.design
    fewer = replace(design, nodes=design.nodes - 1)
    assert evaluate(fewer.scenario(small.question)).local_equivalent_flop < 1e25


def test_nothing_in_a_brute_force_neighbourhood_is_cheaper(small):
    """Every number of chips and nodes, at the best's size of model for its memory and near it."""
    design, cost = small.best.design, small.best.outcome.capital_cost_usd
    price = cost / design.nodes / design.chips_per_node
    for chips in range(1, design.chips_per_node + 1):
        most = int(cost * 0.999 / price / chips)
        for nodes, share in itertools.product(range(max(1, most - 2), most + 1), (0.95, 1.0)):
            other = replace(
                design, chips_per_node=chips, nodes=nodes, parameters=share * design.parameters
                * chips / design.chips_per_node,
            )  # fmt: skip
            assert evaluate(other.scenario(small.question)).local_equivalent_flop < 1e25


def test_runners_up_are_of_different_kind(small):
    kinds = [found.design.kind for found in (small.best, *small.runners_up)]
    assert len(kinds) == len(set(kinds))
    costs = [found.outcome.capital_cost_usd for found in (small.best, *small.runners_up)]
    assert costs == sorted(costs)


def test_the_pareto_front_holds_no_beaten_design(small):
    rows = np.array(
        [
            (o.capital_cost_usd, o.nodes, o.duration_s, -o.quality_adjusted_flop)
            for o in (found.outcome for found in small.pareto)
        ]
    )
    for row in rows:
        beaten = (rows <= row * np.where(row < 0, 1 + 1e-12, 1 - 1e-12)).all(axis=1)
        assert not beaten.any()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30))
def test_front_against_the_definition(rows):
    values = np.array(rows, dtype=float)
    chosen = {tuple(values[i]) for i in front(values)}
    by_definition = {
        tuple(row)
        for row in values
        if not any((other <= row).all() and (other < row).any() for other in values)
    }
    assert chosen == by_definition


TIGHTER = ("threshold", "memory", "fewer chips", "shorter", "slower", "fewer nodes")


@pytest.mark.parametrize("how", TIGHTER)
@given(exponent=st.floats(23.5, 25.3), share=st.floats(0.3, 0.99))
@settings(max_examples=6, deadline=None)
def test_tighter_is_never_cheaper(how, exponent, share):
    grid = replace(SMALL, chips=("H100 SXM", "MI300X"), model_fractions=(1.0, 0.6, 0.3))
    loose = Problem(Question(target=10.0**exponent, assumptions="miri-2026-04"), grid=grid)
    tighter = {
        "threshold": {"threshold": 16 * share},
        "memory": {"rule": "miri-2026-memory"},
        "shorter": {"duration": loose.question.duration * share},
        "slower": {"upload": loose.question.upload * share},
    }
    limits = {"fewer chips": {"chips": ("H100 SXM",)}, "fewer nodes": {"max_nodes": int(200 * share)}}
    tight = replace(
        loose,
        question=loose.question.model_copy(update=tighter.get(how)),
        constraints=loose.constraints.model_copy(update=limits.get(how)),
    )
    cheapest, best = solve(loose).best, solve(tight).best
    if best is not None:
        assert cheapest is not None
        # Lengths and links move the grid of node counts itself, so those two hold to its resolution.
        slack = 1.02 if how in {"shorter", "slower"} else 1 + 1e-9
        assert best.outcome.capital_cost_usd * slack >= cheapest.outcome.capital_cost_usd


def test_constraints_are_kept():
    result = search(1e24, max_overtraining=4.0, min_chinchilla=0.7, makers="AMD", grid=SMALL)
    for found in (result.best, *result.runners_up):
        assert found.outcome.overtraining_ratio <= 4
        assert found.outcome.chinchilla_efficiency >= 0.7
        assert found.design.chip == "MI300X"
    assert "maker not allowed" in result.chips_left_out
    assert result.rejected_by["target not reached"] > 0


def test_an_unreachable_target_says_what_is_in_the_way():
    result = search(1e30, grid=SMALL)
    assert result.best is None
    assert "no design of the grid reaches" in result.why_not
    assert 1e24 < result.nearest < 1e30
    result = search(1e24, metric="local", budget="$10k", grid=SMALL)
    assert result.best is None
    assert "over budget" in result.why_not
    result = search(1e26, metric="local", max_nodes=2, grid=SMALL)
    assert result.best is None
    assert "too many nodes" in result.why_not or "no design" in result.why_not


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 0.0}, "target: 0.0 must be above 0"),
        ({"target": float("nan")}, "not a finite number"),
        ({"metric": "quantity"}, "metric"),
        ({"rule": "eu-ai-act"}, "does not limit the compute of a node"),
        ({"rule": "nowhere"}, "unknown rule"),
        ({"chips": "no chip"}, "chips"),
        ({"assumptions": "nobody's"}, "unknown"),
        ({"duration": 740}, "duration: 740 has no unit"),
        ({"links": "100"}, "links: '100' has no unit"),
        ({"budget": "-1 USD"}, "budget"),
        ({"max_node": 3}, "did you mean 'max_nodes'"),
        ({"released_before": "2024-13-01"}, "released_before: .* is not a day"),
    ],
)
def test_questions_without_an_answer_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        search(**{"target": 1e25, "grid": SMALL, **options})


def test_progress_is_reported():
    seen = []
    search(1e23, metric="local", grid=SMALL, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(seen), len(seen))


def test_threads_do_not_change_the_answer(small):
    again = search(1e25, metric="local", grid=SMALL, threads=1)
    assert again.to_dict() == small.to_dict()


def test_most_compute_for_a_budget_is_the_search_turned_round(small):
    budget = small.best.outcome.capital_cost_usd
    found = most_compute(f"{budget!r} USD", metric="local", grid=SMALL).best
    assert found.outcome.capital_cost_usd <= budget
    assert found.outcome.local_equivalent_flop >= 1e25 * 0.97


def test_a_budget_that_buys_nothing_is_refused():
    with pytest.raises(InputError, match="buys no node"):
        most_compute("10 USD", grid=SMALL)


def test_nodes_for_a_target():
    scenario = preset("governance-72-nodes")
    assert nodes_for_target(scenario, "local_equivalent_flop", 1e25).nodes == 41
    with pytest.raises(InputError, match="with no number of nodes") as caught:
        nodes_for_target(preset("paper-headline"), "quality_adjusted_flop", 1e25)
    peak = float(caught.value.nearest)
    reached = nodes_for_target(preset("paper-headline"), "quality_adjusted_flop", peak * 0.999).nodes
    assert evaluate(preset("paper-headline").with_({"nodes.count": reached})).feasible


def test_least_bandwidth():
    scenario = preset("paper-headline").with_({"protocol.inner_steps": 30})
    rate = least_bandwidth(scenario, 0.9).bandwidth
    links = {"network.upload": f"{rate!r} bit/s", "network.download": f"{rate!r} bit/s"}
    assert evaluate(scenario.with_(links)).utilisation == pytest.approx(0.9, rel=1e-6)


@pytest.mark.parametrize("utilisation", [0.0, 1.5, -1.0])
def test_a_utilisation_that_is_no_share_is_refused(utilisation):
    with pytest.raises(InputError, match="utilisation"):
        least_bandwidth(preset("paper-headline").with_({"protocol.inner_steps": 30}), utilisation)


def test_bandwidth_at_open_inner_steps_is_refused():
    with pytest.raises(InputError, match=r"protocol\.inner_steps"):
        least_bandwidth(preset("paper-headline"), 0.9)


def test_the_threshold_that_stops_a_target():
    found = threshold_for_duration(5e24, max_nodes=150, grid=SMALL)
    assert found.at_rule.best is not None
    assert 1 <= found.h100_equivalents < 16
    stopped, allowed = (
        search(5e24, max_nodes=150, threshold=float(found.h100_equivalents + more), grid=SMALL).best
        for more in (0, 1)
    )
    assert stopped is None
    assert allowed is not None


def test_a_threshold_alone_stops_nothing():
    with pytest.raises(InputError, match="budget or a greatest number of nodes"):
        threshold_for_duration(1e25, grid=SMALL)


def test_the_page_is_one_that_a_person_reads(small):
    lines = repr(small).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100
    said = " ".join(repr(small).split())
    assert lines[0] == "1e+25 FLOP of local-equivalent compute (C_local) below miri-2025"
    assert "in 740 days, over links of 100 Mbit/s. Assumptions: miri-2026-04" in said
    assert "a node holds at most 16 H100-equivalents" in said
    assert "It reaches the target in" in said
    assert "costs at least" not in said
    assert small.best.design.node_text in said


def test_odds_are_those_of_the_draws(small):
    from farflung.analysis.uncertainty import uncertainty

    best = small.best
    drawn = uncertainty(best.outcome.scenario, 512, limits={"local_equivalent_flop": 1e25})
    assert best.odds() == pytest.approx(drawn.chances[0].probability, abs=1 / 512)
    assert 0.0 < best.odds() < 1.0


def test_the_object_says_what_was_asked(small):
    table = json.loads(json.dumps(small.to_dict()))
    assert table["question"]["target"] == 1e25
    assert table["rule"]["node_h100_equivalents"] == pytest.approx(16)
    assert table["odds"] == {"share": small.best.odds(), "draws": 512}
    assert table["evaluated"] >= sum(table["rejected_by"].values())
    frame = small.to_frame()
    assert list(frame["place"]).count("best") == 1
    assert len(frame) == 1 + len(small.runners_up) + len(small.pareto)
    assert {source.key for source in small.citations()} >= {"scher2025agreement"}


def test_a_search_is_asked_for_again_as_it_was():
    result = search(
        1e24, metric="local", links="57 Mbps/310 Mbps", budget="$30M", chips=("GH200", "H100 SXM"),
        max_nodes=50, grid="published", precisions="bf16",
    )  # fmt: skip
    assert result.command == (
        "farflung search --target 1e+24 --metric local --assumptions miri-2026-04 --max-nodes 50"
        " --budget '30000000 USD' --chips GH200 --chips 'H100 SXM' --links '57 Mbit/s/310 Mbit/s'"
        " --grid published --precisions bf16"
    )
    again = eval(result.python, {"farflung": farflung})
    assert again.problem == result.problem
    assert again.to_dict() == result.to_dict()


def test_a_grid_of_ones_own_has_no_command(small):
    assert small.command is None
    assert problem_of(options_of(small.problem)) == small.problem


def test_help_shows_the_declared_defaults():
    parameters = inspect.signature(farflung.search).parameters
    shown = {name: parameters[name].default for name in ("target", "metric", "duration", "links", "budget")}
    assert shown == {
        "target": 1e25, "metric": "quality", "duration": "740 days", "links": "100 Mbit/s", "budget": None
    }  # fmt: skip


def test_options_are_the_declared_fields():
    declared = {*fields_of(Question), *fields_of(Constraints), "links", "grid", "precisions"} - {"target"}
    assert set(SearchOptions.__annotations__) | {"budget"} == declared
    assert set(DesignOptions.__annotations__) == declared - {"budget"}


def test_a_new_protocol_is_searched_without_a_change_here(monkeypatch):
    setting = Setting("protocol.local_batch", (65536.0, 131072.0))
    eager = replace(PROTOCOLS["flat"], name="eager", settings=(*PROTOCOLS["flat"].settings, setting))
    monkeypatch.setitem(PROTOCOLS, "eager", eager)
    variants = [variant for variant in Grid().variants if variant.mode == "eager"]
    assert [dict(variant.settings) for variant in variants] == [
        {"protocol.local_batch": 65536.0}, {"protocol.local_batch": 131072.0}
    ]  # fmt: skip
    result = search(1e24, chips="H100 SXM", modes="eager", grid=replace(SMALL, variants=tuple(variants)))
    assert {found.design.variant.mode for found in result.designs} == {"eager"}
    assert result.best.outcome.scenario.protocol.local_batch in setting.values


@pytest.mark.parametrize(
    "ask",
    [
        lambda: most_compute("$20M", metric="local", grid=SMALL),
        lambda: nodes_for_target("governance-72-nodes", "local_equivalent_flop", 1e25),
        lambda: least_bandwidth("paper-headline", 0.8, protocol__inner_steps=30),
        lambda: threshold_for_duration(5e24, max_nodes=150, grid="published"),
    ],
    ids=["compute", "nodes", "bandwidth", "threshold"],
)
def test_inverse_answers_have_the_face_of_every_answer(ask):
    result = ask()
    lines = repr(result).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100
    json.dumps(result.to_dict())
    assert len(result.to_frame()) == 1
    assert result.citations()
    names = {"farflung": farflung, "Grid": Grid, "Variant": Variant}
    again = eval(result.python, names)
    assert again.to_dict() == result.to_dict()
