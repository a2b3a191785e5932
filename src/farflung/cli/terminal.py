"""What goes to the terminal: pages for people, JSON and CSV for programs, and nothing else on stdout."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from farflung.base.pages import LEAST_SPAN, WIDEST_SPAN, WIDTH
from farflung.base.pages import Table as PageTable

if TYPE_CHECKING:
    import pandas as pd

    from farflung.base.pages import Page

_LONGEST_HEADER, _LONGEST_WORD = 12, 16
_LONGEST_NAME = 40
"""Characters of a word that is kept on one line."""


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, or as the pages are laid out for."""
    import os

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


def print_all(*parts: RenderableType) -> None:
    """Print parts of a page, one below the other.

    Plain text keeps its lines whole, to be copied. Without a terminal no line ends in blanks.
    """
    out = console()
    with nullcontext() if out.is_terminal else out.capture() as captured:
        for part in parts:
            out.print(part, soft_wrap=isinstance(part, str))
    if captured is None:
        return
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def print_picture(parts: Iterable[RenderableType], title: str) -> None:
    """Write parts of a page as an SVG picture that needs no font from elsewhere."""
    canvas = Console(
        file=io.StringIO(), record=True, width=WIDTH, markup=False, highlight=False, emoji=False,
        force_terminal=True, color_system="truecolor",
    )  # fmt: skip
    for part in parts:
        canvas.print(part)
    picture = canvas.export_svg(title=title, unique_id="farflung")
    # The standard frame loads its font from the network; the fonts it falls back to serve.
    sys.stdout.write(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL))


def print_json(answer: Any) -> None:
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


def print_csv(frame: pd.DataFrame) -> None:
    """Write a table as CSV; what is not known stays empty."""
    import pandas as pd

    named = not isinstance(frame.index, pd.RangeIndex)
    label = frame.index.name or "name"
    sys.stdout.write(frame.to_csv(index=named, index_label=label if named else None, lineterminator="\n"))


def render(page: Page) -> Iterator[RenderableType]:
    """Yield the parts of a page."""
    yield Text(page.title, style="bold")
    for line in page.lines:
        yield Text(line)
    for place, table in enumerate(page.tables):
        if table.title:
            # A table ends with an empty line of its own.
            yield Text(table.title if place else f"\n{table.title}", style="bold")
        yield render_table(table)
    for note in page.notes:
        yield Text.assemble(("Note: ", "yellow"), note)


def render_table(table: PageTable) -> Table:
    """Return a table, its bars included where the terminal has room for them."""
    wide = console().width >= WIDTH
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    for place, header in enumerate(table.headers):
        cells = [row[place] for row in table.rows]
        numeric = place in table.numeric
        # Prose yields to numbers and names where there is room; on a narrow terminal all yield alike.
        whole = numeric or all(" " not in cell and len(cell) <= _LONGEST_NAME for cell in cells)
        # Names of assumption sets, above numbers, in two lines each.
        title = header.replace("-", "\n", 1) if numeric and len(header) > _LONGEST_HEADER else header
        words = [word for cell in (title, *(cells if wide else ())) for word in cell.split()]
        shown.add_column(
            title,
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=whole and wide,
            min_width=min(max(map(len, words), default=0), _LONGEST_WORD),
        )
    width = _bar_width(table)
    if width:
        shown.add_column(table.span_title, no_wrap=True, style="cyan")
    for place, row in enumerate(table.rows):
        span = table.spans[place] if width else None
        shown.add_row(*row, *([span.draw(width) if span else ""] if width else []))
    return shown


def _bar_width(table: PageTable) -> int:
    """Return how wide bars are beside the table's words and numbers; 0 for none."""
    if not table.spans:
        return 0
    # Two columns between cells, and two at either end.
    longest = (
        max(len(row[place]) for row in (table.headers, *table.rows)) for place in range(len(table.headers))
    )
    left = console().width - 4 - sum(width + 2 for width in longest)
    least = LEAST_SPAN if console().width >= WIDTH else 0
    width = min(max(left, least), WIDEST_SPAN)
    return width if width >= LEAST_SPAN else 0
