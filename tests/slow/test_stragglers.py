"""Order statistics: all forms beside the event engine, and the catalog held to it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from farflung.analysis.calibrate.straggler_runs import PEERS, SETTINGS
from farflung.analysis.calibrate.stragglers import EXPONENT, MODEL_FORM
from farflung.cli.app import app
from farflung.scenario import load_assumptions

BELIEVED = load_assumptions("calibrated-2026-11")


def test_the_catalog_holds_what_the_command_finds():
    result = CliRunner().invoke(app, ["calibrate", "stragglers", "--format", "json"])
    assert result.exit_code == 0, result.output
    table = json.loads(result.output)
    assert table["chosen"] == MODEL_FORM
    errors = {name: one["held_out_rmse"] for name, one in table["forms"].items()}
    assert errors[MODEL_FORM] < 0.025
    assert errors["1 + c log2 n, as published"] > 10 * errors[MODEL_FORM]
    for name, value in table["coefficients"].items():
        assert BELIEVED.coefficients[name].value == pytest.approx(value, rel=1e-3), name
    error = BELIEVED.coefficients[EXPONENT].standard_error
    assert error == pytest.approx(table["standard_errors"][EXPONENT], rel=0.01)
    limits = BELIEVED.limits["exchange_spread"]
    assert limits["peers"][1] == table["range"]["peers"][1]
    assert limits["exchange_spread"][1] == pytest.approx(table["range"]["spread"][1], abs=0.005)
    assert table["points"] == len(PEERS) * len(SETTINGS)
