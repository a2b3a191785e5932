"""``search`` and ``inverse``: what they print, what they save, and what they refuse."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from farflung import evaluate, load
from farflung.catalog import chip

SMALL = ("--chips", "GH200", "--modes", "flat", "--assumptions", "miri-2026-04")
BEST = 39.76e6
"""What the cheapest flat design of GH200 costs that reaches 1e25 quality-adjusted FLOP [USD]."""


def _pure(text: str) -> Any:
    """Return what JSON says; NaN and infinity are no JSON."""

    def refused(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refused)


def _search(farflung, *words: str) -> dict[str, Any]:
    answer = farflung("search", *words, "--format", "json")
    assert (answer.code, answer.err) == (0, "")
    return _pure(answer.out)


def _cost(table: dict[str, Any]) -> float:
    return table["best"]["capital_cost_usd"]


def test_the_object_of_a_search(farflung) -> None:
    table = _search(farflung, "--grid", "published")
    assert {"best", "runners_up", "pareto", "evaluated", "rejected_by", "chips_left_out", "notes"} <= set(
        table
    )
    run = _pure(farflung("run", "paper-headline", "--format", "json").out)
    for one in (table["best"], *table["runners_up"], *table["pareto"]):
        assert set(run) <= set(one)
        assert one["quality_adjusted_flop"] >= 1e25
        assert one["feasible"]
    assert table["evaluated"] > sum(table["rejected_by"].values()) > 0
    assert table["best"]["chip"] == "A100 80GB"
    kinds = [(one["chip"], one["precision"], one["mode"]) for one in table["runners_up"]]
    assert len(kinds) == len(set(kinds)) == 10
    costs = [one["capital_cost_usd"] for one in (table["best"], *table["runners_up"])]
    assert costs == sorted(costs)


def test_the_best_is_on_the_front_and_nothing_there_beats_it(farflung) -> None:
    table = _search(farflung, *SMALL)
    assert min(one["capital_cost_usd"] for one in table["pareto"]) == _cost(table)
    best = table["best"]
    assert any(one["nodes"] == best["nodes"] and one["chip"] == best["chip"] for one in table["pareto"])


@pytest.mark.parametrize("columns", ["80", "100"])
def test_the_page_of_a_search(farflung, monkeypatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    answer = farflung("search", "--grid", "published", "--assumptions", "miri-2026-04")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    said = " ".join(answer.out.split())
    assert "$114.4 million of hardware for C_quality" in said
    assert "Cheapest published scenario" in said
    assert "18 chips (not in the published grid)" in said
    assert "of 512 draws" in said
    assert "MFU of 0.4" in said
    assert "1.64 times its chips" in said
    title = next(line for line in lines if line.startswith(" Node"))
    assert title.split()[:4] == ["Node", "Format", "Nodes", "Protocol"]


def test_prices_that_need_a_word_get_it(farflung) -> None:
    (said,) = (
        note for note in _search(farflung, "--chips", "B200", "--modes", "flat")["notes"] if "B200" in note
    )
    assert "host and network cards are included" in said


def test_what_is_saved_evaluates_to_the_same(farflung, tmp_path) -> None:
    file = tmp_path / "best.toml"
    best = _search(farflung, *SMALL, "--save", str(file))["best"]
    again = evaluate(load(file))
    for name in ("capital_cost_usd", "quality_adjusted_flop", "nodes", "duration_s", "inner_steps"):
        assert getattr(again, name) == best[name]
    assert farflung("run", str(file)).code == 0


def test_nothing_to_save_is_said(farflung, tmp_path) -> None:
    file = tmp_path / "best.toml"
    answer = farflung("search", *SMALL, "--target", "1e30", "--save", str(file))
    assert answer.code == 0
    assert answer.err.count("\n") == 1
    assert "not written" in answer.err
    assert not file.exists()


def test_makers_and_jurisdictions(farflung) -> None:
    table = _search(farflung, "--grid", "published", "--makers", "Google", "--makers", "Huawei")
    assert {chip(one["chip"]).manufacturer for one in table["runners_up"]} <= {"Google", "Huawei"}
    table = _search(farflung, "--grid", "published", "--jurisdictions", "China")
    assert {chip(one["chip"]).jurisdiction for one in (table["best"], *table["runners_up"])} == {"China"}
    assert "jurisdiction not allowed" in table["chips_left_out"]


def test_only_chips_on_the_market_before_a_day(farflung) -> None:
    table = _search(farflung, "--grid", "published", "--released-before", "2022-06-30")
    for one in (table["best"], *table["runners_up"]):
        assert chip(one["chip"]).released < date(2022, 6, 30)
    assert "H100 SXM" in table["chips_left_out"]["released too late"]


def test_modes_and_precisions(farflung) -> None:
    table = _search(farflung, "--chips", "GH200", "--modes", "data_parallel", "--precisions", "bf16")
    found = (table["best"], *table["runners_up"])
    assert {(one["mode"], one["precision"], one["inner_steps"]) for one in found} == {
        ("data_parallel", "bf16", 1)
    }


def test_over_training_and_chinchilla_are_kept(farflung) -> None:
    table = _search(
        farflung, *SMALL, "--target", "1e24", "--max-overtraining", "4", "--min-chinchilla", "0.7"
    )
    for one in (table["best"], *table["runners_up"], *table["pareto"]):
        assert one["overtraining_ratio"] <= 4
        assert one["chinchilla_efficiency"] >= 0.7
    assert _cost(table) >= _cost(_search(farflung, *SMALL, "--target", "1e24"))


@pytest.mark.parametrize("limit", [("--budget", "39.8e6 USD"), ("--max-nodes", "44")])
def test_a_limit_just_above_the_best_leaves_it(farflung, limit: tuple[str, str]) -> None:
    """The grid's own numbers of nodes lie up to a third apart; a limit between two of them hides nothing."""
    table = _search(farflung, *SMALL, *limit)
    assert _cost(table) == pytest.approx(BEST, rel=1e-3)
    assert table["best"]["nodes"] == 44


