"""``farflung calibrate``: the model fitted to measurements, and judged on the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from farflung.analysis.calibrate import publish
from farflung.analysis.calibrate.cross_validation import CrossValidation, cross_validate
from farflung.analysis.calibrate.scaling_law import ScalingLawFit, refit
from farflung.analysis.calibrate.stragglers import StragglerFit, calibrate_stragglers
from farflung.analysis.node.answers import ClusterFactors, calibrate_node
from farflung.cli.answer import answers
from farflung.cli.command import command_group
from farflung.cli.terminal import progress_bar

Seed = Annotated[int, typer.Option("--seed", help="Same seed, same result.")]


@answers(plot=True)
def loss(
    *,
    draws: Annotated[
        int, typer.Option("--draws", min=10, max=5000, help="Refits for every size that is left out.")
    ] = 100,
    seed: Seed = 0,
    write: Annotated[
        bool, typer.Option("--write", help="Write the posterior into the package's own catalog.")
    ] = False,
) -> CrossValidation:
    """Show how well each set predicts what distribution cost where it was measured.

    Every point is predicted by a fit without its size; 4B and 10B are in no fit.

    [bold]farflung calibrate loss --format json[/bold]
    """
    result = cross_validate(draws=draws, seed=seed)
    for file in publish.write(publish.calibrated()) if write else ():
        typer.echo(f"wrote {file}", err=True)
    return result


@answers(plot=True)
def scaling_law(
    *,
    draws: Annotated[
        int, typer.Option("--draws", min=2, max=5000, help="Bootstrap draws behind the errors.")
    ] = 200,
    seed: Seed = 0,
) -> ScalingLawFit:
    """Fit the scaling law again to the Chinchilla study's runs, beside what is published.

    [bold]farflung calibrate scaling-law --draws 50[/bold]
    """
    return refit(draws=draws, seed=seed)


@answers(plot=True)
def stragglers(*, seed: Seed = 0) -> StragglerFit:
    """Measure in the event engine how much longer the slowest of many takes, and fit forms to it.

    Takes about a minute. The form with the least held-out error is what
    [bold]protocol.stragglers = "order_statistics"[/bold] stands for.

    [bold]farflung calibrate stragglers --format json[/bold]
    """
    with progress_bar("Simulating") as progress:
        return calibrate_stragglers(seed=seed, progress=progress)


@answers
def node(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV of steps measured on your cluster.")],
) -> ClusterFactors:
    """Fit three factors to steps of your own cluster, and say what they gain on steps left out.

    One row for each measured step, with the columns run, chip, chips, model, sequence_length, sequences and
    seconds; precision, network_gbit and the plan's tensor, pipeline, context, expert, micro_batch, zero_stage
    and recompute where they differ from one chip's. Tables that are published in a known form do, too.

    [bold]farflung calibrate node my_steps.csv --format json[/bold]
    """
    return calibrate_node(file)


calibrate = command_group(
    "Fit the model to measurements and to the event engine, and judge it on the rest.",
    {"loss": loss, "scaling-law": scaling_law, "stragglers": stragglers, "node": node},
)
