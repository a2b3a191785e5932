"""Calibration: better than what is published on unseen points, and the catalog holds what it finds."""

import numpy as np
import pytest

from farflung.analysis.calibrate.compression import fit_compression
from farflung.analysis.calibrate.cross_validation import (
    CALIBRATED,
    NONE,
    central_law,
    check_bounds,
    cross_validate,
    fit_all,
    laws,
)
from farflung.analysis.calibrate.fit import cluster_weights
from farflung.analysis.calibrate.forms import BEYOND, FITTED, FORMS, JOINT, UNITS, coefficients
from farflung.analysis.calibrate.points import NOISE, STUDIES, points
from farflung.analysis.calibrate.publish import calibrated, write
from farflung.analysis.calibrate.published import PUBLISHED, published_change
from farflung.analysis.calibrate.scaling_law import LETTERS, optimal_ratio, published_laws, refit
from farflung.analysis.distributions import JOINT_FILE, ScalingLaw, distributions, law_rows
from farflung.base.errors import InputError
from farflung.catalog.measured import CompressionRow
from farflung.catalog.rows import stored
from farflung.learning import distributed_loss, replicas
from farflung.scenario import load_assumptions

BELIEVED = load_assumptions(CALIBRATED)


@pytest.fixture(scope="module")
def held_out():
    return cross_validate(draws=16, seed=0)


def test_ours_beats_the_published_sets_and_no_penalty_on_points_left_out(held_out):
    error = held_out.to_dict()["held_out_rmse_nats"]
    assert set(error) == {CALIBRATED, *PUBLISHED, NONE}
    assert all(error[CALIBRATED] < error[other] for other in (*PUBLISHED, NONE))
    assert error[CALIBRATED] < 0.010  # the noise is 0.008, and rounding adds to it


def test_at_4b_and_10b_ours_is_within_the_noise_of_the_best(held_out):
    for size in ("4B", "10B"):
        error = held_out.to_dict()["by_group"][size]["held_out_rmse_nats"]
        assert error[CALIBRATED] <= min(error.values()) + NOISE
        assert error[CALIBRATED] <= min(error.values())


def test_ninety_percent_intervals_cover_what_was_left_out(held_out):
    assert 0.80 <= held_out.to_dict()["coverage_90"] <= 0.97
    assert held_out.to_dict()["points"] == 66


def test_the_law_of_the_set_is_the_form_that_predicts_best(held_out):
    errors = held_out.to_dict()["forms_rmse_nats"]
    assert set(errors) == set(FORMS)
    assert min(errors, key=errors.get) == JOINT


def test_ours_does_not_win_by_the_untuned_points_alone(held_out):
    error = held_out.to_dict()["by_group"]["study charles"]["held_out_rmse_nats"]
    assert error[CALIBRATED] == min(error.values())
    assert error[CALIBRATED] < NOISE


def test_upper_bounds_up_to_64_replicas_are_kept():
    found = check_bounds()
    assert {one.replicas for one in found} >= {16.0, 64.0}
    assert sum(one.satisfied for one in found) >= len(found) - 3
    assert all(one.satisfied for one in found if one.replicas == 64.0)


def test_no_fit_sees_the_test_or_the_size_it_predicts():
    at = points(central_law())
    assert len(np.unique(at.band[at.scored & (at.parameters < 2.5e9)])) == 7
    assert len({*at.band[at.parameters == 90e6], *at.band[at.parameters == 100e6]}) == 1
    assert at.test[at.scored & (at.parameters >= 4e9)].all()


def test_published_predictions_are_those_of_the_sets_own_functions():
    law = central_law()
    at = points(law).where(np.arange(len(points(law))) < 9)
    values = {n: v for n, (v, _) in load_assumptions("miri-2026-04").values.items()}
    exponent = replicas.divergence_exponent(
        parameters=at.parameters, effective_inner_steps=at.inner_steps,
        **{n: values[n] for n in
           ("replica_prefactor", "replica_size_exponent", "replica_reference_inner_steps")},
    )  # fmt: skip
    alone = at.baseline * (replicas.loss_multiplier(replicas=at.replicas, divergence_exponent=exponent) - 1)
    both = published_change("miri-2026-04", at)
    assert (both > alone).all()  # the interval is charged a second time
    assert (both > published_change("miri-2026-02", at)).all()
    with pytest.raises(InputError, match="no published set"):
        published_change(CALIBRATED, at)


def test_the_catalog_holds_the_fit():
    found = coefficients(fit_all(FORMS[JOINT]).fitted[: len(FITTED)])
    for name, value in found.items():
        assert BELIEVED.coefficients[name].value == pytest.approx(value, rel=1e-3), name
    for name, value in UNITS.items():
        assert BELIEVED.coefficients[name].value == value
    compression = fit_compression()
    stated = {n: r.value for n, r in BELIEVED.coefficients.items()}
    assert stated["dropping_coefficient_plain"] == pytest.approx(compression.plain, rel=1e-3)
    assert stated["dropping_coefficient_feedback"] == pytest.approx(compression.feedback, rel=1e-3)


