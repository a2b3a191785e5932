"""Headlines: the questions that are asked first, under every assumption set, and how sure the answers are.

The draws are those of ``farflung uncertainty``. A search answers at the point values; its bands say how many
nodes, and how long, the design that it found needs in each draw, all its other choices being as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.distributions import Coefficient, distributions, drawn_fields, uniforms
from farflung.analysis.search import EvaluatedDesign, Grid, Problem, Question, solve
from farflung.analysis.uncertainty import QUANTILES, UncertaintyResult, uncertainty
from farflung.base.format import format_short
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result, changed_options
from farflung.base.units import factor
from farflung.catalog.sources import Source
from farflung.catalog.tables import assumption_names
from farflung.outcome import OUTPUTS, explain
from farflung.outcome.batch import evaluate_batch
from farflung.scenario import Scenario, load_assumptions, preset

if TYPE_CHECKING:
    import pandas as pd

SCENARIOS = ("paper-headline", "paper-strict-threshold", "governance-72-nodes")
"""The published answers that are quoted most."""
HEADLINE_OUTPUTS = ("quality_adjusted_flop", "local_equivalent_flop", "capital_cost_usd", "total_cost_usd")
"""Outputs that are shown of each."""
TARGETS = (1e24, 1e25)
"""Quality-adjusted compute that the cheapest designs are to reach [FLOP]."""
MEMORY_RULE = "miri-2026-memory"
"""The rule that limits the memory of a node too; the other designs keep to a search's own rule."""
DRAWS = 4096
ENDS = (0.05, 0.5, 0.95)
DEFAULT_RULE = str(Question.model_fields["rule"].default)
_METRIC, _COST = "quality_adjusted_flop", "capital_cost_usd"
_MOST_NODES, _LONGEST, _SHORTEST = 64.0, 8.0, 0.125
"""How many times its nodes, and its duration, are tried with a design."""
_STEPS = 240
DESIGN_DRAWS = 512
"""Draws of what a design needs, each of which is tried at every step."""

Progress = Callable[[int, int], None]
Coefficients = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Need:
    """How much of something a design needs to reach its target, over the draws.

    Attributes
    ----------
    name, unit
        What it is.
    point
        As found at the point values.
    quantiles
        By share of the draws; infinite where more of it does not help.
    """

    name: str
    unit: str
    point: float
    quantiles: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class Cheapest:
    """The cheapest design for a target under a set.

    Attributes
    ----------
    question
        What is to be reached, under which set and rule.
    evaluated
        The design; ``None`` if nothing in the grid reaches the target.
    reached
        Share of the draws in which the design as found reaches the target.
    needs
        Nodes, capital cost and days with which it does, its other choices as they are.
    """

    question: Question
    evaluated: EvaluatedDesign | None
    reached: float
    needs: tuple[Need, ...]

    @property
    def assumptions(self) -> str:
        """Return the name of the set."""
        return self.question.assumptions

    @property
    def target(self) -> float:
        """Return what is to be reached [FLOP]."""
        return self.question.target

    def need(self, name: str) -> Need:
        """Return one of its needs."""
        return next(one for one in self.needs if one.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "assumptions": self.assumptions,
            "target": self.target,
            "rule": self.question.rule,
            "draws": DESIGN_DRAWS,
            "reached": self.reached,
            "needs": [asdict(need) | {"quantiles": _labelled(need.quantiles)} for need in self.needs],
            "design": self.evaluated.to_dict() if self.evaluated else None,
        }


