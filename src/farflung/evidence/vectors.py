"""Reference vectors: input and output cases of the published equations, compared with ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farflung.base.errors import InputError, unknown
from farflung.base.pages import Page
from farflung.base.results import Call, Result
from farflung.catalog.sources import Source
from farflung.outcome import evaluate
from farflung.outcome.outputs import OUTPUTS
from farflung.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-9
"""Largest relative error with which a case passes."""
_MOST_BYTES = 100_000_000

_FIELDS: Mapping[str, tuple[str, str]] = {
    "precision": ("nodes.precision", ""),
    "node_peak_flops": ("nodes.peak", "FLOP/s"),
    "node_memory_bytes": ("nodes.memory", "byte"),
    "mfu": ("nodes.mfu", ""),
    "nodes": ("nodes.count", ""),
    "parameters": ("model.parameters", ""),
    "active_parameters": ("model.active_parameters", ""),
    "moe_layers": ("model.moe_layers", ""),
    "expert_parallelism": ("model.expert_parallelism", ""),
    "duration_s": ("duration", "s"),
    "tokens": ("tokens", ""),
    "wan_upload_bps": ("network.upload", "bit/s"),
    "wan_download_bps": ("network.download", "bit/s"),
    "wan_latency_s": ("network.latency", "s"),
    "regional_latency_s": ("network.regional.latency", "s"),
    "pipeline_latency_s": ("network.pipeline.latency", "s"),
    "local_batch_tokens": ("protocol.local_batch", ""),
    "compression_ratio": ("protocol.compression", ""),
    "error_feedback": ("protocol.error_feedback", ""),
    "compression_scenario": ("protocol.compression_scenario", ""),
    "activation_compression_ratio": ("protocol.activation_compression", ""),
    "micro_batches": ("protocol.micro_batches", ""),
    "nodes_per_group": ("protocol.nodes_per_group", ""),
    "inner_steps": ("protocol.inner_steps", ""),
    "pipeline_stages": ("protocol.pipeline_stages", ""),
    "streaming": ("protocol.streaming", ""),
    "straggler": ("protocol.stragglers", ""),
}
"""Field of a case, the scenario field it sets, and its unit where it has one."""
_SHARED_FIELDS = {
    "regional_bandwidth_bps": ("network.regional.upload", "network.regional.download"),
    "pipeline_bandwidth_bps": ("network.pipeline.upload", "network.pipeline.download"),
}
"""Fields of a case that set both directions of a link."""


@dataclass(frozen=True, slots=True)
class Worst:
    """Where ours and the reference part most."""

    case: int
    field: str
    expected: float
    ours: float | None


@dataclass(frozen=True, repr=False)
class VectorReport(Result):
    """The comparison of a file of cases with ours."""

    file: str
    cases: int
    comparisons: int
    largest_relative_error: float
    worst: Worst | None

    @property
    def passed(self) -> bool:
        """Return whether every case agrees to the tolerance."""
        return self.largest_relative_error <= TOLERANCE

    def page(self) -> Page:
        """Return whether the cases agree, and where they part most."""
        verdict = "agree" if self.passed else "DO NOT agree"
        where = f", in {self.worst.field} of case {self.worst.case}" if self.worst else ""
        return Page(
            f"{self.cases} cases {verdict} to {TOLERANCE:g}",
            (f"The largest relative error is {self.largest_relative_error:.3g}{where}.",),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        return {**asdict(self), "passed": self.passed}

    def to_frame(self) -> pd.DataFrame:
        """Return the comparison as one row."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame([self.to_dict()])

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        function = f"{check.__module__}.{check.__name__}"
        return Call("reproduce", function, ("--vectors", self.file), (repr(self.file),))

    def citations(self) -> tuple[Source, ...]:
        """Return nothing: a file of cases does not say its source."""
        return ()


def check(path: str | Path, *, assumptions: str = "miri-2026-04") -> VectorReport:
    """Return how far our answers are from those in a file of cases.

    Parameters
    ----------
    path
        JSON list of objects with ``mode``, ``inputs`` and ``expected``, in SI units.
    assumptions
        Assumption set the cases belong to.

    Raises
    ------
    InputError
        If the file cannot be read, is not of that form, or a case is no valid scenario.
    """
    cases = _read(Path(path))
    largest, worst, comparisons = 0.0, None, 0
    for index, case in enumerate(cases):
        where = f"{path}, case {index}"
        if not isinstance(case, Mapping) or not {"mode", "inputs", "expected"} <= set(case):
            raise InputError(where, "has no mode, inputs and expected")
        try:
            outcome = evaluate(_scenario(case, assumptions))
        except InputError as error:
            raise InputError(f"{where}, {error.field}", error.problem, error.nearest) from error
        for field, expected in case["expected"].items():
            if field not in OUTPUTS:
                raise unknown(where, "output", field, OUTPUTS)
            ours = getattr(outcome, field)
            error_here = _relative_error(ours, expected)
            comparisons += 1
            if worst is None or error_here > largest:
                largest, worst = max(largest, error_here), Worst(index, field, expected, ours)
    return VectorReport(str(path), len(cases), comparisons, largest, worst)


def _relative_error(ours: float | None, expected: float) -> float:
    if ours is None:
        return float("inf")
    return abs(ours - expected) / abs(expected) if expected else abs(ours)


def _read(path: Path) -> list[Any]:
    if not path.is_file():
        raise InputError(str(path), "there is no such file")
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(str(path), "is larger than 100 MB and no file of cases")
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InputError(str(path), f"is not valid JSON: {error}") from error
    if not isinstance(cases, list) or not cases:
        raise InputError(str(path), "is not a list of cases")
    return cases


def _scenario(case: Mapping[str, Any], assumptions: str) -> Scenario:
    data: dict[str, Any] = {"assumptions": assumptions, "protocol": {"mode": case["mode"]}}
    for name, value in case["inputs"].items():
        if name in _SHARED_FIELDS:
            for field in _SHARED_FIELDS[name]:
                _put(data, field, f"{value!r} bit/s")
        elif name in _FIELDS:
            field, unit = _FIELDS[name]
            _put(data, field, f"{value!r} {unit}" if unit else value)
        else:
            raise unknown(name, "input", name, [*_FIELDS, *_SHARED_FIELDS])
    return Scenario.read(data)


def _put(data: dict[str, Any], field: str, value: Any) -> None:
    *path, last = field.split(".")
    for part in path:
        data = data.setdefault(part, {})
    data[last] = value
