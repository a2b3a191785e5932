"""Runs that took place: two predictions worked by hand, the page, the command's shape, and malformed data."""

import json
import math
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from farflung.base.errors import InputError
from farflung.catalog.rows import stored
from farflung.catalog.runs import GROUPS, NotPredicted, cases, read_cases
from farflung.catalog.sources import sources
from farflung.catalog.tables import assumption_names
from farflung.cli.validate import runs as command
from farflung.evidence.predictions import OUTPUTS, predict, scenario_of
from farflung.evidence.validation import Validation, validate
from farflung.report.validation_page import validation_page

ROOT = Path(__file__).parents[2]
APP = typer.Typer()
APP.command()(command)


@pytest.fixture(scope="module")
def everything():
    """Return the predictions of all groups; the event engine's are test_event_validation's."""
    found = [validate(group) for group in GROUPS]
    return Validation(found[0].sets, tuple(row for one in found for row in one.rows), stored(NotPredicted))


def row(validation, run, quantity):
    (found,) = [one for one in validation.rows if one.run == run and one.quantity == quantity]
    return found


def test_intellect_1_by_hand(everything):
    # 10 billion values in 8 bits, up and then down at 0.5 Gbit/s, 0.1 s latency, 14 nodes; 38 min of work.
    for name, slope in (("miri-2026-02", 0.05), ("miri-2026-04", 0.02)):
        exchange = (2 * 10e9 * 8 / 0.5e9 + 0.1) * (1 + slope * math.log2(14))
        time = row(everything, "INTELLECT-1, global", "synchronisation time")
        assert time.predicted[name] == pytest.approx(exchange, rel=1e-9)
        assert time.error[name] == pytest.approx(exchange / 469 - 1, rel=1e-9)
        share = row(everything, "INTELLECT-1, global", "utilisation")
        assert share.predicted[name] == pytest.approx(2280 / (2280 + exchange), rel=1e-9)
        assert share.error[name] == pytest.approx(2280 / (2280 + exchange) - 0.83, rel=1e-9)


def test_a_shaped_link_by_hand(everything):
    # 30,846,720 values in 32 bits, more than the 16 the model sends by itself, on four nodes.
    run = "DiLoCo, H = 32, 1000 Mbit/s"
    (case,) = [one for one in cases("shaped-links") if (one.run, one.quantity) == (run, "utilisation")]
    exchange = (2 * 30846720 * 32 / case.upload + 0.001) * (1 + 0.02 * 2)
    work = 32 * case.step_seconds
    assert row(everything, run, "utilisation").predicted["miri-2026-04"] == pytest.approx(
        work / (work + exchange), rel=1e-9
    )


def test_a_bandwidth_by_hand(everything):
    # Blocking, no latency, two nodes: the exchange of 2 x 16 bits may last as long as 100 steps of 0.8 s.
    found = row(everything, "Chinchilla 10B, H = 100, CU 0.5", "bandwidth")
    assert found.predicted["miri-2026-02"] == pytest.approx(2 * 160e9 * 1.05 / 80, rel=1e-5)
    assert found.evidence_level == "model"


def test_int8_is_a_compression_of_two():
    case = next(one for one in cases("deployments") if one.run == "INTELLECT-1, global")
    assert scenario_of(case, "miri-2026-04").protocol.compression == 2.0


def test_utilisation_of_measured_runs_is_within_ten_points(everything):
    for name in assumption_names():
        assert everything.median_absolute_error[name]["utilisation"] <= 0.10
        assert everything.median_absolute_error_in_between[name]["utilisation"] <= 0.10


def test_medians_leave_out_fits_bounds_repeats_and_other_simulators(everything):
    for one in everything.groups:
        rows = [r for r in everything.rows if (r.group, r.quantity, r.evidence_level)
                == (one.group, one.quantity, one.evidence_level)]  # fmt: skip
        assert one.rows == len([r for r in rows if r.role == "point" and not r.used_in_fit])
    assert all("bandwidth" not in medians for medians in everything.median_absolute_error.values())
    assert set(everything.median_absolute_error) == set(assumption_names())


def test_every_figure_has_a_source_and_an_answer(everything):
    assert {one.group for one in everything.rows} == set(GROUPS)
    assert {one.quantity for one in everything.rows} == set(OUTPUTS)
    assert {one.source for one in (*everything.rows, *stored(NotPredicted))} <= set(sources())
    assert all(set(one.predicted) == set(assumption_names()) for one in everything.rows)
    found = [(one, value) for one in everything.rows for value in one.predicted.values()]
    assert all(math.isfinite(value) for _, value in found if value is not None)
    # 671 billion parameters every 10 steps: 99 % needs more than the 10 Tbit/s that are searched.
    assert {one.run for one, value in found if value is None} == {"DeepSeek-V3 671B, H = 10, CU 0.99"}


