"""Bad inputs: each is refused with the field, the reason, and a nearest value that is indeed valid."""

from __future__ import annotations

import copy
import datetime
import math
from importlib import resources

import pytest

from farflung import InputError, Scenario, evaluate
from farflung.base.fields import BARE_UNITS, fields_of

RUN = {
    "duration": "740 days",
    "model": {"parameters": 100e9},
    "nodes": {"count": 34, "hardware": "16x GH200"},
    "network": {"upload": "100 Mbps"},
}
FIELDS = fields_of(Scenario)


def run_with(field, value):
    """Return the run with one field, by dotted name, replaced."""
    run = copy.deepcopy(RUN)
    *path, last = field.split(".")
    table = run
    for part in path:
        table = table.setdefault(part, {})
    table[last] = value
    return run


def refused(field, value):
    """Return the error with which a value of a field is refused."""
    with pytest.raises(InputError) as caught:
        evaluate(run_with(field, value))
    return caught.value


def test_the_run_itself_is_good():
    assert evaluate(RUN).feasible


@pytest.mark.parametrize("section", ["", "model.", "nodes.", "network.", "network.regional.", "protocol."])
def test_an_unknown_key_is_refused_wherever_it_stands(section):
    error = refused(f"{section}zzzz", 1)
    assert error.field == f"{section}zzzz"
    assert error.problem == "unknown key"
    assert error.nearest


@pytest.mark.parametrize(
    ("field", "nearest"),
    [
        ("network.uplod", "'upload'"),
        ("nodes.cuont", "'count'"),
        ("protocol.inner_step", "'inner_steps'"),
        ("network.regional.latncy", "'latency'"),
        ("modell", "'model'"),
        ("upload", "'network.upload'"),
        ("latency", "'network.latency'"),
        ("mfu", "'nodes.mfu'"),
        ("model.count", "'nodes.count'"),
    ],
)
def test_a_misspelt_or_misplaced_key_is_recognised(field, nearest):
    assert refused(field, 1).nearest == nearest


NEEDS_UNIT = [n for n, f in FIELDS.items() if f.unit not in BARE_UNITS]


HUGE = int("f" * 5000, 16)
"""More digits than Python writes out."""
BARE = {"whole": 100, "fraction": 1e8, "text": "100", "large": 10**400, "huge": HUGE}


@pytest.mark.parametrize("value", BARE.values(), ids=BARE)
def test_a_bare_number_is_refused_where_a_unit_is_needed(value):
    for field in NEEDS_UNIT:
        error = refused(field, value)
        assert error.field == field
        assert "no unit" in error.problem or "too large" in error.problem
        assert error.nearest.startswith(("for example", "at most"))


def test_a_quantity_of_another_kind_is_refused():
    for field in NEEDS_UNIT:
        error = refused(field, "1 J")
        assert error.field == field
        assert error.nearest.startswith("for example")


NUMBERS = [n for n, f in FIELDS.items() if f.numeric]
NOT_NUMBERS = {
    "nan": math.nan,
    "infinity": math.inf,
    "text nan": "nan",
    "text infinity": "inf",
    "true": True,
    "list": [1],
    "table": {"value": 1},
    "date": datetime.date(2026, 1, 1),
    "words": "a lot",
    "no_time": "",
    "large": 10**400,
    "negative": -1,
}


