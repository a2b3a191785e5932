"""The Zarr store of a sweep, which fills chunk by chunk and can be resumed.

A chunk is finished when its piece of ``feasible`` is there: that one is written last, and every piece is
written whole under another name and then renamed. A process that is killed therefore loses at most the
chunks it was working on.
"""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.sweep.spec import IDENTITY, SweepSpec, difference, output_attributes
from farflung.base.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

_LAST = "feasible"


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


def open_store(path: Path, spec: SweepSpec, *, resume: bool, overwrite: bool) -> Store:
    """Return the store that a sweep fills: a new one, or the one it resumes.

    Raises
    ------
    InputError
        If something is there that is neither to be resumed nor overwritten, or that is not the same
        sweep; or if the path cannot be written.
    """
    if path.exists():
        identity = _identity_at(path)
        ours = identity is not None or (path.is_dir() and not any(path.iterdir()))
        if resume:
            if identity is None:
                raise InputError(str(path), "is no sweep", nearest="another path")
            differs = difference(identity, spec.identity)
            if differs:
                nearest = "the same command, or --overwrite"
                raise InputError(str(path), f"holds another sweep: {differs}", nearest)
            for orphan in path.rglob("*.partial"):  # what a killed process was writing
                orphan.unlink(missing_ok=True)
            return Store(path, spec)
        if not overwrite:
            nearest = "resume it with --resume, or start anew with --overwrite"
            raise InputError(str(path), "is there already", nearest)
        if not ours:  # whatever else somebody called .zarr is not ours to delete
            raise InputError(str(path), "is no sweep, and is not overwritten", nearest="another path")
        with writing(path):
            shutil.rmtree(path)
    # It takes its name only when it is complete, so that what bears the name can be resumed.
    new = path.with_name(f".{path.name}.new")
    with writing(path):
        shutil.rmtree(new, ignore_errors=True)
        try:
            _create(new, spec)
            new.rename(path)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return Store(path, spec)


class Store:
    """The Zarr group of one sweep."""

    def __init__(self, path: Path, spec: SweepSpec) -> None:
        import zarr  # noqa: PLC0415 - asking for help must not load it

        self.path = path
        self._spec = spec
        with writing(path):
            arrays = dict(zarr.open_group(str(path), mode="r+").arrays())
        # What is written last comes last.
        self._arrays = {name: arrays[name] for name in spec.outputs}

    def is_finished(self, number: int) -> bool:
        """Return whether a chunk is there."""
        place = (str(at) for at in self._spec.grid.place(number))
        return self.path.joinpath(_LAST, "c", *place).is_file()

    def write(self, number: int, results: Mapping[str, np.ndarray]) -> None:
        """Keep the outputs of one chunk.

        Raises
        ------
        InputError
            If there is no room left, or the path can no longer be written.
        """
        region = self._spec.grid.slices(number)
        with writing(self.path):
            for name, array in self._arrays.items():
                array[region] = results[name]

    def finalise(self) -> xr.Dataset:
        """Return the result; outputs are read only where they are asked for."""
        import xarray as xr  # noqa: PLC0415

        stored = xr.open_zarr(str(self.path), chunks=None, consolidated=True)
        # A folder has no order: outputs and coordinates are shown in the one they were asked for.
        coordinates = {column.name: stored.variables[column.name] for column in self._spec.columns}
        for name, coordinate in coordinates.items():
            if coordinate.dtype.kind in "TO":
                # Zarr gives back text of any length; the same sweep in memory has NumPy's plain strings.
                words = np.asarray(coordinate.values.tolist(), np.str_)
                coordinates[name] = xr.Variable(coordinate.dims, words, coordinate.attrs)
        outputs = {name: stored.variables[name] for name in self._spec.outputs}
        return xr.Dataset(outputs, coordinates, stored.attrs)


def _identity_at(path: Path) -> dict[str, Any] | None:
    """Return what identifies the sweep in a store, or nothing where there is no such store."""
    try:
        attributes = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"]
        identity = json.loads(attributes[IDENTITY])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return identity if isinstance(identity, dict) else None


def _create(path: Path, spec: SweepSpec) -> None:
    import zarr  # noqa: PLC0415
    from zarr.codecs import BloscCodec  # noqa: PLC0415

    empty = spec.empty()
    # Text of any length is in Zarr's specification; NumPy's fixed length is not.
    words = {name: text.astype(object) for name, text in empty.coords.items() if text.dtype.kind == "U"}
    empty.assign_coords(words).to_zarr(str(path), mode="w-", zarr_format=3, consolidated=False)
    group = zarr.open_group(str(path), mode="r+")
    for name in spec.outputs:
        truth = name == _LAST
        group.create_array(
            name,
            shape=spec.grid.shape,
            chunks=spec.grid.chunk,
            dtype="bool" if truth else "float64",
            fill_value=False if truth else np.nan,
            dimension_names=spec.dimensions,
            compressors=BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle" if truth else "shuffle"),
            attributes={**output_attributes(name)},
            config={"write_empty_chunks": True},  # a chunk that is there is a chunk that is finished
        )
    with warnings.catch_warnings():
        # xarray looks for all metadata in one place, and warns where it is not; Zarr warns where it is.
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(str(path))
