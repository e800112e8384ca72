"""Real schedulers and workers on this machine, each a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from kills.processes import spawned

ROOT = Path(__file__).parents[2]
PATIENCE = 90  # seconds, on a machine that others use too


@dataclass
class DaskCluster:
    """A scheduler and the processes that start its workers, in a folder of their own."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def scheduler_file(self) -> Path:
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        return str(json.loads(self.scheduler_file.read_text())["address"])

    def workers(self) -> list[int]:
        """The processes of the workers, without their nannies."""
        return [pid for process in self.processes[1:] for pid in spawned(process.pid)]

    def start(self, module: str, *arguments: str, path: str = str(ROOT)) -> subprocess.Popen[bytes]:
        """Start a command of Dask with this PYTHONPATH."""
        file = ["--scheduler-file", str(self.scheduler_file)]
        with (self.folder / f"{module}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *file, "--no-dashboard", *arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": path},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def add_workers(self, count: int, path: str = str(ROOT)) -> subprocess.Popen[bytes]:
        """Start so many workers of one thread, under nannies that replace them when they die."""
        return self.start("dask_worker", "--nthreads", "1", "--nworkers", str(count), path=path)


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[DaskCluster]:
    """A cluster with so many workers, which ends with the block."""
    cluster = DaskCluster(folder)
    cluster.start("dask_scheduler", "--port", "0", "--host", "127.0.0.1")
    try:
        wait_until(cluster.scheduler_file.is_file)
        if workers:
            cluster.add_workers(workers)
            wait_for_workers(cluster, workers)
        yield cluster
    finally:
        for process in cluster.processes:
            process.terminate()
        for process in cluster.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_workers(cluster: DaskCluster, count: int) -> None:
    """Wait until there are so many."""
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=PATIENCE)


def wait_until(holds: Callable[[], object]) -> None:
    """Wait for a condition, or fail."""
    until = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < until, "it has not happened"
        sleep(0.05)
