"""One run: a scenario under its assumption set, and what comes of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import computed_field

from farflung.base.errors import InputError
from farflung.base.fields import fields_of
from farflung.base.format import format_quantity, format_value
from farflung.base.pages import Page
from farflung.base.provenance import Provenance, content_hash, version
from farflung.base.results import Call, Result
from farflung.catalog.sources import Source
from farflung.catalog.tables import largest_training_set
from farflung.outcome.constraints import first_violated, replica_and_node
from farflung.outcome.flags import Flag
from farflung.outcome.model.every_run import HARDWARE
from farflung.outcome.outputs import OUTPUTS
from farflung.outcome.page import outcome_page
from farflung.outcome.run import Run, ScenarioLike, changed_scenario, prepare
from farflung.outcome.state import OutcomeState
from farflung.protocols import SLACK
from farflung.scenario import Assumptions, Defaulted, Scenario, load_assumptions
from farflung.scenario.scenario import AUTO

if TYPE_CHECKING:
    import pandas as pd

_KNOWN_UNTRAINED = frozenset({"nodes", *HARDWARE})
"""Quantities that are true of the hardware whether or not the model fits on it."""


class Outcome(Result, OutcomeState):
    """The answer for one scenario under one assumption set, in SI units and US dollars.

    A quantity that does not exist for the run, or that nothing in the scenario or the catalog gives (the
    price of a node described by hand, say), is ``None``; an answer never holds NaN. Its attributes are those
    of :class:`~farflung.outcome.state.OutcomeState` and every output.
    """

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def provenance(self) -> Provenance:
        """Return how to obtain the same answer again."""
        assumptions = load_assumptions(self.scenario.assumptions)
        return Provenance(
            version=version(),
            assumptions=assumptions.name,
            assumptions_hash=assumptions.hash,
            scenario_hash=content_hash(self.scenario.model_dump(mode="json")),
            command=self.command,
        )

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        return Call("run", "farflung.evaluate", self.scenario.arguments, (self.scenario.python,))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain mappings, ready for JSON."""
        return self.model_dump(mode="json")

    def to_frame(self) -> pd.DataFrame:
        """Return a row for the state of the run and for every output: value, unit, label and meaning."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and seldom needed

        state = [
            ("mode", self.mode, "Protocol of the run"),
            ("feasible", self.feasible, "Whether the run can take place as described"),
            ("binding_constraint", self.binding_constraint, "Field that makes it infeasible"),
            ("bottleneck", self.bottleneck, "What the run waits for most"),
        ]
        rows = [(value, "", name.replace("_", " ").capitalize(), meaning) for name, value, meaning in state]
        rows += [(getattr(self, name), one.unit, one.label, one.meaning) for name, one in OUTPUTS.items()]
        names = pd.Index([*(name for name, _, _ in state), *OUTPUTS], name="name")
        return pd.DataFrame(rows, names, ["value", "unit", "label", "meaning"])

    def citations(self, *outputs: str) -> tuple[Source, ...]:
        """Return the sources behind the given outputs, or behind the headline and its cost."""
        return self.sources(*outputs)

    def page(self) -> Page:
        """Return the answer: what the money buys, what is left of the compute, and what to know."""
        return outcome_page(self)


def evaluate(
    scenario: ScenarioLike,
    *,
    assumptions: str | Assumptions | None = None,
    links: str | None = None,
    **changes: Any,
) -> Outcome:
    """Return the outcome of a scenario under its assumption set.

    Parameters
    ----------
    scenario
        A :class:`~farflung.scenario.Scenario`, the name of a preset, the path of a TOML file, or a mapping
        of the same form.
    assumptions
        Assumption set, or its name, instead of the scenario's own.
    links
        Rate of every link at once: ``"10 Mbps"``.
    **changes
        Fields to replace, ``__`` for the dot: ``nodes__count=72``.

    Returns
    -------
    Outcome
        Time, tokens, compute, every efficiency factor, traffic, cost, energy and flags. A run that cannot
        take place is an outcome too: ``feasible`` is false and ``binding_constraint`` says why.

    Raises
    ------
    InputError
        If the scenario is not valid, or names unknown hardware.

    Examples
    --------
    >>> outcome = evaluate("paper-headline")
    >>> f"{outcome.local_equivalent_flop:.3g} FLOP for ${outcome.capital_cost_usd / 1e6:.1f} million"
    '1.02e+25 FLOP for $30.7 million'
    >>> evaluate("paper-headline", assumptions="calibrated-2026-11", nodes__count=72).nodes
    72.0
    """
    return outcome_of(prepare(changed_scenario(scenario, assumptions=assumptions, links=links, **changes)))


def outcome_of(run: Run) -> Outcome:
    """Return the outcome of a run of shape ``()``.

    Raises
    ------
    InputError
        If a number leaves the range of double precision.
    """
    violation = first_violated(run)
    untrainable = violation is not None and not violation[0].trains
    outputs: dict[str, Any] = {
        name: _plain(run.values.get(output.quantity))
        for name, output in OUTPUTS.items()
        if not untrainable or output.quantity in _KNOWN_UNTRAINED
    }
    flags = [*_choice(run), *_ignored(run)]
    if not untrainable:
        flags.extend(_attention(run))
    if violation is None:
        _check_finite(outputs)
    else:
        flags.append(violation[1])
    if not untrainable:
        flags.extend(_extrapolations(run))
    subject = violation[1].subject if violation else None
    return Outcome.model_construct(
        scenario=run.scenario,
        mode=run.choices.mode,
        feasible=violation is None,
        binding_constraint=subject,
        bottleneck=subject if subject is not None and untrainable else _bottleneck(run),
        flags=tuple(flags),
        defaulted=_defaulted(run),
        **outputs,
    )


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)


def _check_finite(outputs: Mapping[str, float | None]) -> None:
    """Raise if a number left the range of double precision: an answer never holds NaN or infinity."""
    for name, value in outputs.items():
        if value is not None and not math.isfinite(value):
            raise InputError(
                name, "leaves the range of numbers: some input is too extreme", nearest="less extreme inputs"
            )


def _choice(run: Run) -> list[Flag]:
    """Return what ``auto`` chose, and why."""
    if run.scenario.protocol.mode != AUTO:
        return []
    stages, replicas = run.values["pipeline_stages"], run.values["replicas"]
    shared = f", so {stages:g} nodes share one" if stages > 1 else ""
    alone = ", and there are nodes for one only" if shared and replicas == 1 else ""
    why = f"{run.choices.mode}: {replica_and_node(run.values)}{shared}{alone}"
    return [Flag("choice", "protocol.mode", why)]


def _attention(run: Run) -> Iterator[Flag]:
    """Yield a flag for what makes a result easily misread."""
    values, several = run.values, run.values["replicas"] > 1
    if several and values["outer_rounds"] < 2:
        yield Flag(
            "attention",
            "outer_rounds",
            f"{values['outer_rounds']:.2g} synchronisations take place: replicas are hardly ever averaged",
            nearest=f"a duration above {format_quantity(2 * values['outer_round_time'], 's')}",
        )
    name, most = largest_training_set()
    distinct = values.get("unique_tokens", values["tokens"])
    if distinct > most.value:
        yield Flag(
            "attention",
            "tokens",
            f"{format_quantity(distinct, 'token')} are more than any known model saw "
            f"({format_quantity(most.value, 'token')}: {name})",
            nearest="unique_tokens, a larger model, or fewer nodes",
        )
    if run.choices.protocol.uses("regional"):
        if values["groups"] < 2:
            yield Flag("attention", "protocol.nodes_per_group", "fewer than two groups: the scheme is flat")
        elif values["nodes_per_group"] < 2:
            yield Flag(
                "attention",
                "protocol.nodes_per_group",
                "groups of one node average nothing among themselves, and are charged as if they did",
                nearest="2, or mode = 'flat'",
            )
    idle = values["nodes"] - values["working_nodes"]
    if idle > 0:
        yield Flag("attention", "nodes.count", f"{idle:g} of {values['nodes']:g} nodes fit in no pipeline")


def _extrapolations(run: Run) -> list[Flag]:
    """Return a flag for every factor that is used outside the range it was fitted in."""
    flags = []
    for factor, limits in run.inputs.assumptions.limits.items():
        for quantity, bounds in limits.items():
            value = run.values.get(quantity)
            if quantity == "source" or value is None or not _acts(factor, run.values.get(factor)):
                continue
            low, high = bounds
            if not low <= value <= high:
                message = f"{quantity} {value:.4g} is outside {low:.4g} to {high:.4g} ({limits['source']})"
                flags.append(Flag("extrapolated", factor, message))
    return flags


def _acts(factor: str, value: float | None) -> bool:
    """Return whether a factor of a run charges anything: a share below 1, or a penalty above 0."""
    return value is not None and value != (1.0 if factor.startswith("efficiency_") else 0.0)


def _ignored(run: Run) -> list[Flag]:
    """Return a flag for what the scenario says and the assumption set takes no notice of."""
    assumptions = run.inputs.assumptions
    if run.scenario.unique_tokens is None or assumptions.forms.repeated_data != "ignored":
        return []
    return [Flag("ignored", "unique_tokens", f"{assumptions.name} counts a repeated token as a new one")]


def _bottleneck(run: Run) -> str:
    """Return what a run waits for most."""
    values = run.values
    work = values["inner_steps"] * values["step_time"]
    innermost = values.get("innermost_exchange_time", values["synchronisation_time"])
    grouped = run.choices.protocol.uses("regional") and values["groups"] >= 2
    if values["synchronisation_time"] > values["regional_steps"] * max(values["cycle_time"], work) * SLACK:
        return "wide-area synchronisation"
    if innermost > work * SLACK:
        return "regional synchronisation" if grouped else "wide-area synchronisation"
    if values["pipeline_stages"] > 1:
        crossing = values["micro_batch_transfer_time"] + values["pipeline_latency"]
        if crossing > values["micro_batch_compute_time"]:
            return "pipeline links"
    if values["expert_parallel_time"] > values["compute_time"]:
        return "expert exchange"
    return "compute"


_FIELDS = fields_of(Scenario)
_PRODUCT_DEFAULTS = tuple(
    Defaulted(path, format_value(field.default, field.unit), "default of farflung")
    for path, field in _FIELDS.items()
    if field.default is not None and field.role != "label"
)


def _defaulted(run: Run) -> tuple[Defaulted, ...]:
    """Return every field the scenario leaves open, with what was taken and on whose word."""
    taken = [
        Defaulted(one.field, format_value(one.value, _FIELDS[one.field].unit), one.why)
        for one in run.inputs.defaulted
    ]
    named = {one.field for one in run.inputs.defaulted}
    return (
        *taken,
        *(
            one
            for one in _PRODUCT_DEFAULTS
            if one.field not in named and not _FIELDS[one.field].is_set(run.scenario)
        ),
    )
