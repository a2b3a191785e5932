"""One run: where physics and learning meet. ``evaluate`` answers, ``explain`` shows how."""

from farflung.outcome.closed_form import evaluate
from farflung.outcome.explain import Explanation, explain
from farflung.outcome.schema import OUTPUTS, Flag, Outcome

__all__ = ["OUTPUTS", "Explanation", "Flag", "Outcome", "evaluate", "explain"]
