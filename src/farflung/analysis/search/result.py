"""What a search found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farflung.analysis.search.designs import DRAWS, EvaluatedDesign
from farflung.analysis.search.grid import Grid, Problem
from farflung.analysis.search.options import options_of
from farflung.analysis.search.question import Constraints, Question
from farflung.analysis.search.space import MFU
from farflung.base.fields import fields_of
from farflung.base.format import format_quantity, format_share, format_short, format_value
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog import Record, chip, rules
from farflung.catalog.sources import Source, cited
from farflung.outcome import OUTPUTS, Outcome
from farflung.scenario import load_assumptions

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5
"""Designs of a page."""
_NAMED = 6
"""Chips left out for one reason that a page names; of more, their number is given."""


@dataclass(frozen=True, repr=False)
class SearchResult(Result):
    """What a search found.

    Attributes
    ----------
    problem
        The question, the constraints, and the grid.
    best
        The cheapest design; ``None`` if nothing reaches the target.
    runners_up
        The cheapest designs of other kinds (chip, precision, protocol), best first.
    pareto
        Designs that reach the target, of which none beats another in cost, nodes, duration and
        quality-adjusted compute at once: of the best, the runners-up, and the grid's cheapest branches in
        all, half and a quarter of the duration. At most 60, evenly spread over the cost.
    evaluated
        Number of designs evaluated.
    rejected_by, chips_left_out
        Numbers of designs rejected, by the first reason that applies; and names of chips left out before.
    published
        The cheapest published scenario that reaches the target in the same time over the same links.
    nearest
        Where nothing was found: the most of the metric that any design gives within all constraints [FLOP].
    why_not
        Where nothing was found: what stands in the way.
    """

    problem: Problem
    best: EvaluatedDesign | None
    runners_up: tuple[EvaluatedDesign, ...]
    pareto: tuple[EvaluatedDesign, ...]
    evaluated: int
    rejected_by: dict[str, int]
    chips_left_out: dict[str, list[str]]
    published: Outcome | None
    nearest: float | None
    why_not: str | None

    @property
    def question(self) -> Question:
        """Return what was to be reached."""
        return self.problem.question

    @property
    def constraints(self) -> Constraints:
        """Return what designs had to keep to."""
        return self.problem.constraints

    @property
    def grid(self) -> Grid:
        """Return what was ranged over."""
        return self.problem.grid

    @property
    def designs(self) -> tuple[EvaluatedDesign, ...]:
        """Return the best and the runners-up, cheapest first."""
        return ((self.best,) if self.best else ()) + self.runners_up

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the numbers take for granted."""
        assumptions = load_assumptions(self.question.assumptions)
        server, network = (assumptions.values[f"{part}_cost_factor"][0] for part in ("server", "network"))
        prices: dict[str, list[str]] = {}
        for name in dict.fromkeys(design.design.chip for design in self.designs):
            price = chip(name).get("price", assumptions.hardware_sources)
            if price is not None and price.note:
                prices.setdefault(price.note, []).append(name)
        return (
            f"every chip is given the same MFU of {MFU:g}; cards without fast links between them reach less",
            f"a server costs {server:g} times its chips unless their price includes it, and that {network:g}"
            " times with the network",
            "nodes of a group or a pipeline are linked as all others are",
            *(f"price of {', '.join(names)}: {note}" for note, names in prices.items()),
        )

    def page(self) -> Page:
        """Return the cheapest design, the runners-up and what they take for granted."""
        question = self.question
        target = format_quantity(question.target, "FLOP")
        return Page(
            title=f"{target} of {question.metric_text} below {question.limit_text}",
            lines=(*_asked(self), *_finding(self), _counts(self)),
            tables=_tables(self.designs),
            notes=self.notes,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer, the question and the rule included."""
        return {
            "question": self.question.model_dump(mode="json"),
            "constraints": self.constraints.model_dump(mode="json", exclude_defaults=True),
            "rule": _rule(self.question),
            "grid": self.grid.name,
            "best": self.best.to_dict() if self.best else None,
            "odds": {"share": self.best.odds(), "draws": DRAWS} if self.best else None,
            "runners_up": [design.to_dict() for design in self.runners_up],
            "pareto": [design.to_dict() for design in self.pareto],
            "evaluated": self.evaluated,
            "rejected_by": self.rejected_by,
            "chips_left_out": self.chips_left_out,
            "published": self.published.model_dump(mode="json") if self.published else None,
            "nearest_reachable_flop": self.nearest,
            "why_not": self.why_not,
            "notes": list(self.notes),
            "command": self.command,
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each design: the best, the runners-up, and the Pareto front."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        several = {"best": self.designs[:1], "runner-up": self.runners_up, "pareto": self.pareto}
        return pd.DataFrame(
            [{"place": place, **design.to_row()} for place, designs in several.items() for design in designs]
        )

    def call(self) -> Call:
        """Return the search again."""
        options = options_of(self.problem)
        by_name = "grid" not in options or isinstance(options["grid"], str)
        return Call("search", "farflung.search", subject=() if by_name else None, options=options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the cheapest design and the rule."""
        limits = rules()[self.question.rule].values()
        keys = [limit.source for limit in limits if isinstance(limit, Record)]
        keys += [source.key for source in self.best.outcome.citations()] if self.best else []
        return cited(sorted(set(keys)))


def _rule(question: Question) -> dict[str, Any]:
    """Return what the rule lets a node hold."""
    limit = question.node_limit()
    return {
        "name": question.rule,
        "title": rules()[question.rule]["title"],
        "node_h100_equivalents": limit.compute / limit.per_h100_equivalent,
        "node_memory_bytes": limit.memory,
    }


def _asked(result: SearchResult) -> Iterator[str]:
    question = result.question
    rule = _rule(question)
    memory = rule["node_memory_bytes"]
    held = f"{rule['node_h100_equivalents']:g} H100-equivalents"
    held += f" and {format_quantity(memory, 'byte')} of memory" if memory else ""
    limits = [
        f"{name.replace('_', ' ')} {field.format(field.get(result.constraints))}"
        for name, field in fields_of(Constraints).items()
        if field.get(result.constraints) != field.default
    ]
    yield (
        f"Asked: in {format_quantity(question.duration, 's')}, over links of {question.links_text}"
        f"{''.join(f'; {limit}' for limit in limits)}. Assumptions: {question.assumptions}."
    )
    yield f"Rule: a node holds at most {held}."


def _finding(result: SearchResult) -> Iterator[str]:
    if result.best is None:
        yield f"Nothing reaches it: {result.why_not}."
        return
    outcome, question = result.best.outcome, result.question
    also = "local_equivalent_flop" if question.metric == "quality" else "quality_adjusted_flop"
    reached, besides = (
        f"{OUTPUTS[name].symbol} {format_value(getattr(outcome, name), 'FLOP')}"
        for name in (question.output, also)
    )
    hardware, running = outcome.capital_cost_usd, outcome.total_cost_usd
    yield (
        f"Cheapest design found: {result.best.design.text}. {format_value(hardware, 'USD')} of hardware for "
        f"{reached} ({besides}); {format_value(running, 'USD')} with running it."
    )
    odds = format_share(result.best.odds())
    yield f"It reaches the target in {odds} of {DRAWS} draws of all that is uncertain."
    published = result.published
    if published is not None and published.capital_cost_usd and hardware:
        cost = format_quantity(published.capital_cost_usd, "USD")
        yield (
            f"Cheapest published scenario that reaches it: {cost} ({published.scenario.name}), "
            f"{published.capital_cost_usd / hardware:.2f} times as much."
        )


def _counts(result: SearchResult) -> str:
    left_out = [
        f"{', '.join(names) if len(names) <= _NAMED else f'{len(names)} chips'} ({reason})"
        for reason, names in result.chips_left_out.items()
    ]
    counts = f"{result.evaluated:,} designs of the {result.grid.name} grid evaluated"
    return f"{counts}; left out: {'; '.join(left_out)}." if left_out else f"{counts}."


def _tables(designs: tuple[EvaluatedDesign, ...]) -> tuple[Table, ...]:
    if not designs:
        return ()
    more = f" ({_SHOWN} of {len(designs)})" if len(designs) > _SHOWN else ""
    return (design_table(designs[:_SHOWN], f"The cheapest, and the cheapest of other kinds{more}"),)


def design_table(designs: Sequence[EvaluatedDesign], title: str) -> Table:
    """Return designs and what they come to, one below the other."""
    headers = (
        "Node", "Format", "Nodes", "Protocol", "Model", "H", "C_r", "χ", "C_quality", "C_local", "Hardware",
    )  # fmt: skip
    return Table(
        title=title,
        headers=headers,
        rows=tuple(_cells(design) for design in designs),
        numeric=frozenset(range(len(headers))) - {0, 1, 3},
    )


def _cells(evaluated: EvaluatedDesign) -> tuple[str, ...]:
    outcome, design = evaluated.outcome, evaluated.design
    share = outcome.chinchilla_efficiency
    return (
        design.node_text,
        design.precision,
        f"{design.nodes:,}",
        design.variant.mode.replace("_", " "),
        format_short(design.parameters, "parameters"),
        format_value(outcome.inner_steps, "1"),
        f"{design.compression:g}",
        "–" if share is None else f"{share:.2f}",
        format_short(outcome.quality_adjusted_flop, "FLOP"),
        format_short(outcome.local_equivalent_flop, "FLOP"),
        format_short(outcome.capital_cost_usd, "USD"),
    )
