"""INTELLECT-1 and Covenant-72B: whole scenarios from what is stated, and the default set's conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from farflung.base.arrays import Array
from farflung.catalog.event_runs import Churn, Spread
from farflung.catalog.rows import stored
from farflung.catalog.runs import Case, cases
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.evidence.event_checks.rows import ALIKE, EventRow, Role, Study, source_ref
from farflung.evidence.predictions import predict, scenario_of
from farflung.outcome.events import Simulation, simulate
from farflung.outcome.events.run_spec import Synchronisation
from farflung.scenario import load_assumptions
from farflung.scenario.fault_model import IDEAL, FaultModel

_GROUP = "deployments"
_INTELLECT, _COVENANT = "intellect-1", "covenant-72b"
_RUNS, _ROUNDS = 32, 40
_ENDS = (0.05, 0.95)
_GAVE_VARIATION = "INTELLECT-1, USA"
"""Whose spread of exchange times the default variation of links is."""
_CHIPS = 8
"""Chips of a node of both runs."""
_AS_TIMED = {"compute_spread": 0.0, "step_variation": 0.0}
"""The stated time of the steps is that of the run, slowest node included."""
_WINDOW = 1270.0
"""Covenant-72B's window of compute and the reported communication, 1200 + 70 s."""
_FAST = 1e15


@dataclass(frozen=True, slots=True)
class _Simulated:
    run: Simulation
    exchanges: Array
    """From when the last is ready to when the last has the new weights; all runs and rounds [s]."""

    def median(self, name: str) -> float:
        """Return the median over runs of an output."""
        return self.run.quantiles(name)[1]


def _simulated(case: Case, seed: int, fault_model: FaultModel, *, nodes: int | None = None) -> _Simulated:
    """Return what the engine makes of the scenario of a case, over some rounds."""
    took: list[Array] = []

    def watch(one: Synchronisation) -> None:
        took.append(one.applied.max(axis=1) - one.ready.max(axis=1))

    changes = {
        "nodes.count": nodes or case.nodes,
        "duration": f"{_ROUNDS * (_work(case) + _longest(case))} s",
    }
    scenario = scenario_of(case, DEFAULT_ASSUMPTIONS).with_(changes)
    run = simulate(scenario, fault_model, runs=_RUNS, seed=seed, watch=watch)
    return _Simulated(run, np.concatenate(took))


def _work(case: Case) -> float:
    assert case.inner_steps is not None
    assert case.step_seconds is not None
    return case.inner_steps * case.step_seconds


def _longest(case: Case) -> float:
    """Return a time that is long for an exchange, so that runs hold as many rounds as are asked for."""
    assert case.bits is not None
    assert case.upload is not None
    return case.parameters * case.bits / case.upload


def _operation(**given: object) -> FaultModel:
    record = load_assumptions(DEFAULT_ASSUMPTIONS).conditions["chip_time_between_failures"]
    failures = {"chip_time_between_failures": f"{float(record.value) / _CHIPS!r} {record.unit}"}
    return FaultModel.read({**_AS_TIMED, **failures, **given})


def _own(run: str) -> tuple[Case, ...]:
    """Return the predicted figures of a run, without those that stand elsewhere too."""
    quantities = ("utilisation", "synchronisation time")
    figures = (case for case in cases(_GROUP) if case.run.startswith(run) and case.quantity in quantities)
    return tuple(case for case in figures if case.role != "repeat")


def _row(case: Case, role: Role, events: float, closed: float | None, note: str) -> EventRow:
    return EventRow(
        group=_INTELLECT if case.run.startswith("INTELLECT") else _COVENANT,
        what=case.run,
        quantity=case.quantity,
        measured=case.measured,
        role=role,
        closed_form=closed,
        events=events,
        note=note,
        source_ref=source_ref(case),
    )


def _figure(case: Case, simulated: _Simulated) -> float:
    if case.quantity == "utilisation":
        return simulated.median("goodput")
    return float(np.median(simulated.exchanges))


def _intellect(seed: int) -> Iterator[EventRow]:
    ring = _operation(policy="elastic", transport="ring", link_spread=0.0)
    for case in _own("INTELLECT-1"):
        role: Role = "point" if case.role == "point" else "bound"
        events = _figure(case, _simulated(case, seed, ring))
        note = f"{case.nodes} nodes, ring at the stated end of 0.5 to 4 Gbit/s"
        yield _row(case, role, events, predict(case, DEFAULT_ASSUMPTIONS, ALIKE), note)
    yield from _with_own_exchange(seed)
    yield from _widths(seed)


def _by_region() -> dict[str, tuple[Case, Case]]:
    """Return utilisation and exchange time of each region, as the run states them."""
    regions: dict[str, list[Case]] = {}
    for case in _own("INTELLECT-1"):
        region = case.run.removesuffix(" at 0.5 Gbit/s").removesuffix(" at 4 Gbit/s").removesuffix(",")
        regions.setdefault(region, []).append(case)
    return {region: (own[0], own[1]) for region, own in regions.items()}


