"""``farflung calibrate``: the model fitted to measurements, and judged on the rest."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from farflung.analysis.calibrate import scaling_law as laws
from farflung.analysis.calibrate import straggler_runs
from farflung.analysis.calibrate import stragglers as straggler_forms
from farflung.analysis.calibrate.cross_validation import check_bounds, cross_validate
from farflung.analysis.calibrate.publish import calibrated
from farflung.analysis.calibrate.publish import write as write_posterior
from farflung.base.pages import Table
from farflung.cli.answer import answers
from farflung.cli.command import command_group
from farflung.cli.listing import Statement
from farflung.cli.terminal import progress_bar

Seed = Annotated[int, typer.Option("--seed", help="Same seed, same result.")]


@answers
def loss(
    *,
    draws: Annotated[
        int, typer.Option("--draws", min=10, max=5000, help="Refits for every size that is left out.")
    ] = 100,
    seed: Seed = 0,
    write: Annotated[
        bool, typer.Option("--write", help="Write the posterior into the package's own catalog.")
    ] = False,
) -> Statement:
    """Show how well each set predicts what distribution cost where it was measured.

    Every point is predicted by a fit that has not seen its size; 4B and 10B are in no fit.

    [bold]farflung calibrate loss --format json[/bold]
    """
    values = {**cross_validate(draws=draws, seed=seed).to_dict(), "bounds": check_bounds()}
    if write:
        values["written"] = [str(file) for file in write_posterior(calibrated())]
    satisfied = sum(bound["satisfied"] for bound in values["bounds"])
    return Statement(
        "What distribution adds to the loss: error on points no fit has seen [0.001 nats]",
        values,
        (
            f"The law satisfies {satisfied} of {len(values['bounds'])} upper bounds, up to 64 replicas, "
            "within twice the noise.",
        ),
        (_errors(values), _form_errors(values)),
        tuple(f"written: {file}" for file in values.get("written", ())),
        tuple(
            {"points": label, "count": group["points"], **group["held_out_rmse_nats"]}
            for label, group in _groups(values).items()
        ),
    )


def _groups(values: dict[str, Any]) -> dict[str, Any]:
    return {"all points": values, **values["by_group"]}


def _errors(values: dict[str, Any]) -> Table:
    names = list(values["held_out_rmse_nats"])
    rows = [
        (
            label.replace("_", " "),
            str(group["points"]),
            *(f"{1000 * group['held_out_rmse_nats'][name]:.1f}" for name in names),
            f"{group['coverage_90']:.0%}",
        )
        for label, group in _groups(values).items()
    ]
    headers = ("Points", "How many", *names, "In 90 %")
    return Table(headers, tuple(rows), frozenset(range(1, len(headers))))


def _form_errors(values: dict[str, Any]) -> Table:
    forms = sorted(values["forms_rmse_nats"].items(), key=lambda pair: pair[1])
    rows = tuple((form, f"{1000 * error:.1f}") for form, error in forms)
    return Table(("Form of the law", "Error, sizes of the test left out"), rows, frozenset({1}))


@answers
def scaling_law(
    *,
    draws: Annotated[
        int, typer.Option("--draws", min=2, max=5000, help="Bootstrap draws behind the errors.")
    ] = 200,
    seed: Seed = 0,
) -> Statement:
    """Refit the scaling law to the Chinchilla study's runs, and compare it with what was published.

    [bold]farflung calibrate scaling-law[/bold]
    """
    values = laws.refit(draws=draws, seed=seed).as_table()
    columns = ("estimates", "standard_errors", "published", "published_standard_errors")
    rows = tuple(
        {"coefficient": letter, **{column: values[column][letter] for column in columns}}
        for letter in values["estimates"]
    )
    return Statement(
        f"Refit to {values['points']} runs, {values['draws']} bootstrap draws",
        values,
        tables=(_coefficients(values), _ratios(values)),
        rows=rows,
    )


def _coefficients(values: dict[str, Any]) -> Table:
    columns = ("estimates", "standard_errors", "published", "published_standard_errors")
    rows = tuple(
        (
            letter,
            *(f"{values[column][letter]:.5g}" for column in columns),
            "yes" if values["within_one_standard_error"][letter] else "no",
        )
        for letter in values["estimates"]
    )
    headers = ("Coefficient", "Here", "Error", "Published", "Error", "Within one error")
    return Table(headers, rows, frozenset(range(1, 5)))


def _ratios(values: dict[str, Any]) -> Table:
    ratios = values["tokens_per_parameter"]
    computes = list(next(iter(ratios.values())))
    rows = tuple((name, *(f"{own[compute]:.1f}" for compute in computes)) for name, own in ratios.items())
    headers = ("Best tokens per parameter at", *(f"{compute} FLOP" for compute in computes))
    return Table(headers, rows, frozenset(range(1, len(headers))))


@answers
def stragglers(*, seed: Seed = 0) -> Statement:
    """Measure in the event engine how much longer the slowest of many takes, and fit forms to it.

    Takes about a minute. The form with the least error on what its fits have not seen is what
    [bold]protocol.stragglers = "order_statistics"[/bold] stands for.

    [bold]farflung calibrate stragglers --format json[/bold]
    """
    with progress_bar("Simulating") as progress:
        measured = straggler_runs.measure(seed=seed, progress=progress)
    values = straggler_forms.contest(measured, seed=seed).as_table()
    (fewest, most), (least, largest) = values["range"]["peers"], values["range"]["spread"]
    exponent, error = next(iter(values["standard_errors"].items()))
    coefficients = (
        f"{name} = {value:.4g}" + (f" ± {error:.2g}" if name == exponent else "")
        for name, value in values["coefficients"].items()
    )
    return Statement(
        "How much longer the slowest of n takes: error on what no fit has seen [%]",
        values,
        (
            f"{values['points']} points, n from {fewest:.0f} to {most:.0f}, s from {least:.2g} to "
            f"{largest:.2g}; errors where one spread, or the largest n, were left out.",
            *coefficients,
        ),
        (_straggler_forms(values), _published_factors(values)),
        ("exchanges and steps here are at the spreads of links and nodes of the calibrated set",),
        tuple({"form": form, **errors} for form, errors in values["forms"].items()),
    )


def _straggler_forms(values: dict[str, Any]) -> Table:
    forms = sorted(values["forms"].items(), key=lambda pair: pair[1]["held_out_rmse"])
    columns = ("held_out", "spread_left_out", "largest_left_out")
    rows = tuple((form, *(f"{100 * one[f'{out}_rmse']:.1f}" for out in columns)) for form, one in forms)
    headers = ("Form; s is the spread, σ² = ln(1 + s²)", "All", "Spread", "Largest n")
    return Table(headers, rows, frozenset({1, 2, 3}))


_FACTORS = {
    "n": ("peers", ".0f"), "synchronous": ("synchronous", ".2f"),
    "right at s =": ("synchronous_spread", ".3f"), "relay": ("relay", ".2f"),
    "right at s = ": ("relay_spread", ".3f"), "exchanges here": ("exchanges", ".2f"),
    "steps here": ("steps", ".2f"),
}  # fmt: skip


def _published_factors(values: dict[str, Any]) -> Table:
    rows = tuple(
        tuple(format(row[name], form) for name, form in _FACTORS.values()) for row in values["published"]
    )
    title = "Published factors, and the spread of exchange times for which they are right"
    return Table(tuple(_FACTORS), rows, frozenset(range(len(_FACTORS))), title)


calibrate = command_group(
    "Fit the model to measurements and to the event engine, and judge it on the rest.",
    {"loss": loss, "scaling-law": scaling_law, "stragglers": stragglers},
)
