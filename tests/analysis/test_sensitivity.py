"""Sensitivity: right on functions whose indices are known, and on the model what one run at a time says."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from farflung.analysis.distributions import distributions
from farflung.analysis.sensitivity import MOST_DRAWS, Lever, sensitivity, sobol_indices
from farflung.base.errors import InputError
from farflung.base.fields import fields_of
from farflung.outcome import evaluate
from farflung.scenario import Scenario, load_assumptions, preset

HEADLINE = "paper-headline"
FIELDS = fields_of(Scenario)
LEVERS = {"network.upload": ("50 Mbps", "200 Mbps"), "nodes.mfu": (0.3, 0.5), "nodes.count": (20, 60)}


@pytest.fixture(scope="module")
def result():
    return sensitivity(HEADLINE, levers=LEVERS)


def bar_of(result, name):
    return next(bar for bar in result.bars if bar.name == name)


def test_the_indices_of_ishigami():
    def ishigami(uniform: np.ndarray) -> np.ndarray:
        x = math.pi * (2.0 * uniform - 1.0)
        return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])

    found = {one.name: one for one in sobol_indices(ishigami, ["a", "b", "c"], draws=4096, seed=0)}
    assert {n: one.first for n, one in found.items()} == pytest.approx(
        {"a": 0.3139, "b": 0.4424, "c": 0.0}, abs=0.01
    )
    assert {n: one.total for n, one in found.items()} == pytest.approx(
        {"a": 0.5576, "b": 0.4424, "c": 0.2437}, abs=0.01
    )


def test_an_additive_function_has_no_interaction():
    def additive(uniform: np.ndarray) -> np.ndarray:
        return uniform @ np.array([1.0, 2.0, 3.0])

    found = sobol_indices(additive, ["a", "b", "c"], draws=1024, seed=0)
    assert [one.name for one in found] == ["c", "b", "a"]
    assert [one.first for one in found] == pytest.approx([9 / 14, 4 / 14, 1 / 14], abs=2e-3)
    assert [one.total for one in found] == pytest.approx([9 / 14, 4 / 14, 1 / 14], abs=2e-3)


@pytest.mark.parametrize("seed", [0, 1])
def test_indices_repeat_with_their_seed_and_leave_the_global_generator_alone(seed):
    before = np.random.get_state()[1].copy()
    first, second = (
        sobol_indices(lambda u: u[:, 0] + u[:, 1] ** 3, ["a", "b"], draws=64, seed=seed) for _ in "ab"
    )
    assert first == second
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_a_constant_or_undefined_function_has_no_indices():
    assert sobol_indices(lambda u: np.full(len(u), 3.0), ["a"], draws=64, seed=0) == ()
    assert sobol_indices(lambda u: np.where(u[:, 0] > 0.5, np.nan, 1.0), ["a"], draws=64, seed=0) == ()


def test_the_same_seed_gives_the_same_result(result):
    assert sensitivity(HEADLINE, levers=LEVERS).indices == result.indices
    assert sensitivity(HEADLINE, levers=LEVERS, seed=2).indices != result.indices


def test_totals_are_not_below_first_orders(result):
    for one in result.indices:
        assert one.total >= one.first - one.first_error - one.total_error - 0.01, one.name
    assert sum(one.first for one in result.indices) < 1.1
    assert [one.total for one in result.indices] == sorted(
        (one.total for one in result.indices), reverse=True
    )


@pytest.mark.parametrize("name", ["replica_size_exponent", "sync_interval_slope", "straggler_slope_relay"])
def test_bars_of_coefficients_are_the_model_at_either_end(result, name):
    from farflung.outcome.batch import evaluate_batch

    bar, record = bar_of(result, name), load_assumptions("miri-2026-04").coefficients[name]
    assert (bar.low_input, bar.high_input) == (record.low, record.high)
    fields = {f"assumptions.{name}": np.array([record.low, record.high])}
    found = evaluate_batch(preset(HEADLINE), fields, (result.output,))[result.output]
    assert (bar.low, bar.high) == pytest.approx(tuple(found), rel=1e-12)


@pytest.mark.parametrize(
    ("field", "ends"),
    [("network.upload", ("50 Mbps", "200 Mbps")), ("nodes.mfu", (0.3, 0.5)), ("nodes.count", (20, 60))],
)
def test_bars_of_levers_are_the_model_at_either_end(result, field, ends):
    bar = bar_of(result, field)
    expected = [evaluate(preset(HEADLINE).with_({field: end})) for end in ends]
    assert (bar.low, bar.high) == pytest.approx(
        tuple(one.quality_adjusted_flop for one in expected), rel=1e-12
    )
    assert bar.kind == "lever"


def test_the_outlook_of_the_quality_tables_is_a_bar(result):
    bar = bar_of(result, "protocol.compression_scenario")
    assert (bar.low_input, bar.high_input) == ("conservative", "optimistic")
    assert bar.low < result.point < bar.high
    assert any("protocol.compression_scenario is no number" in note for note in result.notes)


def test_the_law_is_one_bar_and_one_index(result):
    bar = bar_of(result, "scaling_law")
    assert bar.low < result.point < bar.high
    assert [one.name for one in result.indices].count("scaling_law") == 1


def test_bars_are_sorted_and_the_rest_is_named(result):
    widths = [
        math.log10(max(b.low, b.high, result.point) / min(b.low, b.high, result.point)) for b in result.bars
    ]
    assert widths == sorted(widths, reverse=True)
    assert "electricity_price" in result.without_effect
    assert "straggler_slope_threshold" in result.without_effect  # another way of dealing with stragglers
    assert not {bar.name for bar in result.bars} & set(result.without_effect)


def test_coefficients_are_shown_in_the_unit_of_their_source():
    bar = bar_of(sensitivity(HEADLINE, "energy_cost_usd", draws=64), "electricity_price")
    assert bar.unit == "USD/(kW*h)"
    assert (bar.low_input, bar.high_input) == pytest.approx((0.05, 0.25), rel=1e-12)


def test_the_variance_of_compute_is_that_of_its_logarithm(result):
    assert result.scale == "log10"
    assert sensitivity(HEADLINE, "total_cost_usd", draws=64).scale == "linear"


def test_an_output_that_nothing_moves_says_so():
    found = sensitivity(HEADLINE, "nodes", draws=64)
    assert found.bars == found.indices == ()
    assert found.runs == 0
    assert found.notes == ("no Sobol indices: nothing that is drawn moves this output",)


def test_a_lever_the_scenario_leaves_open_is_varied_on_its_own():
    found = sensitivity(HEADLINE, levers={"protocol.inner_steps": (10, 100)}, draws=64)
    bar = bar_of(found, "protocol.inner_steps")
    at_100 = evaluate(preset(HEADLINE).with_({"protocol.inner_steps": 100}))
    assert bar.high == pytest.approx(at_100.quality_adjusted_flop, rel=1e-12)
    assert found.point == evaluate(HEADLINE).quality_adjusted_flop


def test_levers_that_leave_the_feasible_give_bars_but_no_shares():
    found = sensitivity(HEADLINE, levers={"model.parameters": (1e11, 3e11)}, draws=64)
    bar = bar_of(found, "model.parameters")
    assert bar.high is None and bar.low is not None
    assert found.indices == ()
    assert any("not feasible" in note for note in found.notes)


def test_levers_are_spread_in_logarithms_and_whole_numbers_stay_whole():
    upload = Lever(FIELDS["network.upload"], 1e7, 1e9).fields(np.array([0.0, 0.5, 1.0]))
    assert upload["network.upload"].tolist() == pytest.approx([1e7, 1e8, 1e9], rel=1e-12)
    latency = Lever(FIELDS["network.latency"], 0.0, 0.2).fields(np.array([0.25]))
    assert latency["network.latency"].tolist() == pytest.approx([0.05])
    nodes = Lever(FIELDS["nodes.count"], 10, 1000).fields(np.linspace(0, 1, 7))["nodes.count"]
    assert (nodes == np.rint(nodes)).all()


@pytest.mark.parametrize(
    ("levers", "message"),
    [
        ({"network.uplod": ("1 Mbps", "2 Mbps")}, "did you mean 'network.upload'"),
        ({"protocol.streaming": (0, 1)}, "unknown numeric field"),
        ({"network.upload": ("50", "200")}, "has no unit"),
        ({"network.upload": ("50 Mbps", "50 Mbps")}, "two different ends"),
        ({"nodes.mfu": (0.3, 1.5)}, "must be at most 1"),
        ({"nodes.mfu": ("a", "b")}, "nodes.mfu"),
        ({"nodes.count": (0, 10)}, "must be at least 1"),
        ({"nodes.peak": ("1 PFLOP/s", "2 PFLOP/s")}, "no hardware is given"),
        ({"protocol.inner_steps": ("auto", 10)}, "two different ends"),
    ],
)
def test_levers_that_cannot_be_are_refused(levers, message):
    with pytest.raises(InputError, match=message):
        sensitivity(HEADLINE, levers=levers, draws=64)


@pytest.mark.parametrize("draws", [0, 63, MOST_DRAWS + 1, 1.5, True])
def test_a_number_of_draws_that_cannot_be_is_refused(draws):
    with pytest.raises(InputError, match=r"draws: .*nearest valid: \d+"):
        sensitivity(HEADLINE, draws=draws)


def test_unknown_outputs_are_refused():
    with pytest.raises(InputError, match="did you mean"):
        sensitivity(HEADLINE, "qualty_adjusted_flop")
    with pytest.raises(InputError, match="groups: does not exist for this run"):
        sensitivity(HEADLINE, "groups")


def test_the_table_is_json(result):
    table = json.loads(json.dumps(result.to_dict()))
    assert table["provenance"]["command"] == result.command
    assert len(table["tornado"]) == len(result.bars)
    inputs = len(distributions(load_assumptions("miri-2026-04"))) + len(LEVERS)
    assert table["runs"] == 1024 * (inputs + 2)


def test_it_is_asked_for_again_as_it_was():
    import farflung

    levers = {"network.upload": ("50 Mbps", "200 Mbps")}
    found = sensitivity(HEADLINE, "loss", levers=levers, draws=64, nodes__mfu=0.3)
    assert found.command == (
        "farflung sensitivity paper-headline --set nodes.mfu=0.3 --lever 'network.upload=50 Mbps..200 Mbps'"
        " --output loss --draws 64"
    )
    assert eval(found.python, {"farflung": farflung}).bars == found.bars


def test_the_page_fits_a_screen(result):
    lines = repr(result).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("Quality-adjusted compute: what moves it in")
    assert "5 coefficients drawn together" in repr(result)


def test_the_frame_has_a_row_for_each_bar(result):
    frame = result.to_frame()
    assert list(frame["name"]) == [bar.name for bar in result.bars]
    assert frame.set_index("name").loc["scaling_law", "total"] > 0
