"""Sweep: a scenario over any of its fields, as one labelled dataset with units and provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.sweep.cells import dtype_of
from farflung.analysis.sweep.executors import compute_chunks, processors
from farflung.analysis.sweep.files import check_path, write_file
from farflung.analysis.sweep.spec import Over, SweepSpec, output_attributes, sweep_spec
from farflung.analysis.sweep.store import open_store
from farflung.base.errors import InputError
from farflung.outcome.run import ScenarioLike, changed_scenario

if TYPE_CHECKING:
    import xarray as xr

Progress = Callable[[str, int, int], None]
"""Called after each chunk: the stage (``Computing``, ``Writing``), cells finished, and all there are."""
MOST_IN_MEMORY = 200_000_000
"""Values of a sweep that is held in memory: 1.6 GB."""
_MOST_THREADS = 1024


class Interrupted(KeyboardInterrupt):
    """A sweep was stopped; a Zarr store keeps what was finished.

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
    scenario: ScenarioLike,
    over: Over,
    *,
    outputs: Iterable[str] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    scheduler: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> xr.Dataset:
    """Return the outputs of a scenario over a grid of any of its fields.

    Parameters
    ----------
    scenario
        A scenario, a preset's name, the path of a TOML file, or a mapping of the same form.
    over
        The axes: text such as ``"network.upload=10Mbps..1Gbps:log:25"`` (see
        :mod:`farflung.analysis.sweep.axis_text`), :class:`~farflung.analysis.sweep.Axis`, or values by
        field.
    outputs
        Names of outputs; ten usual ones unless given, every one if ``"all"``. ``feasible`` comes with them.
    out
        A path ending in ``.zarr``, ``.nc`` or ``.csv``. A Zarr store takes a sweep of any length; NetCDF and
        CSV are written from a result that is held in memory.
    resume
        Resume what an earlier run of the same sweep finished at ``out``, a Zarr store; the result is the
        same, bit by bit, as of a run that was never stopped.
    overwrite
        Replace what is at ``out``.
    scheduler
        Address of a Dask scheduler to compute on, as ``tcp://host:8786``; threads compute unless given.
    threads
        Threads that compute; one per processor unless given.
    progress
        Called after each finished chunk.
    **changes
        Fields of the scenario to change, as for :func:`farflung.evaluate`.

    Returns
    -------
    xarray.Dataset
        A dimension per axis, named by its field's path with underscores for dots (``network_upload``); where
        several fields move together, by the first, the others being coordinates along it. Attributes hold
        units, meaning, the dotted path (``field``) and provenance. An output is NaN only where the run is
        not feasible or has no such quantity.

    Raises
    ------
    InputError
        If the scenario, an axis, an output, the path or the scheduler cannot be used as given.
    Interrupted
        On Ctrl-C; what was finished is kept in a Zarr store.

    Examples
    --------
    >>> result = sweep("paper-headline", ["network.upload=10Mbps,1Gbps", "nodes.count=8,34"])
    >>> result.local_equivalent_flop.sel(network_upload=1e9, nodes_count=34).item() > 1e25
    True
    """
    spec = sweep_spec(changed_scenario(scenario, **changes), over, outputs)
    path = None if out is None else Path(out)
    in_store = path is not None and path.suffix.lower() == ".zarr"
    report = progress or (lambda *_: None)
    compute = partial(
        _compute,
        spec,
        threads=_checked_threads(threads),
        scheduler=scheduler,
        progress=partial(report, "Computing"),
    )
    if path is not None:
        check_path(path, overwrite=overwrite)
    if (resume and not in_store) or (overwrite and path is None):
        problem = "to resume needs a Zarr store" if resume else "to overwrite needs a path"
        raise InputError("out", problem, nearest="--out sweep.zarr")
    if path is not None and in_store:
        store = open_store(path, spec, resume=resume, overwrite=overwrite)
        compute(store.write, [number for number in range(spec.grid.chunks) if not store.is_finished(number)])
        return store.finalise()
    if spec.values > MOST_IN_MEMORY:
        problem = f"{spec.values:.3g} values are too many to hold in memory"
        raise InputError("out", problem, nearest="a Zarr store, as --out sweep.zarr")
    empty = spec.empty()
    arrays = {name: np.empty(spec.grid.shape, dtype_of(name)) for name in spec.outputs}

    def write(number: int, results: Mapping[str, np.ndarray]) -> None:
        region = spec.grid.slices(number)
        for name, values in arrays.items():
            values[region] = results[name]

    compute(write, range(spec.grid.chunks))
    variables = {n: (spec.dimensions, values, output_attributes(n)) for n, values in arrays.items()}
    result = empty.assign(variables)
    if path is not None:
        write_file(result, path, partial(report, "Writing"))
    return result


def _checked_threads(threads: int | None) -> int:
    if threads is None:
        return processors()
    if not 1 <= threads <= _MOST_THREADS:
        raise InputError("threads", f"{threads} threads cannot be", nearest=f"1 to {_MOST_THREADS}")
    return threads


def _compute(
    spec: SweepSpec,
    write: Callable[[int, Mapping[str, np.ndarray]], None],
    remaining: Sequence[int],
    *,
    threads: int,
    scheduler: str | None,
    progress: Callable[[int, int], None],
) -> None:
    """Compute and write some chunks."""
    cells = spec.grid.cells
    done = cells - sum(map(spec.grid.cells_of, remaining))
    try:
        progress(done, cells)
        if not remaining:
            return
        chunks = ((number, spec.chunk(number)) for number in remaining)
        with closing(compute_chunks(chunks, write, threads=threads, scheduler=scheduler)) as written:
            for number in written:
                done += spec.grid.cells_of(number)
                progress(done, cells)
    except KeyboardInterrupt as stopped:
        raise Interrupted(done, cells) from stopped
