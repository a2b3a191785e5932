"""Every command that answers: the same answer in every format, and a plot refused before any work."""

from __future__ import annotations

import csv
import io
import json

import pytest

from farflung.cli.answer import OutputFormat

HEADLINE = ("paper-headline",)
ANSWERS: dict[str, tuple[str, ...]] = {
    "run": HEADLINE,
    "explain": (*HEADLINE, "capital_cost_usd", "--depth", "2"),
    "compare": (*HEADLINE, "paper-1gbps", "paper-10mbps"),
    "duration": ("--hardware", "6%", "--software", "50%", "--investment", "3%"),
    "simulate": ("governance-72-nodes", "--set", "nodes.count=4", "--set", "tokens=1e10", "--runs", "2"),
    "sweep": (*HEADLINE, "--over", "nodes.count=8,34"),
    "uncertainty": (*HEADLINE, "--draws", "32"),
    "sensitivity": (*HEADLINE, "--draws", "64"),
    "waterfall": (*HEADLINE, "paper-1gbps"),
    "search": ("--grid", "published", "--chips", "GH200", "--modes", "flat"),
    "inverse compute": ("40M", "--grid", "published", "--chips", "GH200", "--modes", "flat"),
    "inverse nodes": (*HEADLINE, "--target", "1e23"),
    "inverse bandwidth": (*HEADLINE, "--set", "protocol.inner_steps=30"),
    "node": ("50x A100 80GB", "--model", "160e9"),
    "presets": (),
    "contradictions": (),
    "reproduce": ("--document", "outline"),
    "catalog chips": ("H100 SXM",),
    "catalog nodes": (),
    "catalog rules": (),
    "catalog assumptions": ("miri-2026-04",),
    "catalog sources": ("sevilla2022longest",),
    "catalog fields": ("nodes.count",),
    "calibrate scaling-law": ("--draws", "2"),
}
PLOTTED = (
    "run",
    "compare",
    "reproduce",
    "inverse compute",
    "calibrate scaling-law",
    "node",
    "simulate",
    "sweep",
    "uncertainty",
    "sensitivity",
    "waterfall",
    "search",
)
DRAWN = {
    **{name: ANSWERS[name] for name in PLOTTED},
    "headlines": (),
    "evidence": (),
    "validate": (),
    "calibrate loss": (),
    "calibrate stragglers": (),
}


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@pytest.mark.parametrize("name", ANSWERS)
def test_every_format_of_every_command(farflung, name: str) -> None:
    written = {}
    for output_format in OutputFormat:
        answer = farflung(*name.split(), *ANSWERS[name], "--format", output_format.value)
        assert (answer.code, answer.err) == (0, ""), output_format
        assert answer.out.strip()
        written[output_format] = answer.out
    assert json.loads(written[OutputFormat.json], parse_constant=_refuse)
    header, *rows = csv.reader(io.StringIO(written[OutputFormat.csv]))
    assert rows
    assert all(header)
    assert {len(row) for row in rows} == {len(header)}
    assert written[OutputFormat.markdown].startswith("# ")
    assert written[OutputFormat.svg].startswith("<svg")


@pytest.mark.parametrize("file", ["plot.gif", "nowhere/plot.svg"])
@pytest.mark.parametrize("name", DRAWN)
def test_a_plot_is_refused_before_any_work(farflung, monkeypatch, tmp_path, name: str, file: str) -> None:
    monkeypatch.chdir(tmp_path)

    def begun(_: object) -> None:
        raise AssertionError("work was begun")

    # What the command was called with is asked for just before its work.
    monkeypatch.setattr("farflung.cli.answer.command_line", begun)
    answer = farflung(*name.split(), *DRAWN[name], "--plot", file)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: {file}: ")
    assert answer.err.count("\n") == 1
