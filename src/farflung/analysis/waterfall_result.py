"""The difference between two outcomes as an answer: terms that add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

from farflung.analysis.calls import call_about
from farflung.base.fields import fields_of
from farflung.base.format import format_digits, format_quantity, format_short
from farflung.base.pages import Page, Table, span_on
from farflung.base.provenance import Provenance
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.sources import Source, cited
from farflung.outcome import OUTPUTS, Outcome
from farflung.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

OUTPUT = "quality_adjusted_flop"
"""Output that is looked at unless given."""
_UNCHANGED = 1e-12
"""Share of the output below which a term adds nothing."""

By = Literal["factor", "input"]


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a difference.

    Attributes
    ----------
    name, meaning
        The factor, or the fields of the scenario.
    first, second
        Its value in either scenario.
    ratio
        By what it multiplies the output on the way from the first to the second; ``None`` where the
        output is a sum, or is zero on the way.
    amount
        What it adds to the output; the amounts of all terms add up to the difference.
    """

    name: str
    meaning: str
    first: Any
    second: Any
    ratio: float | None
    amount: float


@dataclass(frozen=True, repr=False)
class Waterfall(Result):
    """The difference between two outcomes, term by term, in the order in which it is shown.

    Attributes
    ----------
    outcomes
        The outcomes of the two scenarios.
    output
        Name of the output.
    by
        Whether terms are what the output is made of, or what the scenarios say differently.
    terms
        What the difference is made of.
    exact
        Whether every order of exchange was counted, or the parts are those of a product or a sum.
    seed
        Seed of the orders, where they were drawn.
    """

    outcomes: tuple[Outcome, Outcome]
    output: str
    by: By
    terms: tuple[Term, ...]
    exact: bool
    seed: int

    @property
    def unit(self) -> str:
        """Return the unit of the output."""
        return OUTPUTS[self.output].unit

    @property
    def first(self) -> float:
        """Return the output of the first scenario."""
        return float(self.outcomes[0].values()[self.output] or 0.0)

    @property
    def second(self) -> float:
        """Return the output of the second scenario."""
        return float(self.outcomes[1].values()[self.output] or 0.0)

    @property
    def difference(self) -> float:
        """Return the second less the first."""
        return self.second - self.first

    @property
    def ratio(self) -> float | None:
        """Return the second over the first; ``None`` where that is 0."""
        return self.second / self.first if self.first else None

    @property
    def provenance(self) -> tuple[Provenance, Provenance]:
        """Return how to obtain the same answer again, for both scenarios."""
        update = {"seed": None if self.exact else self.seed, "command": self.command}
        first, second = (outcome.provenance.model_copy(update=update) for outcome in self.outcomes)
        return first, second

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the numbers must know."""
        notes = [] if self.exact else [f"many inputs differ: averaged over random orders, seed {self.seed}"]
        notes += [
            f"{outcome.scenario.name or 'unnamed'} is not feasible ({outcome.binding_constraint})"
            for outcome in self.outcomes
            if not outcome.feasible
        ]
        return tuple(notes)

    def page(self) -> Page:
        """Return the first value, every term that changes it, and the second value."""
        first, second = (outcome.scenario.name or "unnamed" for outcome in self.outcomes)
        of = "is made of" if self.by == "factor" else "comes from, by input"
        changed = [term for term in self.terms if not self.is_unchanged(term)]
        same = [_label(term.name) for term in self.terms if self.is_unchanged(term)]
        lines = [f"First: {first}. Second: {second}. What the difference {of}:"]
        if same:
            lines.append(f"{'Unchanged' if self.by == 'factor' else 'Without effect'}: {', '.join(same)}.")
        ends = [format_quantity(value, self.unit) for value in (self.first, self.second)]
        times = f" (× {format_digits(self.ratio)})" if self.ratio is not None else ""
        return Page(
            title=f"{OUTPUTS[self.output].label}: from {ends[0]} to {ends[1]}{times}",
            lines=tuple(lines),
            tables=(_table(self, changed),),
            notes=self.notes,
        )

    def is_unchanged(self, term: Term) -> bool:
        """Return whether a term adds nothing to the difference."""
        return abs(term.amount) <= _UNCHANGED * max(abs(self.first), abs(self.second))

    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer."""
        return {
            "output": self.output,
            "unit": self.unit,
            "by": self.by,
            "scenarios": [outcome.scenario.name for outcome in self.outcomes],
            "first": self.first,
            "second": self.second,
            "difference": self.difference,
            "ratio": self.ratio,
            "exact": self.exact,
            "terms": [asdict(term) for term in self.terms],
            "notes": list(self.notes),
            "provenance": [provenance.model_dump(mode="json") for provenance in self.provenance],
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each term."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame([asdict(term) for term in self.terms])

    def call(self) -> Call:
        """Return the question again."""
        scenarios = [outcome.scenario for outcome in self.outcomes]
        seed = 0 if self.exact else self.seed
        options = {"output": (self.output, OUTPUT), "by": (self.by, "factor"), "seed": (seed, 0)}
        return call_about("waterfall", "farflung.waterfall", scenarios, changed_options(options))

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the output of both."""
        keys = {source.key for outcome in self.outcomes for source in outcome.citations(self.output)}
        return cited(sorted(keys))


def _label(name: str) -> str:
    """Return the label of the output that a quantity is; fields keep their paths."""
    label = next((output.label for output in OUTPUTS.values() if output.quantity == name), "")
    return label or (name if "." in name else name.replace("_", " ").capitalize())


def _table(result: Waterfall, terms: Sequence[Term]) -> Table:
    units = {path: field.unit for path, field in fields_of(Scenario).items()}
    units |= {output.quantity: output.unit for output in OUTPUTS.values()}

    def said(term: Term, value: Any) -> str:
        values = value if isinstance(value, list) else [value]
        paths = term.name.split(" + ")
        return " + ".join(
            format_short(one, units.get(path, "1")) for one, path in zip(values, paths, strict=True)
        )

    rows, spans, level = [], [], result.first
    totals = list(accumulate((term.amount for term in terms), initial=result.first))
    axis = (min(0.0, *totals), max(0.0, *totals))
    for term in terms:
        ratio = "" if term.ratio is None else f"× {format_digits(term.ratio)}"
        sign = "+" if term.amount > 0 else "−"
        amount = f"{sign} {format_short(abs(term.amount), result.unit)}"
        rows.append((_label(term.name), said(term, term.first), said(term, term.second), ratio, amount))
        spans.append(span_on(axis, *sorted((level, level + term.amount))))
        level += term.amount
    return Table(
        headers=("", "First", "Second", "Factor", "Adds"),
        rows=tuple(rows),
        numeric=frozenset({1, 2, 3, 4}),
        spans=tuple(spans),
    )
