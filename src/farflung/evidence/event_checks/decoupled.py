"""Decoupled DiLoCo's goodput under failures, itself simulated: one stall a method, calibrated on one cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from farflung.catalog.event_runs import Goodput
from farflung.catalog.rows import stored
from farflung.evidence.event_checks.rows import EventRow, Role, Study, source_ref
from farflung.evidence.event_checks.run_specs import play, spec
from farflung.outcome.events.policies.asynchronous import Asynchronous

_NAME = "decoupled-diloco"
_YEAR = 365.25 * 86_400.0
_CALIBRATED: Mapping[str, tuple[int, int]] = {
    "data_parallel": (1, 600_000),
    "elastic": (1, 600_000),
    "decoupled": (4, 600_000),
}
"""Learners and chips of the cell that each method's stall is taken from: the middle one of its grid."""
_RUNS = 32
_STEP = 3.0
"""Work that a stop can undo at most [s]. The authors' step is not stated; the stall makes up for it."""
_STEPS_OF_ALL = 2_000
"""Steps of all learners together, so that every cell costs the same."""
_CORRECTIONS = 3
_ANY_STALL = 30.0


def goodput(*, learners: int, chips: int, stall: float, seed: int) -> float:
    """Return the share of time that becomes training where a chip fails once a year and stops its learner.

    A learner is one unit that fails as often as all its chips together and is back after the stall [s]. One
    learner is data-parallel training; several exchange asynchronously, and none waits for another.
    """
    made = spec(
        runs=_RUNS,
        workers=learners,
        work=_STEP,
        duration=_STEP * _STEPS_OF_ALL / learners,
        policy=None if learners == 1 else Asynchronous(1),
        restart=stall,
    )
    totals = play(made, seed, between_failures=_between_failures(learners, chips))
    return float(np.mean(totals.useful / (learners * totals.duration)))


def _between_failures(learners: int, chips: int) -> float:
    return _YEAR * learners / chips


def stall_of(method: str, seed: int) -> float:
    """Return the stall of an interruption with which a method's own cell comes out as it did [s].

    The time between failures over goodput counts a stall and the work that is lost, so that a stall is
    corrected by what that quotient misses.
    """
    learners, chips = _CALIBRATED[method]
    (wanted,) = (row.goodput for row in _grid() if (row.method, *_size(row)) == (method, learners, chips))
    stall, between = _ANY_STALL, _between_failures(learners, chips)
    for _ in range(_CORRECTIONS):
        share = goodput(learners=learners, chips=chips, stall=stall, seed=seed)
        stall += between * (1.0 / wanted - 1.0 / share)
    return stall


def _grid() -> tuple[Goodput, ...]:
    return tuple(row for row in stored(Goodput) if row.chips is not None)


def _size(row: Goodput) -> tuple[int, int]:
    assert row.chips is not None
    return row.learners, row.chips


def _rows(seed: int) -> tuple[EventRow, ...]:
    stalls = {method: stall_of(method, seed) for method in _CALIBRATED}
    own = [_row(row, row.method, stalls, seed) for row in _grid()]
    return (*own, *_from_elastic(stalls, seed))


def _from_elastic(stalls: Mapping[str, float], seed: int) -> Iterator[EventRow]:
    """Return the decoupled cells as so many elastic learners apart: no decoupled cell is used."""
    for row in _grid():
        if row.method == "decoupled":
            yield _row(row, "elastic", stalls, seed)


def _row(row: Goodput, stall: str, stalls: Mapping[str, float], seed: int) -> EventRow:
    learners, chips = _size(row)
    borrowed = "" if stall == row.method else f", stall of {stall}"
    role: Role = "in sample" if not borrowed and _CALIBRATED[stall] == (learners, chips) else "point"
    method = row.method.replace("_", "-")
    return EventRow(
        group=_NAME,
        what=f"{method}, {learners} learner{'s'[: learners > 1]}, {chips:,} chips{borrowed}",
        quantity="goodput from elastic" if borrowed else "goodput",
        measured=row.goodput,
        role=role,
        events=goodput(learners=learners, chips=chips, stall=stalls[stall], seed=seed),
        note=f"stall {stalls[stall]:.0f} s",
        source_ref=source_ref(row),
    )


DECOUPLED = Study(
    name=_NAME,
    title="Goodput of Decoupled DiLoCo, simulated by its authors: model beside model",
    taken=(
        "A learner is one unit that fails as often as all its chips, each once a year, and is back after a "
        "stall. Data-parallel and elastic training are one learner each, with a long stall and a short one; "
        "decoupled training is several that exchange asynchronously, a fragment a step (K = 1). The stall is "
        "calibrated on one cell a method, the middle of its grid (in sample), and must do for the others. "
        "Below, decoupled cells with the stall of elastic training: M learners on N chips are then as many "
        "elastic runs on N/M chips."
    ),
    misfit=(
        "One stall does not quite hold over a factor of 16 in chips: with the most chips the authors' "
        "data-parallel and elastic runs do better than it says, as if stalls that follow at once shared "
        "their time; times to shrink and to grow are not stated."
    ),
    rows=_rows,
)
