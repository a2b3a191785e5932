"""What one node achieves with a model: its best plan, where time and memory go, what would make it fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from farflung.analysis.node.coefficients import coefficient_records
from farflung.analysis.node.plans import EvaluatedPlan, PlanSearch, best_plans
from farflung.analysis.node.remedies import MOST_CHIPS, Remedies, remedies_for
from farflung.analysis.node.request import NodeRequest, read_request
from farflung.analysis.node.sizes import largest_size
from farflung.analysis.node.unseen import UnseenError, unseen_error
from farflung.base.format import format_quantity, format_share
from farflung.base.pages import Page, Table
from farflung.base.results import Call, Result
from farflung.catalog.sources import Source, cited

if TYPE_CHECKING:
    import pandas as pd

_EXAMINED, _SHOWN, _LISTED, _CAUSES = 400, 5, 2, 5
"""Plans among which other layouts are sought; runners-up, and those on a page; causes on a page."""
_CHIPS = 3
"""Other chips that a page names."""
_NINETY_PER_CENT = 1.645
"""Standard deviations on either side of the mean that hold nine tenths of a normal distribution."""
_LAYOUT = ("tensor", "pipeline", "context", "expert", "data")
_RECOMPUTED = ("nothing", "attention", "all layers")


@dataclass(frozen=True, repr=False)
class NodePlan(Result):
    """The best way to train a model on one node.

    Attributes
    ----------
    request
        The node and the model.
    search
        All plans, the best first.
    runners_up
        The next best plans of another layout.
    largest
        Parameters of the largest dense model that fits [1].
    remedies
        What would make it fit; ``None`` where it does.
    error
        How far off computed steps are on clusters that nothing was fitted to.
    """

    request: NodeRequest
    search: PlanSearch
    runners_up: tuple[EvaluatedPlan, ...]
    largest: float
    remedies: Remedies | None
    error: UnseenError

    @property
    def best(self) -> EvaluatedPlan | None:
        """Return the plan with the shortest step, if any fits."""
        return self.search.best

    @property
    def fits(self) -> bool:
        """Return whether any plan fits."""
        return self.best is not None

    @property
    def step_time(self) -> float | None:
        """Return the time of a step under the best plan [s]."""
        return self.best.seconds if self.best else None

    @property
    def mfu(self) -> float | None:
        """Return the model FLOP utilisation under the best plan [1]."""
        return self.best.utilisation if self.best else None

    @property
    def step_time_range(self) -> tuple[float, float] | None:
        """Return what the step takes on nine tenths of clusters that nothing was fitted to [s]."""
        if self.best is None:
            return None
        wide = _NINETY_PER_CENT * self.error.spread
        low, high = (self.best.seconds * float(np.exp(self.error.bias + side)) for side in (-wide, wide))
        return low, high

    @property
    def mfu_range(self) -> tuple[float, float] | None:
        """Return the utilisation for the same range of step times, the least first [1]."""
        if self.best is None or self.step_time_range is None:
            return None
        work = self.best.utilisation * self.best.seconds
        low, high = self.step_time_range
        return work / high, work / low

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the numbers must know."""
        return tuple(_notes(self))

    def page(self) -> Page:
        """Return the best plan, where time and memory go, and the runners-up; or what would make it fit."""
        return _page_of_plan(self, self.best) if self.best else _page_of_remedies(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer."""
        request, best = self.request, self.best
        node = request.node
        return {
            "hardware": request.hardware,
            "chips": node.chips,
            "chip": request.chip,
            "precision": request.precision,
            "sequence_length": request.sequence,
            "batch_tokens": request.batch,
            "parameters": request.parameters,
            "architecture": {name: float(value) for name, value in asdict(request.shape).items()},
            "rates": {name: float(value) for name, value in asdict(node.hardware).items()},
            "fits": self.fits,
            "best": plan_record(best) if best else None,
            "step_time_s": self.step_time,
            "step_time_range_s": self.step_time_range,
            "mfu": self.mfu,
            "mfu_range": self.mfu_range,
            "time_by_cause_s": best.time_by_cause() if best else None,
            "memory_by_cause_bytes": best.memory_by_cause() if best else None,
            "runners_up": [plan_record(plan) for plan in self.runners_up],
            "plans": self.search.evaluated,
            "plans_that_fit": self.search.fitting,
            "least_memory_bytes": self.search.least_memory,
            "largest_model_parameters": self.largest,
            "would_fit": asdict(self.remedies) if self.remedies else None,
            "held_out_error": asdict(self.error),
            "assumed": list(request.assumed),
            "priors": list(_priors(request)),
            "notes": list(self.notes),
            "command": self.command,
            "python": self.python,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each plan, the best first; or one for each remedy where none fits."""
        import pandas as pd  # noqa: PLC0415 - pandas is slow to import

        if self.best is None:
            return pd.DataFrame(_remedy_rows(self), columns=["change", "to"])
        return pd.DataFrame([plan_record(plan) for plan in (self.best, *self.runners_up)])

    def call(self) -> Call:
        """Return the question again."""
        request = self.request
        options = {name: value for name, value in request.options.items() if value is not None}
        return Call("node", "farflung.node", (request.hardware,), (repr(request.hardware),), options)

    def citations(self) -> tuple[Source, ...]:
        """Return the sources behind the rates of the chip and the coefficients of a step."""
        own = [record.source for record in self.request.records.values()]
        fitted = [record.source for record in coefficient_records().values()]
        expected = [record.source for record in coefficient_records("node_priors").values()]
        return cited(dict.fromkeys([*own, *fitted, *expected]))


def node(
    hardware: str,
    model: float | str | None = None,
    *,
    precision: str | None = None,
    interconnect: str | None = None,
    fast_domain: int | None = None,
    sequence: int | None = None,
    batch: float | str | None = None,
    architecture: str | None = None,
    attention_kernel: str | None = None,
    outer_bytes: float | None = None,
) -> NodePlan:
    """Return the best way to train a model on one node, out of all plans.

    Parameters
    ----------
    hardware
        Chips of the node, as ``"50x A100 80GB"``.
    model
        Parameters, or the name of a model whose architecture the catalog knows.
    precision
        Number format of the training; bf16 unless given.
    interconnect
        A chip's share of the links between fast domains, as ``"200 Gbps"``; that of its usual box unless
        given.
    fast_domain
        Chips joined by NVLink or its like; those of the usual box unless given.
    sequence, batch
        Tokens of a sequence and of a step; 4,096 and 131,072 unless given.
    architecture
        Name of a model of the catalog that has the architecture; a dense one of the size unless given.
    attention_kernel
        Generation of the attention kernel; that of a stack of today unless given.
    outer_bytes
        Bytes of a parameter that training with rare synchronisation keeps on the device; none unless given.

    Raises
    ------
    InputError
        If something cannot be read, or contradicts something else.
    """
    options = {
        "precision": precision, "interconnect": interconnect, "fast_domain": fast_domain,
        "sequence": sequence, "batch": batch, "architecture": architecture,
        "attention_kernel": attention_kernel, "outer_bytes": outer_bytes,
    }  # fmt: skip
    request = read_request(hardware, model, options)
    search = best_plans(request.node, request.shape, count=_EXAMINED)
    largest = largest_size(request.node, float(request.sequence))
    remedies = None if search.best else remedies_for(request, search, largest)
    return NodePlan(request, search, _other_layouts(search), largest, remedies, unseen_error())


def plan_record(plan: EvaluatedPlan) -> dict[str, Any]:
    """Return a plan with its time, utilisation and memory as plain data."""
    return {
        **{name: int(value) for name, value in asdict(plan.plan).items()}, "chips_used": chips_used(plan),
        "step_time_s": plan.seconds, "mfu": plan.utilisation, "memory_bytes": plan.memory,
    }  # fmt: skip


def chips_used(plan: EvaluatedPlan) -> int:
    """Return how many chips of the node a plan uses; others are idle."""
    degrees = plan.plan
    return int(degrees.tensor * degrees.pipeline * degrees.context * degrees.data)


def _other_layouts(search: PlanSearch) -> tuple[EvaluatedPlan, ...]:
    """Return the next best plans, one of each layout."""
    first: dict[tuple[float, ...], EvaluatedPlan] = {}
    for plan in search.plans:
        first.setdefault(tuple(float(getattr(plan.plan, name)) for name in _LAYOUT), plan)
    return tuple(first.values())[1 : _SHOWN + 1]


def layout_text(plan: EvaluatedPlan) -> str:
    """Return the parallelism of a plan in words."""
    degrees = ((name, int(getattr(plan.plan, name))) for name in _LAYOUT)
    return " × ".join(f"{name} {degree}" for name, degree in degrees if degree > 1) or "one chip"


def _details(plan: EvaluatedPlan) -> str:
    """Return what else a plan says."""
    chosen = plan.plan
    parts = [f"micro-batch {chosen.micro_batch:g}", f"{_RECOMPUTED[int(chosen.recompute)]} recomputed"]
    if chosen.data * chosen.context > 1.0:
        parts.append(f"ZeRO {chosen.zero_stage:g}")
    if chosen.interleaving > 1.0:
        parts.append(f"{chosen.interleaving:g} blocks a stage")
    return ", ".join(parts)


def _subject(result: NodePlan) -> str:
    request = result.request
    return f"{format_quantity(request.parameters, 'parameters')} on {request.hardware}"


def _page_of_plan(result: NodePlan, best: EvaluatedPlan) -> Page:
    low, high = result.step_time_range or (0.0, 0.0)
    least, most = result.mfu_range or (0.0, 0.0)
    used, all_chips = chips_used(best), result.request.node.chips
    idle = f"; {all_chips - used} of {all_chips} chips idle" if used < all_chips else ""
    error = result.error
    return Page(
        title=(
            f"{_subject(result)}: MFU {format_share(best.utilisation)}, "
            f"a step of {format_quantity(best.seconds, 's')}"
        ),
        lines=(
            f"Best of {result.search.evaluated:,} plans ({result.search.fitting:,} fit): "
            f"{layout_text(best)}, {_details(best)}{idle}. "
            f"Largest dense model that fits: {_rounded(result.largest)}.",
            f"On {error.clusters} clusters left out of the fit, steps took {abs(error.bias):.0%} "
            f"{'longer' if error.bias > 0.0 else 'less'} on average, ± {error.spread:.0%}: nine of ten would "
            f"take {format_quantity(low, 's')} to {format_quantity(high, 's')}, at an MFU of "
            f"{format_share(least)} to {format_share(most)}.",
        ),
        tables=(_causes(best), _plans((best, *result.runners_up[:_LISTED]))),
        notes=result.notes,
    )


def _page_of_remedies(result: NodePlan) -> Page:
    request = result.request
    have = format_quantity(request.node.memory_share * float(request.node.hardware.memory), "byte")
    least = format_quantity(result.search.least_memory, "byte")
    return Page(
        title=f"{_subject(result)} does not fit under any of {result.search.evaluated:,} plans",
        lines=(f"The fullest chip needs at least {least}, and may fill {have}.",),
        tables=(
            Table(("Fits with", ""), tuple(_remedy_rows(result)), title="What would make it fit, each alone"),
        ),
        notes=result.notes,
    )


def _remedy_rows(result: NodePlan) -> list[tuple[str, str]]:
    remedies, request = result.remedies, result.request
    if remedies is None:
        return []
    more = f"{remedies.chips:,} chips" if remedies.chips else f"no number up to {MOST_CHIPS:,}"
    others = ", ".join(remedies.other_chips[:_CHIPS]) or "none in the catalog"
    smaller = _rounded(remedies.parameters) if remedies.parameters else "none"
    return [
        (f"more of {request.chip}", more),
        ("more memory a chip", format_quantity(remedies.chip_memory, "byte")),
        (f"{request.node.chips} of another chip", others),
        ("a smaller dense model", smaller),
    ]


def _rounded(parameters: float) -> str:
    return format_quantity(float(f"{parameters:.3g}"), "parameters")


def _causes(best: EvaluatedPlan) -> Table:
    """Return where time and memory go, side by side, largest first."""
    times = [
        (cause, format_quantity(value, "s"), format_share(value / best.seconds))
        for cause, value in largest_causes(best.time_by_cause(), _CAUSES)
    ]
    sizes = [
        (cause, format_quantity(value, "byte"), format_share(value / best.memory))
        for cause, value in largest_causes(best.memory_by_cause(), _CAUSES)
    ]
    rows = [
        (*(times[at] if at < len(times) else ("",) * 3), *(sizes[at] if at < len(sizes) else ("",) * 3))
        for at in range(max(len(times), len(sizes)))
    ]
    return Table(
        ("Where time goes", "", "Share", "Where memory goes", "", "Share"),
        tuple(rows),
        frozenset({1, 2, 4, 5}),
    )


def largest_causes(amounts: Mapping[str, float], most: int) -> list[tuple[str, float]]:
    """Return causes by their amounts, largest first, those beyond ``most`` in all as the last."""
    ordered = sorted(amounts.items(), key=lambda item: -item[1])
    if len(ordered) <= most:
        return ordered
    return [*ordered[: most - 1], ("all else", sum(value for _, value in ordered[most - 1 :]))]


def _plans(plans: tuple[EvaluatedPlan, ...]) -> Table:
    """Return plans by their degrees of parallelism, the best first; experts only where there are any."""
    degrees = [name for name in _LAYOUT if name != "expert" or any(p.plan.expert > 1.0 for p in plans)]
    rows = tuple(
        (
            *(f"{getattr(plan.plan, name):g}" for name in degrees),
            f"{plan.plan.micro_batch:g}",
            _RECOMPUTED[int(plan.plan.recompute)],
            f"{plan.plan.zero_stage:g}",
            format_quantity(plan.seconds, "s"),
            format_share(plan.utilisation),
            format_quantity(plan.memory, "byte"),
        )
        for plan in plans
    )
    headers = (
        *(name.capitalize() for name in degrees),
        *("Micro-batch", "Recomputed", "ZeRO", "Step", "MFU", "Memory"),
    )
    return Table(headers, rows, frozenset(range(len(headers))) - {len(degrees) + 1})


def _priors(request: NodeRequest) -> Iterator[str]:
    for name, record in request.records.items():
        if record.evidence_level == "prior":
            yield name


def _notes(result: NodePlan) -> Iterator[str]:
    request = result.request
    if request.assumed:
        yield f"assumed, as not given: {'; '.join(request.assumed)}"
    priors = list(_priors(request))
    if priors:
        yield f"priors, not measurements, of {request.chip}: {', '.join(priors)}"
