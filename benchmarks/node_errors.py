"""Errors of computed steps: in the fit, by configurations left out, by tables left out, and never fitted.

A third of the configurations is left out at a time; then each table. With --write, the coefficients of the
catalog and the error on clusters left out are fitted anew and stored.

    python benchmarks/node_errors.py --json
"""

from __future__ import annotations

import argparse
import json
from importlib import resources
from pathlib import Path

import numpy as np

from farflung.analysis.node.calibration import (
    by_table,
    calibrate,
    coefficients_text,
    cross_validated,
    published_sample,
    tables_left_out,
)
from farflung.analysis.node.unseen import measure_unseen, unseen_text
from farflung.analysis.node.validation import ErrorSummary, validate_step_time

CATALOG = Path(str(resources.files("farflung.catalog")))


def write() -> None:
    """Fit the coefficients and the error on unseen clusters, and store both in the catalog."""
    sample = published_sample()
    for name, text in {
        "node_coefficients": coefficients_text(calibrate(sample)),
        "node_errors": unseen_text(measure_unseen(sample)),
    }.items():
        (CATALOG / "data" / f"{name}.toml").write_text(text, encoding="utf-8")


def errors() -> dict[str, dict[str, float]]:
    """Return the mean absolute error of every table, in per cent."""
    sample = published_sample()
    coefficients = calibrate(sample).coefficients
    found = {
        "in the fit": by_table(sample, sample.errors(coefficients), mape),
        "a third of the configurations left out": by_table(sample, cross_validated(sample), mape),
        "the table left out": by_table(sample, tables_left_out(sample), mape),
    }
    never = validate_step_time(CATALOG / "measured" / "step_time" / "published.csv", coefficients)
    memory = validate_step_time(CATALOG / "measured" / "step_time" / "simumax.csv", coefficients).memory
    return {
        **{
            name: {**rows, "mean": round(float(np.mean(list(rows.values()))), 2)}
            for name, rows in found.items()
        },
        "never fitted": {"published": round(never.all.mape, 2)},
        "memory": {"simumax": round(memory.mape, 2), "simumax, worst": round(memory.worst, 2)},
    }


def mape(of: np.ndarray) -> float:
    """Return the mean absolute error in per cent."""
    return round(ErrorSummary.of(of).mape, 2)


def main() -> None:
    """Print the errors, or fit anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="store coefficients and errors in the catalog")
    given = parser.parse_args()
    if given.write:
        write()
        return
    found = errors()
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, rows in found.items():
        print(f"{name}: " + ", ".join(f"{table} {error}" for table, error in rows.items()))


if __name__ == "__main__":
    main()
