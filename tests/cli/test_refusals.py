"""Bad input: one line that says what, why and what would be valid; exit code 2; no traceback."""

from __future__ import annotations

import pytest


def _set(*changes: str) -> tuple[str, ...]:
    return ("run", "paper-headline", *(word for change in changes for word in ("--set", change)))


REFUSED = {
    "unknown key": (_set("nodes.cout=3"), "'nodes.count'"),
    "unknown section": (_set("nods.count=3"), "'nodes.count'"),
    "section as a value": (_set("nodes=3"), "is a group of fields"),
    "no equals sign": (_set("nodes.count"), "KEY=VALUE"),
    "no key": (_set("=3"), "KEY=VALUE"),
    "no value": (_set("nodes.hardware="), "unknown node"),
    "unit missing": (_set("network.upload=10"), "has no unit"),
    "unit of another kind": (_set("network.upload=10 GB"), "not a quantity in bit/s"),
    "unknown unit": (_set("network.upload=10 parsec"), "not a unit known"),
    "text for a number": (_set("nodes.mfu=fast"), "nodes.mfu"),
    "list for a number": (_set("nodes.count=[1, 2]"), "nodes.count"),
    "table for a number": (_set("nodes.count={a = 1}"), "nodes.count"),
    "truth for a number": (_set("nodes.count=true"), "true and false"),
    "number for text": (_set("nodes.hardware=3"), "nodes.hardware"),
    "unknown word": (_set("protocol.mode=flt"), "nearest valid: flat"),
    "negative": (_set("nodes.count=-1"), "at least 1"),
    "negative with unit": (_set("network.latency=-1 ms"), "at least 0"),
    "zero nodes": (_set("nodes.count=0"), "at least 1"),
    "nan": (_set("nodes.mfu=nan"), "not a finite number"),
    "inf": (_set("nodes.mfu=inf"), "not a finite number"),
    "beyond floats": (_set("nodes.count=1e999"), "not a finite number"),
    "beyond integers": (_set(f"nodes.count={'9' * 5000}"), "nodes.count"),
    "half a node": (_set("nodes.count=1.5"), "nodes.count"),
    "active above total": (_set("model.active_parameters=200e9"), "more than all"),
    "precision the chip lacks": (_set("nodes.hardware=16x A100 80GB"), "has no fp8 rate"),
    "unknown chip": (_set("nodes.hardware=16x GH20O"), "GH200"),
    "zero chips": (_set("nodes.hardware=0x GH200"), "cannot have 0 chips"),
    "unknown preset": (("run", "paper-hedline"), "did you mean 'paper-headline'"),
    "unknown preset elsewhere": (("compare", "paper-headline", "paper-1gbs"), "did you mean 'paper-1gbps'"),
    "missing file": (("run", "nowhere/mine.toml"), "no such file"),
    "name of two lines": (("run", "two\nlines\x1b[31m"), "unknown preset"),
    "unknown assumptions": (("run", "paper-headline", "--assumptions", "miri-2026-4"), "miri-2026-04"),
    "missing assumptions": (("run", "paper-headline", "--assumptions", "x.toml"), "no file 'x.toml'"),
    "unknown output": (("explain", "paper-headline", "capital_cst_usd"), "capital_cost_usd"),
    "unknown chip in the catalog": (("catalog", "chips", "H100 SMX"), "did you mean 'H100 SXM'"),
    "unknown pod": (("catalog", "pods", "GH200 NVL3"), "GH200 NVL32"),
    "unknown link": (("catalog", "links", "colocate"), "colocated"),
    "unknown model": (("catalog", "models", "Grok-44"), "Grok"),
    "unknown system": (("catalog", "systems", "8x RTX 4090"), "8x RTX 4090 rig"),
    "unknown rule": (("catalog", "rules", "miri-2052"), "miri-2025"),
    "unknown fact": (("catalog", "facts", "gpt4_flop"), "gpt4_training_flop"),
    "unknown cost": (("catalog", "costs", "server_to_chip_ratio"), "server_to_chip_cost_ratio"),
    "unknown set": (("catalog", "assumptions", "miri-2026-4"), "miri-2026-04"),
    "unknown source": (("catalog", "sources", "sevilla2022"), "sevilla2022longest"),
    "unknown field": (("catalog", "fields", "nodes.cout"), "nodes.count"),
    "unknown rule for nodes": (("catalog", "nodes", "--rule", "miri-2052"), "miri-2025"),
    "rule without a node limit": (("catalog", "nodes", "--rule", "eu-ai-act"), "does not limit"),
    "unknown document": (("reproduce", "--document", "papers"), "did you mean 'paper'"),
    "missing vectors": (("reproduce", "--vectors", "nowhere.json"), "no such file"),
    "no growth": (
        ("duration", "--hardware", "0%", "--software", "0%", "--investment", "0%"), "do not grow",
    ),
    "shrinking": (
        ("duration", "--hardware", "50%", "--software", "-50%", "--investment", "0"), "do not grow",
    ),
    "two losses make no gain": (
        ("duration", "--hardware=-300%", "--software=-300%", "--investment=50%"), "leaves nothing",
    ),
    "all is lost": (("duration", "--hardware=-100%", "--software=9%", "--investment=9%"), "leaves nothing"),
    "growth as factor": (
        ("duration", "--hardware", "1.06", "--software", "50%", "--investment", "3%"), "6% or 0.06",
    ),
    "growth of nan": (
        ("duration", "--hardware", "nan", "--software", "50%", "--investment", "3%"), "not a finite",
    ),
    "growth in words": (
        ("duration", "--hardware", "fast", "--software", "50%", "--investment", "3%"), "not a growth rate",
    ),
    "init into a missing folder": (("init", "nowhere/mine.toml"), "No such file"),
}  # fmt: skip


