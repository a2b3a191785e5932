"""Figures: what they hold, what they say, and that a page of one stands on its own."""

from __future__ import annotations

import html
import math
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module, resources

import numpy as np
import pytest

from farflung.analysis.search import search
from farflung.analysis.sensitivity import sensitivity
from farflung.analysis.sweep import sweep
from farflung.analysis.uncertainty import uncertainty
from farflung.analysis.waterfall import waterfall
from farflung.base.errors import InputError
from farflung.base.provenance import version
from farflung.outcome import evaluate
from farflung.report import figures as figures_package
from farflung.report.figures import (
    FIGURES,
    check_figure_path,
    figure_of,
    pareto_figure,
    sensitivity_figure,
    sweep_figure,
    uncertainty_figure,
    waterfall_figure,
    write_figure,
)
from farflung.report.figures.files import SUFFIXES
from farflung.report.figures.marks import levels
from farflung.report.figures.scales import scale_of, ticks
from farflung.report.figures.sweep_view import logarithmic, view
from farflung.report.figures.words import chance, percent, quantity, scientific, wrapped
from farflung.scenario import preset

MAP = ["model.parameters=20e9..400e9:log:12", "nodes.count=2..128:step:14"]
MODES = "protocol.mode=flat,pipeline_groups"


@pytest.fixture(scope="module")
def drawn():
    return uncertainty("paper-headline", 512)


@pytest.fixture(scope="module")
def paired():
    return uncertainty("paper-headline", 256, against="paper-1gbps")


@pytest.fixture(scope="module")
def moved():
    return sensitivity("paper-headline", draws=64)


@pytest.fixture(scope="module")
def found():
    return search(1e25, metric="local", assumptions="miri-2026-04", grid="published")


@pytest.fixture(scope="module")
def figures(drawn, paired, moved, found):
    swept = sweep("paper-headline", [*MAP, MODES], outputs=["quality_adjusted_flop"])
    return {
        "uncertainty": uncertainty_figure(drawn),
        "pair": uncertainty_figure(paired),
        "sensitivity": sensitivity_figure(moved),
        "waterfall": waterfall_figure(waterfall("paper-headline", "paper-1gbps")),
        "pareto": pareto_figure(found),
        "sweep": sweep_figure(swept, "quality_adjusted_flop"),
    }


def kind(figure, meta):
    return [trace for trace in figure.data if trace.meta == meta]


def texts(figure, name=None):
    return [a.text for a in figure.layout.annotations if name is None or a.name == name]


def footer(figure):
    (text,) = texts(figure, "footer")
    return html.unescape(text.replace("<br>", " "))


def title(figure):
    return figure.layout.title.text.replace("<br>", " ").replace("\u00a0", " ")


@pytest.mark.parametrize("name", ["uncertainty", "pair", "sensitivity", "waterfall", "pareto", "sweep"])
def test_every_figure_says_what_was_found_and_where_it_is_from(figures, name):
    figure = figures[name]
    assert "C<sub>" in title(figure)
    assert "FLOP" in title(figure) or name == "pair"
    assert "assumptions miri-2026-04 (" in footer(figure)
    assert f"farflung {version()}" in footer(figure)
    assert "Sources: " in footer(figure)
    assert figure.layout.width == 900
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "white"


def test_uncertainty_marks_quantiles_point_and_limits(drawn):
    figure = uncertainty_figure(drawn)
    quality = drawn.spread("quality_adjusted_flop")
    assert (quality.quantiles[0.05], quality.quantiles[0.95]) in {trace.x for trace in kind(figure, "range")}
    assert quality.point in {trace.x[0] for trace in kind(figure, "point")}
    assert quality.quantiles[0.5] in {trace.x[0] for trace in kind(figure, "median")}
    assert {trace.x[0] for trace in kind(figure, "limit")} == {1e24, 1e25, 1e26}
    named = " ".join(texts(figure, "limit"))
    assert "EU AI Act" in named
    assert "MIRI 2025" in named
    chances = {one.limit: percent(one.probability) for one in drawn.chances if one.output == quality.name}
    assert chances[1e25] in texts(figure, "chance")
    assert f"a {chances[1e25]} chance of passing 10²⁵ FLOP".replace("\u00a0", " ") in title(figure)
    assert figure.layout.xaxis.type == "log"
    assert "[FLOP]" in figure.layout.xaxis.title.text
    assert "512 draws" in footer(figure)
    assert "$ farflung uncertainty" in footer(figure)


