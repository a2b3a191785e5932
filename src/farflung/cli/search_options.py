"""The options in which a search is asked for, shared by the search and the questions turned round."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from farflung.catalog.tables import DEFAULT_ASSUMPTIONS

if TYPE_CHECKING:
    from farflung.analysis.search import Constraints, Grid, Question


def _unset(name: str, meaning: str, value: str | None = None) -> Any:
    """Return an option that limits nothing unless it is given."""
    return typer.Option(name, metavar=value, help=meaning, show_default=False)


Target = Annotated[float, typer.Option("--target", help="Compute to be reached, in FLOP: 1e25.")]
Budget = Annotated[str | None, _unset("--budget", "Greatest capital cost, as '50e6 USD'.")]
_Names = list[str] | None
_OPTION = {
    "most_nodes": "--max-nodes",
    "most_overtraining": "--max-overtraining",
    "least_chinchilla": "--min-chinchilla",
}
"""Options by the constraints they set."""


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes the fields of a parameter that is a dataclass as options of its own."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters: list[inspect.Parameter] = []
    for one in inspect.signature(command).parameters.values():
        if one.name in groups:
            own = get_type_hints(groups[one.name], include_extras=True)
            parameters += [
                inspect.Parameter(field.name, one.kind, default=field.default, annotation=own[field.name])
                for field in fields(groups[one.name])
            ]
        else:
            parameters.append(one.replace(annotation=hints[one.name]))

    @functools.wraps(command)
    def told(**given: Any) -> None:
        whole = {
            name: kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            for name, kind in groups.items()
        }
        command(**given, **whole)

    # Typer reads both.
    told.__annotations__ = {one.name: one.annotation for one in parameters}
    told.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return told


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of a question, apart from its target."""

    metric: Annotated[
        str,
        typer.Option("--metric", help="quality (quality-adjusted), local (local-equivalent) or raw compute."),
    ] = "quality"
    rule: Annotated[
        str,
        typer.Option("--rule", help="Rule whose limits no node may exceed; see [bold]catalog rules[/bold]."),
    ] = "miri-2025"
    duration: Annotated[str, typer.Option("--duration", help="Length of the run.")] = "740 days"
    links: Annotated[
        str,
        typer.Option("--links", help="Bandwidth of every node: '100Mbps', or '57Mbps/310Mbps' up and down."),
    ] = "100 Mbps"
    latency: Annotated[str, typer.Option("--latency", help="Round-trip time.")] = "100 ms"
    assumptions: Annotated[str, typer.Option("--assumptions", help="Assumption set.")] = DEFAULT_ASSUMPTIONS
    by: Annotated[
        str, typer.Option("--by", help="How the rule counts compute: fp16, or tpp (rate times bits).")
    ] = "fp16"

    def question(self, target: float = 1.0) -> Question:
        """Return the question that the options ask.

        Raises
        ------
        InputError
            If a quantity cannot be read.
        """
        from farflung.analysis.search import Question
        from farflung.base.errors import InputError

        up, slash, down = self.links.partition("/")
        if self.by not in {"fp16", "tpp"}:
            raise InputError("--by", f"'{self.by}' is no way to count", nearest="fp16 or tpp")
        return Question(
            target=target,
            metric=self.metric,  # type: ignore[arg-type] # the question checks it
            rule=self.rule,
            duration=amount("--duration", self.duration, "s"),
            upload=amount("--links", up, "bit/s"),
            download=amount("--links", down if slash else up, "bit/s"),
            latency=amount("--latency", self.latency, "s", may_be_zero=True, shown="100 ms"),
            assumptions=self.assumptions,
            reading="fp16" if self.by == "fp16" else "tpp",
        )


