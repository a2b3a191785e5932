"""The event engine: the second way to an outcome, with failures, stragglers, quorums and churn."""

from farflung.outcome.events.outputs import EVENT_OUTPUTS
from farflung.outcome.events.simulate import simulate, timeline
from farflung.outcome.events.simulation import Simulation
from farflung.outcome.events.timeline import Interval, Timeline, Traffic

__all__ = ["EVENT_OUTPUTS", "Interval", "Simulation", "Timeline", "Traffic", "simulate", "timeline"]