def test_a_distribution_is_that_of_the_draws(drawn):
    (quality,) = [one for one in kind(uncertainty_figure(drawn), "distribution") if "quality" in one.name]
    values = drawn.samples["quality_adjusted_flop"]
    assert min(quality.x) == pytest.approx(values.min())
    assert max(quality.x) == pytest.approx(values.max())


def test_a_pair_shows_both_and_their_ratio(paired):
    figure = uncertainty_figure(paired)
    pair = next(one for one in paired.pairs if one.name == "quality_adjusted_flop")
    assert len(kind(figure, "distribution")) == 6
    assert f"first higher in {percent(pair.first_greater)}" in texts(figure, "chance")
    assert f"{pair.ratio[0.05]:.3g} to {pair.ratio[0.95]:.3g} times" in title(figure)
    assert footer(figure).count("assumptions miri-2026-04") == 2


def test_limits_of_other_outputs_get_axes_of_their_own():
    limits = {"total_cost_usd": ["40e6", "60e6"], "duration_s": "740 days", "quality_adjusted_flop": 1e30}
    figure = uncertainty_figure(uncertainty("paper-headline", 64, limits=limits))
    axes = [figure.layout[f"xaxis{n}"].title.text for n in ("", "2", "3")]
    assert axes == [
        "Compute [FLOP], logarithmic",
        "Total cost [$ million]",
        "Duration [days]",
    ]
    assert "740" in figure.layout.xaxis3.ticktext
    assert "Off the axis: C<sub>quality</sub> passes 10³⁰" in footer(figure)


def test_where_no_draw_is_feasible_the_figure_says_why():
    huge = preset("paper-headline").with_({"model.parameters": 3e12})
    figure = uncertainty_figure(uncertainty(huge, 16))
    assert "No draw is feasible" in title(figure)
    assert any("model.parameters" in text for text in texts(figure))


def test_a_tornado_is_sorted_and_tells_priors_from_data(moved):
    figure = sensitivity_figure(moved)
    spans = {y: x for bar in kind(figure, "tornado") for y, x in zip(bar.y, bar.x, strict=True)}
    low = {y: b for bar in kind(figure, "tornado") for y, b in zip(bar.y, bar.base, strict=True)}
    widths = [math.log10((low[y] + spans[y]) / low[y]) for y in sorted(spans, reverse=True)]
    assert widths == sorted(widths, reverse=True)
    looks = {bar.name: (bar.marker.color, bar.marker.pattern.shape) for bar in kind(figure, "tornado")}
    assert looks["prior"] != looks["fitted"]
    assert looks["prior"][1] == "/"
    assert looks["fitted"][1] == ""
    assert figure.layout.yaxis.ticktext[0].startswith("Replica size exponent<br>")
    shares = {y: x for bar in kind(figure, "total index") for y, x in zip(bar.y, bar.x, strict=True)}
    assert shares[len(moved.bars)] == pytest.approx(min(moved.indices[0].total, 1.0))
    assert "FLOP]" in figure.layout.xaxis.title.text
    assert "depends most on replica size exponent" in title(figure)


def test_an_end_that_is_not_feasible_is_said():
    result = sensitivity("paper-headline", draws=64, levers={"model.parameters": (50e9, 800e9)})
    figure = sensitivity_figure(result)
    assert "not feasible" in texts(figure, "end")
    assert any("no Sobol" in text for text in texts(figure))
    assert "can make the run infeasible" in title(figure)


def test_where_nothing_moves_an_output_the_figure_says_so():
    figure = sensitivity_figure(sensitivity("paper-headline", "node_memory_bytes", draws=64))
    assert "Nothing that is uncertain moves" in title(figure)


