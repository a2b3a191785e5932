"""The same sweep on a real cluster of processes: identical, also when one of them is killed."""

from __future__ import annotations

import os
import signal
import socket
import warnings

import pytest

from farflung.analysis.sweep import sweep
from farflung.base.errors import InputError

distributed = pytest.importorskip("distributed")
# Sockets of a worker that was killed are closed by the garbage collector, whenever it comes by.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

OVER = ["network.upload=3Mbps..3Gbps:log:300", "nodes.count=1..1500:step:1", "protocol.mode=flat,auto"]
SHORT = [
    "network.upload=3Mbps..3Gbps:log:400",
    "nodes.count=1..300:step:1",
    "protocol.mode=flat,hierarchical",
]


@pytest.fixture
def cluster():
    """Return a scheduler and two workers, each a process of its own, reached over the loopback only."""
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as running,
    ):
        yield running


def bytes_of(result):
    return {name: result[name].values.tobytes() for name in result.variables}


def test_a_cluster_gives_the_same_bytes_as_threads(cluster, tmp_path):
    here = sweep("paper-headline", SHORT)
    there = sweep("paper-headline", SHORT, scheduler=cluster.scheduler_address)
    assert there.identical(here)
    with sweep(
        "paper-headline", SHORT, scheduler=cluster.scheduler_address, out=tmp_path / "a.zarr"
    ) as result:
        assert bytes_of(result) == bytes_of(here)


def test_a_worker_killed_half_way_changes_nothing(cluster, tmp_path):
    here = sweep("paper-headline", OVER)
    victim = next(iter(cluster.workers.values())).pid
    killed = []

    def kill(stage, done, cells):
        if not killed and stage == "Computing" and done > cells // 4:
            os.kill(victim, signal.SIGKILL)
            killed.append(done / cells)

    path = tmp_path / "a.zarr"
    with sweep(
        "paper-headline", OVER, scheduler=cluster.scheduler_address, out=path, progress=kill
    ) as result:
        assert bytes_of(result) == bytes_of(here)
    assert 0 < killed[0] < 0.75


def test_a_sweep_goes_on_in_threads_where_a_cluster_left_it(cluster, tmp_path):
    def stop(_, done, __):
        if done:
            raise KeyboardInterrupt

    path = tmp_path / "a.zarr"
    with pytest.raises(KeyboardInterrupt):
        sweep("paper-headline", SHORT, scheduler=cluster.scheduler_address, out=path, progress=stop)
    calls = []
    with sweep(
        "paper-headline", SHORT, out=path, resume=True, progress=lambda *call: calls.append(call)
    ) as result:
        assert bytes_of(result) == bytes_of(sweep("paper-headline", SHORT))
    assert calls[0][1] > 0


def test_a_worker_of_another_version_is_refused(cluster, monkeypatch):
    monkeypatch.setattr("farflung.analysis.sweep.spec.version", lambda: "9.9")
    with pytest.raises(InputError, match=r"a worker runs farflung .*, not 9\.9"):
        sweep("paper-headline", SHORT, scheduler=cluster.scheduler_address)


def test_a_scheduler_without_workers_is_one_line(monkeypatch):
    def none_came(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(distributed.Client, "wait_for_workers", none_came)
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as idle,
        pytest.raises(InputError, match="has no workers"),
    ):
        sweep("paper-headline", SHORT, scheduler=idle.scheduler_address)


@pytest.fixture
def silent_port():
    """Return a port that is taken, and at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:{}", "127.0.0.1:{}", "nonsense://127.0.0.1:{}", "", "tcp://"]
)
def test_a_scheduler_that_is_not_there_is_one_line(address, silent_port, monkeypatch):
    monkeypatch.setattr("farflung.analysis.sweep.executors._PATIENCE_S", 2)
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        sweep("paper-headline", SHORT, scheduler=address.format(silent_port))


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match=r"farflung\[scale\]"):
        sweep("paper-headline", SHORT, scheduler="tcp://127.0.0.1:8786")