@dataclass(frozen=True, repr=False)
class Headlines(Result):
    """The answers under every assumption set.

    Attributes
    ----------
    sets
        Names of the assumption sets.
    draws, seed
        Of the scenarios' bands; the same seed gives the same ones again. Designs take ``DESIGN_DRAWS``.
    results
        By scenario and set.
    cheapest, cheapest_under_memory_limit
        For every target and set, under a search's own rule and under ``MEMORY_RULE``.
    """

    sets: tuple[str, ...]
    draws: int
    seed: int
    results: Mapping[tuple[str, str], UncertaintyResult]
    cheapest: tuple[Cheapest, ...]
    cheapest_under_memory_limit: tuple[Cheapest, ...]

    def drawn(self, assumptions: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the coefficients of a set that are drawn jointly, and singly, and lead to an answer."""
        results = [result for (_, name), result in self.results.items() if name == assumptions]
        nodes = [
            node
            for result in results
            for output in HEADLINE_OUTPUTS
            for node in explain(result.scenario, output).walk()
        ]
        # Some coefficients enter a formula under another name, with their own record behind them.
        names = {node.name for node in nodes}
        records = [node.record for node in nodes if node.record is not None]
        coefficients = load_assumptions(assumptions).coefficients
        drawn = results[0].drawn
        joint = [name for one in drawn if not isinstance(one, Coefficient) for name in one.coefficients]
        single = [
            one.name
            for one in drawn
            if isinstance(one, Coefficient) and (one.name in names or coefficients[one.name] in records)
        ]
        return tuple(joint), tuple(single)

    @property
    def designs(self) -> tuple[Cheapest, ...]:
        """Return the cheapest designs under both rules."""
        return self.cheapest + self.cheapest_under_memory_limit

    def page(self) -> Page:
        """Return every answer with the 5, 50 and 95 % of its draws."""
        designs = [
            (format_short(one.target, "FLOP"), one.question.rule, one.assumptions, need.name,
             *(_short(value, need.unit) for value in (need.point, *(need.quantiles[end] for end in ENDS))))
            for one in self.designs
            for need in one.needs
        ]  # fmt: skip
        headers = ("Target", "Rule", "Set", "Needs", "Found", "5 %", "Median", "95 %")
        title = f"The cheapest design, and what it needs in {DESIGN_DRAWS} draws"
        return Page(
            title="Headline answers, and how sure they are",
            tables=(
                *(self._scenario_table(name) for name in SCENARIOS),
                Table(headers, tuple(designs), frozenset(range(4, 8)), title),
            ),
            notes=(
                f"Scenarios: {self.draws:,} draws; designs: {DESIGN_DRAWS}; seed {self.seed}.",
                "Never: more of it does not help. A set or target without a line has no design in the grid.",
            ),
        )

    def _scenario_table(self, name: str) -> Table:
        rows = []
        for output in HEADLINE_OUTPUTS:
            for assumptions in self.sets:
                spread = self.results[name, assumptions].spread(output)
                values = (spread.point, *(spread.quantiles[end] for end in ENDS))
                answer = OUTPUTS[output].symbol or output
                rows.append((answer, assumptions, *(format_short(value, spread.unit) for value in values)))
        headers = ("Answer", "Set", "Point", "5 %", "Median", "95 %")
        return Table(headers, tuple(rows), frozenset(range(2, 6)), f"{name}, {self.draws:,} draws")

    def to_dict(self) -> dict[str, Any]:
        """Return the answers as plain data."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "scenarios": [
                {"preset": name, "assumptions": assumptions, **_scenario_dict(result)}
                for (name, assumptions), result in self.results.items()
            ],
            "cheapest": [one.to_dict() for one in self.designs],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each answer under each set."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        scenarios = (
            {"question": name, "rule": "", "assumptions": assumptions, "draws": self.draws,
             "quantity": output, "unit": spread.unit, "point": spread.point, **_labelled(spread.quantiles)}
            for (name, assumptions), result in self.results.items()
            for output in HEADLINE_OUTPUTS
            for spread in (result.spread(output),)
        )  # fmt: skip
        designs = (
            {"question": f"cheapest for {one.target:g} FLOP", "rule": one.question.rule,
             "assumptions": one.assumptions, "draws": DESIGN_DRAWS, "quantity": need.name,
             "unit": need.unit, "point": need.point, **_labelled(need.quantiles)}
            for one in self.designs
            for need in one.needs
        )  # fmt: skip
        return pd.DataFrame([*scenarios, *designs])

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        options = changed_options({"draws": (self.draws, DRAWS), "seed": (self.seed, 0)})
        return Call("headlines", "farflung.analysis.headlines.headlines", options=options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the answers."""
        outcomes = [result.outcome for result in self.results.values()]
        outcomes += [one.evaluated.outcome for one in self.designs if one.evaluated]
        return tuple(dict.fromkeys(source for outcome in outcomes for source in outcome.citations()))


def _short(value: float, unit: str) -> str:
    return format_short(value, unit).removesuffix(" day") if math.isfinite(value) else "never"


def _scenario_dict(result: UncertaintyResult) -> dict[str, Any]:
    spreads = [one for one in result.spreads if one.name in HEADLINE_OUTPUTS]
    return {
        "outputs": [asdict(one) | {"quantiles": _labelled(one.quantiles)} for one in spreads],
        "limits": [asdict(one) for one in result.chances if one.output == _METRIC],
    }


def _labelled(quantiles: Mapping[float, float]) -> dict[str, float]:
    return {f"{100 * share:g}%": value for share, value in quantiles.items()}


def headlines(
    draws: int = DRAWS, seed: int = 0, *, grid: Grid | None = None, progress: Progress | None = None
) -> Headlines:
    """Return the answers under every set.

    Parameters
    ----------
    draws, seed
        As for :func:`farflung.analysis.uncertainty.uncertainty`.
    grid
        What the search ranges over; the full grid unless given.
    progress
        Called with the number of questions answered and of all.
    """
    sets = assumption_names()
    scenarios = [(name, assumptions) for name in SCENARIOS for assumptions in sets]
    questions = {
        rule: [Question(target=target, rule=rule, assumptions=name) for target in TARGETS for name in sets]
        for rule in (DEFAULT_RULE, MEMORY_RULE)
    }
    total = len(scenarios) + sum(map(len, questions.values()))
    results: dict[tuple[str, str], UncertaintyResult] = {}
    designs: dict[str, list[Cheapest]] = {rule: [] for rule in questions}
    for name, assumptions in scenarios:
        scenario = preset(name).with_({"assumptions": assumptions})
        results[name, assumptions] = uncertainty(scenario, draws, seed)
        _count(progress, len(results), total)
    for rule, asked in questions.items():
        for question in asked:
            designs[rule].append(cheapest(question, seed, grid))
            _count(progress, len(results) + sum(map(len, designs.values())), total)
    return Headlines(sets, draws, seed, results, *map(tuple, designs.values()))


def _count(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def cheapest(question: Question, seed: int, grid: Grid | None = None) -> Cheapest:
    """Return the cheapest design for a target, and what it needs to reach it over the draws.

    Parameters
    ----------
    question
        What is to be reached, under which set and rule.
    seed
        Seed of the draws.
    grid
        What the search ranges over.
    """
    target = question.target
    best = solve(Problem(question, grid=grid or Grid())).best
    if best is None:
        return Cheapest(question, None, 0.0, ())
    scenario, outcome = best.design.scenario(question), best.outcome
    drawn = distributions(load_assumptions(question.assumptions))
    uniform = uniforms([one.name for one in drawn], DESIGN_DRAWS, seed)
    fields = drawn_fields(drawn, uniform)
    nodes = _needed(scenario, fields, "nodes.count", _whole(best.design.nodes), target)
    lengths = question.duration * np.geomspace(_SHORTEST, _LONGEST, _STEPS)
    days = factor("s", "day") * _needed(scenario, fields, "duration", lengths, target)
    reached = evaluate_batch(scenario, fields, [_METRIC])[_METRIC] >= target
    answers = (
        ("nodes", "1", float(best.design.nodes), nodes),
        (_COST, "USD", outcome.capital_cost_usd or 0.0, _cost(scenario, fields, nodes)),
        ("days", "day", factor("s", "day") * question.duration, days),
    )
    needs = (Need(name, unit, point, _quantiles(values)) for name, unit, point, values in answers)
    return Cheapest(question, best, float(reached.mean()), tuple(needs))


def _whole(nodes: int) -> np.ndarray:
    """Return numbers of nodes to try: so many, and others, ever further apart."""
    others = np.round(np.geomspace(1.0, _MOST_NODES * nodes, _STEPS))
    return np.union1d(others, [float(nodes)])


def _needed(
    scenario: Scenario, fields: Coefficients, name: str, tried: np.ndarray, target: float
) -> np.ndarray:
    """Return the least of what is tried that reaches the target in each draw, infinite where none does."""
    drawn = {coefficient: values[:, None] for coefficient, values in fields.items()}
    enough = evaluate_batch(scenario, {**drawn, name: tried[None, :]}, [_METRIC])[_METRIC] >= target
    return np.where(enough.any(axis=1), tried[enough.argmax(axis=1)], np.inf)


def _cost(scenario: Scenario, fields: Coefficients, nodes: np.ndarray) -> np.ndarray:
    """Return what so many nodes cost in each draw [USD]."""
    known = np.isfinite(nodes)
    cost = evaluate_batch(scenario, {**fields, "nodes.count": np.where(known, nodes, 1.0)}, [_COST])[_COST]
    return np.where(known, cost, np.inf)


def _quantiles(values: np.ndarray) -> dict[float, float]:
    """Return quantiles that are values themselves, since some may be infinite."""
    ends = np.quantile(values, QUANTILES, method="inverted_cdf")
    return {share: float(value) for share, value in zip(QUANTILES, ends, strict=True)}
