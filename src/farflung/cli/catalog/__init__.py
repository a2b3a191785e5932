"""``farflung catalog``: chips, rules, assumptions and the other sourced facts."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.cli.answer import Answer, Answerable, answers
from farflung.cli.catalog import hardware, references, tables
from farflung.cli.catalog.section import Section
from farflung.cli.command import command_group

Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Show every record of this entry.", show_default=False)
]
Preferred = Annotated[
    str, typer.Option("--assumptions", metavar="NAME", help="Take this set's hardware figures.")
]


class Reading(StrEnum):
    """How a rule counts a chip."""

    fp16 = "fp16"
    tpp = "tpp"


@answers
def chips(name: Name = None, *, assumptions: Preferred = DEFAULT_ASSUMPTIONS) -> Answerable | Answer:
    """Return the chips as an assumption set has them, or one of them."""
    return hardware.chips(assumptions) if name is None else hardware.CHIPS.look_up(name)


@answers
def nodes(
    *,
    rule: Annotated[
        str, typer.Option("--rule", help="Rule that the node stays under; see [bold]catalog rules[/bold].")
    ] = "miri-2025",
    reading: Annotated[
        Reading,
        typer.Option("--reading", help="How the rule counts: 16-bit rate, or rate times bits."),
    ] = Reading.fp16,
    assumptions: Preferred = DEFAULT_ASSUMPTIONS,
) -> Answerable:
    """List, for each chip, the largest node that a rule leaves unregistered."""
    return hardware.largest_nodes(rule, reading.value, assumptions)


def _command(section: Section) -> Callable[..., None]:
    """Return the command that looks up a section."""

    def look_up(name: Name = None) -> Answerable | Answer:
        return section.look_up(name)

    look_up.__doc__ = section.summary
    command: Callable[..., None] = answers(look_up)
    return command


chips.__doc__ = hardware.CHIPS.summary
SECTIONS = {
    "pods": hardware.PODS,
    "links": tables.LINKS,
    "models": tables.MODELS,
    "systems": tables.SYSTEMS,
    "rules": tables.RULES,
    "facts": tables.FACTS,
    "costs": tables.COSTS,
    "assumptions": references.ASSUMPTIONS,
    "sources": references.SOURCES,
    "fields": references.FIELDS,
}

catalog = command_group(
    "Look up chips, rules, assumptions and the other sourced facts.\n\n"
    "With a NAME a listing shows that one entry: every record, its source and where in it.",
    {"chips": chips, "nodes": nodes, **{name: _command(section) for name, section in SECTIONS.items()}},
)
