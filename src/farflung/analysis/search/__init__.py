"""Search: the cheapest design that reaches a target under a rule, and the questions turned round."""

from farflung.analysis.search.designs import (
    GRIDS,
    METRICS,
    Constraints,
    Design,
    Grid,
    Question,
    Variant,
    published_grid,
)
from farflung.analysis.search.inverse import (
    Threshold,
    least_bandwidth,
    most_compute,
    nodes_for_target,
    threshold_for_duration,
)
from farflung.analysis.search.search import Found, SearchResult, search

__all__ = [
    "GRIDS",
    "METRICS",
    "Constraints",
    "Design",
    "Found",
    "Grid",
    "Question",
    "SearchResult",
    "Threshold",
    "Variant",
    "least_bandwidth",
    "most_compute",
    "nodes_for_target",
    "published_grid",
    "search",
    "threshold_for_duration",
]
