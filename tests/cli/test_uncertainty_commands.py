"""``uncertainty``, ``sensitivity`` and ``waterfall``: what they print, and what they refuse."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pytest

from farflung import evaluate
from farflung.scenario import preset

FEW = ("--draws", "64")
QUALITY = "quality_adjusted_flop"
COMMANDS = {
    "uncertainty": ("uncertainty", "paper-headline", *FEW),
    "against": ("uncertainty", "paper-headline", *FEW, "--against", "paper-1gbps"),
    "sensitivity": ("sensitivity", "paper-headline", *FEW, "--lever", "network.upload=50 Mbps..200 Mbps"),
    "waterfall": ("waterfall", "paper-headline", "paper-1gbps"),
    "by input": ("waterfall", "paper-headline", "paper-1gbps", "--by", "input"),
}


def _pure(text: str) -> Any:
    """Return what JSON says; NaN and infinity are no JSON."""

    def refused(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refused)


def _json(farflung, *words: str) -> Any:
    answer = farflung(*words, "--format", "json")
    assert (answer.code, answer.err) == (0, "")
    return _pure(answer.out)


def _rows(farflung, *words: str) -> list[dict[str, str]]:
    answer = farflung(*words, "--format", "csv")
    assert (answer.code, answer.err) == (0, "")
    return list(csv.DictReader(io.StringIO(answer.out)))


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("case", COMMANDS)
def test_pages_fit_the_terminal(farflung, monkeypatch, case: str, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    answer = farflung(*COMMANDS[case])
    assert (answer.code, answer.err) == (0, "")
    # The command stays on one line, to be copied.
    lines = [line for line in answer.out.splitlines() if not line.startswith("$ ")]
    assert max(map(len, lines)) <= columns
    assert "nan" not in answer.out
    bars = [line for line in lines if "━" in line]
    assert bars or columns == 80
    # A bar is never broken into lines of its own.
    assert not [line for line in bars if set(line.strip()) <= set("━┿│ ")]


@pytest.mark.parametrize("case", COMMANDS)
def test_the_command_shown_asks_the_same_again(farflung, case: str) -> None:
    import shlex

    answer = farflung(*COMMANDS[case])
    (command,) = (line for line in answer.out.splitlines() if line.startswith("$ "))
    verb, *words = shlex.split(command.removeprefix("$ "))
    assert verb == "farflung"
    assert farflung(*words) == answer


@pytest.mark.parametrize("case", COMMANDS)
def test_json_names_the_command_and_the_seed(farflung, case: str) -> None:
    table = _json(farflung, *COMMANDS[case])
    provenance = table["provenance"]
    for one in provenance if isinstance(provenance, list) else [provenance]:
        assert one["command"].startswith("farflung ")
    assert table["python"].startswith("farflung.")


def test_quantiles_rise_and_are_those_of_the_csv(farflung) -> None:
    table = _json(farflung, *COMMANDS["uncertainty"])
    assert (table["draws"], table["feasible_share"], table["pairs"], table["against"]) == (
        64,
        1.0,
        None,
        None,
    )
    rows = {row["name"]: row for row in _rows(farflung, *COMMANDS["uncertainty"])}
    assert {one["name"] for one in table["outputs"]} == set(rows)
    for one in table["outputs"]:
        quantiles = list(one["quantiles"].values())
        assert list(one["quantiles"]) == ["5%", "25%", "50%", "75%", "95%"]
        assert quantiles == sorted(quantiles)
        assert float(rows[one["name"]]["50%"]) == one["quantiles"]["50%"]


def test_the_seed_decides_and_draws_are_rounded_up(farflung) -> None:
    words = ("uncertainty", "paper-headline", "--draws", "33")
    tables = [_json(farflung, *words, "--seed", seed) for seed in ("1", "1", "2")]
    assert tables[0]["draws"] == 64
    assert tables[0] == tables[1]
    assert tables[0]["outputs"] != tables[2]["outputs"]
    assert tables[0]["provenance"]["seed"] == 1


def test_limits_of_ones_own(farflung) -> None:
    words = (*COMMANDS["uncertainty"], "--limit", f"{QUALITY}=1e20", "--limit", f"{QUALITY}=1e30")
    limits = _json(farflung, *words, "--limit", "capital_cost_usd=30 USD")["limits"]
    assert [one["probability"] for one in limits] == [1.0, 0.0, 1.0]
    text = " ".join(farflung(*words).out.split())
    assert "miri-2025" not in text
    assert "1e+20 FLOP in 100%, 1e+30 FLOP in 0% of the draws" in text


def test_only_all_and_none_of_the_draws_are_certain(farflung) -> None:
    """One draw of 4,096 on the other side is not '100.0%'."""
    rows = _json(farflung, "uncertainty", "paper-headline")["outputs"]
    (mean,) = (one for one in rows if one["name"] == "power_w")
    from farflung.analysis.uncertainty import uncertainty

    samples = sorted(uncertainty("paper-headline").samples["power_w"])
    between = [(samples[0] + samples[1]) / 2, (samples[-2] + samples[-1]) / 2]
    text = farflung(
        "uncertainty", "paper-headline", *(w for at in between for w in ("--limit", f"power_w={float(at)!r}"))
    ).out
    assert "> 99.9%" in text
    assert "< 0.1%" in text
    assert mean["mean"] == pytest.approx(sum(samples) / len(samples))


def test_a_second_scenario_is_compared_on_the_same_draws(farflung) -> None:
    table = _json(farflung, *COMMANDS["against"])
    alone = _json(farflung, "uncertainty", "paper-1gbps", *FEW)
    assert table["against"]["outputs"] == alone["outputs"]
    pairs = {one["name"]: one for one in table["pairs"]}
    # Both have the same chips, server and network factors: the ratio of costs is certain, as each is not.
    ratio = pairs["capital_cost_usd"]["ratio"]
    assert ratio["5%"] == pytest.approx(ratio["95%"], rel=1e-9)
    assert all(0.0 <= one["first_greater"] + one["second_greater"] <= 1.0 for one in pairs.values())
    itself = _json(farflung, "uncertainty", "paper-headline", *FEW, "--against", "paper-headline")["pairs"]
    assert all(one["first_greater"] == one["second_greater"] == 0.0 for one in itself)
    assert "First over" not in farflung(*COMMANDS["uncertainty"], "--against", "paper-headline").out


def test_an_infeasible_run_is_an_answer(farflung) -> None:
    words = ("paper-headline", "--set", "tokens=1e18 tokens")
    answer = farflung("uncertainty", *words, *FEW)
    assert answer.code == 0
    assert "feasible in 0%" in answer.out
    assert "infeasible at the point values" in " ".join(answer.out.split())
    table = _json(farflung, "uncertainty", *words, *FEW)
    assert table["feasible_share"] == 0.0
    assert all(one["probability"] == 0.0 for one in table["limits"])


def test_bars_are_the_model_at_the_ends_of_a_lever(farflung) -> None:
    table = _json(farflung, *COMMANDS["sensitivity"])
    (bar,) = (one for one in table["tornado"] if one["name"] == "network.upload")
    ends = [
        evaluate(preset("paper-headline").with_({"network.upload": f"{rate} Mbps"})) for rate in (50, 200)
    ]
    assert [bar["low"], bar["high"]] == [pytest.approx(getattr(one, QUALITY), rel=1e-12) for one in ends]
    rows = {row["name"]: row for row in _rows(farflung, *COMMANDS["sensitivity"])}
    assert set(rows) == {one["name"] for one in table["tornado"]}
    assert float(rows["network.upload"]["low"]) == bar["low"]


def test_shares_of_the_variance_make_sense(farflung) -> None:
    table = _json(farflung, "sensitivity", "paper-headline", "--draws", "512")
    shares = table["sobol"]
    totals = [one["total"] for one in shares]
    assert totals == sorted(totals, reverse=True)
    assert sum(one["first"] for one in shares) == pytest.approx(1.0, abs=0.15)
    assert sum(totals) >= 0.9
    for one in shares:
        assert one["first"] <= one["total"] + 2 * (one["first_error"] + one["total_error"])
    assert not {one["name"] for one in shares} & set(table["without_effect"])


@pytest.mark.parametrize("output", ["capital_cost_usd", "utilisation", "tokens"])
def test_other_outputs(farflung, output: str) -> None:
    table = _json(farflung, "sensitivity", "paper-headline", *FEW, "--output", output)
    assert (table["output"], table["scale"]) == (output, "linear")
    assert table["sobol"] or table["notes"]
    assert output in farflung("sensitivity", "paper-headline", *FEW, "--output", output).out


@pytest.mark.parametrize("output", [QUALITY, "capital_cost_usd", "run_cost_usd", "total_cost_usd"])
@pytest.mark.parametrize("by", ["factor", "input"])
def test_terms_add_up_and_multiply(farflung, output: str, by: str) -> None:
    table = _json(farflung, *COMMANDS["waterfall"], "--output", output, "--by", by)
    amounts = [one["amount"] for one in table["terms"]]
    assert math.fsum(amounts) == pytest.approx(table["second"] - table["first"], rel=1e-9)
    ratios = [one["ratio"] for one in table["terms"]]
    if None not in ratios:
        assert math.prod(ratios) == pytest.approx(table["second"] / table["first"], rel=1e-9)
    rows = _rows(farflung, *COMMANDS["waterfall"], "--output", output, "--by", by)
    assert [float(row["amount"]) for row in rows] == amounts


def test_what_does_nothing_is_said_to_do_nothing(farflung) -> None:
    """The nodes of the two differ in name only: that is not 'unchanged'."""
    assert "Without effect: nodes.hardware" in farflung(*COMMANDS["by input"]).out
    assert "Unchanged: Peak of a node" in farflung(*COMMANDS["waterfall"]).out


REFUSED = {
    "too few draws": (("uncertainty", "paper-headline", "--draws", "1"), "draws: 1 is not"),
    "no draws": (("uncertainty", "paper-headline", "--draws", "0"), "draws: 0 is not"),
    "too many draws": (("uncertainty", "paper-headline", "--draws", "1000000000"), "262144"),
    "negative seed": (("uncertainty", "paper-headline", "--seed=-1"), "seed: -1 is not"),
    "scenario": (("uncertainty", "paper-hedline"), "did you mean 'paper-headline'"),
    "second scenario": (("uncertainty", "paper-headline", "--against", "paper-1gbs"), "paper-1gbps"),
    "limit without value": (("uncertainty", "paper-headline", "--limit", QUALITY), "--limit: "),
    "limit on nothing": (("uncertainty", "paper-headline", "--limit", "=3"), "OUTPUT=VALUE"),
    "limit on no output": (("uncertainty", "paper-headline", "--limit", "qualty=3"), "unknown output"),
    "limit nan": (("uncertainty", "paper-headline", "--limit", f"{QUALITY}=nan"), "not a finite number"),
    "limit inf": (("uncertainty", "paper-headline", "--limit", f"{QUALITY}=inf"), "not a finite number"),
    "limit in words": (("uncertainty", "paper-headline", "--limit", f"{QUALITY}=much"), "limit on"),
    "limit of another unit": (("uncertainty", "paper-headline", "--limit", "power_w=3 GB"), "limit on"),
    "output": (("sensitivity", "paper-headline", "--output", "capital_cost"), "capital_cost_usd"),
    "lever without ends": (("sensitivity", "paper-headline", "--lever", "nodes.count"), "FIELD=LOW..HIGH"),
    "half a lever": (("sensitivity", "paper-headline", "--lever", "nodes.count=3.."), "FIELD=LOW..HIGH"),
    "lever of no field": (("sensitivity", "paper-headline", "--lever", "nodes.cout=3..4"), "nodes.count"),
    "lever of no width": (("sensitivity", "paper-headline", "--lever", "nodes.count=3..3"), "different ends"),
    "lever without unit": (("sensitivity", "paper-headline", "--lever", "network.upload=5..9"), "no unit"),
    "lever nan": (("sensitivity", "paper-headline", "--lever", "nodes.mfu=nan..0.5"), "nodes.mfu"),
    "draws": (("sensitivity", "paper-headline", "--draws", "1"), "draws: 1 is not"),
    "seed": (("sensitivity", "paper-headline", "--seed", "4294967296"), "seed"),
    "second": (("waterfall", "paper-headline", "paper-1gbs"), "did you mean 'paper-1gbps'"),
    "no product": (
        ("waterfall", "paper-headline", "paper-1gbps", "--output", "loss"), "is no product and no sum",
    ),
    "waterfall output": (
        ("waterfall", "paper-headline", "paper-1gbps", "--output", "quality"), "quality_adjusted_flop",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_one_line(farflung, case: str) -> None:
    words, said = REFUSED[case]
    answer = farflung(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert said in answer.err


def test_words_that_are_no_choice_are_usage_errors(farflung) -> None:
    for words in (
        ("waterfall", "paper-headline", "paper-1gbps", "--by", "cause"),
        ("uncertainty", "paper-headline", "--draws", "many"),
        ("sensitivity", "paper-headline", "--format", "xml"),
        ("waterfall", "paper-headline"),
    ):
        answer = farflung(*words)
        assert (answer.code, answer.out) == (2, "")
        assert "Traceback" not in answer.err
