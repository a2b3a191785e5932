"""Figures of results: the finding as the title, readable without colour vision, provenance below.

They compute nothing: values, quantiles and samples are those that the results hold.
"""

from farflung.report.figures.bands import bands_figure
from farflung.report.figures.engines import engines_figure
from farflung.report.figures.files import check_figure_file, write_figure
from farflung.report.figures.gantt import gantt_figure
from farflung.report.figures.held_out import held_out_figure
from farflung.report.figures.pareto import pareto_figure
from farflung.report.figures.sensitivity import sensitivity_figure
from farflung.report.figures.sweep import sweep_figure
from farflung.report.figures.uncertainty import uncertainty_figure
from farflung.report.figures.waterfall import waterfall_figure

__all__ = [
    "bands_figure",
    "check_figure_file",
    "engines_figure",
    "gantt_figure",
    "held_out_figure",
    "pareto_figure",
    "sensitivity_figure",
    "sweep_figure",
    "uncertainty_figure",
    "waterfall_figure",
    "write_figure",
]