@pytest.mark.parametrize("by", ["factor", "input"])
def test_a_waterfall_multiplies_up_to_the_second(by):
    result = waterfall("paper-headline", "paper-1gbps", by=by)
    figure = waterfall_figure(result)
    assert sum(length for bar in kind(figure, "term") for length in bar.x) == pytest.approx(
        math.log10(result.ratio)
    )
    (whole,) = kind(figure, "whole")
    assert whole.x == pytest.approx((math.log10(result.ratio),))
    said = " ".join(texts(figure, "value"))
    for term in result.terms:
        if abs(term.ratio - 1) > 1e-9:
            assert scientific(abs(term.amount)) in said
    assert "× " in said.replace("\u00a0", " ")
    assert figure.layout.xaxis2.title.text == "C<sub>quality</sub> [FLOP]"


def test_the_waterfall_of_a_sum_is_in_amounts():
    result = waterfall("paper-headline", "paper-1gbps", "total_cost_usd")
    figure = waterfall_figure(result)
    (whole,) = kind(figure, "whole")
    assert whole.x == pytest.approx((result.first, result.second))
    changes = sum(length for bar in kind(figure, "term") for length in bar.x)
    assert result.first + changes == pytest.approx(result.second)
    assert figure.layout.xaxis.title.text.endswith("[$ million]")


def test_scenarios_that_are_the_same_have_no_terms():
    figure = waterfall_figure(waterfall("paper-headline", "paper-headline"))
    assert "in both scenarios" in title(figure)


@pytest.mark.parametrize("assumptions", ["miri-2026-04", "calibrated-2026-11"])
def test_the_losses_of_a_run_lead_from_what_is_applied_to_what_it_is_worth(assumptions):
    outcome = evaluate("paper-headline", assumptions=assumptions)
    figure = figure_of(outcome)
    ends = [mark.x[0] for mark in kind(figure, "compute")]
    assert ends == [outcome.throughput_flop, outcome.quality_adjusted_flop]
    losses = [(bar.base[0], bar.base[0] + bar.x[0]) for bar in kind(figure, "loss")]
    assert losses[0][0] == outcome.throughput_flop
    assert losses[-1][1] == pytest.approx(outcome.quality_adjusted_flop)
    assert "23 % counts" in title(figure) or assumptions != "miri-2026-04"
    assert "Beyond what was measured: " in footer(figure)


def test_a_run_that_cannot_take_place_says_what_stands_in_the_way():
    figure = figure_of(evaluate("paper-headline", model__parameters=3e12))
    assert title(figure) == "<b>The run cannot take place as described</b>"
    assert any("stands in the way" in text for text in texts(figure))


def test_a_front_marks_the_best_and_the_published(found):
    figure = pareto_figure(found)
    (best,) = kind(figure, "cheapest")
    assert best.x == (found.best.outcome.capital_cost_usd,)
    assert sum(len(trace.x) for trace in kind(figure, "front")) == len(found.pareto)
    assert any("published" in text for text in texts(figure))
    assert {trace.marker.symbol for trace in kind(figure, "front")} > {"circle"}
    first = kind(figure, "front")[0]
    assert found.pareto[0].design.chip in first.customdata[0]
    assert figure.layout.xaxis.title.text == "Purchase cost of all nodes [$ million], logarithmic"
    assert "same MFU" in footer(figure)


@pytest.mark.parametrize("published", ["governance-config-a", "governance-4-nodes"])
def test_a_published_design_is_marked_beside_the_cheapest(published):
    result = search(1e25, assumptions="miri-2026-04", grid="published")
    figure = pareto_figure(replace(result, published=evaluate(preset(published))))
    (mark,) = kind(figure, "published")
    assert mark.x[0] != kind(figure, "cheapest")[0].x[0]
    assert any(text.startswith("published: Governance") for text in texts(figure, "published"))
    assert "; published: $" in html.unescape(title(figure))
    assert "target, 10²⁵ FLOP" in {trace.name.replace("\u00a0", " ") for trace in figure.data}


def test_where_nothing_reaches_the_target_the_figure_says_so():
    unreachable = search(1e28, assumptions="miri-2026-04", max_nodes=4, grid="published")
    assert "No design reaches 10²⁸ FLOP" in title(pareto_figure(unreachable))


