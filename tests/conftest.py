"""Hypothesis profiles, and random scenarios drawn from the same declarations that validate them."""

from __future__ import annotations

import math
import types
from typing import Annotated, Any, Union, get_args, get_origin

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from farflung.base.fields import BARE_UNITS, declared_field
from farflung.base.sections import Section
from farflung.catalog import chips, pods
from farflung.catalog.tables import loadable_names
from farflung.scenario import Model, Nodes, Protocol, Scenario

_SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much)
# A gate answers the same twice; `pytest --hypothesis-profile=explore` looks further.
settings.register_profile("gate", deadline=None, derandomize=True, suppress_health_check=_SLOW)
settings.register_profile("explore", deadline=None, suppress_health_check=_SLOW, print_blob=True)
settings.load_profile("gate")


def pytest_collection_modifyitems(items):
    """Run the longest tests first, so that none of them is the last on a worker of its own."""
    items.sort(key=lambda item: "slow" not in item.path.parts)


def _bound(info: FieldInfo, *names: str) -> float | None:
    return next((getattr(m, name) for m in info.metadata for name in names if hasattr(m, name)), None)


def _kinds(annotation: Any) -> list[Any]:
    union = get_origin(annotation) in {Union, types.UnionType}
    return [kind for kind in get_args(annotation) if kind is not type(None)] if union else [annotation]


def field_values(info: FieldInfo, *, at_most: float = math.inf) -> st.SearchStrategy[Any]:
    """Return values of a declared field as a user writes them: within its bounds, with its unit."""
    (kind,) = _kinds(info.annotation)
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    choices = declared_field("", info).choices
    if choices:
        return st.sampled_from(choices)
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.text(max_size=20)
    if issubclass(kind, Section):
        return _section(kind)
    low, high = _bound(info, "ge", "gt"), _bound(info, "le")
    assert low is not None, info
    assert high is not None, info
    high = min(high, at_most)
    if kind is int:
        return st.integers(int(low), int(high)) | st.integers(int(low), min(int(high), 100))
    floor = low if low > 0 else high * 1e-9
    spread = st.floats(math.log(floor), math.log(high)).map(lambda x: min(max(math.exp(x), low), high))
    numbers = st.sampled_from((low, high)) | spread
    unit = declared_field("", info).unit
    return numbers if unit in BARE_UNITS else numbers.map(lambda x: f"{x!r} {unit}")


def _section(
    section: type[Section], *without: str, **given: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """Return tables of a section: every required field, any of the others."""
    plain = {n: i for n, i in section.model_fields.items() if n not in given and n not in without}
    required = {n: field_values(i) for n, i in plain.items() if i.is_required()}
    optional = {n: field_values(i) for n, i in plain.items() if not i.is_required()}
    return st.fixed_dictionaries({**required, **given}, optional=optional)


def _nodes() -> st.SearchStrategy[dict[str, Any]]:
    named = st.builds("{}x {}".format, st.integers(1, 1000), st.sampled_from(sorted(chips())))
    by_name = _section(Nodes, "peak", "memory", "power", hardware=named | st.sampled_from(sorted(pods())))
    fields = Nodes.model_fields
    by_hand = _section(
        Nodes, "hardware", peak=field_values(fields["peak"]), memory=field_values(fields["memory"])
    )
    return by_name | by_hand


@st.composite
def _models(draw: st.DrawFn) -> dict[str, Any]:
    table = draw(_section(Model, "active_parameters", "expert_parallelism"))
    if draw(st.booleans()):
        active = Model.model_fields["active_parameters"]
        table["active_parameters"] = draw(field_values(active, at_most=table["parameters"]))
        if draw(st.booleans()):
            table["expert_parallelism"] = draw(st.integers(1, 100))
    return table


@st.composite
def _protocols(draw: st.DrawFn) -> dict[str, Any]:
    table = draw(_section(Protocol))
    if table.get("mode") in {"flat", "hierarchical", "data_parallel"}:
        table.pop("pipeline_stages", None)
    if table.get("mode") == "data_parallel":
        table.pop("inner_steps", None)
    return table


def scenario_tables() -> st.SearchStrategy[dict[str, Any]]:
    """Return valid scenarios as mappings, over everything that validates, under every assumption set."""
    return _section(
        Scenario,
        model=_models(),
        nodes=_nodes(),
        protocol=st.just({}) | _protocols(),
        assumptions=st.sampled_from(loadable_names()),
    )


st.register_type_strategy(Scenario, scenario_tables().map(Scenario.read))
