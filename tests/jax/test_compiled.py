"""The core under JAX: compiled, it answers as NumPy does; its gradients are those of finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from farflung.outcome import OUTPUTS, evaluate
from farflung.outcome.batch import evaluate_batch
from farflung.outcome.run import prepare
from farflung.scenario import Scenario, preset

jax = pytest.importorskip("jax")

LARGEST = {"flat": 1.2e11, "hierarchical": 1.2e11, "pipeline_groups": 2e12}
every_protocol = pytest.mark.parametrize("mode", LARGEST)
HEADLINE = "paper-headline"
# Where the switch lives depends on JAX's version.
in_double_precision = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64


def values_of(asked: Scenario, fields, outputs) -> dict:
    """Return outputs of a scenario some of whose fields are JAX arrays, through the one engine path."""
    quantities = {name: OUTPUTS[name].quantity for name in outputs}
    mode = evaluate(asked).mode
    values = prepare(asked, fields, mode=mode, wanted=quantities.values()).values
    return {name: values.get(quantity) for name, quantity in quantities.items()}


def compiled(asked: Scenario, outputs):
    """Return the model of a scenario as a compiled function of some of its fields."""
    fast = jax.jit(lambda fields: values_of(asked, fields, outputs))

    def function(fields):
        with in_double_precision(True):
            return fast({name: jax.numpy.asarray(value) for name, value in fields.items()})

    return function


def gradient(asked: Scenario, output: str, at: dict[str, float]) -> dict[str, float]:
    """Return the derivative of an output to fields and coefficients, where they have these values."""
    with in_double_precision(True):
        fields = {name: jax.numpy.asarray(value) for name, value in at.items()}
        slopes = jax.jit(jax.grad(lambda fields: values_of(asked, fields, (output,))[output]))(fields)
        return {name: float(slopes[name]) for name in at}


def scenario(mode: str, **changes) -> Scenario:
    big = {"model.parameters": 4e11} if mode == "pipeline_groups" else {}
    return preset(HEADLINE).with_({"protocol.mode": mode, **big, **changes})


def designs(mode: str, count: int) -> dict[str, np.ndarray]:
    """Return random designs, spread over what the field discusses."""
    draw = np.random.default_rng(7)

    def spread(low: float, high: float) -> np.ndarray:
        return np.exp(draw.uniform(np.log(low), np.log(high), count))

    return {
        "nodes.count": np.rint(spread(20, 3000)),
        "nodes.mfu": draw.uniform(0.2, 0.6, count),
        "network.upload": spread(1e6, 1e10),
        "network.latency": draw.uniform(0.0, 0.3, count),
        "model.parameters": spread(1e9, LARGEST[mode]),
        "protocol.local_batch": spread(1e4, 1e6),
        "assumptions.sync_interval_slope": draw.uniform(0.0, 0.12, count),
        "assumptions.loss_parameter_exponent": draw.uniform(0.32, 0.37, count),
        "assumptions.loss_token_exponent": draw.uniform(0.34, 0.41, count),
    }


@every_protocol
def test_compiled_agrees_with_numpy(mode):
    fields, asked = designs(mode, 2000), scenario(mode)
    expected = evaluate_batch(asked, fields, OUTPUTS)
    feasible = expected.pop("feasible")
    assert feasible.mean() > 0.5
    found = compiled(asked, OUTPUTS)(fields)
    for name, values in expected.items():
        if found[name] is None:
            assert np.isnan(values).all()
            continue
        assert found[name].dtype == np.float64
        ours = np.broadcast_to(np.asarray(found[name]), values.shape)[feasible]
        np.testing.assert_allclose(ours, values[feasible], rtol=1e-12, err_msg=name)


def test_one_design_agrees_with_evaluate():
    found = compiled(preset(HEADLINE), ["quality_adjusted_flop"])({"nodes.count": 34.0})
    assert float(found["quality_adjusted_flop"]) == pytest.approx(
        evaluate(HEADLINE).quality_adjusted_flop, rel=1e-12
    )


# Fixed steps, unequal links, a ratio between two of the tables': no step and no kink of the model is near.
SMOOTH = {
    "protocol.inner_steps": 30,
    "protocol.compression": 120,
    "network.upload": "90 Mbps",
    "network.download": "110 Mbps",
}
FIELDS = {
    "flat": ("nodes.mfu", "nodes.count", "duration", "protocol.local_batch", "protocol.compression"),
    "hierarchical": ("nodes.mfu", "duration", "protocol.local_batch", "protocol.compression"),
    "pipeline_groups": ("network.upload", "network.latency", "nodes.mfu", "duration", "protocol.local_batch"),
}
COEFFICIENTS = (
    "assumptions.sync_interval_slope", "assumptions.loss_irreducible", "assumptions.loss_token_exponent",
    "assumptions.loss_parameter_coefficient", "assumptions.replica_size_exponent",
    "assumptions.straggler_slope_relay",
)  # fmt: skip


def finite_difference(asked: Scenario, output: str, field: str, at: float) -> float:
    """Return a derivative of fourth order over a step of a thousandth."""
    step = 1e-3 * at
    values = evaluate_batch(asked, {field: at + step * np.array([-2.0, -1.0, 1.0, 2.0])}, (output,))[output]
    return float(values @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * step))


def value_of(asked: Scenario, field: str) -> float:
    from farflung.scenario import load_assumptions

    if field.startswith("assumptions."):
        return load_assumptions(asked.assumptions).values[field.removeprefix("assumptions.")][0]
    section, name = field.split(".") if "." in field else ("", field)
    value = getattr(getattr(asked, section) if section else asked, name)
    return float(value)


@pytest.mark.parametrize("output", ["quality_adjusted_flop", "total_cost_usd"])
@every_protocol
def test_gradients_agree_with_finite_differences(mode, output):
    asked = scenario(mode, **SMOOTH)
    values = {field: value_of(asked, field) for field in (*FIELDS[mode], *COEFFICIENTS)}
    size = evaluate(asked).values()[output]
    for field, slope in gradient(asked, output, values).items():
        at = values[field]
        expected = finite_difference(asked, output, field, at)
        # Elasticities: of slopes that are nothing, rounding is all that finite differences see.
        assert slope * at / size == pytest.approx(expected * at / size, rel=1e-6, abs=1e-9), field


def test_a_cost_is_linear_in_a_price():
    asked = preset(HEADLINE).with_({"nodes.price": "1e6 USD"})
    (slope,) = gradient(asked, "capital_cost_usd", {"nodes.price": 1e6}).values()
    assert slope == pytest.approx(evaluate(asked).capital_cost_usd / 1e6, rel=1e-12)


def test_between_two_steps_the_gradient_is_that_between_them():
    """What only changes a whole number of steps changes nothing a little further on."""
    field = "assumptions.straggler_slope_relay"
    at = {field: value_of(preset(HEADLINE), field)}
    assert gradient(preset(HEADLINE), "quality_adjusted_flop", at) == {field: 0.0}
