"""The options of a simulation: its fault model, and the files that its first run goes into."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.base.errors import InputError
from farflung.cli.section_options import SectionOptions
from farflung.scenario.fault_model import FaultModel, load_fault_model

if TYPE_CHECKING:
    from farflung.outcome.events import Timeline

_ROUNDS, _MOST_ROUNDS = 20, 1000

Levers = Annotated[
    Mapping[str, Any],
    SectionOptions(
        section=FaultModel, only=("policy", "late", "transport", "fragments", "overlap_steps", "spares")
    ),
]
"""What an operator decides; the conditions of the world are set with ``--set fault_model.KEY=VALUE``."""
FaultModelFile = Annotated[
    Path | None,
    typer.Option("--fault-model", metavar="FILE", help="TOML file of a fault model.", show_default=False),
]


def load_levers(file: Path | None, changes: Mapping[str, Any]) -> FaultModel:
    """Return the fault model of a file, or the default one, with some fields replaced.

    Raises
    ------
    InputError
        If the file cannot be read, or a field or value is not valid.
    """
    return (FaultModel() if file is None else load_fault_model(file)).changed(changes)


def _file(name: str, meaning: str) -> Any:
    return typer.Option(name, metavar="FILE", help=meaning, show_default=False)


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files that the first run goes into."""

    rounds: Annotated[
        int, typer.Option("--rounds", help="Synchronisations that the files and the plot cover.")
    ] = _ROUNDS
    trace: Annotated[
        Path | None, _file("--trace", "Write a Chrome trace, for Perfetto or chrome://tracing.")
    ] = None
    traffic: Annotated[
        Path | None, _file("--traffic", "Write what passed each participant's link, as CSV.")
    ] = None

    def check(self) -> None:
        """Raise an error if a file cannot be written, before anything is simulated for it."""
        if not 1 <= self.rounds <= _MOST_ROUNDS:
            nearest = 1 if self.rounds < 1 else _MOST_ROUNDS
            raise InputError("rounds", f"{self.rounds} is not from 1 to {_MOST_ROUNDS}", nearest=f"{nearest}")
        for name, file in (("trace", self.trace), ("traffic", self.traffic)):
            if file is None:
                continue
            if file.is_dir() or not file.parent.is_dir():
                why = "it is a folder" if file.is_dir() else f"there is no folder '{file.parent}'"
                raise InputError(name, f"'{file}' cannot be written: {why}")
            if not os.access(file if file.exists() else file.parent, os.W_OK):
                raise InputError(name, f"'{file}' cannot be written: permission denied")

    def write(self, timeline: Timeline | None) -> tuple[str, ...]:
        """Write the files; return what to say about them. A run that cannot take place has none."""
        if timeline is None:
            return ()
        if self.trace is not None:
            self.trace.write_text(json.dumps(timeline.chrome_trace()), encoding="utf-8")
        if self.traffic is not None:
            timeline.traffic(timeline.fine_step).write(self.traffic)
        written = [str(file) for file in (self.trace, self.traffic) if file is not None]
        return (f"written: {', '.join(written)}: {timeline.covered}",) if written else ()
