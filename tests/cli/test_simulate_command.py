"""``farflung simulate``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import csv
import json
import shlex

import pytest

SHORT = ("simulate", "governance-72-nodes", "--set", "nodes.count=8", "--set", "tokens=1e11")
FEW = (*SHORT, "--runs", "3")
"""Short runs of few nodes."""


def _json(farflung, *words: str):
    answer = farflung(*FEW, *words, "--format", "json")
    assert (answer.code, answer.err) == (0, "")
    return json.loads(answer.out, parse_constant=pytest.fail)


@pytest.mark.parametrize("columns", [80, 100])
def test_the_page_fits_the_terminal(farflung, monkeypatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    answer = farflung(*FEW, "--policy", "quorum:0.9", "--late", "merge", "--seed", "7")
    assert (answer.code, answer.err) == (0, "")
    lines = [line for line in answer.out.splitlines() if not line.startswith("$ ")]
    assert max(map(len, lines)) <= columns
    assert " nan" not in answer.out
    for said in ("seed 7", "quorum:0.9", "Goodput", "prior: ", "measured: ", "is outside"):
        assert said in answer.out


def test_the_command_shown_asks_the_same_again(farflung) -> None:
    words = ("--policy", "deadline:3 hours", "--spares", "1", "--set", "fault_model.repair_time=1 day")
    answer = farflung(*FEW, *words)
    (command,) = (line for line in answer.out.splitlines() if line.startswith("$ "))
    verb, *again = shlex.split(command.removeprefix("$ "))
    assert verb == "farflung"
    assert farflung(*again) == answer


def test_json_holds_every_run_and_on_whose_word(farflung) -> None:
    table = _json(farflung, "--seed", "5", "--set", "fault_model.repair_time=1 day", "--policy", "backup:1.2")
    outputs = {one["name"]: one for one in table["outputs"]}
    assert all(len(one["values"]) == table["runs"] == 3 for one in outputs.values())
    shares = [outputs[name]["mean"] for name in ("goodput", "waiting", "lost_work", "down")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-9)
    for one in outputs.values():
        quantiles = [value for value in one["quantiles"].values() if value is not None]
        assert quantiles == sorted(quantiles)
    assert outputs["duration_s"]["planned"] < outputs["duration_s"]["quantiles"]["50%"]
    conditions = {one["name"]: one for one in table["conditions"]}
    assert (conditions["repair_time"]["value"], conditions["repair_time"]["evidence_level"]) == (
        86400.0,
        "given",
    )
    assert conditions["outage_time"]["evidence_level"] == "prior"
    assert all(one["source"] for one in conditions.values() if one["evidence_level"] != "given")
    assert table["fault_model"]["policy"] == "backup:1.2"
    made = table["provenance"]
    assert (made["seed"], len(made["assumptions_hash"])) == (5, 16)
    again = farflung(*shlex.split(made["command"])[1:], "--format", "json")
    assert json.loads(again.out) == table


def test_the_seed_decides_and_runs_do_not_depend_on_each_other(farflung) -> None:
    one, same, other = (_json(farflung, "--seed", seed)["outputs"] for seed in ("1", "1", "2"))
    assert one == same
    assert one != other


def test_options_a_file_and_changes_say_the_same(farflung, tmp_path) -> None:
    file = tmp_path / "fault_model.toml"
    file.write_text('policy = "quorum:0.5"\nlate = "merge"\nrepair_time = "1 day"\n', encoding="utf-8")
    ways = (
        ("--fault-model", str(file)),
        ("--policy", "quorum:0.5", "--late", "merge", "--set", "fault_model.repair_time=1 day"),
        tuple(
            word
            for text in ("policy=quorum:0.5", "late=merge", "repair_time=1 day")
            for word in ("--set", f"fault_model.{text}")
        ),
    )
    first, *others = (_json(farflung, *words)["outputs"] for words in ways)
    assert all(one == first for one in others)
    assert (
        _json(farflung, "--fault-model", str(file), "--policy", "barrier")["fault_model"]["policy"]
        == "barrier"
    )


def test_files_of_the_first_run(farflung, tmp_path) -> None:
    trace, traffic, plot = (tmp_path / name for name in ("t.json", "t.csv", "p.html"))
    files = ("--trace", str(trace), "--traffic", str(traffic), "--plot", str(plot), "--rounds", "3")
    answer = farflung(*FEW, *files)
    assert (answer.code, answer.err) == (0, "")
    assert "run 0, first 3 synchronisations, 8 replicas" in " ".join(answer.out.split())
    events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    assert {one["ph"] for one in events} == {"X", "M"}
    with traffic.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["worker"] for row in rows} == {str(worker) for worker in range(8)}
    assert max(float(row["sent_bps"]) for row in rows) > 1e6
    page = plot.read_text(encoding="utf-8")
    assert "becomes training" in page
    assert "<script src" not in page


def test_a_run_that_cannot_go_on_is_an_answer(farflung) -> None:
    answer = farflung(*FEW, "--policy", "barrier", "--set", "fault_model.stay_time=5 days")
    assert (answer.code, answer.err) == (0, "")
    text = " ".join(answer.out.split())
    assert "fault_model.policy" in text
    assert "cannot go on" in text
    assert "Nearest feasible" in text
    table = _json(farflung, "--policy", "barrier", "--set", "fault_model.stay_time=5 days")
    assert table["feasible"] is False
    assert table["flags"][-1]["kind"] == "infeasible"


REFUSED = {
    "policy": (("--policy", "quorun:0.9"), "did you mean 'quorum'"),
    "share": (("--policy", "quorum:1.9"), "is not from 0 to 1"),
    "late": (("--late", "wait"), "fault_model.late"),
    "transport": (("--transport", "rign"), "nearest valid: ring"),
    "fragments": (("--fragments", "0"), "fault_model.fragments"),
    "spares": (("--spares", "-1"), "fault_model.spares"),
    "no runs": (("--runs", "0"), "runs: 0 is not"),
    "many runs": (("--runs", "1000000000"), "100000"),
    "seed": (("--seed", "-1"), "seed"),
    "no rounds": (("--rounds", "0"), "--rounds: 0 is not"),
    "key": (("--set", "fault_model.repair_tim=1 day"), "'repair_time'"),
    "scenario key": (("--set", "nodes.cout=3"), "'nodes.count'"),
    "unit": (("--set", "fault_model.repair_time=3"), "has no unit"),
    "no value": (("--set", "fault_model.repair_time"), "KEY=VALUE"),
    "overlap": (("--overlap-steps", "3", "--set", "protocol.streaming=false"), "block"),
    "no file": (("--fault-model", "nowhere.toml"), "cannot be read"),
    "no text": (("--fault-model", "binary.toml"), "not text in UTF-8"),
    "a folder": (("--fault-model", "."), "cannot be read"),
    "trace without folder": (("--trace", "nowhere/t.json"), "no folder"),
    "trace is a folder": (("--trace", "."), "is a folder"),
    "traffic without folder": (("--traffic", "nowhere/t.csv"), "no folder"),
    "plot of another kind": (("--plot", "p.gif"), "does not say how to draw it"),
    "plot without folder": (("--plot", "nowhere/p.html"), "no folder"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_one_line(farflung, tmp_path, monkeypatch, case: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    words, said = REFUSED[case]
    answer = farflung(*(SHORT if "--runs" in words else FEW), *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert said in answer.err


def test_the_progress_is_told_in_percent(monkeypatch) -> None:
    from farflung.cli.simulate import in_percent

    told: list[tuple[int, int]] = []
    tell = in_percent(lambda done, total: told.append((done, total)))
    for share in (0.001, 0.004, 0.02, 0.0201, 1.0):
        tell(share)
    assert told == [(0, 100), (2, 100), (100, 100)]
