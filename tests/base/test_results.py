"""Every answer has the same face: page, tables, figure, sources, and the call that gives it again."""

import json
import math

import pandas as pd
import plotly.graph_objects as go
import pytest

import farflung
from farflung.base.errors import InputError
from farflung.base.pages import Page, Table
from farflung.base.results import MOST_LINES, Call, Result, changed_options

CALLS = {
    "outcome": "farflung.evaluate('headline')",
    "infeasible outcome": "farflung.evaluate('headline', model__parameters=1e15)",
    "explanation": "farflung.explain('headline', 'divergence_penalty')",
    "comparison": "farflung.compare('headline', 'paper-headline')",
    "search": "farflung.search(1e24, grid='published')",
    "search without answer": "farflung.search(1e30, grid='published')",
    "uncertainty": "farflung.uncertainty('headline', draws=64)",
    "sensitivity": "farflung.sensitivity('headline', draws=64)",
    "waterfall": "farflung.waterfall('headline', 'paper-headline')",
    "node": "farflung.node('50x A100 80GB', 160e9)",
    "model too large for a node": "farflung.node('50x A100 80GB', 400e9)",
    "ledger": "farflung.reproduce()",
    "validation": "farflung.validate('consumer')",
    "nodes for a target": "farflung.nodes_for_target('headline', target=1e24)",
}
NOTHING_TO_DRAW = {
    "infeasible outcome", "search without answer", "explanation", "nodes for a target",
    "model too large for a node",
}  # fmt: skip


@pytest.fixture(scope="module", params=CALLS)
def named(request):
    return request.param, eval(CALLS[request.param], {"farflung": farflung})


def test_it_is_a_result_whose_page_fits_a_screen(named):
    _, result = named
    assert isinstance(result, Result)
    lines = repr(result).splitlines()
    assert 1 <= len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= 100
    assert "object at 0x" not in repr(result)
    assert str(result).count("\n") >= repr(result).count("\n")
    assert result._repr_html_().startswith("<div")


def test_it_is_plain_data(named):
    _, result = named
    data = result.to_dict()
    assert json.loads(json.dumps(data, default=str))
    assert isinstance(result.to_frame(), pd.DataFrame)


def test_it_is_drawn_or_says_why_not(named):
    name, result = named
    try:
        figure = result.figure()
    except InputError:
        assert name in NOTHING_TO_DRAW
    else:
        assert isinstance(figure, go.Figure)


def test_it_names_its_sources(named):
    name, result = named
    assert result.citations() or name == "search without answer"


def test_its_python_gives_it_again(named):
    _, result = named
    again = eval(result.python, {"farflung": farflung})
    assert type(again) is type(result)
    assert again.python == result.python
    assert repr(again) == repr(result)
    assert result.command is None or result.command.startswith("farflung ")


def test_a_search_is_a_page_a_person_reads():
    page = repr(farflung.search(target=1e24, grid="published"))
    for words in ("Asked", "Cheapest design found", "C_quality", "miri-2025", "draws", "Note"):
        assert words in page


def test_a_call_writes_itself_for_a_shell_and_for_python():
    call = Call("inverse nodes", "farflung.f", ("my file.toml",), ("'x'",), {"draws": 64, "rule": ["a", "b"]})
    assert call.command == "farflung inverse nodes 'my file.toml' --draws 64 --rule a --rule b"
    assert call.python == "farflung.f('x', draws=64, rule=['a', 'b'])"
    assert Call("run", "farflung.evaluate", None).command is None
    assert Call("run", "f", (), (), {"full": True}).command == "farflung run --full"
    assert Call("run", "f", (), (), {"full": False}).command == "farflung run --no-full"
    assert changed_options({"seed": (0, 0), "draws": (64, 4096)}) == {"draws": 64}


def test_a_page_is_cut_off_with_a_word_on_what_is_left():
    rows = tuple((f"row {i}", f"{math.pi * i:.2f}") for i in range(40))
    page = Page("A title", ("A line.",), (Table(("name", "value"), rows),), ("A note.",))
    short = page.to_text(most_lines=10).splitlines()
    assert len(short) == 10
    assert "more lines" in short[-1]
    assert page.to_text().splitlines()[-1] == "Note: A note."
    assert "<td" in page.to_html()
