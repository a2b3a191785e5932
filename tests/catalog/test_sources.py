"""No number without a source, and no source without an entry."""

import re
from importlib import resources

import pytest

from farflung.base.errors import InputError
from farflung.catalog import bibtex, names, records, source, sources, table
from farflung.catalog.tables import assumption_table, preset_table


def all_records():
    for folder, read in (("data", table), ("assumptions", assumption_table)):
        for name in names(folder):
            for path, record in records(read(name)):
                yield f"{folder}/{name}.{path}", record


def test_every_number_has_a_source_in_the_bibliography():
    found = list(all_records())
    assert len(found) > 900
    missing = {(path, record.source) for path, record in found if record.source not in sources()}
    assert not missing


def test_every_number_has_a_place_and_a_date():
    assert not [path for path, record in all_records() if not record.locator or record.date is None]


def test_ranges_contain_their_value():
    for path, record in all_records():
        assert record.low is None or record.low <= record.value, path
        assert record.high is None or record.value <= record.high, path


def test_priors_say_so():
    """What rests on the project's own word is labelled."""
    own = [
        (name, record["evidence_level"])
        for set_name in names("assumptions")
        for name, record in assumption_table(set_name)["coefficients"].items()
        if record["source"] == "farflung2026"
    ]
    assert own
    assert {evidence_level for _, evidence_level in own} <= {"prior", "fitted", "convention"}


def test_every_coefficient_has_a_standing():
    for set_name in names("assumptions"):
        for name, record in assumption_table(set_name)["coefficients"].items():
            assert record.get("evidence_level") in {"measured", "fitted", "stated", "convention", "prior"}, (
                name
            )


def test_every_preset_names_its_source():
    for name in names("presets"):
        raw = preset_table(name)
        assert raw["source"] in sources(), name
        assert raw["locator"], name


def test_bibliography_keys_are_unique():
    text = (resources.files("farflung.catalog") / "data" / "sources.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,]+),", text, re.MULTILINE)
    assert len(keys) == len(set(keys)) == len(sources())


def test_every_entry_has_title_and_year():
    assert not [key for key, entry in sources().items() if not entry.title or not entry.year]


def test_bibtex_of_a_source_names_it():
    assert "@" in bibtex(["besiroglu2024chinchilla"])
    assert "besiroglu2024chinchilla" in bibtex(["besiroglu2024chinchilla"])


def test_an_unknown_source_is_refused_with_the_likeliest():
    with pytest.raises(InputError, match="did you mean 'besiroglu2024chinchilla'"):
        source("besiroglu2024")
