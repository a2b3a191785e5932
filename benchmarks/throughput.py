"""How many designs a second the model answers, beside what the machine could do at best.

For each protocol, in one run: the vectorised model on random designs; a floor, the same number of
exponentials and logarithms on arrays of the same size in the same threads and nothing else; and a scalar
loop, one design at a time through the same model.

    python benchmarks/throughput.py --json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np

from farflung import evaluate
from farflung.base.arrays import keep_freed_memory
from farflung.outcome.batch import evaluate_batch
from farflung.scenario import preset
from farflung.scenario.inputs import with_arrays

PRESETS = {"flat": "paper-headline", "hierarchical": "paper-30mbps", "pipeline_groups": "paper-10mbps"}
OUTPUTS = ("quality_adjusted_flop", "local_equivalent_flop", "duration_s", "capital_cost_usd")
CHUNK = 65_536
TRANSCENDENTAL = {
    np.exp: 1, np.log: 1, np.log2: 1, np.log10: 1, np.log1p: 1, np.expm1: 1, np.power: 2, np.float_power: 2,
}  # fmt: skip
"""Functions that count, and as how many calls: a power is a logarithm and an exponential."""


class Counted(np.ndarray):
    """An array that counts the transcendental functions it goes through."""

    calls: ClassVar[Counter[str]] = Counter()

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        plain = [np.asarray(one) if isinstance(one, Counted) else one for one in inputs]
        if "out" in options:
            options["out"] = tuple(np.asarray(one) for one in options["out"])
        result = getattr(ufunc, method)(*plain, **options)
        if method == "__call__" and ufunc in TRANSCENDENTAL and np.size(result) > 1:
            Counted.calls[ufunc.__name__] += TRANSCENDENTAL[ufunc]
        return result.view(Counted) if isinstance(result, np.ndarray) else result


def designs(seed: int) -> dict[str, np.ndarray]:
    """Return random designs: nodes, bandwidths, latency, model size, compression, all different."""
    random = np.random.default_rng(seed)
    return {
        "nodes.count": random.integers(16, 4000, CHUNK).astype(float),
        "network.upload": np.exp(random.uniform(np.log(1e7), np.log(1e9), CHUNK)),
        "network.download": np.exp(random.uniform(np.log(1e7), np.log(1e9), CHUNK)),
        "network.latency": random.uniform(0.005, 0.3, CHUNK),
        "model.parameters": np.exp(random.uniform(np.log(1e10), np.log(1.5e11), CHUNK)),
        "protocol.compression": np.exp(random.uniform(np.log(4), np.log(500), CHUNK)),
    }


def rate(work: Callable[[int], None], threads: int, seconds: float) -> list[float]:
    """Return chunks a second of ``work``, over several rounds of all threads together."""
    found = []
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))  # warm up
        for _ in range(5):
            repeats, start = 4, time.perf_counter()
            while True:
                list(pool.map(lambda thread: [work(thread) for _ in range(repeats)], range(threads)))  # noqa: B023
                elapsed = time.perf_counter() - start
                if elapsed >= seconds / 5:
                    break
                start, repeats = time.perf_counter(), repeats * 2
            found.append(threads * repeats / elapsed)
    return found


def scalar_rate(name: str, seconds: float) -> float:
    """Return designs a second of a plain loop, one evaluation each."""
    scenario, arrays = preset(name), designs(0)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        one = {field: float(values[count % CHUNK]) for field, values in arrays.items()}
        evaluate(with_arrays(scenario, one))
        count += 1
    return count / (time.perf_counter() - start)


def measure(name: str, threads: int, seconds: float) -> dict[str, float]:
    """Return the figures of one protocol."""
    scenario = preset(name)
    chunks = [designs(seed) for seed in range(threads)]
    Counted.calls.clear()
    evaluate_batch(scenario, {field: values.view(Counted) for field, values in chunks[0].items()}, OUTPUTS)
    calls = sum(Counted.calls.values())
    argument, result = np.linspace(1.0, 2.0, CHUNK), [np.empty(CHUNK) for _ in range(threads)]

    def floor(thread: int) -> None:
        for call in range(calls):
            (np.exp if call % 2 else np.log)(argument, out=result[thread])

    def model(thread: int) -> None:
        evaluate_batch(scenario, chunks[thread], OUTPUTS)

    # Interleaved, so that whatever else the machine does weighs on both.
    ours, best = [], []
    for _ in range(3):
        ours += rate(model, threads, seconds / 6)
        best += rate(floor, threads, seconds / 6)
    configs, bottom = statistics.median(ours) * CHUNK, statistics.median(best) * CHUNK
    scalar = scalar_rate(name, seconds / 4)
    return {
        "configs_per_second": configs,
        "configs_per_second_min": min(ours) * CHUNK,
        "configs_per_second_max": max(ours) * CHUNK,
        "floor_per_second": bottom,
        "scalar_per_second": scalar,
        "transcendental_calls": calls,
        "over_floor": bottom / configs,
        "over_scalar": configs / scalar,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=6.0, help="for each protocol")
    options = parser.parse_args()
    keep_freed_memory()
    found = {name: measure(one, options.threads, options.seconds) for name, one in PRESETS.items()}
    report = {
        "threads": options.threads,
        "chunk": CHUNK,
        "machine": platform.machine(),
        "numpy": np.__version__,
        "protocols": found,
    }
    if options.json:
        print(json.dumps(report, indent=2))
        return
    for name, one in found.items():
        print(
            f"{name:16} {one['configs_per_second'] / 1e6:6.1f} million/s, {one['over_floor']:.2f} times the "
            f"floor, {one['over_scalar']:,.0f} times the scalar loop"
        )


if __name__ == "__main__":
    main()
