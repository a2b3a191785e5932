"""The event engine: the second way to an outcome, with failures, stragglers, quorums and churn."""

from farflung.outcome.events.estimate import Estimate, estimate
from farflung.outcome.events.outputs import EVENT_OUTPUTS
from farflung.outcome.events.simulate import simulate, timeline
from farflung.outcome.events.simulation import Simulation
from farflung.outcome.events.timeline import Interval, Timeline, Traffic

__all__ = [
    "EVENT_OUTPUTS",
    "Estimate",
    "Interval",
    "Simulation",
    "Timeline",
    "Traffic",
    "estimate",
    "simulate",
    "timeline",
]
