"""Provenance: an answer can be obtained again, and an edited belief shows."""

from importlib import metadata

import farflung
from farflung.base.provenance import content_hash, version


def test_the_hash_is_that_of_canonical_json():
    # SHA-256 of '{"a":[1,2.5],"b":"x"}'
    assert content_hash({"b": "x", "a": [1, 2.5]}) == "5cefae54a95b31dc"
    assert content_hash({"a": [1, 2.5], "b": "x"}) == content_hash({"b": "x", "a": (1, 2.5)})
    assert content_hash({"a": 1}) != content_hash({"a": 2})


def test_an_outcome_says_what_made_it():
    outcome = farflung.evaluate("paper-headline")
    made = outcome.provenance
    assert made.version == version() == metadata.version("farflung")
    assert made.assumptions == "miri-2026-04"
    assert made.assumptions_hash == farflung.load_assumptions("miri-2026-04").hash
    assert made.assumptions_hash != farflung.load_assumptions("miri-2026-02").hash
    assert made.command == "farflung run paper-headline"
    assert made.seed is None


def test_equal_scenarios_share_a_hash_and_changed_ones_do_not():
    scenario = farflung.preset("paper-headline")
    written_otherwise = scenario.with_({"network.upload": "0.1 Gbps", "network.latency": "0.1 s"})
    changed = scenario.with_({"nodes.count": 35})
    first, same, other = (
        farflung.evaluate(s).provenance.scenario_hash for s in (scenario, written_otherwise, changed)
    )
    assert first == same != other
