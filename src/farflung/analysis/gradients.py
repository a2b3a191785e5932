"""Gradients: how an output answers to a small change of its inputs, by JAX through the same graph.

The functions of physics and learning run on JAX arrays as they do on NumPy's; nothing is written twice.
Where the model steps (whole inner steps, whole pipelines) the gradient is that between two steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from farflung.base.errors import InputError, unknown
from farflung.base.fields import fields_of
from farflung.outcome import OUTPUTS
from farflung.outcome.outputs import output_named
from farflung.outcome.run import Run, as_scenario, prepare
from farflung.scenario import COEFFICIENT, Scenario, coefficient_field

Asked = Scenario | str | Path | Mapping[str, Any]
Compiled = Callable[[Mapping[str, Any]], dict[str, Any]]


def gradient(scenario: Asked, output: str, wrt: Sequence[str]) -> dict[str, float]:
    """Return the derivative of an output to fields and coefficients.

    Parameters
    ----------
    scenario
        As for :func:`farflung.evaluate`.
    output
        Name of an output.
    wrt
        Dotted names of numeric fields, or ``assumptions.`` and the name of a coefficient; a field that the
        scenario leaves open is differentiated where it was filled in.

    Returns
    -------
    dict
        For each name the derivative [unit of the output over unit of the field, both as the model holds
        them]. Whole-number fields are taken as real numbers.

    Raises
    ------
    InputError
        If JAX is not installed, a name is unknown or has no value, or the run has no such output.

    Examples
    --------
    >>> gradient("paper-headline", "quality_adjusted_flop", ["nodes.mfu"])  # doctest: +SKIP
    {'nodes.mfu': 8.11768761379...e+24}
    """
    with _double_precision() as jax:
        run, name = prepare(as_scenario(scenario)), output_named(output).name
        if run.values.get(OUTPUTS[name].quantity) is None:
            raise InputError(output, "does not exist for this run")
        at = {field: jax.numpy.asarray(_value(run, field)) for field in _several(wrt)}
        found = jax.jit(jax.grad(lambda fields: _answered(run, fields, (name,))[name]))(at)
        return {field: float(found[field]) for field in at}


def compiled(scenario: Asked, outputs: Iterable[str]) -> Compiled:
    """Return the model of a scenario as a compiled function of some of its fields.

    Parameters
    ----------
    scenario
        As for :func:`farflung.evaluate`; its protocol is that of the scenario as it stands.
    outputs
        Names of outputs.

    Returns
    -------
    callable
        Takes arrays by field name as :func:`farflung.outcome.batch.answers` does, and returns JAX arrays
        by output. It compiles anew for every set of fields and shapes, computes in double precision, and
        does not mark cells that are not feasible.

    Raises
    ------
    InputError
        If JAX is not installed, or the scenario or an output cannot be used.
    """
    with _double_precision() as jax:
        run, names = prepare(as_scenario(scenario)), tuple(output_named(name).name for name in outputs)
        fast = jax.jit(lambda fields: _answered(run, fields, names))

    def function(fields: Mapping[str, Any]) -> dict[str, Any]:
        for name in fields:
            _known(run, name)
        with _double_precision() as jax:
            found: dict[str, Any] = fast({name: jax.numpy.asarray(value) for name, value in fields.items()})
            return found

    return function


@contextmanager
def _double_precision() -> Iterator[Any]:
    """Yield JAX, counting in 64 bits while the block lasts."""
    try:
        jax = import_module("jax")
    except ImportError:
        raise InputError(
            "jax", "gradients need JAX, which is not installed", nearest="pip install 'farflung[jax]'"
        ) from None
    # Where the switch lives depends on JAX's version.
    home = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
    with home.enable_x64(True):
        yield jax


def _several(wrt: Sequence[str]) -> Sequence[str]:
    if isinstance(wrt, str) or not wrt:
        raise InputError("wrt", "names of fields are needed", nearest="['network.upload']")
    return wrt


def _known(run: Run, path: str) -> None:
    fields = fields_of(Scenario)
    if path.startswith(COEFFICIENT):
        coefficient_field(path, run.inputs.assumptions)
    elif path not in fields or not fields[path].numeric:
        raise unknown(path, "numeric field", path, [name for name, one in fields.items() if one.numeric])


def _value(run: Run, path: str) -> float:
    """Return the value of a field or coefficient, as given or by default."""
    _known(run, path)
    if path.startswith(COEFFICIENT):
        return run.inputs.assumptions.values[path.removeprefix(COEFFICIENT)][0]
    value = fields_of(Scenario)[path].get(run.scenario)
    if value is None:
        value = next((one.value for one in run.inputs.defaulted if one.field == path), None)
    if not isinstance(value, int | float):
        raise InputError(path, "has no value to differ from: the scenario leaves it to the model")
    return float(value)


def _answered(run: Run, fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return outputs of a run with some fields replaced, whatever library their arrays are from."""
    quantities = {name: OUTPUTS[name].quantity for name in names}
    values = prepare(run.scenario, fields, mode=run.choices.mode, wanted=quantities.values()).values
    return {name: values.get(quantity) for name, quantity in quantities.items()}