@dataclass(frozen=True, kw_only=True)
class Designs:
    """The options that say which designs are looked at."""

    ranged: Annotated[str, typer.Option("--grid", help="full, or published (what the paper searched).")] = (
        "full"
    )
    chips: Annotated[_Names, _unset("--chip", "Only this chip; repeatable.")] = None
    makers: Annotated[_Names, _unset("--maker", "Only this maker; repeatable.")] = None
    jurisdictions: Annotated[_Names, _unset("--jurisdiction", "Only chips designed here; repeatable.")] = None
    modes: Annotated[_Names, _unset("--mode", "Only this protocol; repeatable.")] = None
    precisions: Annotated[_Names, _unset("--precision", "Only this number format; repeatable.")] = None
    before: Annotated[
        str | None, _unset("--released-before", "Only chips released before this day, as 2024-06-30.", "DAY")
    ] = None
    most_nodes: Annotated[int | None, _unset("--max-nodes", "Greatest number of nodes.")] = None
    most_overtraining: Annotated[
        float | None,
        _unset("--max-overtraining", "Greatest ratio of tokens to those of the reference allocation."),
    ] = None
    least_chinchilla: Annotated[
        float | None,
        _unset("--min-chinchilla", "Least χ, the share that over-training leaves, from 0 to 1."),
    ] = None
    any_memory: Annotated[
        bool,
        typer.Option(
            "--any-memory",
            help="Also use cards without high-bandwidth memory, at the same MFU as the others.",
        ),
    ] = False

    def constraints(self, budget: str | None = None) -> Constraints:
        """Return the constraints that the options set.

        Raises
        ------
        InputError
            If a name is unknown or a day or quantity cannot be read.
        """
        import datetime

        from farflung.analysis.search import Constraints
        from farflung.base.errors import InputError, unknown
        from farflung.catalog import chip
        from farflung.catalog import chips as known
        from farflung.outcome.protocols import PROTOCOLS

        everything = known().values()
        for given, words, kind in (
            (self.makers, {one.manufacturer for one in everything}, "maker"),
            (self.jurisdictions, {one.jurisdiction for one in everything}, "jurisdiction"),
            (self.modes, set(PROTOCOLS), "protocol"),
        ):
            for word in given or ():
                if word not in words:
                    raise unknown(f"--{'mode' if kind == 'protocol' else kind}", kind, word, words)
        try:
            day = None if self.before is None else datetime.date.fromisoformat(self.before)
        except ValueError as error:
            raise InputError("--released-before", f"'{self.before}' is no day", "2024-06-30") from error
        try:
            return Constraints(
                most_nodes=self.most_nodes,
                budget=None if budget is None else amount("--budget", budget, "USD", shown="50e6 USD"),
                most_overtraining=self.most_overtraining,
                least_chinchilla=self.least_chinchilla,
                any_memory=self.any_memory,
                makers=tuple(self.makers or ()),
                jurisdictions=tuple(self.jurisdictions or ()),
                chip_names=tuple(chip(name, "--chip").name for name in self.chips or ()),
                released_before=day,
                modes=tuple(self.modes or ()),
            )
        except InputError as error:
            raise InputError(_OPTION.get(error.field, error.field), error.problem, error.nearest) from error

    def grid(self) -> Grid:
        """Return the grid of that name, limited to some number formats where they are given."""
        from dataclasses import replace

        from farflung.analysis.search import GRIDS
        from farflung.base.errors import unknown
        from farflung.catalog.chips import FORMAT_OF_PRECISION

        if self.ranged not in GRIDS:
            raise unknown("--grid", "grid", self.ranged, GRIDS)
        for one in self.precisions or ():
            if one not in FORMAT_OF_PRECISION:
                raise unknown("--precision", "number format", one, FORMAT_OF_PRECISION)
        chosen = GRIDS[self.ranged]()
        return replace(chosen, precisions=tuple(self.precisions)) if self.precisions else chosen


def amount(
    option: str, text: str, unit: str, *, may_be_zero: bool = False, shown: str | None = None
) -> float:
    """Return a quantity, naming the option where it cannot be read or is not above 0.

    Parameters
    ----------
    option
        Name of the option or argument.
    text, unit
        What was written, and the unit of the answer.
    may_be_zero
        Whether 0 will do.
    shown
        Example of what would do, instead of that of the unit.

    Raises
    ------
    InputError
        If it cannot be read, or is not above 0.
    """
    import math

    from farflung.base.errors import InputError
    from farflung.base.units import example, parse

    shown = shown or example(unit)
    try:
        value = parse(text.strip(), unit)
    except InputError as error:
        raise InputError(option, error.problem, f"for example '{shown}'") from error
    if not math.isfinite(value):
        raise InputError(option, f"'{text}' is not a finite number", nearest=f"for example '{shown}'")
    if value < 0 or (value == 0 and not may_be_zero):
        least = "0 or more" if may_be_zero else "above 0"
        raise InputError(option, f"'{text}' is not {least}", nearest=f"for example '{shown}'")
    return value
