"""Figures as files: a page that stands on its own, or an image drawn by a browser that is there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from farflung.base.errors import InputError, closest

if TYPE_CHECKING:
    import plotly.graph_objects as go

SUFFIXES = (".html", ".png", ".svg", ".pdf")
_SCALE = 2
"""Pixels of an image for each of the page, so that it is sharp on paper and on dense screens."""
_PATIENCE_S = 90
_CHROMIUM = "Debian and Ubuntu: apt-get install chromium; elsewhere: kaleido_get_chrome"


def write_figure(figure: go.Figure, path: str | Path) -> None:
    """Write a figure to a file, in the format that its suffix names.

    Parameters
    ----------
    figure
        The figure.
    path
        Ends in ``.html`` (one page with everything in it, opened without a network), ``.png``, ``.svg`` or
        ``.pdf`` (drawn by Chromium or Chrome; another than the one found is named by ``BROWSER_PATH``).

    Raises
    ------
    InputError
        If the suffix is another, the file cannot be written, or there is nothing to draw an image with.
    """
    file = check_figure_path(path)
    suffix = file.suffix.lower()
    if suffix == ".html":
        from farflung.report.figures.page import html_page  # noqa: PLC0415 - needs the drawing library

        content = html_page(figure).encode()
    else:
        content = _image(figure, suffix.removeprefix("."))
    file.write_bytes(content)


def check_figure_path(path: str | Path) -> Path:
    """Return the path of a figure, if its suffix names a format and it can be written.

    Commands call this before any work, so that an hour's answer is not lost to a misspelt path.

    Raises
    ------
    InputError
        If not.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        guess = closest(suffix, SUFFIXES)
        any_of = f"{file.name or 'figure'}.html, .png, .svg or .pdf"
        nearest = str(file.with_suffix(guess)) if guess else any_of
        raise InputError(str(file), "does not say how to draw it", nearest=nearest)
    if not file.parent.is_dir():
        raise InputError(str(file), f"cannot be written: there is no folder '{file.parent}'")
    try:
        existed = file.exists()
        with file.open("ab"):
            pass
        if not existed:
            file.unlink()
    except OSError as error:
        raise InputError(str(file), f"cannot be written: {error.strerror or error}") from error
    return file


def _image(figure: go.Figure, form: str) -> bytes:
    """Return the figure as an image.

    The browser has no sandbox of its own here, as it has none for root: all that it opens is this figure.
    Nothing is loaded from a network, mathematics included.
    """
    try:
        import kaleido  # noqa: PLC0415 - only images need it, and it is an extra
        from kaleido.errors import ChromeNotFoundError  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            f".{form}",
            "needs kaleido, which is not installed",
            nearest="pip install 'farflung[figures]', or .html",
        ) from error
    options = {"mathjax": False, "timeout": _PATIENCE_S}
    try:
        with _quiet("choreographer", "kaleido"):
            return bytes(
                kaleido.calc_fig_sync(figure.to_dict(), opts={"format": form, "scale": _SCALE}, kopts=options)
            )
    except ChromeNotFoundError as error:
        raise InputError(
            f".{form}",
            f"needs Chromium or Chrome, and none is found ({_CHROMIUM})",
            nearest=".html needs none",
        ) from error
    except Exception as error:  # whatever a browser does that does not start, hangs or dies
        raise InputError(
            f".{form}",
            f"the browser did not draw it ({_first_sentence(error)}); {_CHROMIUM}",
            nearest=".html needs none",
        ) from error


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Keep loggers silent: a browser that is closed says a last word that they print as an error."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _first_sentence(error: Exception) -> str:
    words = " ".join(str(part) for part in error.args) or type(error).__name__
    return words.strip().splitlines()[0].split(". ")[0][:160]
