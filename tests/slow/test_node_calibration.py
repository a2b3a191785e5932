"""The fit of a step's coefficients, and its errors on rows left out."""

from __future__ import annotations

from importlib import resources

import numpy as np

from farflung.analysis.node.calibration import (
    by_table,
    calibrate,
    coefficients_text,
    cross_validated,
    published_sample,
)


def mape(errors):
    return float(100.0 * np.abs(errors).mean())


def test_errors_on_rows_left_out_are_near_those_of_the_fit():
    sample = published_sample()
    errors = by_table(sample, cross_validated(sample), mape)
    six = [
        errors[name] for name in ("foundry", "vtrain_multi", "vtrain_single", "simumax", "megatron", "sailor")
    ]
    assert np.mean(six) < 7.5


def test_the_coefficients_of_the_catalog_are_those_of_the_fit():
    text = coefficients_text(calibrate(published_sample()))
    stored = (resources.files("farflung.catalog") / "data" / "node_coefficients.toml").read_text("utf-8")
    assert text == stored
