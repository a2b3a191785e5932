"""``farflung compare``: two scenarios side by side, where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.cli.asked import AssumptionsName, Changes, ScenarioName, asked
from farflung.cli.show import Told, grid, put, put_json, quantity

if TYPE_CHECKING:
    from farflung.outcome import Outcome

_STATES = ("mode", "feasible", "binding_constraint", "bottleneck")
_TITLES = frozenset({"name", "description", "source", "locator"})
"""Fields that say what a scenario is called, not what it is."""


def compare(
    first: ScenarioName,
    second: ScenarioName,
    *,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    how: Annotated[Told, typer.Option("--format", help="How to show it.")] = Told.table,
) -> None:
    """Show two scenarios side by side: the inputs and outputs that differ, with the ratio.

    What is set applies to both scenarios.

    [bold]farflung compare paper-headline paper-1gbps[/bold]
    """
    from farflung.outcome import evaluate

    names = (first, second)
    one, other = (evaluate(asked(name, changes, assumptions)) for name in names)
    inputs, outputs = tuple(_inputs(one, other)), tuple(_outputs(one, other))
    if how is Told.json:
        put_json(
            {
                "scenarios": list(names),
                "inputs": [dict(zip(("name", "a", "b", "unit"), row, strict=True)) for row in inputs],
                "outputs": [
                    dict(zip(("name", "a", "b", "unit", "ratio"), row, strict=True)) for row in outputs
                ],
            }
        )
        return
    _put_inputs(names, inputs)
    _put_outputs(names, outputs)


def _inputs(one: Outcome, other: Outcome) -> Iterator[tuple[str, Any, Any, str]]:
    """Yield what was asked and believed differently: name, both values, unit."""
    from farflung.base.fields import fields_of
    from farflung.scenario import Scenario, load_assumptions

    filled = [{f.field: f.value for f in outcome.defaulted} for outcome in (one, other)]
    written = [outcome.scenario.model_dump() for outcome in (one, other)]
    for name, field in fields_of(Scenario).items():
        a, b = (_at(data, name) for data in written)
        if a != b and name not in _TITLES:
            # What one of them leaves open is what was taken in its place.
            a, b = (fill.get(name) if value is None else value for fill, value in zip(filled, (a, b)))  # noqa: B905
            yield name, a, b, field.unit
    sets = [load_assumptions(outcome.scenario.assumptions).values for outcome in (one, other)]
    for name in dict.fromkeys([*sets[0], *sets[1]]):
        (a, unit), (b, unit_b) = (values.get(name, (None, "")) for values in sets)
        if a != b:
            yield name, a, b, unit or unit_b


def _at(data: Mapping[str, Any], name: str) -> Any:
    value: Any = data
    for part in name.split("."):
        value = value[part]
    return value


def _outputs(one: Outcome, other: Outcome) -> Iterator[tuple[str, Any, Any, str, float | None]]:
    """Yield what came out differently: name, both values, unit, and the second over the first."""
    from farflung.outcome import OUTPUTS

    for name in _STATES:
        a, b = getattr(one, name), getattr(other, name)
        if a != b:
            yield name, a, b, "", None
    for name, output in OUTPUTS.items():
        a, b = getattr(one, name), getattr(other, name)
        if a != b:
            yield name, a, b, output.unit, b / a if a and b is not None else None


def _put_inputs(names: tuple[str, str], rows: tuple[tuple[str, Any, Any, str], ...]) -> None:
    table = grid("Inputs that differ", *names, right=(1, 2))
    for name, a, b, unit in rows:
        table.add_row(name, quantity(a, unit), quantity(b, unit))
    put(table if rows else "No input differs.")


def _put_outputs(names: tuple[str, str], rows: tuple[tuple[str, Any, Any, str, float | None], ...]) -> None:
    table = grid("Outputs that differ", *names, "second / first", right=(1, 2, 3))
    for name, a, b, unit, ratio in rows:
        table.add_row(
            name, quantity(a, unit), quantity(b, unit), "" if ratio is None else f"× {quantity(ratio, '1')}"
        )
    put(table if rows else "No output differs.")
