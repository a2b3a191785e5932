"""What the documents say runs, and their generated pages are those the product would write."""

import html
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import farflung
from farflung.analysis.uncertainty import uncertainty
from farflung.catalog.tables import assumption_names
from farflung.cli.app import app
from farflung.evidence.review import review
from farflung.report import nomenclature_page
from farflung.report.evidence_page import evidence_page
from farflung.report.figures import held_out_figure

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "docs/exploring.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language, document="README.md"):
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_python_example_runs(capsys):
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    outcome = farflung.evaluate("headline")
    printed = capsys.readouterr().out
    assert f"{outcome.quality_adjusted_flop:.3g} FLOP" in printed
    assert f"${outcome.capital_cost_usd / 1e6:.1f} million" in printed


def commands():
    lines = [line for name in DOCUMENTS for block in blocks("console", name) for line in block.splitlines()]
    for line in dict.fromkeys(lines):
        words = shlex.split(line.removeprefix("$ "))
        if words[0] == "farflung":
            yield words[1:]


def test_the_longer_python_example_runs(capsys):
    (example,) = blocks("python", "docs/exploring.md")
    exec(compile(example, "docs/exploring.md", "exec"), {})
    assert "nodes for" in capsys.readouterr().out


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_the_commands_run(words, tmp_path, monkeypatch):
    (scenario,) = blocks("toml")
    (tmp_path / "mine.toml").write_text(scenario, encoding="utf-8")
    (steps,) = blocks("csv", "docs/exploring.md")
    (tmp_path / "my_steps.csv").write_text(steps, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output


def test_the_smallest_scenario_is_whole():
    (scenario,) = blocks("toml")
    outcome = farflung.evaluate(tomllib.loads(scenario))
    assert outcome.feasible


def test_links_lead_somewhere():
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_named_folders_exist():
    for path in re.findall(r"`(src/[^`*]+)`", README):
        assert (ROOT / path).exists(), path


def test_the_nomenclature_is_up_to_date():
    assert (ROOT / "docs/nomenclature.md").read_text(encoding="utf-8") == nomenclature_page()


def words(name):
    """Return the text of a drawing, without the breaks that a browser puts into it."""
    drawing = (ROOT / "docs" / name).read_text(encoding="utf-8").replace("\u200b", "")
    return " ".join(html.unescape(re.sub(r"</?tspan[^>]*>", "", drawing)).split())


def said(figure):
    """Return title and labels of a figure, line by line."""
    texts = [figure.layout.title.text, *(one.text for one in figure.layout.annotations)]
    lines = (html.unescape(line) for text in texts for line in re.split("<br>", text))
    return [" ".join(re.sub(r"<[^>]*>", "", line).split()) for line in lines]


def test_the_evidence_is_up_to_date():
    reviewed = review()
    assert (ROOT / "docs/evidence.md").read_text(encoding="utf-8") == evidence_page(reviewed)
    drawn = words("evidence.svg")
    assert [line for line in said(held_out_figure(reviewed)) if line not in drawn] == []


def test_the_changelog_states_todays_headlines():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `([\w-]+)` \| `([\w-]+)` \| (\S+) FLOP \| (\S+) FLOP \| \$(\S+) million", text, re.M
    )
    assert len(rows) >= 3
    for preset, assumptions, local, quality, cost in rows:
        outcome = farflung.evaluate(preset)
        assert outcome.scenario.assumptions == assumptions
        assert f"{outcome.local_equivalent_flop:.3e}".replace("e+", "e") == local
        assert f"{outcome.quality_adjusted_flop:.3e}".replace("e+", "e") == quality
        assert f"{outcome.capital_cost_usd / 1e6:.4g}" == cost


def test_the_changelog_states_the_headline_under_every_set():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (\S+) FLOP \| (\S+) FLOP \| (\S+) to (\S+) FLOP \|$", text, re.M)
    assert [row[0] for row in rows] == list(assumption_names())[1:] + list(assumption_names())[:1]
    for name, local, quality, low, high in rows:
        scenario = farflung.preset("paper-headline").with_({"assumptions": name})
        outcome = farflung.evaluate(scenario)
        assert f"{outcome.local_equivalent_flop:.3e}".replace("e+", "e") == local
        assert f"{outcome.quality_adjusted_flop:.3e}".replace("e+", "e") == quality
        spread = uncertainty(scenario, 4096).spread("quality_adjusted_flop").quantiles
        assert [f"{spread[at]:.1e}".replace("e+", "e") for at in (0.05, 0.95)] == [low, high]