def test_one_numeric_axis_is_lines_with_categories_as_colours():
    over = ["network.upload=10Mbps..1Gbps:log:9", "protocol.mode=flat,hierarchical"]
    result = sweep("paper-headline", over, outputs=["quality_adjusted_flop"])
    figure = sweep_figure(result, "quality_adjusted_flop")
    lines = kind(figure, "line")
    assert [line.name for line in lines] == ["flat", "hierarchical"]
    assert lines[0].line.color != lines[1].line.color
    np.testing.assert_array_equal(lines[1].y, result["quality_adjusted_flop"].values[:, 1])
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == "Upload bandwidth of a node [Mbit/s], logarithmic"
    assert "FLOP]" in figure.layout.yaxis.title.text
    assert not kind(figure, "infeasible")


def test_two_numeric_axes_are_a_map_with_contours_and_hatches():
    result = sweep("paper-headline", MAP, outputs=["quality_adjusted_flop"])
    figure = sweep_figure(result, "quality_adjusted_flop")
    (shade,) = kind(figure, "map")
    np.testing.assert_allclose(10 ** np.asarray(shade.z), result["quality_adjusted_flop"].values.T)
    assert len(shade.x) == 13
    assert kind(figure, "contour")
    (hatched,) = kind(figure, "infeasible")
    assert hatched.fillpattern.shape == "/"
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.yaxis.type == "linear"
    assert any("FLOP]" in text for text in texts(figure, "colour title"))


def test_a_category_beside_two_numbers_is_panels():
    figure = sweep_figure(
        sweep("paper-headline", [*MAP, MODES], outputs=["quality_adjusted_flop"]), "quality_adjusted_flop"
    )
    assert len(kind(figure, "map")) == 2
    assert texts(figure, "facet") == ["<b>flat</b>", "<b>pipeline groups</b>"]


@pytest.mark.parametrize(
    ("output", "how"), [("quality_adjusted_flop", "highest"), ("total_cost_usd", "lowest")]
)
def test_over_further_axes_the_best_is_taken_and_the_title_says_so(output, how):
    result = sweep("paper-headline", [*MAP, "network.upload=10Mbps..1Gbps:log:7"], outputs=[output])
    figure = sweep_figure(result, output)
    assert f"{how} over upload bandwidth of a node" in title(figure)
    best = result[output].max if how == "highest" else result[output].min
    shade = np.asarray(kind(figure, "map")[0].z, dtype=float)
    expected = best("network_upload").values.T
    if shade[np.isfinite(shade)].max() < 1e3:  # a logarithmic scale of colours
        shade = 10**shade
    np.testing.assert_allclose(shade, expected)


def test_where_no_run_can_take_place_lines_are_broken_and_crossed():
    result = sweep("paper-headline", ["model.parameters=20e9..4e12:log:9", "protocol.mode=flat,auto"])
    figure = sweep_figure(result, "quality_adjusted_flop")
    crosses = kind(figure, "infeasible")
    failed = int((~result["feasible"].values).sum())
    assert failed
    assert sum(len(cross.x) for cross in crosses) == failed
    assert f"{failed} of 18 cells" in " ".join(texts(figure, "subtitle"))


def test_feasibility_itself_can_be_drawn():
    figure = sweep_figure(sweep("paper-headline", MAP), "feasible")
    assert "runs can take place as described" in title(figure)
    assert figure.layout.coloraxis.showscale is False


@pytest.mark.parametrize(
    "over",
    [
        ["protocol.mode=flat,hierarchical", "nodes.hardware=16x H100 SXM,16x GH200"],
        ["nodes.count=8,16,32,64", "network.upload=10Mbps,1Gbps"],
        ["nodes.count=34"],
        ["nodes.count=8,16"],
        ["network.upload,network.download=10Mbps,57Mbps;20Mbps,310Mbps"],
        ["nodes.mfu=uniform:0.3..0.5:40:7"],
        ["assumptions.electricity_price=0.05 USD/(kW*h),0.2 USD/(kW*h)"],
        [
            "nodes.count=8,16,32",
            "network.upload=10Mbps,1Gbps",
            "protocol.mode=flat,auto",
            "nodes.mfu=0.3,0.4",
        ],
    ],
)
def test_any_sweep_can_be_drawn(over):
    result = sweep("paper-headline", over, outputs=["total_cost_usd", "efficiency", "quality_adjusted_flop"])
    for output in ("total_cost_usd", "efficiency", "quality_adjusted_flop"):
        figure = sweep_figure(result, output)
        assert kind(figure, "line")
        assert " 1 nodes" not in title(figure)


