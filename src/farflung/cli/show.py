"""How answers are shown: tables for people, JSON and CSV for programs, and nothing else on stdout."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

WIDTH = 100
"""Columns that every table is laid out for, and gets where the output is no terminal."""
ABSENT = "–"
"""Shown for what does not exist or is not known."""


PLOT_HELP = "Also draw it into a file: .html, .svg, .png or .pdf."
_LEAST_BAR = 12
"""Narrower bars would show nothing."""


class Listed(StrEnum):
    """How a listing is shown."""

    table = "table"
    json = "json"
    csv = "csv"


class Told(StrEnum):
    """How an answer that is no listing is shown."""

    table = "table"
    json = "json"


class Written(StrEnum):
    """How an answer that goes into documents is shown."""

    table = "table"
    json = "json"
    markdown = "markdown"


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, or as the tables are laid out for."""
    import os

    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    wide = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH
    # Names such as 'fp8 [FLOP/s]' are no markup, and colours mean something here: no guessing at either.
    return Console(file=stream, width=wide, markup=False, highlight=False, emoji=False)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give a callback that draws a bar on stderr, where somebody is there to see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def put(*answers: RenderableType) -> None:
    """Print answers, one below the other.

    Plain text keeps its lines whole, to be copied. Without a terminal no line ends in blanks.
    """
    out = console()
    with nullcontext() if out.is_terminal else out.capture() as captured:
        for answer in answers:
            out.print(answer, soft_wrap=isinstance(answer, str))
    if captured is None:
        return
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def quantity(value: Any, unit: str = "") -> str:
    """Return a value as a person reads it."""
    from farflung.base.format import format_quantity

    if value is None or value == "":
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_quantity(value, unit) if unit and isinstance(value, int | float) else str(value)


def put_json(answer: Any) -> None:
    """Write an answer as JSON; what JSON cannot hold (NaN, infinity) becomes null."""
    ascii_only = "utf" not in (sys.stdout.encoding or "").lower()
    text = json.dumps(_valid(answer), indent=2, ensure_ascii=ascii_only, allow_nan=False, default=str)
    sys.stdout.write(text + "\n")


def _valid(answer: Any) -> Any:
    if isinstance(answer, float):
        return answer if math.isfinite(answer) else None
    if isinstance(answer, Mapping):
        return {str(key): _valid(value) for key, value in answer.items()}
    return [_valid(value) for value in answer] if isinstance(answer, list | tuple) else answer


def put_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as CSV; what is not known stays empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


def grid(*headers: str, right: Iterable[int] = (), shares: Mapping[int, int] | None = None) -> Table:
    """Return an empty table with these headers.

    Parameters
    ----------
    headers
        Titles of the columns.
    right
        Columns of numbers, set to the right.
    shares
        Columns of words, and what share of the room that the others leave each of them gets.
    """
    from rich import box
    from rich.table import Table

    # Words yield to names and numbers where there is room for those; on a narrow terminal all yield alike,
    # and nothing is ever cut off.
    numbers, weights = set(right), (shares or {}) if console().width >= WIDTH else {}
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold", expand=bool(weights))
    for place, header in enumerate(headers):
        table.add_column(
            header,
            justify="right" if place in numbers else "left",
            overflow="fold",
            ratio=weights.get(place),
        )
    return table


def room_for_bars(width: int) -> int:
    """Return how wide bars may be that are so wide on a terminal of full width; 0 where none fit."""
    left = width - max(0, WIDTH - console().width)
    return left if left >= _LEAST_BAR else 0


def kept_whole(table: Table, *wrapping: int) -> Table:
    """Return the table with no column broken into lines except ``wrapping``."""
    for place, column in enumerate(table.columns):
        column.no_wrap = place not in wrapping and console().width >= WIDTH
    return table


def short(value: Any, unit: str) -> str:
    """Return a value as a person reads it under a title that says what it is."""
    text = quantity(value, unit)
    for word in (" FLOP", " tokens", " parameters"):
        text = text.removesuffix(word)
    for word, letter in ((" million", "M"), (" billion", "B"), (" trillion", "T")):
        text = text.removesuffix(word) + letter if text.endswith(word) else text
    return text


def share(part: float) -> str:
    """Return a share of something; only all of it is 100 %, and only nothing 0 %."""
    if 0.0 < part < 0.0005:
        return "< 0.1%"
    if 0.9995 <= part < 1.0:
        return "> 99.9%"
    return f"{part:.1%}" if 0.0 < part < 1.0 else f"{part:.0%}"


def segment(
    low: float, high: float, *, axis: tuple[float, float], width: int, mark: float | None = None
) -> str:
    """Return a bar from ``low`` to ``high`` on an axis, and a stroke at ``mark``, as text."""
    if not width:
        return ""
    start, end = axis

    def place(value: float) -> int:
        share = (value - start) / (end - start) if end > start else 0.5
        return round(min(max(share, 0.0), 1.0) * (width - 1))

    cells = ["━" if place(low) <= cell <= place(high) else " " for cell in range(width)]
    if mark is not None:
        cells[place(mark)] = "┿" if cells[place(mark)] == "━" else "│"
    return "".join(cells)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a listing.

    Attributes
    ----------
    key
        Its name in JSON and CSV; empty for what is only put together for people.
    title
        Its title in a table; empty for what is only for programs.
    unit
        Unit of its numbers; empty for words.
    share
        Share of the room, where the column holds words that may wrap.
    """

    key: str
    title: str = ""
    unit: str = ""
    share: int | None = None

    def shown(self, value: Any) -> str:
        """Return a value of this column as a person reads it under its title."""
        text = quantity(value, self.unit)
        # Under 'Tokens' a number need not say '… tokens'.
        return text.removesuffix(f" {self.title.lower()}") if self.unit else text


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows under columns, the same in every format; the note is for people."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""

    def put(self, how: Listed) -> None:
        """Show the listing."""
        if how is Listed.table:
            self._put_table()
            return
        places = [place for place, column in enumerate(self.columns) if column.key]
        keys = [self.columns[place].key for place in places]
        rows = [[row[place] for place in places] for row in self.rows]
        if how is Listed.csv:
            put_csv(keys, rows)
        else:
            put_json([dict(zip(keys, row, strict=True)) for row in rows])

    def _put_table(self) -> None:
        places = [place for place, column in enumerate(self.columns) if column.title]
        shown = [self.columns[place] for place in places]
        table = grid(
            *(column.title for column in shown),
            right=(at for at, column in enumerate(shown) if column.unit),
            shares={at: column.share for at, column in enumerate(shown) if column.share},
        )
        for row in self.rows:
            table.add_row(*(self.columns[place].shown(row[place]) for place in places))
        put(table, *([self.note] if self.note else []))
