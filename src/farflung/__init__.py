"""What low-communication training over the internet makes possible, at what cost, and which rule changes it.

Three nouns and the verbs on them: a :class:`Scenario` under a set of :class:`Assumptions` has an
:class:`Outcome`. :func:`evaluate` one, :func:`compare` two, :func:`sweep` many, :func:`search` for the
cheapest, :func:`simulate` event by event, say how sure (:func:`uncertainty`, :func:`sensitivity`) and why
(:func:`explain`, :func:`waterfall`), and check against what is published (:func:`reproduce`,
:func:`validate`). :func:`node` says what one node achieves. Every answer is a :class:`Result`; a sweep is
an xarray Dataset.

>>> import farflung
>>> outcome = farflung.evaluate("paper-headline")
>>> round(outcome.capital_cost_usd / 1e6, 1)
30.7
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farflung.analysis.compare import compare
    from farflung.analysis.node.node_plan import NodePlan, node
    from farflung.analysis.search import (
        least_bandwidth,
        most_compute,
        nodes_for_target,
        search,
        threshold_for_duration,
    )
    from farflung.analysis.sensitivity import sensitivity
    from farflung.analysis.sweep import sweep
    from farflung.analysis.uncertainty import uncertainty
    from farflung.analysis.waterfall import waterfall
    from farflung.base.errors import InputError
    from farflung.base.results import Result
    from farflung.evidence.ledger import reproduce
    from farflung.evidence.validation import validate
    from farflung.outcome import Explanation, Flag, Outcome, evaluate, evaluate_batch, explain
    from farflung.outcome.events import Simulation, simulate
    from farflung.scenario import Assumptions, Scenario, load, load_assumptions, preset, presets
    from farflung.scenario.fault_model import FaultModel

# Names load what they need on first use, so that importing the package, and asking for help, is instant.
_HOMES = {
    "Assumptions": "farflung.scenario",
    "Explanation": "farflung.outcome",
    "FaultModel": "farflung.scenario.fault_model",
    "Flag": "farflung.outcome",
    "InputError": "farflung.base.errors",
    "NodePlan": "farflung.analysis.node.node_plan",
    "Outcome": "farflung.outcome",
    "Result": "farflung.base.results",
    "Scenario": "farflung.scenario",
    "Simulation": "farflung.outcome.events",
    "compare": "farflung.analysis.compare",
    "evaluate": "farflung.outcome",
    "evaluate_batch": "farflung.outcome",
    "explain": "farflung.outcome",
    "least_bandwidth": "farflung.analysis.search",
    "load": "farflung.scenario",
    "load_assumptions": "farflung.scenario",
    "most_compute": "farflung.analysis.search",
    "node": "farflung.analysis.node.node_plan",
    "nodes_for_target": "farflung.analysis.search",
    "preset": "farflung.scenario",
    "presets": "farflung.scenario",
    "reproduce": "farflung.evidence.ledger",
    "search": "farflung.analysis.search",
    "sensitivity": "farflung.analysis.sensitivity",
    "simulate": "farflung.outcome.events",
    "sweep": "farflung.analysis.sweep",
    "threshold_for_duration": "farflung.analysis.search",
    "uncertainty": "farflung.analysis.uncertainty",
    "validate": "farflung.evidence.validation",
    "waterfall": "farflung.analysis.waterfall",
}

__all__ = [
    "Assumptions",
    "Explanation",
    "FaultModel",
    "Flag",
    "InputError",
    "NodePlan",
    "Outcome",
    "Result",
    "Scenario",
    "Simulation",
    "compare",
    "evaluate",
    "evaluate_batch",
    "explain",
    "least_bandwidth",
    "load",
    "load_assumptions",
    "most_compute",
    "node",
    "nodes_for_target",
    "preset",
    "presets",
    "reproduce",
    "search",
    "sensitivity",
    "simulate",
    "sweep",
    "threshold_for_duration",
    "uncertainty",
    "validate",
    "waterfall",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'farflung' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
