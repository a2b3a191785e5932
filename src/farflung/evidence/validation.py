"""Validation: runs that took place predicted from their stated inputs, and how far off each belief is.

Every prediction is the model's own answer to a scenario built from what the run's source states; nothing is
tuned to the answer. Shares (utilisation, MFU) are off by a difference, everything else by a ratio less one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import median
from typing import Any

from farflung.analysis.search import least_bandwidth
from farflung.base.errors import InputError, unknown
from farflung.catalog.rows import stored
from farflung.catalog.runs import GROUPS, Case, EvidenceLevel, NotPredicted, Role, cases
from farflung.catalog.tables import assumption_names
from farflung.outcome.batch import answers
from farflung.physics.compute import compute_time
from farflung.scenario import Scenario, load_assumptions

_BITS = "pseudo_gradient_bits_fp16"
_DAY = 86_400.0
_EXABYTE = 1e18
_ANY_PEAK = 1e15
_ANY_LINK = 1e9


@dataclass(frozen=True, slots=True)
class Quantity:
    """What can be predicted: its unit, the output it comes from, and whether it is a share."""

    unit: str
    output: str
    scale: float = 1.0
    share: bool = False


QUANTITIES: Mapping[str, Quantity] = {
    "utilisation": Quantity("1", "utilisation", share=True),
    "MFU": Quantity("1", "utilisation", share=True),
    "synchronisation time": Quantity("s", "synchronisation_time_s"),
    "step time": Quantity("s", "compute_time_s"),
    "round time": Quantity("s", "outer_round_time_s"),
    "outer rounds": Quantity("1", "outer_rounds"),
    "days": Quantity("day", "duration_s", scale=1.0 / _DAY),
    "training FLOP": Quantity("FLOP", "throughput_flop"),
    "bandwidth": Quantity("bit/s", "utilisation"),
}
"""Everything that is predicted, by name."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of a run, and what each assumption set predicts for it.

    Attributes
    ----------
    group, run, quantity, unit, measured
        The figure.
    predicted
        By assumption set; ``None`` where the model has no answer.
    error
        By assumption set: predicted less measured for shares, predicted over measured less 1 otherwise.
    evidence_level, role, used_in_fit
        How the figure is known, whether it counts in medians, and whether any set was fitted to it.
    note, source, locator, date
        What to know, and where it is stated.
    """

    group: str
    run: str
    quantity: str
    unit: str
    measured: float
    predicted: Mapping[str, float | None]
    error: Mapping[str, float | None]
    evidence_level: EvidenceLevel
    role: Role
    used_in_fit: bool
    note: str
    source: str
    locator: str
    date: str

    @property
    def counts(self) -> bool:
        """Return whether the row counts in medians: a point, in no fit."""
        return self.role == "point" and not self.used_in_fit


@dataclass(frozen=True, slots=True)
class Summary:
    """How far off the predictions of a quantity are in a group of runs.

    Attributes
    ----------
    group, quantity, evidence_level
        Of which rows; only points that are in no fit.
    rows
        How many.
    median_absolute_error, median_error, largest_absolute_error
        By assumption set.
    """

    group: str
    quantity: str
    evidence_level: EvidenceLevel
    rows: int
    median_absolute_error: Mapping[str, float]
    median_error: Mapping[str, float]
    largest_absolute_error: Mapping[str, float]


@dataclass(frozen=True)
class Validation:
    """All predictions beside what was measured, or those of one group."""

    sets: tuple[str, ...]
    rows: tuple[Row, ...]
    not_predicted: tuple[NotPredicted, ...]

    @cached_property
    def groups(self) -> tuple[Summary, ...]:
        """Return how far off each quantity is in each group."""
        found: dict[tuple[str, str, EvidenceLevel], list[Row]] = {}
        for row in self.rows:
            if row.counts:
                found.setdefault((row.group, row.quantity, row.evidence_level), []).append(row)
        return tuple(_summary(self.sets, key, rows) for key, rows in found.items())

    @cached_property
    def median_absolute_error(self) -> Mapping[str, Mapping[str, float]]:
        """Return by set and quantity the median absolute error over measured points that are in no fit."""
        return self._medians(lambda row: row.evidence_level == "measured")

    @cached_property
    def median_absolute_error_of_models(self) -> Mapping[str, Mapping[str, float]]:
        """Return the same over the tables that other simulators computed."""
        return self._medians(lambda row: row.evidence_level == "model")

    @cached_property
    def median_absolute_error_in_between(self) -> Mapping[str, Mapping[str, float]]:
        """Return that of utilisations measured from 10 to 90 %, where being right is hardest."""
        return self._medians(
            lambda row: (
                row.evidence_level == "measured"
                and row.quantity == "utilisation"
                and 0.1 <= row.measured <= 0.9
            )
        )

    def _medians(self, asked: Callable[[Row], bool]) -> Mapping[str, Mapping[str, float]]:
        rows = [row for row in self.rows if row.counts and asked(row)]
        quantities = [name for name in QUANTITIES if any(row.quantity == name for row in rows)]
        return {
            name: {
                quantity: median(sizes)
                for quantity in quantities
                if (sizes := _sizes((row for row in rows if row.quantity == quantity), name))
            }
            for name in self.sets
        }

    def as_table(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "median_absolute_error": self.median_absolute_error,
            "median_absolute_error_in_between": self.median_absolute_error_in_between,
            "median_absolute_error_of_models": self.median_absolute_error_of_models,
            "groups": [asdict(one) for one in self.groups],
            "not_predicted": [{**asdict(one), "date": one.date.isoformat()} for one in self.not_predicted],
        }


def validate(group: str | None = None, progress: Callable[[int, int], None] | None = None) -> Validation:
    """Return predictions beside measurements under every assumption set.

    Parameters
    ----------
    group
        Name of one group of runs, or all of them.
    progress
        Called with the number of figures done and of all figures.

    Raises
    ------
    InputError
        If there is no such group, or a row of its file is malformed.
    """
    if group is not None and group not in GROUPS:
        raise unknown("group", "group", group, GROUPS)
    sets = assumption_names()
    asked = [case for name in GROUPS if group in {None, name} for case in cases(name)]
    rows = []
    for done, case in enumerate(asked, start=1):
        rows.append(judged(case, sets))
        if progress is not None:
            progress(done, len(asked))
    left_out = tuple(one for one in stored(NotPredicted) if group in {None, one.group})
    return Validation(sets, tuple(rows), left_out)


def judged(case: Case, sets: Sequence[str]) -> Row:
    """Return a measured figure with the prediction of each assumption set beside it."""
    predictions = {name: predicted(case, name) for name in sets}
    return Row(
        group=case.group,
        run=case.run,
        quantity=case.quantity,
        unit=QUANTITIES[case.quantity].unit,
        measured=case.measured,
        predicted=predictions,
        error={name: error_of(case, value) for name, value in predictions.items()},
        evidence_level=case.evidence_level,
        role=case.role,
        used_in_fit=case.used_in_fit,
        note=case.note,
        source=case.source,
        locator=case.locator,
        date=case.date.isoformat(),
    )


def error_of(case: Case, value: float | None) -> float | None:
    """Return by how much a prediction is off: a difference of shares, or a ratio less one."""
    if value is None:
        return None
    if QUANTITIES[case.quantity].share:
        return value - case.measured
    return value / case.measured - 1.0


def predicted(case: Case, assumptions: str, coefficients: Mapping[str, float] | None = None) -> float | None:
    """Return what the model says of a run's figure under an assumption set, in the figure's unit.

    Parameters
    ----------
    case
        The figure.
    assumptions
        Name of the set.
    coefficients
        Those that are known better than the set believes, as for :func:`farflung.outcome.batch.answers`.

    Raises
    ------
    InputError
        If the row does not state what its quantity needs.
    """
    scenario = scenario_of(case, assumptions)
    if case.quantity == "bandwidth":
        if case.utilisation is None or _sent(case, assumptions):
            raise InputError(f"{case.group}, {case.run}", "states no utilisation, or more than 16 bits")
        try:
            return least_bandwidth(scenario, case.utilisation)
        except InputError as error:
            if error.field != "utilisation":
                raise
            return None  # no bandwidth that is searched gives it: an answer, not a fault
    asked = QUANTITIES[case.quantity]
    known = {**_sent(case, assumptions), **(coefficients or {})}
    found = answers(scenario, known, [asked.output])[asked.output]
    value = float(found) * asked.scale
    return value * scenario.nodes.mfu if case.quantity == "MFU" else value


def scenario_of(case: Case, assumptions: str) -> Scenario:
    """Return the scenario that a run's stated inputs make; what is not stated stays at its default.

    A node is its chips where those are stated. Where the time of a step is, the node is one that takes just
    that long, and its memory, of which nothing is asked, is large enough.
    """
    sent = _sent_bits(case, assumptions)
    protocol: dict[str, Any] = {"mode": case.mode, "streaming": case.overlap}
    if case.mode == "flat" and case.inner_steps is not None:
        protocol["inner_steps"] = case.inner_steps
    if case.local_batch is not None:
        protocol["local_batch"] = case.local_batch
    if sent is not None:
        protocol["compression"] = sent[1]
    if case.group in _ALIKE and load_assumptions(assumptions).defaults["protocol.stragglers"] == _BY_SPREAD:
        protocol["stragglers"] = "threshold"
    link = {"upload": case.upload or _ANY_LINK, "download": case.download, "latency": case.latency}
    written: dict[str, Any] = {
        "assumptions": assumptions,
        "model": {"parameters": case.parameters},
        "nodes": {"count": case.nodes, "hardware": case.hardware, "mfu": case.mfu},
        "network": _with_units(link, {"upload": "bit/s", "download": "bit/s", "latency": "s"}),
        "protocol": protocol,
        "tokens": case.tokens,
    }
    if case.hardware is None:
        written["nodes"] |= {"mfu": case.mfu or 1.0, "memory": f"{_EXABYTE} byte", "peak": _peak(case)}
    return Scenario.read(_stated(written))


_BY_SPREAD = "order_statistics"
_ALIKE = frozenset(
    {"shaped-links", "consumer", "clusters", "charles-table-6", "streaming-table-4", "eager-table-5"}
)
"""Runs whose nodes and links are alike by construction: no belief about scattered sites bears on them."""


def _peak(case: Case) -> str:
    """Return the throughput with which a step takes the stated time."""
    if case.step_seconds is None:
        return f"{_ANY_PEAK} FLOP/s"  # of such runs only what does not depend on it is asked
    operations = compute_time(
        active_parameters=case.parameters,
        local_batch=case.local_batch or _DEFAULT_BATCH,
        node_peak=1.0,
        model_flop_utilisation=case.mfu or 1.0,
    )
    return f"{float(operations / case.step_seconds)!r} FLOP/s"


_DEFAULT_BATCH = 131_072.0
"""Tokens of a step where they are not stated; the time of the step is, so that nothing depends on it."""


def _sent_bits(case: Case, assumptions: str) -> tuple[float, float] | None:
    """Return the uncompressed bits of a pseudo-gradient value and the compression ratio of a run."""
    if case.bits is None:
        return None
    whole = max(load_assumptions(assumptions).values[_BITS][0], case.bits)
    return whole, whole / case.bits


def _sent(case: Case, assumptions: str) -> dict[str, Any]:
    """Return the coefficients that a run's own number of bits replaces, where it is more than 16."""
    sent = _sent_bits(case, assumptions)
    whole = load_assumptions(assumptions).values[_BITS][0]
    return {} if sent is None or sent[0] == whole else {f"assumptions.{_BITS}": sent[0]}


def _with_units(values: Mapping[str, float | None], units: Mapping[str, str]) -> dict[str, str]:
    return {name: f"{value!r} {units[name]}" for name, value in values.items() if value is not None}


def _stated(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without what is not stated."""
    return {
        key: _stated(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value is not None
    }


def _sizes(rows: Iterable[Row], name: str) -> list[float]:
    return [abs(error) for row in rows if (error := row.error[name]) is not None]


def _summary(sets: Sequence[str], key: tuple[str, str, EvidenceLevel], rows: Sequence[Row]) -> Summary:
    sizes = {name: _sizes(rows, name) for name in sets}
    errors = {name: [e for row in rows if (e := row.error[name]) is not None] for name in sets}
    return Summary(
        *key,
        rows=len(rows),
        median_absolute_error={name: median(found) for name, found in sizes.items() if found},
        median_error={name: median(found) for name, found in errors.items() if found},
        largest_absolute_error={name: max(found) for name, found in sizes.items() if found},
    )
