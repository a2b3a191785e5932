"""Flags: what a reader of the numbers must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reader of the numbers must know.

    ``kind`` is ``extrapolated`` (a factor is used outside the range it was fitted in), ``infeasible`` (the
    run cannot take place as described), ``choice`` (what ``auto`` chose, and why), ``ignored`` (what the
    scenario says and the assumption set takes no notice of) or ``attention`` (a result that is easily
    misread).
    """

    kind: Literal["extrapolated", "infeasible", "choice", "ignored", "attention"]
    subject: str
    message: str
    nearest: str | None = None
