"""The store of a sweep: a Zarr group that fills chunk by chunk, and can be left and gone on with.

A chunk is finished when its piece of ``feasible`` is there: that one is written last, and every piece is
written whole under another name and then renamed. A process that is killed therefore loses at most the
chunks it was working on.
"""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.sweep_grid import Grid
from farflung.analysis.sweep_request import REQUEST, Request, described, difference
from farflung.base.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    import zarr

_LAST = "feasible"
_RESUME = "go on with --resume, or start anew with --overwrite"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system has against a path (no room, no permission) into one readable error.

    Raises
    ------
    InputError
        If the path cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise InputError(str(path), f"cannot be written: {error.strerror or error}") from error


class Store:
    """The Zarr group of one sweep.

    Parameters
    ----------
    path
        The folder of the group.
    grid
        The cells and their chunks.
    outputs
        Names of the arrays that fill.
    """

    def __init__(self, path: Path, grid: Grid, outputs: Sequence[str]) -> None:
        import zarr  # noqa: PLC0415 - asking for help must not load it

        self.path = path
        self.grid = grid
        with writing(path):
            group = zarr.open_group(str(path), mode="r+")
            arrays = dict(group.arrays())
        self._arrays: dict[str, zarr.Array[Any]] = {name: arrays[name] for name in outputs}

    @classmethod
    def create(cls, path: Path, request: Request) -> Store:
        """Return a new, empty store.

        It takes its name only when it is complete, so that what bears the name can be gone on with.

        Raises
        ------
        InputError
            If the path cannot be written.
        """
        new = path.with_name(f".{path.name}.new")
        with writing(path):
            shutil.rmtree(new, ignore_errors=True)
            try:
                _make(new, request)
                new.rename(path)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
        return cls(path, request.grid, request.outputs)

    @classmethod
    def resume(cls, path: Path, request: Request) -> Store:
        """Return the store that an earlier run of the same sweep left.

        Raises
        ------
        InputError
            If the path holds no sweep, or another one.
        """
        kept = request_of(path)
        if kept is None:
            raise InputError(str(path), "is no sweep", nearest="another path")
        refuse_other(path, kept, request)
        for orphan in path.rglob("*.partial"):  # what a killed process was writing
            if orphan.is_file():
                orphan.unlink(missing_ok=True)
        return cls(path, request.grid, request.outputs)

    def finished(self, number: int) -> bool:
        """Return whether a chunk is there."""
        place = (str(at) for at in self.grid.place(number))
        return self.path.joinpath(_LAST, "c", *place).is_file()

    def write(self, number: int, values: Mapping[str, np.ndarray]) -> None:
        """Keep the outputs of one chunk.

        Raises
        ------
        InputError
            If there is no room left, or the path can no longer be written.
        """
        where = self.grid.slices(number)
        with writing(self.path):
            for name, array in self._arrays.items():
                if name != _LAST:
                    array[where] = values[name]
            self._arrays[_LAST][where] = values[_LAST]

    def read(self, number: int) -> dict[str, np.ndarray]:
        """Return the outputs of one chunk."""
        where = self.grid.slices(number)
        return {name: np.asarray(array[where]) for name, array in self._arrays.items()}

    def open(self) -> xr.Dataset:
        """Return the result; outputs are read only where they are asked for."""
        return opened(self.path)

    def remove(self) -> None:
        """Delete the store."""
        shutil.rmtree(self.path, ignore_errors=True)


def opened(path: Path) -> xr.Dataset:
    """Return the sweep in a Zarr store; outputs are read only where they are asked for."""
    import xarray as xr  # noqa: PLC0415

    found = xr.open_zarr(str(path), chunks=None, consolidated=True)
    kept = request_of(path) or {}
    # A folder has no order: outputs and coordinates are shown in the one they were asked for.
    fields = [field for axis in kept.get("axes", ()) for field in axis.split("+")]
    coordinates = {name: found.variables[name] for name in fields}
    for name, one in coordinates.items():
        if one.dtype.kind in "TO":
            # Zarr gives back text of any length; the same sweep in memory has NumPy's plain strings.
            plain = np.asarray(one.values.tolist(), np.str_)
            coordinates[name] = xr.Variable(one.dims, plain, one.attrs)
    outputs = {name: found.variables[name] for name in kept.get("outputs", ())}
    return xr.Dataset(outputs, coordinates, found.attrs)


def request_of(path: Path) -> dict[str, Any] | None:
    """Return what the sweep in a store was made for, or nothing where there is no such store."""
    try:
        attributes = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]
        kept = json.loads(attributes[REQUEST])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if isinstance(kept, dict) else None


def refuse_other(path: Path, kept: Mapping[str, Any], request: Request) -> None:
    """Refuse to go on where something else was asked.

    Raises
    ------
    InputError
        If the sweep at the path is another one.
    """
    differs = difference(kept, request.identity)
    if differs:
        raise InputError(
            str(path), f"holds another sweep: {differs}", nearest="the same command, or --overwrite"
        )


def _make(path: Path, request: Request) -> None:
    import zarr  # noqa: PLC0415
    from zarr.codecs import BloscCodec  # noqa: PLC0415

    empty = request.empty()
    # Text of any length is in Zarr's specification; NumPy's fixed length is not.
    for name, coordinate in empty.coords.items():
        if coordinate.dtype.kind == "U":
            text = coordinate.values.astype(object)
            empty = empty.assign_coords({name: (coordinate.dims, text, coordinate.attrs)})
    empty.to_zarr(str(path), mode="w-", zarr_format=3, consolidated=False)
    group = zarr.open_group(str(path), mode="r+")
    for name in request.outputs:
        feasible = name == _LAST
        group.create_array(
            name,
            shape=request.grid.shape,
            chunks=request.grid.chunk,
            dtype="bool" if feasible else "float64",
            fill_value=False if feasible else np.nan,
            dimension_names=request.dimensions,
            compressors=BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle" if feasible else "shuffle"),
            attributes={**described(name)},
            config={"write_empty_chunks": True},  # a chunk that is there is a chunk that is finished
        )
    with warnings.catch_warnings():
        # xarray looks for all metadata in one place, and warns where it is not; Zarr warns where it is.
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(str(path))


def already_there(path: Path) -> InputError:
    """Return the error for a path that holds a sweep already."""
    return InputError(str(path), f"is there already: {_RESUME}")
