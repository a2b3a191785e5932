"""A node and a model from texts with units, and what was assumed where nothing is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from farflung.analysis.node import chips as rates
from farflung.analysis.node.clusters import cluster_software
from farflung.analysis.node.inputs import Architecture, Hardware
from farflung.analysis.node.memory import OuterState
from farflung.analysis.node.plans import Node
from farflung.analysis.node.shapes import architecture as known_architecture
from farflung.analysis.node.shapes import architecture_of_size, check_size, is_known
from farflung.analysis.node.step import parameters_of
from farflung.base.errors import InputError
from farflung.base.format import format_digits, format_quantity
from farflung.base.units import parse
from farflung.catalog.chips import FORMAT_OF_PRECISION
from farflung.catalog.records import Record
from farflung.catalog.tables import table
from farflung.scenario.hardware import hardware as read_hardware

PRECISION, SEQUENCE, BATCH = "bf16", 4096, 131_072.0
"""Number format, tokens of a sequence and tokens of a step unless given."""
STACK = "usual"
"""The software of a node of which nothing else is known, among the clusters of the catalog."""
SMALLEST = 2e8
"""Parameters of the smallest model that the law of shapes is meant for."""
_BITS_OF_BYTE = 8.0
_ARGUMENTS = {
    "nodes.hardware": "hardware", "nodes.precision": "precision", "nodes.fast_domain": "fast_domain",
    "nodes.attention": "attention_kernel", "nodes.local_batch": "batch", "model.parameters": "model",
    "model.architecture": "architecture",
}  # fmt: skip
"""Argument that a field of a scenario is given by here."""


@dataclass(frozen=True, slots=True)
class NodeRequest:
    """A node and a model, ready to be computed.

    Attributes
    ----------
    hardware
        The node as it was written.
    chip, precision, sequence, batch
        Chip, training precision, tokens of a sequence and of a step.
    options
        The other arguments as they were given, by name.
    node, shape
        What plans are computed from.
    assumed
        What was not given, and what was taken instead.
    records
        What the catalog knows of the chip, by quantity.
    """

    hardware: str
    chip: str
    precision: str
    sequence: int
    batch: float
    options: Mapping[str, Any]
    node: Node
    shape: Architecture
    assumed: tuple[str, ...]
    records: Mapping[str, Record]

    @property
    def parameters(self) -> float:
        """Return the parameters of the model [1]."""
        return float(parameters_of(self.shape))


def read_request(hardware: str, model: float | str | None, options: Mapping[str, Any]) -> NodeRequest:
    """Return a node and a model, read from texts with units.

    Parameters
    ----------
    hardware
        ``"50x A100 80GB"``, or a standard pod.
    model
        Parameters, or the name of a model of the catalog.
    options
        The options of :func:`farflung.node`; ``None`` where one is not given.

    Raises
    ------
    InputError
        If something cannot be read, or contradicts something else.
    """
    try:
        return _read(hardware, model, options)
    except InputError as error:
        field = _ARGUMENTS.get(error.field, error.field)
        raise InputError(field, error.problem, error.nearest) from error


def _read(hardware: str, model: float | str | None, options: Mapping[str, Any]) -> NodeRequest:
    count, chip = read_hardware(str(hardware))
    precision, kernel = options["precision"] or PRECISION, options["attention_kernel"]
    sequence, batch = _work(options)
    shape, of_shape = _shape(model, options["architecture"], sequence)
    usual = rates.hardware(chip, precision, kernel=kernel)
    joined = _joined(usual, count, options)
    outer = _number(options["outer_bytes"] or 0.0, "outer_bytes", least=0.0)
    node = Node(
        hardware=joined,
        chips=count,
        sequences=batch / sequence,
        software=cluster_software(STACK, FORMAT_OF_PRECISION[precision]),
        outer=OuterState(weight_bytes=outer) if outer else None,
    )
    return NodeRequest(
        hardware, chip, precision, sequence, batch,
        {"model": model, **{name: value for name, value in options.items() if value is not None}},
        node, shape, (*_assumed(options, joined, batch), *of_shape), _records(chip, precision, kernel),
    )  # fmt: skip


def _work(options: Mapping[str, Any]) -> tuple[int, float]:
    """Return the tokens of a sequence and of a step."""
    written = options["sequence"]
    sequence = int(_number(SEQUENCE if written is None else written, "sequence", least=1.0, unit="token"))
    written = max(BATCH, sequence) if options["batch"] is None else options["batch"]
    batch = _number(written, "batch", least=0.0, unit="token")
    if batch < sequence:
        raise InputError(
            "batch", f"{batch:,.0f} tokens are less than a sequence of {sequence:,}", nearest=f"{sequence}"
        )
    return sequence, batch


def _number(value: float | str, field: str, *, least: float, unit: str = "1") -> float:
    try:
        number = _amount(value, unit)
    except InputError as error:
        raise InputError(field, error.problem, error.nearest) from error
    return _within(number, field, least=least)


def _shape(
    model: float | str | None, name: str | None, sequence: int
) -> tuple[Architecture, tuple[str, ...]]:
    """Return the shape of a model, and what of it was assumed."""
    if isinstance(model, str) and is_known(model):
        shape = known_architecture(model, sequence)
        if name is not None and _named_shape(name, sequence) != shape:
            raise InputError("architecture", f"'{name}' is not the architecture of {model}", nearest=model)
        return shape, ()
    size = None if model is None else _size(model)
    if name is not None:
        shape = _named_shape(name, sequence)
        if size is not None:
            check_size(shape, size)
        return shape, ()
    if size is None:
        raise InputError("model", "missing: parameters or the name of a model", nearest="160e9")
    if size < SMALLEST:
        raise InputError(
            "model", f"{size:g} parameters are too few to guess an architecture from", nearest=f"{SMALLEST:g}"
        )
    shape = architecture_of_size(size, float(sequence))
    layers, width = float(shape.layers), float(shape.hidden_width)
    return shape, (f"architecture: dense, {layers:.0f} layers of width {width:,.0f}",)


def _named_shape(name: str, sequence: int) -> Architecture:
    try:
        return known_architecture(name, sequence)
    except InputError as error:
        raise InputError("architecture", error.problem, error.nearest) from error


def _size(model: float | str) -> float:
    try:
        size = _amount(model, "parameters")
    except InputError:
        known = ", ".join(list(table("architectures"))[:4])
        raise InputError(
            "model",
            f"'{str(model)[:60]}' is neither a number of parameters nor a model of the catalog",
            nearest=f"160e9, or one of {known}, …",
        ) from None
    return _within(size, "model", least=0.0)


def _amount(value: float | str, unit: str) -> float:
    """Return a number as such, or as people write many of something: 160B, 2 million tokens."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return parse(str(value), unit)


