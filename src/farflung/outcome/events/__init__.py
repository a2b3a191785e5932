"""The event engine: the second way to an outcome, with failures, stragglers, quorums and churn."""

from farflung.outcome.events.simulate import EVENT_OUTPUTS, Simulation, simulate

__all__ = ["EVENT_OUTPUTS", "Simulation", "simulate"]
