"""Runs over time: rows are read, sourced, at one with the catalog; derived figures come again."""

import math
import re
from importlib import resources
from statistics import mean, median, stdev

import numpy as np
import pytest
from scipy.stats import norm

from farflung.base.errors import InputError
from farflung.catalog.event_runs import (
    AsynchronousRun,
    Churn,
    Efficiency,
    Exchange,
    Goodput,
    Interruption,
    Kill,
    Recovery,
    Spread,
)
from farflung.catalog.rows import read_rows, stored
from farflung.catalog.runs import cases
from farflung.catalog.sources import sources
from farflung.catalog.tables import facts

RECORDS = (
    Exchange, Efficiency, Spread, Goodput, Churn, Kill, Interruption, Recovery, AsynchronousRun,
)  # fmt: skip
PAYLOAD = 30_846_720 * 32
RING = 2 * 3 / 4 * PAYLOAD
YEAR = 365.25 * 86_400


def only(record, **fields):
    (found,) = (
        row for row in stored(record) if all(getattr(row, name) == value for name, value in fields.items())
    )
    return found


def chip_hours(row):
    """Return the mean time between interruptions of one chip [h]."""
    return 24.0 * row.chips * row.days / row.interruptions


@pytest.mark.parametrize("record", RECORDS)
def test_rows_are_read_and_their_sources_are_in_the_bibliography(record):
    rows = stored(record)
    assert rows
    assert {row.source for row in rows} <= set(sources())
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("record", RECORDS)
def test_every_file_is_read(record):
    folder = resources.files("farflung.catalog") / "event_runs"
    files = {file.name for file in folder.iterdir() if file.name.endswith(".csv")}
    assert record.FILE.removeprefix("event_runs/") in files
    assert len(files) == len(RECORDS)


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("goodput", "1.2", "'1.2' is not valid; nearest valid: less than or equal to 1"),
        ("learners", "", "missing"),
        ("method", "ddp", "'ddp' is not valid; nearest valid: 'data_parallel', 'elastic' or 'decoupled'"),
        ("grace", "maybe", "'maybe' is not valid; nearest valid: a valid boolean"),
        ("evidence_level", "model", "'model' is not valid"),
        ("chips", "many", "'many' is not valid"),
    ],
)
def test_a_malformed_cell_is_named_by_file_line_and_column(tmp_path, column, cell, said):
    file = resources.files("farflung.catalog") / "event_runs" / "goodput.csv"
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    row = dict(
        zip(
            lines[0].split(","),
            lines[1].replace('"Table 1, at second hand"', "Table 1").split(","),
            strict=True,
        )
    )
    lines[1] = ",".join((row | {column: cell}).values())
    mine = tmp_path / "mine.csv"
    mine.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(f"mine.csv: line 2, column {column}: {said}")):
        read_rows(mine, Goodput)


def test_what_stands_elsewhere_in_the_catalog_is_the_same():
    rows = [row for row in stored(Exchange) if row.method == "diloco" and row.shaped]
    for case in cases("shaped-links"):
        found = [
            row.seconds for row in rows if (row.inner_steps, row.upload) == (case.inner_steps, case.upload)
        ]
        if case.run.startswith("DiLoCo") and case.quantity == "synchronisation time" and found:
            assert median(found) == pytest.approx(case.measured, rel=1e-3)
    known = {name: record.value for name, record in facts().items()}
    llama = only(Interruption, fleet="Llama 3 405B", cause="unexpected")
    assert chip_hours(llama) == pytest.approx(known["llama3_gpu_hours_per_interruption"], rel=1e-12)
    for name in ("RSC-1", "RSC-2"):
        rate = known[f"{name.lower().replace('-', '')}_failures_per_1000_node_days"]
        assert chip_hours(only(Interruption, fleet=name)) == pytest.approx(8 * 24 * 1000 / rate)
    assert only(Recovery, system="MegaScale", stage="return").high == known["megascale_restart_catch_up"] * 60
    assert (
        only(Churn, run="Covenant-72B", quantity="participants").measured
        == known["covenant_contributing_peers"]
    )


def test_causes_add_up_to_all_unexpected_interruptions():
    rows = [row for row in stored(Interruption) if row.fleet == "Llama 3 405B"]
    causes = sum(row.interruptions for row in rows if row.cause not in {"planned", "unexpected"})
    assert causes == only(Interruption, fleet="Llama 3 405B", cause="unexpected").interruptions == 419


def rings():
    """Return the blocking exchanges over shaped links, without those that are a run's only one."""
    return [row for row in stored(Exchange) if row.method != "ddp" and row.shaped and row.inner_steps < 128]


def fitted(traffic, upload, seconds):
    """Return overhead and efficiency of least relative squares."""
    seconds = np.asarray(seconds)
    terms = np.stack([1 / seconds, traffic / np.asarray(upload) / seconds], axis=1)
    overhead, inverse = np.linalg.lstsq(terms, np.ones_like(seconds), rcond=None)[0]
    return overhead, 1 / inverse


def test_protocol_efficiencies_of_shaped_links_come_again():
    fast = [row for row in rings() if row.upload > 5e8]
    overhead, _ = fitted(RING, [row.upload for row in fast], [row.seconds for row in fast])
    found = [row for row in stored(Efficiency) if row.upload]
    assert len(found) == 4
    for row in found:
        shares = [RING / row.upload / (one.seconds - overhead) for one in rings() if one.upload == row.upload]
        assert row.overhead == pytest.approx(overhead, rel=1e-4)
        assert row.runs == len(shares)
        assert (row.low, row.efficiency, row.high) == pytest.approx(
            (min(shares), median(shares), max(shares)), rel=1e-5
        )
    # Left free, the overhead would be negative: one share of the rate does not fit slow and fast links.
    assert fitted(RING, [row.upload for row in rings()], [row.seconds for row in rings()])[0] < 0


