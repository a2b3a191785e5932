"""The graph: order follows from names, and what is unknown stays unknown."""

import pytest

from farflung.catalog.tables import loadable_names
from farflung.outcome import OUTPUTS
from farflung.outcome.graph import Step, compute, order, step
from farflung.outcome.protocols import PROTOCOLS
from farflung.outcome.wiring import steps_of
from farflung.scenario import MODES, load_assumptions


def total(*, first, second):
    return first + second


def double(*, of_it):
    return 2 * of_it


STEPS = {"sum": step(total, first="twice", second="given"), "twice": step(double, of_it="given")}


def test_steps_run_after_what_they_ask_for():
    ordered = order(STEPS, {"given"})
    assert [name for name, _ in ordered] == ["twice", "sum"]
    assert compute(ordered, {"given": 3}) == {"given": 3, "twice": 6, "sum": 9}


def test_what_is_given_is_not_computed():
    assert [name for name, _ in order(STEPS, {"given", "twice"})] == ["sum"]
    assert compute(order(STEPS, {"given", "twice"}), {"given": 3, "twice": 1})["sum"] == 4


def test_what_is_made_from_the_unknown_is_unknown():
    assert compute(order(STEPS, {"given"}), {"given": None}) == {"given": None, "twice": None, "sum": None}


def test_an_answer_nobody_gives_is_named_with_who_asks():
    with pytest.raises(LookupError, match="no step answers 'given', asked for by 'twice'"):
        order(STEPS, set())


def test_a_circle_is_named_in_full():
    circle = {"a": step(double, of_it="b"), "b": step(double, of_it="c"), "c": step(double, of_it="b")}
    with pytest.raises(LookupError, match="circle: a -> b -> c -> b"):
        order(circle, set())


def test_a_step_cannot_rename_a_parameter_its_function_lacks():
    with pytest.raises(TypeError, match="double has no parameter other"):
        step(double, other="given")
    assert step(double) == Step(double, {"of_it": "of_it"})


@pytest.mark.parametrize("assumptions", loadable_names())
def test_every_output_is_answered_by_a_protocol(assumptions):
    forms = load_assumptions(assumptions).forms
    given = {"nodes", "duration", "tokens"}
    for fixed_tokens in (False, True):
        answered = set().union(
            *(
                steps_of(
                    mode=mode, streaming=True, stragglers="relay", fixed_tokens=fixed_tokens, forms=forms
                )
                for mode in PROTOCOLS
            )
        )
        assert {output.quantity for output in OUTPUTS.values()} <= answered | given


def test_every_mode_has_a_protocol_that_answers_what_protocols_answer():
    assert set(PROTOCOLS) == set(MODES) - {"auto"}
    promised = {
        *("replicas", "working_nodes", "pipeline_stages", "step_time", "peers", "straggler_factor"),
        *("synchronisation_time", "inner_steps", "regional_steps", "cycle_time", "outer_round_time"),
    }
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert protocol.summary
        assert promised <= set(protocol.steps)
