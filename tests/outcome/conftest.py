"""Runs that fit their memory, over the literature's ranges and well beyond, under every assumption set."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
from hypothesis import strategies as st

from farflung.catalog.tables import loadable_names
from farflung.scenario.scenario import Stragglers

MODES = ("flat", "hierarchical", "pipeline_groups", "wide_area_pipeline", "data_parallel")


def _log(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log(low), math.log(high)).map(math.exp)


@st.composite
def _runs(draw: st.DrawFn, modes: tuple[str, ...] = MODES, **fixed: Any) -> dict[str, Any]:
    mode = draw(st.sampled_from(modes))
    size, count = draw(_log(1e8, 2e12)), draw(st.integers(1, 300))
    stages = draw(st.integers(1, min(count, 6))) if "pipeline" in mode else 1

    def link() -> dict[str, str]:
        return {
            "upload": f"{draw(_log(1e6, 1e10))!r} bit/s",
            "download": f"{draw(_log(1e6, 1e10))!r} bit/s",
            "latency": f"{draw(st.just(0.0) | _log(1e-3, 3.0))!r} s",
        }

    protocol = {
        "mode": mode,
        "nodes_per_group": draw(st.integers(1, 40)),
        "streaming": draw(st.booleans()),
        "stragglers": draw(st.sampled_from(get_args(Stragglers))),
        "compression": draw(st.sampled_from((1.0, 16.0, 150.0))),
    }
    steps = draw(st.none() | st.integers(1, 500))
    if steps is not None and mode != "data_parallel":
        protocol["inner_steps"] = steps
    run = {
        "assumptions": draw(st.sampled_from(loadable_names())),
        "duration": f"{draw(st.integers(30, 1000))} days",
        "model": {"parameters": size},
        "nodes": {
            "count": count,
            "peak": f"{draw(_log(1e14, 1e18))!r} FLOP/s",
            "memory": f"{size * 16 / stages * (1 + 1e-6)!r} byte",
            "power": "11 kW",
            "price": "448000 USD",
        },
        "network": {**link(), "regional": link(), "pipeline": link()},
        "protocol": protocol,
    }
    for name, value in fixed.items():
        *path, last = name.split("__")
        table = run
        for part in path:
            table = table[part]
        if value is None:
            table.pop(last, None)
        else:
            table[last] = value
    return run


@pytest.fixture(scope="session")
def runs() -> Any:
    """Return the strategy of runs; keywords fix a field (``nodes__count=1``) or leave it out (``None``)."""
    return _runs
