"""Headlines: the questions that are asked first, under every assumption set, and how sure the answers are.

The draws are those of ``farflung uncertainty``. A search answers at the point values; its bands say how many
nodes, and how long, the design that it found needs in each draw, all its other choices being as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from farflung.analysis.distributions import Coefficient, distributions, drawn_fields, uniforms
from farflung.analysis.search import EvaluatedDesign, Grid, Problem, Question, solve
from farflung.analysis.uncertainty import QUANTILES, UncertaintyResult, uncertainty
from farflung.base.units import factor
from farflung.catalog.tables import assumption_names
from farflung.outcome import explain
from farflung.outcome.batch import evaluate_batch
from farflung.scenario import Scenario, load_assumptions, preset

SCENARIOS = ("paper-headline", "paper-strict-threshold", "governance-72-nodes")
"""The published answers that are quoted most."""
ASKED = ("quality_adjusted_flop", "local_equivalent_flop", "capital_cost_usd", "total_cost_usd")
"""What is told of each."""
TARGETS = (1e24, 1e25)
"""Quality-adjusted compute that the cheapest designs are to reach [FLOP]."""
_METRIC, _COST = "quality_adjusted_flop", "capital_cost_usd"
_MOST_NODES, _LONGEST, _SHORTEST = 64.0, 8.0, 0.125
"""How many times its nodes, and its duration, are tried with a design."""
_STEPS = 240
_DRAWS = 512
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
    found
        The design; ``None`` if nothing in the grid reaches the target.
    reached
        Share of the draws in which the design as found reaches the target.
    needs
        Nodes, capital cost and days with which it does, its other choices as they are.
    """

    question: Question
    found: EvaluatedDesign | None
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

    def as_table(self) -> dict[str, Any]:
        """Return it as plain tables, for JSON."""
        needs = [asdict(one) | {"quantiles": _labelled(one.quantiles)} for one in self.needs]
        plain = {"assumptions": self.assumptions, "target": self.target, "reached": self.reached}
        return {**plain, "needs": needs, "design": self.found.to_dict() if self.found else None}


@dataclass(frozen=True, slots=True)
class Headlines:
    """The answers.

    Attributes
    ----------
    sets
        Names of the assumption sets.
    draws, seed
        Of the scenarios' bands; the same seed gives the same ones again.
    results
        By scenario and set.
    cheapest
        For every target and set.
    """

    sets: tuple[str, ...]
    draws: int
    seed: int
    results: Mapping[tuple[str, str], UncertaintyResult]
    cheapest: tuple[Cheapest, ...]

    def drawn(self, believed: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the coefficients of a set that are drawn together, and one by one, and lead to an answer."""
        results = [result for (_, name), result in self.results.items() if name == believed]
        asked = {
            one.name
            for result in results
            for output in ASKED
            for one in explain(result.scenario, output).walk()
        }
        drawn = results[0].drawn
        together = [name for one in drawn if not isinstance(one, Coefficient) for name in one.coefficients]
        alone = [one.name for one in drawn if isinstance(one, Coefficient) and one.name in asked]
        return tuple(together), tuple(alone)

    def as_table(self) -> dict[str, Any]:
        """Return the answers as plain tables, for JSON."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "scenarios": [
                {"preset": name, "assumptions": believed, **_told(result)}
                for (name, believed), result in self.results.items()
            ],
            "cheapest": [one.as_table() for one in self.cheapest],
        }


def _told(result: UncertaintyResult) -> dict[str, Any]:
    spreads = [one for one in result.spreads if one.name in ASKED]
    return {
        "outputs": [asdict(one) | {"quantiles": _labelled(one.quantiles)} for one in spreads],
        "limits": [asdict(one) for one in result.chances if one.output == _METRIC],
    }


def _labelled(quantiles: Mapping[float, float]) -> dict[str, float]:
    return {f"{100 * share:g}%": value for share, value in quantiles.items()}


def headlines(
    draws: int = 4096, seed: int = 0, *, grid: Grid | None = None, progress: Progress | None = None
) -> Headlines:
    """Return the answers under every set.

    Parameters
    ----------
    draws, seed
        As for :func:`farflung.analysis.uncertainty.uncertainty`.
    grid
        What the search ranges over; the full grid if left out.
    progress
        Called with the number of questions answered and of all.
    """
    sets = assumption_names()
    asked = [(name, believed) for name in SCENARIOS for believed in sets]
    searched = [(target, believed) for target in TARGETS for believed in sets]
    results, found = {}, []
    for name, believed in asked:
        scenario = preset(name).with_({"assumptions": believed})
        results[name, believed] = uncertainty(scenario, draws, seed)
        _count(progress, len(results), len(asked) + len(searched))
    for target, believed in searched:
        found.append(cheapest(target, believed, seed, grid))
        _count(progress, len(asked) + len(found), len(asked) + len(searched))
    return Headlines(sets, draws, seed, results, tuple(found))


def _count(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def cheapest(target: float, believed: str, seed: int, grid: Grid | None = None) -> Cheapest:
    """Return the cheapest design for a target under a set, and what it needs to reach it over the draws.

    Parameters
    ----------
    target
        Quality-adjusted compute [FLOP].
    believed
        Name of the assumption set.
    seed
        Seed of the draws.
    grid
        What the search ranges over.
    """
    question = Question(target=target, assumptions=believed)
    best = solve(Problem(question, grid=grid or Grid())).best
    if best is None:
        return Cheapest(question, None, 0.0, ())
    scenario, outcome = best.design.scenario(question), best.outcome
    drawn = distributions(load_assumptions(believed))
    uniform = uniforms([one.name for one in drawn], _DRAWS, seed)
    fields = drawn_fields(drawn, uniform)
    nodes = _needed(scenario, fields, "nodes.count", _whole(best.design.nodes), target)
    lengths = question.duration * np.geomspace(_SHORTEST, _LONGEST, _STEPS)
    days = factor("s", "day") * _needed(scenario, fields, "duration", lengths, target)
    reached = evaluate_batch(scenario, fields, [_METRIC])[_METRIC] >= target
    found = (
        ("nodes", "1", float(best.design.nodes), nodes),
        (_COST, "USD", outcome.capital_cost_usd or 0.0, _cost(scenario, fields, nodes)),
        ("days", "day", factor("s", "day") * question.duration, days),
    )
    needs = (Need(name, unit, point, _quantiles(values)) for name, unit, point, values in found)
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
    found = np.quantile(values, QUANTILES, method="inverted_cdf")
    return {share: float(value) for share, value in zip(QUANTILES, found, strict=True)}
