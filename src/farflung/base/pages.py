"""Pages: an answer as a person reads it, in plain text or HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100
"""Columns that pages are laid out for."""


LEAST_SPAN, WIDEST_SPAN = 12, 24
"""Columns of a drawn span: narrower ones would show nothing."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an axis, drawn as a bar.

    Attributes
    ----------
    low, high
        Its ends, as shares of the axis.
    mark
        Where a stroke marks the point value, as a share of the axis.
    """

    low: float
    high: float
    mark: float | None = None

    def draw(self, width: int) -> str:
        """Return the bar as text, so many columns wide."""

        def place(share: float) -> int:
            return round(min(max(share, 0.0), 1.0) * (width - 1))

        cells = ["━" if place(self.low) <= cell <= place(self.high) else " " for cell in range(width)]
        if self.mark is not None:
            at = place(self.mark)
            cells[at] = "┿" if cells[at] == "━" else "│"
        return "".join(cells)


def span_on(axis: tuple[float, float], low: float, high: float, mark: float | None = None) -> Span:
    """Return the span from ``low`` to ``high`` of an axis in the quantity's own unit."""
    start, end = axis

    def share(value: float) -> float:
        return (value - start) / (end - start) if end > start else 0.5

    return Span(share(low), share(high), None if mark is None else share(mark))


@dataclass(frozen=True, slots=True)
class Table:
    """A small table of texts.

    Attributes
    ----------
    headers
        Titles of the columns.
    rows
        Texts, one for every column.
    numeric
        Columns of numbers, set to the right.
    title
        What the table shows.
    spans
        A bar beside each row, drawn where there is room; ``None`` where a row has none.
    span_title
        What the bars show.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    title: str = ""
    spans: tuple[Span | None, ...] = ()
    span_title: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as a person reads it, laid out by whoever shows it.

    Attributes
    ----------
    title
        The question, or what was found, in a line.
    lines
        What was found, in sentences.
    tables
        What was found, in numbers.
    notes
        What a reader must know of the numbers.
    """

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()

    def to_text(self, width: int = WIDTH, most_lines: int | None = None) -> str:
        """Return the page as plain text, cut off after ``most_lines`` with a word on what is left."""
        notes = [line for note in self.notes for line in _wrapped(f"Note: {note}", width, "      ")]
        body = [line for text in self.lines for line in _wrapped(text, width)]
        tables = [line for table in self.tables for line in ("", *_table_lines(table, width))]
        lines = [*_wrapped(self.title, width), *body, *tables, *([""] if notes else []), *notes]
        if most_lines is not None and len(lines) > most_lines:
            left = len(lines) - most_lines + 1
            lines = [*lines[: most_lines - 1], f"… {left} more lines: print(result.page().to_text())"]
        return "\n".join(line.rstrip() for line in lines)

    def to_html(self) -> str:
        """Return the page as a fragment of HTML."""
        parts = [f"<strong>{html.escape(self.title)}</strong>"]
        parts += [f"<p>{html.escape(line)}</p>" for line in self.lines]
        parts += [_table_html(table) for table in self.tables]
        parts += [f"<p><em>Note:</em> {html.escape(note)}</p>" for note in self.notes]
        return f"<div class='farflung'>{''.join(parts)}</div>"

    def to_markdown(self) -> str:
        """Return the page as Markdown."""
        tables = [_table_markdown(table) for table in self.tables]
        notes = ["\n".join(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n\n".join([f"# {self.title}", *self.lines, *tables, *notes]) + "\n"


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _table_lines(table: Table, width: int) -> list[str]:
    rows = [table.headers, *table.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.headers))]
    # Columns of words give way where the table is wider than the page, the widest first.
    least = [max(8, len(header)) for header in table.headers]
    words = [place for place in range(len(widths)) if place not in table.numeric]
    while sum(widths) + 2 * (len(widths) - 1) > width:
        wide = [place for place in words if widths[place] > least[place]]
        if not wide:
            break
        widths[max(wide, key=lambda place: widths[place])] -= 1
    lines = [
        "  ".join(_cell(row[place], widths[place], place in table.numeric) for place in range(len(widths)))
        for row in rows
    ]
    lines.insert(1, "  ".join("─" * one for one in widths))
    room = min(width - len(lines[1]) - 2, WIDEST_SPAN)
    if table.spans and room >= LEAST_SPAN:
        bars = [table.span_title[:room], "", *(span.draw(room) if span else "" for span in table.spans)]
        lines = [f"{line}  {bar}" for line, bar in zip(lines, bars, strict=True)]
    return [*([table.title] if table.title else []), *lines]


def _cell(text: str, width: int, numeric: bool) -> str:
    short = text if len(text) <= width else f"{text[: width - 1]}…"
    return short.rjust(width) if numeric else short.ljust(width)


def _table_html(table: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        sides = ["right" if place in table.numeric else "left" for place in range(len(cells))]
        return "".join(
            f"<{tag} style='text-align:{side}'>{html.escape(cell)}</{tag}>"
            for cell, side in zip(cells, sides, strict=True)
        )

    caption = f"<caption>{html.escape(table.title)}</caption>" if table.title else ""
    bars = [_span_html(span) for span in table.spans] or [""] * len(table.rows)
    body = "".join(f"<tr>{row(cells, 'td')}{bar}</tr>" for cells, bar in zip(table.rows, bars, strict=True))
    head = row(table.headers, "th") + (f"<th>{html.escape(table.span_title)}</th>" if table.spans else "")
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _span_html(span: Span | None) -> str:
    if span is None:
        return "<td></td>"
    low, high = (100.0 * min(max(end, 0.0), 1.0) for end in (span.low, span.high))
    bar = f"margin-left:{low:.1f}%;width:{max(high - low, 1.0):.1f}%;height:0.6em;background:#0072b2"
    return f"<td style='min-width:10em'><div style='{bar}'></div></td>"


def _table_markdown(table: Table) -> str:
    def row(cells: Sequence[str]) -> str:
        return (
            f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), '<br>') for cell in cells)} |"
        )

    rule = ["---:" if place in table.numeric else "---" for place in range(len(table.headers))]
    caption = [f"**{table.title}**", ""] if table.title else []
    return "\n".join([*caption, row(table.headers), row(rule), *map(row, table.rows)])
