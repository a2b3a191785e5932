"""Finished sweeps as NetCDF and CSV."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from farflung.analysis.sweep.grid import Grid
from farflung.analysis.sweep.store import writing
from farflung.base.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

_FORMATS = (".zarr", ".nc", ".csv")


def check_path(path: Path, *, overwrite: bool) -> None:
    """Check that a sweep can be written to a path; NetCDF and CSV files are tried.

    Raises
    ------
    InputError
        If the ending is not a known one, there is no such folder, the file cannot be written, or something
        is there that is not to be overwritten.
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMATS or not path.stem:
        nearest = f"{path.stem or 'sweep'}.zarr, .nc or .csv"
        raise InputError(str(path), "does not say how to write it", nearest)
    if not path.parent.is_dir():
        raise InputError(str(path), f"there is no folder '{path.parent}'")
    if suffix == ".zarr":
        return
    if suffix == ".nc":
        try:
            import_module("h5netcdf.legacyapi")
        except ImportError as error:
            nearest = "pip install h5netcdf h5py, or a .zarr path"
            raise InputError(".nc", "NetCDF needs h5netcdf and h5py", nearest) from error
    for file in (path, _beside(path)) if suffix == ".csv" else (path,):
        if file.is_dir():
            raise InputError(str(file), "is a folder")
        if file.exists() and not overwrite:
            raise InputError(str(file), "is there already", nearest="--overwrite")
        with writing(file):
            unfinished = _unfinished(file)
            unfinished.touch()
            unfinished.unlink()


def write_file(result: xr.Dataset, path: Path, progress: Callable[[int, int], None]) -> None:
    """Write a finished sweep; the file appears whole, or not at all.

    Parameters
    ----------
    result
        The sweep, in memory.
    path
        Ends in ``.nc`` or ``.csv``; units and provenance of a CSV file come beside it, as JSON.
    progress
        Called with the cells written and all there are.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    grid = Grid.of(tuple(result.sizes.values()), len(result.data_vars))
    progress(0, grid.cells)
    if path.suffix.lower() == ".csv":
        with _whole(path) as file:
            _write_csv(result, grid, file, progress)
        with _whole(_beside(path)) as file:
            file.write_text(_describe(result), encoding="utf-8")
        return
    with _whole(path) as file:
        encoding = {"zlib": True, "complevel": 1, "chunksizes": grid.chunk}
        result.to_netcdf(file, engine="h5netcdf", encoding=dict.fromkeys(result.data_vars, encoding))
    progress(grid.cells, grid.cells)


def _write_csv(result: xr.Dataset, grid: Grid, path: Path, progress: Callable[[int, int], None]) -> None:
    columns = [*result.coords, *result.data_vars]
    done = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        # Chunks are runs of cells in row-major order: one after the other they are the table.
        for number in range(grid.chunks):
            piece = result.isel(dict(zip(result.sizes, grid.slices(number), strict=True)))
            frame = piece.to_dataframe(dim_order=[*result.sizes]).reset_index()
            frame[columns].to_csv(file, header=number == 0, index=False)
            done += grid.cells_of(number)
            progress(done, grid.cells)


def _describe(result: xr.Dataset) -> str:
    """Return what a CSV file cannot say of its columns: meaning, unit, field and provenance."""
    columns = {str(name): variable.attrs for name, variable in result.variables.items()}
    return json.dumps({**result.attrs, "columns": columns}, indent=2, ensure_ascii=False)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a name to write under; the file takes its own only once it is whole and on the disk."""
    unfinished = _unfinished(path)
    try:
        with writing(path):
            yield unfinished
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
