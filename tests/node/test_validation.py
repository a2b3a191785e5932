"""Computed against measured steps: the tables of the catalog, in the fit and left out of it."""

from __future__ import annotations

from importlib import resources

import pytest

from farflung.analysis.node.calibration import TABLES
from farflung.analysis.node.measured import packaged, read_steps
from farflung.analysis.node.own_runs import fit_own_runs
from farflung.analysis.node.unseen import unseen_error
from farflung.analysis.node.validation import validate_step_time
from farflung.base.errors import InputError

MEASURED = resources.files("farflung.catalog") / "measured" / "step_time"
LARGEST_ERROR = {
    "foundry": 4.5, "vtrain_multi": 9.0, "vtrain_single": 8.4, "simumax": 4.5, "megatron": 9.0, "sailor": 9.0,
    "vendors": 12.0,
}  # fmt: skip
"""Mean absolute error of each table with the coefficients of the catalog [%]."""


@pytest.mark.parametrize("name", TABLES)
def test_computed_steps_are_near_measured_ones(name):
    found = validate_step_time(MEASURED / f"{name}.csv")
    assert found.all.mape < LARGEST_ERROR[name]
    assert found.all.rows == len(packaged(name).steps)
    assert abs(found.all.bias) < 6.0


def test_computed_memory_is_near_measured():
    memory = validate_step_time(MEASURED / "simumax.csv").memory
    assert memory.mape < 2.5
    assert memory.worst < 6.5


def test_times_that_nothing_was_fitted_to_are_near_too():
    assert validate_step_time(MEASURED / "published.csv").all.mape < 16.0


def test_a_validation_says_rows_errors_and_exclusions():
    found = validate_step_time(MEASURED / "vendors.csv").to_dict()
    assert {"rows", "mape", "median_ape", "bias", "excluded", "groups"} <= set(found)
    assert set(found["groups"]) == {"dense", "experts"}


def write(folder, text):
    file = folder / "steps.csv"
    file.write_text(text, encoding="utf-8")
    return file


RUNS = "run,chip,chips,precision,model,sequence_length,sequences,micro_batch,tensor,seconds,network_gbit\n"


def test_own_runs_are_read_by_model_or_by_size(tmp_path):
    rows = "mine,H100 SXM,8,fp8,Llama 3 8B,8192,128,1,2,12,400\nother,A100 80GB,8,fp16,7e9,2048,64,1,,6,\n"
    found = validate_step_time(write(tmp_path, RUNS + rows))
    assert found.table == "runs"
    assert found.all.rows == 2
    assert all(0.1 < computed / measured < 10 for _, measured, computed in found.rows)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("a,H100 SXM,8,fp8,Llama 9,8192,128,1,2,12,400\n", "shape is not known"),
        ("a,H100 SXM,8,fp8,Llama 3 8B,8192,128,1,3,12,400\n", "does not divide"),
    ],
)
def test_rows_that_cannot_be_predicted_are_counted_by_reason(tmp_path, rows, reason):
    good = "b,H100 SXM,8,fp8,Llama 3 8B,8192,128,1,2,12,400\n"
    found = validate_step_time(write(tmp_path, RUNS + rows + good))
    assert found.all.rows == 1
    ((said, count),) = found.excluded.items()
    assert reason in said
    assert count == 1
    with pytest.raises(InputError, match="no row"):
        validate_step_time(write(tmp_path, RUNS + rows))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "no form"),
        (RUNS + "a,H100 SXM,eight,fp8,Llama 3 8B,8192,128,1,2,12,400\n", "row 2"),
        (RUNS + "a,H100 SXM,8,fp8,Llama 3 8B,8192,128,1,2,none,400\n", "row 2"),
    ],
)
def test_a_malformed_file_is_one_clear_error(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        read_steps(write(tmp_path, text))


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_steps(tmp_path / "none.csv")


def test_own_runs_fit_their_cluster_and_gain_on_rows_left_out(tmp_path):
    # A cluster whose hosts and network are as usual and whose chips are a fifth slower.
    layouts = ("1,1", "1,2", "2,1", "2,2", "4,1", "1,4")
    rows = [f"r{i},H100 SXM,8,fp16,Llama 3 8B,8192,128,{layout},1,400" for i, layout in enumerate(layouts)]
    usual = validate_step_time(write(tmp_path, RUNS + "\n".join(rows) + "\n")).rows
    slow = [
        row.replace(",1,400", f",{1.2 * computed},400")
        for row, (_, _, computed) in zip(rows, usual, strict=True)
    ]
    fit = fit_own_runs(write(tmp_path, RUNS + "\n".join(slow) + "\n"))
    assert fit.before.mape == pytest.approx(100 * (1 - 1 / 1.2), abs=0.1)
    assert fit.after.mape < 0.4 * fit.before.mape
    assert 0.75 < fit.factors["matmul_share"] < 0.95


def test_two_runs_are_too_few_to_fit(tmp_path):
    row = "a,H100 SXM,8,fp16,Llama 3 8B,8192,128,1,1,12,400\n"
    with pytest.raises(InputError, match="2 rows"):
        fit_own_runs(write(tmp_path, RUNS + 2 * row))


def test_an_unseen_cluster_is_less_sure_than_a_seen_one():
    error = unseen_error()
    assert 0.0 < error.within < error.spread < 0.3
    assert abs(error.bias) < 0.15
    assert error.clusters >= 8
