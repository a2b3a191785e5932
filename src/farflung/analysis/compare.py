"""Scenarios side by side: what they say and come to differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farflung.analysis.calls import call_about
from farflung.base.fields import fields_of
from farflung.base.format import format_digits, format_short
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog.sources import Source, cited
from farflung.outcome import OUTPUTS, Outcome, evaluate
from farflung.outcome.run import ScenarioLike
from farflung.scenario import Scenario, load_assumptions

if TYPE_CHECKING:
    import pandas as pd

_STATES = ("mode", "feasible", "binding_constraint", "bottleneck")
"""What an outcome says of a run beside its outputs."""
HEADLINE = (
    "quality_adjusted_flop", "local_equivalent_flop", "capital_cost_usd", "total_cost_usd", "duration_s",
    "tokens", "distributed_loss", "utilisation",
)  # fmt: skip
_MOST_ROWS = 8
"""Rows of a table on a page; :meth:`Comparison.to_frame` holds all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, coefficient or output that is not the same in all scenarios.

    Attributes
    ----------
    name, unit
        Its name and unit.
    values
        Its value in each scenario.
    """

    name: str
    unit: str
    values: tuple[Any, ...]

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Return every value over the first; ``None`` where they are no numbers, or the first is 0."""
        first, *_ = self.values
        return tuple(
            value / first if _is_number(first) and _is_number(value) and first else None
            for value in self.values
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        ratios = list(self.ratios)
        return {"name": self.name, "unit": self.unit, "values": list(self.values), "ratios": ratios}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Scenarios side by side, only where they differ.

    Attributes
    ----------
    outcomes
        Their outcomes.
    inputs
        Fields of the scenarios and coefficients of their assumption sets that differ.
    outputs
        What came out differently.
    """

    outcomes: tuple[Outcome, ...]
    inputs: tuple[Difference, ...]
    outputs: tuple[Difference, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return what to call the scenarios: their preset or file, or else their title."""
        scenarios = [outcome.scenario for outcome in self.outcomes]
        return tuple(one.arguments[0] if one.arguments else one.name or "unnamed" for one in scenarios)

    def page(self) -> Page:
        """Return the main differences, inputs first."""
        titles = [f"{place}: {name}" for place, name in enumerate(self.names, start=1)]
        headline = {name: place for place, name in enumerate(HEADLINE)}
        outputs = sorted(self.outputs, key=lambda one: headline.get(one.name, len(headline)))
        return Page(
            title=f"{'; '.join(titles)}",
            lines=("They come to the same.",) if not (self.inputs or self.outputs) else (),
            tables=(
                *_table("Inputs that differ", self.inputs, len(self.outcomes)),
                *_table("Outputs that differ", outputs, len(self.outcomes)),
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return every difference."""
        return {
            "scenarios": list(self.names),
            "inputs": [one.to_dict() for one in self.inputs],
            "outputs": [one.to_dict() for one in self.outputs],
            "command": self.command,
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each difference, one column for each scenario."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        kinds = {"input": self.inputs, "output": self.outputs}
        return pd.DataFrame(
            [
                {"kind": kind, "name": one.name, "unit": one.unit}
                | {f"{place}: {name}": value for place, (name, value) in enumerate(_named(self, one), 1)}
                for kind, differences in kinds.items()
                for one in differences
            ]
        )

    def call(self) -> Call:
        """Return the question again."""
        return call_about("compare", "farflung.compare", [one.scenario for one in self.outcomes], {})

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the headline and the cost of each."""
        return cited(sorted({source.key for outcome in self.outcomes for source in outcome.citations()}))


def _named(result: Comparison, one: Difference) -> Iterator[tuple[str, Any]]:
    return zip(result.names, one.values, strict=True)


def compare(first: ScenarioLike, second: ScenarioLike, *more: ScenarioLike, **changes: Any) -> Comparison:
    """Return scenarios side by side: the inputs and outputs that differ.

    Parameters
    ----------
    first, second, more
        As for :func:`farflung.evaluate`.
    changes
        Fields of all scenarios to change, as for :func:`farflung.evaluate`.

    Raises
    ------
    InputError
        If a scenario is not valid.

    Examples
    --------
    >>> result = compare("paper-headline", "paper-1gbps")
    >>> [one.name for one in result.inputs][:2]
    ['nodes.count', 'nodes.hardware']
    """
    outcomes = tuple(evaluate(scenario, **changes) for scenario in (first, second, *more))
    return Comparison(outcomes, tuple(_inputs(outcomes)), tuple(_outputs(outcomes)))


def _inputs(outcomes: Sequence[Outcome]) -> Iterator[Difference]:
    """Yield the fields and coefficients that differ."""
    defaults = [{one.field: one.value for one in outcome.defaulted} for outcome in outcomes]
    for path, field in fields_of(Scenario).items():
        values = [field.get(outcome.scenario) for outcome in outcomes]
        # Labels say what a scenario is called, not what it is; its assumption set is more than a label.
        if _differ(values) and (field.role != "label" or path == "assumptions"):
            taken = (
                known.get(path) if value is None else value
                for known, value in zip(defaults, values, strict=True)
            )
            yield Difference(path, field.unit, tuple(taken))
    sets = [load_assumptions(outcome.scenario.assumptions).values for outcome in outcomes]
    for name in dict.fromkeys(name for one in sets for name in one):
        pairs = [one.get(name, (None, "")) for one in sets]
        if _differ([value for value, _ in pairs]):
            unit = next(unit for _, unit in pairs if unit)
            yield Difference(name, unit, tuple(value for value, _ in pairs))


def _outputs(outcomes: Sequence[Outcome]) -> Iterator[Difference]:
    """Yield what came out differently."""
    units = {**dict.fromkeys(_STATES, ""), **{name: output.unit for name, output in OUTPUTS.items()}}
    for name, unit in units.items():
        values = tuple(getattr(outcome, name) for outcome in outcomes)
        if _differ(values):
            yield Difference(name, unit, values)


def _differ(values: Sequence[Any]) -> bool:
    return any(value != values[0] for value in values)


def _table(title: str, differences: Sequence[Difference], count: int) -> tuple[Table, ...]:
    if not differences:
        return ()
    rows = differences[:_MOST_ROWS]
    more = f" ({len(rows)} of {len(differences)})" if len(differences) > len(rows) else ""
    ratio = ("2 over 1",) if count == 2 else ()
    return (
        Table(
            title=f"{title}{more}",
            headers=("", *map(str, range(1, count + 1)), *ratio),
            rows=tuple(
                (
                    OUTPUTS[one.name].label if one.name in OUTPUTS else one.name,
                    *(format_short(value, one.unit) for value in one.values),
                    *(
                        ()
                        if not ratio
                        else ("" if one.ratios[1] is None else f"× {format_digits(one.ratios[1])}",)
                    ),
                )
                for one in rows
            ),
            numeric=frozenset(range(1, count + 2)),
        ),
    )