@pytest.mark.parametrize(
    ("limit", "said"),
    [(("--budget", "39.7e6 USD"), "over budget"), (("--max-nodes", "43"), "too many nodes")],
)
def test_what_stands_in_the_way_is_said_with_the_nearest(farflung, limit, said: str) -> None:
    table = _search(farflung, *SMALL, *limit)
    assert table["best"] is None
    assert table["runners_up"] == table["pareto"] == []
    assert said in table["why_not"]
    assert 9.5e24 < table["nearest_reachable_flop"] < 1e25
    answer = farflung("search", *SMALL, *limit)
    assert answer.code == 0
    assert "Nothing reaches it" in answer.out
    assert "the furthest reaches 9.9" in " ".join(answer.out.split())


def test_the_nearest_keeps_to_all_constraints(farflung) -> None:
    two = _search(farflung, *SMALL, "--target", "1e26", "--max-nodes", "2")
    one = _search(farflung, *SMALL, "--target", "1e26", "--max-nodes", "1")
    free = _search(farflung, *SMALL, "--target", "1e30")
    nearest = [table["nearest_reachable_flop"] for table in (one, two, free)]
    assert nearest == sorted(nearest)
    assert nearest[1] < 2e24
    assert nearest[2] > 1e26
    assert "no design of the grid reaches 1e+30" in free["why_not"]


def test_chips_that_are_all_too_large_are_an_answer(farflung) -> None:
    table = _search(farflung, "--chips", "GB300", "--rule", "miri-2025-1h100e")
    assert table["best"] is None
    assert table["why_not"] == "a single chip of those asked for exceeds miri-2025-1h100e"


def test_links_up_and_down_differ(farflung) -> None:
    both = _search(farflung, *SMALL, "--links", "50Mbps/500Mbps")
    network = both["best"]["scenario"]["network"]
    assert (network["upload"], network["download"]) == (50e6, 500e6)
    slow, fast = (_search(farflung, *SMALL, "--links", f"{rate}Mbps") for rate in (50, 500))
    assert _cost(fast) <= _cost(both) <= _cost(slow)


def test_metrics_and_readings(farflung) -> None:
    costs = [_cost(_search(farflung, *SMALL, "--metric", metric)) for metric in ("quality", "local", "raw")]
    assert costs == sorted(costs, reverse=True)
    counted = [_search(farflung, *SMALL, "--reading", by) for by in ("fp16", "tpp")]
    assert all(table["best"] for table in counted)


def test_the_command_names_the_published_grid_in_json(farflung) -> None:
    assert _search(farflung, "--grid", "published", "--chips", "GH200")["grid"] == "published"


