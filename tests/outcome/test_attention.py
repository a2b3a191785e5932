"""What is easily misread is said: no synchronisation, more tokens than anyone has, idle nodes."""

import pytest

from farflung import evaluate, load_assumptions, preset
from farflung.catalog.tables import largest_training_set


def subjects(outcome, kind="attention"):
    return {flag.subject for flag in outcome.flags if flag.kind == kind}


@pytest.mark.parametrize("changes", [{"duration": "1 min"}, {"tokens": 1, "duration": "740 days"}])
def test_replicas_that_are_hardly_ever_averaged(changes):
    outcome = evaluate("headline", **changes)
    assert outcome.outer_rounds < 2
    assert "outer_rounds" in subjects(outcome)
    longer = next(flag for flag in outcome.flags if flag.subject == "outer_rounds").nearest
    enough = evaluate("headline", duration=longer.removeprefix("a duration above "))
    assert enough.outer_rounds == pytest.approx(2, rel=1e-3)


def test_more_tokens_than_any_known_model_saw():
    _, most = largest_training_set()
    assert "tokens" not in subjects(evaluate("headline"))
    assert evaluate("headline", nodes__count=72).tokens > most.value
    assert "tokens" in subjects(evaluate("headline", nodes__count=72))
    assert "tokens" not in subjects(evaluate("headline", nodes__count=72, unique_tokens=1e13))


def test_groups_and_nodes_with_nothing_to_do():
    grouped = {"protocol__mode": "hierarchical"}
    assert "protocol.nodes_per_group" in subjects(
        evaluate("headline", **grouped, protocol__nodes_per_group=1)
    )
    assert "protocol.nodes_per_group" in subjects(
        evaluate("headline", **grouped, protocol__nodes_per_group=50)
    )
    assert not subjects(evaluate("headline", **grouped, protocol__nodes_per_group=8))
    piped = evaluate("headline", protocol__mode="pipeline_groups", protocol__pipeline_stages=5)
    assert "nodes.count" in subjects(piped)


def test_what_charges_nothing_is_not_extrapolated():
    alone = evaluate("headline", nodes__count=1, model__parameters=1e9)
    assert not subjects(alone, "extrapolated") & {
        "compression_penalty",
        "divergence_penalty",
        "efficiency_replica",
    }


def test_a_set_may_be_given_itself():
    believed = load_assumptions("miri-2026-04")
    assert (
        evaluate("headline", assumptions=believed).values()
        == evaluate(preset("headline").with_(assumptions="miri-2026-04")).values()
    )
