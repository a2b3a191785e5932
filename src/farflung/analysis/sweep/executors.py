"""Where the chunks of a sweep are computed: threads of this process, or a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import Any

import numpy as np

from farflung.analysis.sweep.cells import Chunk, evaluate_chunk
from farflung.base.errors import InputError

_PATIENCE_S = 10
"""How long a scheduler, and then its first worker, may take to answer."""
_AHEAD = 2
"""Chunks under way for every worker: one that it computes, and one that waits or is written."""
_LOST = frozenset({"KilledWorker", "FutureCancelledError", "CommClosedError"})


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def compute_chunks(
    chunks: Iterable[tuple[int, Chunk]],
    write: Callable[[int, Mapping[str, np.ndarray]], None],
    *,
    threads: int,
    scheduler: str | None = None,
) -> Generator[int, None, None]:
    """Compute and write chunks, and yield the number of each that is written, in any order.

    A few chunks are under way at any time, so that a sweep of any length fits in memory.

    Parameters
    ----------
    chunks
        Numbers and chunks; taken one by one as others are finished.
    write
        Keeps the results of a chunk; called by several threads at once.
    threads
        Threads that compute, unless a cluster does.
    scheduler
        Address of a Dask scheduler. A chunk whose worker is lost is computed again by another.

    Raises
    ------
    InputError
        If the cluster cannot be used, or the results cannot be written.
    """
    remaining = iter(chunks)
    with _executor(scheduler, threads) as (executor, workers), _threads(min(workers, processors())) as disk:
        computing: dict[Future[Any], int] = {}
        writing: dict[Future[Any], int] = {}
        while True:
            under_way = len(computing) + len(writing)
            for number, chunk in islice(remaining, _AHEAD * workers - under_way):
                computing[executor.submit(evaluate_chunk, chunk)] = number
            if not computing and not writing:
                return
            for future in wait({*computing, *writing}, return_when=FIRST_COMPLETED).done:
                result = future.result()
                if future in computing:
                    number = computing.pop(future)
                    writing[disk.submit(write, number, result)] = number
                else:
                    yield writing.pop(future)
            del future, result  # what is written need not be held until the next chunk comes


@contextmanager
def _threads(count: int) -> Iterator[Executor]:
    """Give threads, and leave with what they have begun finished and all else cancelled."""
    pool = ThreadPoolExecutor(count, thread_name_prefix="sweep")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _executor(scheduler: str | None, threads: int) -> Iterator[tuple[Executor, int]]:
    """Give an executor and its number of workers."""
    if scheduler is None:
        with _threads(threads) as pool:
            yield pool, threads
        return
    with _dask_client(scheduler) as client:
        try:
            yield client.get_executor(pure=False), max(1, sum(client.nthreads().values()))
        except ModuleNotFoundError as error:
            problem = f"the workers of '{scheduler}' cannot load farflung ({error})"
            raise InputError("scheduler", problem, "install it there") from error
        except (CancelledError, ConnectionError) as error:
            raise InputError("scheduler", f"lost the Dask scheduler at '{scheduler}'") from error
        except Exception as error:
            if type(error).__name__ in _LOST:
                problem = f"the workers of '{scheduler}' were lost, again and again"
                raise InputError("scheduler", problem) from error
            raise


@contextmanager
def _dask_client(address: str) -> Iterator[Any]:
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        nearest = "pip install 'farflung[scale]'"
        raise InputError("scheduler", "Dask is not installed", nearest) from error
    try:
        client = distributed.Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        nearest = "as tcp://127.0.0.1:8786"
        raise InputError("scheduler", f"no Dask scheduler answers at '{address}'", nearest) from error
    try:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError as error:
            problem = f"the Dask scheduler at '{address}' has no workers"
            raise InputError("scheduler", problem, nearest=f"dask worker {address}") from error
        yield client
    finally:
        client.close(timeout=_PATIENCE_S)