@pytest.mark.parametrize("value", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_what_is_no_number_is_refused(value):
    for field in NUMBERS:
        error = refused(field, value)
        assert error.field == field
        assert error.problem
        assert error.nearest, str(error)


@pytest.mark.parametrize("end", ["below", "above"])
def test_numbers_out_of_bounds_are_refused_with_a_value_that_is_accepted(end):
    for field in NUMBERS:
        unit = FIELDS[field].unit
        bounds = (FIELDS[field].at_least, FIELDS[field].at_most)
        bound = bounds[0 if end == "below" else -1]
        outside = bound + (-1 if end == "below" else 1) * max(1, abs(bound))
        error = refused(field, outside if unit in BARE_UNITS else f"{outside!r} {unit}")
        assert error.field == field
        try:
            Scenario.read(run_with(field, error.nearest))
        except InputError as other:  # another field may object to the value, but not this one
            assert other.field != field or "more than all" in other.problem, str(other)


@pytest.mark.parametrize("value", [[1], 1, "flat", True], ids=repr)
def test_a_table_is_needed_where_a_section_stands(value):
    for field in ("model", "nodes", "network", "protocol", "network.regional"):
        error = refused(field, value)
        assert error.field == field
        assert "table" in error.problem
        assert error.nearest


NOT_WORDS = {"list": [1], "table": {"a": 1}, "large": 10**400, "huge": HUGE, "number": 2.5}


@pytest.mark.parametrize("value", NOT_WORDS.values(), ids=NOT_WORDS)
def test_words_are_needed_where_words_stand(value):
    for field in (n for n, f in FIELDS.items() if not f.unit):
        assert refused(field, value).field == field


@pytest.mark.parametrize(
    ("field", "value", "nearest"),
    [
        ("protocol.mode", "flatt", "flat"),
        ("protocol.stragglers", "rely", "relay"),
        ("nodes.precision", "fp61", "fp16"),
        ("protocol.compression_scenario", "pessimistic", "optimistic"),
    ],
)
def test_a_word_that_is_no_choice_is_refused_with_the_likeliest(field, value, nearest):
    error = refused(field, value)
    assert (error.field, error.nearest) == (field, nearest)


@pytest.mark.parametrize(
    "missing", ["model", "nodes", "network", "model.parameters", "nodes.count", "network.upload"]
)
def test_what_a_scenario_must_say(missing):
    run = copy.deepcopy(RUN)
    *path, last = missing.split(".")
    del (run[path[0]] if path else run)[last]
    with pytest.raises(InputError, match="missing") as caught:
        Scenario.read(run)
    assert caught.value.field == missing


@pytest.mark.parametrize("data", [[], None, "scenario", 3, {1: 2}, {"model": None}], ids=repr)
def test_what_is_no_table_is_no_scenario(data):
    with pytest.raises(InputError):
        Scenario.read(data)


def test_fractions_of_a_node_are_refused():
    error = refused("nodes.count", 1.5)
    assert error.field == "nodes.count"
    assert error.nearest in {"1", "2"}


def test_more_active_parameters_than_there_are():
    run = run_with("model", {"parameters": 1e9, "active_parameters": 2e9})
    with pytest.raises(InputError) as caught:
        Scenario.read(run)
    assert (caught.value.field, float(caught.value.nearest)) == ("model.active_parameters", 1e9)


def test_experts_shared_by_a_model_without_any():
    with pytest.raises(InputError, match="without experts") as caught:
        Scenario.read(run_with("model.expert_parallelism", 8))
    assert caught.value.field == "model.active_parameters"


@pytest.mark.parametrize(
    ("nodes", "field"),
    [
        ({"count": 1}, "nodes.hardware"),
        ({"count": 1, "peak": "1 PFLOP/s"}, "nodes.hardware"),
        ({"count": 1, "hardware": "16x GH200", "peak": "1 PFLOP/s"}, "nodes.hardware"),
    ],
)
def test_a_node_is_described_once(nodes, field):
    with pytest.raises(InputError) as caught:
        Scenario.read(run_with("nodes", nodes))
    assert caught.value.field == field
    assert "peak and memory" in caught.value.nearest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("16x gh200", "'16x GH200'"),
        ("48xA100", "'48x A100 80GB'"),
        ("16x H100", "'16x H100 SXM'"),
        ("0x GH200", "1 to"),
        ("GH200", "'16x GH200'"),
        ("", "x "),
        ("16x Zzzz", "one of A100 80GB"),
        ("9" * 5000 + "x GH200", "1 to"),
        ("1x " + "a" * 100_000, "one of A100 80GB"),
    ],
    ids=range(9),
)
def test_unknown_hardware_is_refused_with_the_likeliest(text, said):
    error = refused("nodes.hardware", text)
    assert error.field == "nodes.hardware"
    assert said in str(error)


@pytest.mark.parametrize("text", ["16x GH200", "16 x GH200", " 16X GH200 ", "16× GH200"])
def test_a_node_may_be_written_in_several_ways(text):
    assert evaluate(run_with("nodes.hardware", text)).chips == 34 * 16


def test_a_pod_is_a_node():
    assert evaluate(run_with("nodes.hardware", "GB200 NVL72")).chips == 34 * 72


def test_a_chip_without_the_precision_is_refused_with_those_it_has():
    error = refused("nodes", {"count": 34, "hardware": "50x A100 80GB", "precision": "fp8"})
    assert (error.field, error.nearest) == ("nodes.precision", "fp16 or bf16")


@pytest.mark.parametrize(
    "name",
    [
        "miri-2026-05",
        "conventions",
        "",
        "no/such/file.toml",
        "x" * 5000 + ".toml",
        "a\0.toml",
        "../data/chips",
    ],
)
def test_an_unknown_assumption_set_is_refused(name):
    assert refused("assumptions", name).field == "assumptions"


BROKEN_SETS = {
    "not TOML": "[",
    "empty": "",
    "unknown parent": 'extends = "nobody"',
    "parent of another kind": "extends = [1]",
    "no forms": 'name = "a"\ntitle = "a"\ndescription = "a"\nsource = "a"\n[defaults]\n[coefficients]\n',
    "a bare coefficient": 'extends = "conventions"\n[coefficients]\nloss_irreducible = 1.8',
    "unknown key": 'extends = "conventions"\ncolour = "red"',
    "not text": "\udcff",
}


