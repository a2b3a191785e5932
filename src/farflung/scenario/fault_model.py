"""The fault model: how nodes and links vary and fail, and the levers with which a run copes.

Only the event engine reads it. A condition that is not given comes from the coefficient of that name in the
assumption set, with its source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from farflung.base.errors import InputError
from farflung.base.fields import BARE_UNITS, quantity
from farflung.base.sections import Section
from farflung.catalog.records import Record
from farflung.scenario.assumptions import Assumptions

Late = Literal["drop", "merge"]
Transport = Literal["parameter_server", "ring", "all_gather", "relay", "gossip"]


class FaultModel(Section):
    """How nodes and links vary and fail (its conditions), and how a run copes (its levers)."""

    policy: str = quantity(
        "When a synchronisation closes, as 'barrier', 'elastic', 'quorum:0.9', 'deadline:10 min'",
        unit="", default="elastic",
    )  # fmt: skip
    late: Late | None = quantity(
        "Whether late updates are dropped or merged into the next; the policy decides unless given",
        unit="", default=None,
    )  # fmt: skip
    transport: Transport = quantity("How updates travel", unit="", default="parameter_server")
    server_bandwidth: float | None = quantity(
        "Link of the parameter server, each way; never the bottleneck unless given",
        unit="bit/s", default=None, at_least=1.0, at_most=1e18,
    )  # fmt: skip
    exchange_overhead: float | None = quantity(
        "Fixed time of any exchange beside its round trip", unit="s", role="uncertainty", default=None,
        at_least=0.0, at_most=1e7,
    )  # fmt: skip
    protocol_efficiency: float | None = quantity(
        "Share of a link's rate that payload gets", role="uncertainty", default=None, above=0.0, at_most=1.0
    )
    fragments: int = quantity(
        "Parts of the model that synchronise in turn", symbol="F", default=1, at_least=1, at_most=10_000
    )
    overlap_steps: float | None = quantity(
        "Steps that continue during an exchange; as many as there are between two unless given",
        symbol="τ", default=None, at_least=0.0, at_most=1e9,
    )  # fmt: skip
    spares: int = quantity("Standby nodes, for those that fail", default=0, at_least=0, at_most=1_000_000)
    compute_spread: float | None = quantity(
        "Lasting spread of step times over nodes, as a coefficient of variation",
        role="uncertainty", default=None, at_least=0.0, at_most=10.0,
    )  # fmt: skip
    step_variation: float | None = quantity(
        "Spread of step times of one node from step to step, as a coefficient of variation",
        role="uncertainty", default=None, at_least=0.0, at_most=10.0,
    )  # fmt: skip
    link_spread: float | None = quantity(
        "Lasting spread of transfer times over links, as a coefficient of variation",
        role="uncertainty", default=None, at_least=0.0, at_most=10.0,
    )  # fmt: skip
    link_variation: float | None = quantity(
        "Spread of transfer times of one link from exchange to exchange, as a coefficient of variation",
        role="uncertainty", default=None, at_least=0.0, at_most=10.0,
    )  # fmt: skip
    time_between_outages: float | None = quantity(
        "Mean time between outages of a link", unit="s", role="uncertainty", default=None,
        above=0.0, at_most=1e12,
    )  # fmt: skip
    outage_time: float | None = quantity(
        "Mean length of an outage", unit="s", role="uncertainty", default=None, at_least=0.0, at_most=1e9
    )
    chip_time_between_failures: float | None = quantity(
        "Mean time between failures of one chip, all causes that stop its node", unit="s",
        role="uncertainty", default=None, above=0.0, at_most=1e15,
    )  # fmt: skip
    failure_shape: float | None = quantity(
        "Weibull shape of times between failures; 1 has no memory",
        role="uncertainty", default=None, at_least=0.1, at_most=10.0,
    )  # fmt: skip
    failure_detection_time: float | None = quantity(
        "Time until the others know that a node is down", unit="s", role="uncertainty", default=None,
        at_least=0.0, at_most=1e9,
    )  # fmt: skip
    repair_time: float | None = quantity(
        "Mean time until a failed node runs again", unit="s", role="uncertainty", default=None,
        at_least=0.0, at_most=1e12,
    )  # fmt: skip
    restart_time: float | None = quantity(
        "Time to start the training process on a node or spare, before weights are fetched", unit="s",
        role="uncertainty", default=None, at_least=0.0, at_most=1e9,
    )  # fmt: skip
    stay_time: float | None = quantity(
        "Mean time a node stays before its owner withdraws it; for ever unless given", unit="s",
        role="uncertainty", default=None, above=0.0, at_most=1e12,
    )  # fmt: skip
    absence_time: float | None = quantity(
        "Mean time until a withdrawn node returns; never unless given", unit="s",
        role="uncertainty", default=None, at_least=0.0, at_most=1e12,
    )  # fmt: skip

    def conditions(self, assumptions: Assumptions) -> Mapping[str, float]:
        """Return every condition: as given, or else as in the assumption set.

        Raises
        ------
        InputError
            If the set lacks one, or its value is out of bounds.
        """
        records = self.defaulted(assumptions)
        defaults = FaultModel.read({name: _written(record) for name, record in records.items()})
        return {name: getattr(defaults if name in records else self, name) for name in CONDITIONS}

    def defaulted(self, assumptions: Assumptions) -> Mapping[str, Record]:
        """Return the assumption set's records of the conditions that are not given.

        Raises
        ------
        InputError
            If the set lacks one.
        """
        missing = [name for name in CONDITIONS if getattr(self, name) is None]
        for name in missing:
            if name not in assumptions.conditions:
                raise InputError(
                    "assumptions", f"'{assumptions.name}' is not whole: it has no condition {name}"
                )
        return {name: assumptions.conditions[name] for name in missing}

    def changes(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults."""
        return self.model_dump(exclude_defaults=True)

    def changed(self, changes: Mapping[str, Any]) -> FaultModel:
        """Return the fault model with some fields replaced, units included.

        Raises
        ------
        InputError
            If there is no such field, or a value is not valid.
        """
        new = FaultModel.read(changes, "fault_model")
        return self.model_copy(update={name: getattr(new, name) for name in changes})


