"""From the choices of a run to its steps: unions of parts, nothing edited afterwards."""

from __future__ import annotations

from functools import lru_cache

from farflung.base.graph import Plan, Steps, plan, union
from farflung.outcome.model.choices import Choices
from farflung.outcome.model.every_run import (
    EVERY_RUN,
    FIXED_DURATION,
    FIXED_TOKENS,
    HARDWARE,
    round_steps,
    straggler_steps,
)
from farflung.outcome.model.forms import form_steps


@lru_cache(maxsize=256)
def assemble(choices: Choices) -> Steps:
    """Return the steps of a run.

    Raises
    ------
    LookupError
        If two parts answer one quantity.
    """
    protocol = choices.protocol
    return union(
        HARDWARE,
        EVERY_RUN,
        protocol.steps,
        round_steps(protocol),
        straggler_steps(choices.stragglers, protocol),
        FIXED_TOKENS if choices.fixed_tokens else FIXED_DURATION,
        form_steps(choices.forms, limited_data=choices.limited_data),
    )


@lru_cache(maxsize=1024)
def planned(
    choices: Choices,
    given: frozenset[str],
    absent: frozenset[str] = frozenset(),
    wanted: frozenset[str] | None = None,
) -> Plan:
    """Return the plan of a run; see :func:`farflung.base.graph.plan`."""
    return plan(assemble(choices), given, absent, wanted)
