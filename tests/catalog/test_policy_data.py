"""The rules, links, models, systems, facts and costs of the catalogue, read as they lie in their files."""

from __future__ import annotations

import csv
import datetime
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2] / "src/farflung/catalog/data"
NAMES = ("links", "models", "systems", "rules", "facts", "costs")
TABLES = {name: tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8")) for name in NAMES}
RULES = TABLES["rules"]
with (DATA / "latencies.csv").open(newline="", encoding="utf-8") as file:
    LATENCIES = list(csv.DictReader(file))


def records(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every record with its path; a bare number outside a record is an error."""
    if "value" in table:
        yield path, table
        return
    for key, entry in table.items():
        if isinstance(entry, dict):
            yield from records(entry, f"{path}/{key}")
        else:
            assert isinstance(entry, (str, datetime.date, list)), f"{path}/{key} is a number without a record"


ALL = [(name + path, record) for name in NAMES for path, record in records(TABLES[name])]


@pytest.mark.parametrize("name", NAMES)
def test_every_value_is_sourced(name: str) -> None:
    found = [(path, record) for path, record in ALL if path.startswith(name + "/")]
    assert found
    for path, record in found:
        assert {"value", "unit", "source", "locator", "date"} <= record.keys(), path
        assert record.keys() <= {"value", "unit", "source", "locator", "date", "low", "high", "note"}, path
        assert all(record[key].strip() for key in ("unit", "source", "locator")), path
        assert isinstance(record["date"], datetime.date), path
        value = record["value"]
        assert record.get("low", value) <= value <= record.get("high", value), path


def test_every_source_is_in_the_bibliography() -> None:
    listed = set(re.findall(r"@\w+\{([^,\s]+),", (DATA / "sources.bib").read_text(encoding="utf-8")))
    used = {record["source"] for _, record in ALL} | {row["source"] for row in LATENCIES}
    assert used - listed == set()


def test_latencies_are_positive_and_sourced() -> None:
    columns = ["provider", "from", "to", "rtt_ms", "tier", "source", "locator", "date", "note"]
    assert len(LATENCIES) == 191
    for row in LATENCIES:
        assert list(row) == columns
        assert all(row.values())
        assert float(row["rtt_ms"]) > 0
        datetime.date.fromisoformat(row["date"])


def limits(name: str) -> dict[str, float]:
    """Return the limits of a rule with those of the rules it extends."""
    rule = RULES[name]
    base = limits(rule["extends"]) if "extends" in rule else {}
    return base | {key: entry["value"] for key, entry in rule.items() if isinstance(entry, dict)}


@pytest.mark.parametrize("name", [name for name in RULES if name.startswith("miri")])
def test_the_three_measures_of_a_compute_limit_agree(name: str) -> None:
    rule = limits(name)
    assert rule["performance_limit"] == 990 * rule["compute_limit_h100e"]
    assert rule["total_processing_performance_limit"] == 16 * rule["performance_limit"]
    assert rule["training_limit_monitored"] < rule["training_limit"]


def test_headline_limits() -> None:
    agreement = limits("miri-2025")
    assert (agreement["compute_limit_h100e"], agreement["performance_limit"]) == (16, 15840)
    assert agreement["total_processing_performance_limit"] == 253440
    assert limits("miri-2026-memory")["memory_limit"] == 16 * 80
    laws = ("miri-2025", "eu-ai-act", "california-sb-53")
    assert [limits(name)["training_limit"] for name in laws] == [1e24, 1e25, 1e26]
    assert limits("eo-14110")["performance_limit"] == TABLES["facts"]["eo_14110_cluster_operations"]["value"]


def test_extended_rules_exist_and_the_rest_are_complete() -> None:
    for name, rule in RULES.items():
        assert rule.get("extends", name) in RULES
        assert {"title", "status", "status_date"} <= rule.keys()
        assert "extends" in rule or {"jurisdiction", "law", "effect", "training_limit"} <= rule.keys()


def test_both_pairs_for_china_give_the_printed_inner_steps() -> None:
    total = TABLES["facts"]["china_average_inverse_bandwidth_sum"]
    for name in ("china-average", "china-average-derived"):
        inverse = sum(1e-6 / TABLES["links"][name][way]["value"] for way in ("upload", "download"))
        assert total["low"] <= inverse <= total["high"]


def test_seed_burden_counts_follow_from_the_systems() -> None:
    systems = [entry for entry in TABLES["systems"].values() if "seed_systems" in entry]
    assert len(TABLES["systems"]) == 43
    assert sum(len(entry["seed_systems"]) for entry in systems) == 14

    def caught(field: str, limit: float) -> int:
        return sum(len(entry["seed_systems"]) for entry in systems if entry[field]["value"] > limit)

    assert [caught("seed_h100_equivalents", limit) for limit in (16, 8, 4, 2, 1)] == [0, 0, 4, 7, 11]
    assert [caught("published_h100_equivalents", limit) for limit in (16, 8, 4, 2, 1)] == [0, 0, 4, 8, 12]
    assert [caught("memory", limit) for limit in (2048, 1024, 512, 256)] == [0, 0, 6, 10]


def test_the_catalogue_burden_counts_are_those_of_the_governance_notes() -> None:
    systems = TABLES["systems"].values()
    compute = [system["published_h100_equivalents"]["value"] for system in systems]
    memory = [system["memory"]["value"] for system in systems if system["memory_kind"] == "HBM"]
    assert [sum(each > limit for each in compute) for limit in (16, 8, 4, 2, 1)] == [5, 14, 22, 32, 38]
    assert [sum(each > limit for each in memory) for limit in (2048, 1280, 1024, 512)] == [6, 17, 19, 25]


def test_models_without_repeats() -> None:
    assert len(TABLES["models"]) == 36
    assert all(isinstance(model["released"], datetime.date) for model in TABLES["models"].values())
