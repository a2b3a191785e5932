"""The hardware data: complete, sourced, of sensible size, and true to the published tables."""

import datetime
import math
import tomllib
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "src/farflung/catalog/data"
CHIPS = tomllib.loads((DATA / "chips.toml").read_text(encoding="utf-8"))
PODS = tomllib.loads((DATA / "pods.toml").read_text(encoding="utf-8"))
PAPER, ANALYSIS = "rahman2026distributed", "miri2026governance"
THRESHOLD = 15_840  # TFLOP/s: 16 chips rated 990, as both published documents count

NAMES = [
    *("H100 SXM", "H200 SXM", "GH200", "A100 80GB", "B100", "B200", "GB200", "B300", "GB300", "H20", "L40S"),
    *("RTX 4090", "RTX 5090", "RTX 6000 Ada", "MI210", "MI250X", "MI300X", "MI325X", "MI355X", "Gaudi 3"),
    *("Ascend 910B", "Ascend 910C", "TPU v4", "TPU v5e", "TPU v5p", "TPU v6e", "TPU v7"),
]
UNPRICED = {"B300", "L40S", "MI210", "MI325X", "MI355X", "TPU v7"}  # no purchase price found
UNITS = {"memory": "GB", "memory_bandwidth": "GB/s", "power": "W", "price": "USD"}
BOUNDS = {
    "dense.fp16": (100, 3_000),
    "dense.fp8": (200, 6_000),
    "dense.fp4": (1_000, 20_000),
    "dense.int8": (150, 6_000),
    "memory": (16, 300),
    "memory_bandwidth": (500, 10_000),
    "power": (150, 1_500),
    "price": (1_000, 60_000),
}
META = {"manufacturer", "jurisdiction", "released", "memory_kind", "dense"}


def fields(chip):
    """Yield the field path, its unit and its records."""
    for key, records in chip["dense"].items():
        yield f"dense.{key}", "TFLOP/s", records
    for key in chip.keys() - META:
        yield key, UNITS[key], chip[key]


def by_source(records, source):
    """Return the value of the one record that has this source."""
    (value,) = (record["value"] for record in records if record["source"] == source)
    return value


def check_record(record, unit):
    required = {"value", "unit", "source", "locator", "date"}
    if unit == "USD":
        required.add("includes")
    assert required <= record.keys() <= required | {"low", "high", "note"}
    assert record["unit"] == unit
    assert record["value"] > 0
    assert record.get("low", record["value"]) <= record["value"] <= record.get("high", record["value"])
    assert record["source"].isidentifier()
    assert record["source"].islower()
    assert record["locator"].strip()
    assert type(record["date"]) is datetime.date
    assert record["date"].year >= 2015


def test_every_chip_is_present():
    assert sorted(CHIPS) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_chip_records(name):
    chip = CHIPS[name]
    assert all(chip[key] for key in META)
    assert {"fp16"} <= chip["dense"].keys() <= {"fp16", "fp8", "fp4", "int8"}
    assert {"memory", "memory_bandwidth", "power"} <= chip.keys()
    assert ("price" in chip) is (name not in UNPRICED)
    for field, unit, records in fields(chip):
        low, high = BOUNDS[field]
        assert isinstance(records, list)
        assert records
        for record in records:
            check_record(record, unit)
            assert low <= record["value"] <= high, (field, record)
        keys = [(r["source"], r["locator"], r["value"]) for r in records]
        assert len(set(keys)) == len(keys), field
        for document in (PAPER, ANALYSIS):  # assumption sets select by source, so it has to be unique
            assert [r["source"] for r in records].count(document) <= 1, (field, document)


@pytest.mark.parametrize("name", sorted(set(NAMES) - UNPRICED))
def test_a_price_says_whether_its_server_is_in_it(name):
    for record in CHIPS[name]["price"]:
        words = record.get("note", "")
        whole = "share of an 8-GPU server" in words or "complete single-module server" in words
        assert record["includes"] == ("server" if whole else "chip")
    assert CHIPS[name]["price"][0]["includes"] == min(r["includes"] for r in CHIPS[name]["price"])


@pytest.mark.parametrize("name", NAMES)
def test_narrower_formats_are_not_slower(name):
    rates = {key: records[0]["value"] for key, records in CHIPS[name]["dense"].items()}
    assert rates.get("fp8", math.inf) >= rates["fp16"]
    assert rates.get("fp4", math.inf) >= rates.get("fp8", 0)
    assert rates.get("fp8", 0) <= 2.05 * rates["fp16"]  # a rate with sparsity would be four times


