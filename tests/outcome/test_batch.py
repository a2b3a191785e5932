"""Many runs at once answer, cell by cell, what one run answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farflung import InputError, evaluate, preset
from farflung.catalog.tables import loadable_names
from farflung.outcome import OUTPUTS
from farflung.outcome.batch import evaluate_batch

FIELDS = {
    "nodes.count": st.integers(1, 400).map(float),
    "nodes.mfu": st.floats(0.05, 1),
    "network.upload": st.floats(1e6, 1e10),
    "network.latency": st.floats(0, 2),
    "model.parameters": st.floats(1e8, 4e12),
    "protocol.compression": st.floats(1, 600),
    "duration": st.floats(1e6, 1e8),
}
UNITS = {"network.upload": "bit/s", "network.latency": "s", "duration": "s"}


def one_by_one(scenario, cell):
    """Return the outcome of a cell, or None where it is not feasible."""
    changes = {f: f"{float(v)!r} {UNITS[f]}" if f in UNITS else float(v) for f, v in cell.items()}
    outcome = evaluate(scenario.with_(changes))
    return outcome if outcome.feasible else None


@settings(max_examples=60)
@given(
    data=st.data(),
    fields=st.sets(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=3),
    name=st.sampled_from(("paper-headline", "paper-gpt4", "paper-10mbps", "governance-72-nodes")),
    assumptions=st.sampled_from(loadable_names()),
    mode=st.sampled_from(
        ("auto", "flat", "hierarchical", "pipeline_groups", "wide_area_pipeline", "data_parallel")
    ),
)
def test_cells_are_runs(data, fields, name, assumptions, mode):
    scenario = preset(name).with_({"protocol.mode": mode, "assumptions": assumptions})
    cells = 4
    arrays = {
        f: np.array(data.draw(st.lists(FIELDS[f], min_size=cells, max_size=cells))) for f in sorted(fields)
    }
    found = evaluate_batch(scenario, arrays, OUTPUTS)
    for i in range(cells):
        outcome = one_by_one(scenario, {f: values[i] for f, values in arrays.items()})
        assert found["feasible"][i] == (outcome is not None)
        for output in OUTPUTS:
            value = None if outcome is None else getattr(outcome, output)
            expected = np.nan if value is None else value
            assert found[output][i] == pytest.approx(expected, rel=1e-9, nan_ok=True), output


def test_arrays_broadcast():
    rates, counts = np.array([[1e7], [1e8], [1e9]]), np.array([10.0, 34.0])
    found = evaluate_batch(
        preset("paper-headline"), {"network.upload": rates, "nodes.count": counts}, ["inner_steps"]
    )
    assert found["inner_steps"].shape == (3, 2)
    assert found["inner_steps"][1, 1] == 19


def test_coefficients_may_be_draws():
    slopes = np.array([0.0, 0.08, 0.12])
    found = evaluate_batch(
        preset("paper-headline"), {"assumptions.sync_interval_slope": slopes}, ["efficiency_sync_interval"]
    )["efficiency_sync_interval"]
    assert found[0] == 1
    assert found[1] == pytest.approx(evaluate("paper-headline").efficiency_sync_interval)
    assert found[2] < found[1]


@pytest.mark.parametrize(
    ("fields", "outputs", "nearest"),
    [
        ({"network.uplod": np.ones(2)}, ["tokens"], "network.upload"),
        ({"assumptions.sync_interval_slop": np.ones(2)}, ["tokens"], "sync_interval_slope"),
        ({"nodes.count": np.ones(2)}, ["token"], "tokens"),
    ],
)
def test_unknown_names_are_refused_with_the_likeliest(fields, outputs, nearest):
    with pytest.raises(InputError, match=f"did you mean '{nearest}'"):
        evaluate_batch(preset("paper-headline"), fields, outputs)


def test_the_scenario_is_left_as_it_was():
    before = preset("paper-headline")
    copy = before.model_copy(deep=True)
    evaluate_batch(before, {"nodes.count": np.array([1.0, 2.0])}, ["tokens"])
    assert before == copy
