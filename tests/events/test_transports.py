"""What each transport takes, and carries, against the formulas and by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.outcome.events.engine import Engine
from farflung.outcome.events.transports import TRANSPORTS, Link
from farflung.physics.links import exchange_time

LINK = Link(1000.0, upload=100.0, download=200.0, latency=2.0, overhead=3.0, workers=4, server=math.inf)
ONE, ALL = np.ones((1, 4)), np.ones((1, 4), dtype=bool)
TWO = np.array([[True, True, False, False]])


def both(name, link=LINK, factor=ONE, merged=ALL):
    transport = TRANSPORTS[name]
    return (
        np.broadcast_to(transport.send(link, factor), (1, 4))[0].tolist(),
        np.broadcast_to(transport.receive(link, factor, merged), (1, 4))[0].tolist(),
    )


def test_a_parameter_server():
    assert both("parameter_server") == ([11.0] * 4, [9.0] * 4)
    assert both("parameter_server", factor=np.array([[1.0, 2.0, 0.5, 1.0]])) == (
        [11.0, 21.0, 6.0, 11.0],
        [9.0, 14.0, 6.5, 9.0],
    )


@pytest.mark.parametrize(("server", "send", "receive"), [(800, 11, 9), (400, 11, 14), (40, 101, 104)])
def test_a_server_s_link_is_shared(server, send, receive):
    assert both("parameter_server", replace(LINK, server=server)) == ([send] * 4, [receive] * 4)


def test_a_ring_passes_two_times_all_but_one_nth_of_an_update():
    assert both("ring") == ([0.0] * 4, [2 * 3 * (1000 / 4 / 100 + 1) + 3] * 4)
    assert both("ring", merged=TWO)[1] == [2 * (1000 / 2 / 100 + 1) + 3] * 4
    slow_one = np.array([[1.0, 2.0, 1.0, 8.0]])
    assert both("ring", factor=slow_one, merged=TWO)[1] == [2 * (1000 / 2 / 50 + 1) + 3] * 4
    assert both("ring", merged=~ALL)[1] == [3.0] * 4
    assert TRANSPORTS["ring"].bits_sent(LINK) == TRANSPORTS["ring"].bits_received(LINK) == 2 * 1000 * 3 / 4


def test_everyone_sends_to_everyone_and_receives_meanwhile():
    assert both("all_gather") == ([31.0] * 4, [4.0] * 4)
    slower_down = replace(LINK, download=50.0)
    assert both("all_gather", slower_down) == ([31.0] * 4, [34.0] * 4)
    assert TRANSPORTS["all_gather"].bits_sent(LINK) == TRANSPORTS["all_gather"].bits_received(LINK) == 3000


def test_a_store_takes_one_update_and_gives_all_others():
    assert both("relay") == ([11.0] * 4, [3 * 5 + 1 + 3] * 4)
    assert both("relay", merged=TWO)[1] == [5 + 1 + 3] * 4
    assert both("relay", merged=~ALL)[1] == [1 + 3] * 4
    assert (TRANSPORTS["relay"].bits_sent(LINK), TRANSPORTS["relay"].bits_received(LINK)) == (1000, 3000)


def test_gossip_is_an_exchange_with_one():
    assert both("gossip") == ([11.0] * 4, [9.0] * 4)
    assert TRANSPORTS["gossip"].bits_sent(LINK) == TRANSPORTS["gossip"].bits_received(LINK) == 1000


@given(*(st.floats(1.0, 1e9),) * 3, st.floats(0.0, 10.0))
def test_there_and_back_is_the_closed_form_s_exchange(payload, upload, download, latency):
    link = Link(payload, upload, download, latency, 0.0, 4, math.inf)
    there, back = both("parameter_server", link)
    once = exchange_time(
        payload=payload,
        upload_bandwidth=upload,
        download_bandwidth=download,
        latency=latency,
        peers=4,
        straggler_factor=1.0,
    )
    assert there[0] + back[0] == pytest.approx(once, rel=1e-12)


@pytest.mark.parametrize("name", TRANSPORTS)
def test_nobody_to_exchange_with_takes_no_time(name):
    alone = Link(0.0, 100.0, 200.0, 0.0, 0.0, 1, math.inf)
    one = np.ones((1, 1))
    assert TRANSPORTS[name].send(alone, one).tolist() == [[0.0]]
    assert TRANSPORTS[name].receive(alone, one, one > 0).tolist() == [[0.0]]


def test_pairs_wait_for_their_partner_only(hand):
    draws = hand.Draws(5, step_table=[[1.0, 3.0, 2.0, 1.5, 9.0]])
    seen = hand.Watch()
    Engine(hand.spec("barrier", 5, by="gossip", periods=5.0), draws, seen).run()
    begun, sending = 5.0, 10.0
    assert (seen[0].close[0] - begun - sending).tolist() == [300.0, 300.0, 200.0, 200.0, 900.0]


def test_a_partner_that_is_down_is_done_without(hand):
    draws = hand.Draws(4, failures={1: [50.0]}, repairs={1: [5000.0]})
    seen = hand.Watch()
    Engine(hand.spec("barrier", 4, by="gossip", periods=8.0, detection_time=100.0), draws, seen).run()
    assert seen[0].close[0].tolist() == [150.0, 5160.0, 115.0, 115.0]


def test_one_that_never_comes_back_stops_nobody_else_who_gossips(hand):
    draws = hand.Draws(4, failures={1: [50.0]})
    totals = Engine(hand.spec("barrier", 4, by="gossip", periods=30.0), draws).run()
    assert totals.stalled_at[0] == math.inf
    assert totals.updates[0] == pytest.approx(30)
