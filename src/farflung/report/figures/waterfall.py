"""Why two scenarios differ: every term from the first to the second, as a waterfall."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from farflung.base.fields import fields_of
from farflung.outcome import OUTPUTS
from farflung.report.figures import frame, words
from farflung.report.figures.marks import WHITE, Panel, filled, square, two_lines
from farflung.report.figures.scales import numeric_axis, scale_of, scaled_ticks, ticks
from farflung.scenario import Scenario

if TYPE_CHECKING:
    from farflung.analysis.waterfall import Term, Waterfall

_ROW, _LEFT = 52, 250
_ROOM = 0.42
"""Room for labels on either side, as a share of what the bars span."""


def waterfall_figure(result: Waterfall) -> go.Figure:
    """Return the waterfall from the first scenario to the second.

    Where the output is a product, the bars are factors on a logarithmic axis, so that equal factors are
    equally long, with the amounts beside them; where it is a sum, they are amounts.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.waterfall.waterfall` returns.
    """
    terms = [term for term in result.terms if not result.is_unchanged(term)]
    multiplied = result.ratio is not None and all(term.ratio is not None for term in terms)
    start = 0.0 if multiplied else result.first
    changes = [math.log10(term.ratio) if multiplied and term.ratio else term.amount for term in terms]
    levels = list(accumulate(changes, initial=start))
    figure = go.Figure()
    panel = Panel(figure)
    (_factor_axes if multiplied else _amount_axis)(panel, result, levels)
    _rows(panel, result, terms)
    _bars(panel, result, terms, levels)
    for name, colour in (("raises it", frame.BLUE), ("lowers it", frame.VERMILION), ("in all", frame.QUIET)):
        frame.legend_entry(figure, name, mode="markers", marker=square(colour))
    how = {"factor": "what it is made of", "input": "what the scenarios say differently"}[result.by]
    return frame.framed(
        figure,
        title=_title(result, terms),
        subtitle=f"{words.symbol_and_meaning(result.output)}. From the first scenario to the second, by {how}"
        + ("; equal factors are equally long." if multiplied else "."),
        footer=_footer(result),
        plot=_ROW * (len(terms) + 2),
        left=_LEFT,
        right=34,
        above=48 if multiplied else 10,
    )


def _title(result: Waterfall, terms: Sequence[Term]) -> str:
    """Return the finding: by how much they differ, and what does most to it."""
    name = words.symbol(result.output)
    if not terms:
        return f"{name} is {words.quantity(result.first, result.unit)} in both scenarios"
    ends = f"from {words.unitless(result.first, result.unit)} to {words.quantity(result.second, result.unit)}"
    title = f"{name} {'rises' if result.second > result.first else 'falls'} {ends}"
    if result.ratio is not None:
        title += f" ({words.multiple(result.ratio)})"
    largest = sorted(terms, key=lambda term: abs(term.amount), reverse=True)[:2]
    causes = words.enumerated(f"{_in_words(term)} ({_effect(term, result)})" for term in largest)
    return f"{title}: {'mostly ' if len(terms) > len(largest) else ''}{causes}"


def _effect(term: Term, result: Waterfall) -> str:
    return words.multiple(term.ratio) if term.ratio is not None else _added(term.amount, result.unit)


def _both_effects(term: Term, result: Waterfall) -> str:
    """Return what a term does, as a factor and as an amount."""
    amount = _added(term.amount, result.unit)
    return amount if term.ratio is None else f"{words.multiple(term.ratio)} · {amount}"


def _added(amount: float, unit: str) -> str:
    return f"{'+' if amount > 0 else '−'}{words.unitless(abs(amount), unit)}"


def _name(term: Term) -> str:
    """Return a term in words: the meaning of a quantity, or the fields of the scenario."""
    first, *others = (words.input_label(name) for name in term.name.split(" + "))
    return words.enumerated([first, *map(words.lower_first, others)])


def _in_words(term: Term) -> str:
    return words.escaped(words.lower_first(_name(term)))


def _rows(panel: Panel, result: Waterfall, terms: Sequence[Term]) -> None:
    """Name the rows: the first scenario, the terms, the second."""
    first, second = (words.escaped(outcome.scenario.name or "unnamed") for outcome in result.outcomes)
    labels = [_scenario("First", first), *(two_lines(_name(term), _change(term), 36) for term in terms)]
    panel.figure.update_yaxes(
        range=[len(terms) + 1.6, -0.6], tickvals=list(range(len(terms) + 2)),
        ticktext=[*labels, _scenario("Second", second)], showgrid=False, ticks="",
    )  # fmt: skip


def _scenario(what: str, name: str) -> str:
    return "<br>".join([f"<b>{what}</b>", *words.wrapped(words.shortened(name, 64), 36, 2)])


def _bars(panel: Panel, result: Waterfall, terms: Sequence[Term], levels: Sequence[float]) -> None:
    """Draw every term from where the one before ended, and the whole from the start to the last end."""
    last = len(terms) + 1
    start = 0.0 if result.ratio is not None and levels[0] == 0.0 else min(0.0, *levels)
    hovers = [_hover(term, result) for term in terms]
    for colour, rising in ((frame.BLUE, True), (frame.VERMILION, False)):
        own = [row for row, (low, high) in enumerate(pairwise(levels)) if (high > low) == rising]
        panel.bars(
            [row + 1 for row in own], [(levels[row], levels[row + 1]) for row in own], filled(colour),
            "term", hover=[hovers[row] for row in own],
        )  # fmt: skip
    ends = [0] if levels[0] != start else []
    panel.bars(
        [*ends, last], [(start, levels[row]) for row in [*ends, -1]], filled(frame.QUIET), "whole",
        hover=[words.quantity(end, result.unit) for end in (result.first, result.second)[-1 - len(ends) :]],
    )  # fmt: skip
    if not ends:
        panel.points([start], [0], {"symbol": "diamond", "size": 11, "color": frame.QUIET}, "start")
    for row, level in enumerate(levels):
        panel.line([level, level], [row + 0.25, row + 0.75], frame.LINE, 1, "connector")
    _values(panel, result, terms, levels)


def _values(panel: Panel, result: Waterfall, terms: Sequence[Term], levels: Sequence[float]) -> None:
    """Say beside each bar what it comes to."""
    whole = f"<b>{words.quantity(result.second, result.unit)}</b>"
    if levels[0] == 0.0 and result.ratio is not None:
        whole = f"{words.multiple(result.ratio)} · {whole}"
    texts = [
        f"<b>{words.quantity(result.first, result.unit)}</b>",
        *(_both_effects(term, result) for term in terms),
        whole,
    ]
    rightward = [True, *(end > start for start, end in pairwise(levels)), levels[-1] >= 0]
    for row, (text, level, right) in enumerate(zip(texts, [*levels, levels[-1]], rightward, strict=True)):
        panel.label(
            text, level, row, xanchor="left" if right else "right", xshift=9 if right else -9,
            bgcolor=WHITE, name="value",
        )  # fmt: skip


def _hover(term: Term, result: Waterfall) -> str:
    meaning = "<br>".join(words.escaped(line) for line in words.wrapped(term.meaning, 60))
    change = words.escaped(_change(term))
    return f"<b>{words.escaped(_name(term))}</b><br>{meaning}<br>{change}<br>{_both_effects(term, result)}"


def _span(levels: Sequence[float]) -> tuple[float, float]:
    low, high = min(0.0, *levels), max(0.0, *levels)
    room = _ROOM * ((high - low) or 1.0)
    return low - room, high + room


def _factor_axes(panel: Panel, result: Waterfall, levels: Sequence[float]) -> None:
    """Lay out factors below and the amounts that they come to above."""
    span = _span(levels)
    low, high = (10**end for end in span)
    factors = [value for value in ticks(low, high, log=True, most=7) if low <= value <= high]
    ends = sorted((low * result.first, high * result.first))
    scale = scale_of(ends, result.unit)
    amounts = [
        amount for amount in scaled_ticks(ends, scale, log=True, most=6) if ends[0] <= amount <= ends[1]
    ]
    both = {"range": list(span)}
    panel.axes(
        {**both, "tickvals": [math.log10(value) for value in factors],
         "ticktext": list(map(words.multiple, factors)),
         "title": {"text": "Times the first scenario, logarithmic"}},
        {},
    )  # fmt: skip
    panel.figure.update_layout(
        xaxis2={
            **both, "overlaying": "x", "side": "top", "showgrid": False,
            "tickvals": [math.log10(amount / result.first) for amount in amounts],
            "ticktext": list(map(scale.text, amounts)),
            "title": {"text": scale.titled(words.symbol(result.output)), "standoff": 6},
        }
    )  # fmt: skip
    panel.figure.add_trace(go.Scatter(x=[None], y=[None], xaxis="x2", showlegend=False, hoverinfo="skip"))


def _amount_axis(panel: Panel, result: Waterfall, levels: Sequence[float]) -> None:
    low, high = _span(levels)
    span = (low if min(levels) < 0 else 0.0, high)
    scale = scale_of([abs(end) for end in span], result.unit, power=True)
    panel.axes(numeric_axis(span, scale, log=False, most=7, title=words.symbol(result.output)), {})


def _change(term: Term) -> str:
    """Return the values of a term in either scenario."""
    units = _units(term.name)
    first, second = (
        ", ".join(_value(part, unit) for part, unit in zip(parts, units, strict=False))
        for parts in (side if isinstance(side, list) else [side] for side in (term.first, term.second))
    )
    return f"{first} → {second}" if first != second else first


def _value(value: Any, unit: str) -> str:
    if value is None:
        return "none"
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return words.unitless(value, unit) if numeric and unit else str(value)


def _units(name: str) -> list[str]:
    """Return the units of a term's values: of a quantity, or of fields of a scenario."""
    fields = {path: field.unit for path, field in fields_of(Scenario).items()}
    units = {**{output.quantity: output.unit for output in OUTPUTS.values()}, **fields}
    return [units.get(part, "1") for part in name.split(" + ")]


def _footer(result: Waterfall) -> Iterator[str]:
    same = [term for term in result.terms if result.is_unchanged(term)]
    if same:
        names = ", ".join(f"{_in_words(term)} ({words.escaped(_change(term))})" for term in same)
        yield f"The same, or without effect: {names}."
    meanings = [
        f"{_in_words(term)}: {words.escaped(words.lower_first(term.meaning))}"
        for term in result.terms
        if term not in same and result.by == "factor" and term.meaning != _name(term)
    ]
    yield words.capitalised(f"{'; '.join(meanings)}.") if meanings else ""
    if not result.exact:
        yield "Many inputs differ: averaged over random orders of exchanging them."
    for outcome in result.outcomes:
        if not outcome.feasible:
            name, why = outcome.scenario.name, str(outcome.binding_constraint)
            yield words.escaped(f"{name} is not feasible: {why}.")
    for outcome, provenance in zip(result.outcomes, result.provenance, strict=True):
        yield frame.origin(outcome.scenario.name, provenance)
    yield from frame.closing(result)
