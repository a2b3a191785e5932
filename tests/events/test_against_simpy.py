"""The engine against an independent model: a process for each unit, one event after the other, in SimPy.

Both are fed the same tables of chance and must agree event for event: when each synchronisation closes, whose
updates are in, and how much work is merged.
"""

from __future__ import annotations

import math
from itertools import chain, repeat

import numpy as np
import pytest
import simpy

from farflung.outcome.events.engine import Engine

WORK, SEND, RECEIVE, RESTART, NOTICE = 100.0, 10.0, 5.0, 7.0, 3.0


class Cluster:
    """Units that work, send, fail and come back, each a process, and a server that merges."""

    def __init__(self, draws, policy, rounds, *, streaming, merges_late):
        name, _, share = policy.partition(":")
        self.env, self.draws, self.units = simpy.Environment(), draws, draws.units
        self.elastic = name == "elastic"
        self.needed = math.ceil(float(share) * self.units) if share else self.units
        self.streaming, self.merges_late, self.rounds = streaming, merges_late, rounds
        self.closed = [self.env.event() for _ in range(rounds)]
        self.arrived, self.known_down, self.work_in_hand = set(), set(), {}
        self.closes, self.merged = [], []
        self.up, self.last_back = [True] * self.units, [-math.inf] * self.units
        self.change = [self.env.event() for _ in range(self.units)]
        for unit in range(self.units):
            self.env.process(self.node(unit))
            self.env.process(self.learner(unit))
        self.env.run(until=self.closed[-1])

    def node(self, unit):
        """Fail and be repaired, whatever the training does."""
        repairs = chain(self.draws.repairs.get(unit, ()), repeat(math.inf))
        for lasts in self.draws.failures.get(unit, ()):
            yield self.env.timeout(lasts)
            self.turn(unit, up=False)
            self.env.process(self.notice(unit))
            away = max(next(repairs), NOTICE) + RESTART
            if away == math.inf:
                return
            yield self.env.timeout(away)
            self.last_back[unit] = self.env.now
            self.turn(unit, up=True)

    def turn(self, unit, *, up):
        self.up[unit] = up
        changed, self.change[unit] = self.change[unit], self.env.event()
        changed.succeed()

    def notice(self, unit):
        yield self.env.timeout(NOTICE)
        self.known_down.add(unit)
        self.merge_if_due()

    def merge_if_due(self):
        if self.elastic:
            due = self.arrived and self.arrived | self.known_down == set(range(self.units))
        else:
            due = len(self.arrived) >= self.needed
        if due and len(self.closes) < self.rounds:
            self.closes.append(self.env.now)
            self.merged.append([unit in self.arrived for unit in range(self.units)])
            self.arrived, self.known_down = set(), {unit for unit in self.known_down if not self.up[unit]}
            self.closed[len(self.closes) - 1].succeed()

    def factor(self, table, row, unit):
        return table[row][unit] if row < len(table) else 1.0

    def weights_at(self, unit):
        """Return when the newest weights are, or were, with a unit."""
        if not self.closes:
            return RECEIVE
        last = len(self.closes) - 1
        return self.closes[last] + RECEIVE * self.factor(self.draws.receiving_table, last, unit)

    def learner(self, unit):
        """Work, send and wait for the merge, round after round."""
        was_ready, was_merged = -SEND, True
        while len(self.closes) < self.rounds:
            row = len(self.closes)
            work = WORK * self.factor(self.draws.step_table, row, unit)
            sending = SEND * self.factor(self.draws.sending_table, row, unit)
            weights = self.weights_at(unit)
            may_begin = was_ready if self.streaming and was_merged else weights
            while True:
                if not self.up[unit]:
                    given_up = yield from self.wait(self.change[unit], row)
                    if given_up:
                        was_merged = False
                        break
                    continue
                begun = max(may_begin, self.last_back[unit])
                was_ready = max(begun + work, weights) if self.streaming else max(begun, weights) + work
                until = self.env.timeout(was_ready + sending - self.env.now)
                changed = self.change[unit]
                given_up = yield from self.wait(until | changed, row)
                if given_up:
                    was_merged = False
                    break
                if until.processed:
                    was_merged = True
                    self.arrived.add(unit)
                    merging = self.closed[len(self.closes)]
                    self.merge_if_due()
                    yield merging
                    break
                weights = self.weights_at(unit)

    def wait(self, event, row):
        """Wait for an event; where late updates are given up, no longer than until the merge."""
        if self.merges_late:
            yield event
            return False
        yield event | self.closed[row]
        return self.closed[row].triggered


def tables(seed, units, rounds):
    """Return tables of chance with a failure of each unit every five rounds or so."""
    random = np.random.default_rng(seed)
    of_units = range(units)
    return {
        "units": units,
        "step_table": random.gamma(20.0, 1 / 20.0, (4 * rounds, units)).tolist(),
        "sending_table": random.lognormal(0.0, 0.5, (4 * rounds, units)).tolist(),
        "receiving_table": random.lognormal(0.0, 0.5, (4 * rounds, units)).tolist(),
        "failures": {unit: random.exponential(500.0, 200).tolist() for unit in of_units},
        "repairs": {unit: random.exponential(150.0, 200).tolist() for unit in of_units},
    }


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("late", ["drop", "merge"])
@pytest.mark.parametrize("policy", ["barrier", "elastic", "quorum:0.5", "quorum:0.75"])
@pytest.mark.parametrize("seed", range(6))
def test_event_for_event(hand, policy, late, streaming, seed):
    units, rounds = 3 + seed, 40
    chance = tables(seed, units, rounds)
    expected = Cluster(hand.Draws(**chance), policy, rounds, streaming=streaming, merges_late=late == "merge")
    course = hand.course(
        policy,
        units,
        overlap=float(streaming),
        merges_late=late == "merge",
        notice=NOTICE,
        restart=RESTART,
        duration=expected.closes[-1],
    )
    seen = hand.Watch()
    tally = Engine(course, hand.Draws(**chance), seen).run()
    assert seen.merged[:rounds] == expected.merged
    assert seen.closes[:rounds] == pytest.approx(expected.closes, rel=1e-12)
    assert tally.updates[0] == pytest.approx(sum(map(sum, expected.merged)), rel=1e-9)
    assert tally.synchronisations[0] == pytest.approx(rounds)
