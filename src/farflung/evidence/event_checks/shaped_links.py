"""Four nodes on shaped links: a ring with the efficiency fitted to it, or fitted without that link."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from farflung.catalog.event_runs import Efficiency, Exchange
from farflung.catalog.rows import stored
from farflung.catalog.runs import Case, cases
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.evidence.event_checks.rows import STEADY_LINKS, EventRow, Role, Study, source_ref
from farflung.evidence.event_checks.run_specs import play, spec
from farflung.evidence.predictions import predict
from farflung.outcome.events.run_spec import Synchronisation
from farflung.outcome.events.transports import Link
from farflung.physics.transports import ring_bits

_NAME = "shaped-links"
_ALL = "one ring, all links"
_QUANTITIES = ("utilisation", "synchronisation time")
_ROUNDS = 10.0
_TOO_FEW = 128
"""Steps between exchanges at which a run holds one exchange alone, and that the fit leaves out."""


def fitted_efficiency(rows: Iterable[Exchange]) -> float:
    """Return the share of the rate that fits exchanges best, by least squares of relative errors [1].

    The fixed part of an exchange is none, which fits best where one number is for all links.
    """
    known = [case for case in cases(_NAME) if case.mode == "flat"]
    bits = float(ring_bits(payload=_payload(known[0]), peers=known[0].nodes))
    shares = np.array([bits / row.upload / row.seconds for row in rows])
    return float((shares**2).sum() / shares.sum())


def efficiency_without(upload: float | None) -> float:
    """Return the efficiency fitted to all links but the one of a rate."""
    return fitted_efficiency(row for row in _fitted() if row.upload != upload)


def _fitted() -> tuple[Exchange, ...]:
    """Return the blocking exchanges over shaped links that a run made more than one of."""
    return tuple(
        row for row in stored(Exchange) if row.method != "ddp" and row.shaped and row.inner_steps < _TOO_FEW
    )


def _rows(seed: int) -> tuple[EventRow, ...]:
    return tuple(_of_all(seed))


def _of_all(seed: int) -> Iterator[EventRow]:
    (of_all,) = (row for row in stored(Efficiency) if row.setting == _ALL)
    seen = {(row.inner_steps, row.upload) for row in _fitted()}
    for case in cases(_NAME):
        if case.quantity not in _QUANTITIES:
            continue
        closed = predict(case, DEFAULT_ASSUMPTIONS, STEADY_LINKS)
        held_out = efficiency_without(case.upload)
        yield _row(case, closed, held_out, "point", seed)
        if case.mode == "flat" and (case.inner_steps, case.upload) in seen:
            yield _row(case, closed, of_all.efficiency, "in sample", seed)


def _row(case: Case, closed: float | None, efficiency: float, role: Role, seed: int) -> EventRow:
    simulated = _simulated(case, efficiency, seed)
    return EventRow(
        group=_NAME,
        what=case.run,
        quantity=case.quantity,
        measured=case.measured,
        role=role,
        closed_form=closed,
        events=simulated.utilisation if case.quantity == "utilisation" else simulated.exchange,
        note=f"efficiency {efficiency:.3f}",
        source_ref=source_ref(case),
    )


@dataclass(frozen=True, slots=True)
class _Simulated:
    utilisation: float
    exchange: float


def _simulated(case: Case, efficiency: float, seed: int) -> _Simulated:
    """Return what the engine makes of a run whose nodes and links do not vary."""
    assert case.upload is not None
    assert case.step_seconds is not None
    work, rate = (case.inner_steps or 1) * case.step_seconds, case.upload * efficiency
    link = Link(
        payload=_payload(case),
        upload=rate,
        download=rate,
        latency=0.0,  # not stated, and within what was fitted
        overhead=0.0,
        workers=case.nodes,
        server=math.inf,
    )
    made = spec(
        runs=1,
        workers=case.nodes,
        work=work,
        link=link,
        overlap=1.0 if case.overlap else 0.0,
        periods=case.nodes * _ROUNDS,
    )
    took: list[float] = []

    def watch(one: Synchronisation) -> None:
        took.append(float((one.applied - one.close).max()))

    totals = play(made, seed, watch=watch)
    return _Simulated(float((totals.useful / (case.nodes * totals.duration))[0]), float(np.median(took)))


def _payload(case: Case) -> float:
    assert case.bits is not None
    return case.parameters * case.bits


SHAPED_LINKS = Study(
    name=_NAME,
    title="30.8 million parameters on four nodes, links shaped (diloco-measured)",
    taken=(
        "A ring of four, steps and rates of the runs, and in neither engine anything that varies. One share "
        "of the rate for all links, fitted to the exchanges of the other bandwidths: no row has seen its own "
        "(point). In sample: the share of all links together, on cells that are in its fit. H = 128 and the "
        "unshaped link are in no fit; buckets of DDP run beside the steps."
    ),
    misfit=(
        "One share for all links does not hold: 50 Mbit/s loses 21 % of the rate and fast links nothing, so "
        "that the slowest link, held out, comes out too fast and fast ones too slow; the first exchange of "
        "a run takes 0.3 to 1 s longer, which shows at H = 128 on fast links, and buckets of DDP lose more."
    ),
    rows=_rows,
)
