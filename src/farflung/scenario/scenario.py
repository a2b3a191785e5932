"""The scenario: who trains what, on what, over which links, for how long."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from farflung.base.errors import InputError
from farflung.base.fields import quantity
from farflung.base.sections import Section
from farflung.catalog.tables import DEFAULT_ASSUMPTIONS

Mode = Literal["auto", "flat", "hierarchical", "pipeline_groups", "wide_area_pipeline", "data_parallel"]
MODES: tuple[Mode, ...] = (
    "auto", "flat", "hierarchical", "pipeline_groups", "wide_area_pipeline", "data_parallel",
)  # fmt: skip
SHARDED_MODES = frozenset({"pipeline_groups", "wide_area_pipeline"})
"""Modes in which a replica is spread over several nodes."""
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

    mode: Mode = quantity("Scheme; auto picks one by memory", unit="", default="auto")
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
    def _stages_only_in_pipelines(self) -> Protocol:
        if self.mode not in {"auto", *SHARDED_MODES} and (self.pipeline_stages or 1) > 1:
            raise InputError(
                "protocol.pipeline_stages",
                f"a replica is one node in mode '{self.mode}'",
                nearest="1, or mode = 'pipeline_groups'",
            )
        if self.mode == "data_parallel" and (self.inner_steps or 1) > 1:
            raise InputError(
                "protocol.inner_steps",
                "data-parallel replicas synchronise after every step",
                nearest="1, or mode = 'flat'",
            )
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
