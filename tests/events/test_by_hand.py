"""Single runs worked by hand: 100 s of work, 10 s to send and 5 s to receive."""

from __future__ import annotations

import math

import numpy as np
import pytest

from farflung.outcome.events.engine import Engine


def run(hand, policy, draws, **changes):
    seen = hand.Watch()
    return Engine(hand.spec(policy, draws.workers, **changes), draws, seen).run(), seen


def test_blocking_and_streaming_rounds(hand):
    _, seen = run(hand, "barrier", hand.Draws(2), periods=6.0)
    assert seen.closes == [115.0, 230.0, 345.0]
    _, seen = run(hand, "barrier", hand.Draws(2), periods=6.0, overlap=1.0)
    assert seen.closes == [100.0, 200.0, 300.0]
    _, seen = run(hand, "barrier", hand.Draws(2), periods=6.0, overlap=0.1)
    assert seen.closes == [105.0, 210.0, 315.0]


def test_an_exchange_longer_than_the_work_sets_the_pace(hand):
    draws = hand.Draws(2, sending_table=[[30.0, 1.0]] * 3, step_table=[[1.0, 1.0]] * 3)
    _, seen = run(hand, "barrier", draws, periods=6.0, overlap=1.0)
    assert np.diff(seen.closes).tolist() == [305.0, 305.0]


def test_a_node_that_fails_begins_again(hand):
    draws = hand.Draws(2, failures={0: [45.0]}, repairs={0: [20.0]})
    totals, seen = run(hand, "barrier", draws, periods=2.0, restart=7.0, fetch=3.0)
    assert seen.closes == [45 + 20 + 7 + 3 + 100 + 10]
    assert (totals.lost[0], totals.down[0], totals.useful[0], totals.stops[0]) == (40.0, 30.0, 200.0, 1.0)


def test_every_stop_of_a_round_counts(hand):
    draws = hand.Draws(1, failures={0: [45.0, 60.0]}, repairs={0: [20.0, 30.0]})
    totals, seen = run(hand, "barrier", draws, periods=1.0)
    assert seen.closes == [45 + 20 + 60 + 30 + 110]
    assert (totals.lost[0], totals.down[0], totals.useful[0], totals.stops[0]) == (100.0, 50.0, 100.0, 2.0)


def test_a_stop_after_the_close_does_not_delay_it(hand):
    """The slow worker stops twice, the second time when the others have long gone on."""
    draws = hand.Draws(3, failures={0: [45.0, 100.0]}, repairs={0: [20.0, 1000.0]})
    totals, seen = run(hand, "elastic", draws, periods=6.0, detection_time=6.0)
    assert seen.closes[:2] == [115.0, 230.0]
    assert seen.merged[:2] == [[False, True, True], [False, True, True]]
    assert totals.lost[0] == pytest.approx(40 + (115 - 65) + (165 - 120))


def test_a_node_that_fails_while_it_waits_is_not_down_for_ever_after(hand):
    draws = hand.Draws(2, step_table=[[1.0, 3.0]], failures={0: [150.0]}, repairs={0: [20.0]})
    totals, seen = run(hand, "elastic", draws, periods=4.0, detection_time=6.0)
    assert seen.closes == [315.0, 430.0]
    assert seen.merged == [[True, True], [True, True]]
    assert (totals.lost[0], totals.down[0]) == (0.0, 20.0)


def test_one_back_early_still_waits_for_the_weights(hand):
    draws = hand.Draws(2, sending_table=[[100.0, 1.0]] * 3, failures={1: [150.0]}, repairs={1: [1.0]})
    _, seen = run(hand, "barrier", draws, periods=4.0, overlap=1.0)
    assert seen[1].ready[0, 1] >= seen[0].applied[0, 1]


def test_a_spare_steps_in(hand):
    chance = {"failures": {0: [45.0], 1: [46.0]}, "repairs": {0: [500.0], 1: [500.0]}}
    for spares, closes in ((0, 656.0), (1, 655.0), (2, 166.0)):
        totals, seen = run(
            hand, "barrier", hand.Draws(3, **chance), periods=3.0, spares=spares, detection_time=10.0
        )
        assert seen.closes == [closes]
        assert totals.stops[0] == 2


