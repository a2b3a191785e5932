"""From a scenario and a fault model to seeded runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from farflung.base.errors import InputError
from farflung.outcome.constraints import first_violated
from farflung.outcome.events.draws import RandomDraws
from farflung.outcome.events.engine import Engine
from farflung.outcome.events.findings import findings
from farflung.outcome.events.from_scenario import failure_model_of, run_spec_of, steps_of
from farflung.outcome.events.outputs import no_outputs, outputs_of
from farflung.outcome.events.run_spec import Synchronisation
from farflung.outcome.events.simulation import DEFAULT_RUNS, Simulation
from farflung.outcome.events.timeline import Timeline
from farflung.outcome.outcome import outcome_of
from farflung.outcome.run import Run, ScenarioLike, as_scenario, changed_scenario, prepare
from farflung.scenario.fault_model import FaultModel

MOST_RUNS = 100_000


def simulate(
    scenario: ScenarioLike,
    fault_model: FaultModel | None = None,
    *,
    runs: int = DEFAULT_RUNS,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    watch: Callable[[Synchronisation], None] | None = None,
    assumptions: str | None = None,
    links: str | None = None,
    **changes: Any,
) -> Simulation:
    """Return the outcomes of seeded runs of a scenario, event by event.

    Parameters
    ----------
    scenario, assumptions, links, **changes
        As for :func:`farflung.evaluate`.
    fault_model
        How nodes and links vary and fail, and how the run copes; conditions that it does not give come from
        the assumption set.
    runs
        Seeded runs: enough for a median, while the ends of a distribution take some hundred.
    seed
        Seed of all of them.
    progress
        Called after every synchronisation with the share that is done.
    watch
        Called with every synchronisation, as a :class:`Timeline` wants to be.

    Returns
    -------
    Simulation
        Distributions over runs of everything that an outcome holds, and of goodput, waiting, lost work,
        effective replicas, staleness and traffic. A run that cannot take place is an answer too:
        ``feasible`` is false, and all values are NaN.

    Raises
    ------
    InputError
        If the scenario or fault model is not valid.

    Examples
    --------
    >>> simulation = simulate("paper-headline", runs=2, seed=7)
    >>> bool(0.0 < simulation.quantiles("goodput")[1] < 1.0)
    True
    """
    check_runs(runs, seed)
    run = prepare(changed_scenario(scenario, assumptions=assumptions, links=links, **changes))
    planned, fault_model = outcome_of(run), fault_model or FaultModel()
    if not takes_place(run):
        return Simulation(run.scenario, fault_model, seed, no_outputs(runs), planned, ())
    spec = run_spec_of(run, fault_model, runs)
    draws = RandomDraws(failure_model_of(run, fault_model), spec.shape, steps_of(run, fault_model), seed)
    totals = Engine(spec, draws, watch).run(progress)
    values = outputs_of(run, fault_model, spec, totals)
    return Simulation(run.scenario, fault_model, seed, values, planned, findings(totals, values, run))


def takes_place(run: Run) -> bool:
    """Return whether a run can be simulated: only one that its plan finds too long can still train."""
    violation = first_violated(run)
    return violation is None or violation[0].trains


def check_runs(runs: int, seed: int = 0) -> None:
    """Raise an error if there can be no so many runs, or no such seed."""
    if not 1 <= runs <= MOST_RUNS:
        raise InputError(
            "runs", f"{runs} is not from 1 to {MOST_RUNS}", nearest="1" if runs < 1 else str(MOST_RUNS)
        )
    if seed < 0:
        raise InputError("seed", f"{seed} is below 0", nearest="0")


def timeline(
    scenario: ScenarioLike,
    fault_model: FaultModel | None = None,
    *,
    run: int = 0,
    workers: int = 64,
    synchronisations: int = 20,
) -> Timeline:
    """Return an empty timeline of one run, to be passed as ``watch`` to :func:`simulate`.

    Parameters
    ----------
    scenario, fault_model
        As for :func:`simulate`, and the same.
    run
        Which run is recorded, counted from 0.
    workers, synchronisations
        How many of each are recorded, from the first.

    Raises
    ------
    InputError
        If the scenario or fault model is not valid, does not fit, or nothing is to be recorded.

    Examples
    --------
    >>> recorded = timeline("paper-headline", synchronisations=3)
    >>> _ = simulate("paper-headline", runs=1, watch=recorded)
    >>> sorted({interval.activity for interval in recorded.intervals})
    ['computing', 'receiving', 'sending', 'waiting']
    """
    for name, value, least in (
        ("run", run, 0),
        ("workers", workers, 1),
        ("synchronisations", synchronisations, 1),
    ):
        if value < least:
            raise InputError(name, f"{value} is below {least}", nearest=str(least))
    prepared = prepare(as_scenario(scenario))
    if not takes_place(prepared):
        flag = next(flag for flag in outcome_of(prepared).flags if flag.kind == "infeasible")
        raise InputError(flag.subject, flag.message, flag.nearest)
    spec = run_spec_of(prepared, fault_model or FaultModel(), run + 1)
    return Timeline(spec, run=run, workers=workers, synchronisations=synchronisations)
