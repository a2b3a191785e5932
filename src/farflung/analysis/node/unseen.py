"""How sure a computed step is on a cluster nobody measured: the error on clusters left out of the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farflung.analysis.node.calibration import Sample, clusters_left_out
from farflung.catalog.records import Record
from farflung.catalog.tables import table

_LEAST_ROWS = 4


@dataclass(frozen=True, slots=True)
class UnseenError:
    """Distribution of the logarithm of measured over computed time, on a cluster outside the fit.

    Attributes
    ----------
    bias
        Mean over clusters; above 0 where real stacks are slower than computed [1].
    between
        Spread of a cluster's own mean [1].
    within
        Spread of steps of one cluster round its mean [1].
    clusters
        Clusters that this rests on [1].
    """

    bias: float
    between: float
    within: float
    clusters: int

    @property
    def spread(self) -> float:
        """Return the spread of a single step on an unseen cluster [1]."""
        return float(np.hypot(self.between, self.within))


def measure_unseen(sample: Sample) -> UnseenError:
    """Return the error on clusters left out one at a time, those of at least four rows."""
    off = -np.log1p(clusters_left_out(sample))
    names = np.array([step.cluster for step in sample.steps])
    groups = [off[names == name] for name in sorted(set(names)) if (names == name).sum() >= _LEAST_ROWS]
    means = np.array([group.mean() for group in groups])
    within = np.sqrt(np.mean([group.var() for group in groups]))
    return UnseenError(float(means.mean()), float(means.std(ddof=1)), float(within), len(groups))


def unseen_error() -> UnseenError:
    """Return the error on unseen clusters that the catalog has on record."""
    found = {name: Record.of(raw).value for name, raw in table("node_errors").items()}
    return UnseenError(found["bias"], found["between"], found["within"], int(found["clusters"]))


def unseen_text(error: UnseenError) -> str:
    """Return the file that keeps the error on unseen clusters."""
    notes = {
        "bias": "mean over clusters; above 0: slower than computed",
        "between": "spread of clusters",
        "within": "spread of the steps of a cluster",
        "clusters": "clusters left out one at a time",
    }
    lines = ["# Logarithm of measured over computed step time on clusters left out of the fit.", ""]
    how = (
        'source = "farflung2026", locator = "clusters left out", date = 2026-11-24, evidence_level = "fitted"'
    )
    for name, note in notes.items():
        value = f'value = {getattr(error, name):.4g}, unit = "1"'
        lines.append(f'{name} = {{ {value}, {how}, note = "{note}" }}')
    return "\n".join(lines) + "\n"