def test_an_update_that_is_late_is_given_up_or_merged_later(hand):
    draws = {"workers": 3, "step_table": [[1.0, 1.0, 1.5], [1.0] * 3, [1.0] * 3]}
    totals, seen = run(hand, "quorum:0.6", hand.Draws(**draws), periods=5.0)
    assert seen.closes[:2] == [115.0, 230.0]
    assert seen.merged[:2] == [[True, True, False], [True, True, True]]
    assert totals.lost[0] == 110.0 - 5.0 - 5.0 + 10.0
    totals, seen = run(hand, "quorum:0.6", hand.Draws(**draws), periods=4.0, merges_late=True)
    assert seen.closes[:2] == [115.0, 230.0]
    assert seen[1].arrival[0].tolist() == [230.0, 230.0, 165.0]
    assert totals.lost[0] == 0.0


def test_a_sending_waits_while_its_link_is_cut(hand):
    draws = hand.Draws(2, gaps={0: [108.0]}, cuts={0: [50.0]})
    _, seen = run(hand, "barrier", draws, periods=2.0, outages=True)
    assert seen[0].arrival[0].tolist() == [165.0, 115.0]
    draws = hand.Draws(2, gaps={0: [50.0]}, cuts={0: [20.0]})
    _, seen = run(hand, "barrier", draws, periods=2.0, outages=True)
    assert seen[0].arrival[0].tolist() == [115.0, 115.0]
    draws = hand.Draws(2, gaps={0: [100.0, 2.0, 1.0]}, cuts={0: [10.0, 20.0, 30.0]})
    _, seen = run(hand, "barrier", draws, periods=2.0, outages=True)
    assert seen[0].arrival[0].tolist() == [110 + 2 + 20 + 1 + 30 + 7, 115.0]


def test_a_link_is_still_cut_when_its_unit_begins_again(hand):
    """What it sends next waits too, and so do the weights that it is to receive."""
    draws = hand.Draws(3, gaps={0: [107.0]}, cuts={0: [400.0]})
    _, seen = run(hand, "quorum:0.6", draws, periods=6.0, outages=True)
    assert seen.closes == [115.0, 230.0, 345.0]
    assert seen[0].applied[0].tolist() == [507.0 + 5.0, 120.0, 120.0]
    assert seen[1].begun[0].tolist() == [512.0, 120.0, 120.0]


def test_an_elastic_barrier_does_not_wait_for_one_that_is_cut_off(hand):
    draws = hand.Draws(3, gaps={0: [107.0]}, cuts={0: [400.0]})
    totals, seen = run(hand, "elastic", draws, periods=4.0, outages=True, detection_time=30.0)
    assert seen.closes == [137.0, 252.0]
    assert seen.merged == [[False, True, True]] * 2
    assert totals.up[0] == 4.0


def test_a_run_that_ends_within_a_round_has_its_share_of_it(hand):
    totals, _ = run(hand, "barrier", hand.Draws(4), duration=115.0 * 2.5)
    assert totals.duration[0] == 115 * 2.5
    assert totals.synchronisations[0] == pytest.approx(2.5)
    assert totals.periods[0] == pytest.approx(10.0)


def test_asynchronous_learners_never_wait(hand):
    draws = hand.Draws(4, slow=[1.0, 1.1, 1.2, 1.3])
    totals, _ = run(hand, "asynchronous:1", draws, duration=2e5)
    assert totals.useful[0] / 8e5 == pytest.approx(1.0, abs=1e-3)
    assert totals.periods[0] == pytest.approx(2e3 * sum(1 / slow for slow in (1.0, 1.1, 1.2, 1.3)), rel=1e-3)


@pytest.mark.parametrize(("workers", "count"), [(8, 1), (8, 2), (12, 3), (10, 10)])
def test_staleness_is_how_many_merges_pass_meanwhile(hand, workers, count):
    draws = hand.Draws(workers, slow=[1.0 + 0.001 * worker for worker in range(workers)])
    totals, _ = run(hand, f"asynchronous:{count}", draws, duration=1e5)
    assert totals.staleness[0] / totals.updates[0] == pytest.approx((workers - count) / count, abs=0.1)


def test_withdrawn_for_ever_leaves_nobody_to_go_on(hand):
    draws = hand.Draws(2, failures={0: [350.0], 1: [400.0]})
    for policy in ("barrier", "elastic", "quorum:0.5", "deadline:300 s", "adaptive:3", "torchft:60 s"):
        draws.__post_init__()
        totals, _ = run(hand, policy, draws)
        assert 0.0 < totals.stalled_at[0] < 500.0
        assert all(
            np.isfinite(getattr(totals, name)).all() for name in ("useful", "lost", "down", "duration")
        )
    assert math.isfinite(totals.longest[0])
