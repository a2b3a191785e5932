"""Explain a number: its formula, its inputs with units, its coefficients with sources, all the way down."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from farflung.base.errors import unknown
from farflung.base.format import format_value
from farflung.base.graph import Step
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog.records import Record
from farflung.catalog.sources import Source, cited
from farflung.outcome.outputs import OUTPUTS, output_named
from farflung.outcome.run import Run, ScenarioLike, changed_scenario, prepare
from farflung.scenario import Assumptions, Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Explanation(Result):
    """One quantity, how it came about, and the explanations of what it was made from.

    Attributes
    ----------
    name, value, unit, meaning
        The quantity.
    equation, assumption, limits
        What the function that answers it says of itself; empty for a given number.
    sources
        Keys of the sources behind the equation, or behind the given number.
    origin
        ``computed``, ``scenario``, ``default``, ``catalog`` or the assumption set's name.
    record
        The sourced record of a given number, where there is one.
    inputs
        What it was made from.
    scenario
        The scenario it is of.
    """

    name: str
    value: Any
    unit: str
    meaning: str
    equation: str
    assumption: str
    limits: str
    sources: tuple[str, ...]
    origin: str
    record: Record | None
    inputs: tuple[Explanation, ...]
    scenario: Scenario

    def walk(self) -> Iterator[Explanation]:
        """Yield this explanation and those of everything below it."""
        yield self
        for part in self.inputs:
            yield from part.walk()

    def distinct(self) -> Mapping[str, Explanation]:
        """Return every quantity on the way once, by name, the number itself first."""
        return {part.name: part for part in reversed(list(self.walk()))} | {self.name: self}

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        words = self.scenario.arguments
        subject = None if words is None else (words[0], self.name, *words[1:])
        return Call("explain", "farflung.explain", subject, (self.scenario.python, repr(self.name)))

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the number."""
        return cited(sorted({key for part in self.walk() for key in part.sources}))

    def page(self) -> Page:
        """Return the number, its formula, and the inputs of its formula with theirs."""
        said = (
            ("", self.meaning),
            ("", self.equation),
            ("Assumption: ", self.assumption),
            ("Limits: ", self.limits),
        )
        lines = tuple(f"{label}{text}" for label, text in said if text and text != "none.")
        rows = tuple(
            (f"{'  ' * depth}{part.name}", part.format(), part.equation or part.origin)
            for part, depth in self._outline(2)
        )
        return Page(f"{self.name} = {self.format()}", lines, (Table(("input", "value", "from"), rows),))

    def _outline(self, depth: int, level: int = 0) -> Iterator[tuple[Explanation, int]]:
        for part in self.inputs:
            yield part, level
            if depth > 1:
                yield from part._outline(depth - 1, level + 1)

    def format(self) -> str:
        """Return the value as a person reads it."""
        if isinstance(self.value, tuple):
            return "table " + ", ".join(f"{ratio:g}→{quality:g}" for ratio, quality in self.value)
        return format_value(None if self.value is None else float(self.value), self.unit or "1")

    def to_frame(self) -> pd.DataFrame:
        """Return a row for every quantity on the way."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and seldom needed

        columns = ("name", "value", "unit", "meaning", "origin", "equation", "evidence_level")
        rows = [{key: part.to_dict()[key] for key in columns} for part in self.distinct().values()]
        return pd.DataFrame(rows).set_index("name")

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as plain mappings, ready for JSON."""
        return {
            "name": self.name,
            "value": _plain(self.value),
            "unit": self.unit,
            "meaning": self.meaning,
            "origin": self.origin,
            "equation": self.equation,
            "assumption": self.assumption,
            "limits": self.limits,
            "sources": list(self.sources),
            "locator": self.record.locator if self.record else "",
            "evidence_level": self.record.evidence_level if self.record else "",
            "inputs": [part.to_dict() for part in self.inputs],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [list(pair) for pair in value]
    return None if value is None else float(value)


@dataclass(frozen=True, slots=True)
class Said:
    """What a function's docstring says of it: see :class:`Explanation`."""

    meaning: str
    unit: str
    equation: str
    assumption: str
    limits: str
    sources: tuple[str, ...]


@cache
def said_of(function: Any) -> Said:
    """Return what a function of physics or learning says of itself."""
    text = inspect.getdoc(function) or ""
    first = " ".join(text.split("\n\n", 1)[0].split())
    unit = re.search(r"\[([^\[\]]+)\]\.?$", first)
    notes = dict(re.findall(r"^(Equation|Assumption|Evidence|Limits): (.+)$", text, re.MULTILINE))
    meaning = re.sub(r"\s*\[[^\[\]]+\]\.?$", "", first).removeprefix("Return ").removesuffix(".")
    return Said(
        meaning=meaning[:1].upper() + meaning[1:],
        unit=unit[1] if unit else "",
        equation=notes.get("Equation", ""),
        assumption=notes.get("Assumption", ""),
        limits=notes.get("Limits", ""),
        sources=tuple(notes.get("Evidence", "").replace(",", " ").split()),
    )


def explain(
    scenario: ScenarioLike,
    output: str,
    *,
    assumptions: str | Assumptions | None = None,
    links: str | None = None,
    **changes: Any,
) -> Explanation:
    """Return how a number of a scenario came about.

    Parameters
    ----------
    scenario, assumptions, links, changes
        As for :func:`farflung.evaluate`.
    output
        Name of an output, such as ``local_equivalent_flop``, or of any quantity on the way to one, such as
        ``divergence_penalty``: every name that a flag or an explanation holds.

    Raises
    ------
    InputError
        If there is no such output or quantity, or the scenario is not valid.
    """
    run = prepare(changed_scenario(scenario, assumptions=assumptions, links=links, **changes))
    if output in OUTPUTS:
        declared = OUTPUTS[output]
        return replace(_explained(run, declared.quantity), unit=declared.unit)
    if output not in run.values:
        raise unknown("output", "output", output, {*OUTPUTS, *run.values})
    return _explained(run, output)


def _explained(run: Run, quantity: str) -> Explanation:
    steps: Mapping[str, Step] = {name: step for name, step, _ in run.plan.steps}
    done: dict[str, Explanation] = {}

    def explanation(name: str) -> Explanation:
        if name not in done:
            done[name] = computed(name) if name in steps else given(name)
        return done[name]

    def given(name: str) -> Explanation:
        one = run.inputs.quantities.get(name)
        if one is None:  # a quantity this protocol does not have
            return Explanation(
                name, None, "", "does not exist for this run", *("",) * 3, (), "none", None, (), run.scenario
            )
        key = one.record.source if one.record else one.source
        sources = (key,) if key else ()
        note = one.record.note if one.record else ""
        return Explanation(
            name, one.value, one.unit, note, "", "", "", sources, one.origin, one.record, (),
            run.scenario,
        )  # fmt: skip

    def computed(name: str) -> Explanation:
        step = steps[name]
        said = said_of(step.function)
        inputs = tuple(explanation(quantity) for _, quantity in step.inputs)
        plain = said.unit if said.unit and "unit of" not in said.unit else ""
        unit = plain or next((one.unit for one in reversed(inputs) if one.unit), "")
        return Explanation(
            name, run.values[name], unit, said.meaning, said.equation, said.assumption, said.limits,
            said.sources, "computed", None, inputs, run.scenario,
        )  # fmt: skip

    return explanation(quantity)


def source_keys(scenario: Scenario, outputs: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of all sources behind some outputs, sorted."""
    run = prepare(scenario)
    keys = {
        key
        for output in outputs
        for one in _explained(run, output_named(output).quantity).walk()
        for key in one.sources
    }
    return tuple(sorted(keys))
