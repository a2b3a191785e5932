"""Field declarations: one table for validation, help and documentation."""

import json

import pytest

from farflung.base.errors import InputError
from farflung.base.fields import BARE_UNITS, fields_of, quantity
from farflung.base.sections import Section, read_mapping
from farflung.base.units import factor
from farflung.scenario import Scenario

FIELDS = fields_of(Scenario)


class Engine(Section):
    """A section to declare fields on."""

    length: float = quantity("Length of a run", unit="s", symbol="T", above=0.0)
    share: float = quantity("Share", role="uncertainty", default=0.5, at_least=0.0, at_most=1.0)
    kind: str = quantity("Kind", unit="", role="label", default="none")


def test_a_declaration_is_read_back():
    fields = fields_of(Engine)
    assert [fields[n].unit for n in ("length", "share", "kind")] == ["s", "1", ""]
    assert [fields[n].kind for n in ("length", "share", "kind")] == ["number", "number", "text"]
    assert fields["length"].symbol == "T"
    assert fields["share"].role == "uncertainty"
    assert fields["length"].meaning == "Length of a run"
    assert (fields["length"].required, fields["share"].required) == (True, False)


def test_units_are_read_and_defaults_filled():
    engine = Engine.read({"length": "2 min"})
    assert (engine.length, engine.share, engine.kind) == (120.0, 0.5, "none")
    assert Engine.read({"length": "1 s", "share": "40 %", "kind": "1 s"}).kind == "1 s"


def test_sections_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Engine.read({"length": "1 s"}).length = 2.0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"length": 2.0}, "engine.length: 2.0 has no unit; nearest valid: for example '740 days'"),
        ({"length": "1 s", "share": 2}, "engine.share: 2 must be at most 1; nearest valid: 1"),
        ({"length": "1 s", "share": -1}, "engine.share: -1 must be at least 0; nearest valid: 0"),
        ({"length": "1 s", "lenght": 1}, "engine.lenght: unknown key; nearest valid: 'length'"),
        ({"length": "1 s", "zzz": 1}, "engine.zzz: unknown key; nearest valid: length, share, kind"),
        ({}, "engine.length: missing; nearest valid: see 'farflung init' for a commented scenario"),
    ],
)
def test_messages(table, message):
    with pytest.raises(InputError) as caught:
        Engine.read(table, "engine")
    assert str(caught.value) == message


def test_a_table_is_needed_where_one_is_read():
    assert read_mapping({"a": 1}, "x") == {"a": 1}
    with pytest.raises(InputError, match="x: must be a table"):
        read_mapping([1], "x")


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_scenario_is_declared_in_full(name):
    field = FIELDS[name]
    assert field.meaning
    assert field.role in {"lever", "uncertainty", "constant", "label"}
    if field.unit not in BARE_UNITS:
        assert factor(field.unit, field.unit) == 1.0
        assert field.bounds_text, "a physical quantity has bounds"


def test_dotted_names_are_those_a_user_writes():
    assert {"duration", "model.parameters", "network.regional.upload", "protocol.inner_steps"} <= set(FIELDS)
    assert "network.regional" not in FIELDS


def test_the_schema_carries_units_and_bounds():
    schema = json.loads(json.dumps(Scenario.model_json_schema()))
    upload = schema["$defs"]["Network"]["properties"]["upload"]
    assert upload["unit"] == "bit/s"
    assert upload["minimum"] == 1e3
    assert upload["description"]
