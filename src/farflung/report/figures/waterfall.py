"""Why two scenarios differ: every term from the first to the second, as a waterfall."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from farflung.base.fields import fields_of
from farflung.outcome import OUTPUTS
from farflung.report.figures.frame import BLUE, INK, LINE, QUIET, VERMILION, again, cited, framed, key, origin
from farflung.report.figures.words import (
    axis_of,
    bare,
    capitalised,
    explained,
    in_sentence,
    input_named,
    listed,
    plain,
    scale_of,
    scaled_ticks,
    scientific,
    shortened,
    shown,
    symbol,
    ticks,
    times,
    wrapped,
)
from farflung.scenario import Scenario

if TYPE_CHECKING:
    from farflung.analysis.waterfall import Term, Waterfall

_ROW, _LEFT = 52, 250
_ROOM = 0.42
"""Room for labels on either side, as a share of what the bars span."""
_UNCHANGED = 1e-12


def waterfall_figure(result: Waterfall) -> go.Figure:
    """Return the waterfall from the first scenario to the second.

    Where the output is a product, the bars are factors on a logarithmic axis, so that equal factors are
    equally long, with the amounts beside them; where it is a sum, they are amounts.

    Parameters
    ----------
    result
        What :func:`farflung.analysis.waterfall.waterfall` returns.
    """
    terms = [term for term in result.terms if not _is_unchanged(term, result)]
    same = [term for term in result.terms if _is_unchanged(term, result)]
    multiplied = result.ratio is not None and all(term.ratio is not None for term in terms)
    figure = go.Figure()
    span = _bars(figure, result, terms, multiplied)
    (_factor_axes if multiplied else _amount_axis)(figure, result, span)
    names = [plain(outcome.scenario.name or "unnamed") for outcome in result.outcomes]
    rows = [_label("First", names[0]), *(_term_label(term) for term in terms), _label("Second", names[1])]
    figure.update_yaxes(
        range=[len(rows) - 0.4, -0.6],
        tickvals=list(range(len(rows))),
        ticktext=rows,
        showgrid=False,
        ticks="",
    )
    for name, colour in (("raises it", BLUE), ("lowers it", VERMILION), ("in all", QUIET)):
        key(figure, name, mode="markers", marker={"symbol": "square", "size": 12, "color": colour})
    how = {"factor": "what it is made of", "input": "what the scenarios say differently"}[result.by]
    return framed(
        figure,
        title=_title(result, terms),
        subtitle=f"{explained(result.output)}. From the first scenario to the second, by {how}"
        + ("; equal factors are equally long." if multiplied else "."),
        footer=[*_footer(result, same), again(result.command)],
        plot=_ROW * len(rows),
        left=_LEFT,
        right=34,
        above=48 if multiplied else 10,
    )


def _is_unchanged(term: Term, result: Waterfall) -> bool:
    return abs(term.amount) <= _UNCHANGED * max(abs(result.first), abs(result.second))


def _title(result: Waterfall, terms: Sequence[Term]) -> str:
    """Return the finding: by how much they differ, and what does most to it."""
    name = symbol(result.output)
    if not terms:
        return f"{name} is {shown(result.first, result.unit)} in both scenarios"
    ends = f"from {bare(result.first, result.unit)} to {shown(result.second, result.unit)}"
    title = f"{name} goes {ends}"
    if result.ratio is not None:
        title += f" ({times(result.ratio)})"
    largest = sorted(terms, key=lambda one: abs(one.amount), reverse=True)[:2]
    told = [f"{_lower(term)} ({_told(term, result)})" for term in largest]
    return f"{title}, {'mostly ' if len(terms) > len(told) else ''}by {listed(told)}"


def _told(term: Term, result: Waterfall) -> str:
    return times(term.ratio) if term.ratio is not None else _added(term.amount, result.unit)


def _lower(term: Term) -> str:
    return plain(in_sentence(_named(term)))


def _named(term: Term) -> str:
    """Return a term in words: the meaning of a quantity, or the fields of the scenario."""
    first, *others = (input_named(name) for name in term.name.split(" + "))
    return listed([first, *map(in_sentence, others)])


def _added(amount: float, unit: str) -> str:
    return f"{'+' if amount > 0 else '−'}{bare(abs(amount), unit)}"


def _bars(
    figure: go.Figure, result: Waterfall, terms: Sequence[Term], multiplied: bool
) -> tuple[float, float]:
    """Draw the waterfall, and return what its bars span."""
    changes = [math.log10(term.ratio) if multiplied and term.ratio else term.amount for term in terms]
    start = 0.0 if multiplied else result.first
    levels = [start]
    for change in changes:
        levels.append(levels[-1] + change)
    figure.add_trace(
        go.Waterfall(
            orientation="h",
            y=list(range(len(terms) + 2)),
            x=[start, *changes, 0.0],
            measure=["absolute", *("relative" for _ in terms), "total"],
            name=symbol(result.output),
            width=0.5,
            increasing={"marker": {"color": BLUE}},
            decreasing={"marker": {"color": VERMILION}},
            totals={"marker": {"color": QUIET}},
            connector={"line": {"color": LINE, "width": 1}},
            customdata=[
                f"first: {shown(result.first, result.unit)}",
                *(_hover(term, result) for term in terms),
                f"second: {shown(result.second, result.unit)}",
            ],
            hovertemplate="%{customdata}<extra></extra>",
            showlegend=False,
        )
    )
    if multiplied:
        figure.add_trace(
            go.Scatter(
                x=[0.0],
                y=[0],
                mode="markers",
                marker={"symbol": "diamond", "size": 11, "color": QUIET},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    for row, (term, level, change) in enumerate(zip(terms, levels[1:], changes, strict=True), start=1):
        _say(figure, row, level, change > 0, _told_both(term, result))
    _say(figure, 0, start, True, f"<b>{shown(result.first, result.unit)}</b>")
    whole = f"<b>{shown(result.second, result.unit)}</b>"
    if multiplied and result.ratio is not None:
        whole = f"{times(result.ratio)} · {whole}"
    _say(figure, len(terms) + 1, levels[-1], levels[-1] >= 0, whole)
    lowest, highest = min(0.0, *levels), max(0.0, *levels)
    room = _ROOM * ((highest - lowest) or 1.0)
    least = lowest - room if multiplied or lowest < 0 else 0.0
    return least, highest + room


def _say(figure: go.Figure, row: int, at: float, rightwards: bool, text: str) -> None:
    figure.add_annotation(
        text=text,
        x=at,
        y=row,
        xanchor="left" if rightwards else "right",
        xshift=9 if rightwards else -9,
        showarrow=False,
        font={"size": 11.5, "color": INK},
        bgcolor="rgba(255,255,255,0.8)",
        name="value",
    )


def _told_both(term: Term, result: Waterfall) -> str:
    """Return a term as a factor and as an amount."""
    amount = _added(term.amount, result.unit)
    return amount if term.ratio is None else f"{times(term.ratio)} · {amount}"


def _hover(term: Term, result: Waterfall) -> str:
    said = "<br>".join(plain(line) for line in wrapped(term.meaning, 60))
    return f"<b>{plain(_named(term))}</b><br>{said}<br>{plain(_change(term))}<br>{_told_both(term, result)}"


def _factor_axes(figure: go.Figure, result: Waterfall, span: tuple[float, float]) -> None:
    """Lay out factors below and the amounts that they come to above."""
    low, high = (10**end for end in span)
    factors = [one for one in ticks(low, high, log=True, most=7) if low <= one <= high]
    ends = sorted((low * result.first, high * result.first))
    amounts = scaled_ticks(ends, scale_of(ends, result.unit), log=True, most=6)
    amounts = [one for one in amounts if ends[0] <= one <= ends[1]]
    scale = scale_of(ends, result.unit)
    figure.add_trace(go.Scatter(x=[None], y=[None], xaxis="x2", showlegend=False, hoverinfo="skip"))
    both = {"range": list(span)}
    figure.update_layout(
        xaxis={
            **both,
            "tickvals": [math.log10(one) for one in factors],
            "ticktext": [times(one) for one in factors],
            "title": {"text": "Times the first scenario, logarithmic"},
        },
        xaxis2={
            **both,
            "overlaying": "x",
            "side": "top",
            "showgrid": False,
            "tickvals": [math.log10(one / result.first) for one in amounts],
            "ticktext": [scientific(one) if scale.unit == "FLOP" else scale.text(one) for one in amounts],
            "title": {"text": scale.titled(symbol(result.output)), "standoff": 6},
        },
    )


def _amount_axis(figure: go.Figure, result: Waterfall, span: tuple[float, float]) -> None:
    scale = scale_of([abs(end) for end in span], result.unit, power=True)
    axis: dict[str, Any] = axis_of(span, scale, log=False, most=7)
    figure.update_layout(
        xaxis={**axis, "range": list(span), "title": {"text": scale.titled(symbol(result.output))}}
    )


def _label(what: str, name: str) -> str:
    lines = wrapped(shortened(name, 64), 36, 2)
    return "<br>".join([f"<b>{what}</b>", *lines])


def _term_label(term: Term) -> str:
    """Return the label of a row: the term in words, and below it how it changes."""
    lines = [plain(line) for line in wrapped(_named(term), 36, 2)]
    change = plain(shortened(_change(term), 46))
    return "<br>".join([*lines, f'<span style="color:{QUIET};font-size:10.5px">{change}</span>'])


def _change(term: Term) -> str:
    """Return the values of a term in either scenario."""
    units = _units(term.name)
    first, second = (
        ", ".join(_said(one, unit) for one, unit in zip(_several(value), units, strict=False))
        for value in (term.first, term.second)
    )
    return f"{first} → {second}"


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _said(value: Any, unit: str) -> str:
    if value is None:
        return "none"
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return bare(value, unit) if numeric and unit else str(value)


def _units(name: str) -> list[str]:
    """Return the units of a term's values: of a quantity, or of fields of a scenario."""
    fields = {path: field.unit for path, field in fields_of(Scenario).items()}
    known = {**{one.quantity: one.unit for one in OUTPUTS.values()}, **fields}
    return [known.get(one, "1") for one in name.split(" + ")]


def _footer(result: Waterfall, same: Sequence[Term]) -> Iterator[str]:
    if same:
        names = ", ".join(f"{_lower(term)} ({plain(_said_once(term))})" for term in same)
        yield f"The same, or without effect: {names}."
    meant = [
        f"{_lower(term)}: {plain(in_sentence(term.meaning))}"
        for term in result.terms
        if term not in same and result.by == "factor" and term.meaning != _named(term)
    ]
    yield capitalised(f"{'; '.join(meant)}.") if meant else ""
    if not result.exact:
        yield "Many inputs differ: averaged over random orders of exchanging them."
    for outcome in result.outcomes:
        if not outcome.feasible:
            yield f"{plain(outcome.scenario.name)} is not feasible: {plain(str(outcome.binding_constraint))}."
    for outcome, provenance in zip(result.outcomes, result.provenance, strict=True):
        yield origin(outcome.scenario.name, provenance)
    keys = [one.key for outcome in result.outcomes for one in outcome.citations(result.output)]
    yield cited(dict.fromkeys(keys))


def _said_once(term: Term) -> str:
    first, _, second = _change(term).partition(" → ")
    return first if first == second else f"{first} → {second}"
