"""``farflung catalog``: the sourced facts, listed, and each entry with every record behind it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from farflung.cli.show import Listed

if TYPE_CHECKING:
    from farflung.cli.catalog.shelf import Shelf

catalog = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look up chips, rules, assumptions and the other sourced facts.\n\n"
    "With a NAME a listing shows that one entry: every record, its source and where in it.",
)

Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Show every record of this entry.", show_default=False)
]
Preferred = Annotated[
    str | None,
    typer.Option(
        "--assumptions", metavar="NAME", help="Take this set's hardware figures, not the default set's.",
        show_default=False,
    ),
]  # fmt: skip
How = Annotated[Listed, typer.Option("--format", help="How to show it.")]


class Reading(StrEnum):
    """What a chip counts as under a rule."""

    fp16 = "fp16"
    tpp = "tpp"


def _put(shelf: Shelf, name: str | None, how: Listed) -> None:
    if name is None:
        shelf.listing().put(how)
    else:
        shelf.entry(name).put(how)


@catalog.command()
def chips(name: Name = None, assumptions: Preferred = None, how: How = Listed.table) -> None:
    """List accelerators: dense rates, memory, power, price, H100-equivalents by processing performance.

    Figures are those that an assumption set takes, the default one unless given. With a NAME: every record,
    and the price that each set takes.
    """
    from farflung.cli.catalog.hardware import CHIPS
    from farflung.cli.catalog.hardware import chips as listed

    if name is None and assumptions is not None:
        listed(assumptions).put(how)
    else:
        _put(CHIPS, name, how)


@catalog.command()
def nodes(
    rule: Annotated[
        str, typer.Option("--rule", help="Rule that the node stays under; 'catalog rules' lists them.")
    ] = "miri-2025",
    by: Annotated[
        Reading, typer.Option("--by", help="Count chips by 16-bit rate, or by total processing performance.")
    ] = Reading.fp16,
    assumptions: Preferred = None,
    how: How = Listed.table,
) -> None:
    """List, for each chip, the largest node that a rule leaves unregistered."""
    from farflung.cli.catalog.hardware import DEFAULT, largest_nodes

    largest_nodes(rule, by.value, assumptions or DEFAULT).put(how)


@catalog.command()
def pods(name: Name = None, how: How = Listed.table) -> None:
    """List the standard commercial pods: so many of one chip."""
    from farflung.cli.catalog.hardware import PODS

    _put(PODS, name, how)


@catalog.command()
def links(name: Name = None, how: How = Listed.table) -> None:
    """List links between sites: upload, download, round-trip time."""
    from farflung.cli.catalog.tables import LINKS

    _put(LINKS, name, how)


@catalog.command()
def models(name: Name = None, how: How = Listed.table) -> None:
    """List published models and training runs."""
    from farflung.cli.catalog.tables import MODELS

    _put(MODELS, name, how)


@catalog.command()
def systems(name: Name = None, how: How = Listed.table) -> None:
    """List legitimate systems that a registration rule may catch."""
    from farflung.cli.catalog.tables import SYSTEMS

    _put(SYSTEMS, name, how)


@catalog.command()
def rules(name: Name = None, how: How = Listed.table) -> None:
    """List compute-governance rules: proposed, in force and revoked."""
    from farflung.cli.catalog.tables import RULES

    _put(RULES, name, how)


@catalog.command()
def facts(name: Name = None, how: How = Listed.table) -> None:
    """List single figures that published claims rest on."""
    from farflung.cli.catalog.tables import FACTS

    _put(FACTS, name, how)


@catalog.command()
def costs(name: Name = None, how: How = Listed.table) -> None:
    """List cost, power and growth coefficients."""
    from farflung.cli.catalog.tables import COSTS

    _put(COSTS, name, how)


@catalog.command()
def assumptions(name: Name = None, how: How = Listed.table) -> None:
    """List assumption sets; with a NAME every coefficient of the set, its range and its source."""
    from farflung.cli.catalog.books import ASSUMPTIONS

    _put(ASSUMPTIONS, name, how)


@catalog.command()
def sources(name: Name = None, how: How = Listed.table) -> None:
    """List the bibliography; with a NAME its BibTeX entry, ready to paste."""
    from farflung.cli.catalog.books import SOURCES

    _put(SOURCES, name, how)


@catalog.command()
def fields(name: Name = None, how: How = Listed.table) -> None:
    """List every field of a scenario: unit, default, bounds, meaning."""
    from farflung.cli.catalog.books import FIELDS

    _put(FIELDS, name, how)
