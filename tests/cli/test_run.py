"""run, explain, compare: the answer in each format, and how it came about."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from typing import Any

import pytest

from farflung import evaluate, presets
from farflung.cli.answer import OutputFormat
from farflung.outcome import OUTPUTS


def _strict(text: str):
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_page_fits_a_screen_and_shows_cost_with_what_it_buys(farflung) -> None:
    answer = farflung("run", "paper-headline")
    assert (answer.code, answer.err) == (0, "")
    assert len(answer.out.splitlines()) <= 40
    flat = " ".join(answer.out.split())
    assert "$30.73 million of hardware buys C_quality 6.367e+24 FLOP (C_local 1.019e+25 FLOP)" in flat
    for said in ("740 days", "miri-2026-04", "extrapolated", "1.067 GB", "45.23 Mbit/s", "3.144 min",
                 "$18.8 million", "Waits for compute", "--full"):  # fmt: skip
        assert said in flat
    broken = "A node exceeds limits of rules, by memory (2.304 TB): miri-2025-memory-2tb, miri-2026-memory"
    assert broken in flat
    assert "Infeasible" not in answer.out


def test_full_is_everything(farflung) -> None:
    flat = " ".join(farflung("run", "paper-headline", "--full").out.split())
    outcome = evaluate("paper-headline")
    for output in OUTPUTS.values():
        if getattr(outcome, output.name) is not None and output.group != "efficiency":
            assert f"{output.label} " in flat
    assert "protocol.compression 150 default of miri-2026-04" in flat
    assert all(source.key in flat for source in outcome.citations())


@pytest.mark.parametrize("name", [None, "model.parameters=400e9", "model.parameters=1e15", "tokens=1e18"])
def test_every_format_of_every_kind_of_run(farflung, name: str | None) -> None:
    changes = () if name is None else ("--set", name)
    for how in OutputFormat:
        answer = farflung("run", "paper-headline", *changes, "--format", how.value)
        assert (answer.code, answer.err) == (0, "")
        assert answer.out
    assert answer.out.startswith("<svg")
    assert "url(http" not in answer.out


def test_one_option_sets_every_link(farflung) -> None:
    def network(*words: str) -> dict[str, Any]:
        return _strict(farflung("run", "paper-headline", *words, "--format", "json").out)["scenario"][
            "network"
        ]

    found = network("--links", "10 Mbps", "--set", "network.latency=1 ms")
    for link in (found, found["regional"], found["pipeline"]):
        assert (link["upload"], link["download"]) == (1e7, 1e7)
    found = network("--links", "100Mbps/1Gbps")
    assert (found["upload"], found["download"]) == (1e8, 1e9)
    answer = farflung("run", "paper-headline", "--links", "10")
    assert (answer.code, answer.err) == (
        2, "error: --links: '10' has no unit; nearest valid: for example '100 Mbps'\n",
    )  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_the_page_fits_the_terminal(farflung, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for words in (("run", "paper-headline"), ("catalog", "chips"), ("presets",), ("catalog", "fields")):
        lines = farflung(*words).out.splitlines()
        # The closing line is a command to copy, whole.
        assert max(len(line) for line in lines if not line.startswith("$")) <= width
        assert not any(line != line.rstrip() for line in lines)
        assert not any("…" in line for line in lines)


@pytest.mark.parametrize("name", presets())
def test_every_preset_runs_in_every_format(farflung, name: str) -> None:
    assert farflung("run", name).code == 0
    outcome = evaluate(name)
    data = _strict(farflung("run", name, "--format", "json").out)
    assert {key: data[key] for key in OUTPUTS} == outcome.values()
    rows = {
        row["name"]: row for row in csv.DictReader(io.StringIO(farflung("run", name, "--format", "csv").out))
    }
    for key, output in OUTPUTS.items():
        value = outcome.values()[key]
        assert rows[key]["unit"] == output.unit
        assert rows[key]["value"] == "" if value is None else float(rows[key]["value"]) == value


def test_json_is_the_outcome(farflung) -> None:
    data = _strict(farflung("run", "paper-headline", "--format", "json").out)
    assert data == evaluate("paper-headline").to_dict()
    assert data["provenance"]["command"] == "farflung run paper-headline"


def test_the_command_on_record_gives_the_same_answer_again(farflung, tmp_path) -> None:
    file = tmp_path / "it's mine.toml"
    assert farflung("init", str(file)).code == 0
    first = farflung("run", str(file), "--set", "network.upload=10 Mbps", "--set", "nodes.count=72",
                     "--assumptions", "miri-2026-02", "--format", "json").out  # fmt: skip
    command = _strict(first)["provenance"]["command"]
    words = shlex.split(command)
    assert words[:2] == ["farflung", "run"]
    assert farflung(*words[1:], "--format", "json").out == first


def test_the_page_ends_with_its_command_on_one_line(farflung) -> None:
    changes = ("--set", f"name={'long ' * 40}")
    command = shlex.join(["farflung", "run", "paper-headline", *changes])
    assert farflung("run", "paper-headline", *changes).out.endswith(f"\n$ {command}\n")


def test_set_reads_toml_values_and_plain_text(farflung) -> None:
    def scenario(*changes: str):
        words = [word for change in changes for word in ("--set", change)]
        return _strict(farflung("run", "paper-headline", *words, "--format", "json").out)["scenario"]

    assert scenario("nodes.count=72")["nodes"]["count"] == 72
    assert scenario("network.upload=10 Mbps")["network"]["upload"] == 1e7
    assert scenario('network.upload="10 Mbps"')["network"]["upload"] == 1e7
    assert scenario("protocol.streaming=false")["protocol"]["streaming"] is False
    assert scenario("model.parameters = 100e9")["model"]["parameters"] == 1e11
    assert scenario("nodes.hardware=16x H100 SXM")["nodes"]["hardware"] == "16x H100 SXM"
    assert scenario("name=2026-04-01")["name"] == "2026-04-01"
    assert scenario("name=a = b")["name"] == "a = b"
    assert scenario("name=1\nnodes = 2")["name"] == "1\nnodes = 2"
    assert scenario("nodes.count=2", "nodes.count=3")["nodes"]["count"] == 3


def test_infeasible_is_an_answer(farflung) -> None:
    words = ("run", "paper-headline", "--set", "model.parameters=400e9")
    answer = farflung(*words)
    assert (answer.code, answer.err) == (0, "")
    top = " ".join(answer.out.split())
    assert "Infeasible as described" in top
    assert "Binding constraint: model.parameters" in top
    assert "Nearest feasible: 1.645e+11 parameters, or mode = 'pipeline_groups'" in top
    assert "trains nothing" in top
    data = _strict(farflung(*words, "--format", "json").out)
    assert data["feasible"] is False
    assert data["binding_constraint"] == "model.parameters"
    assert data["quality_adjusted_flop"] is None


def test_too_many_tokens_is_infeasible_with_numbers(farflung) -> None:
    out = farflung("run", "paper-headline", "--set", "tokens=1e15").out
    assert "Binding constraint: duration" in out
    assert "C_quality" in out


def test_auto_says_what_it_chose(farflung) -> None:
    changes = ("--set", "protocol.mode=auto", "--set", "model.parameters=400e9")
    out = farflung("run", "paper-headline", *changes).out
    assert "choice" in out
    assert "pipeline_groups" in out


def test_hardware_without_price_has_no_cost(farflung) -> None:
    changes = ("--set", "nodes.peak=15 PFLOP/s", "--set", "nodes.memory=3 TB")
    answer = farflung("run", "paper-headline", *changes)
    assert answer.code == 0
    assert "Capital cost unknown" in answer.out


def test_explain_shows_every_quantity_once(farflung) -> None:
    answer = farflung("explain", "paper-headline")
    assert answer.code == 0
    assert answer.out.startswith("quality_adjusted_flop = 6.367e+24 FLOP   C_quality = C_local χ")
    assert "[besiroglu2024chinchilla]" in answer.out
    told = [line for line in answer.out.splitlines() if " reference_flop = " in line]
    assert len(told) == 1
    latency = [line for line in answer.out.splitlines() if " latency = " in line]
    assert [("see above" in line) for line in latency] == [False] + [True] * (len(latency) - 1)


def test_explain_accepts_every_quantity_that_a_flag_names(farflung) -> None:
    for flag in evaluate("paper-headline").flags:
        assert farflung("explain", "paper-headline", flag.subject, "--depth", "1").code == 0
    assert farflung("explain", "paper-headline", "divergence_penalty").out.startswith("divergence_penalty = ")


def test_explain_stops_at_the_depth_asked_for(farflung) -> None:
    alone = farflung("explain", "paper-headline", "--depth", "0").out.splitlines()
    assert alone[1:] == ["", "$ farflung explain paper-headline --depth 0"]
    out = farflung("explain", "paper-headline", "capital_cost_usd", "--depth", "1").out
    assert "chips = 544  (more below: --depth)" in out
    assert "nodes" not in out
    data = _strict(farflung("explain", "paper-headline", "--depth", "1", "--format", "json").out)
    assert [one["inputs"] for one in data["inputs"]] == [[], []]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("mode", ["flat", "hierarchical", "pipeline_groups", "data_parallel"])
def test_explain_answers_what_run_answers(farflung, output: str, mode: str) -> None:
    words = ("paper-headline", output, "--set", f"protocol.mode={mode}")
    data = _strict(farflung("explain", *words, "--format", "json").out)
    ours = evaluate("paper-headline") if mode == "flat" else None
    if ours is not None:
        assert data["value"] == getattr(ours, output)
    assert farflung("explain", *words).code == 0


def test_explain_json_tells_a_quantity_in_full_once(farflung) -> None:
    data = _strict(farflung("explain", "paper-headline", "--format", "json").out)
    told: dict[str, int] = {}

    def walk(one) -> None:
        told[one["name"]] = told.get(one["name"], 0) + (not one["repeated"])
        for part in one["inputs"]:
            assert not one["repeated"]
            walk(part)

    walk(data)
    assert set(told.values()) == {1}


def test_compare_shows_only_differences(farflung) -> None:
    answer = farflung("compare", "paper-headline", "paper-1gbps")
    assert answer.code == 0
    assert "network.upload" in answer.out
    assert "model.moe_layers" not in answer.out
    data = _strict(farflung("compare", "paper-headline", "paper-1gbps", "--format", "json").out)
    assert data["scenarios"] == ["paper-headline", "paper-1gbps"]
    outputs = {row["name"]: row for row in data["outputs"]}
    first, second = outputs["capital_cost_usd"]["values"]
    assert math.isclose(outputs["capital_cost_usd"]["ratios"][1], second / first)
    assert all(len(set(map(str, row["values"]))) > 1 for row in [*data["inputs"], *data["outputs"]])
    upload = next(row for row in data["inputs"] if row["name"] == "network.upload")
    assert (upload["values"], upload["unit"]) == ([1e8, 1e9], "bit/s")


def test_compare_shows_what_is_believed_differently(farflung) -> None:
    data = _strict(farflung("compare", "paper-headline", "governance-config-a", "--format", "json").out)
    names = {row["name"] for row in data["inputs"]}
    assert {"assumptions", "server_cost_factor", "protocol.compression"} <= names


def test_compare_of_a_thing_with_itself_is_empty(farflung) -> None:
    out = farflung("compare", "paper-headline", "paper-headline", "--set", "nodes.count=2").out
    assert out.splitlines()[1] == "They come to the same."
