"""The graph: order follows from names, and what is unknown stays unknown."""

import pytest

from farflung.base.graph import Step, plan, step, union


def total(*, first, second):
    return first + second


def double(*, number):
    return 2 * number


STEPS = {"sum": step(total, first="twice", second="given"), "twice": step(double, number="given")}


def names(planned):
    return [name for name, _, _ in planned.steps]


def test_steps_run_after_their_inputs():
    planned = plan(STEPS, {"given"})
    assert names(planned) == ["twice", "sum"]
    assert planned.execute({"given": 3}) == {"given": 3, "twice": 6, "sum": 9}


def test_what_is_given_is_not_computed():
    planned = plan(STEPS, {"given", "twice"})
    assert names(planned) == ["sum"]
    assert planned.execute({"given": 3, "twice": 1})["sum"] == 4


def test_only_what_is_wanted_is_answered_and_the_rest_is_dropped():
    assert plan(STEPS, {"given"}, wanted={"sum"}).execute({"given": 3}) == {"sum": 9}
    assert names(plan(STEPS, {"given"}, wanted={"twice", "nothing of the kind"})) == ["twice"]


def test_what_is_made_from_the_unknown_is_unknown():
    planned = plan(STEPS, {"given"}, absent={"given"})
    assert planned.execute({"given": None}) == {"given": None, "twice": None, "sum": None}


def test_what_depends_on_a_replaced_value_is_answered_anew():
    planned = plan(STEPS, {"given"})
    values = planned.execute({"given": 3})
    assert planned.execute_from(values, {"twice": 10}) == {"given": 3, "twice": 10, "sum": 13}
    assert planned.execute_from(values, {"given": 1}) == {"given": 1, "twice": 2, "sum": 3}
    assert planned.execute_from(values, {"twice": None})["sum"] is None


def test_a_missing_input_is_named_with_what_needs_it():
    with pytest.raises(LookupError, match="no step answers 'given', an input of 'twice'"):
        plan(STEPS, set())


def test_a_circle_is_named_in_full():
    circle = {"a": step(double, number="b"), "b": step(double, number="c"), "c": step(double, number="b")}
    with pytest.raises(LookupError, match="circle: a -> b -> c -> b"):
        plan(circle, set())


def test_a_step_cannot_rename_a_parameter_its_function_lacks():
    with pytest.raises(TypeError, match="double has no parameter other"):
        step(double, other="given")
    assert step(double) == Step(double, (("number", "number"),))


def test_no_two_parts_answer_one_quantity():
    with pytest.raises(LookupError, match="two parts answer sum"):
        union(STEPS, {"sum": step(double)})
