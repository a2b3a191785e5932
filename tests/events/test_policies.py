"""When each policy closes, by arrivals made up by hand; and how policies are written."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung import InputError
from farflung.outcome.events.policies import FORMS, Waiting, policy_from

NEVER = math.inf


def closes(policy, arrival, *, detected=None, opened=0.0, opened_before=0.0, arrival_before=None):
    """Return when a synchronisation closes, given one run's arrivals."""
    none = [NEVER] * len(arrival)
    waiting = Waiting(
        np.array([arrival]),
        np.array([detected or none]),
        np.array([opened]),
        np.array([opened_before]),
        np.array([arrival_before or none]),
    )
    return float(policy_from(policy, len(arrival)).close(waiting)[0])


@pytest.mark.parametrize(
    ("policy", "arrival", "close"),
    [
        ("barrier", [3, 1, 2], 3),
        ("barrier", [3, 1, NEVER], NEVER),
        ("barrier", [5], 5),
        ("quorum:0.5", [4, 1, 3, 2], 2),
        ("quorum:0.5", [4, 1, 3, 2, 5], 3),
        ("quorum:1", [4, 1, 3, 2], 4),
        ("quorum:0", [4, 1, 3, 2], 1),
        ("quorum:0.5", [2, 2, 2, 9], 2),
        ("quorum:0.75", [1, 2, NEVER, NEVER], NEVER),
        ("quorum:0.5,10 s", [4, 1, 3, 2], 4),
        ("quorum:0.5,1.5 s", [4, 1, 30, 2], 3.5),
        ("quorum:0.5,10 s", [4, 1, NEVER, 2], 12),
        ("deadline:10 s", [4, 1, 3], 4),
        ("deadline:10 s", [4, 1, 30], 10),
        ("deadline:10 s", [40, 20, 30], 20),
        ("deadline:0 s", [40, 20, 30], 20),
        ("deadline:10 s", [NEVER, NEVER], NEVER),
        ("backup:1.5", [3, 1, 2], 2),
        ("backup:1", [3, 1, 2], 3),
        ("backup:1000", [3, 1, 2], 1),
        ("asynchronous:1", [3, 1, 2], 1),
        ("asynchronous:2", [3, 1, 2], 2),
        ("asynchronous:3", [3, 1, 2], 3),
        ("asynchronous:1,1.5 s", [3, 1, 2], 2.5),
        ("asynchronous:1,10 s", [3, 1, 2], 3),
        ("elastic", [3, 1, 2], 3),
        ("adaptive:3", [3, 1, 2], 3),
        ("torchft:1 s", [3, 1, 2], 2),
        ("torchft:60 s", [3, 1, 2], 3),
        ("torchft:1 s", [30, 1, 20], 20),
        ("torchft:1 s,3", [30, 1, 20], 30),
        ("torchft:1 s", [NEVER, 1, NEVER], NEVER),
    ],
)
def test_closes(policy, arrival, close):
    assert closes(policy, arrival) == close


def test_an_elastic_barrier_waits_until_it_knows_that_a_unit_is_down():
    assert closes("elastic", [3, NEVER, 2], detected=[NEVER, 8, NEVER]) == 8
    assert closes("elastic", [3, 50, 2], detected=[NEVER, 1, NEVER]) == 3
    assert closes("elastic", [9, NEVER], detected=[NEVER, 1]) == 9
    assert closes("elastic", [NEVER, NEVER], detected=[1, 1]) == NEVER


def test_torchft_needs_a_majority_of_those_alive():
    three_down = [NEVER, NEVER, 1.0, 1.0, 1.0]
    assert closes("torchft:1 s", [3, 40, 50, 60, 70]) == 50
    assert closes("torchft:1 s", [3, 40, 50, 60, 70], detected=three_down) == 40
    assert closes("torchft:100 s", [3, 4, 50, 60, 70], detected=three_down) == 4


