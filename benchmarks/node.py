"""How many plans of a node a second are computed, beside the rates of two other models of a step's time.

All plans of one node for dense models from 1 to 400 billion parameters: time and memory of each, and the best
that fits. Plans that do not exist for a model are not counted. Processor time of one core.

    python benchmarks/node.py --json
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time

import numpy as np

from farflung.analysis.node.chips import hardware
from farflung.analysis.node.clusters import cluster_software
from farflung.analysis.node.plans import Node, best_plans
from farflung.analysis.node.shapes import architecture_of_size
from farflung.analysis.node.sizes import largest_size

SIZES = np.geomspace(1e9, 4e11, 40)
NODES = {"50x A100 80GB": ("A100 80GB", 50), "16x H100 SXM": ("H100 SXM", 16), "64x TPU v6e": ("TPU v6e", 64)}
PEERS = {"calculon": 533.0, "llm-analysis": 3876.0}
"""Configurations a second on one core, measured on a machine of two cores in November 2026."""
SEQUENCE, SEQUENCES, REPEATS = 4096.0, 32.0, 3


def node_of(chip: str, chips: int) -> Node:
    """Return a node in its usual box, with a batch of 131,072 tokens."""
    return Node(
        hardware=hardware(chip), chips=chips, sequences=SEQUENCES, software=cluster_software("usual", "fp16")
    )


def rate(node: Node) -> tuple[float, int]:
    """Return plans a second over all sizes, and how many plans those were."""
    shapes = [architecture_of_size(size, SEQUENCE) for size in SIZES]
    best_plans(node, shapes[0])
    begun = time.process_time()
    plans = sum(best_plans(node, shape, count=1).evaluated for shape in shapes)
    return plans / (time.process_time() - begun), plans


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    rows = {}
    for name, (chip, chips) in NODES.items():
        node = node_of(chip, chips)
        rates = [rate(node) for _ in range(REPEATS)]
        begun = time.process_time()
        largest = largest_size(node, SEQUENCE)
        rows[name] = {
            "plans_per_second": statistics.median(r for r, _ in rates),
            "plans": rates[0][1],
            "largest_parameters": largest,
            "largest_seconds": time.process_time() - begun,
        }
    total = statistics.median(row["plans_per_second"] for row in rows.values())
    result = {
        "plans_per_second": total, "nodes": rows, "peers": PEERS,
        "python": platform.python_version(), "numpy": np.__version__,
    }  # fmt: skip
    if as_json:
        print(json.dumps(result, indent=2))
        return
    for name, row in rows.items():
        rate_in_millions, largest = row["plans_per_second"] / 1e6, row["largest_parameters"]
        print(f"{name:16s} {rate_in_millions:5.2f} million plans/s, largest model {largest:.3g}")


if __name__ == "__main__":
    main()
