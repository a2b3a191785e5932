"""What low-communication training over the internet makes possible, at what cost, and which rule changes it.

Three nouns and the verbs on them: a :class:`Scenario` under a set of :class:`Assumptions` has an
:class:`Outcome`.

>>> import farflung
>>> outcome = farflung.evaluate("paper-headline")
>>> round(outcome.capital_cost_usd / 1e6, 1)
30.7
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farflung.base.errors import InputError
    from farflung.outcome import Explanation, Outcome, evaluate, explain
    from farflung.outcome.events import Simulation, simulate
    from farflung.scenario import Assumptions, Scenario, load, load_assumptions, preset, presets
    from farflung.scenario.operation import Operation

# Names load what they need on first use, so that importing the package, and asking for help, is instant.
_HOMES = {
    "Assumptions": "farflung.scenario",
    "Explanation": "farflung.outcome",
    "InputError": "farflung.base.errors",
    "Operation": "farflung.scenario.operation",
    "Outcome": "farflung.outcome",
    "Scenario": "farflung.scenario",
    "Simulation": "farflung.outcome.events",
    "evaluate": "farflung.outcome",
    "explain": "farflung.outcome",
    "load": "farflung.scenario",
    "load_assumptions": "farflung.scenario",
    "preset": "farflung.scenario",
    "presets": "farflung.scenario",
    "simulate": "farflung.outcome.events",
}

__all__ = [
    "Assumptions",
    "Explanation",
    "InputError",
    "Operation",
    "Outcome",
    "Scenario",
    "Simulation",
    "evaluate",
    "explain",
    "load",
    "load_assumptions",
    "preset",
    "presets",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'farflung' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
