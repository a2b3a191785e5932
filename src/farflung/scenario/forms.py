"""Functional forms: which law each part of the learning model follows. Contradictions cannot be written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as PydanticField

from farflung.base.fields import quantity


class _Choice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Factors(_Choice):
    """Distribution charged by separate factors, as the published sets do."""

    kind: Literal["factors"] = quantity("How distribution is charged", unit="", default="factors")
    sync_interval: Literal["logarithmic", "none"] = quantity("Loss from synchronising rarely", unit="")
    compression: Literal["tabulated", "lossless"] = quantity("Loss from compressing", unit="")
    replica_divergence: Literal["power_law", "none"] = quantity("Loss from many replicas", unit="")


class JointLaw(_Choice):
    """Distribution charged by one law of the loss: interval, replicas and compression together, once each."""

    kind: Literal["joint"] = quantity("How distribution is charged", unit="", default="joint")


class Forms(_Choice):
    """Which functional form each part of the learning model takes.

    No named set counts critical batches: the losses that laws are fitted to carry the batches of their runs.
    """

    distribution: Annotated[Factors | JointLaw, PydanticField(discriminator="kind")]
    single_node: Literal["unpenalised", "as_others"] = quantity("χ of a single node", unit="")
    allocation: Literal["fixed_ratio", "optimal"] = quantity(
        "Tokens of the reference allocation", unit="", default="fixed_ratio"
    )
    repeated_data: Literal["ignored", "decaying"] = quantity(
        "Loss from repeating data", unit="", default="ignored"
    )
    critical_batch: Literal["ignored", "hyperbolic"] = quantity(
        "Loss from large batches", unit="", default="ignored"
    )