@pytest.mark.parametrize("text", BROKEN_SETS.values(), ids=BROKEN_SETS)
def test_a_broken_assumption_file_is_refused(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert refused("assumptions", str(path)).field == "assumptions"


PAPER = (resources.files("farflung.catalog") / "assumptions" / "miri-2026-04.toml").read_text(
    encoding="utf-8"
)


def own_set(tmp_path, text):
    """Return the run under an assumption set of one's own."""
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    run = run_with("assumptions", str(path))
    del run["duration"]
    return run


def test_a_copy_of_a_set_answers_the_same_under_its_own_name(tmp_path):
    mine = evaluate(own_set(tmp_path, PAPER.replace('name = "miri-2026-04"', 'name = "mine"')))
    paper = evaluate({**RUN, "assumptions": "miri-2026-04"})
    assert mine.values() == paper.values()
    assert mine.provenance.assumptions == "mine"
    assert mine.provenance.assumptions_hash != paper.provenance.assumptions_hash
    assert [f.why for f in mine.defaulted if f.field == "duration"] == ["default of mine"]


def test_a_set_may_extend_one_that_extends_another(tmp_path):
    head, _, rest = PAPER.partition("[coefficients]")
    head = head.replace('extends = "conventions"', 'extends = "miri-2026-04"').replace(
        '"power_law"', '"none"'
    )
    tables = rest[rest.index("[tables.") :]
    mine = evaluate(own_set(tmp_path, f"{head}[coefficients]\n{tables}"))
    assert mine.efficiency_replica == 1
    paper = evaluate({**RUN, "assumptions": "miri-2026-04"})
    assert mine.efficiency_sync_interval == paper.efficiency_sync_interval


DEFAULTS = {
    "unknown strategy": ('stragglers" = "relay"', 'stragglers" = "rely"'),
    "unknown field": ('"protocol.stragglers"', '"protocol.straggler"'),
    "duration of another kind": ('"740 days"', '"740 Mbps"'),
    "ratio of another kind": ('"protocol.compression" = 150', '"protocol.compression" = "much"'),
    "ratio out of bounds": ('"protocol.compression" = 150', '"protocol.compression" = 0'),
}


@pytest.mark.parametrize("change", DEFAULTS.values(), ids=DEFAULTS)
def test_a_set_with_a_default_that_is_no_value_is_refused(tmp_path, change):
    assert change[0] in PAPER
    with pytest.raises(InputError) as caught:
        evaluate(own_set(tmp_path, PAPER.replace(*change)))
    assert caught.value.field


COEFFICIENTS = {
    "text": ("value = 1.0923", 'value = "much"'),
    "nan": ("value = 1.0923", "value = nan"),
    "no value": ("value = 1.0923, ", ""),
    "unknown unit": ('value = 1.0923, unit = "1"', 'value = 1.0923, unit = "parsec"'),
    "missing": ("replica_prefactor", "replica_prefix"),
    "no table": ("[tables.activation]", "[tables.activations]"),
    "table of words": ("[1, 1, 1, 1]", '["a", 1, 1, 1]'),
}


@pytest.mark.parametrize("change", COEFFICIENTS.values(), ids=COEFFICIENTS)
def test_a_set_with_a_coefficient_that_is_no_number_is_refused(tmp_path, change):
    assert change[0] in PAPER
    with pytest.raises(InputError) as caught:
        evaluate(own_set(tmp_path, PAPER.replace(*change)))
    assert caught.value.field == "assumptions"


def test_the_smallest_model_has_an_answer():
    outcome = evaluate(run_with("model.parameters", 1e6))
    assert all(value is None or math.isfinite(value) for value in outcome.values().values())


def test_a_number_may_be_left_to_the_model_in_words():
    assert Scenario.read(run_with("protocol.inner_steps", "auto")).protocol.inner_steps is None
    assert refused("protocol.local_batch", "auto").field == "protocol.local_batch"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("nodes.mfu", "40 %", 0.4),
        ("nodes.count", "1,000", 1000),
        ("nodes.count", 72.0, 72),
        ("model.parameters", "1e9", 1e9),
        ("network.regional.upload", "0.1 Gbps", 1e8),
        ("protocol.error_feedback", False, False),
        ("tokens", "12e12 tokens", 12e12),
        ("duration", "1.5 yr", 1.5 * 365.25 * 86400),
    ],
)
def test_texts_with_units_are_read(field, text, value):
    scenario = Scenario.read(run_with(field, text))
    for part in field.split("."):
        scenario = getattr(scenario, part)
    assert scenario == pytest.approx(value, rel=1e-15)
