"""A new protocol is one file and one registry line: it runs, sweeps, searches, simulates and explains."""

from dataclasses import replace

import pytest

import farflung
from farflung.base.graph import identity, step
from farflung.protocols import PROTOCOLS, Setting
from farflung.protocols.flat import FLAT, STEPS_OF_FLAT

# The one file: flat local SGD whose replicas average over twice the bound of steps.
LAZY = replace(
    FLAT,
    name="lazy",
    summary="as flat, settings of its own",
    steps={**STEPS_OF_FLAT, "peers": step(identity, quantity="replicas")},
    settings=(*FLAT.settings, Setting("protocol.nodes_per_group", (4, 8))),
    automatic=None,
)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(PROTOCOLS, LAZY.name, LAZY)  # the one registry line


def lazy(**changes):
    return farflung.preset("paper-headline").with_({"protocol.mode": "lazy", **changes})


def test_it_runs_and_explains():
    outcome = farflung.evaluate(lazy())
    assert outcome.mode == "lazy"
    assert outcome.values() == farflung.evaluate(lazy(), protocol__mode="flat").values()
    assert farflung.explain(lazy(), "quality_adjusted_flop").value == outcome.quality_adjusted_flop


def test_it_is_named_where_modes_are():
    with pytest.raises(farflung.InputError, match="lazy"):
        farflung.preset("paper-headline").with_({"protocol.mode": "lazily"})


def test_it_sweeps_beside_others():
    table = farflung.sweep("headline", ["protocol.mode=flat,lazy", "network.upload=10Mbps,1Gbps"])
    quality = table.quality_adjusted_flop
    assert (quality.sel(protocol_mode="lazy") == quality.sel(protocol_mode="flat")).all()


def test_a_search_tries_its_settings():
    result = farflung.search(1e24, modes="lazy", chips="H100 SXM")
    assert result.best.outcome.mode == "lazy"
    assert result.best.outcome.scenario.protocol.nodes_per_group in {4, 8}


def test_it_simulates():
    result = farflung.simulate(lazy(duration="20 days"), runs=1)
    assert result.median.mode == "lazy"