@pytest.mark.parametrize(
    ("setting", "rows"),
    [
        ("one ring, all links", rings()),
        (
            "buckets beside the backward pass, all links",
            [row for row in stored(Exchange) if row.method == "ddp" and row.shaped],
        ),
    ],
)
def test_one_protocol_efficiency_for_all_links_comes_again(setting, rows):
    shares = np.array([RING / row.upload / row.seconds for row in rows])
    found = only(Efficiency, setting=setting)
    assert found.efficiency == pytest.approx((shares**2).sum() / shares.sum(), rel=1e-5)
    assert (found.low, found.high) == pytest.approx((shares.min(), shares.max()), rel=1e-5)


def test_the_overhead_of_consumer_links_comes_again():
    rounds = [case for case in cases("consumer") if case.quantity == "round time"]
    left = {case: case.measured - case.inner_steps * case.step_seconds for case in rounds}
    each = [case for case in rounds if case.inner_steps == 1]
    payload = each[0].parameters * 32
    overhead, efficiency = fitted(payload, [case.upload for case in each], [left[case] for case in each])
    beyond = [left[case] - payload / case.upload for case in rounds]
    found = only(Efficiency, source="nicholicaron2026ftdiloco")
    assert (found.overhead, found.efficiency) == pytest.approx((overhead, efficiency), rel=1e-6)
    assert (found.overhead_low, found.overhead_high) == pytest.approx((min(beyond), max(beyond)), abs=1e-3)


def test_variations_come_again():
    for row in stored(Spread):
        if row.coverage == 0.9:
            sigma = math.log(row.high / row.low) / (2 * norm.ppf(0.95))
            assert row.variation == pytest.approx(math.sqrt(math.expm1(sigma**2)), rel=1e-6)
        elif "shaped" in row.setting:
            upload = float(re.search(r"([\d.]+) Mbit", row.setting)[1]) * 1e6
            seconds = [one.seconds for one in rings() if one.upload == upload]
            assert row.centre == pytest.approx(median(seconds))
            assert row.variation == pytest.approx(stdev(seconds) / mean(seconds), rel=1e-6)
    known = {name: record.value for name, record in facts().items()}
    share, deficit = known["megascale_straggler_share"], known["megascale_slow_host_deficit"]
    hosts = only(Spread, source="jiang2024megascale")
    assert hosts.variation == pytest.approx(deficit * math.sqrt(share * (1 - share)))


@pytest.mark.parametrize(("method", "system"), [("data_parallel", "data-parallel"), ("elastic", "elastic")])
def test_stalls_that_goodputs_imply_come_again(method, system):
    rows = [row for row in stored(Goodput) if row.method == method]
    stalls = [row.chip_years * YEAR / row.chips * (1 / row.goodput - 1) for row in rows]
    (found,) = (r for r in stored(Recovery) if r.system.startswith(f"Decoupled DiLoCo, {system}"))
    assert (found.low, found.high) == pytest.approx((min(stalls), max(stalls)))


def test_the_longest_stall_of_llama_3_comes_again():
    rows = [only(Interruption, fleet="Llama 3 405B", cause=cause) for cause in ("unexpected", "planned")]
    lost = (1 - facts()["llama3_effective_training_time"].value) * rows[0].days * 86_400
    found = only(Recovery, system="Llama 3 405B")
    assert found.high == pytest.approx(lost / sum(row.interruptions for row in rows))


def test_learners_dilute_failures_as_their_authors_say():
    """M learners do what an elastic run on an M-th of the chips does, within four points."""
    grid = {(r.method, r.learners, r.chips): r.goodput for r in stored(Goodput) if r.chips}
    assert len(grid) == 30
    compared = [
        (share, grid["elastic", 1, chips // learners])
        for (method, learners, chips), share in grid.items()
        if method == "decoupled" and ("elastic", 1, chips // learners) in grid
    ]
    assert len(compared) == 10
    assert max(abs(share - alone) for share, alone in compared) <= 0.0401


def test_storms_hold_together():
    """Efficiency is the share of steps that commit times the share of replicas that take part in them."""
    for run, slower in (
        ("torchft, a failure every 60 s", 1.0),
        ("torchft, a failure every 15 s", 10.9 / 15.46),
    ):
        found = {row.quantity: row for row in stored(Churn) if row.run == run}
        share = found["committed share"].measured * found["participants"].measured / 30 * slower
        assert found["efficiency"].measured == pytest.approx(share, abs=0.002)
    kills = stored(Kill)
    (back,) = (r for r in stored(Recovery) if r.system.startswith("ft-diloco, 69") and r.stage == "return")
    (on,) = (r for r in stored(Recovery) if r.system.startswith("ft-diloco, 69") and r.stage == "resume")
    assert median(kill.returned for kill in kills) == pytest.approx(back.seconds, abs=0.5)
    assert median(kill.resumed for kill in kills) == pytest.approx(on.seconds, abs=0.5)


def test_tokens_lost_in_a_crash_are_those_since_the_last_exchange():
    rows = [row for row in stored(Churn) if row.quantity == "tokens lost" and row.method == "flat"]
    for row in rows:
        assert row.measured == pytest.approx(row.inner_steps * 16_384, rel=0.03)
