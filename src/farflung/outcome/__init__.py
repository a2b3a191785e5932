"""One run: where physics and learning meet. ``evaluate`` answers, ``explain`` shows how."""

from farflung.outcome.batch import evaluate_batch
from farflung.outcome.explain import Explanation, explain
from farflung.outcome.flags import Flag
from farflung.outcome.outcome import Outcome, evaluate
from farflung.outcome.outputs import OUTPUTS, Output

__all__ = ["OUTPUTS", "Explanation", "Flag", "Outcome", "Output", "evaluate", "evaluate_batch", "explain"]
