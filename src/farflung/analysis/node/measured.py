"""Measured steps as inputs of the model: one reader for every form in which tables are published."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from farflung.analysis.node.chips import BITS, hardware, value_of
from farflung.analysis.node.inputs import Architecture, Hardware, Plan, Software, StepInputs
from farflung.base.errors import InputError
from farflung.catalog.tables import table

_ROOT = resources.files("farflung.catalog") / "measured" / "step_time"
Row = Mapping[str, str]
_REFERENCE_YEAR = 2025.5
_HEADER = "# GPUs,"
"""A header that begins like a comment."""


@dataclass(frozen=True, slots=True)
class MeasuredStep:
    """A measured step.

    Attributes
    ----------
    label
        What identifies the row in its table.
    group
        Part of its table that errors are given for, such as dense models or one chip.
    cluster
        Machine and stack it ran on; what a fit leaves out at a time.
    inputs
        What it is computed from.
    seconds
        What was measured [s].
    memory
        Measured peak of the fullest chip, where there is one [byte].
    """

    label: str
    group: str
    cluster: str
    inputs: StepInputs
    seconds: float
    memory: float | None = None


class Excluded(Exception):  # noqa: N818 - it is an answer, not a failure
    """A row that cannot be predicted, and why."""


@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """The rows of a file that can be predicted, and how many cannot, by reason."""

    name: str
    steps: tuple[MeasuredStep, ...]
    excluded: Mapping[str, int]


def cluster_hardware(name: str, precision: str, *, chip: str = "", **changes: float) -> Hardware:
    """Return the hardware of a cluster of the catalog."""
    row = table("node_clusters")[name]
    own = {key: value_of(row[key]) for key in ("memory", "memory_bandwidth") if key in row}
    if "network" in row:
        own["network_bandwidth"] = value_of(row["network"])
    chip = chip or row["chip"]
    kernel = row.get("kernel")
    if kernel not in table("node_rates").get(chip, {}).get("attention", {}):
        kernel = None
    return hardware(chip, precision, kernel=kernel, limited=row.get("limited", False), **own, **changes)


def cluster_software(name: str, precision: str, *, year: float | None = None, **changes: float) -> Software:
    """Return what the software of a cluster of the catalog does."""
    row = table("node_clusters")[name]
    said = {key: float(value) for key, value in row["software"].items()}
    return Software(**{
        "fused_attention": float(row.get("kernel") != "none"), "format_bits": BITS.get(precision, 16.0),
        "gradient_bytes": 2.0, "scatter_transfers": 0.0, "years": (year or row["year"]) - _REFERENCE_YEAR, **said, **changes,
    })  # fmt: skip


def plan_of(chips: float, sequences: float, **fields: float) -> Plan:
    """Return a plan from its degrees, the step's sequences, and what is left for data parallelism.

    Raises
    ------
    Excluded
        If the degrees do not divide the chips, or the micro-batches are not whole.
    """
    usual = {
        "tensor": 1.0,
        "pipeline": 1.0,
        "context": 1.0,
        "expert": 1.0,
        "interleaving": 1.0,
        "micro_batch": 1.0,
        "zero_stage": 0.0,
        "recompute": 0.0,
        "sequence_parallel": 0.0,
    }
    plan = usual | fields
    data = chips / (plan["tensor"] * plan["pipeline"] * plan["context"])
    micro_batches = sequences / (data * plan["micro_batch"])
    if data < 1.0 or data % 1.0 or micro_batches % 1.0 > 1e-6:
        raise Excluded("parallelism does not divide the chips or the batch")
    return Plan(**plan, data=data, micro_batches=max(micro_batches, 1.0))


def read_steps(file: Path | Traversable) -> MeasuredTable:
    """Return the measured steps of a file of one of the known forms.

    Raises
    ------
    InputError
        If the file cannot be read, is of no known form, or a cell is not what its column holds.
    """
    from farflung.analysis.node.forms import FORMS  # noqa: PLC0415 - forms use what is above

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(file.name, f"cannot be read ({error})"[:200]) from error
    lines = [
        line for line in text.splitlines() if line and (not line.startswith("#") or line.startswith(_HEADER))
    ]
    reader = csv.DictReader(io.StringIO("\n".join(lines)))
    columns = set(reader.fieldnames or ())
    for form, (needed, read) in FORMS.items():
        if needed <= columns:
            return _table(file.name, form, reader, read)
    raise InputError(file.name, "is no form of step times that is known", nearest=", ".join(FORMS))


def _table(name: str, form: str, reader: Iterator[Any], read: Callable[[Row], MeasuredStep]) -> MeasuredTable:
    steps: list[MeasuredStep] = []
    excluded: dict[str, int] = {}
    for at, row in enumerate(reader, 2):
        try:
            steps.append(read(row))
        except Excluded as reason:
            excluded[str(reason)] = excluded.get(str(reason), 0) + 1
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(name, f"row {at} is no row of {form} ({error})"[:200]) from error
    return MeasuredTable(form, tuple(steps), excluded)


def packaged(name: str) -> MeasuredTable:
    """Return a table of measured steps of the catalog."""
    return read_steps(_ROOT / f"{name}.csv")


def with_layers(shape: Architecture, layers: float) -> Architecture:
    """Return a model cut to its first layers."""
    return replace(shape, layers=layers, dense_layers=min(shape.dense_layers, layers))