def test_a_long_axis_is_thinned_and_the_figure_says_so():
    result = sweep("paper-headline", ["network.upload=1Mbps..1Gbps:log:5000"], outputs=["efficiency"])
    figure = sweep_figure(result, "efficiency")
    assert len(kind(figure, "line")[0].x) == 1000
    assert "every so many-th" in footer(figure)
    assert view(result, "efficiency").best[0] == result["efficiency"].max()


def test_a_sweep_larger_than_is_read_at_once_gives_the_same(monkeypatch):
    over = [*MAP, "network.upload=10Mbps..1Gbps:log:7", "nodes.mfu=0.3..0.5:lin:6"]
    result = sweep("paper-headline", over, outputs=["quality_adjusted_flop"])
    whole = view(result, "quality_adjusted_flop")
    monkeypatch.setattr("farflung.report.figures.sweep_view._AT_ONCE", 100)
    piecewise = view(result, "quality_adjusted_flop")
    np.testing.assert_array_equal(whole.values, piecewise.values)
    np.testing.assert_array_equal(whole.feasible, piecewise.feasible)
    assert whole.failed == piecewise.failed
    assert whole.best == piecewise.best
    assert whole.best[0] == result["quality_adjusted_flop"].max()


def test_an_output_that_a_sweep_does_not_hold_is_named():
    result = sweep("paper-headline", ["nodes.count=8,16"], outputs=["efficiency"])
    with pytest.raises(InputError, match="did you mean 'efficiency'"):
        sweep_figure(result, "eficiency")


LOADING = {"src", "href", "srcset", "data", "action", "poster", "xlink:href"}


class Links(HTMLParser):
    """Collect what a page loads or leads to, and its scripts."""

    def __init__(self):
        super().__init__()
        self.links: list[str] = []
        self.title = ""
        self._inside = ""

    def handle_starttag(self, tag, attrs):
        self._inside = tag
        self.links += [
            value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}
        ]

    def handle_data(self, data):
        if self._inside == "title":
            self.title += data.strip()


@pytest.mark.parametrize("name", ["uncertainty", "pair", "sensitivity", "waterfall", "pareto", "sweep"])
def test_a_page_stands_on_its_own(figures, name, tmp_path):
    path = tmp_path / "figure.html"
    write_figure(figures[name], path)
    page = Links()
    page.feed(path.read_text(encoding="utf-8"))
    assert [link for link in page.links if not link.startswith("data:")] == []
    assert page.title.startswith(("C quality", "The cheapest design found that reaches 10²⁵ FLOP of C local"))
    own, library, drawing = path.read_text(encoding="utf-8").split("<script>")
    assert "http" not in own + drawing
    assert "plotly.js (cartesian - minified)" in library
    assert '"showSendToCloud": false' in drawing
    assert '"width"' not in drawing.partition('"font"')[0].rpartition("}")[2]
    assert path.stat().st_size < 1.8e6


def test_the_words_of_a_page_are_text_that_flows(figures, tmp_path):
    write_figure(figures["uncertainty"], tmp_path / "figure.html")
    page = (tmp_path / "figure.html").read_text(encoding="utf-8")
    heading = page.partition("<h1>")[2].partition("</h1>")[0]
    assert "<br>" not in heading
    assert heading.startswith("C<sub>quality</sub> is ")
    assert "assumptions miri-2026-04" in page.partition("<footer>")[2].partition("</footer>")[0]
    drawing = page.rpartition("<script>")[2]
    assert "assumptions miri-2026-04" not in drawing
    assert '"name": "limit"' in drawing


def test_the_library_of_a_page_is_in_the_package_with_its_licence():
    vendored = resources.files("farflung.report.figures") / "vendor"
    assert "Plotly" in (vendored / "LICENSE").read_text(encoding="utf-8")


RESULTS = {
    "Comparison": "farflung.analysis.compare",
    "CrossValidation": "farflung.analysis.calibrate.cross_validation",
    "Dataset": "xarray",
    "EventValidation": "farflung.evidence.event_validation",
    "EvidenceReview": "farflung.evidence.review",
    "Headlines": "farflung.analysis.headlines",
    "Ledger": "farflung.evidence.ledger",
    "NodePlan": "farflung.analysis.node.node_plan",
    "Outcome": "farflung.outcome",
    "ScalingLawFit": "farflung.analysis.calibrate.scaling_law",
    "SearchResult": "farflung.analysis.search",
    "SensitivityResult": "farflung.analysis.sensitivity",
    "Simulation": "farflung.outcome.events",
    "StragglerFit": "farflung.analysis.calibrate.stragglers",
    "UncertaintyResult": "farflung.analysis.uncertainty",
    "Validation": "farflung.evidence.validation",
    "Waterfall": "farflung.analysis.waterfall",
}


