"""What docs/exploring.md says of the full grid is what the full grid gives."""

from functools import partial
from pathlib import Path

import pytest

from farflung.analysis import search as design_search

search = partial(design_search.search, assumptions="miri-2026-04")


@pytest.fixture(scope="module")
def quality():
    return search(1e25)


def test_the_full_grid_is_large(quality):
    assert quality.evaluated >= 10_000_000
    assert len(quality.runners_up) == 10


def test_quality_adjusted(quality):
    best = quality.best
    assert (best.design.nodes, best.design.chips_per_node, best.design.chip) == (44, 12, "MI300X")
    assert best.outcome.capital_cost_usd == pytest.approx(16.0e6, rel=5e-3)


def test_local_equivalent_rewards_tiny_models():
    best = search(1e25, metric="local").best
    assert best.outcome.capital_cost_usd == pytest.approx(4.7e6, rel=5e-3)
    assert best.design.parameters < 6e9
    assert best.outcome.chinchilla_efficiency < 0.02


def test_cards_without_fast_links_are_left_out_unless_asked_for(quality):
    assert "RTX 5090" in quality.chips_left_out["no high-bandwidth memory"]
    named = search(1e25, chips="RTX 5090", modes="flat")
    every = search(1e25, any_memory=True, modes="flat")
    assert named.best.design.chip == every.best.design.chip == "RTX 5090"
    assert every.best.outcome.capital_cost_usd < quality.best.outcome.capital_cost_usd


def test_the_papers_own_grid():
    local = search(1e25, metric="local", grid="published").best
    assert (local.design.nodes, local.design.chip) == (36, "H100 SXM")
    quality = search(1e25, grid="published").best
    assert (quality.design.nodes, quality.design.chip) == (162, "A100 80GB")
    assert quality.outcome.capital_cost_usd == pytest.approx(114e6, rel=5e-3)


@pytest.mark.parametrize(("chip", "most"), [("MI300X", 12.4e6), ("H100 SXM", 28.3e6)])
def test_cheaper_than_published_at_like_quality(chip, most):
    """Not by shrinking the model: χ at least that of the published 23-node row."""
    best = search(1e25, metric="local", chips=chip, min_chinchilla=0.35).best
    assert best.outcome.capital_cost_usd <= most


def test_under_the_default_set():
    best = design_search.search(1e25).best
    stated = (Path(__file__).parents[2] / "docs/exploring.md").read_text(encoding="utf-8")
    cost, nodes = best.outcome.capital_cost_usd / 1e6, best.design.nodes
    assert f"the last of these is ${cost:.1f}M, {nodes} nodes of 12 MI300X" in stated
    assert best.outcome.scenario.assumptions == "calibrated-2026-11"
    assert (best.design.nodes, best.design.chips_per_node, best.design.chip) == (43, 12, "MI300X")
    assert best.outcome.capital_cost_usd == pytest.approx(15.6e6, rel=5e-3)
