"""What users see of the node model: plans, errors of measured steps, factors of their own clusters."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pytest

import farflung
from farflung.analysis.node.answers import calibrate_node, validate_step_time
from farflung.base.errors import InputError
from farflung.base.results import MOST_LINES
from farflung.cli import main
from farflung.report.figures import node_plan_figure

NODE = "50x A100 80GB"
FORMS = {
    "llm-foundry": {
        "Model": "1b", "SeqLen (T)": 2048, "# GPUs": 8, "GPU": "a100_80gb", "MicroBatchSize": 16,
        "GlobalBatchSize (T)": 1048576, "Throughput (T/s/GPU)": 19000, "Precision": "amp_bf16",
        "MP Mode": "DEFAULT", "Sharding Strategy": "FULL_SHARD", "Activation Checkpointing": "False",
        "Activation CPUOffload": "False",
    },
    "vtrain": {
        "# GPUs": 2, "global batch": 16, "micro batch": 4, "hidden size": 2048, "attention heads": 16,
        "# layers": 24, "sequence length": 1024, "tensor parallelism": 1, "data parallelism": 2,
        "pipeline parallelism": 1, "iteration time (ms)": 530,
    },
    "megatron": {
        "source": "2104.04473 T1 A100", "model": "1.7B", "hidden": 2304, "layers": 24, "tp": 1, "pp": 1,
        "gpus": 32, "global_batch_seqs": 512, "tflops_per_gpu": 137,
    },
    "sailor": {
        "plan": "clariden/OPT-350/N8/plan_config_N8_D4.json", "nodes": 8, "pp": 2, "dp": 4, "tp": 4, "mbs": 8,
        "gbs": 512, "real_s": 2.3, "max_mem_bytes": 26850885632,
    },
    "simumax": {
        "case": "deepseekv2_tp1_ep4_pp2_dp4_l4_mbc32_cef", "real_ms": 1700, "real_alloc_gib": 44.7,
    },
    "vendors": {
        "release": "NeMo container 25.09", "date": "2025-10", "task": "pretrain", "chip": "B200",
        "model": "DeepSeekV3", "n_chips": 256, "precision": "FP8", "gbs_sequences": 2048, "micro_batch": 1,
        "seq_len_tokens": 4096, "fsdp": 0, "tp": 1, "pp": 16, "cp": 1, "vp": 1, "ep": 8, "layers": "",
        "step_time_s": 14.5, "note": "",
    },
    "runs": {
        "run": "a", "chip": "H100 SXM", "chips": 8, "model": "8e9", "sequence_length": 4096, "sequences": 128,
        "seconds": 12, "zero_stage": 3,
    },
}  # fmt: skip


def write(path, *rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.fixture
def command(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def plan():
    return farflung.node(NODE, 160e9)


@pytest.fixture(scope="module")
def too_large():
    return farflung.node(NODE, "400B")


@pytest.fixture
def own_runs(tmp_path):
    rows = [
        {**FORMS["runs"], "run": f"{size:g} {sequences}", "model": size, "sequences": sequences}
        for size in (1e9, 3e9, 8e9)
        for sequences in (64, 128)
    ]
    usual = validate_step_time(write(tmp_path / "usual.csv", *rows)).validation.rows
    slow = [{**row, "seconds": 1.25 * computed} for row, (_, _, computed) in zip(rows, usual, strict=True)]
    return write(tmp_path / "mine.csv", *slow)


def test_the_best_plan_accounts_for_its_time_and_its_memory(plan):
    data = plan.to_dict()
    assert data["fits"] and data["would_fit"] is None
    assert sum(data["time_by_cause_s"].values()) == pytest.approx(data["step_time_s"])
    assert sum(data["memory_by_cause_bytes"].values()) == pytest.approx(data["best"]["memory_bytes"])
    low, high = data["step_time_range_s"]
    assert low < data["step_time_s"] < high
    assert data["mfu_range"][0] < plan.mfu < data["mfu_range"][1]
    times = [data["step_time_s"], *(one["step_time_s"] for one in data["runners_up"])]
    assert times == sorted(times)
    layouts = [(p["tensor"], p["pipeline"], p["context"], p["expert"], p["data"]) for p in data["runners_up"]]
    assert len(set(layouts)) == len(layouts) > 1
    assert data["best"]["chips_used"] <= data["chips"]
    assert data["largest_model_parameters"] > 160e9


def test_what_would_make_it_fit_does(too_large):
    remedies = too_large.remedies
    assert not too_large.fits and too_large.step_time is too_large.mfu is None
    assert farflung.node(f"{remedies.chips}x A100 80GB", "400B").fits
    assert not farflung.node(f"{remedies.chips - 1}x A100 80GB", "400B").fits
    assert farflung.node(f"50x {remedies.other_chips[0]}", "400B").fits
    assert farflung.node(NODE, remedies.parameters).fits
    assert too_large.to_frame()["to"].tolist()[0] == f"{remedies.chips:,} chips"


@pytest.mark.parametrize(
    "options",
    [
        {"model": 160e9},
        {"model": "400B"},
        {"model": "Llama 3 70B", "interconnect": "100 Gbps", "fast_domain": 4},
        {"model": 60e9, "batch": 262144, "sequence": 8192, "outer_bytes": 8.0},
        {"architecture": "GPT-3 175B", "precision": "fp16", "attention_kernel": "flash1"},
    ],
)
def test_a_page_fits_a_screen_and_its_call_gives_it_again(options):
    result = farflung.node(NODE, **options)
    lines = repr(result).splitlines()
    assert len(lines) <= MOST_LINES and "more lines" not in lines[-1]
    assert max(map(len, lines)) <= 100
    again = eval(result.python, {"farflung": farflung})
    assert again.python == result.python and repr(again) == repr(result)
    assert result.command.startswith("farflung node '50x A100 80GB'")
    assert json.loads(json.dumps(result.to_dict())) and isinstance(result.to_frame(), pd.DataFrame)
    assert result.citations()


def test_what_was_assumed_is_said_and_what_was_given_is_not(plan):
    assert {"precision bf16", "200 Gbit/s a chip between those"} <= set(plan.request.assumed)
    given = farflung.node(
        "8x H100 SXM", "Llama 3 8B", precision="bf16", interconnect="200 Gbps", fast_domain=8, sequence=4096,
        batch=131072, outer_bytes=0,
    )  # fmt: skip
    assert given.request.assumed == ()
    assert "assumed" not in repr(given)


def test_a_faster_network_and_an_own_architecture_are_heard(plan):
    assert farflung.node(NODE, 160e9, interconnect="800 Gbps").step_time <= plan.step_time
    assert farflung.node(NODE, 160e9, interconnect="1 Gbps").step_time > plan.step_time
    assert farflung.node(NODE, "GPT-3 175B").request.shape.layers == 96
    held = farflung.node(NODE, 60e9, outer_bytes=8)
    assert held.best.memory_by_cause()["outer"] > 0
    assert held.largest < plan.largest


def test_priors_are_named():
    result = farflung.node("8x H20", 8e9)
    priors = result.to_dict()["priors"]
    records = result.request.records
    assert priors == [name for name, record in records.items() if record.evidence_level == "prior"]
    assert all(name in " ".join(result.notes) for name in priors)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "160e9", "--architecture", "Llama 3 8B"), "--architecture: has 8.03e+09 parameters"),
        (("--model", "160e9", "--precision", "fp8"), "--precision: A100 80GB has no measured rate in fp8"),
        (("--model", "160e9", "--precision", "fp12"), "--precision: A100 80GB has no measured rate in fp12"),
        (("--model", "160e9", "--fast-domain", "64"), "--fast-domain: 64 chips are more than the node has"),
        (("--model", "160e9", "--attention-kernel", "flash9"), "--attention-kernel: unknown"),
        (("--model", "160e9", "--interconnect", "200"), "--interconnect: '200' has no unit"),
        (("--model", "160e9", "--interconnect", "80 GB"), "--interconnect: '80 GB' is not a quantity"),
        (("--model", "160e9", "--batch", "many"), "--batch: 'many' is not a number with a unit"),
        (("--model", "160e9", "--batch", "100"), "--batch: 100 tokens are less than a sequence"),
        (("--model", "160e9", "--outer-bytes", "-1"), "--outer-bytes: -1 must be at least 0"),
        (("--model", "gpt5"), "--model: 'gpt5' is neither"),
        (("--model", "1e6"), "--model: 1e+06 parameters are too few"),
        (("--model", "nan"), "--model: nan is no amount"),
        (("--model", "inf"), "--model: inf is no amount"),
        (("--model", "-5"), "--model: -5 must be at least 0"),
        ((), "--model: missing"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_error(command, words, said):
    code, out, err = command("node", NODE, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {said}") and err.count("\n") == 1


def test_an_unknown_chip_is_one_clear_error(command):
    code, out, err = command("node", "50x A100", "--model", "160e9")
    assert (code, out) == (2, "") and "did you mean '50x A100 80GB'?" in err


def test_a_model_that_does_not_fit_is_an_answer(command):
    code, out, err = command("node", NODE, "--model", "400B", "--format", "json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert data["fits"] is False and data["would_fit"]["chips"] > 50
    assert data["command"] == "farflung node '50x A100 80GB' --model 400B"


def test_the_figure_shows_all_causes_and_says_why_there_is_none(plan, too_large):
    figure = plan.figure()
    time, memory = figure.data
    assert sum(time.x) == pytest.approx(plan.step_time)
    assert sum(memory.x) == pytest.approx(plan.best.memory)
    assert "MFU of 58" in figure.layout.title.text.replace("<br>", " ")
    with pytest.raises(InputError, match="nothing to draw: no plan fits"):
        node_plan_figure(too_large)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_measured_steps_is_validated(command, tmp_path, form):
    file = write(tmp_path / "steps.csv", FORMS[form])
    code, out, err = command("validate", "step-time", file, "--format", "json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert {"rows", "mape", "median_ape", "bias", "excluded"} <= set(data)
    assert (data["rows"], data["table"], data["excluded"]) == (1, form, {})
    assert data["mape"] == pytest.approx(abs(data["bias"])) and 0.0 < data["mape"] < 60.0
    (step,) = data["steps"]
    assert 100.0 * step["error"] == pytest.approx(data["bias"])
    assert (data["memory"] is not None) == (form in {"sailor", "simumax"})


def test_rows_that_cannot_be_predicted_are_counted(tmp_path):
    mixed = {**FORMS["sailor"], "plan": "mit/N6/plan_config_N6_D2.json"}
    result = validate_step_time(write(tmp_path / "steps.csv", FORMS["sailor"], mixed))
    assert result.to_dict()["excluded"] == {"mixed chips that the table does not name": 1}
    assert "1 row cannot be predicted" in repr(result)
    again = eval(result.python, {"farflung": farflung})
    assert repr(again) == repr(result) and result.command.startswith("farflung validate step-time ")
    assert len(result.to_frame()) == 1 and result.citations()
    with pytest.raises(InputError, match="no row that can be predicted"):
        validate_step_time(write(tmp_path / "none.csv", mixed))


def test_a_file_of_another_kind_names_the_known_forms(command, tmp_path):
    file = write(tmp_path / "links.csv", {"a": "Oregon", "b": "Ohio", "delay_ms": 49})
    for path in (
        file,
        tmp_path / "missing.csv",
        write(tmp_path / "bad.csv", {**FORMS["runs"], "chips": "x"}),
    ):
        code, out, err = command("validate", "step-time", path)
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert err.startswith(f"error: {path.name}: ")
    code, _, err = command("validate", "step-time", file)
    assert all(form in err for form in FORMS)


@pytest.mark.parametrize("bad", ["", "0", "-1", "nan", "inf", "1e400", "x" * 300, "8x"])
@pytest.mark.parametrize("form", FORMS)
def test_a_cell_that_means_nothing_is_one_clear_error(tmp_path, form, bad):
    for column in FORMS[form]:
        file = write(tmp_path / "steps.csv", {**FORMS[form], column: bad})
        try:
            data = validate_step_time(file).to_dict()
        except InputError as error:
            assert "\n" not in str(error)
            assert str(error).startswith("steps.csv: ")
        else:
            json.dumps(data, allow_nan=False)


def test_validating_runs_is_what_is_meant_without_a_name(command):
    short = command("validate", "--group", "consumer", "--format", "json")
    assert short == command("validate", "runs", "--group", "consumer", "--format", "json")
    assert short[0] == 0
    assert "step-time" in command("validate", "--help")[1]


def test_own_runs_give_factors_and_what_they_gain(own_runs, command):
    result = calibrate_node(own_runs)
    assert result.gain > 5.0
    assert result.fit.factors["matmul_share"] < 0.95
    assert "points off the mean error" in repr(result)
    assert repr(eval(result.python, {"farflung": farflung})) == repr(result)
    code, out, err = command("calibrate", "node", own_runs, "--format", "json")
    data = json.loads(out)
    assert (code, err, data["rows"]) == (0, "", 6)
    assert data["before"]["mape"] - data["cross_validated"]["mape"] == pytest.approx(data["gain_mape"])
    assert set(data["factors"]) == set(result.to_frame()["coefficient"])


def test_two_rows_are_too_few_to_fit_to(command, tmp_path):
    file = write(tmp_path / "few.csv", FORMS["runs"], FORMS["runs"])
    code, _, err = command("calibrate", "node", file)
    assert code == 2 and "has 2 rows to fit to; nearest valid: three or more" in err
