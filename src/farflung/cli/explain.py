"""``farflung explain``: how a number came about, down to its sources."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.cli.asked import AssumptionsName, Changes, ScenarioName, asked
from farflung.cli.show import Told, put, put_json, quantity

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from farflung.outcome import Explanation


def _outputs_like(incomplete: str) -> list[str]:
    from farflung.outcome import OUTPUTS

    return [name for name in OUTPUTS if name.startswith(incomplete)]


def explain(
    scenario: ScenarioName,
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT",
            help="Which number; [bold]farflung run --format csv[/bold] names them all.",
            autocompletion=_outputs_like,
        ),
    ] = "quality_adjusted_flop",
    *,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    depth: Annotated[
        int | None, typer.Option("--depth", min=0, help="Levels below the number; all if left out.")
    ] = None,
    how: Annotated[Told, typer.Option("--format", help="How to show it.")] = Told.table,
) -> None:
    """Show how a number came about: every formula, every input, every source.

    [bold]farflung explain paper-headline capital_cost_usd[/bold]
    """
    from farflung.outcome import explain as explained

    answer = explained(asked(scenario, changes, assumptions), output)
    if how is Told.json:
        put_json(_table(answer, depth, set()))
    else:
        put(_tree(answer, depth))


def _table(one: Explanation, room: int | None, seen: set[str]) -> dict[str, Any]:
    """Return an explanation as plain tables; what was told above stands there alone, marked ``repeated``."""
    repeated = one.name in seen
    below: list[dict[str, Any]] = []
    if not repeated and room != 0:
        seen.add(one.name)
        below = [_table(part, None if room is None else room - 1, seen) for part in one.inputs]
    return {**replace(one, inputs=()).as_table(), "repeated": repeated, "inputs": below}


def _tree(root: Explanation, depth: int | None) -> Tree:
    from rich.tree import Tree

    seen: set[str] = set()

    def grow(branch: Tree, one: Explanation, room: int | None) -> None:
        seen.add(one.name)
        for part in one.inputs:
            if part.name in seen:
                branch.add(_line(part, "see above"))
            elif part.inputs and room == 1:
                branch.add(_line(part, "more below: --depth"))
            else:
                grow(branch.add(_line(part)), part, None if room is None else room - 1)

    tree = Tree(_line(root), guide_style="dim")
    if depth != 0:
        grow(tree, root, depth)
    return tree


def _line(one: Explanation, instead: str = "") -> Text:
    """Return what is said of one quantity: its value, then where the value comes from."""
    from rich.text import Text

    text = Text.assemble((one.name, "bold"), " = ", (_shown(one), "green"))
    if instead:
        return text.append(f"  ({instead})", style="dim italic")
    if one.equation:
        text.append(f"   {one.equation}", style="")
    elif one.origin and one.origin != "computed":
        record = one.record
        where = (one.origin, record.locator, record.evidence_level) if record else (one.origin,)
        text.append(f"   {', '.join(part for part in where if part)}", style="dim")
    if one.sources:
        text.append(f"  [{', '.join(one.sources)}]", style="cyan")
    return text


def _shown(one: Explanation) -> str:
    if isinstance(one.value, tuple):
        return "table " + ", ".join(f"{at:g}→{value:g}" for at, value in one.value)
    if one.value is None:
        return "none"
    return quantity(float(one.value), one.unit or "1")
