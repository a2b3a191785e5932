"""Policies: when a synchronisation closes. One short file each, read from text such as 'quorum:0.9,30 s'."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from farflung.base.errors import InputError, unknown
from farflung.base.units import parse
from farflung.outcome.events.policies.adaptive import Adaptive
from farflung.outcome.events.policies.asynchronous import Asynchronous
from farflung.outcome.events.policies.barrier import Barrier
from farflung.outcome.events.policies.deadline import Deadline
from farflung.outcome.events.policies.elastic import Elastic
from farflung.outcome.events.policies.policy import Policy, Waiting
from farflung.outcome.events.policies.quorum import Quorum
from farflung.outcome.events.policies.torchft import TorchFT

FORMS: Mapping[str, str] = {
    "barrier": "barrier",
    "elastic": "elastic",
    "quorum": "quorum:0.9 (share of workers) or quorum:0.9,30 s (and a grace window)",
    "deadline": "deadline:10 min",
    "adaptive": "adaptive:3 (deviations)",
    "backup": "backup:1.1 (workers run for each that is waited for: a quorum of the fastest)",
    "torchft": "torchft:60 s (join timeout) or torchft:60 s,2 (and least workers)",
    "asynchronous": "asynchronous:1 (arrivals to merge) or asynchronous:1,5 s (and a grace window)",
}
"""How each policy is written."""


def policy_from(text: str, workers: int) -> Policy:
    """Return the policy that a text names, for so many workers.

    Parameters
    ----------
    text
        Name and arguments, as in :data:`FORMS`.
    workers
        Replicas, or groups of them, that synchronise.

    Raises
    ------
    InputError
        If there is no such policy, or an argument is missing, no number or out of range.
    """
    name, _, rest = text.partition(":")
    arguments = [part.strip() for part in rest.split(",")] if rest.strip() else []
    if name not in FORMS:
        raise unknown("fault_model.policy", "policy", name, FORMS)
    least, most = _COUNTS[name]
    if not least <= len(arguments) <= most:
        raise _malformed(text, f"takes {least if least == most else f'{least} or {most}'} arguments", name)
    return _MAKERS[name](_Arguments(text, name, arguments), workers)


class _Arguments:
    """The arguments of a policy, each read as what it must be."""

    def __init__(self, text: str, name: str, given: list[str]) -> None:
        self._text, self._name, self._given = text, name, given

    def number(self, at: int, least: float, most: float) -> float:
        """Return a plain number within bounds."""
        try:
            value = float(self._given[at])
        except ValueError:
            raise _malformed(self._text, f"'{self._given[at]}' is not a number", self._name) from None
        if not least <= value <= most:  # NaN lies between no bounds
            raise InputError(
                "fault_model.policy",
                f"{value:g} in '{self._text}' is not from {least:g} to {most:g}",
                nearest=f"{least if value < least else most:g}",
            )
        return value

    def seconds(self, at: int) -> float:
        """Return a time, 0 if it is not given."""
        if at >= len(self._given):
            return 0.0
        value = parse(self._given[at], "s")
        if not 0.0 <= value < math.inf:
            raise InputError("fault_model.policy", f"{self._given[at]} is not a time from 0", nearest="0 s")
        return value

    def count(self, at: int, workers: int) -> int:
        """Return a whole number of workers, 1 if it is not given."""
        return int(self.number(at, 1, workers)) if at < len(self._given) else 1


def _malformed(text: str, why: str, name: str) -> InputError:
    return InputError("fault_model.policy", f"'{text}': {why}", nearest=FORMS[name])


_COUNTS = {
    "barrier": (0, 0), "elastic": (0, 0), "quorum": (1, 2), "deadline": (1, 1), "adaptive": (1, 1),
    "backup": (1, 1), "torchft": (1, 2), "asynchronous": (1, 2),
}  # fmt: skip
_SMALLEST_SHARE = 1e-9
_MAKERS: Mapping[str, Callable[[_Arguments, int], Policy]] = {
    "barrier": lambda _, __: Barrier(),
    "elastic": lambda _, __: Elastic(),
    "quorum": lambda given, workers: Quorum(
        max(1, math.ceil(given.number(0, 0.0, 1.0) * workers - _SMALLEST_SHARE)), given.seconds(1)
    ),
    "deadline": lambda given, _: Deadline(given.seconds(0)),
    "adaptive": lambda given, _: Adaptive(given.number(0, 0.0, 1e6)),
    "backup": lambda given, workers: Quorum(max(1, math.floor(workers / given.number(0, 1.0, 1e6)))),
    "torchft": lambda given, workers: TorchFT(given.seconds(0), given.count(1, workers)),
    "asynchronous": lambda given, workers: Asynchronous(given.count(0, workers), given.seconds(1)),
}

__all__ = ["FORMS", "Policy", "Waiting", "policy_from"]
