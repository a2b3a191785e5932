"""Named scaling laws: the calibrated set with one belief replaced, loadable and not among those compared."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from farflung import InputError, evaluate, preset
from farflung.analysis.distributions import DISTRIBUTED, JOINT_FILE, LAW, ScalingLaw, distributions, law_rows
from farflung.analysis.uncertainty import uncertainty
from farflung.catalog import Record, sources
from farflung.catalog.measured import ScalingLawRow
from farflung.catalog.rows import stored
from farflung.catalog.tables import assumption_names, assumption_table, law_variant_names
from farflung.cli.app import app
from farflung.scenario import load_assumptions

BASE = load_assumptions("calibrated-2026-11")
NAMES = ("deepseek-2024", "hoffmann-2022", "hoffmann-2022-unrounded", "muennighoff-2023")
LAWS = {name for name in NAMES if name != "deepseek-2024"}
LETTERS = {
    "loss_irreducible": "E",
    "loss_parameter_coefficient": "A",
    "loss_parameter_exponent": "alpha",
    "loss_token_coefficient": "B",
    "loss_token_exponent": "beta",
}
every_variant = pytest.mark.parametrize("name", NAMES)


def headline(name):
    return preset("paper-headline").with_({"assumptions": name})


def test_they_are_not_among_the_sets_that_pages_compare():
    assert law_variant_names() == NAMES
    assert not set(NAMES) & set(assumption_names())


@every_variant
def test_one_belief_is_replaced_and_the_rest_is_the_calibrated_set(name):
    believed = load_assumptions(name)
    assert believed.name == name
    assert believed.title
    assert believed.description
    own = {n for n, record in believed.coefficients.items() if record != BASE.coefficients.get(n)}
    assert own == (set(LETTERS) if name in LAWS else {"reference_tokens_per_parameter"})
    assert own == set(assumption_table(name)["coefficients"])
    for coefficient in own:
        record = believed.coefficients[coefficient]
        assert isinstance(record, Record)
        assert record.source in sources()
        assert record.evidence_level == "fitted"
        assert record.locator
        assert record.date
    assert believed.forms.model_dump() == BASE.forms.model_dump() | (
        {} if name in LAWS else {"allocation": "fixed_ratio"}
    )


@pytest.mark.parametrize("law", ["hoffmann", "muennighoff"])
def test_the_laws_are_those_of_the_catalog(law):
    rows = {row.parameter: row.value for row in stored(ScalingLawRow) if row.law == law}
    (name,) = (one for one in NAMES if one.startswith(law) and not one.endswith("unrounded"))
    values = load_assumptions(name).values
    assert {letter: values[coefficient][0] for coefficient, letter in LETTERS.items()} == rows


def test_unrounded_digits_round_to_the_printed_ones():
    printed, unrounded = (load_assumptions(n).values for n in ("hoffmann-2022", "hoffmann-2022-unrounded"))
    for name, digits in {"loss_irreducible": 2, "loss_parameter_coefficient": 1, "loss_token_coefficient": 1,
                         "loss_parameter_exponent": 2, "loss_token_exponent": 2}.items():  # fmt: skip
        assert round(unrounded[name][0], digits) == printed[name][0]


def test_deepseeks_ratio_follows_from_its_two_power_laws():
    def ratio(flop):
        return 6 * 5.8316 / 0.1715 * flop ** (0.4757 - 0.5243)

    record = load_assumptions("deepseek-2024").coefficients["reference_tokens_per_parameter"]
    for flop, value in ((1e25, record.value), (1e26, record.low), (1e24, record.high)):
        assert ratio(flop) == pytest.approx(value, abs=0.05)


@every_variant
def test_they_answer(name):
    ours, base = evaluate(headline(name)), evaluate(headline(BASE.name))
    assert ours.feasible
    assert ours.throughput_flop == base.throughput_flop
    assert 0.5 < ours.quality_adjusted_flop / base.quality_adjusted_flop < 2
    assert (ours.loss == base.loss) == (name not in LAWS)


def test_rounding_moves_the_best_allocation():
    printed, unrounded = (evaluate(headline(n)) for n in ("hoffmann-2022", "hoffmann-2022-unrounded"))
    assert printed.reference_tokens > 1.5 * unrounded.reference_tokens


@pytest.mark.parametrize("name", sorted(LAWS))
def test_a_point_law_is_never_drawn_from_the_bootstrap_of_another(name):
    believed = load_assumptions(name)
    drawn = {one.name: one for one in distributions(believed)}
    assert LAW not in drawn
    joint = drawn[DISTRIBUTED]
    assert isinstance(joint, ScalingLaw)
    assert set(joint.coefficients) == set(law_rows(JOINT_FILE)) - set(LETTERS)
    assert not set(drawn) & {*LETTERS, *joint.coefficients}
    # Slow nodes would move the tokens, and with them the loss.
    samples = uncertainty(headline(name).with_({"protocol.stragglers": "threshold"}), 64).samples
    assert not {f"assumptions.{one}" for one in LETTERS} & set(samples)
    assert np.ptp(samples["efficiency_replica"]) > 0
    assert np.ptp(samples["loss"]) == 0


def test_a_variant_that_keeps_the_law_keeps_its_draws():
    joint = next(one for one in distributions(load_assumptions("deepseek-2024")) if one.name == LAW)
    assert joint == next(one for one in distributions(BASE) if one.name == LAW)


def test_they_are_listed_and_named_where_a_set_is_unknown():
    listing = CliRunner().invoke(app, ["catalog", "assumptions", "--format", "json"]).output
    assert all(f'"{name}"' in listing for name in (*NAMES, *assumption_names()))
    with pytest.raises(InputError, match="did you mean 'hoffmann-2022'"):
        load_assumptions("hofmann-2022")
    with pytest.raises(InputError, match="muennighoff-2023"):
        load_assumptions("nothing-like-it.toml")
