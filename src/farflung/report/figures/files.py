"""Figures as files: a page that stands on its own, or an image drawn by a browser that is there."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from farflung.base.errors import InputError, closest

SUFFIXES = (".html", ".png", ".svg", ".pdf")
_SCALE = 2
"""Pixels of an image for each of the page, so that it is sharp on paper and on dense screens."""
_PATIENCE_S = 90
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>body {{ margin: 0; background: white; }} main {{ width: {width}px; margin: 0 auto; }}</style>
</head>
<body>
<main role="img" aria-label="{title}">
{figure}
</main>
</body>
</html>
"""
_CHROMIUM = "Debian and Ubuntu: apt-get install chromium; elsewhere: kaleido_get_chrome"


def write_figure(figure: go.Figure, path: str | Path) -> None:
    """Write a figure to a file, in the form that its suffix names.

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
    to = check_figure_file(path)
    suffix = to.suffix.lower()
    content = _page(figure) if suffix == ".html" else _image(figure, suffix.removeprefix("."))
    try:
        to.write_bytes(content)
    except OSError as error:
        raise InputError(str(to), f"cannot be written: {error.strerror or error}") from error


def check_figure_file(path: str | Path) -> Path:
    """Return the path of a figure, if it says how to draw it and its folder is there.

    Raises
    ------
    InputError
        If not.
    """
    to = Path(path)
    suffix = to.suffix.lower()
    if suffix not in SUFFIXES:
        guess = closest(suffix, SUFFIXES)
        nearest = str(to.with_suffix(guess)) if guess else f"{to.name or 'figure'}.html, .png, .svg or .pdf"
        raise InputError(str(to), "does not say how to draw it", nearest=nearest)
    if not to.parent.is_dir():
        raise InputError(str(to), f"cannot be written: there is no folder '{to.parent}'")
    return to


def _page(figure: go.Figure) -> bytes:
    """Return the page: the drawing library is in it, and nothing in it leads elsewhere."""
    drawn = figure.to_html(
        full_html=False,
        include_plotlyjs=True,
        include_mathjax=False,
        div_id="figure",
        config={"displaylogo": False, "typesetMath": False},
    )
    words = re.sub(r"<[^>]*>", " ", str(figure.layout.title.text or "")).replace("\u00a0", " ")
    title = html.escape(html.unescape(re.sub(r"\s+", " ", words)).strip() or "farflung")
    return _PAGE.format(title=title, width=figure.layout.width or 700, figure=drawn).encode()


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
    wanted: dict[str, Any] = {"format": form, "scale": _SCALE}
    options = {"mathjax": False, "timeout": _PATIENCE_S}
    try:
        with _quietly("choreographer", "kaleido"):
            return bytes(kaleido.calc_fig_sync(figure.to_dict(), opts=wanted, kopts=options))
    except ChromeNotFoundError as error:
        raise InputError(
            f".{form}",
            f"needs Chromium or Chrome, and none is found ({_CHROMIUM})",
            nearest=".html needs none",
        ) from error
    except Exception as error:  # whatever a browser does that does not start, hangs or dies
        raise InputError(
            f".{form}",
            f"the browser did not draw it ({_reason(error)}); {_CHROMIUM}",
            nearest=".html needs none",
        ) from error


@contextmanager
def _quietly(*names: str) -> Iterator[None]:
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


def _reason(error: Exception) -> str:
    """Return the first sentence of what went wrong."""
    words = " ".join(str(part) for part in error.args) or type(error).__name__
    return words.strip().splitlines()[0].split(". ")[0][:160]
