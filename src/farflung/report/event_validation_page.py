"""Runs over time beside the event engine as a section of the validation page."""

from __future__ import annotations

from collections.abc import Mapping

from farflung.evidence.event_checks.rows import EventErrors, EventRow, Study
from farflung.evidence.event_validation import STUDIES, EventValidation
from farflung.evidence.quantities import BETWEEN, QUANTITIES
from farflung.report.markdown import table

_INTRODUCTION = """\
## Runs over time: the event engine

Exchanges, failures and unequal speeds, beside what the event engine makes of their stated inputs, with the
closed form where it has an answer. What is not stated stands as {assumptions} has it; seed {seed}.

![Shares measured and predicted, by the closed form and by the event engine](validation-events.svg)

- **point**: predicted. **in sample**: a coefficient was fitted to the row. **bound**: an input is not stated
  and taken at one end of its range, or in one of two readings. **input**: what decides the row is taken from
  the run, so that it shows no more than whether the source's figures fit together.
- **measured**, **derived** from what was, or **simulated** by the authors, so that agreement shows no more
  than like assumptions.

### What the event engine adds

1. *A ring and a share of the rate, where the closed form sends a payload up, then one down.* On the shaped
   grid utilisation is off by {shaped} at the median, the closed form by {shaped_closed}; from 10 to 90 % by
   {between} and {between_closed}; exchanges by {exchange} and {exchange_closed}. Each share is fitted without
   the bandwidth it predicts; with it, exchanges are off by {fitted}.
2. *Links that vary.* The slowest of 14 links, at the stated rate, gives INTELLECT-1's global exchange to
   {intellect}, its utilisation to {intellect_share}.
3. *Failures.* One stall a method gives the other cells of Decoupled DiLoCo's grid to {goodput} at the median
   and {goodput_most} at most; elastic training's stall alone gives its decoupled cells to {elastic}.
4. *What it does not have*: failures that beget failures, replicas that commit apart, and delay that a
   momentum makes up for. The sentences below each group say so.

### Errors by group
"""


def events_section(result: EventValidation) -> str:
    """Return measured runs over time beside both engines as Markdown, a summary first."""
    introduction = _INTRODUCTION.format(assumptions=result.assumptions, seed=result.seed, **_figures(result))
    parts = [introduction, "Median absolute error; in brackets that of the event engine with its sign.", ""]
    parts += table(
        ("group", "quantity", "role", "rows", "closed form", "event engine", "largest"),
        [
            (g.group, g.quantity, g.role, str(g.rows), *g.formatted, _size(g.quantity, g.largest))
            for g in result.groups
        ],
    )
    for study in STUDIES:
        parts += ["", *_of_study(study, [row for row in result.rows if row.group == study.name])]
    return "\n".join(parts) + "\n"


def _of_study(study: Study, rows: list[EventRow]) -> list[str]:
    head = [f"### {study.title}", "", study.taken, "", f"*What does not fit:* {study.misfit}", ""]
    columns = ("what", "quantity", "measured", "closed form", "event engine", "role", "source", "note")
    return head + table(columns, [_line(row) for row in rows])


def _line(row: EventRow) -> tuple[str, ...]:
    return (
        row.what,
        row.quantity,
        *row.formatted,
        f"{row.source_ref.evidence_level}, {row.role}",
        f"{row.source_ref.source}, {row.source_ref.locator}",
        row.note,
    )


def _size(quantity: str, error: float) -> str:
    return QUANTITIES[quantity].format_size(error)


def _figures(result: EventValidation) -> Mapping[str, str]:
    """Return the figures that the section quotes."""
    known = {(one.group, one.quantity, one.role): one for one in result.groups}

    def both(name: str, quantity: str) -> dict[str, str]:
        one = known["shaped-links", quantity, "point"]
        assert one.closed_form is not None
        closed = _size(quantity, one.closed_form)
        return {name: _size(quantity, one.events), f"{name}_closed": closed}

    def of(group: str, quantity: str) -> EventErrors:
        return known[group, quantity, "point"]

    exchange = "synchronisation time"
    return {
        **both("shaped", "utilisation"),
        **both("between", BETWEEN),
        **both("exchange", exchange),
        "fitted": _size(exchange, known["shaped-links", exchange, "in sample"].events),
        "intellect": _size(exchange, of("intellect-1", exchange).events),
        "intellect_share": _size("utilisation", of("intellect-1", "utilisation").events),
        "goodput": _size("goodput", of("decoupled-diloco", "goodput").events),
        "goodput_most": _size("goodput", of("decoupled-diloco", "goodput").largest),
        "elastic": _size("goodput", of("decoupled-diloco", "goodput from elastic").events),
    }
