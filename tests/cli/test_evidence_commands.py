"""reproduce and contradictions: what they print and when they fail, on a ledger made for the test."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import pytest

from farflung.evidence import ledger, vectors

CLAIM = ledger.Claim(
    id="S1", document="paper", place="Table 1", claim="cost [of all]", published="31", unit="million USD",
    printed_step=1.0, recorded_status="differs", expression="capital_cost", reason="rounded up", ours=30.7,
    status="differs",
)  # fmt: skip


def _judged(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> ledger.Ledger:
    answer = ledger.Ledger((replace(CLAIM, **changes),))

    def reproduce(document: str | None = None, progress: Any = None) -> ledger.Ledger:
        assert document in {None, "paper"}
        assert progress is None  # under a test stderr is no terminal
        return answer

    monkeypatch.setattr(ledger, "reproduce", reproduce)
    return answer


def test_a_ledger_that_holds_is_code_0(farflung, monkeypatch) -> None:
    judged = _judged(monkeypatch)
    answer = farflung("reproduce", "--document", "paper")
    assert (answer.code, answer.err) == (0, "")
    for said in (
        "31 million USD",
        "30.7",
        "cost [of all]",
        "rounded up",
        "No claim has drifted",
        "Differs: 1",
    ):
        assert said in " ".join(answer.out.split()), said
    found = json.loads(farflung("reproduce", "--format", "json").out)
    assert found == json.loads(json.dumps(judged.to_dict()))
    assert (found["counts"]["differs"], found["drifted"]) == (1, [])
    page = farflung("reproduce", "--format", "markdown").out
    assert page.startswith("# Ledger of published claims")
    assert "| S1 | cost [of all] | 31 million USD | 30.7 | differs | `capital_cost` |" in page


@pytest.mark.parametrize("how", ["table", "json", "markdown"])
def test_a_drifted_claim_is_code_1(farflung, monkeypatch, how: str) -> None:
    _judged(monkeypatch, recorded_status="reproduced", ours=(1.0, 2.0))
    answer = farflung("reproduce", "--format", how)
    assert answer.code == 1
    if how == "table":
        assert "S1 has drifted: differs, on record reproduced." in answer.out
        assert "Drifted: 1" in answer.out
        assert "1 to 2" in answer.out
    if how == "json":
        assert json.loads(answer.out)["drifted"] == ["S1"]


def test_a_claim_that_no_longer_comes_out_is_shown(farflung, monkeypatch) -> None:
    _judged(monkeypatch, recorded_status="reproduced", ours=None, reason="")
    assert "31 million USD" in " ".join(farflung("reproduce").out.split())


@pytest.mark.parametrize("passed", [True, False])
def test_vectors(farflung, monkeypatch, passed: bool) -> None:
    error = 1e-12 if passed else 0.5
    report = vectors.VectorReport("some.json", 7, 70, error, vectors.Worst(3, "loss", 2.0, 1.0))
    monkeypatch.setattr(vectors, "check", lambda path: report)
    answer = farflung("reproduce", "--vectors", "some.json")
    assert answer.code == (0 if passed else 1)
    assert "7 cases" in answer.out
    assert "loss of case 3" in answer.out
    found = json.loads(farflung("reproduce", "--vectors", "some.json", "--format", "json").out)
    assert found["passed"] is passed
    assert found["worst"]["field"] == "loss"


def test_the_real_ledger_of_one_document(farflung) -> None:
    found = json.loads(farflung("reproduce", "--document", "blog", "--format", "json").out)
    assert set(found["documents"]) == {"blog"}
    assert found["drifted"] == []


def test_a_bar_shows_progress_on_a_terminal_and_only_there(farflung, monkeypatch) -> None:
    steps: list[tuple[int, int]] = []
    real = ledger.reproduce

    def reproduce(document: str | None = None, progress: Any = None) -> ledger.Ledger:
        def watched(done: int, total: int) -> None:
            steps.append((done, total))
            progress(done, total)

        return real(document, watched)

    monkeypatch.setattr(ledger, "reproduce", reproduce)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    answer = farflung("reproduce", "--document", "blog", "--format", "json")
    assert steps[-1][0] == steps[-1][1] > 0
    assert "Rerunning claims" in answer.err
    assert json.loads(answer.out)["documents"]


def test_contradictions(farflung) -> None:
    recorded = ledger.contradictions()
    out = farflung("contradictions").out
    assert all(one.id in out for one in recorded)
    found = json.loads(farflung("contradictions", "--format", "json").out)
    assert [one["id"] for one in found] == [one.id for one in recorded]
    page = farflung("contradictions", "--format", "markdown").out
    assert sum(line.startswith("| C") for line in page.splitlines()) == len(recorded)
