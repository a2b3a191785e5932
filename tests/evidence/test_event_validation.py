"""Runs over time beside the event engine: errors worked again, bounds on each group, the page, the figure."""

import html
import json
import math
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from farflung.base.errors import InputError
from farflung.catalog.event_runs import AsynchronousRun, Churn, Efficiency, Goodput
from farflung.catalog.rows import stored
from farflung.catalog.runs import cases
from farflung.catalog.sources import sources
from farflung.cli.validate import runs as command
from farflung.evidence.event_checks.asynchronous import busy_share, staleness
from farflung.evidence.event_checks.decoupled import goodput
from farflung.evidence.event_checks.deployments import COVENANT, INTELLECT
from farflung.evidence.event_checks.shaped_links import efficiency_without
from farflung.evidence.event_checks.storms import STORMS
from farflung.evidence.event_validation import SEED, STUDIES
from farflung.evidence.quantities import QUANTITIES
from farflung.report.event_validation_page import events_section
from farflung.report.figures import engines_figure

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
APP = typer.Typer()
APP.command()(command)


def rows(found, group, quantity=None, role=None):
    return [
        row for row in found.rows
        if row.group == group and quantity in {None, row.quantity} and role in {None, row.role}
    ]  # fmt: skip


def summary(found, *key):
    (one,) = [one for one in found.groups if (one.group, one.quantity, one.role) == key]
    return one


def test_every_figure_has_a_source_a_role_and_an_answer(events):
    assert {row.group for row in events.rows} == {study.name for study in STUDIES}
    assert {row.source_ref.source for row in events.rows} <= set(sources())
    assert {row.role for row in events.rows} == {"point", "in sample", "bound", "input"}
    assert {row.source_ref.evidence_level for row in events.rows} == {"measured", "derived", "simulated"}
    assert all(math.isfinite(row.events) and row.events >= 0.0 for row in events.rows)
    assert all(study.taken.endswith(".") and study.misfit.endswith(".") for study in STUDIES)


def test_no_measured_figure_is_left_out(events):
    asked = ("utilisation", "synchronisation time")
    cells = {(case.run, case.quantity) for case in cases("shaped-links") if case.quantity in asked}
    shaped = {(row.what, row.quantity) for row in rows(events, "shaped-links", role="point")}
    assert shaped == cells
    grid = [row for row in stored(Goodput) if row.chips is not None]
    assert len(rows(events, "decoupled-diloco", "goodput")) == len(grid) == 30
    storms = [row for row in stored(Churn) if row.run.startswith(("torchft", "ft-diloco"))]
    told = {(row.what, row.quantity) for row in rows(events, "storms")}
    assert told == {(row.run, row.quantity) for row in storms}