REFUSED = {
    "metric": (("--metric", "qualty"), "nearest valid: quality"),
    "rule": (("--rule", "miri-2052"), "miri-2025"),
    "rule without a node limit": (("--rule", "eu-ai-act"), "does not limit the compute of a node"),
    "chip": (("--chips", "GH2OO"), "nearest valid: GH200"),
    "maker": (("--makers", "Nvida"), "nearest valid: NVIDIA"),
    "jurisdiction": (("--jurisdictions", "Chinah"), "nearest valid: China"),
    "mode": (("--modes", "flt"), "nearest valid: flat"),
    "mode the grid lacks": (("--grid", "published", "--modes", "data_parallel"), "has no protocol"),
    "grid": (("--grid", "ful"), "did you mean 'full'"),
    "precision": (("--precisions", "fp9"), "did you mean 'fp8'"),
    "precision the chip lacks": (("--chips", "GH200", "--precisions", "fp4"), "no fp4 rate: 1"),
    "chip outside the grid": (("--grid", "published", "--chips", "RTX 5090"), "not in the published grid"),
    "date": (("--released-before", "2024-13-01"), "is not a day"),
    "no date": (("--released-before", ""), "is not a day"),
    "date before all": (("--released-before", "2010-01-01"), "released too late"),
    "reading": (("--reading", "bits"), "not one of fp16, tpp"),
    "assumptions": (("--assumptions", "miri-2026-4"), "miri-2026-04"),
    "links without unit": (("--links", "100"), "--links: '100' has no unit"),
    "half of the links": (("--links", "100Mbps/"), "--links: 'Mbps/' is not a unit"),
    "no links": (("--links", "0 Mbps"), "--links: 0 must be at least 1000"),
    "negative latency": (("--latency=-1 ms",), "--latency: -0.001 must be at least 0"),
    "negative target": (("--target=-1",), "--target: -1.0 must be above 0"),
    "no target": (("--target", "0"), "--target: 0.0 must be above 0"),
    "target nan": (("--target", "nan"), "--target: nan is not a finite number"),
    "target inf": (("--target", "inf"), "--target: inf is not a finite number"),
    "negative budget": (("--budget=-1 USD",), "--budget: -1.0 must be above 0"),
    "no budget": (("--budget", "0 USD"), "must be above 0"),
    "empty budget": (("--budget", ""), "not a number with a unit"),
    "budget nan": (("--budget", "nan USD"), "--budget"),
    "budget without unit": (("--budget", "1e6"), "--budget: '1e6' has no unit"),
    "infinite budget": (("--budget", "1e999 USD"), "not a finite number"),
    "no duration": (("--duration", "0 days"), "must be at least 1"),
    "negative duration": (("--duration=-1 days",), "must be at least 1"),
    "duration nan": (("--duration", "nan days"), "--duration"),
    "infinite duration": (("--duration", "1e999 days"), "not a finite number"),
    "duration beyond all": (("--duration", "1e300 days"), "at most"),
    "no nodes": (("--max-nodes", "0"), "--max-nodes: 0.0 must be at least 1"),
    "over-training nan": (("--max-overtraining", "nan"), "--max-overtraining: nan is not"),
    "no over-training": (("--max-overtraining", "0"), "--max-overtraining: 0.0 must be above 0"),
    "χ above one": (("--min-chinchilla", "2"), "--min-chinchilla: 2.0 must be at most 1"),
    "χ nan": (("--min-chinchilla", "nan"), "--min-chinchilla"),
}
INVERSE_REFUSED = {
    "budget without unit": (("compute", "1e6"), "has no unit"),
    "budget nan": (("compute", "nan USD"), "BUDGET: 'nan USD'"),
    "no budget": (("compute", "0 USD"), "BUDGET: 0.0 must be above 0"),
    "a budget that buys nothing": (("compute", "1 USD", *SMALL), "buys no node"),
    "compute: chip": (("compute", "1e6 USD", "--chips", "GH2OO"), "GH200"),
    "target nan": (("nodes", "paper-headline", "--target", "nan"), "target: nan is not a number above 0"),
    "negative target": (("nodes", "paper-headline", "--target=-1"), "target: -1 is not a number above 0"),
    "target out of reach": (("nodes", "paper-headline", "--target", "1e30"), "no number of nodes up to"),
    "output": (("nodes", "paper-headline", "--output", "capital_cost"), "capital_cost_usd"),
    "scenario": (("nodes", "paper-hedline"), "did you mean 'paper-headline'"),
    "steps left open": (("bandwidth", "paper-headline"), "protocol.inner_steps"),
    "utilisation nan": (("bandwidth", "paper-headline", "--utilisation", "nan"), "not a share"),
    "utilisation above one": (("bandwidth", "paper-headline", "--utilisation", "1.5"), "not a share"),
    "any bandwidth does": (
        ("bandwidth", "paper-headline", "--set", "protocol.inner_steps=30", "--utilisation", "1e-12"),
        "every bandwidth from 1 bit/s on gives",
    ),
    "no limit": (("threshold", *SMALL[:2]), "budget or max_nodes"),
    "no nodes": (("threshold", *SMALL[:2], "--max-nodes", "0"), "--max-nodes"),
}  # fmt: skip


def _assert_refused(answer, said: str) -> None:
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert said in answer.err


