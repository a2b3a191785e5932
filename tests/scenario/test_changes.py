"""Changing a scenario: units and validation included, nothing silently ignored, every link in one move."""

import pytest

import farflung
from farflung import InputError, Scenario, preset

HEADLINE = preset("headline")
LINKS = [
    f"network.{place}{way}" for place in ("", "regional.", "pipeline.") for way in ("upload", "download")
]


def test_changes_by_path_and_by_keyword_are_the_same():
    changed = HEADLINE.with_({"nodes.count": 72, "network.upload": "10 Mbps"})
    assert changed == HEADLINE.with_(nodes__count=72, network__upload="10 Mbps")
    assert (changed.nodes.count, changed.network.upload) == (72, 1e7)
    assert HEADLINE.nodes.count == 34
    assert HEADLINE.with_() is HEADLINE


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nodes.cout": 72}, "nodes.count"),
        ({"nodes": 72}, "group of fields"),
        ({"nodes.count": 0}, "at least 1"),
        ({"network.upload": 10}, "no unit"),
    ],
)
def test_a_change_that_cannot_be_is_refused(changes, said):
    with pytest.raises(InputError, match=said):
        HEADLINE.with_(changes)


def test_a_field_given_twice_is_refused():
    for changes, fields in (
        ({"nodes.count": 3}, {"nodes__count": 5}),
        (None, {"nodes.count": 3, "nodes__count": 5}),
    ):
        with pytest.raises(InputError, match=r"nodes\.count: is given twice"):
            HEADLINE.with_(changes, **fields)


def test_a_copy_with_a_dotted_key_is_refused():
    with pytest.raises(InputError, match=r"nodes\.count: is no field of Scenario"):
        HEADLINE.model_copy(update={"nodes.count": 72})


@pytest.mark.parametrize("assumptions", ["calibrated-2026-11", "miri-2026-02"])
def test_one_move_sets_every_link(assumptions):
    slow = HEADLINE.with_(assumptions=assumptions, protocol__mode="hierarchical").with_links("10 Mbps")
    whole = slow.to_mapping()["network"]
    assert {whole[way] for way in ("upload", "download")} == {"10 Mbit/s"}
    values = farflung.outcome.run.prepare(slow).values
    assert values["regional_upload_bandwidth"] == values["upload_bandwidth"] == 1e7
    uneven = HEADLINE.with_links("10 Mbps", "1 Gbps")
    assert [farflung.base.fields.fields_of(Scenario)[path].get(uneven) for path in LINKS] == [1e7, 1e9] * 3
    assert (
        farflung.evaluate(HEADLINE, links="10 Mbps").values()
        == farflung.evaluate(HEADLINE.with_links("10 Mbps")).values()
    )


def test_a_scenario_remembers_how_to_ask_for_it_again(tmp_path):
    changed = HEADLINE.with_({"nodes.count": 72, "network.upload": "10 Mbps"})
    assert changed.arguments == ("headline", "--set", "nodes.count=72", "--set", "network.upload=10 Mbps")
    assert eval(changed.python, {"farflung": farflung}) == changed
    file = tmp_path / "mine.toml"
    file.write_text(changed.to_toml(), encoding="utf-8")
    read = farflung.load(file)
    assert read == changed
    assert read.arguments == (str(file),)
    by_hand = Scenario.read(changed.to_mapping())
    assert by_hand == changed
    assert by_hand.arguments is None
    assert eval(by_hand.python, {"farflung": farflung}) == changed
    assert changed.model_copy(update={"name": "other"}).arguments is None
    assert hash(by_hand) == hash(changed)


def test_written_quantities_are_readable_and_lose_nothing():
    assert HEADLINE.to_mapping()["duration"] == "740 days"
    odd = HEADLINE.with_(duration="63936001.5 s", tokens=164571428571.42856)
    assert farflung.scenario.loads(odd.to_toml()) == odd


@pytest.mark.parametrize(
    ("text", "value"),
    [("$30M", 30e6), ("30M", 30e6), ("$15.6 million", 15.6e6), ("1.5 billion USD", 1.5e9), ("250k", 250e3)],
)
def test_money_is_read_as_it_is_printed(text, value):
    assert HEADLINE.with_(nodes__price=text).nodes.price == value


def test_counts_are_read_as_they_are_printed():
    assert HEADLINE.with_(model__parameters="70B", tokens="1.6 trillion tokens").model.parameters == 70e9
