"""Many runs at once: a scenario some of whose fields are arrays, through the same engine path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from farflung.base.arrays import Array
from farflung.outcome.constraints import NEEDED, feasible
from farflung.outcome.outputs import output_named
from farflung.outcome.run import ScenarioLike, as_scenario, automatic_mode, prepare
from farflung.scenario import Scenario, inputs_of
from farflung.scenario.scenario import AUTO


def evaluate_batch(
    scenario: ScenarioLike, fields: Mapping[str, Array], outputs: Iterable[str]
) -> dict[str, np.ndarray]:
    """Return outputs for many runs at once.

    Parameters
    ----------
    scenario
        As for :func:`farflung.evaluate`; its other fields hold for all runs.
    fields
        Arrays by dotted path of a field [SI], or by ``assumptions.`` and the name of a coefficient [its unit
        as the model holds it]. They broadcast against one another.
    outputs
        Names of outputs.

    Returns
    -------
    dict
        Each output as an array of the broadcast shape, NaN where the run is not feasible or has no such
        quantity, and ``feasible``.

    Raises
    ------
    InputError
        If a field, a coefficient or an output is unknown.

    Examples
    --------
    >>> from farflung import preset
    >>> evaluate_batch(preset("paper-headline"), {"nodes.count": np.asarray([8, 34])}, ["chips"])["chips"]
    array([128., 544.])
    """
    scenario = as_scenario(scenario)
    fields = {
        path: np.asarray(values) if isinstance(values, list) else values for path, values in fields.items()
    }
    quantities = {name: output_named(name).quantity for name in outputs if name != "feasible"}
    shape = np.broadcast_shapes(*(np.shape(values) for values in fields.values()))
    if scenario.protocol.mode != AUTO:
        return _in_mode(scenario, fields, quantities, shape, scenario.protocol.mode)
    modes = np.broadcast_to(automatic_mode(scenario, inputs_of(scenario, fields).values), shape)
    result = {name: np.full(shape, np.nan) for name in quantities}
    result["feasible"] = np.zeros(shape, dtype=bool)
    whole = {name: np.broadcast_to(values, shape) for name, values in fields.items()}
    for mode in np.unique(modes):
        cells = modes == mode
        part = {name: values[cells] for name, values in whole.items()}
        answers = _in_mode(scenario, part, quantities, (int(cells.sum()),), str(mode))
        for name, values in answers.items():
            result[name][cells] = values
    return result


def _in_mode(
    scenario: Scenario,
    fields: Mapping[str, Array],
    quantities: Mapping[str, str],
    shape: tuple[int, ...],
    mode: str,
) -> dict[str, np.ndarray]:
    limit = {"duration"} if scenario.tokens is not None or "tokens" in fields else set()
    run = prepare(scenario, fields, mode=mode, wanted={*quantities.values(), *NEEDED, *limit})
    possible = np.broadcast_to(feasible(run.values, run.choices.protocol), shape)
    everywhere = bool(possible.all())
    result: dict[str, np.ndarray] = {"feasible": possible}
    for name, quantity in quantities.items():
        value: Any = run.values.get(quantity)
        whole = np.broadcast_to(np.nan if value is None else np.asarray(value, dtype=np.float64), shape)
        result[name] = whole if everywhere else np.where(possible, whole, np.nan)
    return result
