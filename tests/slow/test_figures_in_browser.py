"""Figures in a real browser: images are written, and pages open without an error and without a network."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from farflung.analysis.search import search
from farflung.analysis.sensitivity import sensitivity
from farflung.analysis.sweep import sweep
from farflung.analysis.uncertainty import uncertainty
from farflung.analysis.waterfall import waterfall
from farflung.report.figures import (
    pareto_figure,
    sensitivity_figure,
    sweep_figure,
    uncertainty_figure,
    waterfall_figure,
    write_figure,
)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FIGURES = {
    "uncertainty": lambda: uncertainty_figure(uncertainty("paper-headline", 512)),
    "pair": lambda: uncertainty_figure(uncertainty("paper-headline", 512, against="paper-1gbps")),
    "sensitivity": lambda: sensitivity_figure(sensitivity("paper-headline", draws=64)),
    "waterfall": lambda: waterfall_figure(waterfall("paper-headline", "paper-1gbps")),
    "pareto": lambda: pareto_figure(
        search(1e25, metric="local", assumptions="miri-2026-04", grid="published")
    ),
    "lines": lambda: sweep_figure(
        sweep("paper-headline", ["network.upload=10Mbps..1Gbps:log:25", "protocol.mode=flat,hierarchical"]),
        "quality_adjusted_flop",
    ),
    "map": lambda: sweep_figure(
        sweep("paper-headline", ["model.parameters=20e9..400e9:log:20", "nodes.count=2..128:step:6"]),
        "quality_adjusted_flop",
    ),
}


@pytest.fixture(scope="module")
def browser() -> str:
    found = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, _NAMES)), None)
    if not found or not Path(found).is_file():
        pytest.fail("no Chromium to draw with: apt-get install chromium, or name one in BROWSER_PATH")
    return found


@pytest.fixture(scope="module")
def figures():
    return {name: make() for name, make in FIGURES.items()}


@pytest.mark.parametrize("name", FIGURES)
def test_an_image_is_twice_the_page(browser, figures, name, tmp_path):
    path = tmp_path / "figure.png"
    write_figure(figures[name], path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    layout = figures[name].layout
    assert struct.unpack(">II", content[16:24]) == (2 * layout.width, 2 * layout.height)
    assert len(content) > 20_000


def test_drawings_are_text_and_lines(browser, figures, tmp_path):
    write_figure(figures["waterfall"], tmp_path / "figure.svg")
    drawing = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert drawing.startswith("<svg")
    assert "Paper headline" in drawing
    write_figure(figures["waterfall"], tmp_path / "figure.pdf")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("name", FIGURES)
def test_a_page_opens_without_errors_and_without_a_network(browser, figures, name, tmp_path):
    path = tmp_path / "figure.html"
    write_figure(figures[name], path)
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1280,900",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert said == []
    drawn = re.sub(r"<script.*?</script>", "", done.stdout, flags=re.DOTALL)
    assert 'class="main-svg"' in drawn
    assert "assumptions miri-2026-04" in drawn
    assert "https://" not in drawn
    assert "loud" not in " ".join(re.findall(r'data-title="([^"]*)"', drawn))
    widths = {int(width) for width in re.findall(r'<svg class="main-svg"[^>]* width="(\d+)"', drawn)}
    assert min(widths) > figures[name].layout.width
