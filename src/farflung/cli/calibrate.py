"""``farflung calibrate``: the model fitted to measurements, and judged on the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.cli.show import Told, grid, progress_bar, put, put_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

calibrate = typer.Typer(
    no_args_is_help=True,
    help="Fit the model to measurements and to the event engine, and judge it on the rest.",
)
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same result.")]
How = Annotated[Told, typer.Option("--format", help="How to show it.")]


@calibrate.command("loss")
def loss(
    *,
    draws: Annotated[
        int, typer.Option("--draws", min=10, max=5000, help="Refits for every size that is left out.")
    ] = 100,
    seed: Seed = 0,
    write: Annotated[
        bool, typer.Option("--write", help="Write the posterior into the package's own catalog.")
    ] = False,
    how: How = Told.table,
) -> None:
    """Show how well each set predicts what distribution cost where it was measured.

    Every point is predicted by a fit that has not seen its size; 4B and 10B are in no fit.

    [bold]farflung calibrate loss --format json[/bold]
    """
    from farflung.analysis.calibrate.cross_validation import check_bounds, cross_validate

    table = {**cross_validate(draws=draws, seed=seed).to_dict(), "bounds": check_bounds()}
    written = _write() if write else None
    if written is not None:
        table["written"] = written
    if how is Told.json:
        put_json(table)
    else:
        put(*_loss_page(table))


def _write() -> list[str]:
    from farflung.analysis.calibrate.publish import calibrated
    from farflung.analysis.calibrate.publish import write as to_catalog

    return [str(file) for file in to_catalog(calibrated())]


def _loss_page(table: dict[str, Any]) -> Iterator[RenderableType]:
    from rich.text import Text

    names = list(table["held_out_rmse_nats"])
    groups = {"all points": table, **table["by_group"]}
    yield Text("\nWhat distribution adds to the loss: error on points no fit has seen [0.001 nats]", "bold")
    errors = grid("Points", "How many", *names, "In 90 %", right=range(1, len(names) + 3))
    for label, group in groups.items():
        found = [f"{1000 * group['held_out_rmse_nats'][name]:.1f}" for name in names]
        errors.add_row(label.replace("_", " "), str(group["points"]), *found, f"{group['coverage_90']:.0%}")
    yield errors
    forms = grid("Form of the law", "Error, sizes of the test left out", right=(1,))
    for form, error in sorted(table["forms_rmse_nats"].items(), key=lambda one: one[1]):
        forms.add_row(form, f"{1000 * error:.1f}")
    yield forms
    satisfied = sum(bound["satisfied"] for bound in table["bounds"])
    every = len(table["bounds"])
    yield f"The law satisfies {satisfied} of {every} upper bounds, up to 64 replicas, within twice the noise."
    for file in table.get("written", ()):
        yield f"wrote {file}"


@calibrate.command("scaling-law")
def scaling_law(
    *,
    draws: Annotated[
        int, typer.Option("--draws", min=2, max=5000, help="Bootstrap draws behind the errors.")
    ] = 200,
    seed: Seed = 0,
    how: How = Told.table,
) -> None:
    """Refit the scaling law to the Chinchilla study's runs, and compare it with what was published.

    [bold]farflung calibrate scaling-law[/bold]
    """
    from farflung.analysis.calibrate.scaling_law import refit

    table = refit(draws=draws, seed=seed).as_table()
    if how is Told.json:
        put_json(table)
    else:
        put(*_law_page(table))


def _law_page(table: dict[str, Any]) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"\nRefit to {table['points']} runs, {table['draws']} bootstrap draws", "bold")
    rows = grid("Coefficient", "Here", "Error", "Published", "Error", "Within one error", right=(1, 2, 3, 4))
    for letter, value in table["estimates"].items():
        columns = ("standard_errors", "published", "published_standard_errors")
        found = [f"{table[column][letter]:.5g}" for column in columns]
        within = "yes" if table["within_one_standard_error"][letter] else "no"
        rows.add_row(letter, f"{value:.5g}", *found, within)
    yield rows
    computes = list(next(iter(table["tokens_per_parameter"].values())))
    ratios = grid("Best tokens per parameter at", *(f"{c} FLOP" for c in computes), right=range(1, 9))
    for name, found in table["tokens_per_parameter"].items():
        ratios.add_row(name, *(f"{found[compute]:.1f}" for compute in computes))
    yield ratios


@calibrate.command("stragglers")
def stragglers(*, seed: Seed = 0, how: How = Told.table) -> None:
    """Measure in the event engine how much longer the slowest of many takes, and fit forms to it.

    Takes about a minute. The form with the least error on what its fits have not seen is what
    [bold]protocol.stragglers = "order_statistics"[/bold] stands for.

    [bold]farflung calibrate stragglers --format json[/bold]
    """
    from farflung.analysis.calibrate.straggler_runs import measure
    from farflung.analysis.calibrate.stragglers import contest

    with progress_bar("Simulating") as progress:
        at = measure(seed=seed, progress=progress)
    table = contest(at, seed=seed).as_table()
    if how is Told.json:
        put_json(table)
    else:
        put(*_stragglers_page(table))


def _stragglers_page(table: dict[str, Any]) -> Iterator[RenderableType]:
    from rich.text import Text

    (fewest, most), (least, largest) = table["range"]["peers"], table["range"]["spread"]
    yield Text("\nHow much longer the slowest of n takes: error on what no fit has seen [%]", "bold")
    forms = grid("Form; s is the spread, σ² = ln(1 + s²)", "All", "Spread", "Largest n", right=(1, 2, 3))
    for form, one in sorted(table["forms"].items(), key=lambda pair: pair[1]["held_out_rmse"]):
        errors = (one[f"{out}_rmse"] for out in ("held_out", "spread_left_out", "largest_left_out"))
        forms.add_row(form, *(f"{100 * error:.1f}" for error in errors))
    yield forms
    yield (
        f"{table['points']} points, n from {fewest:.0f} to {most:.0f}, s from {least:.2g} to {largest:.2g}; "
        "errors where one spread, or the largest n, were left out."
    )
    (exponent, error) = next(iter(table["standard_errors"].items()))
    for name, value in table["coefficients"].items():
        yield f"{name} = {value:.4g}" + (f" ± {error:.2g}" if name == exponent else "")
    yield Text("\nPublished factors, and the spread of exchange times for which they are right", "bold")
    columns = ("n", "synchronous", "right at s =", "relay", "right at s =", "exchanges here", "steps here")
    compared = grid(*columns, right=range(7))
    for row in table["published"]:
        compared.add_row(
            f"{row['peers']:.0f}",
            f"{row['synchronous']:.2f}",
            f"{row['synchronous_spread']:.3f}",
            f"{row['relay']:.2f}",
            f"{row['relay_spread']:.3f}",
            f"{row['exchanges']:.2f}",
            f"{row['steps']:.2f}",
        )
    yield compared
    yield "Here: at the spreads of links and nodes that the calibrated set believes in."
