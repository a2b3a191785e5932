"""Sweep: a scenario over any of its fields, as one labelled table with units and provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.runners import Answers, in_threads, on_dask, processors
from farflung.analysis.sweep_files import begun, completed, read_again, target
from farflung.analysis.sweep_request import Over, Request, described, request
from farflung.base.errors import InputError
from farflung.outcome.run import as_scenario

if TYPE_CHECKING:
    import xarray as xr

    from farflung.scenario import Scenario

Progress = Callable[[str, int, int], None]
"""Is told what is being done (``Computing``, ``Writing``), how many cells of it are done, and of how many."""
MOST_IN_MEMORY = 200_000_000
"""Values of a sweep that is returned without being stored: 1.6 GB."""
_MOST_THREADS = 1024


class Interrupted(KeyboardInterrupt):
    """A sweep was stopped; what was finished is kept where it has a path.

    Attributes
    ----------
    done, cells
        Cells that are finished, and all there are.
    """

    def __init__(self, done: int, cells: int) -> None:
        self.done = done
        self.cells = cells
        super().__init__(f"stopped after {done:,} of {cells:,} cells")


def sweep(
    scenario: Scenario | str | Path | Mapping[str, Any],
    over: Over,
    *,
    outputs: Iterable[str] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    scheduler: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    command: str | None = None,
) -> xr.Dataset:
    """Return the outputs of a scenario over a grid of any of its fields.

    Parameters
    ----------
    scenario
        A scenario, a preset's name, the path of a TOML file, or a mapping of the same form.
    over
        The axes: text such as ``"network.upload=10Mbps..1Gbps:log:25"`` (see
        :mod:`farflung.analysis.axes_text`), :class:`~farflung.analysis.axes.Axis`, or values by field.
    outputs
        Names of outputs; the usual ten if left out, every one if ``"all"``. ``feasible`` comes with them.
    out
        A path ending in ``.zarr``, ``.nc`` or ``.csv``. A sweep of any length fits there; without it the
        result is held in memory.
    resume
        Go on with what an earlier run of the same sweep finished at ``out``; the end is the same, bit by
        bit, as of a run that was never stopped.
    overwrite
        Replace what is at ``out``.
    scheduler
        Address of a Dask scheduler to compute on, as ``tcp://host:8786``; threads of this process if left
        out.
    threads
        How many threads; as many as there are processors if left out.
    progress
        Is told how far the sweep is.
    command
        The command that asks, for the provenance.

    Returns
    -------
    xarray.Dataset
        A dimension per axis in their order, coordinates and outputs with units, and provenance. An output
        is NaN only where the run is not feasible or has no such quantity.

    Raises
    ------
    InputError
        If the scenario, an axis, an output, the path or the scheduler cannot be used as given.
    Interrupted
        On Ctrl-C; what was finished is kept at ``out``.

    Examples
    --------
    >>> found = sweep("paper-headline", ["network.upload=10Mbps,1Gbps", "nodes.count=8,34"])
    >>> found["local_equivalent_flop"].sel({"network.upload": 1e9, "nodes.count": 34}).item() > 1e25
    True
    """
    asked = request(as_scenario(scenario), over, outputs, command=command)
    count = _threads(threads)
    report = progress or (lambda *_: None)
    run = _Run(asked, scheduler, count, report)
    if out is None:
        if resume or overwrite:
            raise InputError("out", "to resume or to overwrite needs a path", nearest="--out sweep.zarr")
        return _in_memory(run)
    to = target(out, asked)
    if resume and to.finished:
        return read_again(to, asked)
    store = begun(to, asked, resume=resume, overwrite=overwrite)
    run.compute(store.write, store.finished)
    return completed(to, store, asked, lambda done, cells: report("Writing", done, cells))


def _threads(asked: int | None) -> int:
    if asked is None:
        return processors()
    if not 1 <= asked <= _MOST_THREADS:
        raise InputError("threads", f"{asked} threads cannot be", nearest=f"1 to {_MOST_THREADS}")
    return asked


class _Run:
    """One pass over the chunks of a sweep that are not finished yet."""

    def __init__(self, asked: Request, scheduler: str | None, threads: int, progress: Progress) -> None:
        self.asked = asked
        self._scheduler = scheduler
        self._threads = threads
        self._progress = progress

    def compute(self, keep: Callable[[int, Answers], None], finished: Callable[[int], bool]) -> None:
        """Compute all chunks that are not finished."""
        cells = self.asked.grid
        left = [number for number in range(cells.chunks) if not finished(number)]
        done = cells.cells - sum(cells.cells_of(number) for number in left)

        def count(number: int) -> None:
            nonlocal done
            done += cells.cells_of(number)
            self._progress("Computing", done, cells.cells)

        self._progress("Computing", done, cells.cells)
        numbers: Iterator[int] = iter(left)
        try:
            if self._scheduler is None:
                in_threads(self.asked.task, numbers, keep, count, threads=self._threads)
            elif left:
                on_dask(self._scheduler, self.asked.task, numbers, keep, count)
        except KeyboardInterrupt as stopped:
            raise Interrupted(done, cells.cells) from stopped


def _in_memory(run: _Run) -> xr.Dataset:
    asked = run.asked
    if asked.values > MOST_IN_MEMORY:
        raise InputError(
            "out",
            f"{asked.values:.3g} values are too many to hold in memory",
            nearest="a path for them, as --out sweep.zarr",
        )
    result = asked.empty()
    shape = asked.grid.shape
    arrays: dict[str, np.ndarray] = {
        name: np.empty(shape, np.bool_ if name == "feasible" else np.float64) for name in asked.outputs
    }

    def keep(number: int, answers: Answers) -> None:
        where = asked.grid.slices(number)
        for name, values in arrays.items():
            values[where] = answers[name]

    run.compute(keep, lambda _: False)
    for name, values in arrays.items():
        result[name] = (asked.dimensions, values, described(name))
    return result
