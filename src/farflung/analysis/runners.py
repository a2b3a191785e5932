"""Where the chunks of a sweep are computed: threads of this process, or a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import Any

import numpy as np

from farflung.analysis.sweep_grid import Task, evaluate_chunk
from farflung.base.errors import InputError
from farflung.base.provenance import version

Answers = Mapping[str, np.ndarray]
Keep = Callable[[int, Answers], None]
"""Takes the answers of a chunk, by its number; may be called by several threads at once."""
Done = Callable[[int], None]
"""Is told the number of a chunk that is kept; called by the thread that runs the sweep."""
_PATIENCE_S = 10
"""How long a scheduler, and then its first worker, may take to answer."""


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(
    task: Callable[[int], Task], numbers: Iterator[int], keep: Keep, done: Done, *, threads: int
) -> None:
    """Compute chunks in threads, each of which keeps its own; on an interruption, finish those begun.

    Parameters
    ----------
    task
        Gives the work of a chunk.
    numbers
        The chunks.
    keep, done
        Take the answers, and are told so.
    threads
        How many at once.
    """

    def work(number: int) -> int:
        keep(number, evaluate_chunk(task(number)))
        return number

    with _pool(threads) as pool:
        running: set[Future[int]] = set()
        while True:
            # A few wait, so that no thread does; no more, so that a sweep of any length fits in memory.
            running |= {pool.submit(work, number) for number in islice(numbers, 2 * threads - len(running))}
            if not running:
                return
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                done(future.result())


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads, and leave with what they have begun finished and all else cancelled."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="sweep")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def on_dask(
    address: str, task: Callable[[int], Task], numbers: Iterator[int], keep: Keep, done: Done
) -> None:
    """Compute chunks on a Dask cluster, and keep the answers here.

    A chunk whose worker is lost is computed again by another.

    Parameters
    ----------
    address
        Address of the scheduler, as ``tcp://host:8786``.
    task, numbers, keep, done
        As for :func:`in_threads`.

    Raises
    ------
    InputError
        If Dask is not installed, the scheduler or its workers do not answer, or they run another version.
    """
    distributed = _distributed()
    with _client(distributed, address) as client, _pool(processors()) as pool:
        at_once = 2 * max(1, sum(client.nthreads().values()))
        with _lost(address):
            _stream(distributed, client, pool, at_once, (task, numbers, keep, done))


def _stream(
    distributed: Any,
    client: Any,
    pool: ThreadPoolExecutor,
    at_once: int,
    work: tuple[Callable[[int], Task], Iterator[int], Keep, Done],
) -> None:
    task, numbers, keep, done = work
    number_of: dict[str, int] = {}

    def submitted(count: int) -> list[Any]:
        futures = []
        for number in islice(numbers, count):
            futures.append(client.submit(answer_elsewhere, task(number), version(), pure=False))
            number_of[futures[-1].key] = number
        return futures

    def kept(number: int, answers: Answers) -> int:
        keep(number, answers)
        return number

    coming = distributed.as_completed(submitted(at_once), loop=client.loop)
    writing: set[Future[int]] = set()
    for future in coming:
        writing.add(pool.submit(kept, number_of.pop(future.key), future.result()))
        future.release()
        # What waits to be written is held here: no more of it than there are hands to write.
        full = len(writing) >= 2 * processors()
        written, writing = wait(writing, timeout=None if full else 0, return_when=FIRST_COMPLETED)
        for one in written:
            done(one.result())
        coming.update(submitted(1))
    for one in writing:
        done(one.result())


def answer_elsewhere(task: Task, expected: str) -> dict[str, np.ndarray]:
    """Return the answers of a chunk, on a worker; it must be of the version that asked.

    Raises
    ------
    InputError
        If the worker runs another version of farflung.
    """
    if version() != expected:
        raise InputError("scheduler", f"a worker runs farflung {version()}, not {expected}")
    return evaluate_chunk(task)


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise InputError(
            "scheduler", "Dask is not installed", nearest="pip install 'farflung[scale]'"
        ) from error


@contextmanager
def _client(distributed: Any, address: str) -> Iterator[Any]:
    try:
        client = distributed.Client(address, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise InputError(
            "scheduler", f"no Dask scheduler answers at '{address}'", nearest="as tcp://127.0.0.1:8786"
        ) from error
    try:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError as error:
            raise InputError(
                "scheduler",
                f"the Dask scheduler at '{address}' has no workers",
                nearest=f"dask worker {address}",
            ) from error
        yield client
    finally:
        client.close(timeout=_PATIENCE_S)


@contextmanager
def _lost(address: str) -> Iterator[None]:
    """Turn what goes wrong on a cluster into one readable error."""
    from asyncio import CancelledError  # noqa: PLC0415 - only a cluster needs it

    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            "scheduler", f"the workers of '{address}' cannot load farflung ({error})", "install it there"
        ) from error
    except (CancelledError, ConnectionError) as error:
        raise InputError("scheduler", f"lost the Dask scheduler at '{address}'") from error
    except Exception as error:
        if type(error).__name__ in {"KilledWorker", "FutureCancelledError", "CommClosedError"}:
            raise InputError("scheduler", f"the workers of '{address}' were lost, again and again") from error
        raise
