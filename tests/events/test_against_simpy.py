"""The engine against an independent model: a process for each worker, one event after the other, in SimPy.

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

WORK, SEND, RECEIVE, RESTART, DETECTION_TIME = 100.0, 10.0, 5.0, 7.0, 3.0


class Cluster:
    """Workers that work, send, fail and come back, each a process, and a server that merges."""

    def __init__(self, draws, policy, rounds, *, streaming, merges_late):
        name, _, share = policy.partition(":")
        self.env, self.draws, self.workers = simpy.Environment(), draws, draws.workers
        self.elastic = name == "elastic"
        self.needed = math.ceil(float(share) * self.workers) if share else self.workers
        self.streaming, self.merges_late, self.rounds = streaming, merges_late, rounds
        self.closed = [self.env.event() for _ in range(rounds)]
        self.arrived, self.known_down, self.work_in_hand = set(), set(), {}
        self.closes, self.merged = [], []
        self.up, self.last_back = [True] * self.workers, [-math.inf] * self.workers
        self.change = [self.env.event() for _ in range(self.workers)]
        for worker in range(self.workers):
            self.env.process(self.node(worker))
            self.env.process(self.learner(worker))
        self.env.run(until=self.closed[-1])

    def node(self, worker):
        """Fail and be repaired, whatever the training does."""
        repairs = chain(self.draws.repairs.get(worker, ()), repeat(math.inf))
        for lasts in self.draws.failures.get(worker, ()):
            yield self.env.timeout(lasts)
            self.turn(worker, up=False)
            self.env.process(self.detect(worker))
            away = max(next(repairs), DETECTION_TIME) + RESTART
            if away == math.inf:
                return
            yield self.env.timeout(away)
            self.last_back[worker] = self.env.now
            self.turn(worker, up=True)

    def turn(self, worker, *, up):
        self.up[worker] = up
        changed, self.change[worker] = self.change[worker], self.env.event()
        changed.succeed()

    def detect(self, worker):
        yield self.env.timeout(DETECTION_TIME)
        self.known_down.add(worker)
        self.merge_if_due()

    def merge_if_due(self):
        if self.elastic:
            due = self.arrived and self.arrived | self.known_down == set(range(self.workers))
        else:
            due = len(self.arrived) >= self.needed
        if due and len(self.closes) < self.rounds:
            self.closes.append(self.env.now)
            self.merged.append([worker in self.arrived for worker in range(self.workers)])
            self.arrived, self.known_down = (
                set(),
                {worker for worker in self.known_down if not self.up[worker]},
            )
            self.closed[len(self.closes) - 1].succeed()

    def factor(self, table, row, worker):
        return table[row][worker] if row < len(table) else 1.0

    def weights_at(self, worker):
        """Return when the newest weights are, or were, with a worker."""
        if not self.closes:
            return RECEIVE
        last = len(self.closes) - 1
        return self.closes[last] + RECEIVE * self.factor(self.draws.receiving_table, last, worker)

    def learner(self, worker):
        """Work, send and wait for the merge, round after round."""
        was_ready, was_merged = -SEND, True
        while len(self.closes) < self.rounds:
            row = len(self.closes)
            work = WORK * self.factor(self.draws.step_table, row, worker)
            sending = SEND * self.factor(self.draws.sending_table, row, worker)
            weights = self.weights_at(worker)
            may_begin = was_ready if self.streaming and was_merged else weights
            while True:
                if not self.up[worker]:
                    given_up = yield from self.wait(self.change[worker], row)
                    if given_up:
                        was_merged = False
                        break
                    continue
                begun = max(may_begin, self.last_back[worker])
                was_ready = max(begun + work, weights) if self.streaming else max(begun, weights) + work
                until = self.env.timeout(was_ready + sending - self.env.now)
                changed = self.change[worker]
                given_up = yield from self.wait(until | changed, row)
                if given_up:
                    was_merged = False
                    break
                if until.processed:
                    was_merged = True
                    self.arrived.add(worker)
                    merging = self.closed[len(self.closes)]
                    self.merge_if_due()
                    yield merging
                    break
                weights = self.weights_at(worker)

    def wait(self, event, row):
        """Wait for an event; where late updates are given up, no longer than until the merge."""
        if self.merges_late:
            yield event
            return False
        yield event | self.closed[row]
        return self.closed[row].triggered


def tables(seed, workers, rounds):
    """Return tables of chance with a failure of each worker every five rounds or so."""
    random = np.random.default_rng(seed)
    of_workers = range(workers)
    return {
        "workers": workers,
        "step_table": random.gamma(20.0, 1 / 20.0, (4 * rounds, workers)).tolist(),
        "sending_table": random.lognormal(0.0, 0.5, (4 * rounds, workers)).tolist(),
        "receiving_table": random.lognormal(0.0, 0.5, (4 * rounds, workers)).tolist(),
        "failures": {worker: random.exponential(500.0, 200).tolist() for worker in of_workers},
        "repairs": {worker: random.exponential(150.0, 200).tolist() for worker in of_workers},
    }


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("late", ["drop", "merge"])
@pytest.mark.parametrize("policy", ["barrier", "elastic", "quorum:0.5", "quorum:0.75"])
@pytest.mark.parametrize("seed", range(6))
def test_event_for_event(hand, policy, late, streaming, seed):
    workers, rounds = 3 + seed, 40
    chance = tables(seed, workers, rounds)
    expected = Cluster(hand.Draws(**chance), policy, rounds, streaming=streaming, merges_late=late == "merge")
    spec = hand.spec(
        policy,
        workers,
        overlap=float(streaming),
        merges_late=late == "merge",
        detection_time=DETECTION_TIME,
        restart=RESTART,
        duration=expected.closes[-1],
    )
    seen = hand.Watch()
    totals = Engine(spec, hand.Draws(**chance), seen).run()
    assert seen.merged[:rounds] == expected.merged
    assert seen.closes[:rounds] == pytest.approx(expected.closes, rel=1e-12)
    assert totals.updates[0] == pytest.approx(sum(map(sum, expected.merged)), rel=1e-9)
    assert totals.synchronisations[0] == pytest.approx(rounds)
