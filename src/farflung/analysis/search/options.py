"""A search by keyword options: read with units into a problem, and written out again."""

from __future__ import annotations

import datetime
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypedDict, get_type_hints

from farflung.analysis.search.grid import GRIDS, Grid, Problem
from farflung.analysis.search.question import Constraints, Question
from farflung.base.errors import InputError, unknown
from farflung.base.fields import fields_of
from farflung.catalog.chips import FORMAT_OF_PRECISION

Quantity = str | float
Names = str | tuple[str, ...] | list[str]


class DesignOptions(TypedDict, total=False):
    """Options of a search without its budget.

    They are the fields of :class:`Question` and :class:`Constraints`, which declare units, bounds and
    defaults. Beside them: ``links``, the bandwidth of every node (``"100 Mbps"``, or
    ``"57 Mbps/310 Mbps"`` up and down); ``grid``, by name or as :class:`Grid`; and its ``precisions``.
    """

    metric: str
    rule: str
    duration: Quantity
    links: str
    upload: Quantity
    download: Quantity
    latency: Quantity
    assumptions: str
    reading: str
    threshold: float
    max_nodes: int
    max_overtraining: float
    min_chinchilla: float
    any_memory: bool
    makers: Names
    jurisdictions: Names
    chips: Names
    released_before: str | datetime.date
    modes: Names
    grid: str | Grid
    precisions: Names


class SearchOptions(DesignOptions, total=False):
    """Options of a search."""

    budget: Quantity


_RANGE = ("grid", "precisions")


def signature_with_options(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function of options, each with the default that its field declares."""
    fields = {**fields_of(Question), **fields_of(Constraints)}
    defaults = {
        name: field.to_toml(field.default) if field.default else field.default
        for name, field in fields.items()
    }
    kinds = get_type_hints(SearchOptions)
    declared = {**defaults, "links": defaults["upload"], "grid": "full", "precisions": Grid().precisions}
    own = inspect.signature(function)
    parameters = [one for one in own.parameters.values() if one.kind is not one.VAR_KEYWORD]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kinds[name])
        for name, default in declared.items()
        if name in kinds and name not in {"upload", "download"}
    ]
    return own.replace(parameters=[*parameters, *options])


def problem_of(options: Mapping[str, Any]) -> Problem:
    """Return the problem that keyword options describe; ``None`` stands for an option's default.

    Raises
    ------
    InputError
        If an option is unknown, or its value cannot be read.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if "links" in given:
        given |= _links(given.pop("links"))
    questions, limits = fields_of(Question), fields_of(Constraints)
    known = {*questions, *limits, "links", *_RANGE}
    for name in given:
        if name not in known:
            raise unknown(name, "option", name, known)
    return Problem(
        Question.read({name: value for name, value in given.items() if name in questions}),
        Constraints.read({name: value for name, value in given.items() if name in limits}),
        _grid(given.get("grid", "full"), given.get("precisions", ())),
    )


def _links(text: Any) -> dict[str, Any]:
    """Return the bandwidths in a text such as ``57 Mbps/310 Mbps``, up and down."""
    written = re.split(r"/\s*(?=[\d.])", str(text), maxsplit=1)
    try:
        for one in written:
            fields_of(Question)["upload"].parse(one)
    except InputError as error:
        raise InputError("links", error.problem, error.nearest) from error
    return dict(zip(("upload", "download"), written, strict=False))


def _grid(grid: str | Grid, precisions: Names) -> Grid:
    if isinstance(grid, str):
        if grid not in GRIDS:
            raise unknown("grid", "grid", grid, GRIDS)
        grid = GRIDS[grid]()
    formats = (precisions,) if isinstance(precisions, str) else tuple(precisions)
    for precision in formats:
        if precision not in FORMAT_OF_PRECISION:
            raise unknown("precisions", "number format", precision, FORMAT_OF_PRECISION)
    return replace(grid, precisions=formats) if formats else grid


def options_of(problem: Problem) -> dict[str, Any]:
    """Return the options that describe a problem, apart from those at their defaults."""
    options: dict[str, Any] = {}
    for section in (problem.question, problem.constraints):
        for name, field in fields_of(type(section)).items():
            value = field.get(section)
            if value != field.default or field.required:
                options[name] = field.to_toml(value)
    upload, download = (options.pop(name, None) for name in ("upload", "download"))
    if upload or download:
        up = fields_of(Question)["upload"].to_toml(problem.question.upload)
        options["links"] = f"{up}/{download}" if download else up
    grid = problem.grid
    named = GRIDS[grid.name]() if grid.name in GRIDS else None
    if named is None or replace(named, precisions=grid.precisions) != grid:
        return {**options, "grid": grid}
    if grid.name != Grid().name:
        options["grid"] = grid.name
    if grid.precisions != named.precisions:
        options["precisions"] = list(grid.precisions)
    return options
