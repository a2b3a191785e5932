"""The ledger's one-line language computes, and refuses everything else."""

import pytest

from farflung import evaluate
from farflung.base.errors import InputError
from farflung.evidence.expressions import least_nodes, run, value_of


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2 * 3 - 1", 5.0),
        ("-2 ** 2", -4.0),
        ("(1, 2 / 4)", (1.0, 0.5)),
        ("floor(15840 / 312)", 50.0),
        ("most_chips('miri-2025', 'A100 80GB')", 50.0),
        ("chip('A100 80GB', 'memory')", 80e9),
        ("chip('H100 SXM', 'dense_fp16', 'rahman2026distributed')", 990e12),
        ("pod('GH200 NVL32', 'chips')", 32.0),
        ("pod('GH200 NVL32', 'peak')", 31.68e15),
        ("rule('miri-2025', 'training_limit')", 1e24),
        ("fact('llama3_405b_parameters')", 4.05e11),
    ],
)
def test_values(expression, expected):
    assert value_of(expression) == pytest.approx(expected)


def test_time_limit():
    days = value_of("time_limit(hardware=1.06, software=1.5, investment=1.03) / 86400")
    assert days == pytest.approx(740, abs=0.5)


def test_run_is_the_model():
    assert run("paper-headline", "efficiency") == evaluate("paper-headline").efficiency
    assert run("paper-headline", "nodes", {"nodes.count": 5}) == 5


def test_least_nodes_is_the_least():
    least = least_nodes("governance-72-nodes", "local_equivalent_flop", 1e25)
    assert run("governance-72-nodes", "local_equivalent_flop", {"nodes.count": int(least)}) >= 1e25
    assert run("governance-72-nodes", "local_equivalent_flop", {"nodes.count": int(least) - 1}) < 1e25


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "(1).__class__",
        "[1, 2]",
        "x",
        "open('a')",
        "run",
        "1 if 2 else 3",
        "2 +",
        "lambda: 1",
        "run('paper-headline')",
        "run('paper-headline', 'no_such_output')",
        "run('no-such-preset', 'efficiency')",
        "run('paper-headline', 'groups')",
        "chip('H100', 'memory')",
        "chip('L40S', 'price')",
        "pod('GH200 NVL32', 'colour')",
        "rule('miri-2025', 'memory_limit')",
        "rule('nowhere', 'training_limit')",
        "fact('nothing')",
        "1 / 0",
        "'text'",
        "least_nodes('paper-headline', 'efficiency', 2.0)",
    ],
)
def test_everything_else_is_refused(expression):
    with pytest.raises(InputError):
        value_of(expression)
