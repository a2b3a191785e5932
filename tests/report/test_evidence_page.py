"""The pages for reviewers: every factor with its evidence, and the headline answers with their bands."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest

from farflung.analysis.calibrate.cross_validation import CALIBRATED, NONE, cross_validate
from farflung.analysis.calibrate.held_out import dropped_shares, largest_runs
from farflung.analysis.calibrate.points import NOISE
from farflung.analysis.calibrate.published import PUBLISHED
from farflung.analysis.distributions import distributions
from farflung.analysis.headlines import (
    DEFAULT_RULE,
    DESIGN_DRAWS,
    HEADLINE_OUTPUTS,
    MEMORY_RULE,
    SCENARIOS,
    TARGETS,
    Need,
    headlines,
)  # fmt: skip
from farflung.analysis.search import GRIDS
from farflung.analysis.uncertainty import uncertainty
from farflung.catalog.tables import assumption_names
from farflung.evidence import factors as module
from farflung.evidence.factors import factors
from farflung.evidence.review import EvidenceReview, review
from farflung.outcome.model import Choices, assemble
from farflung.report.evidence_page import evidence_page
from farflung.report.figures import headlines_figure, held_out_figure
from farflung.report.figures.words import brief
from farflung.report.headlines_page import headlines_page
from farflung.scenario import load_assumptions, preset

pytestmark = pytest.mark.slow
BELIEVED = load_assumptions(CALIBRATED)
NOBODY = "Not stated."


@pytest.fixture(scope="module")
def reviewed() -> EvidenceReview:
    return review(draws=10)


@pytest.fixture(scope="module")
def page(reviewed):
    return evidence_page(reviewed)


@pytest.fixture(scope="module")
def answered():
    return headlines(256, grid=GRIDS["published"]())


def kind(figure, meta):
    return [trace for trace in figure.data if trace.meta == meta]


def test_every_coefficient_of_the_learning_model_is_on_the_page(page):
    steps = assemble(Choices("flat", "relay", False, True, BELIEVED.forms))
    used = {
        asked
        for step in steps.values()
        if step.function.__module__.startswith("farflung.learning")
        for _, asked in step.inputs
        if asked in BELIEVED.coefficients
    }
    assert len(used) > 20
    assert [name for name in used if f"`{name}`" not in page] == []


def test_every_factor_says_where_it_ends_and_what_would_change_our_mind(reviewed, page):
    assert page.count("\n## ") == len(reviewed.factors) + 2
    for one in reviewed.factors:
        assert f"\n## {one.title}\n" in page
        assert one.change in page
        assert len(one.change.split()) > 15, one.title
        assert "{" not in one.change
    assert NOBODY not in page
    told = {quantity for one in reviewed.factors for quantity in one.limits}
    assert told == set(BELIEVED.limits)


def test_a_coefficient_that_nobody_described_gets_a_section(monkeypatch, reviewed):
    declared = {name: entry for name, entry in module._declared().items() if name != "compression"}
    monkeypatch.setattr(module, "_declared", lambda: declared)
    found = factors()
    assert "dropping_exponent" in {one.name for factor in found for one in factor.coefficients}
    assert NOBODY in evidence_page(replace(reviewed, factors=found))


def test_a_changed_coefficient_changes_the_page(tmp_path, reviewed, page):
    folder = resources.files("farflung.catalog") / "assumptions"
    text = (folder / f"{CALIBRATED}.toml").read_text(encoding="utf-8")
    stated = r"^divergence_coefficient = \{ value = "
    changed = re.sub(rf"({stated})[^,]+", r"\g<1>0.0123", text, flags=re.MULTILINE)
    file = tmp_path / "mine.toml"
    file.write_text(changed, encoding="utf-8")
    other = evidence_page(replace(reviewed, factors=factors(str(file))))
    assert other != page
    assert "| `divergence_coefficient` † | 0.0123 |" in other


def test_quantiles_are_those_of_what_is_drawn(reviewed):
    drawn = {name for one in distributions(BELIEVED) for name in one.fields(np.array([0.5]))}
    for one in (one for factor in reviewed.factors for one in factor.coefficients):
        assert bool(one.quantiles) == (f"assumptions.{one.name}" in drawn), one.name
        values = list(one.quantiles.values())
        assert values == sorted(values)
        if values:
            assert values[0] <= one.value <= values[-1], one.name


def test_a_factor_that_is_left_out_is_said_to_be(reviewed, page):
    (batch,) = [one for one in reviewed.factors if one.name == "batch"]
    assert batch.off == (BELIEVED.forms.critical_batch == "ignored")
    assert ("leaves this factor out" in page) == any(one.off for one in reviewed.factors)


def test_the_errors_are_those_of_the_cross_validation(reviewed, page):
    found = cross_validate(draws=10, seed=0).to_dict()["held_out_rmse_nats"]
    row = " | ".join(f"{1000 * found[name]:.1f}" for name in (CALIBRATED, *PUBLISHED, NONE))
    assert f"| all points | {len(reviewed.cross_validation.at)} | {row} |" in page
    for held_out in (largest_runs(), dropped_shares()):
        assert " | ".join(f"{1000 * error:.1f}" for error in held_out.rmse.values()) in page


def test_the_residuals_that_are_drawn_add_up_to_the_error_that_is_printed(reviewed):
    figure = held_out_figure(reviewed)
    error = reviewed.cross_validation.rmse(CALIBRATED)
    for name in ("parameters", "replicas", "inner_steps"):
        drawn = np.concatenate([trace.y for trace in kind(figure, f"residual {name}")])
        assert len(drawn) == len(reviewed.cross_validation.at)
        assert math.sqrt(np.mean(drawn**2)) == pytest.approx(error)
    drawn = np.concatenate([np.asarray(t.y) - np.asarray(t.x) for t in kind(figure, "prediction")])
    assert math.sqrt(np.mean(drawn**2)) == pytest.approx(error)
    assert f"off by {error:.3f} nats" in figure.layout.title.text.replace("<br>", " ")


def test_bars_are_the_errors_of_every_set(reviewed):
    figure = held_out_figure(reviewed)
    table = reviewed.cross_validation.to_dict()
    groups = {tuple(bar.x): dict(zip(bar.customdata, bar.x, strict=True)) for bar in kind(figure, "error")}
    assert table["held_out_rmse_nats"] in groups.values()
    assert table["by_group"]["test_sizes"]["held_out_rmse_nats"] in groups.values()
    said = [one.text for one in figure.layout.annotations if one.name == "error"]
    assert any(
        f"{table['held_out_rmse_nats'][CALIBRATED]:.4f} on {table['points']} points" in text for text in said
    )
    assert {trace.x[0] for trace in kind(figure, "noise") if trace.mode == "lines"} == {NOISE}


def test_every_median_lies_within_its_band(answered):
    for result in answered.results.values():
        for output in HEADLINE_OUTPUTS:
            quantiles = result.spread(output).quantiles
            assert quantiles[0.05] <= quantiles[0.5] <= quantiles[0.95]
    for one in answered.cheapest:
        assert 0.0 <= one.reached <= 1.0
        for need in one.needs:
            assert need.quantiles[0.05] <= need.quantiles[0.5] <= need.quantiles[0.95]


def test_the_headline_page_answers_every_question_under_every_set(answered):
    page = headlines_page(answered)
    for name in SCENARIOS:
        assert f"(`{name}`)" in page
    for target in TARGETS:
        assert f"### {brief(target)} FLOP" in page
    assert {one.assumptions for one in answered.cheapest} == set(assumption_names())
    for believed in assumption_names():
        scenario = preset("paper-headline").with_({"assumptions": believed})
        spread = uncertainty(scenario, 256).spread("quality_adjusted_flop")
        values = [spread.point, *(spread.quantiles[share] for share in (0.05, 0.5, 0.95))]
        assert f"| C_quality [FLOP] | {believed} | {' | '.join(map(brief, values))} |" in page


def test_the_headlines_are_a_result_that_names_rules_and_draws(answered):
    assert len(repr(answered).splitlines()) <= 25
    text = answered.page().to_text()
    page = headlines_page(answered)
    for said in (MEMORY_RULE, f"{DESIGN_DRAWS} draws", "256 draws"):
        assert said in text
        assert said in page
    rules = {row["rule"] for row in answered.to_dict()["cheapest"]}
    assert rules == {DEFAULT_RULE, MEMORY_RULE}
    frame = answered.to_frame()
    assert set(frame["draws"]) == {256, DESIGN_DRAWS}
    assert answered.citations()
    assert answered.command == "farflung headlines --draws 256"


def test_the_coefficients_named_do_not_depend_on_what_was_read_again(answered):
    before = [answered.drawn(name) for name in answered.sets]
    load_assumptions.cache_clear()
    assert [answered.drawn(name) for name in answered.sets] == before


def test_what_a_design_needs_is_enough_and_no_less_is(answered):
    for one in (one for one in answered.cheapest if one.evaluated):
        fewest = min(one.need("nodes").quantiles.values())
        assert fewest <= one.need("nodes").point  # it reaches its target as found, in some draws with fewer
        assert one.evaluated.outcome.quality_adjusted_flop >= one.target
        # Half of the draws are reached with the median or fewer.
        assert (one.reached >= 0.5) == (one.need("nodes").quantiles[0.5] <= one.need("nodes").point)


def test_bands_are_drawn_as_they_are_and_what_is_never_reached_is_an_arrow(answered):
    figure = headlines_figure(answered)
    medians = {trace.x[0] for trace in kind(figure, "median")}
    for result in answered.results.values():
        assert result.spread("quality_adjusted_flop").quantiles[0.5] in medians
    first = answered.cheapest[0]
    quantiles = dict.fromkeys((0.05, 0.25, 0.5), 1e6) | dict.fromkeys((0.75, 0.95), math.inf)
    never = Need("capital_cost_usd", "USD", 1e6, quantiles)
    others = tuple(one for one in first.needs if one.name != never.name)
    stuck = replace(answered, cheapest=(replace(first, needs=(never, *others)), *answered.cheapest[1:]))
    arrows = len(kind(figure, "arrow"))
    expected = arrows + math.isfinite(first.need(never.name).quantiles[0.95])
    assert len(kind(headlines_figure(stuck), "arrow")) == expected
    assert "never" in headlines_page(stuck)
