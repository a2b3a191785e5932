"""How a command answers: it returns a result, and its options say how that is shown and drawn."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Protocol, get_type_hints

import typer
from typer.models import OptionInfo

from farflung.base.errors import InputError
from farflung.cli.command import command_line

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from rich.console import RenderableType

    from farflung.base.pages import Page

_FAILED = 1


class OutputFormat(StrEnum):
    """How an answer is written."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    svg = "svg"


class Answerable(Protocol):
    """What a command may return: a :class:`~farflung.base.results.Result`, or a list of the catalog."""

    def page(self) -> Page:
        """Return it for people."""

    def to_dict(self) -> Any:
        """Return it for programs."""

    def to_frame(self) -> pd.DataFrame:
        """Return it as a table."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A result that is shown in another way than its own.

    Attributes
    ----------
    result
        The result; nothing is written without one.
    renderables
        What is printed instead of its page.
    document
        What is written as Markdown instead of its page.
    figure
        What is drawn instead of its figure.
    failed
        Whether the command ends with exit code 1.
    """

    result: Answerable | None = None
    renderables: Callable[[], Iterable[RenderableType]] | None = None
    document: Callable[[], str] | None = None
    figure: Callable[[], go.Figure] | None = None
    failed: bool = False


Format = Annotated[OutputFormat, typer.Option("--format", help="How to write the answer.")]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="FILE", help="Also draw it: .html, .svg, .png or .pdf.", show_default=False
    ),
]


def answers(command: Callable[..., Any] | None = None, *, plot: bool = False) -> Callable[..., Any]:
    """Return a command that shows what a function returns.

    The options of the command are the function's parameters and ``--format``; with ``plot`` also ``--plot``,
    which is checked before any work. A parameter that is a dataclass becomes one option for each of its
    fields, and one annotated with :class:`~farflung.cli.section_options.SectionOptions` one for each field
    of that section.
    """
    if command is None:
        return functools.partial(answers, plot=plot)
    groups, options = _options_of(command)
    own = {"output_format": _keyword("output_format", OutputFormat.table, Format)}
    own |= {"plot": _keyword("plot", None, Plot)} if plot else {}

    @functools.wraps(command)
    def shown(
        context: typer.Context, output_format: OutputFormat, plot: Path | None = None, **given: Any
    ) -> None:
        if plot is not None:
            from farflung.report.figures import check_figure_path

            check_figure_path(plot)
        line = command_line(context)
        try:
            arguments = {name: group.collect(given) for name, group in groups.items()}
            result = command(**given, **arguments)
        except InputError as error:
            raise _naming_option(error, options) from error
        show(result if isinstance(result, Answer) else Answer(result=result), output_format, plot, line)

    parameters = [
        _keyword("context", inspect.Parameter.empty, typer.Context),
        *options.values(),
        *own.values(),
    ]
    # Help keeps the ends of lines, which are those of the source: a paragraph is one line.
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    shown.__doc__ = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    # Typer reads both.
    shown.__annotations__ = {option.name: option.annotation for option in parameters}
    shown.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return shown


def _keyword(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _naming_option(
    error: InputError,
    options: Mapping[str, inspect.Parameter],
) -> InputError:
    """Return an error that names the option, rather than the argument, whose value is refused."""
    if error.field not in options:
        return error
    for extra in getattr(options[error.field].annotation, "__metadata__", ()):
        if isinstance(extra, OptionInfo):
            # Inside Annotated, the first of an option's names stands where its default would.
            return InputError(str(extra.default), error.problem, error.nearest)
    return InputError(error.field.upper(), error.problem, error.nearest)


class Group(Protocol):
    """Options that make one argument."""

    def parameters(self) -> list[inspect.Parameter]:
        """Return the options."""

    def collect(self, given: dict[str, Any]) -> Any:
        """Take the options' values out of all that is given, and return the argument."""


@dataclass(frozen=True)
class DataclassOptions:
    """The fields of a dataclass as options."""

    kind: type

    def parameters(self) -> list[inspect.Parameter]:
        """Return the options."""
        hints = get_type_hints(self.kind, include_extras=True)
        return [_keyword(option.name, option.default, hints[option.name]) for option in fields(self.kind)]

    def collect(self, given: dict[str, Any]) -> Any:
        """Return the dataclass."""
        return self.kind(**{option.name: given.pop(option.name) for option in fields(self.kind)})


def _options_of(command: Callable[..., Any]) -> tuple[Mapping[str, Group], dict[str, inspect.Parameter]]:
    """Return the groups of options that a function takes, and all options by name."""
    # What it returns may be a type that only a type checker imports.
    inputs = {name: hint for name, hint in command.__annotations__.items() if name != "return"}
    hints = get_type_hints(
        SimpleNamespace(__annotations__=inputs, __globals__=command.__globals__), include_extras=True
    )
    groups: dict[str, Group] = {}
    options: dict[str, inspect.Parameter] = {}
    for parameter in inspect.signature(command).parameters.values():
        group = _group_of(hints[parameter.name])
        if group is None:
            own = [_keyword(parameter.name, parameter.default, hints[parameter.name])]
        else:
            groups[parameter.name] = group
            own = group.parameters()
        options |= {option.name: option for option in own}
    return groups, options


def _group_of(hint: Any) -> Group | None:
    for extra in getattr(hint, "__metadata__", ()):
        if hasattr(extra, "collect"):
            return extra  # type: ignore[no-any-return]
    return DataclassOptions(hint) if isinstance(hint, type) and is_dataclass(hint) else None


def show(answer: Answer, output_format: OutputFormat, plot: Path | None, command: str) -> None:
    """Draw an answer where that is asked for, then write it.

    Raises
    ------
    typer.Exit
        If the answer is that a check failed.
    """
    from farflung.base.results import Result
    from farflung.cli import terminal

    result = answer.result
    if plot is not None:
        from farflung.report.figures import write_figure

        write_figure(answer.figure() if answer.figure else result.figure(), plot)  # type: ignore[union-attr]
    if result is None:
        return
    if output_format is OutputFormat.json:
        terminal.print_json(result.to_dict())
    elif output_format is OutputFormat.csv:
        terminal.print_csv(result.to_frame())
    elif output_format is OutputFormat.markdown:
        sys.stdout.write(answer.document() if answer.document else result.page().to_markdown())
    else:
        parts = list(answer.renderables() if answer.renderables else terminal.render(result.page()))
        parts += [f"\n$ {command}"] if isinstance(result, Result) else []
        if output_format is OutputFormat.svg:
            terminal.print_picture(parts, title=command)
        else:
            terminal.print_all(*parts)
    if answer.failed:
        raise typer.Exit(_FAILED)
