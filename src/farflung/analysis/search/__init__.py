"""Search: the cheapest design that reaches a target under a rule, and the questions turned round."""

from farflung.analysis.search.answers import LeastBandwidth, MostCompute, NodesForTarget, Threshold
from farflung.analysis.search.designs import Design, EvaluatedDesign
from farflung.analysis.search.grid import GRIDS, Grid, Problem, Variant, published_grid
from farflung.analysis.search.inverse import (
    least_bandwidth,
    most_compute,
    nodes_for_target,
    threshold_for_duration,
)
from farflung.analysis.search.question import METRICS, Constraints, Question
from farflung.analysis.search.result import SearchResult
from farflung.analysis.search.search import search, solve

__all__ = [
    "GRIDS",
    "METRICS",
    "Constraints",
    "Design",
    "EvaluatedDesign",
    "Grid",
    "LeastBandwidth",
    "MostCompute",
    "NodesForTarget",
    "Problem",
    "Question",
    "SearchResult",
    "Threshold",
    "Variant",
    "least_bandwidth",
    "most_compute",
    "nodes_for_target",
    "published_grid",
    "search",
    "solve",
    "threshold_for_duration",
]
