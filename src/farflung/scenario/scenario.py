"""The scenario: who trains what, on what, over which links, for how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import PrivateAttr, model_validator

from farflung.base.errors import InputError, closest
from farflung.base.fields import OneOf, fields_of, quantity
from farflung.base.sections import Section, read_mapping
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS
from farflung.protocols import PROTOCOLS

AUTO = "auto"
"""Mode in which the protocol is picked by memory."""


def modes() -> tuple[str, ...]:
    """Return the modes that a scenario can name: every protocol, and ``auto``."""
    return (AUTO, *PROTOCOLS)


Mode = Annotated[str, OneOf(modes)]
Precision = Literal["fp16", "bf16", "fp8", "fp4"]
Stragglers = Literal["synchronous", "relay", "threshold", "backup", "order_statistics"]
Outlook = Literal["optimistic", "expected", "conservative"]


class Model(Section):
    """The model that is trained."""

    parameters: float = quantity(
        "All parameters, routed experts included", unit="parameters", symbol="P", at_least=1e6, at_most=1e16
    )
    active_parameters: float | None = quantity(
        "Parameters that a token meets; all of them if left out",
        unit="parameters", symbol="P_act", default=None, at_least=1e6, at_most=1e16,
    )  # fmt: skip
    moe_layers: int = quantity(
        "Layers with routed experts", symbol="L_moe", default=0, at_least=0, at_most=10_000
    )
    expert_parallelism: int = quantity(
        "Nodes that share the experts of one replica", symbol="E", default=1, at_least=1, at_most=10_000_000
    )

    @model_validator(mode="after")
    def _active_within_total(self) -> Model:
        if self.active_parameters is not None and self.active_parameters > self.parameters:
            raise InputError(
                "model.active_parameters",
                f"{self.active_parameters:g} active parameters are more than all {self.parameters:g}",
                nearest=f"{self.parameters:g}",
            )
        if self.expert_parallelism > 1 and self.active_parameters is None:
            raise InputError(
                "model.active_parameters",
                "a model without experts cannot share them among nodes",
                nearest="give active_parameters, or expert_parallelism = 1",
            )
        return self


class Nodes(Section):
    """The hardware: so many equal nodes, from the catalog or described directly."""

    count: int = quantity("Nodes, each a site of its own", symbol="N", at_least=1, at_most=100_000_000)
    hardware: str | None = quantity(
        "Chips of a node, as '16x GH200', or the name of a standard pod", unit="", default=None
    )
    peak: float | None = quantity(
        "Peak dense throughput of a node, instead of hardware",
        unit="FLOP/s", symbol="F", default=None, at_least=1e9, at_most=1e25,
    )  # fmt: skip
    memory: float | None = quantity(
        "Accelerator memory of a node, instead of hardware",
        unit="byte", symbol="memory", default=None, at_least=1e6, at_most=1e18,
    )  # fmt: skip
    power: float | None = quantity(
        "Design power of a node's accelerators, instead of hardware or to override the catalog's",
        unit="W", default=None, at_least=1.0, at_most=1e10,
    )  # fmt: skip
    price: float | None = quantity(
        "Price of a node's accelerators, instead of hardware or to override the catalog's",
        unit="USD", default=None, at_least=0.0, at_most=1e13,
    )  # fmt: skip
    precision: Precision = quantity("Number format of the training", unit="", default="bf16")
    mfu: float = quantity(
        "Model FLOP utilisation of a node on its own",
        symbol="MFU", role="uncertainty", default=0.4, at_least=1e-4, at_most=1.0,
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_description(self) -> Nodes:
        if self.hardware is None and (self.peak is None or self.memory is None):
            raise InputError(
                "nodes.hardware",
                "no hardware is given",
                nearest="hardware = '16x GH200', or both peak and memory",
            )
        if self.hardware is not None and (self.peak is not None or self.memory is not None):
            raise InputError(
                "nodes.hardware",
                "peak or memory is given too",
                nearest="either hardware, or peak and memory",
            )
        return self


class Link(Section):
    """A kind of link; what is left out is as the assumption set or the wide-area link says."""

    upload: float | None = quantity(
        "Upload bandwidth", unit="bit/s", symbol="BW_up", default=None, at_least=1e3, at_most=1e16
    )
    download: float | None = quantity(
        "Download bandwidth", unit="bit/s", symbol="BW_down", default=None, at_least=1e3, at_most=1e16
    )
    latency: float | None = quantity(
        "Round-trip time", unit="s", symbol="λ", default=None, at_least=0.0, at_most=3600.0
    )


class Network(Section):
    """The links of a node to the wide area, and, where they differ, inside groups and pipelines."""

    upload: float = quantity(
        "Upload bandwidth of a node", unit="bit/s", symbol="BW_up", at_least=1e3, at_most=1e16
    )
    download: float | None = quantity(
        "Download bandwidth of a node; as upload if left out",
        unit="bit/s", symbol="BW_down", default=None, at_least=1e3, at_most=1e16,
    )  # fmt: skip
    latency: float = quantity(
        "Round-trip time", unit="s", symbol="λ", default=0.1, at_least=0.0, at_most=3600.0
    )
    regional: Link = Link()
    pipeline: Link = Link()


class Protocol(Section):
    """How replicas work and synchronise."""

    mode: Mode = quantity("Protocol; auto picks one by memory", unit="", default=AUTO)
    inner_steps: int | None = quantity(
        "Steps between synchronisations; the fewest that hide the exchange if left out",
        symbol="H", default=None, at_least=1, at_most=100_000_000,
    )  # fmt: skip
    nodes_per_group: int = quantity(
        "Nodes of a regional group (hierarchical)", symbol="g", default=8, at_least=1, at_most=100_000_000
    )
    pipeline_stages: int | None = quantity(
        "Nodes of a pipeline; the fewest whose memory suffices if left out",
        symbol="S", default=None, at_least=1, at_most=100_000,
    )  # fmt: skip
    micro_batches: int = quantity(
        "Micro-batches of a pipeline step", symbol="m", default=8, at_least=1, at_most=1_000_000
    )
    local_batch: float = quantity(
        "Tokens of a replica per inner step",
        unit="token", symbol="B", default=131_072.0, at_least=1.0, at_most=1e12,
    )  # fmt: skip
    compression: float | None = quantity(
        "Compression ratio of pseudo-gradients",
        symbol="C_r", default=None, at_least=1.0, at_most=1e6,
    )  # fmt: skip
    error_feedback: bool | None = quantity(
        "Whether what compression drops is carried over", unit="", default=None
    )
    activation_compression: float = quantity(
        "Compression ratio of activations between stages",
        symbol="C_act", default=1.0, at_least=1.0, at_most=1e6,
    )  # fmt: skip
    compression_scenario: Outlook = quantity(
        "Which column of the quality tables", unit="", role="uncertainty", default="expected"
    )
    streaming: bool = quantity("Whether exchanges run beside the steps", unit="", default=True)
    stragglers: Stragglers | None = quantity(
        "How the slowest participants are dealt with", unit="", default=None
    )

    @model_validator(mode="after")
    def _settings_of_the_protocol(self) -> Protocol:
        if self.mode == AUTO:
            return self
        for name, what in (
            ("pipeline_stages", "a replica is one node"),
            ("inner_steps", "replicas synchronise after every step"),
        ):
            field = f"protocol.{name}"
            if not PROTOCOLS[self.mode].takes(field) and (getattr(self, name) or 1) > 1:
                other = next(protocol.name for protocol in PROTOCOLS.values() if protocol.takes(field))
                raise InputError(field, f"{what} in mode '{self.mode}'", nearest=f"1, or mode = '{other}'")
        return self


class Scenario(Section):
    """Who trains what, on what, over which links, for how long.

    A scenario fixes a duration, or a number of tokens, or both; with both, the duration is a limit that
    the tokens must fit into. What it leaves out comes from its assumption set, and every outcome says so.
    """

    name: str = quantity("Title", unit="", role="label", default="")
    description: str = quantity("One or two sentences", unit="", role="label", default="")
    source: str = quantity("Key of the source the scenario comes from", unit="", role="label", default="")
    locator: str = quantity("Where in the source", unit="", role="label", default="")
    assumptions: str = quantity(
        "Name of the assumption set, or the path of a file",
        unit="",
        role="label",
        default=DEFAULT_ASSUMPTIONS,
    )
    duration: float | None = quantity(
        "Length of the run, or its limit where tokens are given",
        unit="s", symbol="T", default=None, at_least=1.0, at_most=1e12,
    )  # fmt: skip
    tokens: float | None = quantity(
        "Training tokens", unit="token", symbol="D", default=None, at_least=1.0, at_most=1e24
    )
    unique_tokens: float | None = quantity(
        "Distinct tokens there are; unlimited if left out",
        unit="token", symbol="U", default=None, at_least=1.0, at_most=1e24,
    )  # fmt: skip
    model: Model
    nodes: Nodes
    network: Network
    protocol: Protocol = Protocol()

    # Where the scenario was read from, and the changes made since; no part of what it says.
    _origin: tuple[str, Mapping[str, Any]] | None = PrivateAttr(default=None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Scenario:
        """Return a copy, some sections replaced and nothing validated; see :meth:`with_` for users."""
        copied = super().model_copy(update=update, deep=deep)
        copied._origin = None if update else self._origin
        return copied

    def read_from(self, name: str) -> Scenario:
        """Return the same scenario, remembering the preset or file it was read from."""
        copied = self.model_copy()
        copied._origin = (name, {})
        return copied

    def with_(self, changes: Mapping[str, Any] | None = None, **fields: Any) -> Scenario:
        """Return the scenario with fields replaced, read with their units and validated anew.

        Parameters
        ----------
        changes
            New values by dotted path: ``{"nodes.count": 72, "network.upload": "10 Mbps"}``.
        **fields
            The same as keywords, ``__`` for the dot: ``nodes__count=72``.

        Raises
        ------
        InputError
            If there is no such field, or the scenario is not valid once changed.

        Examples
        --------
        >>> from farflung import preset
        >>> preset("paper-headline").with_({"nodes.count": 72, "network.upload": "10 Mbps"}).nodes.count
        72
        """
        every = dict(changes or {})
        for name, value in fields.items():
            path = name.replace("__", ".")
            if path in every:
                raise InputError(path, "is given twice", nearest="each field once")
            every[path] = value
        if not every:
            return self
        data = self.to_mapping()
        for path, value in every.items():
            _replace(data, path, value)
        changed = Scenario.read(data)
        if self._origin is not None:
            name, before = self._origin
            changed._origin = (name, {**before, **every})
        return changed

    def with_links(self, upload: Any, download: Any = None) -> Scenario:
        """Return the scenario with every link, inside groups and pipelines too, at one rate.

        Parameters
        ----------
        upload
            Rate of every link: ``"10 Mbps"``.
        download
            Rate of the other direction, unless it is the same.

        Examples
        --------
        >>> from farflung import preset
        >>> preset("paper-headline").with_links("10 Mbps").network.regional.download
        10000000.0
        """
        rates = {"upload": upload, "download": upload if download is None else download}
        places = ("network", "network.regional", "network.pipeline")
        return self.with_({f"{place}.{name}": rate for place in places for name, rate in rates.items()})

    def to_mapping(self) -> dict[str, Any]:
        """Return the scenario as a file holds it: what was set, each quantity with its unit."""
        data: dict[str, Any] = {}
        for path, field in fields_of(Scenario).items():
            value = field.get(self) if field.is_set(self) else None
            if value is not None:
                *sections, last = path.split(".")
                table = data
                for name in sections:
                    table = table.setdefault(name, {})
                table[last] = field.to_toml(value)
        return data

    def to_toml(self) -> str:
        """Return the scenario as TOML text that reads back to an equal scenario."""
        import tomli_w  # noqa: PLC0415 - only writing needs it

        return tomli_w.dumps(self.to_mapping())

    @property
    def arguments(self) -> tuple[str, ...] | None:
        """Return the scenario as arguments of a command; ``None`` where no preset or file holds it."""
        if self._origin is None:
            return None
        name, changes = self._origin
        return (name, *(word for path, value in changes.items() for word in ("--set", f"{path}={value}")))

    @property
    def python(self) -> str:
        """Return the scenario as a Python expression."""
        if self._origin is None:
            return f"farflung.Scenario.read({self.to_mapping()!r})"
        name, changes = self._origin
        return f"farflung.load({name!r}).with_({dict(changes)!r})" if changes else repr(name)


def _replace(data: dict[str, Any], path: str, value: Any) -> None:
    """Set a field in the mapping of a scenario."""
    known = list(fields_of(Scenario))
    if path not in known:
        inside = [name for name in known if name.startswith(f"{path}.")]
        if inside:
            raise InputError(path, "is a group of fields", nearest=", ".join(inside[:4]))
        guess = closest(path, known)
        raise InputError(path, "unknown key", nearest=f"'{guess}'" if guess else ", ".join(known[:8]))
    *sections, last = path.split(".")
    table = data
    for name in sections:
        table = table.setdefault(name, {})
        read_mapping(table, path)
    table[last] = value
    # A node is described one way or the other: choosing one drops the other.
    if path == "nodes.hardware":
        for other in ("peak", "memory", "power", "price"):
            table.pop(other, None)
    if path in {"nodes.peak", "nodes.memory"}:
        table.pop("hardware", None)
