"""What a reader of simulated runs must know: what stopped them, and what made them better than planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from farflung.base.arrays import Array
from farflung.base.format import format_digits, format_quantity
from farflung.outcome.events.run_spec import Totals
from farflung.outcome.flags import Flag
from farflung.outcome.run import Run

_ROUNDING = 1e-6
"""Relative gain over the plan that may be rounding."""


def findings(totals: Totals, values: Mapping[str, Array], run: Run) -> tuple[Flag, ...]:
    """Return what stopped runs, or else what made their tokens worth more than planned."""
    return tuple(_stopped(totals, run)) or tuple(_better_than_planned(values, run))


def _stopped(totals: Totals, run: Run) -> Iterator[Flag]:
    runs, at = len(totals.stalled_at), totals.stalled_at[np.isfinite(totals.stalled_at)]
    stalled, empty = len(at), int((totals.synchronisations < 1.0).sum())
    if stalled:
        after = format_quantity(float(np.median(at)), "s")
        yield Flag(
            "infeasible",
            "fault_model.policy",
            f"{stalled} of {runs} runs cannot go on: after {after} (median) too few replicas are left, "
            "or none finishes its work before it stops again",
            nearest="policy = 'elastic', a smaller quorum, fewer inner steps, or spares",
        )
    elif empty:
        yield Flag(
            "infeasible",
            "duration",
            f"{empty} of {runs} runs end before their first synchronisation",
            nearest=f"more than {format_quantity(2.0 * float(run.values['outer_round_time']), 's')}",
        )


def _better_than_planned(values: Mapping[str, Array], run: Run) -> Iterator[Flag]:
    """Yield a flag where a token, or else the averaging of replicas, is worth more than planned, and why."""
    names = ("tokens", "effective_replicas", "quality_adjusted_flop", "efficiency_replica")
    tokens, averaged, quality, efficiency = (float(np.median(values[name])) for name in names)
    median = {"tokens": tokens, "quality_adjusted_flop": quality, "efficiency_replica": efficiency}
    causes = {
        f"fewer replicas are averaged, {format_digits(averaged)} of {format_digits(run.values['replicas'])}, "
        "and fewer diverge less": {"averaged_replicas": averaged},
        "the run has fewer tokens": {"tokens": tokens},
    }
    for worth, words in ((_of_a_token, "a token is worth"), (_of_averaging, "averaging replicas leaves")):
        gain = worth(median, run.values)
        if gain > _ROUNDING:
            gains = {
                why: worth(run.plan.execute_from(run.values, cause), run.values)
                for why, cause in causes.items()
            }
            reasons = "; ".join(f"{why} ({gain:+.2%})" for why, gain in gains.items() if gain > _ROUNDING)
            total = quality / float(run.values["quality_adjusted_flop"]) - 1.0
            yield Flag(
                "attention",
                "quality_adjusted_flop",
                f"{words} {gain:+.2%} against the plan: {reasons}. C_quality of the run is {total:+.2%}",
            )
            return


def _of_a_token(values: Mapping[str, Any], plan: Mapping[str, Any]) -> float:
    """Return by which share C_quality per token exceeds the plan."""
    worth, planned = (each["quality_adjusted_flop"] / each["tokens"] for each in (values, plan))
    return float(worth / planned) - 1.0


def _of_averaging(values: Mapping[str, Any], plan: Mapping[str, Any]) -> float:
    """Return by which share the efficiency of averaging replicas exceeds the plan."""
    planned = plan.get("efficiency_replica")
    return float(values["efficiency_replica"] / planned) - 1.0 if planned is not None else 0.0