def test_an_adaptive_deadline_follows_the_last_round():
    last = {"opened": 100.0, "opened_before": 40.0, "arrival_before": [50.0, 52.0, 54.0, 99.0, 250.0]}
    # took 10, 12, 14, 59 and 60 until the close: median 14, deviations 4, 2, 0, 45, 46 with median 4
    assert closes("adaptive:3", [110, 111, 115, 160, 400], **last) == 126
    assert closes("adaptive:0", [110, 111, 115, 160, 400], **last) == 114
    assert closes("adaptive:3", [110, 111, 115, 120, 121], **last) == 121
    assert closes("adaptive:3", [150, 160, 170, 180, 190], **last) == 150


def test_a_run_adapts_whatever_the_runs_beside_it_do():
    arrival = np.array([[110.0, 111.0, 200.0], [1.0, 2.0, 3.0]])
    before = np.array([[50.0, 52.0, 54.0], [NEVER] * 3])
    waiting = Waiting(arrival, arrival + NEVER, np.array([100.0, 0.0]), np.array([40.0, 0.0]), before)
    assert policy_from("adaptive:1", 3).close(waiting).tolist() == [114.0, 3.0]


def test_an_asynchronous_merge_comes_after_the_one_before():
    assert closes("asynchronous:2", [3, 1, 2], opened=2.5) == 2.5
    assert closes("asynchronous:2,1 s", [3, 1, 20], opened=5.0) == 6.0
    assert closes("asynchronous:2,1 s", [3, 1, 2], opened=5.0) == 5.0


arrivals = st.lists(st.floats(0.0, 1e6) | st.just(NEVER), min_size=2, max_size=9)
written = st.sampled_from(
    ("barrier", "elastic", "quorum:0.5", "quorum:0.9,30 s", "deadline:60 s", "adaptive:2", "backup:1.2",
     "torchft:60 s", "asynchronous:1", "asynchronous:2,5 s")
)  # fmt: skip


@given(written, arrivals)
def test_someone_is_there_at_the_close_and_it_is_never_later_than_a_barrier_s(policy, arrival):
    close = closes(policy, arrival)
    assert min(arrival) <= close <= max(arrival)


@given(written.filter(lambda one: one != "adaptive:2"), arrivals, st.data())
def test_no_policy_closes_sooner_when_an_update_comes_later(policy, arrival, data):
    delayed = list(arrival)
    delayed[data.draw(st.integers(0, len(arrival) - 1))] += data.draw(st.floats(0.0, 1e6))
    assert closes(policy, delayed) >= closes(policy, arrival)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("barier", "'barrier'"),
        ("barrier:1", "takes 0 arguments"),
        ("quorum", "takes 1 or 2 arguments"),
        ("quorum:", "takes 1 or 2 arguments"),
        ("quorum:half", "not a number"),
        ("quorum:1.5", "not from 0 to 1"),
        ("quorum:-1", "not from 0 to 1"),
        ("quorum:nan", "not from 0 to 1"),
        ("quorum:0.9,1 m", "m"),
        ("quorum:0.9,-1 s", "not a time"),
        ("deadline:soon", "soon"),
        ("deadline:inf s", ""),
        ("adaptive:1,2", "takes 1 arguments"),
        ("backup:0.5", "not from 1"),
        ("torchft:1 s,9", "not from 1 to 4"),
        ("asynchronous:0", "not from 1 to 4"),
    ],
)
def test_what_is_no_policy_is_refused(text, words):
    with pytest.raises(InputError) as refused:
        policy_from(text, 4)
    assert words in f"{refused.value}"


def test_every_form_is_shown_as_it_is_read():
    for name, form in FORMS.items():
        example = form.split(" (")[0]
        policy = policy_from(example, 10)
        assert type(policy).__name__.lower() == ("quorum" if name == "backup" else name)
        assert policy_from(example, 1)


@given(st.integers(1, 10_000), st.floats(0.0, 1.0))
def test_a_quorum_is_a_share_of_the_units(workers, share):
    count = policy_from(f"quorum:{share!r}", workers).count
    assert 1 <= count <= workers
    assert count - 1 <= share * workers <= count + 1e-6 or share * workers < 1


@given(st.integers(1, 1000), st.floats(1.0, 10.0))
def test_backups_leave_someone_to_wait_for(workers, overhead):
    waited_for = policy_from(f"backup:{overhead!r}", workers).count
    assert 1 <= waited_for <= workers
    assert waited_for * overhead <= workers * (1 + 1e-9) or waited_for == 1
