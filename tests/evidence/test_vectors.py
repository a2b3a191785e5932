"""Reference vectors: the published equations, case by case."""

import json
from pathlib import Path

import pytest

from farflung.base.errors import InputError
from farflung.evidence import vectors

CASES = Path(__file__).with_name("model_vectors.json")


def test_all_reference_cases_agree():
    report = vectors.check(CASES)
    assert report.cases == 120
    assert report.comparisons == 1320
    assert report.largest_relative_error <= 1e-12
    assert report.passed


def test_a_wrong_expectation_is_found(tmp_path):
    cases = json.loads(CASES.read_text(encoding="utf-8"))[:3]
    cases[1]["expected"]["efficiency"] *= 1 + 1e-6
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    report = vectors.check(tmp_path / "cases.json")
    assert not report.passed
    assert (report.worst.case, report.worst.field) == (1, "efficiency")


def test_an_output_the_run_does_not_have_fails(tmp_path):
    cases = json.loads(CASES.read_text(encoding="utf-8"))[:1]
    cases[0]["expected"] = {"groups": 3}
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    assert not vectors.check(tmp_path / "cases.json").passed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not valid JSON"),
        ("{}", "is not a list of cases"),
        ("[]", "is not a list of cases"),
        ('[{"mode": "flat"}]', "has no mode, inputs and expected"),
        ('[{"mode": "flat", "inputs": {"nodez": 3}, "expected": {}}]', "did you mean 'nodes'"),
        ('[{"mode": "flat", "inputs": {"nodes": -3}, "expected": {}}]', "case 0"),
    ],
)
def test_bad_files(tmp_path, content, message):
    (tmp_path / "cases.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        vectors.check(tmp_path / "cases.json")


def test_an_unknown_expectation_is_refused(tmp_path):
    cases = json.loads(CASES.read_text(encoding="utf-8"))[:1]
    cases[0]["expected"] = {"efficency": 1.0}
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    with pytest.raises(InputError, match="did you mean 'efficiency'"):
        vectors.check(tmp_path / "cases.json")


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        vectors.check(tmp_path / "none.json")