def _assert_refused(answer, said: str) -> None:
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("error: ")
    assert answer.err.endswith("\n")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert all(c.isprintable() for c in answer.err[:-1])
    assert said in answer.err


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_one_line(farflung, tmp_path, monkeypatch, case: str) -> None:
    monkeypatch.chdir(tmp_path)
    words, said = REFUSED[case]
    _assert_refused(farflung(*words), said)


@pytest.mark.parametrize("how", ["table", "json", "csv"])
def test_no_format_prints_part_of_an_answer(farflung, how: str) -> None:
    _assert_refused(farflung("run", "paper-headline", "--set", "nodes.count=0", "--format", how), "at least")


def test_bad_files_are_refused_in_one_line(farflung, tmp_path) -> None:
    files = {
        "empty.toml": (b"", "is empty"),
        "comment.toml": (b"# nothing\n", "is empty"),
        "binary.toml": (bytes(range(256)) * 8, "not text"),
        "broken.toml": (b"[nodes\ncount = \n", "not valid TOML"),
        "deep.toml": (b"a = " + b"[" * 10_000, "not valid TOML"),
        "partial.toml": (b"[nodes]\ncount = 3\n", "missing"),
        "typo.toml": (b"[modle]\nparameters = 1e9\n", "model"),
        "list.toml": (b"nodes = [1]\n", "missing"),
    }
    for name, (content, said) in files.items():
        file = tmp_path / name
        file.write_bytes(content)
        for verb in (("run",), ("explain",), ("compare", "paper-headline")):
            _assert_refused(farflung(*verb, str(file)), said)
    _assert_refused(farflung("run", str(tmp_path)), "is not a file")


def test_a_huge_file_is_refused_unread(farflung, tmp_path) -> None:
    file = tmp_path / "huge.toml"
    with file.open("wb") as sparse:
        sparse.truncate(5_000_000_000)
    _assert_refused(farflung("run", str(file)), "larger than 1 MB")
    _assert_refused(farflung("run", "paper-headline", "--assumptions", str(file)), "larger than 1 MB")


def test_a_file_that_may_not_be_read_is_one_line(farflung, tmp_path) -> None:
    import os

    file = tmp_path / "closed.toml"
    file.write_text("a = 1")
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user reads everything")
    _assert_refused(farflung("run", str(file)), "Permission denied")


def test_an_operating_system_error_is_one_line(farflung, monkeypatch) -> None:
    import farflung.scenario as scenarios

    def denied(_: str) -> None:
        raise PermissionError(13, "Permission denied", "some/file")

    monkeypatch.setattr(scenarios, "load", denied)
    answer = farflung("run", "paper-headline")
    assert (answer.code, answer.err) == (2, "error: some/file: Permission denied\n")
