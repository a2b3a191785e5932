"""``farflung explain``: how a number came about, down to its sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog.sources import Source
from farflung.cli.answer import Answer, answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions
from farflung.outcome import OUTPUTS, Explanation
from farflung.outcome import explain as explained
from farflung.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd


def _outputs_like(incomplete: str) -> list[str]:
    return [name for name in OUTPUTS if name.startswith(incomplete)]


@answers
def explain(
    scenario: ScenarioName,
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT",
            help="An output ([bold]farflung run --format csv[/bold] names them), or any quantity that a flag "
            "or an explanation names.",
            autocompletion=_outputs_like,
        ),
    ] = "quality_adjusted_flop",
    *,
    changes: ScenarioOptions,
    depth: Annotated[
        int | None, typer.Option("--depth", min=0, help="Levels below the number; all unless given.")
    ] = None,
) -> Answer:
    """Show how a number came about: every formula, every input, every source.

    [bold]farflung explain headline capital_cost_usd[/bold]
    """
    asked = changes.load(scenario)
    answer = ExplanationTree(asked, output, explained(asked, output), depth)
    return Answer(result=answer, renderables=lambda: [answer.tree()])


@dataclass(frozen=True, repr=False)
class ExplanationTree(Result):
    """An explanation down to some depth, in which every quantity is explained once.

    Attributes
    ----------
    scenario, output
        What was asked.
    root
        The explanation.
    depth
        Levels below the number; all if ``None``.
    """

    scenario: Scenario
    output: str
    root: Explanation
    depth: int | None = None

    def walk(self) -> Iterator[tuple[int, Explanation, str]]:
        """Yield level, quantity, and what stands instead of its inputs, in the order of the tree."""
        seen: set[str] = set()

        def below(quantity: Explanation, level: int) -> Iterator[tuple[int, Explanation, str]]:
            if quantity.name in seen:
                yield level, quantity, "see above"
            elif quantity.inputs and level == self.depth:
                yield level, quantity, "more below: --depth" if level else ""
            else:
                seen.add(quantity.name)
                yield level, quantity, ""
                for part in quantity.inputs:
                    yield from below(part, level + 1)

        return below(self.root, 0)

    def tree(self) -> Tree:
        """Return the explanation as a tree for the terminal."""
        branches: list[Tree] = []
        for level, quantity, instead in self.walk():
            line = _line(quantity, instead)
            branch = branches[level - 1].add(line) if level else Tree(line, guide_style="dim")
            branches[level:] = [branch]
        return branches[0]

    def page(self) -> Page:
        """Return the explanation as a table, indented by level."""
        rows = tuple(
            (
                f"{'· ' * level}{quantity.name}",
                _value(quantity),
                instead or _origin(quantity),
                ", ".join(quantity.sources),
            )
            for level, quantity, instead in self.walk()
        )
        headers = ("Quantity", "Value", "Formula or origin", "Sources")
        return Page(
            f"{self.output} of {self.scenario.name or 'the scenario'}", tables=(Table(headers, rows),)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the tree; what was explained above stands there alone, marked ``repeated``."""
        tables: list[dict[str, Any]] = []
        for level, quantity, instead in self.walk():
            alone = replace(quantity, inputs=()).to_dict()
            table = {**alone, "repeated": instead == "see above", "inputs": []}
            if level:
                tables[level - 1]["inputs"].append(table)
            tables[level:] = [table]
        return tables[0]

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each quantity."""
        import pandas as pd

        rows = [
            replace(quantity, inputs=()).to_dict()
            for _, quantity, instead in self.walk()
            if instead != "see above"
        ]
        return pd.DataFrame(rows).drop(columns="inputs")

    def call(self) -> Call:
        """Return how it is asked for again."""
        subject = self.scenario.arguments
        arguments = (self.scenario.python, repr(self.output))
        words = None if subject is None else (subject[0], self.output, *subject[1:])
        return Call("explain", "farflung.explain", words, arguments)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources of everything in it."""
        return self.root.citations()


def _line(quantity: Explanation, instead: str) -> Text:
    """Return what is said of one quantity: its value, then where the value comes from."""
    text = Text.assemble((quantity.name, "bold"), " = ", (_value(quantity), "green"))
    if instead:
        return text.append(f"  ({instead})", style="dim italic")
    if origin := _origin(quantity):
        text.append(f"   {origin}", style="" if quantity.equation else "dim")
    if quantity.sources:
        text.append(f"  [{', '.join(quantity.sources)}]", style="cyan")
    return text


def _origin(quantity: Explanation) -> str:
    """Return the formula of a computed quantity, or where a given one comes from."""
    if quantity.equation or quantity.origin == "computed":
        return quantity.equation
    record = quantity.record
    where = (quantity.origin, record.locator, record.evidence_level) if record else (quantity.origin,)
    return ", ".join(part for part in where if part)


def _value(quantity: Explanation) -> str:
    return "none" if quantity.value is None else quantity.format()
