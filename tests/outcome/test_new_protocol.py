"""A new protocol is one file and one registry line: then it runs, simulates and explains like any other."""

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


def test_it_simulates():
    result = farflung.simulate(lazy(duration="20 days"), runs=1)
    assert result.median.mode == "lazy"
