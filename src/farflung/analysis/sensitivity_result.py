"""What moves an output: the bars of a tornado and Sobol indices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from farflung.analysis.calls import call_about
from farflung.base.format import ABSENT, format_share, format_short, format_value
from farflung.base.pages import Page, Table, span_on
from farflung.base.provenance import Provenance
from farflung.base.results import Call, Result, changed_options
from farflung.catalog.sources import Source
from farflung.outcome import OUTPUTS, Outcome
from farflung.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

OUTPUT, DRAWS = "quality_adjusted_flop", 1024
"""Output that is looked at, and base sample of the indices, unless given."""
_SHOWN = 10
"""Bars of a page."""

Kind = Literal["coefficient", "law", "lever", "outlook"]
Levers = Mapping[str, tuple[float | str, float | str]]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a tornado: the output at either end of one input, all others at their point values.

    Attributes
    ----------
    name, kind, evidence_level
        What is varied, and how its spread is known.
    low_input, high_input, unit
        Its ends: 5 and 95 % of a coefficient's distribution, in the unit of its source; both ends of a
        lever; the last and the first column of the quality tables; ``None`` for the law, which is no
        single number.
    low, high
        The output there; for the law the 5 and 95 % of the output over its draws. ``None`` where the run
        is not feasible.
    """

    name: str
    kind: Kind
    evidence_level: str
    low_input: float | str | None
    high_input: float | str | None
    unit: str
    low: float | None
    high: float | None

    @property
    def ends_text(self) -> str:
        """Return the ends of the input in words, the unit once."""
        if self.kind == "law":
            return "5 % … 95 % of its draws"
        low, high = (format_value(end, self.unit) for end in (self.low_input, self.high_input))
        number, _, unit = high.partition(" ")
        return f"{low.removesuffix(f' {unit}') if unit else low} … {number} {unit}".rstrip()

    def reach(self, point: float | None) -> tuple[float, float]:
        """Return the least and the greatest output at the ends, and at the point value between them."""
        values = [value for value in (self.low, self.high, point) if value is not None]
        return min(values, default=0.0), max(values, default=0.0)


@dataclass(frozen=True, slots=True)
class Index:
    """Share of an output's variance that one input causes alone, and with all it acts together with."""

    name: str
    first: float
    first_error: float
    total: float
    total_error: float


@dataclass(frozen=True, repr=False)
class SensitivityResult(Result):
    """Which inputs move one output of a scenario.

    Attributes
    ----------
    outcome
        The outcome at the point values.
    output
        Name of the output.
    scale
        ``log10`` where the variance is that of the logarithm (compute), else ``linear``.
    levers
        Fields that were varied beside the coefficients, and their two ends as given.
    bars
        The tornado, widest first; inputs that move nothing are in ``without_effect``.
    indices
        Sobol indices, greatest total first; empty where the variance is not defined, and a note says why.
    runs, draws, seed
        Model runs behind the indices, their base sample, and the seed that gives them again.
    """

    outcome: Outcome
    output: str
    scale: Literal["log10", "linear"]
    levers: Levers
    bars: tuple[Bar, ...]
    without_effect: tuple[str, ...]
    indices: tuple[Index, ...]
    notes: tuple[str, ...]
    runs: int
    draws: int
    seed: int

    @property
    def scenario(self) -> Scenario:
        """Return the scenario."""
        return self.outcome.scenario

    @property
    def point(self) -> float | None:
        """Return the output at the point values."""
        return self.outcome.values()[self.output]

    @property
    def unit(self) -> str:
        """Return the unit of the output."""
        return OUTPUTS[self.output].unit

    @property
    def provenance(self) -> Provenance:
        """Return how to obtain the same answer again."""
        return self.outcome.provenance.model_copy(update={"seed": self.seed, "command": self.command})

    def page(self) -> Page:
        """Return what moves the output most, one input at a time and all at once."""
        name = self.scenario.name or "Unnamed scenario"
        lines = [
            f"{OUTPUTS[self.output].meaning}: {format_value(self.point, self.unit)} at the point values."
        ]
        if self.indices:
            variance = "its logarithm" if self.scale == "log10" else "it"
            lines.append(
                f"Shares are of the variance of {variance}, all inputs varied at once in {self.runs:,} runs: "
                "alone, and with all that an input acts together with."
            )
        if not self.bars:
            lines.append("Nothing that is uncertain moves it.")
        return Page(
            title=f"{OUTPUTS[self.output].label}: what moves it in {name}",
            lines=tuple(lines),
            tables=(_tornado(self),) if self.bars else (),
            notes=self.notes,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer."""
        return {
            "scenario": self.scenario.name,
            "output": self.output,
            "point": self.point,
            "unit": self.unit,
            "scale": self.scale,
            "tornado": [asdict(bar) for bar in self.bars],
            "without_effect": list(self.without_effect),
            "sobol": [asdict(index) for index in self.indices],
            "runs": self.runs,
            "draws": self.draws,
            "notes": list(self.notes),
            "provenance": self.provenance.model_dump(mode="json"),
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each input that moves the output: its ends, and its shares of the variance."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        shares = {index.name: asdict(index) for index in self.indices}
        none = dict.fromkeys(("first", "first_error", "total", "total_error"))
        return pd.DataFrame([{**none, **shares.get(bar.name, {}), **asdict(bar)} for bar in self.bars])

    def call(self) -> Call:
        """Return the question again."""
        defaults = {"output": (self.output, OUTPUT), "draws": (self.draws, DRAWS), "seed": (self.seed, 0)}
        words = [
            word for path, (low, high) in self.levers.items() for word in ("--lever", f"{path}={low}..{high}")
        ]
        keywords = [f"levers={dict(self.levers)!r}"] if self.levers else []
        options = changed_options(defaults)
        return call_about(
            "sensitivity", "farflung.sensitivity", (self.scenario,), options, words=words, keywords=keywords
        )

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the output."""
        return self.outcome.citations(self.output)


def _tornado(result: SensitivityResult) -> Table:
    shares = {index.name: index for index in result.indices}
    bars = result.bars[:_SHOWN]
    spans = [bar.reach(result.point) for bar in bars]
    log = result.scale == "log10" and all(low > 0 for low, _ in spans)

    def placed(value: float) -> float:
        return math.log10(value) if log else value

    axis = (min(placed(low) for low, _ in spans), max(placed(high) for _, high in spans))
    mark = None if result.point is None else placed(result.point)
    more = f" ({len(bars)} of {len(result.bars)})" if len(result.bars) > len(bars) else ""
    return Table(
        title=f"Widest first, all others at their point values{more}",
        headers=("Input", "Known", "From … to", OUTPUTS[result.output].label, "Alone", "With all"),
        rows=tuple(
            (
                bar.name,
                bar.evidence_level,
                bar.ends_text,
                f"{format_short(bar.low, result.unit)} … {format_short(bar.high, result.unit)}",
                format_share(max(shares[bar.name].first, 0.0)) if bar.name in shares else ABSENT,
                format_share(shares[bar.name].total) if bar.name in shares else ABSENT,
            )
            for bar in bars
        ),
        numeric=frozenset({4, 5}),
        spans=tuple(span_on(axis, placed(low), placed(high), mark) for low, high in spans),
    )
