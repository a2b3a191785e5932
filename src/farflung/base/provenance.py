"""What made a number: version, assumption set and its hash, seed, command."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata
from typing import Any

from pydantic import BaseModel, ConfigDict


class Provenance(BaseModel):
    """How to obtain the same answer again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Version of farflung."""
    assumptions: str
    """Name of the assumption set."""
    assumptions_hash: str
    """First 16 hex digits of the SHA-256 of the set's content, so that an edited set shows."""
    scenario_hash: str
    """The same of the scenario as it was evaluated, defaults filled in."""
    command: str | None = None
    """The command that gives the answer again, where one is known."""
    seed: int | None = None
    """Seed of the random numbers, where any were drawn."""


@cache
def version() -> str:
    """Return the installed version of farflung."""
    return metadata.version("farflung")


def content_hash(content: Any) -> str:
    """Return the first 16 hex digits of the SHA-256 of ``content`` as canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
