"""Sweeps: a scenario over a grid of any of its fields, in memory, as a file, or larger than memory."""

from farflung.analysis.sweep.axes import Axis, axis
from farflung.analysis.sweep.axis_text import read_axis
from farflung.analysis.sweep.engine import Interrupted, Progress, sweep
from farflung.analysis.sweep.grid import fold_chunks
from farflung.analysis.sweep.summary import SweepSummary, sweep_summary

__all__ = [
    "Axis",
    "Interrupted",
    "Progress",
    "SweepSummary",
    "axis",
    "fold_chunks",
    "read_axis",
    "sweep",
    "sweep_summary",
]
