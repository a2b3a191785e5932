"""catalog, presets, schema, init, duration: what is on record and how it is written."""

from __future__ import annotations

import csv
import io
import json
import tomllib

import pytest

import farflung as library
from farflung import catalog
from farflung.base.fields import fields_of
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.cli.answer import Answer
from farflung.cli.catalog import SECTIONS
from farflung.cli.catalog.hardware import CHIPS
from farflung.cli.catalog.section import Section
from farflung.scenario import Scenario, loads

LISTINGS = {
    "chips": "H100 SXM",
    "pods": "GH200 NVL32",
    "links": "colocated",
    "models": "Grok 4",
    "systems": "8x RTX 4090 rig",
    "rules": "miri-2025",
    "facts": "gpt4_training_flop",
    "costs": "server_to_chip_cost_ratio",
    "assumptions": "miri-2026-04",
    "sources": "sevilla2022longest",
    "fields": "nodes.count",
}


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("kind", [*LISTINGS, "nodes"])
def test_listings_agree_in_every_format(farflung, kind: str) -> None:
    table = farflung("catalog", kind)
    assert (table.code, table.err) == (0, "")
    rows = _rows(farflung("catalog", kind, "--format", "csv").out)
    found = json.loads(farflung("catalog", kind, "--format", "json").out)
    assert len(rows) == len(found) > 1
    assert list(rows[0]) == list(found[0])
    assert all(name for name in rows[0])


@pytest.mark.parametrize("kind", LISTINGS)
def test_an_entry_shows_its_sources(farflung, kind: str) -> None:
    name = LISTINGS[kind]
    table = farflung("catalog", kind, name)
    assert table.code == 0
    assert name in table.out
    found = json.loads(farflung("catalog", kind, name, "--format", "json").out)
    assert _rows(farflung("catalog", kind, name, "--format", "csv").out)
    if isinstance(found, dict) and "records" in found:
        assert found["records"]
        for record in found["records"]:
            assert record["source"] in table.out
            assert record["source"] in catalog.sources()


@pytest.mark.parametrize("section", [*SECTIONS.values(), CHIPS], ids=[*SECTIONS, "chips"])
def test_every_entry_can_be_shown(section: Section) -> None:
    for row in section.listing().to_dict():
        entry = section.look_up(next(iter(row.values())))
        result = entry.result if isinstance(entry, Answer) else entry
        assert result.page().to_text()
        assert result.to_dict()


def test_chips_count_in_h100_by_processing_performance(farflung) -> None:
    chips = {row["name"]: row for row in json.loads(farflung("catalog", "chips", "--format", "json").out)}
    assert chips["H100 SXM"]["h100_equivalents"] == 1.0
    assert 0.31 < chips["A100 80GB"]["h100_equivalents"] < 0.32
    assert chips["H100 SXM"]["memory_bytes"] == 80e9
    assert chips["A100 80GB"]["fp8_flops"] is None


def test_a_set_has_one_price_for_a_chip(farflung) -> None:
    chips = {row["name"]: row for row in json.loads(farflung("catalog", "chips", "--format", "json").out)}
    for name in ("H100 SXM", "A100 80GB"):
        scenario = {
            "nodes": {"hardware": f"16x {name}", "count": 2}, "model": {"parameters": 1e9},
            "network": {"upload": "100 Mbps"},
        }  # fmt: skip
        explained = library.explain(scenario, "capital_cost_usd")
        (price,) = (one for one in explained.walk() if one.name == "chip_price")
        assert chips[name]["price_usd"] == price.value
    beside = {name: row["price_beside_range"] for name, row in chips.items() if row["price_beside_range"]}
    assert (beside["H100 SXM"], beside["A100 80GB"]) == ("within", "below")
    assert "$7,000 ↓" in farflung("catalog", "chips").out
    entry = farflung("catalog", "chips", "A100 80GB").out.replace("\n", " ")
    assert "calibrated-2026-11 $7,000 (rahman2026distributed, the chip alone), below" in " ".join(
        entry.split()
    )


def test_no_figure_of_a_table_is_cut_off(farflung) -> None:
    out = farflung("catalog", "chips").out
    assert "0.3152" in out


def test_nodes_below_a_rule(farflung) -> None:
    def most(*words: str) -> dict[str, int]:
        found = json.loads(farflung("catalog", "nodes", *words, "--format", "json").out)
        return {row["chip"]: row["chips"] for row in found}

    assert most("--assumptions", "miri-2026-04")["H100 SXM"] == 16
    assert most()["A100 80GB"] == 50
    assert most("--reading", "tpp")["GB300"] < most("--reading", "fp16")["GB300"]
    assert most("--rule", "miri-2025-8h100e")["A100 80GB"] == 25


def test_a_source_is_bibtex_to_paste(farflung) -> None:
    out = farflung("catalog", "sources", "sevilla2022longest").out
    assert out.startswith("@misc{sevilla2022longest,")


