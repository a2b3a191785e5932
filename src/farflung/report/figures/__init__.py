"""Figures of results: the finding as the title, readable without colour vision, provenance below.

Every figure is a function of a result, computes nothing, and returns a Plotly figure. The modules that draw
are imported when a figure is asked for, so that a path can be checked before the drawing library is loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from farflung.base.errors import InputError
from farflung.report.figures.files import check_figure_path, write_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

FIGURES = {
    "Comparison": "comparison_figure",
    "CrossValidation": "cross_validation_figure",
    "Dataset": "sweep_figure",
    "EventValidation": "engines_figure",
    "EvidenceReview": "held_out_figure",
    "Headlines": "headlines_figure",
    "Ledger": "ledger_figure",
    "NodePlan": "node_plan_figure",
    "Outcome": "outcome_figure",
    "ScalingLawFit": "scaling_law_figure",
    "SearchResult": "pareto_figure",
    "SensitivityResult": "sensitivity_figure",
    "Simulation": "gantt_figure",
    "StragglerFit": "stragglers_figure",
    "UncertaintyResult": "uncertainty_figure",
    "Validation": "validation_figure",
    "Waterfall": "waterfall_figure",
}
"""The figure of each type of result, by the name of the type; the module of a figure is named as it is."""

__all__ = ["FIGURES", "check_figure_path", "figure_of", "write_figure"]


def figure_of(result: Any) -> go.Figure:
    """Return the figure of a result.

    Parameters
    ----------
    result
        An instance of a type that :data:`FIGURES` names, or of one derived from it.

    Raises
    ------
    InputError
        If there is no figure of such a result.
    """
    for kind in type(result).__mro__:
        if kind.__name__ in FIGURES:
            figure: go.Figure = __getattr__(FIGURES[kind.__name__])(result)
            return figure
    drawn = ", ".join(sorted(FIGURES))
    raise InputError(type(result).__name__, f"has no figure; these have one: {drawn}")


def __getattr__(name: str) -> Any:
    if name not in FIGURES.values():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{name.removesuffix('_figure')}"), name)
