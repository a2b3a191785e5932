"""``farflung sweep``: a scenario over a grid of any of its fields."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.base.errors import InputError
from farflung.base.format import format_digits
from farflung.cli.answer import Answer, answers
from farflung.cli.scenario_options import ScenarioName, ScenarioOptions
from farflung.cli.terminal import console, render

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

_INTERRUPTED = 130
Progress = Callable[[str, int, int], None]

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
Resume = Annotated[bool, typer.Option("--resume", help="Resume an unfinished .zarr.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is at --out.")]
Threads = Annotated[
    int | None, typer.Option("--threads", help="Threads; one per processor unless given.", show_default=False)
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", metavar="ADDRESS", help="Compute on Dask, as tcp://host:8786.", show_default=False
    ),
]


@answers(plot=True)
def sweep(
    scenario: ScenarioName,
    *,
    over: Over = None,
    outputs: Outputs = None,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    changes: ScenarioOptions,
    threads: Threads = None,
    scheduler: Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no summary.")] = False,
) -> Answer:
    """Run a scenario over a grid of any of its fields.

    A sweep that goes to a .zarr may be larger than memory, and if stopped or killed is resumed with --resume.

    [bold]farflung sweep headline --over network.upload=10Mbps..1Gbps:log:25 --over
    nodes.count=8,16,32,64 --out sweep.zarr[/bold]
    """
    if quiet and out is None:
        raise InputError("--quiet", "leaves nothing of a sweep that is written nowhere", nearest="--out FILE")
    from farflung.analysis import sweep as sweeps

    with _running(out) as progress:
        result = sweeps.sweep(
            scenario,
            over or (),
            outputs=outputs,
            out=out,
            resume=resume,
            overwrite=overwrite,
            scheduler=scheduler,
            threads=threads,
            progress=progress,
            **changes.by_path(),
        )
        if quiet:
            return Answer(figure=lambda: _figure(result))
        summary = sweeps.sweep_summary(result, partial(progress, "Summing up"))
    written = [] if out is None else [f"Written to {out}"]
    return Answer(result=summary, renderables=lambda: [*render(summary.page()), *written])


def _figure(result: xr.Dataset) -> go.Figure:
    """Return the first output of a sweep as a figure."""
    from farflung.report.figures import figure_of

    return figure_of(result)


@contextmanager
def _running(out: Path | None) -> Iterator[Progress]:
    """Give a progress hook; when interrupted, say what is kept and leave."""
    try:
        with _progress_bar() as progress:
            yield progress
    except KeyboardInterrupt as stopped:
        resumable = out is not None and out.suffix.lower() == ".zarr"
        fate = "resume with the same command and --resume" if resumable else "nothing is kept"
        sys.stderr.write(f"\n{str(stopped) or 'stopped'}; {fate}\n")
        raise typer.Exit(_INTERRUPTED) from stopped


@contextmanager
def _progress_bar() -> Iterator[Progress]:
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
            rate = f"{format_digits(speed)} cells/s" if speed else ""
            bar.update(bars[stage], completed=done, rate=rate)

        yield report
