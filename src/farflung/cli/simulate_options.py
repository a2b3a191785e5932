"""The options of a simulation: how the run is kept going, and the files that its first run goes into."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from farflung.base.errors import InputError
from farflung.cli.show import PLOT_HELP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farflung.outcome.events import Simulation, Timeline
    from farflung.scenario.operation import Operation

_ROUNDS, _MOST_ROUNDS = 20, 1000


def _unset(name: str, meaning: str, value: str | None = None) -> Any:
    return typer.Option(name, metavar=value, help=meaning, show_default=False)


def words(**options: object) -> list[str]:
    """Return options as they are written, without those that are not given."""
    given = {f"--{name.replace('_', '-')}": value for name, value in options.items() if value is not None}
    return [word for name, value in given.items() for word in (name, str(value))]


@dataclass(frozen=True, kw_only=True)
class KeptGoing:
    """The options that say how a run is kept going."""

    policy: Annotated[
        str | None,
        _unset(
            "--policy",
            "When a synchronisation closes: barrier, elastic (default), quorum:0.9, 'deadline:10 min', "
            "adaptive:3, backup:1.1, 'torchft:60 s', asynchronous:1.",
        ),
    ] = None
    late: Annotated[
        str | None, _unset("--late", "Late updates: drop, or merge; the policy decides if left out.")
    ] = None
    transport: Annotated[
        str | None,
        _unset("--transport", "parameter_server (default), ring, all_gather, relay or gossip."),
    ] = None
    fragments: Annotated[int | None, _unset("--fragments", "Parts of the model that take turns.")] = None
    overlap_steps: Annotated[
        float | None, _unset("--overlap-steps", "Steps that go on while an exchange runs, at most.")
    ] = None
    spares: Annotated[int | None, _unset("--spares", "Nodes that stand by for those that fail.")] = None
    operation: Annotated[
        Path | None, _unset("--operation", "TOML file with fields of an operation.", "FILE")
    ] = None

    def asked(self, changes: Mapping[str, Any]) -> Operation:
        """Return the operation of the file, with what the options and then the changes say.

        Raises
        ------
        InputError
            If the file cannot be read, or a field or value is not valid.
        """
        from farflung.scenario.operation import Operation, load_operation

        given = {name: value for name, value in asdict(self).items() if value is not None}
        file = given.pop("operation", None)
        start = Operation() if file is None else load_operation(file)
        return start.changed({**given, **changes})

    def words(self) -> list[str]:
        """Return the options as they were written."""
        return words(**asdict(self))


@dataclass(frozen=True, kw_only=True)
class Files:
    """The options that say which files the first run goes into."""

    rounds: Annotated[
        int, typer.Option("--rounds", help="Synchronisations of the first run that the files below cover.")
    ] = _ROUNDS
    trace: Annotated[
        Path | None,
        _unset(
            "--trace", "Write what its units did as a Chrome trace, for Perfetto or chrome://tracing.", "FILE"
        ),
    ] = None
    traffic: Annotated[
        Path | None, _unset("--traffic", "Write what passed each unit's line, as CSV.", "FILE")
    ] = None
    plot: Annotated[Path | None, _unset("--plot", PLOT_HELP, "FILE")] = None

    def check(self) -> None:
        """Raise an error if a file cannot be written, before anything is simulated for it."""
        import os

        if not 1 <= self.rounds <= _MOST_ROUNDS:
            nearest = 1 if self.rounds < 1 else _MOST_ROUNDS
            raise InputError(
                "--rounds", f"{self.rounds} is not from 1 to {_MOST_ROUNDS}", nearest=str(nearest)
            )
        for option, file in (("--trace", self.trace), ("--traffic", self.traffic)):
            if file is None:
                continue
            if file.is_dir() or not file.parent.is_dir():
                why = "it is a folder" if file.is_dir() else f"there is no folder '{file.parent}'"
                raise InputError(option, f"'{file}' cannot be written: {why}")
            if not os.access(file if file.exists() else file.parent, os.W_OK):
                raise InputError(option, f"'{file}' cannot be written: permission denied")
        if self.plot is not None:
            from farflung.report.figures import check_figure_path

            check_figure_path(self.plot)

    def write(self, result: Simulation, timeline: Timeline) -> list[str]:
        """Write the files; return what to say about them."""
        import json

        if self.trace is not None:
            self.trace.write_text(json.dumps(timeline.chrome_trace()), encoding="utf-8")
        if self.traffic is not None:
            timeline.traffic(timeline.fine_step).write(self.traffic)
        if self.plot is not None:
            from farflung.report.figures import gantt_figure, write_figure

            write_figure(gantt_figure(result, timeline), self.plot)
        written = [str(file) for file in (self.trace, self.traffic, self.plot) if file is not None]
        return [f"{', '.join(written)}: {timeline.covered}"] if written else []

    def words(self) -> list[str]:
        """Return the options as they were written."""
        given = asdict(self)
        return words(**{**given, "rounds": None if self.rounds == _ROUNDS else self.rounds})
