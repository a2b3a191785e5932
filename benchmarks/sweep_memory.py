"""How much memory, and how long, a sweep of a billion cells takes: ``python benchmarks/sweep_memory.py``."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from farflung.analysis.sweep import sweep
from farflung.analysis.sweep.executors import processors

OUTPUTS = ("quality_adjusted_flop", "total_cost_usd")


def measured(cells: float, threads: int, folder: Path, outputs: list[str]) -> dict[str, float | int | str]:
    """Return wall time, processor time and peak memory of one sweep, whose store is deleted again."""
    side = round(cells ** (1 / 3))
    over = [
        f"network.latency=1ms..1s:log:{side}",
        f"network.upload=1Mbps..10Gbps:log:{side}",
        f"nodes.count=1..{4 * side}:step:4",
    ]
    path = folder / "sweep.zarr"

    def progress(stage: str, done: int, of: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{stage} {done / of:.1%}  ")

    try:
        before = resource.getrusage(resource.RUSAGE_SELF)
        start = time.perf_counter()
        result = sweep("paper-headline", over, outputs=outputs, out=path, threads=threads, progress=progress)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF)
        stored = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        count = int(result["feasible"].size)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    scale = 1 if sys.platform == "darwin" else 1024
    return {
        "cells": count,
        "outputs": len(outputs) + 1,
        "threads": threads,
        "wall_s": round(wall, 2),
        "processor_s": round(used, 2),
        "cells_per_s": round(count / wall),
        "cells_per_processor_s": round(count / used),
        "peak_memory_mb": round(after.ru_maxrss * scale / 1e6, 1),
        "stored_gb": round(stored / 1e9, 3),
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=float, default=1e9)
    parser.add_argument("--threads", type=int, default=processors())
    parser.add_argument("--output", action="append", help="an output; repeatable; two unless given")
    parser.add_argument("--folder", type=Path, help="where the store is written for the while")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        outputs = options.output or list(OUTPUTS)
        record = measured(options.cells, options.threads, Path(folder), outputs)
    if options.json:
        print(json.dumps(record, indent=2))
    else:
        print("\n".join(f"{name:>24}  {value}" for name, value in record.items()))


if __name__ == "__main__":
    main()
