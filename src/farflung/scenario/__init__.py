"""What is asked (:class:`Scenario`) and what is assumed (:class:`Assumptions`): data only, no formula."""

from farflung.scenario.assumptions import Assumptions, load_assumptions
from farflung.scenario.files import load, loads, preset, presets
from farflung.scenario.input import Input
from farflung.scenario.inputs import COEFFICIENT, Defaulted, Inputs, coefficient_field, inputs_of
from farflung.scenario.scenario import Model, Network, Nodes, Protocol, Scenario, modes

__all__ = [
    "COEFFICIENT",
    "Assumptions",
    "Defaulted",
    "Input",
    "Inputs",
    "Model",
    "Network",
    "Nodes",
    "Protocol",
    "Scenario",
    "coefficient_field",
    "inputs_of",
    "load",
    "load_assumptions",
    "loads",
    "modes",
    "preset",
    "presets",
]
