"""Pages: the same answer as text, HTML and Markdown."""

from __future__ import annotations

import pytest

from farflung.base.pages import Page, Span, Table, span_on

TABLE = Table(
    headers=("Output", "Value"),
    rows=(("compute | all", "1.2"), ("a <b>", "12")),
    numeric=frozenset({1}),
    title="What came out",
    spans=(span_on((0.0, 10.0), 0.0, 10.0, mark=5.0), None),
    span_title="5 to 95 %",
)
PAGE = Page("A question", ("An answer.",), (TABLE,), ("a caveat",))


@pytest.mark.parametrize(
    ("span", "drawn"),
    [
        (Span(0.0, 1.0), "━━━━━"),
        (Span(0.0, 0.5, mark=1.0), "━━━ │"),
        (Span(-3.0, 9.0, mark=0.5), "━━┿━━"),
        (span_on((2.0, 2.0), 2.0, 2.0), "  ━  "),
    ],
)
def test_a_span_stays_on_its_axis(span: Span, drawn: str) -> None:
    assert span.draw(5) == drawn


def test_text_draws_bars_where_there_is_room() -> None:
    lines = PAGE.to_text().splitlines()
    assert [lines[0], lines[1], lines[-1]] == ["A question", "An answer.", "Note: a caveat"]
    assert "━" * 12 + "┿" in PAGE.to_text()
    assert "━" not in PAGE.to_text(width=30)
    assert max(map(len, PAGE.to_text(width=60).splitlines())) <= 60


def test_html_and_markdown_hold_every_cell() -> None:
    assert "a &lt;b&gt;" in PAGE.to_html()
    assert PAGE.to_html().count("<tr>") == 3
    text = PAGE.to_markdown()
    assert text.startswith("# A question\n")
    assert "| compute \\| all | 1.2 |" in text
    assert "- a caveat" in text
