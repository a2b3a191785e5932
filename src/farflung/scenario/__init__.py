"""What is asked (:class:`Scenario`) and what is believed (:class:`Assumptions`): data only, no formula."""

from farflung.scenario.assumptions import Assumptions, load_assumptions
from farflung.scenario.files import load, loads, preset, presets, to_toml, with_changes
from farflung.scenario.given import givens
from farflung.scenario.scenario import MODES, Model, Network, Nodes, Protocol, Scenario
from farflung.scenario.terms import Filled, Given, Givens

__all__ = [
    "MODES",
    "Assumptions",
    "Filled",
    "Given",
    "Givens",
    "Model",
    "Network",
    "Nodes",
    "Protocol",
    "Scenario",
    "givens",
    "load",
    "load_assumptions",
    "loads",
    "preset",
    "presets",
    "to_toml",
    "with_changes",
]
