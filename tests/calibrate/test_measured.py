"""Measurements: read whole, sourced, and refused by file, line and column where a row is not right."""

from importlib import resources

import pytest

from farflung.analysis.calibrate.points import STUDIES, points
from farflung.base.errors import InputError
from farflung.catalog import sources
from farflung.catalog.measured import TABLES, LossRow
from farflung.catalog.rows import Sourced, read_rows, stored

LAW = {"A": 482.01, "B": 2085.43, "E": 1.8172, "alpha": 0.3478, "beta": 0.3658}
COLUMNS = [
    *("study", "source", "locator", "method", "parameters", "tokens", "replicas", "inner_steps", "bits"),
    *("loss_data_parallel", "loss", "rounding", "role"),
]
LOSSES = (resources.files("farflung.catalog") / "measured" / "losses.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_read_and_its_source_is_in_the_bibliography(name):
    rows = stored(TABLES[name])
    assert rows
    if isinstance(rows[0], Sourced):
        assert {row.source for row in rows} <= set(sources())
    else:
        text = (resources.files("farflung.catalog") / "measured" / f"{name}.csv").read_text("utf-8")
        assert any(line.removeprefix("# source: ") in sources() for line in text.splitlines())


def broken(tmp_path, change):
    """Return the error for the table of losses with one of its rows changed."""
    lines = LOSSES.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("charles,")) + 4
    lines[at] = change(lines[at])
    path = tmp_path / "losses.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_rows(path, LossRow)
    return str(caught.value), at + 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("loss", "three"), ("loss", ""), ("loss", "nan"), ("parameters", "-1"), ("inner_steps", "0"),
     ("role", "guess"), ("source", " ")],
)  # fmt: skip
def test_a_cell_that_is_not_right_is_named_by_file_line_and_column(tmp_path, column, value):
    place = COLUMNS.index(column)

    def change(line):
        cells = line.split(",")
        cells[place] = value
        return ",".join(cells)

    said, at = broken(tmp_path, change)
    assert said.startswith(f"losses.csv: line {at}, column {column}:")
    assert ("nearest valid" in said) == bool(value)


def test_a_row_that_ends_early_names_the_first_column_it_lacks(tmp_path):
    said, at = broken(tmp_path, lambda line: line.rsplit(",", 2)[0])
    assert said.startswith(f"losses.csv: line {at}, column rounding: missing")


def test_a_row_with_too_much_is_refused(tmp_path):
    said, at = broken(tmp_path, lambda line: line + ",1")
    assert f"line {at} has more than 13 cells" in said


@pytest.mark.parametrize("text", ["", "# nothing\n", "loss,role\n1,tuned\n", ",".join(COLUMNS)])
def test_a_file_without_its_columns_or_rows_is_refused(tmp_path, text):
    path = tmp_path / "losses.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"losses\.csv: line [12]"):
        read_rows(path, LossRow)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"losses\.csv: cannot be read"):
        read_rows(tmp_path / "losses.csv", LossRow)


def test_points_are_those_at_which_something_is_distributed():
    at = points(LAW)
    assert (at.replicas > 1).all()
    assert int(at.scored.sum()) == 66
    assert int(at.test.sum()) == 9
    assert set(at.study.astype(int)) == set(range(len(STUDIES)))
    # Hyperparameters were tuned anew in one study only; everything else bounds the cost from above.
    assert set(at.study[~at.upper_bound]) == {STUDIES.index("charles")}


def test_runs_whose_tokens_grow_are_compared_with_one_cluster_on_as_many():
    at = points(LAW)
    grown = at.where(at.study == STUDIES.index("growing-tokens"))
    assert not grown.scored.any()
    assert grown.replicas.tolist() == [4, 8, 16, 64]
    # With 8 times the tokens one cluster was measured: ln 15.08 - ln 14.72.
    assert grown.change[1] == pytest.approx(0.02416, abs=1e-5)
    assert (grown.change > 0).all()
