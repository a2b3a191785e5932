"""Whatever a user, a file or a web page sends: an answer of finite numbers, or one readable error."""

from __future__ import annotations

import datetime
import math
import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from farflung import InputError, Scenario, evaluate
from farflung.base.fields import fields_of
from farflung.outcome import Outcome

KEYS = sorted({part for name in fields_of(Scenario) for part in name.split(".")})
ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from((10**400, -(10**400), 0, -1, 1e308, -1e308, 5e-324))
    | st.floats()
    | st.text(max_size=12)
    | st.dates(datetime.date(1, 1, 1))
    | st.binary(max_size=4)
    | st.builds(
        "{} {}".format,
        st.sampled_from(("1", "-1", "0", "1e400", "nan", "1,0", "0x1", "١", "1e", ".", "--1")),
        st.sampled_from(
            ("Mbps", "s", "GB", "days", "FLOP/s", "W", "USD", "%", "", "m", "[", "s s", "/s", "°")
        ),
    )
    | st.sampled_from(("16x GH200", "auto", "0x GH200", "-1x GH200", "1x", "x", "fp8", "hierarchical", "…"))
)
ODDER = st.recursive(
    ODD,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner)
    ),
    max_leaves=4,
)


@st.composite
def spoilt_tables(draw):
    """Return a valid scenario with a few places overwritten, added or taken away."""
    table = tomllib.loads(draw(st.from_type(Scenario)).to_toml())
    for _ in range(draw(st.integers(1, 3))):
        place = table
        while isinstance(place, dict):
            inner = [key for key, value in place.items() if isinstance(value, dict)]
            if not inner or draw(st.booleans()):
                break
            place = place[draw(st.sampled_from(inner))]
        key = draw(st.sampled_from([*place, *KEYS]) | st.text(max_size=5))
        if draw(st.booleans()) and key in place:
            del place[key]
        else:
            place[key] = draw(ODDER)
    return table


@settings(max_examples=400)
@given(spoilt_tables() | ODDER)
def test_reading_answers_or_explains(table):
    try:
        scenario = Scenario.read(table)
    except InputError as error:
        assert str(error)
    else:
        assert isinstance(scenario, Scenario)


@settings(max_examples=600)
@given(st.from_type(Scenario))
def test_evaluating_answers_with_finite_numbers_or_explains(scenario):
    try:
        outcome = evaluate(scenario)
    except InputError as error:
        assert error.field
        assert error.nearest
        return
    assert isinstance(outcome, Outcome)
    unknown = {name: value for name, value in outcome.values().items() if value is not None}
    assert all(math.isfinite(value) for value in unknown.values()), unknown
    if outcome.feasible:
        assert outcome.quality_adjusted_flop is not None
    else:
        assert outcome.binding_constraint
        assert [flag.nearest for flag in outcome.flags if flag.kind == "infeasible"] != [None]
