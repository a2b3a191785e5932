"""``farflung simulate``: a scenario event by event, with failures, stragglers and churn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from farflung.cli import simulate_options as ask
from farflung.cli.asked import AssumptionsName, ScenarioName, apart, asked, command_line
from farflung.cli.search_options import with_options
from farflung.cli.show import Told, progress_bar, put, put_json

_RUNS = 32


@with_options
def simulate(
    scenario: ScenarioName,
    *,
    runs: Annotated[int, typer.Option("--runs", help="Seeded runs.")] = _RUNS,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same runs.")] = 0,
    kept_going: ask.KeptGoing,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Replace one field of the scenario, as [bold]--set nodes.count=72[/bold], or of the "
            "operation, as [bold]--set 'operation.repair_time=1 day'[/bold]; repeatable.",
            show_default=False,
        ),
    ] = None,
    assumptions: AssumptionsName = None,
    files: ask.Files,
    how: Annotated[Told, typer.Option("--format", help="How to show it.")] = Told.table,
) -> None:
    """Run a scenario event by event, many times: what failures, stragglers and slow links leave of the plan.

    How nodes and links behave comes from the assumption set where the operation leaves it out. A run that
    cannot go on is an answer too: it says why.

    [bold]farflung simulate governance-72-nodes --policy quorum:0.9 --late merge[/bold]
    """
    from farflung.outcome.events import simulate as answer
    from farflung.outcome.events import timeline

    files.check()
    ours, theirs = apart(changes, "operation")
    what, operation = asked(scenario, ours, assumptions), kept_going.asked(theirs)
    watch = timeline(what, operation, synchronisations=files.rounds)
    more = ask.words(runs=None if runs == _RUNS else runs, seed=seed or None)
    more += [*kept_going.words(), *files.words(), *(() if how is Told.table else ("--format", how.value))]
    with progress_bar("Simulating, %") as bar:
        result = answer(
            what,
            operation,
            runs=runs,
            seed=seed,
            progress=None if bar is None else in_percent(bar),
            watch=watch,
            command=command_line("simulate", scenario, changes, assumptions, *more),
        )
    notes = files.write(result, watch)
    if how is Told.json:
        put_json(result.as_table())
    else:
        from farflung.cli.simulate_page import page

        put(*page(result, notes))


def in_percent(bar: Callable[[int, int], None]) -> Callable[[float], None]:
    """Return what tells a bar of every percent that is done, and no more often."""
    drawn = -1

    def told(share: float) -> None:
        nonlocal drawn
        if int(100 * share) != drawn:
            drawn = int(100 * share)
            bar(drawn, 100)

    return told
