"""The ledger keeps its judgements, its failures, and its page."""

from pathlib import Path

import pytest

from farflung.base.errors import InputError
from farflung.evidence import ledger
from farflung.report import contradictions_page, ledger_page

ROOT = Path(__file__).parents[2]
KNOWN_MISMATCHES = {
    *(f"S000-{n}" for n in (110, 111, 113, 123, 130, 226, 237, 238, 239, 262, 271, 272, 274, 275)),
    *(f"S002-{n}" for n in ("006", 111, 180, 184)),
    *(f"S001-{n}" for n in (211, 219, 223, 229, 233)),
}


@pytest.fixture(scope="module")
def judged():
    return ledger.reproduce()


def test_all_claims_are_there(judged):
    assert len(judged.claims) == 801
    assert len({claim.id for claim in judged.claims}) == 801
    assert sum(judged.counts.values()) == 801


def test_nothing_has_drifted(judged):
    assert not [(c.id, c.recorded_status, c.status, c.published, c.ours) for c in judged.drifted]


def test_at_least_430_are_reproduced(judged):
    assert judged.counts["reproduced"] >= 430


def test_the_known_mismatches_stay_visible(judged):
    status = {claim.id: claim.status for claim in judged.claims}
    assert len(KNOWN_MISMATCHES) == 23
    assert {status[claim] for claim in KNOWN_MISMATCHES} == {"differs"}


def test_what_differs_or_cannot_be_derived_says_why(judged):
    assert not [c.id for c in judged.claims if c.status in {"differs", "not derivable"} and not c.reason]


def test_what_is_reproduced_was_computed(judged):
    assert not [c.id for c in judged.claims if c.status == "reproduced" and not c.expression]


def test_a_wrong_figure_would_be_noticed(judged):
    """Moving any printed number by one unit of its last digit breaks the agreement."""
    plain = [
        c for c in judged.claims if c.status == "reproduced" and c.printed_step and ".." not in c.published
    ]
    assert len(plain) > 400
    for claim in plain:
        moved = str(float(claim.published) + 1.01 * claim.printed_step)
        assert not ledger.agrees(moved, claim.printed_step, claim.ours), claim.id


@pytest.mark.parametrize(
    ("published", "step", "ours", "expected"),
    [
        ("0.879", 0.001, 0.8794, True),
        ("0.879", 0.001, 0.8796, False),
        (">100", None, 123.8, True),
        (">100", None, 99.0, False),
        ("<40", None, 45.0, False),
        ("168..221", 1, (168.0, 221.0), True),
        ("168..221", 1, (168.0, 229.0), False),
        ("168..221", 1, 168.0, False),
        (">1", None, (1.0, 2.0), False),
    ],
)
def test_agreement(published, step, ours, expected):
    assert ledger.agrees(published, step, ours) is expected


def test_one_document(judged):
    paper = ledger.reproduce("paper")
    assert {claim.document for claim in paper.claims} == {"paper"}
    assert len(paper.claims) == 234
    assert judged.documents["paper"] == paper.counts


def test_an_unknown_document_is_refused():
    with pytest.raises(InputError, match="did you mean 'paper'"):
        ledger.reproduce("papr")


def test_progress_is_reported():
    seen = []
    ledger.reproduce("outline", lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(seen), len(seen))


def test_a_malformed_row_names_file_and_line(tmp_path, monkeypatch):
    text = (ledger._DATA / "claims.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "claims.csv").write_text(text[0] + text[1] + "S999-001,short\n", encoding="utf-8")
    monkeypatch.setattr(ledger, "_DATA", tmp_path)
    with pytest.raises(InputError, match=r"claims\.csv: line 3, column place: missing"):
        ledger.reproduce()


def test_a_missing_column_is_named(tmp_path, monkeypatch):
    (tmp_path / "claims.csv").write_text("id,document\n", encoding="utf-8")
    monkeypatch.setattr(ledger, "_DATA", tmp_path)
    with pytest.raises(InputError, match=r"claims\.csv: line 1 is not its columns"):
        ledger.reproduce()


def test_contradictions():
    found = ledger.contradictions()
    assert [c.id for c in found] == [f"C{number:02d}" for number in range(1, 35)]
    known = {claim.id for claim in ledger.reproduce().claims}
    assert all(claim in known for c in found for claim in c.claims)


def test_the_readme_counts_claims_as_the_ledger_does(judged):
    left = len(judged.claims) - judged.recomputed
    said = f"Of the {len(judged.claims)} claims of the literature we build on, {judged.recomputed} are"
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"{said} [recomputed](docs/ledger.md), the {judged.counts['differs']} that differ" in readme
    assert f"included; {left} are inputs, judgements or not derivable" in readme
    assert f"{judged.recomputed} recomputed" in judged.summary


def test_the_ledger_is_a_result(judged):
    assert len(repr(judged).splitlines()) <= 25
    assert judged.to_dict()["counts"] == judged.counts
    frame = judged.to_frame()
    assert list(frame["id"]) == [claim.id for claim in judged.claims]
    assert {source.key for source in judged.citations()} == set(ledger.SOURCES.values())
    assert judged.command == "farflung reproduce"
    assert ledger.reproduce("blog").python == "farflung.reproduce(document='blog')"


def test_the_pages_are_up_to_date(judged):
    assert (ROOT / "docs/ledger.md").read_text(encoding="utf-8") == ledger_page(judged)
    page = contradictions_page(ledger.contradictions())
    assert (ROOT / "docs/contradictions.md").read_text(encoding="utf-8") == page
