"""Answers of the search turned round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farflung.analysis.calls import call_about
from farflung.analysis.search.designs import EvaluatedDesign
from farflung.analysis.search.grid import Problem
from farflung.analysis.search.options import options_of
from farflung.analysis.search.result import SearchResult, design_table
from farflung.base.format import format_quantity, format_share
from farflung.base.pages import Page
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.sources import Source
from farflung.outcome import OUTPUTS, evaluate
from farflung.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


@dataclass(frozen=True, repr=False)
class MostCompute(Result):
    """The design that gives most of a metric for a budget.

    Attributes
    ----------
    problem
        The question; its target is not used.
    best
        The design.
    """

    problem: Problem
    best: EvaluatedDesign

    def page(self) -> Page:
        """Return the design and what it gives."""
        question, outcome = self.problem.question, self.best.outcome
        reached = format_quantity(getattr(outcome, question.output), "FLOP")
        cost = format_quantity(outcome.capital_cost_usd or 0.0, "USD")
        budget = format_quantity(self.problem.constraints.budget or 0.0, "USD")
        metric, limit = question.metric_text, question.limit_text
        return Page(
            title=f"{budget} of hardware buys {reached} of {metric} below {limit}",
            lines=(
                f"In {format_quantity(question.duration, 's')}, over links of {question.links_text}. "
                f"Assumptions: {question.assumptions}. The design costs {cost}.",
            ),
            tables=(design_table((self.best,), "The design"),),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the design's outcome with its chips beside it, and the question."""
        return {
            **self.best.to_dict(),
            "budget": self.problem.constraints.budget,
            "command": self.command,
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row: the design."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        return pd.DataFrame([self.best.to_row()])

    def figure(self) -> go.Figure:
        """Return where the compute of the design goes."""
        return self.best.outcome.figure()

    def call(self) -> Call:
        """Return the question again."""
        options = options_of(self.problem)
        del options["target"]
        budget = options.pop("budget")
        return Call("inverse compute", "farflung.most_compute", (budget,), (repr(budget),), options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the design."""
        return self.best.outcome.citations()


@dataclass(frozen=True, repr=False)
class NodesForTarget(Result):
    """The smallest number of nodes with which an output of a scenario reaches a target.

    Attributes
    ----------
    scenario
        The scenario.
    output, target
        Name of the output, and its least value [its unit].
    nodes
        Number of nodes.
    """

    scenario: Scenario
    output: str
    target: float
    nodes: int

    def page(self) -> Page:
        """Return the answer in a sentence."""
        count = f"{self.nodes:,} {'node' if self.nodes == 1 else 'nodes'}"
        target = format_quantity(self.target, OUTPUTS[self.output].unit)
        fewer = "" if self.nodes == 1 else "; with fewer it stays below"
        return Page(f"{count}: {self.output} reaches {target}{fewer}")

    def to_dict(self) -> dict[str, Any]:
        """Return the number, and the question."""
        question = {"nodes": self.nodes, "output": self.output, "target": self.target}
        return {**question, "command": self.command, "python": self.python}

    def to_frame(self) -> pd.DataFrame:
        """Return one row: the number."""
        return _frame_of(self)

    def call(self) -> Call:
        """Return the question again."""
        defaults = {"output": (self.output, "quality_adjusted_flop"), "target": (self.target, 1e25)}
        options = changed_options(defaults)
        return call_about("inverse nodes", "farflung.nodes_for_target", (self.scenario,), options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the output."""
        return evaluate(self.scenario).citations(self.output)


@dataclass(frozen=True, repr=False)
class LeastBandwidth(Result):
    """The least bandwidth, up and down alike, that gives a utilisation.

    Attributes
    ----------
    scenario
        The scenario.
    utilisation
        Share of the compute that is used.
    bandwidth
        Bandwidth [bit/s].
    """

    scenario: Scenario
    utilisation: float
    bandwidth: float

    def page(self) -> Page:
        """Return the answer in a sentence."""
        rate = format_quantity(self.bandwidth, "bit/s")
        return Page(f"{rate} up and down give a utilisation of {format_share(self.utilisation)}")

    def to_dict(self) -> dict[str, Any]:
        """Return the bandwidth, and the question."""
        question = {"bandwidth_bps": self.bandwidth, "utilisation": self.utilisation}
        return {**question, "command": self.command, "python": self.python}

    def to_frame(self) -> pd.DataFrame:
        """Return one row: the bandwidth."""
        return _frame_of(self)

    def call(self) -> Call:
        """Return the question again."""
        options = changed_options({"utilisation": (self.utilisation, 0.9)})
        return call_about("inverse bandwidth", "farflung.least_bandwidth", (self.scenario,), options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the utilisation."""
        return evaluate(self.scenario).citations("utilisation")


@dataclass(frozen=True, repr=False)
class Threshold(Result):
    """The compute limit of a node that pushes a target out of reach.

    Attributes
    ----------
    h100_equivalents
        Largest whole limit at which nothing reaches the target; ``None`` if one H100-equivalent still does,
        or the rule's own limit already stops it.
    at_rule, at_threshold
        The search at the rule's own limit, and at the one found.
    """

    h100_equivalents: int | None
    at_rule: SearchResult
    at_threshold: SearchResult | None

    @property
    def why_not(self) -> str | None:
        """Return what stands in the way at the limit."""
        return (self.at_threshold or self.at_rule).why_not

    def page(self) -> Page:
        """Return the limit in a sentence, and what it costs to stay just above it."""
        question = self.at_rule.question
        target = f"{format_quantity(question.target, 'FLOP')} of {question.metric_text}"
        if self.at_rule.best is None:
            return Page(f"The rule's own limit already stops {target}: {self.why_not}")
        if self.h100_equivalents is None:
            return Page(f"No whole limit stops {target}: nodes of one H100-equivalent still reach it")
        limit = self.h100_equivalents
        return Page(
            title=f"A limit of {limit} H100-equivalents a node puts {target} out of reach",
            lines=(f"At {limit}: {self.why_not}. At {limit + 1} it is still reached.",),
            tables=(design_table((self.at_rule.best,), f"Cheapest at {question.limit_text}"),),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the limit, and the question."""
        return {
            "h100_equivalents": self.h100_equivalents,
            "reachable_at_rule": self.at_rule.best is not None,
            "why_not": self.why_not,
            "question": self.at_rule.question.model_dump(mode="json"),
            "command": self.command,
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row: the limit."""
        return _frame_of(self)

    def call(self) -> Call:
        """Return the question again."""
        call = self.at_rule.call()
        return Call("inverse threshold", "farflung.threshold_for_duration", call.subject, (), call.options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the search at the rule's own limit."""
        return self.at_rule.citations()


def _frame_of(result: Result) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - pandas is slow to import

    plain = {name: value for name, value in result.to_dict().items() if not isinstance(value, dict)}
    return pd.DataFrame([plain]).drop(columns=["command", "python"])