@pytest.mark.parametrize("name", FIGURES)
def test_types_of_results_and_their_figures_are_there(name):
    assert callable(getattr(figures_package, FIGURES[name]))
    assert isinstance(getattr(import_module(RESULTS[name]), name), type)


def test_a_result_finds_its_figure(drawn, moved, figures):
    assert figure_of(drawn) == figures["uncertainty"]
    assert figure_of(moved) == figures["sensitivity"]
    swept = sweep("paper-headline", ["nodes.count=8,16"], outputs=["efficiency", "quality_adjusted_flop"])
    assert "η" in figure_of(swept).layout.title.text
    with pytest.raises(InputError, match="int: has no figure"):
        figure_of(3)
    with pytest.raises(AttributeError, match="no attribute 'a_figure'"):
        _ = figures_package.a_figure


def test_a_page_is_written_the_same_twice(figures, tmp_path):
    for name in ("a.html", "b.html"):
        write_figure(figures["pareto"], tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_names_of_scenarios_are_text_and_no_marks(tmp_path):
    name = "</title></script><script>alert(1)</script><a href='https://example.org'>&x</a>"
    scenario = preset("paper-headline").with_({"name": name})
    figure = waterfall_figure(waterfall(scenario, "paper-1gbps"))
    assert "<script" not in figure.to_json().replace("\\u003c", "<")
    assert all("<a " not in text for text in texts(figure))
    path = tmp_path / "figure.html"
    write_figure(figure, path)
    page = Links()
    page.feed(path.read_text(encoding="utf-8"))
    assert not any("example" in link for link in page.links)
    assert "alert(1)</script>" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("figure.jpg", "figure.p"),
        ("figure.htm", "figure.html"),
        ("figure", ".html, .png"),
        ("f.x", "nearest valid"),
    ],
)
def test_another_suffix_is_refused_with_the_nearest(figures, tmp_path, name, nearest):
    with pytest.raises(InputError, match="does not say how to draw it") as refused:
        write_figure(figures["waterfall"], tmp_path / name)
    assert nearest in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_one_line(figures, tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        write_figure(figures["waterfall"], tmp_path / "missing" / "figure.html")
    (tmp_path / "taken.html").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_figure(figures["waterfall"], tmp_path / "taken.html")


def test_a_path_is_checked_before_anything_is_drawn(tmp_path):
    assert check_figure_path(tmp_path / "figure.SVG") == tmp_path / "figure.SVG"
    with pytest.raises(InputError, match="does not say how to draw it"):
        check_figure_path("figure.gif")
    with pytest.raises(InputError, match="cannot be written: "):
        check_figure_path("/proc/figure.svg")
    code = "import sys; from farflung.report.figures import check_figure_path; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "plotly" not in done.stdout.split()


def test_a_name_that_the_disk_refuses_is_one_line(figures, tmp_path):
    with pytest.raises(InputError, match="cannot be written: File name too long"):
        write_figure(figures["waterfall"], tmp_path / f"{'x' * 300}.html")


def test_without_kaleido_it_says_what_to_install(figures, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kaleido", None)
    with pytest.raises(InputError, match=r"farflung\[figures\]"):
        write_figure(figures["waterfall"], tmp_path / "figure.png")


def test_without_a_browser_it_says_what_to_install(figures, tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-such-browser"))
    with pytest.raises(InputError, match="apt-get install chromium"):
        write_figure(figures["waterfall"], tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())


def test_a_browser_that_fails_is_one_line(figures, tmp_path, monkeypatch):
    kaleido = pytest.importorskip("kaleido")

    def failing(*_, **__):
        raise RuntimeError("the tab crashed. More than one needs to know.\nTraceback")

    monkeypatch.setattr(kaleido, "calc_fig_sync", failing)
    with pytest.raises(InputError, match=r"did not draw it \(the tab crashed\)") as refused:
        write_figure(figures["waterfall"], tmp_path / "figure.svg")
    assert "\n" not in str(refused.value)
    assert SUFFIXES == (".html", ".png", ".svg", ".pdf")


def test_reports_do_not_load_the_drawing_library():
    code = "import sys, farflung.report; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"plotly", "kaleido", "farflung.report.figures"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (12.1e6, "USD", "$12.1 million"),
        (63936000.0, "s", "740 days"),
        (31.68e15, "FLOP/s", "31.7 PFLOP/s"),
        (1.26e24, "FLOP", "1.3 × 10²⁴ FLOP"),
        (1e25, "FLOP", "10²⁵ FLOP"),
        (-0.2342, "1", "−0.234"),
        (34.0, "1", "34"),
        (0.0, "1", "0"),
    ],
)
def test_values_are_written_as_a_person_reads_them(value, unit, text):
    assert quantity(value, unit).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (1e-5, "< 0.1 %"),
        (0.9999, "> 99.9 %"),
        (0.0044, "0.4 %"),
        (0.31, "31 %"),
    ],
)
def test_a_probability_is_never_rounded_to_certainty(share, text):
    assert percent(share).replace("\u00a0", " ") == text


