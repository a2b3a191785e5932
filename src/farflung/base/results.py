"""What every answer offers: a page for people, tables for programs, a figure, sources, and the call again.

A subclass says what it found (:meth:`Result.page`, :meth:`Result.to_dict`, :meth:`Result.to_frame`) and how
it is asked for again (:meth:`Result.call`); representations, figure and commands follow from these.
"""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from farflung.base.pages import Page

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

MOST_LINES = 25
"""Lines of a representation."""
FIGURES = "farflung.report.figures"
"""The drawing backend, loaded by name on first use: results know no more of it than this."""


@dataclass(frozen=True, slots=True)
class Call:
    """How an answer is asked for: one verb, what it is about, and the options that are not the defaults.

    Attributes
    ----------
    verb
        The command, as ``uncertainty``.
    function
        The function of the package, as ``farflung.uncertainty``.
    subject
        The arguments as the command line takes them; ``None`` where they live in no file or preset.
    arguments
        The same as Python source.
    options
        Options by their Python name; ``--option-name value`` on the command line.
    """

    verb: str
    function: str
    subject: tuple[str, ...] | None = ()
    arguments: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def command(self) -> str | None:
        """Return the command line, quoted for a shell; ``None`` where no file or preset holds the subject."""
        if self.subject is None:
            return None
        words = ["farflung", *self.verb.split(), *self.subject]
        for name, value in self.options.items():
            words += _option_words(f"--{name.replace('_', '-')}", value)
        return shlex.join(words)

    @property
    def python(self) -> str:
        """Return the call as Python source."""
        options = [f"{name}={value!r}" for name, value in self.options.items()]
        return f"{self.function}({', '.join([*self.arguments, *options])})"


def _option_words(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [name if value else f"--no-{name.removeprefix('--')}"]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [word for item in value for word in (name, str(item))]
    return [name, f"{value:.12g}" if isinstance(value, float) else str(value)]


def changed_options(options: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Return the options that differ from their defaults, from pairs of value and default."""
    return {name: value for name, (value, default) in options.items() if value != default}


class Result(ABC):
    """An answer: what was found, how it is read, drawn, cited and asked for again."""

    @abstractmethod
    def page(self) -> Page:
        """Return the answer as a person reads it, short enough for a screen."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer as plain mappings, lists, numbers and texts, ready for JSON."""

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return the answer's table, one row for each thing it lists."""

    @abstractmethod
    def call(self) -> Call:
        """Return how the answer is asked for again."""

    @abstractmethod
    def citations(self) -> tuple[Any, ...]:
        """Return the sources (:class:`~farflung.catalog.sources.Source`) behind the answer."""

    def figure(self) -> go.Figure:
        """Return the answer as a Plotly figure.

        Raises
        ------
        InputError
            If the answer holds nothing to draw.
        """
        figure: go.Figure = import_module(FIGURES).figure_of(self)
        return figure

    @property
    def command(self) -> str | None:
        """Return the command that gives the answer again, where one does."""
        return self.call().command

    @property
    def python(self) -> str:
        """Return the Python that gives the answer again."""
        return self.call().python

    def __repr__(self) -> str:
        return self.page().to_text(most_lines=MOST_LINES)

    def __str__(self) -> str:
        return self.page().to_text()

    def _repr_html_(self) -> str:
        return self.page().to_html()
