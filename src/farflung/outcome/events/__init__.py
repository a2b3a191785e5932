"""The event engine: the second way to an outcome, with failures, stragglers, quorums and churn."""

from farflung.outcome.events.simulate import EVENT_OUTPUTS, Simulation, simulate, timeline
from farflung.outcome.events.timeline import Interval, Timeline, Traffic

__all__ = ["EVENT_OUTPUTS", "Interval", "Simulation", "Timeline", "Traffic", "simulate", "timeline"]