def test_a_chance_is_said_as_a_person_says_it():
    said = [chance(share).replace("\u00a0", " ") for share in (0.004, 0.08, 0.11, 0.18, 0.81, 1e-6, 0.9999)]
    assert said == [
        "a 0.4 % chance",
        "an 8 % chance",
        "an 11 % chance",
        "an 18 % chance",
        "an 81 % chance",
        "a chance below 0.1 %",
        "a chance above 99.9 %",
    ]


@pytest.mark.parametrize(
    ("shares", "steps"),
    [((0.1, 0.5, 0.9), [0, 0, 0]), ((0.1, 0.12, 0.9), [0, 1, 0]), ((0.1, 0.11, 0.12, 0.13), [0, 1, 2, 0])],
)
def test_labels_that_would_meet_are_written_one_above_the_other(shares, steps):
    assert levels([(share, "a label") for share in shares], width=600) == steps


def test_entries_of_a_legend_have_room_for_their_names(figures):
    for figure in figures.values():
        entries = [trace for trace in figure.data if trace.showlegend]
        assert all(trace.legendwidth > 6 * len(trace.name) for trace in entries)


def test_lines_never_break_inside_a_mark():
    lines = wrapped("C<sub>quality</sub> &lt;b&gt; " * 20, 17, 100)
    assert all(line.count("<sub>") == line.count("</sub>") for line in lines)
    assert all(line.count("&") == line.count(";") for line in lines)


@pytest.mark.parametrize(
    ("low", "high", "log"), [(1e7, 1e9, True), (0.3, 0.5, False), (1e20, 1e40, True), (5, 6, True)]
)
def test_ticks_are_few_and_round_and_within_reach(low, high, log):
    found = ticks(low, high, log=log)
    inside = [one for one in found if low <= one <= high]
    assert 2 <= len(inside) <= 10
    assert all(float(f"{one:.3g}") == one for one in inside)


def test_a_scale_names_the_unit_that_is_easiest_to_read():
    assert scale_of([1e7, 1e9], "bit/s").unit == "Mbit/s"
    assert scale_of([86400.0 * 740], "s").unit == "days"
    assert scale_of([4e7, 8e7], "USD").unit == "$ million"
    assert scale_of([], "1").unit == ""


def test_two_sums_of_money_are_no_formula():
    figure = waterfall_figure(waterfall("paper-headline", "paper-1gbps", "total_cost_usd"))
    assert all(text.count("$") < 2 for text in (figure.layout.title.text, *texts(figure)))
    assert html.unescape(title(figure)).count("$") > 1


def test_logarithmic_spacing_is_seen():
    assert logarithmic(np.geomspace(1.0, 1000.0, 9))
    assert logarithmic(np.array([8.0, 16.0, 32.0, 64.0]))
    assert not logarithmic(np.linspace(1.0, 1000.0, 9))
    assert not logarithmic(np.array([0.0, 1.0, 10.0]))
    assert not logarithmic(np.array([8.0, 16.0]))
