"""The page of headline answers: its searches, over the full grid, are those of today."""

from __future__ import annotations

import html
import re
from pathlib import Path

from farflung.analysis.headlines import headlines
from farflung.report.figures import headlines_figure
from farflung.report.headlines_page import headlines_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_and_its_figure_are_up_to_date():
    found = headlines()
    assert (DOCS / "headlines.md").read_text(encoding="utf-8") == headlines_page(found)
    drawing = (DOCS / "headlines.svg").read_text(encoding="utf-8").replace("\u200b", "")
    drawn = " ".join(html.unescape(re.sub(r"</?tspan[^>]*>", "", drawing)).split())
    first = headlines_figure(found).layout.title.text.split("<br>")[0]
    title = " ".join(re.sub(r"<[^>]*>", "", first).split())
    assert title in drawn
    # Over the full grid no rule makes a design cheaper by limiting memory too.
    for free, limited in zip(found.cheapest, found.cheapest_under_memory_limit, strict=True):
        assert free.question.target == limited.question.target
        assert limited.need("capital_cost_usd").point >= free.need("capital_cost_usd").point
