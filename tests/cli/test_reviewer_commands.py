"""evidence and headlines: the same answers for people, for programs and as pages."""

from __future__ import annotations

import json
from functools import cache, partial

import pytest

from farflung.analysis import headlines as answers
from farflung.analysis.search import GRIDS
from farflung.catalog.tables import assumption_names
from farflung.evidence.review import review


def test_evidence_as_a_table_as_json_and_as_a_figure(farflung, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("farflung.cli.evidence.review", cache(review))
    answer = farflung("evidence", "--draws", "10", "--plot", str(tmp_path / "figure.html"))
    assert (answer.code, answer.err) == (0, "")
    for words in ("Scaling law", "Stragglers", "What would change our mind"):
        assert words in answer.out
    assert "no cost at all" in (tmp_path / "figure.html").read_text(encoding="utf-8")
    found = json.loads(farflung("evidence", "--draws", "10", "--format", "json").out)
    assert {"factors", "cross_validation"} <= set(found)
    assert found["cross_validation"]["bounds"]
    names = {known["name"] for factor in found["factors"] for known in factor["coefficients"]}
    assert {"loss_irreducible", "divergence_coefficient", "straggler_slope_relay"} <= names


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = GRIDS["published"]()
    monkeypatch.setattr(answers, "headlines", cache(partial(answers.headlines, grid=grid)))


def test_headlines_as_a_table_as_json_and_as_a_figure(quick, farflung, tmp_path) -> None:
    answer = farflung("headlines", "--draws", "64", "--plot", str(tmp_path / "figure.html"))
    assert (answer.code, answer.err) == (0, "")
    for words in ("C_quality", "64 draws", "nodes"):
        assert words in answer.out
    assert "paper-headline" in (tmp_path / "figure.html").read_text(encoding="utf-8")
    found = json.loads(farflung("headlines", "--draws", "64", "--format", "json").out)
    assert {one["assumptions"] for one in found["scenarios"]} == set(assumption_names())
    for one in found["scenarios"]:
        for output in one["outputs"]:
            quantiles = output["quantiles"]
            assert quantiles["5%"] <= quantiles["50%"] <= quantiles["95%"]
