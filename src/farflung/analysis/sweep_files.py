"""Sweeps as files: a Zarr store as it is, or one turned into NetCDF or CSV once it is complete.

The two other formats cannot be written in any order and gone on with, so their sweeps fill a store beside
the file (``NAME.partial.zarr``); the file appears, whole, at the end.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.axes import Axis
from farflung.analysis.store import Store, already_there, opened, refuse_other, request_of, writing
from farflung.analysis.sweep_grid import Grid
from farflung.analysis.sweep_request import REQUEST, Request, described
from farflung.base.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

Told = Callable[[int, int], None]
"""Is told how many cells are written, and of how many."""
_FORMATS = (".zarr", ".nc", ".csv")
_ROWS = 65_536
_MOST_CSV = 200_000_000
"""Values of a CSV file; one of more is beyond what reads CSV."""


@dataclass(frozen=True)
class Target:
    """Where a sweep goes.

    Attributes
    ----------
    path
        The path asked for.
    store
        The Zarr store that fills on the way; the same path where a store is asked for.
    """

    path: Path
    store: Path

    @property
    def format(self) -> str:
        """Return the ending of the path."""
        return self.path.suffix.lower()

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that the finished sweep has, beside or instead of the store."""
        if self.format == ".zarr":
            return ()
        return (self.path, _beside(self.path)) if self.format == ".csv" else (self.path,)

    @property
    def finished(self) -> bool:
        """Return whether a file is there, and no store that still fills."""
        return self.path != self.store and self.path.is_file() and not self.store.exists()


def target(path: str | Path, request: Request) -> Target:
    """Return where a sweep goes.

    Raises
    ------
    InputError
        If the ending is not a known one, or there is no such folder.
    """
    place = Path(path)
    if place.suffix.lower() not in _FORMATS or not place.stem:
        raise InputError(
            str(path), "does not say how to write it", nearest=f"{place.stem or 'sweep'}.zarr, .nc or .csv"
        )
    if not place.parent.is_dir():
        raise InputError(str(path), f"there is no folder '{place.parent}'")
    if place.suffix.lower() == ".csv" and request.values > _MOST_CSV:
        raise InputError(
            str(path),
            f"{request.values:.3g} values are too many for CSV",
            nearest=f"{place.with_suffix('.zarr')}",
        )
    if place.suffix.lower() == ".nc":
        _h5netcdf()
    if place.suffix.lower() == ".zarr":
        return Target(place, place)
    return Target(place, place.with_name(f"{place.name}.partial.zarr"))


def begun(to: Target, request: Request, *, resume: bool, overwrite: bool) -> Store:
    """Return the store that a sweep fills: a new one, or the one it goes on with.

    Raises
    ------
    InputError
        If something is there that is neither to be gone on with nor to be overwritten, or that holds
        another sweep; or if the path cannot be written.
    """
    if resume and to.store.exists():
        return Store.resume(to.store, request)
    if overwrite:
        _clear(to)
    elif to.store.exists():
        raise already_there(to.path)
    for file in to.files:
        if file.exists() and not overwrite:
            raise already_there(file)
    return Store.create(to.store, request)


def _clear(to: Target) -> None:
    """Remove an old sweep; an old file stays until the new one takes its place."""
    if to.path != to.store and to.path.is_dir():
        raise InputError(str(to.path), "is a folder")
    if not to.store.exists():
        return
    # Whatever else somebody called .zarr is not ours to delete.
    if not to.store.is_dir() or (request_of(to.store) is None and any(to.store.iterdir())):
        raise InputError(str(to.store), "is no sweep, and is not overwritten", nearest="another path")
    with writing(to.store):
        shutil.rmtree(to.store)


def completed(to: Target, store: Store, request: Request, told: Told) -> xr.Dataset:
    """Return the finished sweep, put into the form that was asked for.

    Raises
    ------
    InputError
        If the file cannot be written; the store is kept, and ``resume`` writes the file from it.
    """
    if to.format == ".zarr":
        return store.open()
    with _whole(to.path) as unfinished:
        if to.format == ".nc":
            _write_netcdf(unfinished, store, request, told)
        else:
            _write_csv(unfinished, store, request, told)
            about = {**store.open().attrs, "outputs": {name: described(name) for name in request.outputs}}
            _beside(to.path).write_text(json.dumps(about, indent=2, ensure_ascii=False), encoding="utf-8")
    if to.format == ".nc":
        store.remove()
        return _open_netcdf(to.path)
    result = store.open().load()
    store.remove()
    return result


