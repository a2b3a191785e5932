"""Figures of comparisons, the ledger, validations, calibrations and outcomes: what they show and say."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import farflung
from farflung.analysis.calibrate.points import NOISE
from farflung.analysis.calibrate.scaling_law import LETTERS, refit
from farflung.base.errors import InputError
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.evidence.ledger import STATUSES
from farflung.report.figures import (
    comparison_figure,
    cross_validation_figure,
    ledger_figure,
    scaling_law_figure,
    stragglers_figure,
)
from farflung.report.figures.words import multiple, quantity
from farflung.scenario import preset


def title(figure):
    return re.sub(r"<[^>]*>", "", figure.layout.title.text.replace("<br>", " "))


def texts(figure, name):
    return [note.text for note in figure.layout.annotations if note.name == name]


def bars(figure, meta):
    return [trace for trace in figure.data if trace.meta == meta]


@pytest.fixture(scope="module")
def pair():
    return farflung.compare("headline", "paper-headline")


@pytest.fixture(scope="module")
def ledger():
    return farflung.reproduce()


@pytest.fixture(scope="module")
def consumer():
    return farflung.validate("consumer")


def test_a_comparison_draws_each_output_from_one_to_its_ratio(pair):
    figure = pair.figure()
    quality = next(one for one in pair.outputs if one.name == "quality_adjusted_flop")
    drawn = bars(figure, "ratio")
    assert drawn[0].base[0] + drawn[0].x[0] == pytest.approx(quality.ratios[1])
    assert len(drawn) == len(texts(figure, "first")) == len(texts(figure, "value")) == 16
    assert figure.layout.xaxis.type == "log"
    first, second = (quantity(value, "FLOP") for value in quality.values)
    assert title(figure).startswith(f"headline reaches {first} of C")
    assert f"paper-headline {second} ({multiple(quality.ratios[1])})" in title(figure)
    assert texts(figure, "first")[0] == first
    assert second in texts(figure, "value")[0]


def test_a_comparison_of_three_tells_them_apart_by_more_than_colour():
    result = farflung.compare("headline", "paper-headline", "paper-1gbps")
    figure = comparison_figure(result)
    named = [trace for trace in figure.data if trace.showlegend]
    assert [trace.name for trace in named] == list(result.names[1:])
    assert len({trace.marker.color for trace in named}) == len({t.marker.pattern.shape for t in named}) == 2
    assert len(bars(figure, "ratio")) == 2 * len(texts(figure, "first"))


def test_texts_beside_bars_lie_within_the_axes(pair):
    figure = pair.figure()
    low, high = figure.layout.xaxis.range
    inner = figure.layout.width - figure.layout.margin.l - figure.layout.margin.r
    for note in figure.layout.annotations:
        if note.name in {"first", "value"}:
            at = (note.x - low) / (high - low) * inner
            width = 6.6 * len(re.sub(r"<[^>]*>", "", note.text))
            assert width <= (inner - at if note.xanchor == "left" else at)


def test_a_run_that_cannot_take_place_is_said_in_a_comparison():
    large = preset("headline").with_({"model.parameters": 1e15})
    with pytest.raises(InputError, match="nothing to draw"):
        comparison_figure(farflung.compare("headline", "headline"))
    assert "cannot take place" in title(comparison_figure(farflung.compare("headline", large)))


def test_outputs_that_differ_where_the_headline_does_not_are_named(pair):
    others = tuple(one for one in pair.outputs if one.name != "quality_adjusted_flop")
    assert "reach the same" in title(comparison_figure(replace(pair, outputs=others)))


def test_the_ledger_stacks_the_counts_of_every_document(ledger):
    figure = ledger.figure()
    rows = [*ledger.documents.values(), ledger.counts]
    shown = [f"{own[status]:,}" for own in rows for status in STATUSES if own[status]]
    assert texts(figure, "count") == shown
    assert texts(figure, "total") == [f"{sum(own.values()):,} claims" for own in rows]
    for row in range(len(rows)):
        spans = sorted((t.base[0], t.base[0] + t.x[0]) for t in figure.data if t.y[0] == row)
        assert spans[0][0] == 0.0
        assert spans[-1][1] == pytest.approx(1.0)
        assert all(end == pytest.approx(start) for (_, end), (start, _) in pairwise(spans))
    counts = (len(ledger.claims), ledger.recomputed, ledger.counts["reproduced"], ledger.counts["differs"])
    assert [int(number) for number in re.findall(r"\d+", title(figure))] == list(counts)


def test_a_ledger_of_one_document_has_one_row(ledger):
    one = farflung.reproduce("outline")
    assert texts(one.figure(), "total") == [f"{len(one.claims)} claims"]
    assert "of outline" in title(one.figure())
    with pytest.raises(InputError, match="nothing to draw"):
        ledger_figure(replace(ledger, claims=()))
    drifted = tuple(replace(claim, status="differs") for claim in ledger.claims[:1])
    assert any(
        drifted[0].id in text for text in texts(ledger_figure(replace(ledger, claims=drifted)), "footer")
    )


def test_a_validation_draws_every_point_that_counts_and_the_medians(consumer):
    figure = consumer.figure()
    counted = [row for row in consumer.rows if row.counts and row.error[DEFAULT_ASSUMPTIONS] is not None]
    points = [x for trace in bars(figure, "point") for x in trace.x]
    medians = [x for trace in bars(figure, "median") for x in trace.x]
    assert len(points) == len(counted)
    assert len(medians) == sum(len(group.median_error) for group in consumer.groups)
    shares = [100 * row.error[DEFAULT_ASSUMPTIONS] for row in counted if row.quantity == "utilisation"]
    assert sorted(bars(figure, "point")[0].x) == pytest.approx(sorted(shares))
    assert figure.layout.xaxis.type == "linear"
    assert figure.layout.xaxis2.type == "log"
    assert "28 % in round time" in title(figure)
    assert len({trace.marker.symbol for trace in bars(figure, "median")}) == len(consumer.sets)


def test_a_validation_without_measured_points_still_says_what_is_off():
    derived = farflung.validate("eager-table-5")
    assert "% in bandwidth" in title(derived.figure())
    with pytest.raises(InputError, match="nothing to draw"):
        replace(derived, rows=()).figure()


def test_the_scaling_law_shows_every_coefficient_and_law():
    result = refit(draws=2)
    figure = scaling_law_figure(result)
    offsets = [trace.x[0] for trace in bars(figure, "estimate")]
    assert offsets == [
        (result.estimates[letter] - result.published[letter]) / result.published_errors[letter]
        for letter in reversed(LETTERS)
    ]
    ratios = result.to_dict()["tokens_per_parameter"]
    named = {trace.name: trace for trace in figure.data if trace.mode == "markers" and trace.meta == "law"}
    assert {name: list(trace.y) for name, trace in named.items()} == {
        name: list(by_flop.values()) for name, by_flop in ratios.items()
    }
    assert f"{ratios['refit']['1e+26']:.1f} tokens per parameter" in title(figure)
    assert result.figure().layout.title.text == figure.layout.title.text


def test_forms_of_stragglers_are_sorted_by_their_errors():
    errors = {"good": (0.02, 0.01, 0.03), "bad": (0.5, 0.4, 0.6)}
    at = SimpleNamespace(peers=np.array([2.0, 64.0]), spread=np.array([0.1, 0.2]), factor=np.ones(2))
    result = SimpleNamespace(
        at=at,
        fits={"bad": {"c": 1.0}, "good": {"c": 0.25}},
        chosen="good",
        errors=errors.get,
        held_out=lambda form: errors[form][0],
        seed=0,
        command="farflung calibrate stragglers",
        citations=lambda: (),
    )
    figure = stragglers_figure(result)
    assert "<b>good</b>" in figure.layout.yaxis.ticktext[0]
    assert figure.layout.yaxis.tickvals[0] > figure.layout.yaxis.tickvals[1]
    drawn = [trace for trace in figure.data if trace.orientation == "h"]
    assert [list(trace.x) for trace in drawn] == [[0.02, 0.5], [0.01, 0.4], [0.03, 0.6]]
    values = [text.replace("\u00a0", " ") for text in texts(figure, "value")]
    assert values == ["2.0 %", "50.0 %", "1.0 %", "40.0 %", "3.0 %", "60.0 %"]
    assert "off by 2.0" in title(figure)


def test_errors_of_the_loss_are_shown_by_set_and_by_form():
    every = {"calibrated-2026-11": 0.01, "miri-2026-02": 0.02, "none": 0.04}
    forms = {"power of M": 0.012, "joint": 0.011}
    result = SimpleNamespace(
        held_out_rmse=lambda chosen=None: every, groups=lambda: {"test_sizes": None}, forms_rmse=forms,
        at=range(66), covered=np.array([True, True, False]), bounds=[SimpleNamespace(satisfied=True)] * 3,
        draws=10, seed=0, command="farflung calibrate loss", citations=lambda: (),
    )  # fmt: skip
    figure = cross_validation_figure(result)
    assert list(figure.layout.yaxis2.ticktext) == ["Law: joint", "Law: power of M"]
    drawn = [list(trace.x) for trace in figure.data if trace.orientation == "h"]
    assert drawn == [list(every.values()), list(every.values()), [0.011, 0.012]]
    assert [list(trace.x) for trace in bars(figure, "noise")] == [[NOISE, NOISE]] * 2
    assert "off by 0.010 nats; charging nothing for distribution by 0.040" in title(figure)
    assert any("3 of 3 upper bounds" in text for text in texts(figure, "footer"))


def test_a_design_is_drawn_as_its_outcome():
    found = farflung.most_compute("40M USD", grid="published", chips=["GH200"], modes=["flat"])
    assert found.figure().layout.title.text == found.best.outcome.figure().layout.title.text
