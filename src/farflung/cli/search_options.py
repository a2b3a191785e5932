"""The options of a search, shared with the questions turned round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from farflung.analysis.search import GRIDS, Constraints, Question
from farflung.cli.scenario_options import Links
from farflung.cli.section_options import SectionOptions

Target = Annotated[
    str, typer.Option("--target", metavar="FLOP", help="Compute to be reached.", show_default=True)
]
Asked = Annotated[
    Mapping[str, Any],
    SectionOptions(
        section=Question,
        only=("metric", "rule", "duration", "latency", "assumptions", "reading"),
    ),
]
"""The fields of a question."""
Limits = Annotated[
    Mapping[str, Any],
    SectionOptions(
        section=Constraints,
        omit=("budget",),
    ),
]
"""The fields of the constraints, apart from the budget."""
NodeLimit = Annotated[Mapping[str, Any], SectionOptions(section=Question, only=("threshold",))]
Budget = Annotated[Mapping[str, Any], SectionOptions(section=Constraints, only=("budget",))]


@dataclass(frozen=True, kw_only=True)
class Range:
    """What a search ranges over."""

    links: Links = None
    grid: Annotated[
        str, typer.Option("--grid", metavar="|".join(GRIDS), help="What the designs range over.")
    ] = "full"
    precisions: Annotated[
        list[str] | None,
        typer.Option(
            "--precisions",
            metavar="FORMAT",
            help="Only this number format; repeatable.",
            show_default=False,
        ),
    ] = None

    def options(self) -> dict[str, Any]:
        """Return the options by their names in :func:`farflung.search`."""
        return {"links": self.links, "grid": self.grid, "precisions": self.precisions}
