"""Finished sweeps as NetCDF and CSV."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from farflung.analysis.sweep.grid import fold_chunks
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
    cells = math.prod(result.sizes.values())
    progress(0, cells)
    if path.suffix.lower() == ".csv":
        with _whole(path) as file, file.open("w", encoding="utf-8", newline="") as table:
            fold_chunks(result, _write_rows, table, progress)
        with _whole(_beside(path)) as file:
            file.write_text(_describe(result), encoding="utf-8")
        return
    with _whole(path) as file:
        encoding = {"zlib": True, "complevel": 1}
        result.to_netcdf(file, engine="h5netcdf", encoding=dict.fromkeys(result.data_vars, encoding))
    progress(cells, cells)


def _write_rows(file: TextIOWrapper, start: int, piece: xr.Dataset) -> TextIOWrapper:
    """Write a chunk; chunks are runs of cells in row-major order, one after the other the whole table."""
    frame = piece.to_dataframe(dim_order=[*piece.sizes]).reset_index()
    frame[[*piece.coords, *piece.data_vars]].to_csv(file, header=start == 0, index=False)
    return file


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
