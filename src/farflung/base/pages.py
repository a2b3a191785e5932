"""Pages: an answer as a person reads it, in plain text or HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100
"""Columns that pages are laid out for."""


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
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    title: str = ""


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


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _table_lines(table: Table, width: int) -> list[str]:
    rows = [table.headers, *table.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.headers))]
    # The widest column of words gives way where the table is wider than the page.
    words = [place for place in range(len(widths)) if place not in table.numeric]
    while sum(widths) + 2 * (len(widths) - 1) > width and words:
        widest = max(words, key=lambda place: widths[place])
        if widths[widest] <= max(8, len(table.headers[widest])):
            break
        widths[widest] -= 1
    cells = [
        "  ".join(_cell(row[place], widths[place], place in table.numeric) for place in range(len(widths)))
        for row in rows
    ]
    rule = "  ".join("─" * one for one in widths)
    return [*([table.title] if table.title else []), cells[0], rule, *cells[1:]]


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
    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in table.rows)
    return f"<table>{caption}<thead><tr>{row(table.headers, 'th')}</tr></thead><tbody>{body}</tbody></table>"