def _written(record: Record) -> float | str:
    """Return a record's value as a scenario writes it."""
    return float(record.value) if record.unit in BARE_UNITS else f"{record.value!r} {record.unit}"


CONDITIONS = (
    "exchange_overhead", "protocol_efficiency", "compute_spread", "step_variation", "link_spread",
    "link_variation", "time_between_outages", "outage_time", "chip_time_between_failures", "failure_shape",
    "failure_detection_time", "repair_time", "restart_time",
)  # fmt: skip
"""Fields that come from the assumption set unless given; all others are levers."""

IDEAL = FaultModel.read(
    {
        "policy": "barrier",
        "exchange_overhead": "0 s",
        "protocol_efficiency": 1.0,
        "compute_spread": 0.0,
        "step_variation": 0.0,
        "link_spread": 0.0,
        "link_variation": 0.0,
        "time_between_outages": "1e12 s",
        "outage_time": "0 s",
        "chip_time_between_failures": "1e15 s",
        "failure_shape": 1.0,
        "failure_detection_time": "0 s",
        "repair_time": "0 s",
        "restart_time": "0 s",
    }
)
"""Nodes and links that never vary or fail: the world of the closed form."""


def load_fault_model(path: str | Path) -> FaultModel:
    """Return the fault model that a TOML file describes.

    Raises
    ------
    InputError
        If the file cannot be read or a key or value is not valid.
    """
    try:
        raw: Any = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(str(path), "is not text in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), f"is not valid TOML: {error}"[:300]) from error
    return FaultModel.read(raw)
