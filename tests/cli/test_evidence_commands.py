"""reproduce and contradictions: what they print and when they fail, on a ledger made for the test."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from typing import Any

import pytest

from farflung.evidence import ledger, vectors


@dataclass(frozen=True)
class _Claim:
    id: str = "S1"
    document: str = "paper"
    place: str = "Table 1"
    claim: str = "cost [of all]"
    inputs: str = ""
    published: str = "31"
    unit: str = "million USD"
    ours: Any = 30.7
    status: str = "differs"
    recorded_status: str = "differs"
    reason: str = "rounded up"
    expression: str = "capital_cost"


@dataclass(frozen=True)
class _Ledger:
    claims: tuple[_Claim, ...]
    counts: dict[str, int]
    documents: dict[str, dict[str, int]]
    drifted: tuple[_Claim, ...] = ()


COUNTS = {"reproduced": 0, "differs": 1}


def _judged(monkeypatch: pytest.MonkeyPatch, *, drifted: bool = False, **changes: Any) -> None:
    claim = replace(_Claim(), **changes)
    answer = _Ledger((claim,), COUNTS, {"paper": COUNTS}, (claim,) if drifted else ())

    def judge(document: str | None = None, progress: Any = None) -> _Ledger:
        assert document in {None, "paper"}
        assert progress is None  # under a test stderr is no terminal
        return answer

    monkeypatch.setattr(ledger, "judge", judge)


def test_a_ledger_that_holds_is_code_0(farflung, monkeypatch) -> None:
    _judged(monkeypatch)
    answer = farflung("reproduce", "--document", "paper")
    assert (answer.code, answer.err) == (0, "")
    assert "published 31 million USD, ours 30.7" in answer.out
    assert "cost [of all]" in answer.out
    assert "rounded up" in answer.out
    assert "No claim has drifted" in answer.out
    found = json.loads(farflung("reproduce", "--format", "json").out)
    assert found == {"counts": COUNTS, "documents": {"paper": COUNTS}, "drifted": []}
    page = farflung("reproduce", "--format", "markdown").out
    assert page.startswith("# Ledger of published claims")
    assert "| S1 | cost [of all] | 31 million USD | 30.7 | differs | `capital_cost` |" in page


@pytest.mark.parametrize("how", ["table", "json", "markdown"])
def test_a_drifted_claim_is_code_1(farflung, monkeypatch, how: str) -> None:
    _judged(monkeypatch, drifted=True, recorded_status="reproduced", ours=(1.0, 2.0))
    answer = farflung("reproduce", "--format", how)
    assert answer.code == 1
    if how == "table":
        assert "Drifted from the record: 1" in answer.out
        assert "(on record: reproduced)" in answer.out
        assert "ours 1 to 2" in answer.out
    if how == "json":
        assert json.loads(answer.out)["drifted"] == ["S1"]


def test_a_claim_that_no_longer_comes_out_is_shown(farflung, monkeypatch) -> None:
    _judged(monkeypatch, drifted=True, recorded_status="reproduced", ours=None, reason="")
    assert "ours –" in farflung("reproduce").out


@pytest.mark.parametrize("passed", [True, False])
def test_vectors(farflung, monkeypatch, passed: bool) -> None:
    error = 1e-12 if passed else 0.5
    report = vectors.VectorReport(7, 70, error, vectors.Worst(3, "loss", 2.0, 1.0))
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
    real = ledger.judge

    def judge(document: str | None = None, progress: Any = None) -> ledger.Ledger:
        def watched(done: int, total: int) -> None:
            steps.append((done, total))
            progress(done, total)

        return real(document, watched)

    monkeypatch.setattr(ledger, "judge", judge)
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
