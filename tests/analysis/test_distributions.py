"""Distributions: exact at their stated quantiles, within their bounds, joint where the data are joint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from farflung.analysis.distributions import (
    LAW,
    Coefficient,
    ScalingLaw,
    distributions,
    drawn_fields,
    uniforms,
)
from farflung.base.errors import InputError
from farflung.catalog import Record
from farflung.catalog.tables import assumption_names
from farflung.scenario import Assumptions, load_assumptions

SETS = assumption_names()
EVERY = [(name, one) for name in SETS for one in distributions(load_assumptions(name))]
SINGLE = [(name, one) for name, one in EVERY if isinstance(one, Coefficient)]
RANGES = [(name, one) for name, one in SINGLE if one.kind == "range"]
LAW_NAMES = (
    "loss_irreducible", "loss_parameter_coefficient", "loss_parameter_exponent", "loss_token_coefficient",
    "loss_token_exponent",
)  # fmt: skip


def believed(**records: Record):
    """Return a set that believes these records and nothing else."""
    base = load_assumptions("miri-2026-04")
    return Assumptions(**{**{n: getattr(base, n) for n in Assumptions.model_fields}, "coefficients": records})


def record(value: float, **more) -> Record:
    return Record(value=value, unit="1", source="farflung2026", locator="test", **more)


def only(name: str = "some_slope", **more) -> Coefficient:
    (one,) = distributions(believed(**{name: record(**more)}))
    assert isinstance(one, Coefficient)
    return one


def test_one_standard_error_is_stated_outside_the_law():
    assert {one.name for _, one in SINGLE if one.kind != "range"} == {"order_statistics_exponent"}


@pytest.mark.parametrize(("name", "one"), RANGES, ids=lambda x: x if isinstance(x, str) else x.name)
def test_ranges_are_exact_at_5_50_and_95_percent(name, one):
    found = one.quantile(np.array([0.05, 0.5, 0.95]))
    np.testing.assert_array_equal(found, [one.low, one.value, one.high])
    stated = load_assumptions(name).coefficients[one.name]
    assert one.printed(one.value) == pytest.approx(stated.value, rel=1e-14)


@pytest.mark.parametrize(("name", "one"), SINGLE, ids=lambda x: x if isinstance(x, str) else x.name)
def test_draws_rise_with_the_uniform_and_stay_within_bounds(name, one):
    values = one.quantile(np.linspace(0.0, 1.0, 1001))
    assert (np.diff(values) >= 0).all()
    assert values.min() >= one.bounds[0]
    assert values.max() <= one.bounds[1]


def test_tails_go_on_along_the_same_line_and_are_clipped_at_zero():
    one = only(value=10.0, low=1.0, high=19.0)
    np.testing.assert_allclose(one.quantile(np.array([0.0, 1.0])), [0.0, 20.0])
    assert only(value=10.0, low=0.5, high=19.0).quantile(np.array([0.0])) == 0.0
    assert only(value=0.0, low=0.0, high=0.02).quantile(np.array([0.0, 0.5])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("name", "value", "low", "high", "bounds"),
    [
        ("mean_power_fraction", 0.75, 0.43, 1.0, (0.0, 1.0)),
        ("network_cost_factor", 1.23, 1.0, 1.25, (1.0, np.inf)),
        ("power_usage_effectiveness", 1.25, 1.1, 1.6, (1.0, np.inf)),
        ("odd_factor", 0.9, 0.5, 1.2, (0.0, np.inf)),  # its own record says that it can be below 1
        ("some_exponent", -0.2, -0.3, -0.1, (-np.inf, 0.0)),
        ("either_sign", 0.1, -0.3, 0.4, (-np.inf, np.inf)),
    ],
)
def test_bounds_follow_from_meaning_and_from_the_record(name, value, low, high, bounds):
    one = only(name, value=value, low=low, high=high)
    assert one.bounds == bounds


def test_a_standard_error_is_a_normal_that_keeps_its_sign():
    one = only(value=2.0, standard_error=0.1)
    found = one.quantile(np.array([0.158655253931457, 0.5, 0.841344746068543]))
    np.testing.assert_allclose(found, [1.9, 2.0, 2.1], rtol=1e-9)
    wide = only(value=1.0, standard_error=5.0)
    assert wide.quantile(np.array([0.0, 1e-9, 0.5])).min() >= 0.0
    below = only(value=-1.0, standard_error=5.0)
    assert below.quantile(np.array([0.5, 1.0])).max() <= 0.0


def test_what_states_no_spread_is_a_constant():
    assert distributions(believed(a=record(1.0))) == ()
    for name in SETS:
        drawn = {one.name for of, one in EVERY if of == name}
        together = [
            n for of, one in EVERY if of == name and isinstance(one, ScalingLaw) for n in one.coefficients
        ]
        for coefficient, stated in load_assumptions(name).coefficients.items():
            uncertain = stated.low is not None or stated.high is not None or stated.standard_error
            assert bool(uncertain) == (coefficient in drawn or coefficient in together), coefficient


def test_one_end_is_enough():
    one = only(value=1.0, high=2.0)
    assert one.quantile(np.array([0.05, 0.5, 0.95])).tolist() == [1.0, 1.0, 2.0]


def test_a_range_is_a_prior_unless_measured():
    assert only(value=1.0, high=2.0, evidence_level="fitted").evidence_level == "prior"
    assert only(value=1.0, high=2.0, evidence_level="measured").evidence_level == "measured"
    assert only(value=1.0, standard_error=0.1, evidence_level="fitted").evidence_level == "fitted"


@pytest.mark.parametrize(
    "bad", [{"low": 2.0}, {"high": 0.5}, {"low": float("nan")}, {"standard_error": -0.1}]
)
def test_a_spread_that_does_not_hold_its_value_is_refused(bad):
    with pytest.raises(InputError, match=r"assumptions\.some_slope: the spread"):
        only(value=1.0, **bad)


@pytest.mark.parametrize("name", SETS)
def test_the_law_is_drawn_as_one(name):
    found = distributions(load_assumptions(name))
    assert [one.name for one in found].count(LAW) == 1
    assert not {one.name for one in found} & set(LAW_NAMES)


def test_a_law_from_elsewhere_is_not_drawn_from_this_bootstrap():
    coefficients = dict(load_assumptions("miri-2026-04").coefficients)
    coefficients["loss_irreducible"] = replace(
        coefficients["loss_irreducible"], value=1.69, source="hoffmann2022chinchilla"
    )
    found = distributions(believed(**coefficients))
    assert not any(isinstance(one, ScalingLaw) for one in found)
    assert set(LAW_NAMES) < {one.name for one in found}


def test_joint_draws_keep_the_correlation_of_the_bootstrap():
    law = ScalingLaw()
    rows = law.all_rows()
    drawn = law.fields(uniforms([LAW], 4096, 0)[LAW])
    assert {len(column) for column in rows.values()} == {2000}
    expected, found = (np.corrcoef([table[name] for name in rows]) for table in (rows, drawn))
    np.testing.assert_allclose(found, expected, atol=0.02)
    # What the fit fixes together: the coefficient rises with its exponent.
    pair = [drawn["assumptions.loss_parameter_coefficient"], drawn["assumptions.loss_parameter_exponent"]]
    assert np.corrcoef(pair)[0, 1] > 0.98


def test_every_draw_of_the_law_is_a_row_and_every_row_is_drawn():
    law = ScalingLaw()
    rows, drawn = (
        np.column_stack(list(t.values())) for t in (law.all_rows(), law.fields(np.linspace(0, 1, 9999)))
    )
    assert {tuple(row) for row in drawn.tolist()} == {tuple(row) for row in rows.tolist()}


def test_the_bootstrap_is_centred_near_the_published_point():
    published = load_assumptions("miri-2026-04").coefficients
    for name, column in ScalingLaw().all_rows().items():
        stated = published[name.removeprefix("assumptions.")]
        assert np.median(column) == pytest.approx(stated.value, rel=0.06), name
        assert abs(np.median(column) - stated.value) < 0.5 * (stated.standard_error or 0.0), name


def test_the_same_seed_draws_the_same_whatever_follows():
    few = uniforms(["a", "b"], 256, 3)
    many = uniforms(["a", "b", "c", "d"], 256, 3)
    for name in few:
        np.testing.assert_array_equal(few[name], many[name])
    assert not np.array_equal(few["a"], uniforms(["a", "b"], 256, 4)["a"])
    assert len(uniforms([str(i) for i in range(40)], 16, 0)) == 40


def test_sobol_draws_fill_every_stratum():
    values = uniforms(["a"], 1024, 0)["a"]
    assert sorted((values * 1024).astype(int).tolist()) == list(range(1024))


def test_fields_are_named_for_a_batch():
    drawn = [one for name, one in EVERY if name == "miri-2026-04"]
    fields = drawn_fields(drawn, uniforms([one.name for one in drawn], 16, 0))
    assert {f"assumptions.{name}" for name in LAW_NAMES} < set(fields)
    assert all(name.startswith("assumptions.") and len(values) == 16 for name, values in fields.items())
