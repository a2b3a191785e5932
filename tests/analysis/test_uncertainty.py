"""Uncertainty: reproducible, consistent with the point value, paired without noise."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from farflung.analysis.distributions import distributions, drawn_fields, uniforms
from farflung.analysis.uncertainty import HELD, MOST_DRAWS, QUANTILES, uncertainty
from farflung.base.errors import InputError
from farflung.outcome import OUTPUTS, evaluate
from farflung.outcome.batch import evaluate_batch
from farflung.scenario import Scenario, load_assumptions, preset

HEADLINE = "paper-headline"
SCENARIOS = (HEADLINE, "governance-config-c", "governance-pipeline-400b", "notes-continental-us")


@pytest.fixture(scope="module")
def result():
    return uncertainty(HEADLINE)


def test_the_same_seed_gives_the_same_result(result):
    again = uncertainty(HEADLINE)
    assert again.spreads == result.spreads
    assert again.chances == result.chances
    for name, values in result.samples.items():
        np.testing.assert_array_equal(values, again.samples[name])
    assert uncertainty(HEADLINE, seed=1).spreads != result.spreads


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_output_has_its_point_and_rising_quantiles(name):
    found = uncertainty(name, 256)
    outcome = evaluate(name)
    assert {one.name for one in found.spreads} == {n for n, v in outcome.values().items() if v is not None}
    for one in found.spreads:
        assert one.point == getattr(outcome, one.name)
        assert tuple(one.quantiles) == QUANTILES
        values = list(one.quantiles.values())
        assert values == sorted(values)
        if not one.varies:
            assert values == pytest.approx([one.point] * 5, rel=1e-9)


def test_medians_are_near_the_point_where_ranges_are_even():
    found = uncertainty(HEADLINE, 4096)
    for name in ("loss", "total_cost_usd", "run_cost_usd", "synchronisation_time_s", "chinchilla_efficiency"):
        spread = found.spread(name)
        assert spread.quantiles[0.5] == pytest.approx(spread.point, rel=0.06), name


def test_draws_are_those_of_the_model_one_at_a_time(result):
    """A draw put into an assumption set of its own gives what the batch gives."""
    believed = load_assumptions("miri-2026-04")
    assert {"assumptions.loss_irreducible", "feasible"} < set(result.samples)

    for draw in (0, 1, 2047):
        fields = {n: v[draw : draw + 1] for n, v in result.samples.items() if n.startswith("assumptions.")}
        alone = evaluate_batch(preset(HEADLINE), fields, OUTPUTS)
        for name in ("quality_adjusted_flop", "total_cost_usd"):
            assert alone[name][0] == pytest.approx(result.samples[name][draw], rel=1e-12)
    names = [one.name for one in distributions(believed)]
    fields = drawn_fields(distributions(believed), uniforms(names, 4096, 0))
    for name, values in fields.items():
        np.testing.assert_array_equal(values, result.samples[name])


def test_the_training_limits_of_the_rules_are_held_against_two_outputs(result):
    assert [(one.output, one.limit) for one in result.chances] == [
        (output, limit)
        for output in ("quality_adjusted_flop", "local_equivalent_flop")
        for limit in (1e24, 1e25, 1e26)
    ]
    by_limit = {one.limit: one.rules for one in result.chances}
    assert by_limit[1e24] == ("miri-2025",)
    assert "eu-ai-act" in by_limit[1e25]
    assert "eo-14110" not in by_limit[1e26]  # revoked


def test_probabilities_are_shares_of_the_draws_and_fall_with_the_limit(result):
    for one in result.chances:
        assert one.probability == np.mean(result.samples[one.output] > one.limit)
    shares = [one.probability for one in result.chances[:3]]
    assert shares == sorted(shares, reverse=True)
    spread = result.spread("total_cost_usd")
    found = uncertainty(HEADLINE, limits={"total_cost_usd": [spread.quantiles[q] for q in (0.05, 0.5, 0.95)]})
    assert [one.probability for one in found.chances] == pytest.approx([0.95, 0.5, 0.05], abs=1e-3)


def test_limits_may_be_numbers_or_text_with_units():
    limits = {"capital_cost_usd": "30,000,000", "duration_s": "2 years", "quality_adjusted_flop": 1e24}
    found = uncertainty(HEADLINE, 64, limits=limits)
    assert [one.limit for one in found.chances] == [3e7, 2 * 365.25 * 86400, 1e24]
    assert found.chances[1].probability == 1.0


def test_a_scenario_against_itself_differs_nowhere():
    found = uncertainty(HEADLINE, 512, against=HEADLINE)
    assert found.pairs
    for pair in found.pairs:
        assert set(pair.difference.values()) == {0.0}
        assert pair.ratio is None or set(pair.ratio.values()) == {1.0}
        assert pair.first_greater == pair.second_greater == 0.0


def test_pairing_compares_draw_by_draw(result):
    other = "paper-1gbps"
    found = uncertainty(HEADLINE, against=other)
    assert found.spreads == result.spreads  # whatever it is compared with
    pair = next(one for one in found.pairs if one.name == "quality_adjusted_flop")
    a, b = (one.samples["quality_adjusted_flop"] for one in (found, found.against))
    assert pair.first_greater == np.mean(a > b)
    assert pair.first_greater + pair.second_greater == 1.0
    assert pair.ratio[0.5] == np.quantile(a / b, 0.5)
    assert pair.difference[0.05] == np.quantile(a - b, 0.05)
    cost = next(one for one in found.pairs if one.name == "capital_cost_usd")
    # Cost factors are the same world for both: the ratio is certain though either cost is not.
    assert cost.ratio[0.05] == pytest.approx(cost.ratio[0.95], rel=1e-12)


def test_two_sets_share_the_uniforms_of_coefficients_of_one_name():
    found = uncertainty(HEADLINE, 256, against="governance-config-c")
    first, second = found.samples, found.against.samples
    assert found.provenance.assumptions != found.against.provenance.assumptions
    shared = {n for n in first if n.startswith("assumptions.")} & set(second)
    assert len(shared) > 15
    for name in shared:
        np.testing.assert_array_equal(first[name], second[name])
    assert "assumptions.replica_size_exponent" not in second


def test_draws_are_rounded_up_to_a_power_of_two():
    assert uncertainty(HEADLINE, 100).draws == 128
    assert uncertainty(HEADLINE, 128).draws == 128


@pytest.mark.parametrize("draws", [0, -1, 15, MOST_DRAWS + 1, 100.0, True, "4096"])
def test_a_number_of_draws_that_cannot_be_is_refused(draws):
    with pytest.raises(InputError, match=r"draws: .*nearest valid: \d+"):
        uncertainty(HEADLINE, draws)


@pytest.mark.parametrize("seed", [-1, 0.5, None, True, 2**32])
def test_a_seed_that_cannot_be_is_refused(seed):
    with pytest.raises(InputError, match="seed: "):
        uncertainty(HEADLINE, 64, seed)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"quality_flop": 1e24}, "did you mean"),
        ({"groups": 3}, "limit on groups: this run has no such quantity"),
        ({"duration_s": "2 parsecs"}, "limit on duration_s: 'parsecs' is not a unit"),
        ({"duration_s": ""}, "limit on duration_s"),
        ({"duration_s": float("nan")}, "not a finite number"),
        ({"duration_s": "inf"}, "not a finite number"),
        ({"duration_s": None}, "limit on duration_s"),
        ({"duration_s": []}, "there is none"),
    ],
)
def test_limits_of_nothing_are_refused(limits, message):
    with pytest.raises(InputError, match=message):
        uncertainty(HEADLINE, 64, limits=limits)


def test_unknown_scenarios_and_outputs_are_refused(result):
    with pytest.raises(InputError, match="did you mean 'paper-headline'"):
        uncertainty("paper-headlin", 64)
    with pytest.raises(InputError, match="did you mean"):
        uncertainty(HEADLINE, 64, against="paper-1gbp")
    with pytest.raises(InputError, match="did you mean"):
        result.spread("totl_cost_usd")
    with pytest.raises(InputError, match="groups: does not exist for this run"):
        result.spread("groups")


def test_a_run_that_fits_only_sometimes_says_how_often():
    # With the steps fixed, stragglers decide whether the exchange still hides behind them.
    steps = {"protocol.inner_steps": 19}
    tokens = evaluate(preset(HEADLINE).with_(steps)).tokens
    tight = preset(HEADLINE).with_({**steps, "tokens": tokens * 0.95, "duration": "740 days"})
    found = uncertainty(tight, 1024)
    assert 0.0 < found.feasible_share < 1.0
    above_zero = uncertainty(tight, 1024, limits={"quality_adjusted_flop": 0.0})
    assert above_zero.chances[0].probability == found.feasible_share


def test_a_run_that_never_fits_is_an_answer():
    scenario = preset(HEADLINE).with_({"tokens": 1e20, "duration": "740 days"})
    found = uncertainty(scenario, 64)
    assert found.feasible_share == 0.0
    assert found.spreads == ()
    assert not any(one.probability for one in found.chances)
    assert any("infeasible at the point values: duration" in note for note in found.notes)
    assert uncertainty(scenario, 64, against=HEADLINE).pairs == ()


def test_a_set_without_any_spread_gives_its_point(tmp_path):
    text = preset(HEADLINE)
    import tomllib

    import tomli_w

    from farflung.catalog import assumption_table

    raw = json.loads(json.dumps(dict(assumption_table("miri-2026-04")), default=str))
    both = {**assumption_table("conventions")["coefficients"], **raw.pop("coefficients")}
    raw.pop("extends")
    raw["coefficients"] = {
        name: {k: v for k, v in record.items() if k not in {"low", "high", "standard_error", "date"}}
        for name, record in both.items()
    }
    file = tmp_path / "certain.toml"
    file.write_text(tomli_w.dumps(raw), encoding="utf-8")
    assert tomllib.loads(file.read_text(encoding="utf-8"))["name"] == "miri-2026-04"
    found = uncertainty(text.model_copy(update={"assumptions": str(file)}), 64)
    assert found.drawn == ()
    assert not any(one.varies for one in found.spreads)
    assert found.spread("total_cost_usd").mean == pytest.approx(found.outcome.total_cost_usd, rel=1e-12)


def test_what_is_held_is_said(result):
    assert HELD == ("nodes.mfu", "protocol.compression_scenario", "nodes.price")
    assert result.held["nodes.mfu"] == "0.4"
    assert result.to_dict()["held"] == dict(result.held)
    assert "nodes.mfu (0.4)" in " ".join(repr(result).split())
    assert all(name in result.notes[0] for name in HELD)


def test_the_dataset_has_units_and_provenance(result):
    dataset = result.dataset()
    assert dict(dataset.sizes) == {"draw": 4096}
    assert dataset["quality_adjusted_flop"].attrs["units"] == "FLOP"
    assert dataset["quality_adjusted_flop"].attrs["long_name"]
    assert dataset.attrs["seed"] == 0
    assert dataset.attrs["command"] == "farflung uncertainty paper-headline"
    assert dataset.attrs["assumptions_hash"] == result.outcome.provenance.assumptions_hash


def test_the_table_is_json(result):
    table = json.loads(json.dumps(uncertainty(HEADLINE, 64, against="paper-1gbps").to_dict()))
    assert table["provenance"]["seed"] == 0
    assert {one["name"] for one in table["drawn"]} >= {"scaling_law", "server_cost_factor"}
    assert table["pairs"][0]["ratio"].keys() == {"5%", "25%", "50%", "75%", "95%"}
    assert table["against"]["outputs"]


def test_more_draws_are_larger_arrays_and_no_more_calls():
    def calls(draws: int) -> int:
        counted = []
        before = sys.getprofile()
        sys.setprofile(lambda frame, event, _: counted.append(event) if event == "call" else None)
        try:
            uncertainty("paper-1gbps", draws)
        finally:
            sys.setprofile(before)
        return len(counted)

    uncertainty("paper-1gbps", 64)  # what is read once, is
    assert calls(4096) <= 1.1 * calls(64)


def test_it_is_asked_for_again_as_it_was():
    found = uncertainty(HEADLINE, 64, seed=3, against="paper-1gbps", limits={"loss": 2}, nodes__mfu=0.3)
    assert found.command == (
        "farflung uncertainty paper-headline --against paper-1gbps --set nodes.mfu=0.3 --limit loss=2"
        " --draws 64 --seed 3"
    )
    import farflung

    assert eval(found.python, {"farflung": farflung}).spreads == found.spreads
    assert uncertainty(preset(HEADLINE), 64).command == "farflung uncertainty paper-headline --draws 64"
    changed = uncertainty(preset(HEADLINE).with_({"nodes.count": 72}), 64, against="paper-1gbps")
    assert changed.command is None  # a command makes its changes in both scenarios
    unnamed = uncertainty(Scenario.read(preset(HEADLINE).to_mapping()), 64)
    assert unnamed.command is None
    assert eval(unnamed.python, {"farflung": farflung}).spreads == unnamed.spreads


def test_the_page_fits_a_screen(result):
    both = uncertainty(HEADLINE, 256, against="paper-1gbps")
    for found in (result, both):
        lines = repr(found).splitlines()
        assert len(lines) <= 25
        assert max(map(len, lines)) <= 100
    assert "passes 1e+24 FLOP (miri-2025) in" in repr(result)
    assert "First over second, draw by draw" in repr(both)


def test_the_frame_has_a_row_for_each_output(result):
    frame = result.to_frame().set_index("name")
    assert frame.loc["loss", "50%"] == result.spread("loss").quantiles[0.5]