def read_again(to: Target, request: Request) -> xr.Dataset:
    """Return the sweep in a finished file.

    Raises
    ------
    InputError
        If it is another sweep than is asked for, or none.
    """
    try:
        if to.format == ".nc":
            found = _open_netcdf(to.path)
            kept = json.loads(found.attrs[REQUEST])
        else:
            kept = json.loads(json.loads(_beside(to.path).read_text(encoding="utf-8"))[REQUEST])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(str(to.path), "is no sweep", nearest="another path, or --overwrite") from error
    refuse_other(to.path, kept, request)
    try:
        return found if to.format == ".nc" else _read_csv(to.path, request)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(str(to.path), "is not whole", nearest="--overwrite") from error


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a name to write under; the file takes its own only once it is whole and on the disk."""
    unfinished = path.with_name(f".{path.name}.new")
    try:
        with writing(path):
            yield unfinished
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
            unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _h5netcdf() -> Any:
    try:
        import_module("h5py")
        return import_module("h5netcdf")
    except ImportError as error:
        raise InputError(
            ".nc", "NetCDF needs h5netcdf and h5py", nearest="pip install h5netcdf h5py, or a .zarr path"
        ) from error


def _open_netcdf(path: Path) -> xr.Dataset:
    import xarray as xr  # noqa: PLC0415 - asking for help must not load it

    return xr.open_dataset(path, engine="h5netcdf")


def _write_netcdf(path: Path, store: Store, request: Request, told: Told) -> None:
    grid = request.grid
    empty = request.empty().assign_attrs(store.open().attrs)
    empty.to_netcdf(path, engine="h5netcdf")
    with _h5netcdf().File(path, "a") as file:
        variables = {}
        for name in request.outputs:
            truth = name == "feasible"
            variables[name] = file.create_variable(
                name,
                request.dimensions,
                "i1" if truth else "f8",
                fillvalue=None if truth else np.nan,
                chunks=grid.chunk,
                compression="gzip",
                compression_opts=1,
                shuffle=True,
            )
            # NetCDF has no truth values; this is how xarray marks bytes that are.
            variables[name].attrs.update({**described(name), **({"dtype": "bool"} if truth else {})})
        for number in _counted(grid, told):
            for name, values in store.read(number).items():
                kept = values.astype(np.int8) if name == "feasible" else values
                variables[name][grid.slices(number)] = kept


def _counted(grid: Grid, told: Told) -> Iterator[int]:
    """Yield the numbers of all chunks, telling how far that is."""
    done = 0
    for number in range(grid.chunks):
        yield number
        done += grid.cells_of(number)
        told(done, grid.cells)


def _beside(path: Path) -> Path:
    """Return where units and provenance of a CSV file are told."""
    return path.with_name(f"{path.name}.json")


def _write_csv(path: Path, store: Store, request: Request, told: Told) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        fields = [column.field.path for axis in request.axes for column in axis.columns]
        writer.writerow([*fields, *request.outputs])
        # Chunks are runs of cells in row-major order: one after the other they are the table.
        for number in _counted(request.grid, told):
            slices = request.grid.slices(number)
            pieces = tuple(axis.part(where) for axis, where in zip(request.axes, slices, strict=True))
            values = store.read(number)
            columns = [*_coordinates(pieces), *(_texts(values[name]) for name in request.outputs)]
            writer.writerows(zip(*columns, strict=True))


def _coordinates(axes: tuple[Axis, ...]) -> Iterator[list[Any]]:
    shape = tuple(axis.size for axis in axes)
    for place, axis in enumerate(axes):
        along = [-1 if other == place else 1 for other in range(len(axes))]
        for column in axis.columns:
            values = column.values.astype(np.int64) if column.field.kind == "count" else column.values
            yield np.broadcast_to(values.reshape(along), shape).ravel().tolist()


def _texts(values: np.ndarray) -> list[Any]:
    if values.dtype == np.bool_:
        return ["true" if value else "false" for value in values.ravel().tolist()]
    known: list[Any] = values.ravel().tolist()
    return known if not np.isnan(values).any() else [v if v == v else "" for v in known]  # noqa: PLR0124


def _read_csv(path: Path, request: Request) -> xr.Dataset:
    flat = {name: np.empty(request.grid.cells) for name in request.outputs}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        start = 0
        while block := list(islice(rows, _ROWS)):
            columns = dict(zip(header, zip(*block, strict=True), strict=True))
            for name, values in flat.items():
                values[start : start + len(block)] = [_number(text) for text in columns[name]]
            start += len(block)
    found = request.empty()
    for name, values in flat.items():
        kept = values.astype(np.bool_) if name == "feasible" else values
        found[name] = (request.dimensions, kept.reshape(request.grid.shape), described(name))
    return found


def _number(text: str) -> float:
    return float({"": "nan", "true": "1", "false": "0"}.get(text, text))


__all__ = ["Target", "begun", "completed", "opened", "read_again", "target"]
