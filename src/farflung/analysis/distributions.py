"""Distributions: how sure each coefficient of an assumption set is, drawn from one uniform number each.

A coefficient with a standard error is normal; one with a range has a broken-line quantile function; one
with neither is a constant. The five coefficients of the scaling law are drawn together, since the data
that fix them leave their product far surer than each of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, Protocol

import numpy as np

from farflung.base.errors import InputError
from farflung.base.units import factor
from farflung.catalog import Record
from farflung.scenario import Assumptions
from farflung.scenario.forms import JointLaw

Kind = Literal["normal", "range", "joint"]
LAW = "scaling_law"
"""Name under which the five coefficients of the law are drawn together."""
DISTRIBUTED = "distributed_loss"
"""Name under which what distribution adds to the loss is drawn where the law is another."""
_LAW_SOURCE = "besiroglu2024chinchilla"
LAW_FILE, JOINT_FILE = "chinchilla_bootstrap.csv", "distributed_loss_posterior.csv"
"""Joint draws of the scaling law; and of it together with the law of what distribution costs."""
_JOINT_SOURCE = "farflung2026"
_LAW_COLUMNS = {
    "loss_parameter_coefficient": "A",
    "loss_token_coefficient": "B",
    "loss_irreducible": "E",
    "loss_parameter_exponent": "alpha",
    "loss_token_exponent": "beta",
}
LOW, HIGH = 0.05, 0.95
"""What the low and the high end of a range are taken to mean."""
_BEYOND = LOW / (0.5 - LOW)
"""How far a tail reaches past its end of the range, as a share of the way from the middle to that end."""
_BOUNDS_BY_ENDING = {
    "_factor": (1.0, math.inf),  # what comes on top of chips, never less than the chips
    "_effectiveness": (1.0, math.inf),
    "_fraction": (0.0, 1.0),
    "_share": (0.0, 1.0),
    "_floor": (0.0, 1.0),
}
"""Bounds that a coefficient has by what it means, by how its name ends."""
_INSIDE = 1e-12
"""Quantiles are taken at least this far from 0 and 1, where a normal distribution has none."""


class Drawn(Protocol):
    """What is drawn from one uniform number: a coefficient, the law as a whole, or a lever."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def evidence_level(self) -> str:
        """Return how it is known."""

    @property
    def ends(self) -> tuple[float, float]:
        """Return the quantiles between which it is varied on its own."""

    def fields(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return arrays for :func:`farflung.outcome.batch.answers`, of the shape of ``uniform``."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """The distribution of one coefficient.

    Attributes
    ----------
    name
        Name of the coefficient.
    kind
        ``normal`` (from a standard error) or ``range``.
    value, unit, printed_unit
        The set's value, as the model holds it; and the unit in which its source prints it.
    low, high
        Ends of a range, or one standard error to either side [``unit``].
    bounds
        What no draw passes: 0 for a coefficient with a sign, and what its meaning asks for.
    evidence_level
        How the spread is known: a range is a prior unless it is measured, whatever its value is.
    source
        Source key of the record.
    """

    name: str
    kind: Kind
    value: float
    unit: str
    low: float
    high: float
    bounds: tuple[float, float]
    evidence_level: str
    source: str
    printed_unit: str

    @property
    def ends(self) -> tuple[float, float]:
        """Return the quantiles between which it is varied on its own."""
        return LOW, HIGH

    def printed(self, value: float) -> float:
        """Return a value of it in the unit of its source."""
        return float(value * factor(self.unit, self.printed_unit))

    def quantile(self, uniform: np.ndarray) -> np.ndarray:
        """Return the values below which these shares of the draws lie [``unit``].

        Notes
        -----
        Equation: a normal truncated at the bounds; or linear between (5 %, low), (50 %, value),
        (95 %, high), on along the same lines to 0 and 100 %, and clipped at the bounds
        Assumption: the ends of a range hold 90 % of the belief, half of it on either side of the value.
        Evidence: farflung2026
        Limits: a range that ends at its value has half its draws there.
        """
        if self.kind == "normal":
            return self._normal(np.clip(uniform, _INSIDE, 1.0 - _INSIDE))
        below, above = self.value - self.low, self.high - self.value
        knots = (self.low - _BEYOND * below, self.low, self.value, self.high, self.high + _BEYOND * above)
        line = np.interp(uniform, (0.0, LOW, 0.5, HIGH, 1.0), knots)
        return np.asarray(np.clip(line, *self.bounds))

    def _normal(self, uniform: np.ndarray) -> np.ndarray:
        from scipy.special import ndtr, ndtri  # noqa: PLC0415 - SciPy is slow to import

        error = self.high - self.value
        left, right = (ndtr((bound - self.value) / error) for bound in self.bounds)
        return np.asarray(self.value + error * ndtri(left + uniform * (right - left)))

    def fields(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return the coefficient as a field of a batch."""
        return {f"assumptions.{self.name}": self.quantile(uniform)}


@dataclass(frozen=True, slots=True)
class ScalingLaw:
    """The joint distribution of the scaling law: rows of a bootstrap, each as likely as any other.

    The rows are used as they are and not moved onto the published point, so that the joint structure is
    that of the data; medians are 0.1 to 5 % from the point, and every result shows point and median.
    Where the file holds the coefficients of the distributed loss too, they are drawn with it; they alone
    where ``fixed`` names the law's, because the set takes them from elsewhere.
    """

    name: str = LAW
    kind: Kind = "joint"
    evidence_level: str = "fitted"
    source: str = _LAW_SOURCE
    file: str = LAW_FILE
    fixed: frozenset[str] = frozenset()

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Return the names of the coefficients that are drawn together."""
        return tuple(name for name in law_rows(self.file) if name not in self.fixed)

    @property
    def ends(self) -> tuple[float, float]:
        """Return the quantiles of an output that show its spread on its own."""
        return LOW, HIGH

    def all_rows(self) -> dict[str, np.ndarray]:
        """Return the coefficients of every row of the bootstrap, sorted by irreducible loss."""
        rows = law_rows(self.file)
        return {f"assumptions.{name}": rows[name] for name in self.coefficients}

    def fields(self, uniform: np.ndarray) -> dict[str, np.ndarray]:
        """Return the coefficients of the rows that ``uniform`` picks."""
        rows = self.all_rows()
        count = min(len(column) for column in rows.values())
        picked = np.minimum((np.asarray(uniform) * count).astype(np.intp), count - 1)
        return {name: column[picked] for name, column in rows.items()}


@cache
def law_rows(name: str = LAW_FILE) -> Mapping[str, np.ndarray]:
    """Return the coefficients of a file of joint draws, rows sorted by irreducible loss."""
    file = resources.files("farflung.catalog") / "data" / name
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    header = lines[0].split(",")
    table = np.loadtxt(lines[1:], delimiter=",")
    by_letter = {column: name for name, column in _LAW_COLUMNS.items()}
    columns = {by_letter.get(column, column): table[:, place] for place, column in enumerate(header)}
    # Neighbouring rows are alike, so that evenly spread uniforms pick evenly spread laws.
    order = np.argsort(columns["loss_irreducible"], kind="stable")
    own = [*_LAW_COLUMNS, *(name for name in columns if name not in _LAW_COLUMNS)]
    return {name: columns[name][order] for name in own}


def distributions(assumptions: Assumptions) -> tuple[Coefficient | ScalingLaw, ...]:
    """Return what is uncertain in an assumption set, in the order of the set.

    The scaling law is drawn jointly where the set takes all of it from the fit that the bootstrap
    repeats; from any other source its coefficients are drawn like all others, as far as they have a spread.

    Raises
    ------
    InputError
        If a range does not hold its value, or a standard error is negative.
    """
    law = _joint_law(assumptions)
    drawn_together = () if law is None else law.coefficients
    drawn: list[Coefficient | ScalingLaw] = []
    for name, record in assumptions.coefficients.items():
        if law is not None and name in drawn_together:
            if law not in drawn:
                drawn.append(law)
        elif _is_uncertain(record):
            drawn.append(_coefficient(name, record, assumptions.values[name][1]))
    return tuple(drawn)


def _joint_law(assumptions: Assumptions) -> ScalingLaw | None:
    """Return the coefficients that are drawn together, or none where the set takes them from elsewhere."""
    whole = _all_from(assumptions, _LAW_COLUMNS, _LAW_SOURCE)
    distributed = [name for name in law_rows(JOINT_FILE) if name not in _LAW_COLUMNS]
    if not isinstance(assumptions.forms.distribution, JointLaw) or not _all_from(
        assumptions, distributed, _JOINT_SOURCE
    ):
        return ScalingLaw() if whole else None
    if whole:
        return ScalingLaw(file=JOINT_FILE)
    return ScalingLaw(DISTRIBUTED, source=_JOINT_SOURCE, file=JOINT_FILE, fixed=frozenset(_LAW_COLUMNS))


def _all_from(assumptions: Assumptions, names: Iterable[str], source: str) -> bool:
    records = [assumptions.coefficients.get(name) for name in names]
    return all(r is not None and r.source == source and _is_uncertain(r) for r in records)


def _is_uncertain(record: Record) -> bool:
    return bool(record.standard_error) or record.low is not None or record.high is not None


def _coefficient(name: str, record: Record, unit: str) -> Coefficient:
    """Return the distribution that a record states, in the unit in which the model holds it."""
    value, error = record.value, record.standard_error
    if error:
        low, high = value - error, value + error
    else:
        low = value if record.low is None else record.low
        high = value if record.high is None else record.high
    if not (math.isfinite(low) and math.isfinite(high) and low <= value <= high):
        raise InputError(
            f"assumptions.{name}",
            f"the spread {low:g} to {high:g} does not hold the value {value:g}",
            nearest="low at most the value, high at least the value, a standard error above 0",
        )
    scale = factor(record.unit, unit)
    bounds = _bounds(name, value, (value, value) if error else (low, high))
    return Coefficient(
        name=name,
        kind="normal" if error else "range",
        value=value * scale,
        unit=unit,
        low=low * scale,
        high=high * scale,
        bounds=(bounds[0] * scale, bounds[1] * scale),
        evidence_level=record.evidence_level if error or record.evidence_level == "measured" else "prior",
        source=record.source,
        printed_unit=record.unit,
    )


def _bounds(name: str, value: float, stated: tuple[float, float]) -> tuple[float, float]:
    """Return the bounds of a coefficient that its own record keeps to."""
    candidates = [bounds for ending, bounds in _BOUNDS_BY_ENDING.items() if name.endswith(ending)]
    if value:
        candidates.append((0.0, math.inf) if value > 0 else (-math.inf, 0.0))
    else:
        candidates += [(0.0, math.inf), (-math.inf, 0.0)]
    fitting = [bounds for bounds in candidates if bounds[0] <= stated[0] and stated[1] <= bounds[1]]
    return (
        max((low for low, _ in fitting), default=-math.inf),
        min((high for _, high in fitting), default=math.inf),
    )


def uniforms(names: Sequence[str], draws: int, seed: int) -> dict[str, np.ndarray]:
    """Return one scrambled Sobol dimension for every name.

    The first names draw the same whatever names follow them (up to 32, or the next power of 2), so that a
    scenario's draws do not depend on what it is compared with.

    Parameters
    ----------
    names
        What is drawn.
    draws
        Number of draws, a power of 2.
    seed
        Seed of the scrambling.
    """
    from scipy.stats import qmc  # noqa: PLC0415 - SciPy is slow to import

    dimensions = 2 ** max(5, math.ceil(math.log2(max(len(names), 1))))
    generator = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    table = generator.random_base2(round(math.log2(draws)))
    return {name: table[:, place] for place, name in enumerate(names)}


def drawn_fields(drawn: Sequence[Drawn], uniform: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the fields of a batch in which everything is drawn at once."""
    fields: dict[str, Any] = {}
    for one in drawn:
        fields |= one.fields(uniform[one.name])
    return fields


def power_of_two(draws: int, fewest: int, most: int) -> int:
    """Return the number of draws rounded up to a power of 2, where a Sobol sequence is balanced.

    Raises
    ------
    InputError
        If it is no whole number from ``fewest`` to ``most``, themselves powers of 2.
    """
    if isinstance(draws, bool) or not isinstance(draws, int) or not fewest <= draws <= most:
        raise InputError(
            "draws",
            f"{draws} is not a whole number from {fewest} to {most}",
            nearest=str(most if isinstance(draws, int) and draws > most else fewest),
        )
    return int(2 ** (draws - 1).bit_length())


def whole_seed(seed: int) -> int:
    """Return the seed, or raise an error if it cannot be one."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InputError("seed", f"{seed} is not a whole number from 0 to 4294967295", nearest="0")
    return seed