def _with_own_exchange(seed: int) -> Iterator[EventRow]:
    """Return utilisation where an exchange takes as long as in the run: whether what is printed fits."""
    for region, (share, exchange) in _by_region().items():
        fixed = IDEAL.model_copy(update={"transport": "ring", "exchange_overhead": exchange.measured})
        fast = scenario_of(share, DEFAULT_ASSUMPTIONS).with_({
            "network.upload": f"{_FAST} bit/s", "network.latency": "0 s",
            "duration": f"{_ROUNDS * _work(share)} s",
        })  # fmt: skip
        events = simulate(fast, fixed, runs=1, seed=seed).quantiles("goodput")[1]
        row = _row(share, "input", events, None, f"exchange of {exchange.measured:g} s as measured")
        yield replace(row, what=region)


def _widths(seed: int) -> Iterator[EventRow]:
    """Return how far exchanges differ where links differ as in the default set."""
    ring = _operation(policy="elastic", transport="ring")
    ends = {region: cases_of[0] for region, cases_of in _by_region().items()}
    for spread in stored(Spread):
        if spread.setting not in ends or spread.low is None or spread.high is None:
            continue
        low, high = np.quantile(_simulated(ends[spread.setting], seed, ring).exchanges, _ENDS)
        yield EventRow(
            group=_INTELLECT, what=spread.setting, quantity="spread of exchange times",
            measured=spread.high / spread.low, events=float(high / low),
            role="in sample" if spread.setting == _GAVE_VARIATION else "point",
            note="14 nodes, spread and variation of links of the default set", source_ref=source_ref(spread),
        )  # fmt: skip


def _covenant(seed: int) -> Iterator[EventRow]:
    waited = _operation(policy="elastic", transport="relay", link_spread=0.0)
    deadline = _operation(policy=f"deadline:{_WINDOW} s", transport="relay", link_spread=0.0)
    readings = [case for case in _own("Covenant-72B") if case.upload is not None]
    present, *_ = _churned("participants")
    for case in readings:
        events = _figure(case, _simulated(case, seed, waited))
        yield _row(case, "bound", events, predict(case, DEFAULT_ASSUMPTIONS, ALIKE), "all are waited for")
    for case in (case for case in readings if case.quantity == "utilisation"):
        shut = _simulated(case, seed, deadline)
        note = f"{case.nodes} peers, closed {_WINDOW:g} s after the last close"
        yield _row(case, "bound", shut.median("goodput"), None, note)
        yield _present(present, f"{case.run}, deadline", "bound", shut, note)
    yield from _attendance(readings[-1], present, seed, waited)


def _attendance(case: Case, present: Churn, seed: int, waited: FaultModel) -> Iterator[EventRow]:
    """Return who takes part where slots are empty through failures alone, or as often as they were."""
    assert present.replicas is not None
    of_slots = partial(_simulated, case, seed, nodes=present.replicas)
    slots = f"{present.replicas} slots of {_CHIPS} chips"
    yield _present(
        present, "Covenant-72B, failures alone", "point", of_slots(waited), f"{slots}, default rates"
    )
    share = present.measured / present.replicas
    away = 2.0 * _work(case)
    comes_and_goes = _operation(
        policy="elastic", transport="relay", link_spread=0.0, restart_time="0 s",
        absence_time=f"{away!r} s", stay_time=f"{away * share / (1.0 - share)!r} s",
    )  # fmt: skip
    note = f"{slots}, each there {share:.3f} of the time, as in the run; stays and absences not stated"
    yield _present(present, "Covenant-72B, presence given", "input", of_slots(comes_and_goes), note)


def _churned(quantity: str) -> tuple[Churn, ...]:
    return tuple(row for row in stored(Churn) if row.run == "Covenant-72B" and row.quantity == quantity)


def _present(row: Churn, what: str, role: Role, simulated: _Simulated, note: str) -> EventRow:
    return EventRow(
        group=_COVENANT, what=what, quantity="participants", measured=row.measured, role=role,
        events=simulated.median("effective_replicas"), note=note, source_ref=source_ref(row),
    )  # fmt: skip


def _all(rows: Callable[[int], Iterator[EventRow]], seed: int) -> tuple[EventRow, ...]:
    return tuple(rows(seed))


INTELLECT = Study(
    name=_INTELLECT,
    title="INTELLECT-1 by region",
    taken=(
        "From the run: 38 min of compute a round, 8 bits a value, H = 100, 14 nodes. Nodes and links of a "
        "region are not stated: only the whole is a point, at the slow end of 0.5 to 4 Gbit/s, which paces a "
        "ring; both ends bound the regions. How links vary, efficiency and overhead are those of the default "
        "set, whose variation of links is itself read off this run."
    ),
    misfit=(
        "The default variation, applied to each link, gives exchanges that differ less than those of the "
        "run: the slowest of 14 links varies less than one link does, and in the run nodes and links changed "
        "too, most of all where the whole world took part."
    ),
    rows=partial(_all, _intellect),
)
COVENANT = Study(
    name=_COVENANT,
    title="Covenant-72B, in both readings of its links",
    taken=(
        "From the run: 20 min of compute, 0.21875 bits a value, 17 peers, or 20 slots; a relay from which "
        "each peer downloads the updates of all others. Links as printed, or read as MB/s: neither is "
        "preferred. Presence, where it is given, is the run's own."
    ),
    misfit=(
        "As printed no peer can send and fetch within the reported 70 s, and next to none meets the window; "
        "read as MB/s it comes nearer, but links that vary as in the default set make many late; and "
        "failures alone leave nearly every slot filled, where a sixth was empty because peers came and went."
    ),
    rows=partial(_all, _covenant),
)