def test_the_page_is_up_to_date(everything):
    page = (ROOT / "docs/validation.md").read_text(encoding="utf-8")
    # What follows is of the event engine: test_event_validation.py.
    assert page.startswith(validation_page(everything) + "\n## Runs over time")


def test_the_page_of_one_group_says_nothing_of_others():
    page = validation_page(validate("consumer"))
    assert "## Two nodes" in page
    assert "INTELLECT" not in page


def test_json_has_the_shape_that_is_promised():
    result = CliRunner().invoke(APP, ["--group", "deployments", "--format", "json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert {"rows", "median_absolute_error", "not_predicted"} <= set(found)
    keys = {
        "group",
        "run",
        "quantity",
        "unit",
        "measured",
        "predicted",
        "error",
        "evidence_level",
        "note",
        "source",
    }
    assert all(keys <= set(one) for one in found["rows"])
    assert all("used_in_fit" in one for one in found["rows"])
    for name in assumption_names():
        assert 0 < found["median_absolute_error"][name]["utilisation"] < 1
    assert any(one["run"].startswith("OpenDiLoCo") for one in found["not_predicted"])


@pytest.mark.slow
@pytest.mark.usefixtures("events_at_hand")
@pytest.mark.parametrize("group", [None, "deployments", "eager-table-5", "events"])
def test_tables_fit_a_hundred_columns(group, monkeypatch):
    words = [] if group is None else ["--group", group]
    monkeypatch.setenv("COLUMNS", "100")
    result = CliRunner().invoke(APP, words)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.output.splitlines())) <= 100
    assert re.search(r"[Uu]tilisation|Bandwidth", result.output)
    assert ("Event engine" in result.output) == (group in {None, "events"})


def test_an_unknown_group_is_refused():
    with pytest.raises(InputError, match="did you mean 'deployments'"):
        validate("deployment")
    with pytest.raises(InputError, match="did you mean 'deployments'"):
        cases("deployment")


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("measured", "fast", "line 7, column measured: 'fast' is not valid; nearest valid: a valid number"),
        ("measured", "nan", "line 7, column measured: 'nan' is not valid"),
        ("measured", "", "line 7, column measured: missing"),
        ("nodes", "1.5", "line 7, column nodes: '1.5' is not valid"),
        ("evidence_level", "guessed", "line 7, column evidence_level: 'guessed' is not valid"),
        (
            "used_in_fit",
            "perhaps",
            "line 7, column used_in_fit: 'perhaps' is not valid; nearest valid: a valid boolean",
        ),
        ("latency", "-1", "line 7, column latency: '-1' is not valid"),
        ("mfu", "1.5", "line 7, column mfu: '1.5' is not valid"),
        ("date", "soon", "line 7, column date: 'soon' is not valid"),
        ("upload", "", "line 7: column upload: missing, and utilisation needs it"),
        ("inner_steps", "", "line 7: column inner_steps: missing, and utilisation needs it"),
    ],
)
def test_malformed_rows_name_file_line_and_column(tmp_path, column, cell, said):
    lines = lines_of("deployments")
    columns, cells = lines[5].split(","), lines[6].split('"')[2].split(",")
    cells[0] = "INTELLECT-1"
    cells[columns.index(column)] = cell
    lines[6] = ",".join(cells)
    with pytest.raises(InputError, match=re.escape(f"mine.csv: {said}")):
        read_cases(written(tmp_path, lines), "deployments")


def test_malformed_files_are_refused(tmp_path):
    lines = lines_of("consumer")
    head = next(at for at, line in enumerate(lines) if line.startswith("run,"))
    with pytest.raises(InputError, match=f"line {head + 1} is not its columns"):
        read_cases(written(tmp_path, [*lines[:head], "run,quantity", *lines[head + 1 :]]), "consumer")
    with pytest.raises(InputError, match=f"line {head + 1} has no rows"):
        read_cases(written(tmp_path, lines[: head + 1]), "consumer")
    with pytest.raises(InputError, match=f"line {head + 2}, column source: missing"):
        read_cases(written(tmp_path, [*lines[: head + 1], "a run,utilisation"]), "consumer")
    with pytest.raises(InputError, match=f"line {head + 2} has more than 25 cells"):
        read_cases(written(tmp_path, [*lines[: head + 1], "," * 29]), "consumer")
    with pytest.raises(InputError, match="cannot be read"):
        read_cases(tmp_path / "none.csv", "consumer")


def test_a_bandwidth_that_nothing_gives_is_no_fault():
    case = next(one for one in cases("streaming-table-4"))
    late = replace(case, latency=3600.0)
    assert predict(late, "miri-2026-04") is None


def lines_of(group):
    file = resources.files("farflung.catalog") / "runs" / f"{group.replace('-', '_')}.csv"
    return file.read_text(encoding="utf-8").splitlines()


def written(folder, lines):
    path = folder / "mine.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