def test_every_field_is_listed_with_its_declaration(farflung) -> None:
    found = {row["field"]: row for row in json.loads(farflung("catalog", "fields", "--format", "json").out)}
    assert list(found) == list(fields_of(Scenario))
    assert all(row["meaning"] and row["role"] for row in found.values())
    assert found["nodes.count"]["default"] == "required"
    assert found["network.latency"]["default"] == "100 ms"
    assert found["network.latency"]["unit"] == "s"
    assert "at least 1" in found["nodes.count"]["bounds"]
    assert found["nodes.precision"]["bounds"] == "fp16 | bf16 | fp8 | fp4"


def test_assumption_sets_show_tables_and_ranges(farflung) -> None:
    out = farflung("catalog", "assumptions", "miri-2026-04").out
    for said in ("Quality table", "Conservative", "Fitted or measured over", "prior", "1.64 (1.54 to 1.69)"):
        assert said in out
    found = json.loads(farflung("catalog", "assumptions", "miri-2026-04", "--format", "json").out)
    assert found["hash"] == library.load_assumptions("miri-2026-04").hash


def test_presets_are_listed(farflung) -> None:
    found = json.loads(farflung("presets", "--format", "json").out)
    assert tuple(row["name"] for row in found) == library.presets()
    assert set(found[0]) == {"name", "title", "source", "nodes", "hardware"}
    out = farflung("presets").out
    assert all(name in out for name in library.presets())


@pytest.mark.parametrize("what", ["scenario", "outcome"])
def test_schema_is_json_schema(farflung, what: str) -> None:
    found = json.loads(farflung("schema", what).out)
    assert found["type"] == "object"
    assert found["title"] == what.capitalize()


def test_the_outcome_has_the_keys_of_its_schema(farflung) -> None:
    schema = json.loads(farflung("schema", "outcome").out)
    outcome = json.loads(farflung("run", "paper-headline", "--format", "json").out)
    assert set(outcome) == set(schema["properties"])


def test_init_writes_a_scenario_that_loads(farflung, tmp_path) -> None:
    file = tmp_path / "mine.toml"
    answer = farflung("init", str(file))
    assert (answer.code, answer.out) == (0, "")
    assert file.read_text(encoding="utf-8") == farflung("init").out
    ours, headline = library.load(file), library.preset("paper-headline")
    for section in ("model", "nodes", "network", "protocol", "duration"):
        assert getattr(ours, section) == getattr(headline, section)
    assert ours.source == ""
    assert ours.assumptions == DEFAULT_ASSUMPTIONS
    believed = headline.with_({"assumptions": DEFAULT_ASSUMPTIONS})
    assert library.evaluate(ours).values() == library.evaluate(believed).values()
    assert 'duration = "740 days"' in file.read_text(encoding="utf-8")


def test_init_names_every_field(farflung) -> None:
    text = farflung("init").out
    section, named = "", set()
    for line in text.splitlines():
        bare = line.removeprefix("# ")
        if line.startswith("["):
            section = line.strip("[]") + "."
        elif " = " in bare and bare.split(" = ")[0].isidentifier():
            named.add(section + bare.split(" = ")[0])
    assert named == set(fields_of(Scenario))
    assert max(len(line) for line in text.splitlines()) <= 100


def test_each_open_line_of_init_can_be_uncommented(farflung) -> None:
    lines = farflung("init").out.splitlines()
    tried = 0
    for place, line in enumerate(lines):
        key, equals, value = line.removeprefix("# ").partition(" = ")
        if not line.startswith("# ") or not equals or not key.isidentifier() or value == "<number>":
            continue
        changed = [*lines[:place], f"{key} = {value}", *lines[place + 1 :]]
        tomllib.loads("\n".join(changed))
        # A node is described by its hardware or by its peak and memory, not both.
        if key not in {"peak", "memory"}:
            loads("\n".join(changed))
        tried += 1
    assert tried > 20


def test_init_overwrites_only_when_told(farflung, tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("precious")
    answer = farflung("init", str(file))
    assert answer.code == 2
    assert "--force" in answer.err
    assert file.read_text() == "precious"
    assert farflung("init", str(file), "--force").code == 0
    assert library.load(file)
    assert farflung("init", str(tmp_path), "--force").code == 2


def test_the_longest_run_worth_starting(farflung) -> None:
    words = ("duration", "--hardware", "6%", "--software", "50%", "--investment", "3%")
    answer = farflung(*words)
    assert answer.code == 0
    assert "740.4 days" in answer.out
    seconds = json.loads(farflung(*words, "--format", "json").out)["longest_run_s"]
    assert round(seconds / 86400, 1) == 740.4
    fractions = (
        "duration",
        "--hardware",
        "0.06",
        "--software",
        "0.5",
        "--investment",
        "0.03",
        "--format",
        "json",
    )
    assert json.loads(farflung(*fractions).out)["longest_run_s"] == pytest.approx(seconds, rel=1e-12)
    assert farflung("duration", "--hardware", "150%", "--software", "-5%", "--investment", "0").code == 0
