"""The call that gives an answer about scenarios again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from farflung.base.results import Call
from farflung.scenario import Scenario


def call_about(
    verb: str,
    function: str,
    scenarios: Sequence[Scenario],
    options: Mapping[str, Any],
    *,
    words: Sequence[str] = (),
    keywords: Sequence[str] = (),
) -> Call:
    """Return a call about scenarios; on a command line, changes apply to all of them.

    Parameters
    ----------
    verb, function, options
        As for :class:`Call`.
    scenarios
        What it is about.
    words, keywords
        More words of the command line, and keywords of the Python call.
    """
    arguments = [scenario.arguments for scenario in scenarios]
    subject: tuple[str, ...] | None = None
    if None not in arguments:
        names, changes = zip(*((known[0], known[1:]) for known in arguments if known), strict=True)
        subject = (*names, *changes[0], *words) if len(set(changes)) == 1 else None
    sources = (scenario.python for scenario in scenarios)
    return Call(verb, function, subject, (*sources, *keywords), options)