def test_the_posterior_of_the_catalog_is_what_a_smaller_one_agrees_with(tmp_path):
    small = calibrated(draws=60, seed=1)
    rows = law_rows(JOINT_FILE)
    assert {len(column) for column in rows.values()} == {2000}
    for name in FITTED:
        spread = rows[name].std()
        assert BELIEVED.coefficients[name].standard_error == pytest.approx(spread, rel=0.01)
        assert abs(np.median(small.draws[name]) - np.median(rows[name])) < 0.6 * spread, name
        assert small.draws[name].std() == pytest.approx(spread, rel=0.5), name
    # Every draw keeps what the law promises.
    replica = rows["divergence_replica_exponent"]
    assert (replica >= 1.0).all()
    assert (replica + rows[BEYOND[0]] >= 1.0 - 1e-6).all()
    assert (rows["divergence_size_exponent"] - rows[BEYOND[1]] >= -1e-6).all()
    assert (rows["dropping_coefficient_plain"] > rows["dropping_coefficient_feedback"]).mean() > 0.95


def test_same_seed_same_posterior_and_what_is_written_is_read(tmp_path):
    first, again, other = (calibrated(draws=4, seed=seed) for seed in (3, 3, 4))
    for name, column in first.draws.items():
        np.testing.assert_array_equal(column, again.draws[name])
    assert not np.array_equal(first.draws[FITTED[0]], other.draws[FITTED[0]])
    for folder in ("data", "assumptions"):
        (tmp_path / folder).mkdir()
    text = tmp_path / "assumptions" / f"{CALIBRATED}.toml"
    from importlib import resources

    own = resources.files("farflung.catalog") / "assumptions" / f"{CALIBRATED}.toml"
    text.write_text(own.read_text(encoding="utf-8"), encoding="utf-8")
    draws, believed = write(first, tmp_path)
    lines = [line for line in draws.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines[0].split(",")[:5] == list(LETTERS)
    assert len(lines) == 5
    mine = load_assumptions(str(believed))
    assert mine.coefficients[FITTED[0]].value == BELIEVED.coefficients[FITTED[0]].value
    assert mine.coefficients[FITTED[0]].standard_error != BELIEVED.coefficients[FITTED[0]].standard_error
    with pytest.raises(InputError, match="cannot be written"):
        write(first, tmp_path / "nowhere")


def test_the_new_coefficients_are_drawn_with_the_scaling_law():
    (law,) = (one for one in distributions(BELIEVED) if isinstance(one, ScalingLaw))
    assert {*FITTED, *BEYOND, "loss_irreducible", "dropping_coefficient_feedback"} <= set(law.coefficients)
    assert not {one.name for one in distributions(BELIEVED)} & set(law.coefficients)


def test_larger_and_more_numerous_than_measured_is_less_sure():
    rows = law_rows(JOINT_FILE)

    def spread(replicas_, parameters):
        drawn = {n: rows[n] for n in (*FITTED, *BEYOND)}
        penalty = distributed_loss.divergence_penalty(
            parameters=parameters, tokens=20 * parameters, replicas=replicas_, effective_inner_steps=30.0,
            **drawn, **UNITS,
        )  # fmt: skip
        return np.log(penalty).std()

    inside = spread(8.0, 1e9)
    assert spread(64.0, 1e9) > 2 * inside
    assert spread(8.0, 240e9) > 2 * inside
    assert spread(64.0, 240e9) > spread(64.0, 1e9)


def test_no_size_is_ever_dropped_by_the_bootstrap():
    at = points(central_law())
    weights = cluster_weights(at, np.random.default_rng(0))
    assert (weights > 0).all()
    for study in range(len(STUDIES)):
        for band in np.unique(at.band[at.study == study]):
            assert len(np.unique(weights[(at.study == study) & (at.band == band)])) == 1
    assert len(laws(3)) == 3


def test_half_a_table_of_compression_is_not_enough():
    rows = [row for row in stored(CompressionRow) if row.quantity != "bound"]
    with pytest.raises(InputError, match=r"compression\.csv"):
        fit_compression(rows)


def test_the_refit_gives_the_published_law_within_one_standard_error():
    found = refit(draws=8, seed=0)
    assert all(found.within.values())
    assert found.points == 240
    table = found.to_dict()
    assert table["all_within_one_standard_error"]
    assert set(table["estimates"]) == set(LETTERS)
    # The errors are those of the catalog's bootstrap of 2,000, as far as 8 draws can tell.
    for letter, name in (("alpha", "loss_parameter_exponent"), ("E", "loss_irreducible")):
        assert found.standard_errors[letter] == pytest.approx(law_rows()[name].std(), rel=0.7)


def test_calibrations_are_results(held_out):
    law = refit(draws=2, seed=1)
    for result, command in (
        (held_out, "farflung calibrate loss --draws 16"),
        (law, "farflung calibrate scaling-law --draws 2 --seed 1"),
    ):
        assert result.command == command
        assert len(repr(result).splitlines()) <= 25
        assert "<table>" in result._repr_html_()
        assert result.citations()
    assert len(held_out.to_frame()) == len(held_out.at)
    assert len(held_out.to_dict()["bounds"]) == len(held_out.bounds) == 20
    assert set(law.to_frame()["coefficient"]) == set(LETTERS)


def test_the_reference_allocation_is_the_laws_own():
    assert BELIEVED.forms.allocation == "optimal"
    assert "reference_tokens_per_parameter" not in BELIEVED.coefficients
    law = published_laws()[0]["besiroglu"]
    for flop, ratio in ((5.76e23, 18.4), (1e25, 17.1), (1e26, 16.1)):
        assert optimal_ratio(law, flop) == pytest.approx(ratio, abs=0.05)
