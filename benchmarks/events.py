"""How many node-rounds a second the event engine simulates, beside an independent SimPy model.

A node-round is one node's part in one synchronisation. Each policy runs with all of chance on, as the
assumption set has it: lasting and passing spreads of steps and links, failures, repairs and outages. SimPy
runs a small case of the same world, a process for each node. One core.

    python benchmarks/events.py --json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import statistics
import time
from dataclasses import replace
from functools import partial
from random import Random

import numpy as np
import simpy

from farflung.outcome.events import simulate
from farflung.outcome.events.draws import FailureModel, RandomDraws
from farflung.outcome.events.engine import Engine
from farflung.outcome.events.from_scenario import failure_model_of, run_spec_of, steps_of
from farflung.outcome.run import prepare
from farflung.scenario import preset
from farflung.scenario.fault_model import FaultModel

WORLD = "governance-72-nodes"
POLICIES = {
    "barrier": "barrier",
    "elastic": "elastic",
    "quorum:0.9": "quorum:0.9",
    "deadline": "deadline:3 h",
    "adaptive": "adaptive:3",
    "torchft": "torchft:10 min",
    "asynchronous": "asynchronous:{tenth}",
}
REPEATS = 3


def engine_rate(policy: str, nodes: int, runs: int, node_rounds: float) -> list[float]:
    """Return node-rounds a second of the engine, several times."""
    run = prepare(preset(WORLD).with_({"nodes.count": nodes}))
    fault_model = FaultModel(policy=policy.format(tenth=max(1, nodes // 10)))
    spec, failure_model = run_spec_of(run, fault_model, runs), failure_model_of(run, fault_model)
    # So much work, however long it takes: rounds are then about as many under every policy.
    spec = replace(spec, duration=math.inf, periods=node_rounds / runs)
    rates = []
    for seed in range(REPEATS):
        draws = RandomDraws(failure_model, spec.shape, steps_of(run, fault_model), seed)
        engine = Engine(spec, draws)
        begun = time.perf_counter()
        totals = engine.run()
        rates.append(nodes * float(totals.synchronisations.sum()) / (time.perf_counter() - begun))
    return rates


class SimpyCluster:
    """Nodes that work, send, fail and are repaired, and a server that merges; late updates are dropped."""

    def __init__(
        self, failure_model: FailureModel, nodes: int, *, work: float, needed: int, rounds: int
    ) -> None:
        self.env, self.random, self.failure_model = simpy.Environment(), Random(1), failure_model
        self.work, self.send, self.needed, self.rounds = work, 0.1 * work, needed, rounds
        self.arrived, self.closes, self.closed = 0, 0, self.env.event()
        for _ in range(nodes):
            self.env.process(
                self.node(self.factor(failure_model.compute_spread), self.factor(failure_model.link_spread))
            )

    def factor(self, variation: float) -> float:
        variance = math.log1p(variation * variation)
        return self.random.lognormvariate(-0.5 * variance, math.sqrt(variance))

    def node(self, slow: float, slow_link: float):
        env, failure_model = self.env, self.failure_model
        fails = env.now + self.random.expovariate(1 / failure_model.time_between_failures)
        while True:
            closed = self.closed
            lasts = self.work * slow * self.factor(failure_model.step_variation)
            lasts += self.send * slow_link * self.factor(failure_model.link_variation)
            while fails < env.now + lasts:
                away = max(fails - env.now, 0.0) + self.random.expovariate(1 / failure_model.repair_time)
                fails = env.now + away + self.random.expovariate(1 / failure_model.time_between_failures)
                yield env.timeout(away)
            yield env.timeout(lasts) | closed
            if not closed.triggered:
                self.arrived += 1
                if self.arrived >= self.needed:
                    self.arrived, self.closes, self.closed = 0, self.closes + 1, env.event()
                    closed.succeed()
                else:
                    yield closed

    def run(self) -> None:
        while self.closes < self.rounds:
            self.env.run(until=self.closed)


def simpy_rate(nodes: int, share: float, rounds: int) -> list[float]:
    """Return node-rounds a second of a small case in SimPy, several times."""
    run = prepare(preset(WORLD).with_({"nodes.count": nodes}))
    failure_model = failure_model_of(run, FaultModel())
    work = float(run.values["inner_steps"] * run.values["step_time"])
    rates = []
    for _ in range(REPEATS):
        cluster = SimpyCluster(
            failure_model, nodes, work=work, needed=math.ceil(share * nodes), rounds=rounds
        )
        begun = time.perf_counter()
        cluster.run()
        rates.append(nodes * rounds / (time.perf_counter() - begun))
    return rates


def spread(rates: list[float]) -> dict[str, float]:
    return {"median": statistics.median(rates), "least": min(rates), "most": max(rates)}


def whole_run() -> dict[str, float]:
    """Return how long 4,000 nodes for 740 days take."""
    scenario = preset(WORLD).with_({"nodes.count": 4000, "duration": "740 days"})
    begun = time.perf_counter()
    result = simulate(scenario, FaultModel(policy="elastic"), runs=1)
    return {
        "four_thousand_nodes_740_days_s": time.perf_counter() - begun,
        "rounds": float(result.values["outer_rounds"][0]),
        "stops": float(result.values["stops"][0]),
        "goodput": float(result.values["goodput"][0]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--nodes", type=int, default=4000)
    parser.add_argument("--node-rounds", type=float, default=1e6, help="work of each measurement")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    simpy_shares = {"quorum:0.9": 0.9, "deadline": 0.9, "adaptive": 0.9, "torchft": 0.9, "asynchronous": 0.1}
    of_simpy = {share: spread(simpy_rate(100, share, 40)) for share in (0.1, 0.9, 1.0)}
    large = partial(engine_rate, nodes=options.nodes, runs=1, node_rounds=options.node_rounds)
    small = partial(engine_rate, nodes=72, runs=32, node_rounds=options.node_rounds)
    report = {
        "machine": platform.machine(),
        "numpy": np.__version__,
        "nodes": options.nodes,
        "policies": {
            name: {
                "node_rounds_per_second": spread(large(policy)),
                "batched_node_rounds_per_second": spread(small(policy)),
                "simpy_node_rounds_per_second": of_simpy[simpy_shares.get(name, 1.0)],
            }
            for name, policy in POLICIES.items()
        },
        **whole_run(),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, measured in report["policies"].items():
        rates = [figures["median"] / 1e6 for figures in measured.values()]
        print(f"{name:14} {rates[0]:6.2f} million/s, 32 runs of 72: {rates[1]:6.2f}, SimPy: {rates[2]:6.3f}")
    print(f"4,000 nodes for 740 days: {report['four_thousand_nodes_740_days_s']:.2f} s")


if __name__ == "__main__":
    main()
