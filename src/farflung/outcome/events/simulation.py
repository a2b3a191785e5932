"""The answer of the event engine: distributions over seeded runs, beside what was planned."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.base.arrays import Array
from farflung.base.fields import fields_of
from farflung.base.format import format_share, format_short
from farflung.base.pages import Page, Table
from farflung.base.provenance import Provenance
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.records import Record
from farflung.catalog.sources import Source, cited
from farflung.outcome.events.outputs import EVENT_OUTPUTS, SHARES, UNMEASURED, planned_shares
from farflung.outcome.flags import Flag
from farflung.outcome.outcome import Outcome
from farflung.outcome.outputs import OUTPUTS, Output
from farflung.outcome.run import prepare
from farflung.scenario import Scenario, load_assumptions
from farflung.scenario.fault_model import CONDITIONS, FaultModel

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_RUNS = 8
QUANTILES = (0.05, 0.5, 0.95)
"""Quantiles over runs that are given of every output."""
_SHOWN = (
    "quality_adjusted_flop", "tokens", "duration_s", "outer_rounds", "efficiency_replica", "goodput",
    "waiting", "lost_work", "down", "effective_replicas", "stops", "sent_bits", "received_bits",
)  # fmt: skip
"""Outputs of the page."""
_EVIDENCE_LEVELS = ("measured", "fitted", "stated", "convention", "prior")
_ALL_OUTPUTS: Mapping[str, Output] = {**OUTPUTS, **EVENT_OUTPUTS}


@dataclass(frozen=True, repr=False)
class Simulation(Result):
    """The outcomes of seeded runs of one scenario.

    Attributes
    ----------
    scenario, fault_model
        What was run, and how its nodes and links vary and fail.
    seed
        The seed; run ``i`` of a seed is the same however many runs are made.
    values
        Every output of both engines, and those of :data:`EVENT_OUTPUTS`, by name (runs,). NaN where a run
        has no such quantity, or cannot take place.
    planned
        The closed form's outcome of the same scenario.
    flags
        What a reader of the runs must know, beside the plan's flags.
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

    @property
    def feasible(self) -> bool:
        """Return whether the run can take place as described, and every seeded run could go on."""
        return not any(flag.kind == "infeasible" for flag in (*self.planned.flags, *self.flags))

    @cached_property
    def median(self) -> Outcome:
        """Return the outcome whose every output is the median over runs."""
        return self._outcome({name: self.quantiles(name, (0.5,))[0] for name in OUTPUTS})

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
        """Return the assumption set's records of the conditions that the fault model does not give."""
        return self.fault_model.defaulted(load_assumptions(self.scenario.assumptions))

    def plan(self, name: str) -> float | None:
        """Return the plan's value of an output, ``None`` where it has none."""
        value: float | None = getattr(self.planned, name, self._planned_shares.get(name))
        return value

    def mean(self, name: str) -> float:
        """Return the mean over runs of an output, NaN where it has none."""
        known = self.values[name][np.isfinite(self.values[name])]
        return float(known.mean()) if known.size else math.nan

    def quantiles(self, name: str, shares: tuple[float, ...] = QUANTILES) -> tuple[float, ...]:
        """Return quantiles over runs of an output, NaN where it has none."""
        known = self.values[name][np.isfinite(self.values[name])]
        return tuple(float(np.quantile(known, share)) if known.size else math.nan for share in shares)

    def call(self) -> Call:
        """Return how the answer is asked for again."""
        fields, changed = fields_of(FaultModel), self.fault_model.changes()
        texts = {name: fields[name].to_toml(value) for name, value in changed.items()}
        words = [word for name, text in texts.items() for word in ("--set", f"fault_model.{name}={text}")]
        inputs = ", ".join(f"{name}={text!r}" for name, text in texts.items())
        subject = self.scenario.arguments
        return Call(
            "simulate",
            "farflung.simulate",
            None if subject is None else (*subject, *words),
            (self.scenario.python, *([f"farflung.FaultModel({inputs})"] if inputs else [])),
            changed_options({"runs": (self.runs, DEFAULT_RUNS), "seed": (self.seed, 0)}),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return scenario, fault model, and every run, as plain mappings ready for JSON."""
        return {
            "scenario": self.scenario.name,
            "runs": self.runs,
            "feasible": self.feasible,
            "flags": [asdict(flag) for flag in self.median.flags],
            "outputs": [self._output_table(output) for output in _ALL_OUTPUTS.values()],
            "fault_model": self.fault_model.model_dump(mode="json", exclude=set(CONDITIONS)),
            "conditions": self._conditions_table(),
            "question": self.scenario.model_dump(mode="json"),
            "defaulted": [asdict(item) for item in self.planned.defaulted],
            "provenance": self.provenance.model_dump(mode="json"),
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row for every output: unit, label, plan, mean and quantiles."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and seldom needed

        rows = [
            (output.unit, output.label, self.plan(name), self.mean(name), *self.quantiles(name))
            for name, output in _ALL_OUTPUTS.items()
        ]
        columns = ["unit", "label", "planned", "mean", *map(_percent, QUANTILES)]
        return pd.DataFrame(rows, pd.Index(_ALL_OUTPUTS, name="name"), columns)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the plan and the conditions of nodes and links."""
        conditions = {record.source for record in self.defaulted.values()}
        return cited(sorted(conditions | {source.key for source in self.planned.citations()}))

    def page(self) -> Page:
        """Return what is left of the plan, where the time went, and what is assumed of nodes and links."""
        counted = f"{self.runs:,} {'run' if self.runs == 1 else 'runs'}"
        title = f"{self.scenario.name or 'Unnamed scenario'} · {self.scenario.assumptions} · {counted}"
        flags = self.median.flags
        notes = (
            *(f"{flag.subject}: {flag.message}" for flag in flags if flag.kind != "infeasible"),
            *self._assumed(),
        )
        lines = [
            f"Policy {self.fault_model.policy}, transport {self.fault_model.transport}, seed {self.seed}.",
            *(
                f"Infeasible as described ({flag.subject}): {flag.message}."
                + (f" Nearest feasible: {flag.nearest}." if flag.nearest else "")
                for flag in flags
                if flag.kind == "infeasible"
            ),
        ]
        known = [name for name in _SHOWN if np.isfinite(self.values[name]).any()]
        rows = tuple((_ALL_OUTPUTS[name].label, *self._formatted(name)) for name in known)
        table = Table(("", "plan", "5 %", "median", "95 %"), rows, frozenset({1, 2, 3, 4}))
        return Page(title, tuple(lines), (table,) if rows else (), notes)

    @cached_property
    def _planned_shares(self) -> Mapping[str, float]:
        run = prepare(self.scenario)
        return planned_shares(run) if self.planned.outer_rounds is not None else {}

    def _formatted(self, name: str) -> Iterator[str]:
        """Yield an output as planned and its quantiles."""
        for value in (self.plan(name), *self.quantiles(name)):
            if name in SHARES and value is not None:
                yield format_share(value)
            else:
                yield format_short(value, _ALL_OUTPUTS[name].unit)

    def _assumed(self) -> Iterator[str]:
        """Yield the conditions that come from the assumption set, by how well they are known."""
        by_level: dict[str, list[str]] = {level: [] for level in _EVIDENCE_LEVELS}
        for name, record in self.defaulted.items():
            value = format_short(record.value, record.unit)
            by_level[record.evidence_level].append(f"{name.replace('_', ' ')} {value}")
        known = [f"{level}: {', '.join(values)}" for level, values in by_level.items() if values]
        if known:
            yield f"nodes and links as in {self.scenario.assumptions}; {'; '.join(known)}"

    def _output_table(self, output: Output) -> dict[str, Any]:
        return {
            "name": output.name,
            "unit": output.unit,
            "meaning": output.meaning,
            "planned": self.plan(output.name),
            "mean": self.mean(output.name),
            "quantiles": dict(zip(map(_percent, QUANTILES), self.quantiles(output.name), strict=True)),
            "values": self.values[output.name].tolist(),
            "why_absent": UNMEASURED.get(output.name),
        }

    def _conditions_table(self) -> list[dict[str, Any]]:
        """Return every condition of nodes and links, and where it comes from."""
        values = self.fault_model.conditions(load_assumptions(self.scenario.assumptions))
        words = ("evidence_level", "source", "locator", "note")
        origins: dict[str, dict[str, str | None]] = {
            name: {word: getattr(record, word) or None for word in words}
            for name, record in self.defaulted.items()
        }
        given = {**dict.fromkeys(words), "evidence_level": "given"}
        fields = fields_of(FaultModel)
        return [
            {"name": name, "value": value, "unit": fields[name].unit, **origins.get(name, given)}
            for name, value in values.items()
        ]

    def _outcome(self, values: Mapping[str, float]) -> Outcome:
        known = {name: None if math.isnan(value) else value for name, value in values.items()}
        flags = (*self.planned.flags, *self.flags)
        return self.planned.model_copy(update={**known, "flags": flags, "feasible": self.feasible})


def _percent(share: float) -> str:
    return f"{100 * share:g}%"
