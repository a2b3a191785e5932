"""The options in which a search is asked for, shared by the search and the questions turned round."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Annotated, Any, get_type_hints

import typer

from farflung.catalog.tables import DEFAULT_ASSUMPTIONS


def _unset(name: str, meaning: str, value: str | None = None) -> Any:
    """Return an option that limits nothing unless it is given."""
    return typer.Option(name, metavar=value, help=meaning, show_default=False)


Target = Annotated[float, typer.Option("--target", help="Compute to be reached, in FLOP: 1e25.")]
Budget = Annotated[str | None, _unset("--budget", "Greatest capital cost, as '50e6 USD'.")]
_Names = list[str] | None
_OPTION = {
    "reading": "--by", "chips": "--chip", "makers": "--maker", "jurisdictions": "--jurisdiction",
    "modes": "--mode", "precisions": "--precision",
}  # fmt: skip
"""Options whose names differ from those of :func:`farflung.search`."""


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
    reading: Annotated[
        str, typer.Option("--by", help="How the rule counts compute: fp16, or tpp (rate times bits).")
    ] = "fp16"

    def options(self) -> dict[str, Any]:
        """Return the options by their names in :func:`farflung.search`."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Designs:
    """The options that say which designs are looked at."""

    grid: Annotated[str, typer.Option("--grid", help="full, or published (what the paper searched).")] = (
        "full"
    )
    chips: Annotated[_Names, _unset("--chip", "Only this chip; repeatable.")] = None
    makers: Annotated[_Names, _unset("--maker", "Only this maker; repeatable.")] = None
    jurisdictions: Annotated[_Names, _unset("--jurisdiction", "Only chips designed here; repeatable.")] = None
    modes: Annotated[_Names, _unset("--mode", "Only this protocol; repeatable.")] = None
    precisions: Annotated[_Names, _unset("--precision", "Only this number format; repeatable.")] = None
    released_before: Annotated[
        str | None, _unset("--released-before", "Only chips released before this day, as 2024-06-30.", "DAY")
    ] = None
    max_nodes: Annotated[int | None, _unset("--max-nodes", "Greatest number of nodes.")] = None
    max_overtraining: Annotated[
        float | None,
        _unset("--max-overtraining", "Greatest ratio of tokens to those of the reference allocation."),
    ] = None
    min_chinchilla: Annotated[
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

    def options(self) -> dict[str, Any]:
        """Return the options by their names in :func:`farflung.search`."""
        return asdict(self)


@contextmanager
def naming_options() -> Iterator[None]:
    """Name the option of the command line, rather than the argument, where its value is refused."""
    from farflung.base.errors import InputError

    try:
        yield
    except InputError as error:
        option = _OPTION.get(error.field, f"--{error.field.replace('_', '-')}")
        plain = error.field in {"search", "constraints"} or "." in error.field
        raise InputError(error.field if plain else option, error.problem, error.nearest) from error
