"""The chips that a search may use, and why others are left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from farflung.analysis.search.grid import Grid, Problem
from farflung.catalog import Chip, chips
from farflung.catalog.chips import FORMAT_OF_PRECISION
from farflung.scenario import load_assumptions
from farflung.scenario.nodes import largest_node


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chip at one precision as a search uses it: figures of one chip, and how many a node may hold.

    ``price`` is what the model multiplies for the server: where a price buys the server too, so much less.
    """

    chip: str
    precision: str
    most: int
    peak: float
    memory: float
    price: float
    power: float | None
    bytes_per_parameter: float

    def chip_counts(self, grid: Grid) -> Iterator[int]:
        """Yield the numbers of chips that a node may have in the grid."""
        yield from range(1, self.most + 1) if grid.every_chip_count else (self.most,)


def candidates(problem: Problem) -> tuple[list[Candidate], dict[str, list[str]]]:
    """Return the chips a search may use, and the names of those left out by reason.

    A chip stands under the first reason that applies.
    """
    question, grid = problem.question, problem.grid
    assumptions = load_assumptions(question.assumptions)
    sources, server = assumptions.hardware_sources, assumptions.values["server_cost_factor"][0]
    limit = question.node_limit()
    usable: list[Candidate] = []
    left_out: dict[str, list[str]] = {}
    for chip in chips().values():
        reason = _excluded(chip, problem, sources)
        most = 0 if reason else largest_node(chip, limit, sources).chips
        if not reason and most < 1:
            reason = f"a single chip exceeds {question.limit_text}"
        if reason:
            left_out.setdefault(reason, []).append(chip.name)
            continue
        memory, price, power = (chip.get(name, sources) for name in ("memory", "price", "power"))
        assert memory is not None  # every chip of the catalog has its memory, which a test ensures
        assert price is not None
        for precision in grid.precisions:
            number_format = FORMAT_OF_PRECISION[precision]
            if number_format in chip.dense:
                usable.append(
                    Candidate(
                        chip=chip.name,
                        precision=precision,
                        most=most,
                        peak=chip.rate(precision, sources).in_unit("FLOP/s"),
                        memory=memory.in_unit("byte"),
                        price=price.in_unit("USD") / (server if price.includes_server else 1.0),
                        power=power.in_unit("W") if power else None,
                        bytes_per_parameter=assumptions.values[f"bytes_per_parameter_{number_format}"][0],
                    )
                )
    return usable, left_out


def _excluded(chip: Chip, problem: Problem, sources: tuple[str, ...]) -> str | None:
    """Return the first reason to leave a chip out, if there is any."""
    constraints, grid = problem.constraints, problem.grid
    latest = constraints.released_before
    formats = {FORMAT_OF_PRECISION[precision] for precision in grid.precisions}
    reasons = {
        f"not in the {grid.name} grid": bool(grid.chips) and chip.name not in grid.chips,
        "chip not allowed": bool(constraints.chips) and chip.name not in constraints.chips,
        "no high-bandwidth memory": not constraints.any_memory
        and chip.name not in constraints.chips
        and not chip.memory_kind.startswith("HBM"),
        "maker not allowed": bool(constraints.makers) and chip.manufacturer not in constraints.makers,
        "jurisdiction not allowed": bool(constraints.jurisdictions)
        and chip.jurisdiction not in constraints.jurisdictions,
        "released too late": latest is not None and (chip.released is None or chip.released >= latest),
        f"no {' or '.join(grid.precisions)} rate": formats.isdisjoint(chip.dense),
        "no price known": chip.get("price", sources) is None,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)
