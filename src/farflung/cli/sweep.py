"""``farflung sweep``: a scenario over a grid of any of its fields."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.base.errors import InputError
from farflung.cli.asked import AssumptionsName, Changes, ScenarioName, asked, command_line
from farflung.cli.show import Told, console, grid, put, put_json, quantity

if TYPE_CHECKING:
    import xarray as xr

    from farflung.analysis.sweep_summary import Summary

_INTERRUPTED = 130
_FIGURES = (".html", ".png", ".svg", ".pdf")
_FIGURE_MODULE = "farflung.report.figures"
Report = Callable[[str, int, int], None]

Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="FIELD=VALUES",
        help="An axis; repeatable. A range [bold]network.upload=10Mbps..1Gbps:log:25[/bold] (or lin:25, or "
        "step:50Mbps), a list [bold]nodes.count=8,16,32[/bold], words [bold]protocol.mode=flat,"
        "hierarchical[/bold], samples [bold]nodes.mfu=uniform:0.3..0.5:1000:7[/bold] (or loguniform, sobol, "
        "logsobol; the last number is the seed). A coefficient is [bold]assumptions.NAME[/bold]. Fields that "
        "move together: [bold]'network.upload,network.download=10Mbps,57Mbps;20Mbps,310Mbps'[/bold].",
        show_default=False,
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output", metavar="NAME", help="An output; repeatable; [bold]all[/bold].", show_default=False
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write to a .zarr, .nc or .csv.", show_default=False),
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw to an .html, .png, .svg or .pdf.", show_default=False),
]


def sweep(
    scenario: ScenarioName,
    *,
    over: Over = None,
    outputs: Outputs = None,
    out: Out = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is at --out.")] = False,
    plot: Plot = None,
    changes: Changes = None,
    assumptions: AssumptionsName = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", help="Threads; one per processor if left out.", show_default=False),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", metavar="ADDRESS", help="Compute on Dask, as tcp://host:8786.", show_default=False
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no summary.")] = False,
    how: Annotated[Told, typer.Option("--format", help="How to show the summary.")] = Told.table,
) -> None:
    """Run a scenario over a grid of any of its fields, and keep every answer.

    With --out a sweep of any length fits in memory, and one that was stopped or killed goes on with --resume.

    [bold]farflung sweep paper-headline --over network.upload=10Mbps..1Gbps:log:25 --over
    nodes.count=8,16,32,64 --out sweep.zarr[/bold]
    """
    if quiet and out is None and plot is None:
        raise InputError("--quiet", "leaves nothing of a sweep that is kept nowhere", nearest="--out FILE")
    draw = _drawing(plot)
    more = [
        word
        for name, texts in (("--over", over), ("--output", outputs))
        for t in texts or ()
        for word in (name, t)
    ]
    from farflung.analysis.sweep import sweep as run
    from farflung.analysis.sweep_summary import summarise

    summary = None
    try:
        with _progress() as report:
            result = run(
                asked(scenario, changes, assumptions),
                over or (),
                outputs=outputs,
                out=out,
                resume=resume,
                overwrite=overwrite,
                scheduler=scheduler,
                threads=threads,
                progress=report,
                command=command_line("sweep", scenario, changes, assumptions, *more),
            )
            if not quiet:
                summary = summarise(result, lambda done, cells: report("Summing up", done, cells))
            if draw is not None:
                draw(result)
    except KeyboardInterrupt as stopped:
        _stopped(stopped, out)
        raise typer.Exit(_INTERRUPTED) from stopped
    if summary is not None:
        _show(summary, result, out, how)


def _stopped(stopped: KeyboardInterrupt, out: Path | None) -> None:
    """Say what an interruption leaves, and how to go on."""
    done = str(stopped) or "stopped"
    kept = "; they are kept, and the same command with --resume goes on" if out else "; nothing is kept"
    sys.stderr.write(f"\n{done}{kept}\n")


@contextmanager
def _progress() -> Iterator[Report]:
    """Give a callback that draws a bar with rate and time left on stderr, where somebody sees it."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        bars: dict[str, Any] = {}

        def report(stage: str, done: int, cells: int) -> None:
            if stage not in bars:
                for other in bars.values():
                    bar.update(other, visible=False)
                # What an earlier run did is no speed of this one: it is where the bar begins.
                bars[stage] = bar.add_task(stage, total=cells, completed=done, rate="")
            speed = bar.tasks[bars[stage]].speed
            rate = f"{quantity(speed, '1')} cells/s" if speed else ""
            bar.update(bars[stage], completed=done, rate=rate)

        yield report


def _drawing(plot: Path | None) -> Callable[[xr.Dataset], None] | None:
    """Return what draws a result, checked before a long sweep begins."""
    if plot is None:
        return None
    if plot.suffix.lower() not in _FIGURES:
        raise InputError(
            str(plot),
            "does not say how to draw it",
            nearest=f"{plot.stem or 'sweep'}.html, .png, .svg or .pdf",
        )
    if not plot.parent.is_dir():
        raise InputError(str(plot), f"there is no folder '{plot.parent}'")
    figures = import_module(_FIGURE_MODULE)

    def draw(result: xr.Dataset) -> None:
        output = next(str(name) for name in result.data_vars)
        figures.write_figure(figures.sweep_figure(result, output), plot)

    return draw


def _show(summary: Summary, result: xr.Dataset, out: Path | None, how: Told) -> None:
    if how is Told.json:
        _put_json(summary, result, out)
        return
    share = summary.feasible / summary.cells
    sizes = " × ".join(f"{size:,} {name}" for name, size in result.sizes.items())
    put(f"{summary.cells:,} cells: {sizes}", f"{summary.feasible:,} of them feasible ({share * 100:.4g}%)")
    table = grid("Output", "Smallest", "Median", "Largest", right=(1, 2, 3))
    for one in summary.spreads:
        values = (quantity(value, one.unit) for value in (one.smallest, one.median, one.largest))
        table.add_row(one.name, *values)
    put(table)
    if summary.sampled:
        put("The medians are those of a sample of the cells, evenly spaced.")
    if summary.best is not None:
        output, value = summary.best["output"], summary.best["value"]
        put(f"{output} is largest, {quantity(value, result[output].attrs['units'])}, at")
        for field, at in summary.best["at"].items():
            put(f"  {field} = {quantity(at, result[field].attrs.get('units', ''))}")
    if "impossible" in result.attrs:
        put("Some combinations cannot be described, and count as not feasible:")
        put(*(f"  {line}" for line in str(result.attrs["impossible"]).splitlines()[:5]))
    if out is not None:
        put(f"Written to {out}")


def _put_json(summary: Summary, result: xr.Dataset, out: Path | None) -> None:
    put_json(
        {
            "cells": summary.cells,
            "feasible": summary.feasible,
            "axes": {str(name): size for name, size in result.sizes.items()},
            "outputs": {
                one.name: {
                    "unit": one.unit,
                    "smallest": one.smallest,
                    "median": one.median,
                    "largest": one.largest,
                }
                for one in summary.spreads
            },
            "median_of_sample": summary.sampled,
            "best": summary.best,
            "out": None if out is None else str(out),
            "provenance": {
                name: text
                for name, text in result.attrs.items()
                if name in {"farflung_version", "assumptions", "assumptions_hash", "scenario_hash", "command"}
            },
        }
    )