# Appendix B.2: chips, rating, memory per chip, price, node PFLOP/s at 16 bit, node memory
NODES = {
    "A100 80GB": (50, 312, 80, 7_000, "15.600", 4_000),
    "Ascend 910B": (49, 320, 64, 16_000, "15.680", 3_136),
    "Ascend 910C": (26, 600, 128, 26_000, "15.600", 3_328),
    "TPU v4": (57, 275, 32, 12_000, "15.675", 1_824),
    "TPU v5e": (80, 197, 16, 6_000, "15.760", 1_280),
    "TPU v5p": (34, 459, 95, 20_000, "15.606", 3_230),
    "TPU v6e": (17, 918, 32, 25_000, "15.606", 544),
    "H100 SXM": (16, 990, 80, 25_000, "15.840", 1_280),
    "GH200": (16, 990, 144, 28_000, "15.840", 2_304),
}


@pytest.mark.parametrize("name", NODES)
def test_paper_nodes(name):
    count, rating, memory, price, peak, total = NODES[name]
    chip = CHIPS[name]
    assert by_source(chip["dense"]["fp16"], PAPER) == rating
    assert by_source(chip["memory"], PAPER) == memory
    assert by_source(chip["price"], PAPER) == price
    assert math.floor(THRESHOLD / rating) == count
    assert f"{count * rating / 1e3:.3f}" == peak
    assert count * memory == total


@pytest.mark.parametrize(
    ("name", "count", "peak"), [("H100 SXM", 16, "31.68"), ("GH200", 16, "31.68"), ("TPU v6e", 17, "31.21")]
)
def test_paper_nodes_at_eight_bits(name, count, peak):
    assert f"{count * by_source(CHIPS[name]['dense']['fp8'], PAPER) / 1e3:.2f}" == peak


@pytest.mark.parametrize(
    ("name", "fp16", "fp8", "memory", "price"),
    [
        ("H100 SXM", 990, 1980, 80, 30_000),
        ("GH200", 990, 1980, 144, 30_000),
        ("A100 80GB", 312, None, 80, 15_000),
    ],
)
def test_governance_analysis_ratings(name, fp16, fp8, memory, price):
    chip = CHIPS[name]
    assert by_source(chip["dense"]["fp16"], ANALYSIS) == fp16
    assert fp8 is None or by_source(chip["dense"]["fp8"], ANALYSIS) == fp8
    assert by_source(chip["memory"], ANALYSIS) == memory
    assert by_source(chip["price"], ANALYSIS) == price


@pytest.mark.parametrize(
    ("name", "count", "memory"),
    [("H20", 107, 10_272), ("MI210", 87, 5_568), ("MI250X", 41, 5_248), ("MI300X", 12, 2_304)],
)
def test_default_ratings_of_nodes_the_paper_leaves_out(name, count, memory):
    chip = CHIPS[name]
    assert math.floor(THRESHOLD / chip["dense"]["fp16"][0]["value"]) == count
    assert count * chip["memory"][0]["value"] == memory


@pytest.mark.parametrize(("name", "default"), [("Ascend 910B", 376), ("Ascend 910C", 800)])
def test_ascend_defaults_to_the_dataset(name, default):
    record = CHIPS[name]["dense"]["fp16"][0]
    assert (record["value"], record["source"]) == (default, "epoch2026hardware")


def test_paper_node_of_ascend_910c_is_above_the_threshold_by_default():
    assert NODES["Ascend 910C"][0] * CHIPS["Ascend 910C"]["dense"]["fp16"][0]["value"] > 20 * 990


def test_every_pod_is_present():
    assert set(PODS) == {
        *("GH200 NVL32", "GB200 NVL72", "DGX H100 SuperPOD", "DGX A100 SuperPOD", "CloudMatrix 384"),
        *("TPU v4 pod", "TPU v5e pod", "TPU v5p pod", "TPU v6e pod"),
    }


@pytest.mark.parametrize("name", PODS)
def test_pods_follow_from_chip_ratings(name):
    pod = PODS[name]
    for field, unit in {"chips": "1", "published_peak": "PFLOP/s", "published_memory": "GB"}.items():
        check_record(pod[field], unit)
        assert pod[field]["source"] == PAPER
    chip, count = CHIPS[pod["chip"]], pod["chips"]["value"]
    printed = pod["published_peak"]["value"]
    digits = len(str(printed).partition(".")[2])
    assert f"{count * by_source(chip['dense']['fp16'], PAPER) / 1e3:.{digits}f}" == f"{printed:.{digits}f}"
    assert count * by_source(chip["memory"], PAPER) == pod["published_memory"]["value"]
    assert pod["description"]