def _within(number: float, field: str, *, least: float) -> float:
    if not least <= number < float("inf"):
        problem = f"{number:g} must be at least {least:g}" if number < least else f"{number:g} is no amount"
        raise InputError(field, problem, nearest=f"{least:g}")
    return number


def _joined(usual: Hardware, count: int, options: Mapping[str, Any]) -> Hardware:
    """Return the chips, joined as is said or as usual."""
    domain = options["fast_domain"]
    if domain is None:
        joined = replace(usual, domain_size=min(float(usual.domain_size), float(count)))
    else:
        size = _number(domain, "fast_domain", least=1.0)
        if size > count:
            raise InputError(
                "fast_domain", f"{size:g} chips are more than the node has", nearest=f"1 to {count}"
            )
        joined = replace(usual, domain_size=size)
    if options["interconnect"] is None:
        return joined
    try:
        rate = parse(str(options["interconnect"]), "bit/s")
    except InputError as error:
        raise InputError("interconnect", error.problem, error.nearest) from error
    if rate <= 0.0:
        raise InputError("interconnect", "must be above 0", nearest="200 Gbps")
    return replace(joined, network_bandwidth=rate / _BITS_OF_BYTE)


def _assumed(options: Mapping[str, Any], joined: Hardware, batch: float) -> Iterator[str]:
    """Yield what was taken for what was not given."""
    if options["precision"] is None:
        yield f"precision {PRECISION}"
    if options["fast_domain"] is None:
        link = format_quantity(float(joined.domain_bandwidth), "byte")
        yield f"{joined.domain_size:g} chips joined at {link}/s each"
    if options["interconnect"] is None:
        rate = format_quantity(float(joined.network_bandwidth) * _BITS_OF_BYTE, "bit/s")
        yield f"{rate} a chip between those"
    if options["sequence"] is None:
        yield f"sequences of {SEQUENCE:,} tokens"
    if options["batch"] is None:
        yield f"{format_digits(batch)} tokens a step"
    if options["outer_bytes"] is None:
        yield "outer weights and momentum in host memory"


def _records(chip: str, precision: str, kernel: str | None) -> Mapping[str, Record]:
    """Return what the time of a step on a chip rests on, by quantity."""
    row = table("node_rates")[chip]
    form = FORMAT_OF_PRECISION[precision]
    named = {
        f"sustained rate in {form}": row["sustained"][form],
        "rate of attention": row["attention"][kernel or row["kernel"]],
        "fast links": row["link"],
        "chips joined by them": row["domain"],
        "network": row["network"],
    }
    return {name: Record.of(raw) for name, raw in named.items()}