@pytest.mark.parametrize("case", REFUSED)
def test_bad_questions_are_refused_in_one_line(farflung, case: str) -> None:
    words, said = REFUSED[case]
    _assert_refused(farflung("search", *words), said)


@pytest.mark.parametrize("case", INVERSE_REFUSED)
def test_bad_inverse_questions_are_refused_in_one_line(farflung, case: str) -> None:
    words, said = INVERSE_REFUSED[case]
    _assert_refused(farflung("inverse", *words), said)


def test_the_most_for_the_cost_of_the_best_is_the_target(farflung) -> None:
    """The two commands agree: what a search costs buys its target, and what a budget buys costs no more."""
    found = farflung("inverse", "compute", f"{BEST * 1.001} USD", *SMALL, "--format", "json")
    table = _pure(found.out)
    assert 1e25 <= table["quality_adjusted_flop"] < 1.02e25
    assert table["capital_cost_usd"] <= BEST * 1.001
    back = _search(farflung, *SMALL, "--target", f"{table['quality_adjusted_flop'] * (1 - 1e-9)}")
    assert _cost(back) <= table["capital_cost_usd"] * (1 + 1e-9)


def test_the_most_keeps_to_the_constraints_of_a_search(farflung) -> None:
    limits = (*SMALL, "--max-nodes", "20", "--min-chinchilla", "0.8")
    table = _pure(farflung("inverse", "compute", "40e6 USD", *limits, "--format", "json").out)
    assert table["nodes"] <= 20
    assert table["chinchilla_efficiency"] >= 0.8
    assert "C_quality" in farflung("inverse", "compute", "40e6 USD", *SMALL).out


def test_the_fewest_nodes(farflung) -> None:
    words = ("nodes", "paper-headline", "--target", "5e24")
    said = "17 nodes: quality_adjusted_flop reaches 5e+24 FLOP; with fewer it stays below\n"
    assert farflung("inverse", *words).out.startswith(said)
    table = _pure(farflung("inverse", *words, "--format", "json").out)
    assert (table["nodes"], table["output"], table["target"]) == (17, "quality_adjusted_flop", 5e24)
    assert table["command"] == "farflung inverse nodes paper-headline --target 5e+24"
    reached = [
        _pure(farflung("run", "paper-headline", "--set", f"nodes.count={n}", "--format", "json").out)
        for n in (16, 17)
    ]
    below, above = (one["quality_adjusted_flop"] for one in reached)
    assert below < 5e24 <= above
    assert farflung("inverse", "nodes", "paper-headline", "--target", "1").out.startswith("1 node: ")


def test_the_least_bandwidth(farflung) -> None:
    words = ("bandwidth", "paper-headline", "--set", "protocol.inner_steps=30")
    rate = _pure(farflung("inverse", *words, "--format", "json").out)["bandwidth_bps"]
    used = [
        _pure(
            farflung(
                "run", "paper-headline", "--set", "protocol.inner_steps=30", "--format", "json",
                "--set", f"network.upload={rate * share} bit/s",
                "--set", f"network.download={rate * share} bit/s",
            ).out
        )["utilisation"]
        for share in (0.999, 1.0)
    ]  # fmt: skip
    assert used[0] < 0.9 <= used[1] * (1 + 1e-9)
    assert "give a utilisation of 90.0%" in farflung("inverse", *words).out


def test_the_threshold_that_stops_a_target(farflung) -> None:
    words = ("--chips", "GH200", "--modes", "flat", "--max-nodes", "60")
    table = _pure(farflung("inverse", "threshold", *words, "--format", "json").out)
    limit = table["h100_equivalents"]
    assert table["reachable_at_rule"]
    assert "too many nodes" in table["why_not"] or "no design" in table["why_not"]
    text = farflung("inverse", "threshold", *words).out
    assert f"A limit of {limit} H100-equivalents" in text
    assert f"At {limit + 1} it is still reached" in " ".join(text.split())


def test_a_limit_below_a_single_chip_stops_it(farflung) -> None:
    """Below two H100-equivalents there is no B200 at all: an answer, not an error."""
    words = ("--chips", "B200", "--modes", "flat", "--target", "1e23", "--max-nodes", "5", "--format", "json")
    answer = farflung("inverse", "threshold", *words)
    assert answer.code == 0
    table = _pure(answer.out)
    assert table["h100_equivalents"] >= 2
    assert table["why_not"]


def test_thresholds_that_are_no_use(farflung) -> None:
    always = farflung("inverse", "threshold", *SMALL, "--target", "1e21", "--max-nodes", "1000")
    assert always.out.startswith("No whole limit stops")
    never = farflung("inverse", "threshold", *SMALL, "--max-nodes", "1")
    assert never.out.startswith("The rule's own limit already stops")
