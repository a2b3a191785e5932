"""Waterfall: the difference between two outcomes, taken apart term by term until it adds up.

By factor, the output is a product (or a sum) of quantities, and each is charged with its own change. By
input, what the two scenarios say differently is exchanged piece by piece, in every order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, get_args

import numpy as np

from farflung.analysis.distributions import whole_seed
from farflung.analysis.waterfall_result import OUTPUT, By, Term, Waterfall
from farflung.base.errors import InputError, unknown
from farflung.base.fields import fields_of
from farflung.outcome import OUTPUTS, Outcome, evaluate
from farflung.outcome.outputs import output_named
from farflung.outcome.run import ScenarioLike, prepare
from farflung.scenario import Scenario

__all__ = ["By", "Term", "Waterfall", "waterfall"]

Shares = list[tuple[float, float | None]]
"""What each input adds, and by what it multiplies."""

_PRODUCTS: Mapping[str, tuple[str, ...]] = {
    "quality_adjusted_flop": ("local_equivalent_flop", "chinchilla_efficiency"),
    "local_equivalent_flop": ("throughput_flop", "efficiency"),
    "efficiency": (
        "efficiency_sync_interval", "efficiency_compression", "efficiency_activation", "efficiency_replica",
        "efficiency_batch",
    ),
    "throughput_flop": ("nodes", "node_peak", "model_flop_utilisation", "duration", "utilisation"),
    "capital_cost": ("chips", "chip_price", "host_cost_factor", "network_cost_factor"),
    "power": (
        "chips", "chip_power", "server_power_factor", "mean_power_fraction", "power_usage_effectiveness",
    ),
    "energy": ("power", "duration"),
    "energy_cost": ("energy", "electricity_price"),
}  # fmt: skip
"""Quantities that are the product of others, and the parts that a reader is shown; a test checks them."""
_SUMS: Mapping[str, tuple[str, ...]] = {
    "total_cost": ("capital_cost", "run_cost"),
    "run_cost": ("energy_cost", "bandwidth_cost", "staff_cost"),
}
_TOGETHER = (
    ("model.parameters", "model.active_parameters", "model.moe_layers", "model.expert_parallelism"),
    ("nodes.hardware", "nodes.peak", "nodes.memory", "nodes.power", "nodes.precision"),
    ("duration", "tokens"),
)
"""Fields that only make sense together, and are exchanged together."""
_MODE = "protocol.mode"
_EXACT_UP_TO = 8
"""Differences up to which every order is counted; above, orders are drawn at random."""
_ORDERS = 128
_FIELDS = fields_of(Scenario)


def waterfall(
    first: ScenarioLike,
    second: ScenarioLike,
    output: str = OUTPUT,
    *,
    by: By = "factor",
    seed: int = 0,
    **changes: Any,
) -> Waterfall:
    """Return the difference of an output between two scenarios, taken apart term by term.

    Parameters
    ----------
    first, second
        As for :func:`farflung.evaluate`.
    output
        Name of an output; by factor one that is a product or a sum.
    by
        ``factor``: what the output is made of. ``input``: what the scenarios say differently, averaged
        over the orders in which it can be exchanged (Shapley), all of them up to 8 differences.
    seed
        Seed of the orders, where there are more.
    changes
        Fields of both scenarios to change, as for :func:`farflung.evaluate`.

    Raises
    ------
    InputError
        If a scenario is not valid or has no such output, or the output is no product and no sum.

    Notes
    -----
    Equation: by factor Δ_i = (B − A) ln(b_i/a_i) / ln(B/A), the logarithmic mean; for a sum b_i − a_i
    Assumption: by input, memory limits bind the two scenarios and not the mixtures between them.
    Evidence: Ang 2004, doi:10.1016/S0301-4215(03)00076-4 (logarithmic mean); Shapley 1953
    Limits: a protocol left to ``auto`` is taken as what it became.

    Examples
    --------
    >>> result = waterfall("paper-headline", "paper-1gbps")
    >>> abs(sum(term.amount for term in result.terms) / result.difference - 1.0) < 1e-12
    True
    """
    name = output_named(output).name
    if by not in get_args(By):
        raise unknown("by", "way", str(by), get_args(By))
    whole_seed(seed)
    outcomes = evaluate(first, **changes), evaluate(second, **changes)
    ends = _value(outcomes[0], name), _value(outcomes[1], name)
    if by == "factor":
        terms, exact = tuple(_by_factor(outcomes, name, ends)), True
    else:
        terms, exact = _by_input(outcomes, name, seed)
    return Waterfall(
        output=name,
        by=by,
        outcomes=outcomes,
        terms=terms,
        exact=exact,
        seed=seed,
    )


def _value(outcome: Outcome, output: str) -> float:
    value = getattr(outcome, output)
    if value is None:
        why = f" ({outcome.binding_constraint} stands in the way)" if not outcome.feasible else ""
        raise InputError(output, f"'{outcome.scenario.name}' has none{why}")
    return float(value)


def _by_factor(outcomes: tuple[Outcome, Outcome], output: str, ends: tuple[float, float]) -> Iterator[Term]:
    """Yield the factors of a product, or the parts of a sum."""
    quantity = OUTPUTS[output].quantity
    values = [prepare(outcome.scenario).values for outcome in outcomes]
    if quantity in _SUMS:
        for name in _parts(quantity, _SUMS):
            a, b = (float(one[name]) for one in values)
            yield Term(name, _meaning(name), a, b, None, b - a)
        return
    if quantity not in _PRODUCTS:
        known = [name for name, one in OUTPUTS.items() if one.quantity in {*_PRODUCTS, *_SUMS}]
        raise InputError(
            output, "is no product and no sum of parts", nearest=f"by input, or one of {', '.join(known)}"
        )
    mean = _logarithmic_mean(*ends)
    for name in _parts(quantity, _PRODUCTS):
        a, b = (float(one[name]) for one in values)
        if not (a > 0 and b > 0):
            raise InputError(output, f"{name} is {min(a, b):g}, and no ratio can be formed")
        yield Term(name, _meaning(name), a, b, b / a, mean * math.log(b / a))


def _parts(quantity: str, made_of: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield what a quantity is made of, all the way down."""
    for name in made_of.get(quantity, ()):
        if name in made_of:
            yield from _parts(name, made_of)
        else:
            yield name


