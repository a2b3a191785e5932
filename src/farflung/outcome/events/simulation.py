"""What seeded runs of a scenario came to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.base.arrays import Array
from farflung.base.fields import fields_of
from farflung.base.pages import Page
from farflung.base.provenance import Provenance
from farflung.base.results import Call, Result
from farflung.catalog.records import Record
from farflung.catalog.sources import Source, cited
from farflung.outcome.events.outputs import EVENT_OUTPUTS, UNMEASURED
from farflung.outcome.events.simulation_page import simulation_page
from farflung.outcome.flags import Flag
from farflung.outcome.outcome import Outcome
from farflung.outcome.outputs import OUTPUTS, Output
from farflung.scenario import Scenario, load_assumptions
from farflung.scenario.fault_model import CONDITIONS, FaultModel

if TYPE_CHECKING:
    import pandas as pd

RUNS = 32
"""Runs unless given."""
QUANTILES = (0.05, 0.5, 0.95)
"""Quantiles over runs that are given of every output."""


@dataclass(frozen=True, repr=False)
class Simulation(Result):
    """The outcomes of seeded runs of one scenario.

    Attributes
    ----------
    scenario, fault_model
        What was run, and how it was kept going.
    seed
        The seed; run ``i`` of a seed is the same however many runs are made.
    values
        Every output of both engines, and those of :data:`EVENT_OUTPUTS`, by name (runs,). NaN where a run
        has no such quantity.
    planned
        The closed form's outcome of the same scenario.
    flags
        What a reader of the numbers must know.
    """

    scenario: Scenario
    fault_model: FaultModel
    seed: int
    values: Mapping[str, Array]
    planned: Outcome
    flags: tuple[Flag, ...]

    @property
    def runs(self) -> int:
        """Return the number of runs."""
        return len(self.values["goodput"])

    @cached_property
    def median(self) -> Outcome:
        """Return the outcome whose every output is the median over runs."""
        return self._outcome({name: _median(self.values[name]) for name in OUTPUTS})

    def outcome(self, run: int) -> Outcome:
        """Return the outcome of one run."""
        return self._outcome({name: float(self.values[name][run]) for name in OUTPUTS})

    @property
    def provenance(self) -> Provenance:
        """Return how to obtain the same answer again."""
        provenance: Provenance = self.planned.provenance
        return provenance.model_copy(update={"seed": self.seed, "command": self.command})

    @property
    def defaulted(self) -> Mapping[str, Record]:
        """Return what the assumption set says where the fault model says nothing."""
        return self.fault_model.defaulted(load_assumptions(self.scenario.assumptions))

    def mean(self, name: str) -> float:
        """Return the mean over runs of an output, NaN where it has none."""
        known = self.values[name][np.isfinite(self.values[name])]
        return float(known.mean()) if known.size else math.nan

    def quantiles(self, name: str, shares: tuple[float, ...] = QUANTILES) -> tuple[float, ...]:
        """Return quantiles over runs of an output, NaN where it has none."""
        known = self.values[name][np.isfinite(self.values[name])]
        return tuple(float(np.quantile(known, share)) if known.size else math.nan for share in shares)

    def page(self) -> Page:
        """Return what is left of the plan, where the time went, and what is taken for granted."""
        return simulation_page(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer, every run included."""
        return {
            "scenario": self.scenario.name,
            "runs": self.runs,
            "feasible": self.median.feasible,
            "flags": [asdict(one) for one in self.median.flags],
            "outputs": [self._output_table(one) for one in {**OUTPUTS, **EVENT_OUTPUTS}.values()],
            "fault_model": self.fault_model.model_dump(mode="json", exclude=set(CONDITIONS)),
            "conditions": self._conditions_table(),
            "defaulted": [asdict(one) for one in self.planned.defaulted],
            "provenance": self.provenance.model_dump(mode="json"),
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each output: unit, plan, mean and quantiles over runs."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and seldom needed

        keys = ("name", "unit", "planned", "mean")
        rows = [self._output_table(one) for one in {**OUTPUTS, **EVENT_OUTPUTS}.values()]
        return pd.DataFrame([{**{key: row[key] for key in keys}, **row["quantiles"]} for row in rows])

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        given = {
            name: field.to_toml(field.get(self.fault_model))
            for name, field in fields_of(FaultModel).items()
            if field.get(self.fault_model) != field.default
        }
        words = [word for name, value in given.items() for word in ("--set", f"fault_model.{name}={value}")]
        subject = None if self.scenario.arguments is None else (*self.scenario.arguments, *words)
        arguments = [self.scenario.python]
        if given:
            arguments.append(f"farflung.FaultModel.read({given!r})")
        options = {"runs": self.runs, **({"seed": self.seed} if self.seed else {})}
        return Call("simulate", "farflung.simulate", subject, tuple(arguments), options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the plan, and behind what the fault model leaves open."""
        keys = {source.key for source in self.planned.citations()}
        return cited(sorted(keys | {record.source for record in self.defaulted.values()}))

    def _output_table(self, output: Output) -> dict[str, Any]:
        named = dict(
            zip((f"{100 * share:g}%" for share in QUANTILES), self.quantiles(output.name), strict=True)
        )
        return {
            "name": output.name,
            "unit": output.unit,
            "meaning": output.meaning,
            "planned": getattr(self.planned, output.name, None),
            "mean": self.mean(output.name),
            "quantiles": named,
            "values": self.values[output.name].tolist(),
            "why_absent": UNMEASURED.get(output.name),
        }

    def _conditions_table(self) -> list[dict[str, Any]]:
        """Return every condition of the world, and on whose word."""
        values = self.fault_model.conditions(load_assumptions(self.scenario.assumptions))
        words = ("evidence_level", "source", "locator", "note")
        told: dict[str, dict[str, str | None]] = {
            name: {word: getattr(record, word) or None for word in words}
            for name, record in self.defaulted.items()
        }
        given = {**dict.fromkeys(words), "evidence_level": "given"}
        units = {path: field.unit for path, field in fields_of(FaultModel).items()}
        return [
            {"name": name, "value": value, "unit": units[name], **told.get(name, given)}
            for name, value in values.items()
        ]

    def _outcome(self, values: Mapping[str, float]) -> Outcome:
        known = {name: None if math.isnan(value) else value for name, value in values.items()}
        stalled = any(flag.kind == "infeasible" for flag in self.flags)
        return self.planned.model_copy(
            update={**known, "flags": (*self.planned.flags, *self.flags), "feasible": not stalled}
        )


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan
