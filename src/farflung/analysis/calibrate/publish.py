"""Publish: the posterior as rows of joint draws, and the coefficients of the calibrated set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from farflung.analysis.calibrate.compression import CompressionFit, fit_compression
from farflung.analysis.calibrate.cross_validation import CALIBRATED, central_law, fit_all, posterior
from farflung.analysis.calibrate.fit import Fit
from farflung.analysis.calibrate.forms import BEYOND, FITTED, FORMS, JOINT, Law, coefficients
from farflung.analysis.calibrate.points import Points
from farflung.analysis.calibrate.scaling_law import LETTERS
from farflung.analysis.distributions import JOINT_FILE
from farflung.base.errors import InputError

DROPPING = ("dropping_coefficient_plain", "dropping_coefficient_feedback")
DRAWS, SEED = 2000, 0
"""What the catalog's file was made with."""
_REACH_REPLICAS, _REACH_SIZE = 64.0, 240e9
"""How far beyond what was measured the forms are compared: where policy looks [1]."""
_HEAD = """\
# Joint draws of the scaling law and of what distribution adds to its loss: rows of the law's bootstrap,
# each with a refit of the joint law under it, by `farflung calibrate loss --write`.
# draws: {draws}, seed {seed}
# source: farflung2026
# locator: farflung calibrate loss
# date: 2026-11-20
# evidence level: fitted; exponents beyond what was measured are as far apart as the forms compared
# units: A, B, E, divergence_coefficient, dropping coefficients nats; all others 1
"""


@dataclass(frozen=True, slots=True)
class Posterior:
    """The joint law, how sure it is, and draws of it.

    Attributes
    ----------
    point
        The coefficients.
    draws
        Columns of joint draws, the scaling law's letters first.
    errors
        Standard deviation of the draws.
    seed
        Seed of the draws.
    """

    point: Mapping[str, float]
    draws: Mapping[str, np.ndarray]
    errors: Mapping[str, float]
    seed: int


def calibrated(*, draws: int = DRAWS, seed: int = SEED) -> Posterior:
    """Return the posterior of the joint law, drawn with the scaling law.

    Parameters
    ----------
    draws
        Number of draws; the catalog holds 2,000.
    seed
        Same seed, same posterior.
    """
    best, fits, laws = posterior(draws, seed)
    compression, generator = fit_compression(), np.random.default_rng((seed, 1))
    beyond = spread_beyond(best)
    own = [coefficients(one.fitted[: len(FITTED)]) for one in fits]
    columns = {letter: np.array([law[letter] for law in laws]) for letter in LETTERS}
    columns |= {name: np.array([float(one[name]) for one in own]) for name in FITTED}
    columns |= _beyond(columns, beyond, generator)
    columns |= _dropping(compression, draws, generator)
    point = {name: float(value) for name, value in coefficients(best.fitted[: len(FITTED)]).items()}
    point |= dict.fromkeys(BEYOND, 0.0)
    point |= dict(zip(DROPPING, (compression.plain, compression.feedback), strict=True))
    errors = {name: float(column.std(ddof=1)) for name, column in columns.items() if name not in LETTERS}
    return Posterior(point, columns, errors, seed)


def spread_beyond(best: Fit) -> tuple[float, float]:
    """Return how far apart the forms' exponents lie where nothing was measured.

    Every form is fitted to the same points. The spread is the root mean square, over the forms that lost, of
    how much faster than ours they rise from 8 to 64 replicas, and fall from 10 to 240 billion parameters.
    """
    law = central_law()
    near_replicas, far_replicas = _run(law, 8.0, 10e9), _run(law, _REACH_REPLICAS, 10e9)
    far_size = _run(law, 8.0, _REACH_SIZE)
    replicas, size = [], []
    for name, form in FORMS.items():
        one = best if name == JOINT else fit_all(form)
        start, more, larger = (
            float(one.penalty(at, law)[0]) for at in (near_replicas, far_replicas, far_size)
        )
        replicas.append(np.log(more / start) / np.log(np.log2(_REACH_REPLICAS) / 3.0))
        size.append(np.log(larger / start) / np.log(_REACH_SIZE / 10e9))
    apart = [np.array(exponents[1:]) - exponents[0] for exponents in (replicas, size)]
    return float(np.sqrt(np.mean(apart[0] ** 2))), float(np.sqrt(np.mean(apart[1] ** 2)))


def _run(law: Law, replicas: float, parameters: float) -> Points:
    """Return one run at 20 tokens per parameter and the most rarely synchronised that was tuned for."""
    tokens = 20.0 * parameters
    loss = law["E"] + law["A"] * parameters ** -law["alpha"] + law["B"] * tokens ** -law["beta"]
    one = [np.array([value]) for value in (parameters, tokens, replicas, 100.0, 32.0, loss, 0.0, 1.0)]
    no, zero = np.array([False]), np.array([0])
    columns = [zero, *one, no, no, zero]
    return Points(*columns)


def _beyond(
    columns: Mapping[str, np.ndarray], spread: tuple[float, float], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return draws of the exponents beyond: no law turns concave, or worse for larger models."""
    least = (1.0 - columns["divergence_replica_exponent"]) / spread[0]
    most = columns["divergence_size_exponent"] / spread[1]
    drawn = spread[0] * _normal_above(least, generator), -spread[1] * _normal_above(-most, generator)
    return dict(zip(BEYOND, drawn, strict=True))


def _dropping(one: CompressionFit, draws: int, generator: np.random.Generator) -> dict[str, np.ndarray]:
    least = np.full(draws, -one.plain / one.plain_error)
    plain = one.plain + one.plain_error * _normal_above(least, generator)
    feedback = one.feedback_spread * np.abs(generator.standard_normal(draws))
    return dict(zip(DROPPING, (plain, feedback), strict=True))


def _normal_above(least: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return draws of a standard normal that is cut off below."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - SciPy is slow to import

    below = ndtr(least)
    return np.asarray(ndtri(below + generator.uniform(size=len(least)) * (1.0 - below)))


def write(posterior: Posterior, folder: Path | None = None) -> tuple[Path, Path]:
    """Write the draws and the calibrated set's coefficients into the catalog, and return the two files.

    Parameters
    ----------
    posterior
        The posterior.
    folder
        A copy of the catalog; the package's own if left out.
    """
    root = folder or Path(str(resources.files("farflung.catalog")))
    draws, assumptions = root / "data" / JOINT_FILE, root / "assumptions" / f"{CALIBRATED}.toml"
    count = len(next(iter(posterior.draws.values())))
    rows = [",".join(f"{value:.8g}" for value in row) for row in zip(*posterior.draws.values(), strict=True)]
    head = _HEAD.format(draws=f"{count:,}", seed=posterior.seed)
    try:
        text = assumptions.read_text(encoding="utf-8")
        for name, value in posterior.point.items():
            text = _replaced(text, name, value, posterior.errors.get(name))
        draws.write_text(head + "\n".join([",".join(posterior.draws), *rows]) + "\n", encoding="utf-8")
        assumptions.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("--write", f"the catalog cannot be written ({error})") from error
    return draws, assumptions


def _replaced(text: str, name: str, value: float, error: float | None) -> str:
    """Return a set's text with one coefficient's value and standard error replaced."""
    stated = f"{name} = {{ value = {value:.5g},"
    text, count = re.subn(rf"^{name} = \{{ value = [^,]+,", stated, text, flags=re.MULTILINE)
    if count != 1:
        raise InputError("assumptions", f"'{CALIBRATED}' has no coefficient {name}")
    if error is None:
        return text
    pattern = rf"^({name} = .*standard_error = )[^,]+,"
    return re.sub(pattern, rf"\g<1>{error:.3g},", text, flags=re.MULTILINE)