def test_errors_are_those_of_the_rows(events):
    for row in events.rows:
        difference = QUANTITIES[row.quantity].difference
        for said, error in ((row.events, row.error), (row.closed_form, row.closed_form_error)):
            if said is None:
                assert error is None
            else:
                wanted = said - row.measured if difference else said / row.measured - 1
                assert error == pytest.approx(wanted, abs=1e-12)
    for one in events.groups:
        if one.quantity in {row.quantity for row in events.rows}:
            sizes = sorted(abs(row.error) for row in rows(events, one.group, one.quantity, one.role))
            assert one.rows == len(sizes)
            assert sizes[(one.rows - 1) // 2] <= one.events <= sizes[one.rows // 2]
            assert one.largest == sizes[-1]


# How far off each group is, with a margin. A group that comes to fit better is to say so on the page.


def test_shaped_links_fit_better_than_in_the_closed_form(events):
    shares = {"utilisation": 0.02, "utilisation, 10 to 90 %": 0.045, "synchronisation time": 0.15}
    for quantity, most in shares.items():
        for role in ("point", "in sample"):
            one = summary(events, "shaped-links", quantity, role)
            assert one.events < most
            assert one.events < 0.75 * one.closed_form
    assert summary(events, "shaped-links", "synchronisation time", "in sample").events < 0.08


def test_a_bandwidth_is_predicted_from_the_others():
    (of_all,) = [row for row in stored(Efficiency) if row.setting == "one ring, all links"]
    assert efficiency_without(None) == pytest.approx(of_all.efficiency, rel=1e-9)
    # The slowest link has the lowest efficiency, so that the others suggest a higher one.
    assert efficiency_without(49.6e6) > of_all.efficiency > efficiency_without(992.6e6)


def test_a_shaped_link_by_hand(events):
    # 30,846,720 values in 32 bits around a ring of four: 1.5 payloads at the held-out share of the rate.
    run = "DiLoCo, H = 32, 1000 Mbit/s"
    case = next(one for one in cases("shaped-links") if one.run == run)
    exchange = 1.5 * 30846720 * 32 / (case.upload * efficiency_without(case.upload))
    (time,) = [row for row in rows(events, "shaped-links", "synchronisation time", "point")
               if row.what == run]  # fmt: skip
    (share,) = [row for row in rows(events, "shaped-links", "utilisation", "point") if row.what == run]
    assert time.events == pytest.approx(exchange, rel=1e-9)
    work = 32 * case.step_seconds
    assert share.events == pytest.approx(work / (work + exchange), rel=1e-9)
    # Neither engine lets anything vary: up and down, and a round trip of 1 ms.
    assert time.closed_form == pytest.approx(2 * 30846720 * 32 / case.upload + 0.001, rel=1e-9)


def test_intellect_1(events):
    assert summary(events, "intellect-1", "utilisation", "point").events < 0.01
    assert summary(events, "intellect-1", "synchronisation time", "point").events < 0.08
    own = rows(events, "intellect-1", "utilisation", "input")
    assert [round(row.events, 3) for row in own] == [0.829, 0.957, 0.856]  # 2280 / (2280 + 469, 103, 382)
    widths = rows(events, "intellect-1", "spread of exchange times")
    assert [row.measured for row in widths] == pytest.approx([180 / 80, 600 / 300, 1400 / 350])
    assert all(1.6 < row.events < row.measured for row in widths)  # narrower than each, as the page says


def test_covenant_in_both_readings(events):
    assert {row.role for row in rows(events, "covenant-72b", "utilisation")} == {"bound"}
    printed, read = rows(events, "covenant-72b", "synchronisation time")
    # A payload of 15.9 Gbit up at 110 Mbit/s, and those of 16 others down at 500, or eight times as fast.
    assert printed.events > 15.9e9 / 110e6 + 16 * 15.9e9 / 500e6 > 9 * 70
    assert 70 < 15.9e9 / 880e6 + 16 * 15.9e9 / 4e9 < read.events < 2 * 70
    (alone,) = rows(events, "covenant-72b", "participants", "point")
    assert alone.events == pytest.approx(20, abs=0.1)
    printed, read = rows(events, "covenant-72b", "participants", "bound")
    assert printed.events < 2 < read.events < 16.9


def test_decoupled_diloco(events):
    own = summary(events, "decoupled-diloco", "goodput", "point")
    elastic = summary(events, "decoupled-diloco", "goodput from elastic", "point")
    assert (own.rows, elastic.rows) == (27, 20)
    assert own.events < 0.02
    assert own.largest < 0.09
    assert elastic.events < 0.02
    assert elastic.largest < 0.06
    assert summary(events, "decoupled-diloco", "goodput", "in sample").largest < 0.003


def test_learners_apart_are_runs_of_fewer_chips():
    apart = goodput(learners=4, chips=1_200_000, stall=25.0, seed=SEED)
    assert apart == pytest.approx(goodput(learners=1, chips=300_000, stall=25.0, seed=SEED), abs=0.01)


def test_storms_fit_at_60_s_and_not_at_15(events):
    slow, fast = (
        {row.quantity: row for row in rows(events, "storms", role="point") if f"every {s} s" in row.what}
        for s in (60, 15)
    )
    assert abs(slow["committed share"].error) < 0.04
    assert abs(slow["participants"].error) < 0.01
    assert abs(slow["efficiency"].error) < 0.04
    assert fast["committed share"].error > 0.1
    assert fast["participants"].error > 0.3
    assert fast["efficiency"].error > 0.2
    (alive,) = rows(events, "storms", "alive")
    assert abs(alive.error) < 0.05
    (apart,) = [row for row in rows(events, "storms", "participants") if "ft-diloco" in row.what]
    assert apart.error > 0.5  # soft barriers are not in the engine


def test_waiting_for_a_slow_learner_and_for_nobody():
    waited, alone = [row for row in stored(Goodput) if row.speed_gap and not row.grace]
    assert busy_share(waited, SEED) == pytest.approx(1 / 1.18, rel=1e-9)
    assert busy_share(waited, SEED) == pytest.approx(waited.goodput, abs=0.01)
    assert busy_share(alone, SEED) == pytest.approx(1.0, abs=1e-3)


def test_what_delay_costs(events):
    assert staleness(4, SEED) == pytest.approx(3, abs=0.05)
    assert staleness(4, SEED, spread=0.5) == pytest.approx(3, abs=0.1)
    found = rows(events, "asynchronous", "loss from delay", "bound")
    small = [row for row in found if row.what.startswith("20 million, 4 workers")]
    naive, synchronous = (
        next(row.perplexity for row in stored(AsynchronousRun)
             if (row.method, row.parameters, row.workers) == (method, 2e7, 4))
        for method in ("async_diloco", "diloco")
    )  # fmt: skip
    assert small[0].measured == pytest.approx(math.log(naive / synchronous))
    assert small[1].events < small[0].measured < small[0].events  # at 200 and at 20 tokens a parameter
    many = [row for row in found if "16 workers" in row.what]
    assert all(row.events > 2 * row.measured for row in many)
    (unequal,) = rows(events, "asynchronous", "loss from delay", "point")
    assert abs(unequal.error) < 0.002


def test_the_same_seed_gives_the_same_rows(events):
    for study in (INTELLECT, COVENANT, STORMS):
        assert study.rows(SEED) == tuple(rows(events, study.name))
    assert STORMS.rows(SEED + 1) != STORMS.rows(SEED)


def test_the_page_is_up_to_date(events):
    page = (ROOT / "docs/validation.md").read_text(encoding="utf-8")
    assert page[page.index("## Runs over time") :] == events_section(events)


def test_the_figure_is_up_to_date(events):
    drawing = (ROOT / "docs/validation-events.svg").read_text(encoding="utf-8").replace("\u200b", "")
    drawn = " ".join(html.unescape(re.sub(r"</?tspan[^>]*>", "", drawing)).split())
    made = engines_figure(events)
    lines = [
        line for text in (made.layout.title, *made.layout.annotations) for line in text.text.split("<br>")
    ]
    assert [line for line in lines if " ".join(re.sub(r"<[^>]*>", "", line).split()) not in drawn] == []
    shares = [row for row in events.rows if QUANTITIES[row.quantity].share]
    on_the_right = [len(one.x) for one in made.data if one.yaxis == "y2" and one.mode == "markers"]
    assert sum(on_the_right) == len(shares)


@pytest.mark.parametrize(
    ("quantity", "predicted", "measured", "said"),
    [
        ("goodput", 0.5, 0.5123, "50 % (-1.2 points)"),
        ("step time", 9.0, 6.0, "9 s (+50 %)"),
        ("participants", 29.6, 29.603, "29.6 replicas (+0 %)"),
        ("loss from delay", 0.068, 0.0406, "0.068 nats (+0.027 nats)"),
        ("spread of exchange times", 1.85, 1.682, "1.85 (+10 %)"),
        ("outer rounds", 1234.5, 1234.5, "1,234 (+0 %)"),
        ("bandwidth", 1.234e8, 1e8, "123 Mbit/s (+23 %)"),
        ("days", 12.345, 10.0, "12.3 days (+23 %)"),
    ],
)
def test_predictions_are_written_with_their_errors(quantity, predicted, measured, said):
    assert QUANTITIES[quantity].format_with_error(predicted, measured) == said
    assert QUANTITIES[quantity].format_size(-0.5).startswith(("50", "0.5"))


@pytest.mark.usefixtures("events_at_hand")
def test_json_holds_rows_errors_and_what_does_not_fit():
    result = CliRunner().invoke(APP, ["--group", "events", "--format", "json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)["events"]
    assert set(found) == {"assumptions", "seed", "rows", "groups", "studies"}
    keys = {
        "group",
        "what",
        "quantity",
        "measured",
        "evidence_level",
        "role",
        "closed_form",
        "events",
        "error",
    }
    assert all(keys <= set(row) for row in found["rows"])
    assert all(found["studies"][row["group"]]["misfit"] for row in found["groups"])


def test_an_unknown_group_is_told_of_events():
    result = CliRunner().invoke(APP, ["--group", "event"])
    assert isinstance(result.exception, InputError)
    assert "did you mean 'events'" in str(result.exception)