def _meaning(quantity: str) -> str:
    for output in OUTPUTS.values():
        if output.quantity == quantity:
            return output.meaning
    return quantity.replace("_", " ").capitalize()


def _logarithmic_mean(first: float, second: float) -> float:
    """Return the factor that turns shares of ln(B/A) into shares of B − A."""
    return first if first == second else (second - first) / math.log(second / first)


def _by_input(outcomes: tuple[Outcome, Outcome], output: str, seed: int) -> tuple[tuple[Term, ...], bool]:
    """Return what the scenarios say differently, each with its share, and whether that is exact."""
    first, second = (_with_mode(outcome) for outcome in outcomes)
    blocks = tuple(_blocks(first, second))
    quantity, known = OUTPUTS[output].quantity, {}

    def mixed(taken: frozenset[int]) -> float:
        """Return the output with some blocks as in the second scenario."""
        if taken not in known:
            fields = [name for place in taken for name in blocks[place]]
            known[taken] = _quantity(_mixture(first, second, fields), quantity)
        return known[taken]

    exact = len(blocks) <= _EXACT_UP_TO
    shares = _all_orders(mixed, len(blocks)) if exact else _some_orders(mixed, len(blocks), seed)
    terms = [
        Term(
            name=" + ".join(fields),
            meaning="; ".join(_FIELDS[name].meaning for name in fields),
            first=_values(outcomes[0], fields),
            second=_values(outcomes[1], fields),
            ratio=ratio,
            amount=amount,
        )
        for fields, (amount, ratio) in zip(blocks, shares, strict=True)
    ]
    return tuple(terms), exact


def _with_mode(outcome: Outcome) -> Scenario:
    protocol = outcome.scenario.protocol.model_copy(update={"mode": outcome.mode})
    return outcome.scenario.model_copy(update={"protocol": protocol})


def _blocks(first: Scenario, second: Scenario) -> Iterator[tuple[str, ...]]:
    """Yield the fields that differ, those that belong together in one block, in declaration order."""
    differing = [
        name
        for name, declared in _FIELDS.items()
        if (declared.role != "label" or name == "assumptions") and declared.get(first) != declared.get(second)
    ]
    done: set[str] = set()
    for name in differing:
        if name not in done:
            family = next((fields for fields in _TOGETHER if name in fields), (name,))
            block = tuple(one for one in differing if one in family)
            done.update(block)
            yield block


def _values(outcome: Outcome, fields: Sequence[str]) -> Any:
    """Return what a scenario says, or what was taken where it says nothing."""
    defaulted = {default.field: default.value for default in outcome.defaulted}
    given = {name: outcome.mode if name == _MODE else _FIELDS[name].get(outcome.scenario) for name in fields}
    values = [defaulted.get(name) if value is None else value for name, value in given.items()]
    return values[0] if len(values) == 1 else values


def _mixture(first: Scenario, second: Scenario, fields: Iterable[str]) -> Scenario:
    """Return the first scenario with some fields as in the second."""
    mixture = first
    for path in fields:
        mixture = _FIELDS[path].replace(mixture, _FIELDS[path].get(second))
    return mixture


def _quantity(scenario: Scenario, quantity: str) -> float:
    """Return one quantity of a scenario, whether or not its model fits into memory."""
    value = prepare(scenario, wanted=[quantity]).values.get(quantity)
    if value is None or not np.isfinite(value):
        raise InputError(
            quantity, "does not exist for a mixture of the two scenarios", nearest="by factor instead"
        )
    return float(value)


def _all_orders(mixed: Callable[[frozenset[int]], float], count: int) -> Shares:
    """Return the Shapley share of every block, over all orders."""
    shares: Shares = []
    for block in range(count):
        others = [one for one in range(count) if one != block]
        amount, logarithm = 0.0, 0.0
        for size in range(count):
            weight = 1.0 / (count * math.comb(count - 1, size))
            for before in combinations(others, size):
                a, b = mixed(frozenset(before)), mixed(frozenset({*before, block}))
                amount += weight * (b - a)
                logarithm += weight * _log_ratio(a, b)
        shares.append((amount, _ratio(logarithm)))
    return shares


def _some_orders(mixed: Callable[[frozenset[int]], float], count: int, seed: int) -> Shares:
    """Return the share of every block, averaged over random orders and their reverses."""
    generator = np.random.default_rng(seed)
    amounts, logarithms = np.zeros(count), np.zeros(count)
    drawn = [generator.permutation(count) for _ in range(_ORDERS // 2)]
    for order in [one for permutation in drawn for one in (permutation, permutation[::-1])]:
        taken: frozenset[int] = frozenset()
        for block in order.tolist():
            a, b = mixed(taken), mixed(taken | {block})
            amounts[block] += (b - a) / _ORDERS
            logarithms[block] += _log_ratio(a, b) / _ORDERS
            taken |= {block}
    return [(float(a), _ratio(float(b))) for a, b in zip(amounts, logarithms, strict=True)]


def _log_ratio(first: float, second: float) -> float:
    return math.log(second / first) if first > 0 and second > 0 else math.nan


def _ratio(logarithm: float) -> float | None:
    return math.exp(logarithm) if math.isfinite(logarithm) else None
